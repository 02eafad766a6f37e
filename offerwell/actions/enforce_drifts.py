"""The policy *enforce*: what was found to differ in a store is put right by itself, but not for ever.

After so many restores of one code within a day it stays flagged: somebody, or another system, wants it otherwise,
and two systems must not fight. What was flagged before the policy was chosen is left for a person.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Case, DateTimeField, F, PositiveIntegerField, Q, Value, When

from offerwell.actions.answer_drifts import answer_drifts
from offerwell.actions.keep_drifts import SYNC
from offerwell.models import Drift, OfferStatus, StoreCode, Workspace, lock_workspace
from offerwell.models.id_list import id_rows
from offerwell.queries.drift_plan import DriftWish, drifted
from offerwell.rules.drift import COURSES, GUARD_WINDOW, DriftSelection, Verb

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import BulkChange, Store

# Restored in one go; the next pass brings the rest.
AT_MOST = 5_000


def enforce_drifts(*, store: Store, at: datetime) -> tuple[BulkChange, ...]:
    """Restore what the policy of the store's workspace says. Gives the bulk changes made, none without the policy."""
    since = Workspace.objects.values_list("enforces_since", flat=True).get(pk=store.workspace_id)
    if since is None:
        return ()
    with transaction.atomic():
        lock_workspace(store.workspace_id)
        ids = tuple(_to_restore(store, since, at=at))
        if not ids:
            return ()
        wish = DriftWish(Verb.RESTORE, DriftSelection(ids=ids))
        done = answer_drifts(
            workspace_id=store.workspace_id, wish=wish, digest=None, key=f"enforce-{secrets.token_hex(12)}",
            by=SYNC, at=at,
        )  # fmt: skip
        _count(ids, at=at)
    return done.changes


def _is_new(at: datetime) -> Q:
    """Whether no restores are counted any more: `rules.drift.may_restore_again` in SQL."""
    return Q(restores_from=None) | Q(restores_from__lte=at - GUARD_WINDOW)


def _to_restore(store: Store, since: datetime, *, at: datetime) -> list[int]:
    kinds = [str(kind) for kind in COURSES[Verb.RESTORE]]
    free = Drift.objects.filter(_is_new(at) | Q(restores__lt=settings.OFFERWELL_DRIFT_RESTORES))
    rows = drifted().filter(store=store, drift__kind__in=kinds, drift__found_at__gte=since)
    rows = rows.filter(code__offer__status=OfferStatus.ACTIVE, pk__in=free.values("store_code_id"))
    return list(rows.order_by("code_id").values_list("pk", flat=True)[:AT_MOST])


def _count(ids: tuple[int, ...], *, at: datetime) -> None:
    restored = StoreCode.objects.filter(pk__in=id_rows(ids), problem="")
    Drift.objects.filter(store_code_id__in=restored.values("pk")).update(
        restores=Case(
            When(_is_new(at), then=Value(1)), default=F("restores") + Value(1), output_field=PositiveIntegerField()
        ),
        restores_from=Case(
            When(_is_new(at), then=Value(at)), default=F("restores_from"), output_field=DateTimeField()
        ),
        restored_at=at,
    )  # fmt: skip
