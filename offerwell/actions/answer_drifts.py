"""Adopt what stores show of chosen codes, or restore what we want there: exactly the plan a person confirmed.

Each offer and course becomes one bulk change with its items, told to the stores like any other, so that progress,
history and undo are those of every change. Adopting changes our intent, in every store of the code. Restoring keeps
it and tells only the stores that differ.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import BigIntegerField, Value
from django.db.models.functions import Cast

from offerwell.actions.change_offer_status import KeyReused, record_change, tell_stores
from offerwell.actions.move_windows import adopt_windows, note_windows_restored
from offerwell.models import BulkChange, BulkChangeItem, OfferPart, PromoCode, lock_workspace
from offerwell.models.insert_select import insert_select
from offerwell.queries.drift_plan import group_rows, plan_drifts
from offerwell.rules.bulk_changes import What
from offerwell.rules.drift import Verb

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import StoreCode
    from offerwell.queries.drift_plan import DriftGroup, DriftPlan, DriftWish
    from offerwell.rules.permissions import Actor


class DriftPlanOutOfDate(Exception):
    """Something changed since the plan was shown. Nothing was done; `plan` is the new plan."""

    def __init__(self, plan: DriftPlan) -> None:
        super().__init__("Codes changed here or in a store since you saw the plan. Look at the new plan and confirm.")
        self.plan = plan


@dataclass(frozen=True, slots=True)
class Answered:
    """The bulk changes made, none when nothing differed; and whether an earlier, equal request made them."""

    changes: tuple[BulkChange, ...]
    was_replayed: bool


def answer_drifts(
    *, workspace_id: int, wish: DriftWish, digest: str | None, key: str, by: Actor, at: datetime
) -> Answered:
    """Apply `wish`, whose plan had `digest` (None: as it is now, for the policy).

    The same `key` and wish again give the same bulk changes. Raises KeyReused, DriftPlanOutOfDate; each leaves
    everything as it was.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        earlier = tuple(BulkChange.objects.filter(key__startswith=f"{key}/").order_by("pk"))
        if earlier:
            return _replayed(earlier, wish)
        plan = plan_drifts(wish)
        if digest is not None and plan.digest != digest:
            raise DriftPlanOutOfDate(plan)
        changes = tuple(_change(workspace_id, plan, group, key=key, by=by, at=at) for group in plan.groups)
    return Answered(changes, was_replayed=False)


def drift_wish_hash(wish: DriftWish) -> str:
    """What two requests under one key must share."""
    return hashlib.sha256(json.dumps([str(wish.verb), wish.selection.to_json()]).encode()).hexdigest()


def _replayed(earlier: tuple[BulkChange, ...], wish: DriftWish) -> Answered:
    if earlier[0].body_hash != drift_wish_hash(wish):
        raise KeyReused(earlier[0])
    return Answered(earlier, was_replayed=True)


def _change(workspace_id: int, plan: DriftPlan, group: DriftGroup, *, key: str, by: Actor, at: datetime) -> BulkChange:
    """One group. Its rows leave the selection with the last statement, and no row is in two groups."""
    rows = group_rows(plan.wish, group.offer, group.course)
    codes = PromoCode.objects.filter(pk__in=rows.values("code_id"))
    change = _recorded(workspace_id, plan, group, key=key, by=by, at=at)
    insert_select(
        BulkChangeItem,
        ("workspace_id", "change_id", "target_id", "enrollment_id", "member_id", "was_active"),
        codes.values_list(
            "workspace_id", Cast(Value(change.pk), BigIntegerField()), "pk", "enrollment_id",
            "enrollment__member_id", "is_active",
        ),
    )  # fmt: skip
    _move_windows(plan.wish.verb, change, group, rows, at=at)
    told = {"is_active": group.course.to_active, "last_change_id": change.pk}
    codes.update(**told, **({"changed_at": at} if plan.wish.verb == Verb.ADOPT else {}))
    tell_stores(change, at=at, only=rows if plan.wish.verb == Verb.RESTORE else None)
    record_change(change, by=by, at=at)
    return change


def _move_windows(
    verb: Verb, change: BulkChange, group: DriftGroup, rows: QuerySet[StoreCode], *, at: datetime
) -> None:
    if verb == Verb.ADOPT and group.course.to_active:
        adopt_windows(change, rows, at=at)
    elif verb == Verb.RESTORE and group.course.what == What.DATES:
        note_windows_restored(change, rows, at=at)


def _recorded(
    workspace_id: int, plan: DriftPlan, group: DriftGroup, *, key: str, by: Actor, at: datetime
) -> BulkChange:
    course, wish = group.course, plan.wish
    chosen = {**wish.selection.to_json(), "verb": str(wish.verb), "what": str(course.what)}
    return BulkChange.objects.create(
        workspace_id=workspace_id, offer=group.offer, part=OfferPart.CODES, to_active=course.to_active, at=at,
        actor_id=by.user_id, actor_name=by.name, door=by.door, selection=chosen,
        key=f"{key}/{group.offer.pk}/{course.what}-{'on' if course.to_active else 'off'}",
        body_hash=drift_wish_hash(wish), selected=group.members, changed=group.codes, already_so=0, excluded=0,
        members_changed=group.members, digest=plan.digest,
    )  # fmt: skip
