"""An agent's configuration: which model answers, and what that model is told. Pure.

>>> configured({"model": "builtin/analyst"}, {"temperature": 0.2, "voice": "calm"})
{'model': 'builtin/analyst', 'temperature': 0.2, 'voice': 'calm'}
>>> configured({"model": "openai/gpt-5", "temperature": 0.2}, {"temperature": None})
{'model': 'openai/gpt-5'}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from headwater.control.rules import not_too_deep, text
from headwater.errors import InvalidRequest

DEFAULT_MODEL: Final = "builtin/analyst"
LONGEST_MODEL: Final = 128
HOTTEST: Final = 2.0
MOST_TOKENS: Final = 100_000
_LARGEST: Final = 20_000


def configured(now: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """``change`` merged into ``now``; a null takes a key out, and of ``model`` gives the default back.

    ``model``, ``temperature`` and ``max_tokens`` are what every model understands and are held to
    their ranges; other keys are kept for whoever shows the agent.
    """
    not_too_deep(change, "config")
    merged = {key: value for key, value in {**now, **change}.items() if value is not None}
    merged.setdefault("model", DEFAULT_MODEL)
    if not isinstance(merged["model"], str):
        raise InvalidRequest("'model' must be a text.", field="model", allowed="such as 'builtin/analyst'")
    merged["model"] = text(merged["model"], "model", longest=LONGEST_MODEL)
    _number(merged, "temperature", 0, HOTTEST, whole=False)
    _number(merged, "max_tokens", 1, MOST_TOKENS, whole=True)
    if len(msgspec.json.encode(merged)) > _LARGEST:
        raise InvalidRequest(f"'config' must be at most {_LARGEST:,} bytes of JSON.", field="config")
    return merged


def _number(config: Mapping[str, Any], key: str, least: float, most: float, *, whole: bool) -> None:
    if key not in config:
        return
    value = config[key]
    fits = isinstance(value, int) or (isinstance(value, float) and not whole)
    if isinstance(value, bool) or not fits or not least <= value <= most:
        kind = "a whole number" if whole else "a number"
        raise InvalidRequest(
            f"'{key}' must be {kind} from {least:,} to {most:,}.", field=key, allowed=f"{least:,} to {most:,}"
        )
