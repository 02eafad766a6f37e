"""Have a store's codes read although nobody changed them here: regularly, and when somebody asks.

Reads are asked for as everything else is: by making rows due (`check_at`). They go out in small batches, and
only while the store has nothing better to do, so that a bulk change never waits for more than four reads.
A round walks the codes in the order of their refs, on an index that is there anyway: ADR 14.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django_scopes import scope, scopes_disabled

from offerwell.actions.record_event import record_event
from offerwell.jobs import wake
from offerwell.models import SPOKEN_KINDS, Store, StoreAudit, StoreCode, lock_workspace
from offerwell.rules.audit_pace import BATCH, PATIENCE, AuditPace

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.rules.permissions import Actor


def audit_pace() -> AuditPace:
    """The pace from the settings."""
    return AuditPace(timedelta(hours=settings.OFFERWELL_AUDIT_HOURS))


def audit_store(*, workspace_id: int, store: Store, by: Actor, at: datetime) -> StoreAudit:
    """Have every code of the store read that was not read since `at`. For people, and after a gap in the webhooks.

    Asking again starts the round anew; nothing is read twice that was read since. A store that is off or in
    trouble is read when it is back.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        audit, _ = StoreAudit.objects.update_or_create(
            workspace_id=workspace_id, store=store,
            defaults={"cursor": "", "began_at": at, "next_at": at, "asked_at": at, "codes": _count(store)},
        )  # fmt: skip
        record_event(
            workspace_id=workspace_id, kind="store_audit_asked", subject=f"store:{store.pk}",
            facts={"label": store.label, "codes": audit.codes}, by=by, at=at,
        )  # fmt: skip
        wake("audit_store", store.pk)
    return audit


def stores_to_audit(*, at: datetime) -> list[int]:
    """Stores, of all workspaces, that are on, not paused, and whose next batch is due."""
    with scopes_disabled():
        well = Store.objects.filter(is_on=True, kind__in=SPOKEN_KINDS).filter(
            Q(paused_until=None) | Q(paused_until__lte=at)
        )
        due = well.filter(Q(audit=None) | Q(audit__next_at__lte=at))
        return list(due.order_by("pk").values_list("pk", flat=True))


def audit_next_batch(*, store_id: int, at: datetime) -> int:
    """Make the overdue codes of the next batch due. Gives how many; 0 also when the store is busy or it is too soon."""
    with scopes_disabled():
        store = Store.objects.select_related("workspace").filter(pk=store_id, is_on=True).first()
    if store is None:
        return 0
    with scope(workspace=store.workspace), transaction.atomic():
        lock_workspace(store.workspace_id)
        audit = StoreAudit.objects.filter(store=store).first() or _begin(store, at=at)
        if audit.next_at > at or _is_busy(store, audit, at=at):
            return 0
        marked = _mark(store, audit, at=at)
        audit.save()
        if marked:
            wake("sync_store", store.pk)
    return marked


def _begin(store: Store, *, at: datetime) -> StoreAudit:
    """Kept at once: the patience with a busy store counts from here."""
    return StoreAudit.objects.create(
        workspace_id=store.workspace_id, store=store, began_at=at, next_at=at, codes=_count(store)
    )


def _with_ref(store: Store) -> QuerySet[StoreCode]:
    return StoreCode.objects.filter(store=store).exclude(ref="")


def _count(store: Store) -> int:
    return _with_ref(store).count()


def _is_busy(store: Store, audit: StoreAudit, *, at: datetime) -> bool:
    """Whether the store has due work already; when the batch is late, a little work does not count."""
    due = StoreCode.objects.filter(store=store, due_at__lte=at).order_by().values("pk")
    if at - audit.next_at < PATIENCE:
        return due.exists()
    return due[:BATCH].count() >= BATCH


def _mark(store: Store, audit: StoreAudit, *, at: datetime) -> int:
    """Pass one batch, and mark what is overdue of it: rows at rest, also those known to differ."""
    pace = audit_pace()
    ahead = _with_ref(store).filter(ref__gt=audit.cursor)
    last = ahead.order_by("ref").values_list("ref", flat=True)[BATCH - 1 : BATCH].first()
    batch = ahead if last is None else ahead.filter(ref__lte=last)
    old = Q(observed_at=None) | Q(observed_at__lt=pace.read_before(at, audit.asked_at))
    at_rest = Q(due_at=None, lease_owner="", suspect_until=None, generation__lte=F("observed_generation"))
    marked = batch.filter(old, at_rest, problem__in=["", "drifted"]).update(check_at=at, due_at=at)
    if last is None:
        _end_round(store, audit, pace, at=at)
    else:
        audit.cursor = last
        audit.next_at = pace.next_batch(at, audit.codes, is_asked=audit.asked_at is not None)
    return marked


def _end_round(store: Store, audit: StoreAudit, pace: AuditPace, *, at: datetime) -> None:
    """The next round begins when this one was planned to end: an early end must not make reads more frequent."""
    audit.cursor, audit.asked_at, audit.done_at = "", None, at
    audit.codes = _count(store)
    audit.next_at = max(audit.began_at + pace.round, pace.next_batch(at, audit.codes, is_asked=False))
    audit.began_at = audit.next_at
