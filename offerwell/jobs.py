"""Wake-ups by name, sent after commit. Rows are the truth: a lost wake-up is found by the sweep."""

from __future__ import annotations

import json
import logging
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from huey import RedisHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer

if TYPE_CHECKING:
    from collections.abc import Callable

    from huey.api import Huey

log = logging.getLogger("offerwell.jobs")


class JsonSerializer(Serializer):  # type: ignore[misc]
    """Wake-ups as JSON: a queue that holds pickles would run whatever is written into it."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Any:
        fields = json.loads(data)
        return Message(*fields) if isinstance(fields, list) else fields


@lru_cache(maxsize=1)
def queue() -> Huey:
    """The queue engine: Redis where OFFERWELL_REDIS_URL is set, else a file in the data folder."""
    if settings.OFFERWELL_REDIS_URL:
        engine = RedisHuey("offerwell", url=settings.OFFERWELL_REDIS_URL, results=False, serializer=JsonSerializer())
    else:
        settings.DATA.mkdir(parents=True, exist_ok=True)
        engine = SqliteHuey(
            "offerwell", filename=str(settings.DATA / "queue.sqlite3"), results=False, serializer=JsonSerializer()
        )
    engine.run_job = engine.task(name="run_job")(_run)
    return engine


_runners: list[Callable[[str, int], None]] = []


def serve_jobs(runner: Callable[[str, int], None]) -> None:
    """Let `runner(name, subject_id)` do the jobs of this process. Only `worker/` calls this."""
    _runners[:] = [runner]


def _run(name: str, subject_id: int) -> None:
    for runner in _runners:
        runner(name, subject_id)


def wake(name: str, subject_id: int) -> None:
    """After this transaction commits, ask a worker to do job `name` for `subject_id`."""
    transaction.on_commit(partial(send_now, name, subject_id))


def send_now(name: str, subject_id: int) -> None:
    """Send a wake-up at once. A queue that is away costs seconds, never the job."""
    try:
        queue().run_job(name, subject_id)
    except Exception:
        log.exception("wake-up %s %s was not sent; the sweep will find the rows", name, subject_id)
