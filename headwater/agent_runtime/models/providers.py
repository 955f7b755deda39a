"""From a model's name to the model: whose it is, and whether that provider is set up on this server.

Names are ``provider/model``; ``model_aliases`` maps others, and a bare name goes to the provider that
makes models of that name, or to the only one that is set up. The libraries of providers are extras.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from headwater.errors import InvalidRequest
from headwater.settings import Settings

if TYPE_CHECKING:
    from pydantic_ai.models import Model


class Maker(NamedTuple):
    """Whose models these are: the library's classes for it, and how bare names of its models begin."""

    model: str
    provider: str
    names: tuple[str, ...] = ()


_MAKERS: Final[Mapping[str, Maker]] = {
    "openai": Maker("openai:OpenAIChatModel", "openai:OpenAIProvider", ("gpt-", "chatgpt-", "o1", "o3", "o4")),
    "anthropic": Maker("anthropic:AnthropicModel", "anthropic:AnthropicProvider", ("claude-",)),
    "google": Maker("google:GoogleModel", "google:GoogleProvider", ("gemini-",)),
    "mistral": Maker("mistral:MistralModel", "mistral:MistralProvider", ("mistral-", "ministral-", "codestral-")),
    "bedrock": Maker("bedrock:BedrockConverseModel", "bedrock:BedrockProvider"),
    "compatible": Maker("openai:OpenAIChatModel", "openai:OpenAIProvider"),
}


class Named(msgspec.Struct, frozen=True):
    """A model of a provider that is set up."""

    provider: str
    model: str


class Providers:
    """The providers of the settings; models are made at first use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._aliases = dict(pair.split("=", 1) for pair in settings.model_aliases.split(",") if pair)
        self._made: dict[Named, Model[Any]] = {}

    @property
    def configured(self) -> tuple[str, ...]:
        """The providers that are set up."""
        return tuple(name for name in _MAKERS if self._key(name) or self._url(name))

    def named(self, name: str) -> Named:
        """The model of a name; ``InvalidRequest`` where there is none, with the setting that is missing."""
        name = self._aliases.get(name, name)
        provider, slash, model = name.partition("/")
        if not slash or provider not in _MAKERS:
            # A model's own name may have a slash, too.
            provider, model = self._owner(name), name
        if provider not in self.configured:
            raise InvalidRequest(
                f"The model '{name[:128]}' is not set up on this server: its operator must set"
                f" 'llm_{provider}_api_key'{_or_url(provider)}.",
                field="model",
                allowed=self._allowed(),
            )
        return Named(provider, model)

    def model(self, named: Named) -> Model[Any]:
        """The model, ready to be asked."""
        if named not in self._made:
            self._made[named] = self._make(named)
        return self._made[named]

    def _owner(self, name: str) -> str:
        for provider, maker in _MAKERS.items():
            if name.startswith(maker.names or ("\0",)):
                return provider
        if len(self.configured) == 1:
            return self.configured[0]
        raise InvalidRequest(
            f"No model '{name[:128]}' is known. Name it as 'provider/model'.", field="model", allowed=self._allowed()
        )

    def _allowed(self) -> list[str]:
        return ["builtin/analyst", *self._aliases, *(f"{provider}/…" for provider in self.configured)]

    def _make(self, named: Named) -> Model[Any]:
        maker = _MAKERS[named.provider]
        try:
            model, provider = _load("models", maker.model), _load("providers", maker.provider)
        except ImportError:
            raise InvalidRequest(
                f"The library for models of '{named.provider}' is not installed on this server: its operator must run"
                " `pip install headwater[models]`.",
                field="model",
                allowed=["builtin/analyst"],
            ) from None
        given = {"api_key": self._key(named.provider) or "none", "base_url": self._url(named.provider) or None}
        if named.provider == "bedrock":
            given["region_name"] = self._settings.llm_bedrock_region
        return model(named.model, provider=provider(**given))  # type: ignore[no-any-return]

    def _key(self, provider: str) -> str:
        return str(getattr(self._settings, f"llm_{provider}_api_key"))

    def _url(self, provider: str) -> str:
        return str(getattr(self._settings, f"llm_{provider}_base_url"))


def _or_url(provider: str) -> str:
    return f" or 'llm_{provider}_base_url'" if provider == "compatible" else ""


def _load(kind: str, place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(f"pydantic_ai.{kind}.{module}"), name)
