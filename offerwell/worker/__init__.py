"""DOOR: job name → one action; the loop that listens for wake-ups, and the sweep that needs none."""

from __future__ import annotations

import logging
import os
import signal
import threading
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from offerwell import jobs
from offerwell.actions.sync_store import stores_with_due_codes, sync_store

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("offerwell.worker")
stopping = threading.Event()
SWEEP_EVERY = 1.0

HANDLERS: dict[str, Callable[[int], object]] = {
    "sync_store": lambda store_id: sync_store(store_id=store_id, should_stop=stopping.is_set),
}


def run_job(name: str, subject_id: int) -> None:
    """Do one job now. An error is logged: the rows stay due, and the sweep brings them back."""
    close_old_connections()
    try:
        HANDLERS[name](subject_id)
    except Exception:
        log.exception("job %s %s failed; its rows stay due", name, subject_id)
    finally:
        close_old_connections()


def sweep_once() -> None:
    """Wake every store that has due codes nobody holds. This, not the queue, is what promises rest on."""
    for store_id in stores_with_due_codes(at=timezone.now()):
        jobs.send_now("sync_store", store_id)


def serve_worker(*, threads: int = 2) -> None:
    """Listen for wake-ups and sweep until SIGTERM or SIGINT; then finish the requests in hand and leave."""
    jobs.serve_jobs(run_job)
    consumer = jobs.queue().create_consumer(
        workers=threads, worker_type="thread", periodic=False, initial_delay=0.05, max_delay=0.3, backoff=1.3
    )
    consumer.start()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stopping.set())
    _sweep_until_stopped()
    consumer.stop(graceful=True)


def _sweep_until_stopped() -> None:
    while not stopping.is_set():
        try:
            sweep_once()
            _beat()
        except Exception:
            log.exception("sweep failed; trying again")
        close_old_connections()
        stopping.wait(SWEEP_EVERY)


def _beat() -> None:
    """/readyz looks at this file's time."""
    (settings.DATA / "worker.heartbeat").write_text(str(os.getpid()))
