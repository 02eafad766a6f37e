"""`/healthz`: this process answers. `/readyz`: everything a change needs works. No sign-in, nothing of a workspace.

Each check of `/readyz` names what is wrong and what to do; one red check makes it 503 (design: trust §11).
"""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min, Q
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_scopes import scopes_disabled

from offerwell.models import Store, StoreCode

if TYPE_CHECKING:
    from datetime import datetime

HEARTBEAT_SECONDS = 60.0
# A due row this old, while its store says nothing either, means that nobody works on it.
LATE = timedelta(minutes=5)
_WRITE_WITHIN_MS = 5_000
_DISK_FREE = 0.05


@dataclass(frozen=True, slots=True)
class Check:
    """`state` is ok, unknown or wrong; `said` a sentence; `value` the figure behind it, in seconds or a share."""

    name: str
    state: str
    said: str = ""
    value: float | None = None


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is looked at."""
    return JsonResponse({"state": "ok"})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when every check is ok or unknown, 503 when one is wrong."""
    checks = ready_checks(timezone.now())
    is_ready = all(check.state != "wrong" for check in checks)
    body = {"state": "ok" if is_ready else "wrong", "checks": [asdict(check) for check in checks]}
    return JsonResponse(body, status=200 if is_ready else 503)


def ready_checks(at: datetime) -> list[Check]:
    """Every check. When the database fails, those that need it are unknown."""
    database = _database_writes()
    if database.state == "wrong":
        behind_it = [Check(name, "unknown", "The database does not answer.") for name in ("migrations", "due_rows")]
    else:
        behind_it = [_migrations(), _due_rows(at)]
    return [database, behind_it[0], _worker(), behind_it[1], _disk()]


def _database_writes() -> Check:
    """Write a row and take it back: a full disk or a read-only replica answers reads happily."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(f"SET LOCAL statement_timeout = {_WRITE_WITHIN_MS}")
            cursor.execute(
                "INSERT INTO django_session (session_key, session_data, expire_date) VALUES (%s, %s, %s)",
                ["readyz", "", timezone.now()],
            )
            transaction.set_rollback(True)
    except DatabaseError as error:
        return Check("database", "wrong", f"The database cannot be written: {_first_line(error)}")
    return Check("database", "ok")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


@lru_cache(maxsize=1)
def _known_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations or {})


def _migrations() -> Check:
    missing = len(_known_migrations() - set(MigrationRecorder(connection).applied_migrations()))
    if missing:
        return Check("migrations", "wrong", f"{missing} migrations are missing. Run `offerwell migrate`.", missing)
    return Check("migrations", "ok")


def _worker() -> Check:
    """The worker touches a file. With several machines it may beat on another one."""
    try:
        age = max(0.0, time.time() - (settings.DATA / "worker.heartbeat").stat().st_mtime)
    except OSError:
        if connection.vendor == "postgresql":
            return Check("worker", "unknown", "No worker has run on this machine.")
        return Check("worker", "wrong", "No worker has run yet. Start `offerwell worker`.")
    if age >= HEARTBEAT_SECONDS:
        return Check("worker", "wrong", "The worker is silent. Start `offerwell worker`.", round(age, 1))
    return Check("worker", "ok", value=round(age, 1))


def _due_rows(at: datetime) -> Check:
    """The age of the oldest row to work on. Late only where its store has been silent as long."""
    oldest = 0.0
    late = False
    with scopes_disabled():
        on = Store.objects.filter(is_on=True, trouble="").filter(Q(paused_until=None) | Q(paused_until__lte=at))
        for store in on:
            due = StoreCode.objects.filter(store=store, due_at__lte=at).aggregate(first=Min("due_at"))["first"]
            if due is not None:
                oldest = max(oldest, (at - due).total_seconds())
                late = late or at - max(due, store.last_answer_at or due) > LATE
    if late:
        return Check(
            "due_rows",
            "wrong",
            "Codes wait for a store and nobody works on them. Restart the worker.",
            oldest,
        )
    return Check("due_rows", "ok", value=oldest)


def _disk() -> Check:
    usage = shutil.disk_usage(settings.DATA)
    share = round(usage.free / usage.total, 3)
    if share < _DISK_FREE:
        return Check("disk", "wrong", f"Only {share:.1%} of the disk is free. Make room in {settings.DATA}.", share)
    return Check("disk", "ok", value=share)
