"""What processes do that another process of this server began."""

from __future__ import annotations

import os
from multiprocessing import parent_process
from threading import Thread


def end_with_parent() -> None:
    """In a process of a pool: end when the one that began it has, though it was killed and could not say so.

    Otherwise it would wait for work for ever: it holds the writing end of its own queue.
    """
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, name="end-with-parent", daemon=True).start()
