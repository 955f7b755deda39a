"""How the analyst asks back about words that it does not know, or that play no part. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from headwater.analyst.metric_intent import Unclear
from headwater.analyst.metric_lexicon import CONTENT, About, Kind, Metric
from headwater.analyst.metric_names import replaced
from headwater.analyst.metric_reading import Entity, Item, Reading, Unknown
from headwater.analyst.times import Time
from headwater.analyst.words import nearest
from headwater.catalogue.asked import ASKED
from headwater.tools.metric_entities import Index

_MOST_SAID: Final = 5
_LONGEST: Final = 60


def unknown(reading: Reading, index: Index, *, follows: bool) -> None:
    """Raise ``Unclear`` where there are unknown words; nothing at all that is known is declined."""
    found = [item for item in reading.items if isinstance(item.meaning, Unknown)]
    ahead = [item for item in reading.items if isinstance(item.meaning, Time) and item.meaning.kind == "future"]
    if ahead:
        raise Unclear(f"'{ahead[0].text}' lies ahead. I can only tell what has been measured.", declined=True)
    about = any(isinstance(item.meaning, Metric | Kind | Entity | About) for item in reading.items)
    if not about and not (follows and any(isinstance(item.meaning, Time) for item in reading.items)):
        raise Unclear(
            "I answer questions about this organisation's own figures. I did not find a metric, or anything that is"
            " measured, in this one.",
            unknown=tuple(clipped(item.text) for item in found),
            declined=True,
        )
    if found:
        words = tuple(clipped(item.text) for item in found)
        said = ", ".join(f"'{word}'" for word in words[:_MOST_SAID])
        near, suggestions = _near(reading, found, index)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise Unclear(f"I do not know what {said} means here.{hint}", suggestions, unknown=words)


def _near(reading: Reading, found: Sequence[Item], index: Index) -> tuple[list[str], tuple[str, ...]]:
    """Known words that look alike, and the question with them, where only one word is unknown."""
    if len(found) != 1 or " " in found[0].text:
        return [], ()
    text = found[0].text.casefold()
    known = sorted(
        word for word in {*CONTENT, *index.words} if word != text and len(word) > 3 and abs(len(word) - len(text)) < 3
    )
    near = nearest(text, known, limit=3, cutoff=80.0)
    return [f"'{word}'" for word in near], tuple(replaced(reading.question, found[0], word) for word in near)


def leftover(items: Sequence[Item]) -> Unclear:
    """Of known words that play no part here."""
    words = tuple(clipped(item.text) for item in items)
    said = ", ".join(f"'{word}'" for word in words[:_MOST_SAID])
    return Unclear(f"I do not see what {said} asks for here; please put it another way.", unknown=words)


def no_metric(reading: Reading, family: str) -> Unclear:
    """Of a question that does not say what is to be measured."""
    labels = [one.label.lower() for (of, _), one in ASKED.items() if of == family][:8]
    kinds = [item.text for item in reading.items if isinstance(item.meaning, Kind)]
    times = [item.text for item in reading.items if isinstance(item.meaning, Time)]
    named = [item.text for item in reading.items if isinstance(item.meaning, Entity)]
    of = f"of {' and '.join(named)}" if named else ""
    by = f"by {kinds[0]}" if kinds and not named else ""
    suggestions = tuple(" ".join(filter(None, (label, of, *times[:1], by))) for label in labels[:3])
    return Unclear(f"Which metric do you mean: {', '.join(labels[:-1])} or {labels[-1]}?", suggestions)


def clipped(text: str) -> str:
    """Words of a question as they may be repeated: on one line, and not too long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
