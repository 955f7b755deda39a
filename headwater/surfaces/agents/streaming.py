"""An execution as server-sent events (contract: agents-and-accounts, ``stream``).

    event: start   {"execution_id": …}
    event: tool    {"name": …}          a tool is asked, any number of times
    event: delta   {"text": …}          a piece of the answer, any number of times
    event: done    the answer that an execution without a stream gives
    event: error   the error that it would have answered

Whoever goes away before the end changes nothing: the work is finished, charged and kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import msgspec
import structlog

from headwater.agent_runtime.executing import Done, Order
from headwater.control.work import Work
from headwater.errors import HeadwaterError, InternalError
from headwater.surfaces._http.envelope import error_body
from headwater.surfaces._http.services import Services

MEDIA_TYPE: Final = "text/event-stream"
_NAMES: Final = {"delta": "text", "tool": "name"}
log = structlog.get_logger(__name__)

Shaped = Callable[[Done], object]


async def events(services: Services, order: Order, hold: str, shaped: Shaped) -> AsyncIterator[bytes]:
    """The events; the order's credits are held."""
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()
    services.agents.executor.beside.begin(_work(services, order, hold, shaped, queue))
    yield _event("start", {"execution_id": order.asked.execution_id})
    while (event := await queue.get()) is not None:
        yield event


async def _work(
    services: Services, order: Order, hold: str, shaped: Shaped, queue: asyncio.Queue[bytes | None]
) -> None:
    def telling(event: str, words: str) -> None:
        queue.put_nowait(_event(event, {_NAMES[event]: words}))

    try:
        async with Work(services.control) as work:
            done = await services.agents.executor.execute(order, hold, work.begin, telling)
            answer = _event("done", shaped(done))
        queue.put_nowait(answer)
    except HeadwaterError as error:
        queue.put_nowait(_event("error", error_body(error)))
    except Exception:
        log.exception("execution.failed", execution=order.asked.execution_id)
        inside = InternalError("Something failed inside the server; it is logged under the execution's id.")
        queue.put_nowait(_event("error", error_body(inside)))
    finally:
        queue.put_nowait(None)


def _event(name: str, data: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))
