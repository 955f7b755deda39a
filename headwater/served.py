"""The application as each process of ``headwater serve`` loads it."""

from __future__ import annotations

import gc

from starlette.types import ASGIApp


def create() -> ASGIApp:
    """The application for an ASGI server, set up from the environment.

    What is imported stays, hundreds of thousands of objects: looking for garbage among them takes a fifth of the
    start, and again with each later look at everything.
    """
    gc.disable()
    from headwater.app import create as made

    application = made()
    gc.freeze()
    # An answer is thousands of small objects that no cycle holds; the default would walk the heap for each.
    gc.set_threshold(100_000, 50, 100)
    gc.enable()
    return application
