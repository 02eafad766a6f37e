"""A part of `offerwell run` ends when whoever started it is gone, even by kill -9: no orphan holds the port.

The parent's id is polled, because that works on Linux and macOS alike; PR_SET_PDEATHSIG does not.
"""

from __future__ import annotations

import os
import signal
import threading
import time

_LOOK_EVERY = 0.5
# What a part may take to end by itself before it is ended hard.
_GRACE = 22.0


def end_with_parent(parent: int, *, at_once: bool = False) -> None:
    """Watch `parent` from a thread; when it is gone, end this process as SIGTERM would (or at once)."""
    watcher = threading.Thread(target=_watch, args=(parent, at_once), name="parent-watch", daemon=True)
    watcher.start()


def _watch(parent: int, at_once: bool) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY)
    if not at_once:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE)
    os._exit(1)
