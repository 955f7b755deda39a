"""Answers a turn with a language model: it calls verbs, and its answer is let through if what it read supports it.

An answer with a number that nothing supports goes back to the model once, and is withheld if it
comes again. Steps, tokens and time are limited.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import structlog

from headwater.agent_runtime.grounding import unsupported
from headwater.agent_runtime.models.providers import Providers
from headwater.agent_runtime.models.reading import Reading
from headwater.agent_runtime.models.wording import harmless, instructions
from headwater.agent_runtime.turn import Brief, Outcome, Telling, Turn
from headwater.control.agents.conversations import Said
from headwater.errors import InvalidRequest, UpstreamError, UpstreamTimeout
from headwater.kit.clock import Clock
from headwater.scope import Scope
from headwater.settings import Settings
from headwater.tools.verb import Reach, Verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_ai import Agent, RunContext
    from pydantic_ai.messages import ModelMessage

_REMEMBERED: Final = 20
"""So many messages of the conversation a model is shown."""
_TRIES: Final = 2
_WITHHELD: Final = (
    "I could not find figures that support an answer to this, so I give none."
    " Ask for one metric or one table at a time."
)
log = structlog.get_logger(__name__)


class ModelRunner:
    """Runs agents of the configured providers with the server's verbs."""

    def __init__(self, settings: Settings, verbs: Sequence[Verb], clock: Clock) -> None:
        self._settings = settings
        self._verbs = verbs
        self._clock = clock
        self._providers = Providers(settings)

    def most_tokens(self, brief: Brief, turn: Turn) -> int:
        """The server's limit; ``InvalidRequest`` where the model is not set up."""
        self._providers.model(self._providers.named(brief.model))
        return self._settings.agent_tokens

    async def run(self, brief: Brief, turn: Turn, scope: Scope, telling: Telling) -> Outcome:
        """The answer. ``UpstreamError`` and ``UpstreamTimeout`` where the provider fails."""
        from pydantic_ai.usage import RunUsage, UsageLimits

        reading = Reading(Reach(scope, frozenset(brief.data_sources)), telling)
        usage = RunUsage()
        limits = UsageLimits(request_limit=self._settings.agent_steps, total_tokens_limit=self._settings.agent_tokens)
        named = self._providers.named(brief.model)
        with _told_in_words(named.provider):
            result = await self._agent(brief, turn, reading).run(
                turn.text,
                model=self._providers.model(named),
                message_history=_messages(turn.history),
                usage=usage,
                usage_limits=limits,
                model_settings=_model_settings(brief),
            )
        text = str(result.output)
        telling("delta", text)
        answered = bool(reading.citations) and text != _WITHHELD
        return Outcome(
            text,
            answered,
            reading.table if answered else None,
            tuple(reading.citations) if answered else (),
            tuple(dict.fromkeys(one.data_source for one in reading.citations)),
            usage.total_tokens,
        )

    def _agent(self, brief: Brief, turn: Turn, reading: Reading) -> Agent[None, str]:
        from pydantic_ai import Agent, ModelRetry

        agent: Agent[None, str] = Agent(
            instructions=instructions(brief, self._clock().date().isoformat()),
            tools=[reading.tool(verb) for verb in self._verbs],
            retries=_TRIES,
        )

        @agent.output_validator
        def supported(context: RunContext[None], text: str) -> str:
            said = " ".join([turn.text, *(one.text for one in turn.history)])
            # As it will be read: what is taken out must not join digits that were held apart.
            text = harmless(text)
            wrong = unsupported(text, reading.values, said)
            if not wrong:
                return text
            if context.retry >= context.max_retries:
                log.warning("agent.answer_withheld", agent=brief.agent_id, numbers=len(wrong))
                return _WITHHELD
            raise ModelRetry(
                f"No tool result has these numbers: {', '.join(wrong[:10])}. Ask the tools for them, or leave them out."
            )

        return agent


def _model_settings(brief: Brief) -> Any:
    given = {"temperature": brief.temperature, "max_tokens": brief.max_tokens}
    return {key: value for key, value in given.items() if value is not None}


def _messages(history: Sequence[Said]) -> list[ModelMessage]:
    from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, UserPromptPart

    return [
        ModelRequest([UserPromptPart(one.text)]) if one.speaker == "user" else ModelResponse([TextPart(one.text)])
        for one in history[-_REMEMBERED:]
    ]


@contextmanager
def _told_in_words(provider: str) -> Iterator[None]:
    """A provider's failure as an error of ours; what it wrote is logged and not passed on."""
    from pydantic_ai import exceptions

    try:
        yield
    except exceptions.UsageLimitExceeded as error:
        raise UpstreamError(
            "The model did not come to an answer within the steps and tokens that are allowed; nothing was charged."
        ) from error
    except (exceptions.ModelTimeoutError, exceptions.ModelRequestTimeout) as error:
        raise UpstreamTimeout(f"The provider '{provider}' did not answer in time; nothing was charged.") from error
    except exceptions.ModelHTTPError as error:
        log.warning("model.refused", provider=provider, status=error.status_code)
        raise _refused(provider, error.status_code) from error
    except exceptions.AgentRunError as error:
        log.warning("model.failed", provider=provider, kind=type(error).__name__)
        raise UpstreamError(
            f"The provider '{provider}' could not be reached or gave no usable answer; nothing was charged."
        ) from error
    except exceptions.UserError as error:
        raise InvalidRequest(
            f"The provider '{provider}' cannot be used as it is set up.", field="model", allowed=["builtin/analyst"]
        ) from error


def _refused(provider: str, status: int) -> UpstreamError:
    if status in (401, 403):
        return UpstreamError(
            f"The provider '{provider}' refused the key of this server: its operator must check"
            f" 'llm_{provider}_api_key'. Nothing was charged."
        )
    if status == 404:
        return UpstreamError(f"The provider '{provider}' has no such model; nothing was charged.")
    return UpstreamError(f"The provider '{provider}' answered {status}; nothing was charged. Try again later.")
