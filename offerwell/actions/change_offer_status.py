"""Change codes, links or payouts of chosen members: apply exactly the plan a person confirmed.

One transaction writes the bulk change, one item for each thing it changes, the new intents, texts or options, what
each store must follow, and the audit event. The three kinds of change differ in `_EFFECTS` only (ADR 0016).
Set-based: Python never holds a row (docs/performance.md).
Source: domain §3, trust §2 and §3.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import BigIntegerField, BooleanField, Count, DateTimeField, F, Q, Value
from django.db.models.functions import Cast

from offerwell.actions.choose_payouts import write_options
from offerwell.actions.move_windows import put_windows_back
from offerwell.actions.record_event import record_event
from offerwell.actions.refresh_texts import write_texts
from offerwell.jobs import wake
from offerwell.models import (
    BulkChange,
    BulkChangeItem,
    ChangeKind,
    ChangeProgress,
    CodeProposal,
    ItemOutcome,
    OfferPart,
    OfferStore,
    OutcomeResult,
    StoreCode,
    lock_workspace,
)
from offerwell.models.insert_select import insert_select
from offerwell.queries.planned_change import Plan, Wish, part_model, plan_change, planned_rows
from offerwell.rules.bulk_changes import What
from offerwell.rules.offer_status import Planned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import Offer
    from offerwell.rules.permissions import Actor


class PlanOutOfDate(Exception):
    """The world changed since the plan was shown. Nothing was done; `plan` is the new plan."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("Codes or links changed since you saw the plan. Look at the new plan and confirm again.")
        self.plan = plan


class NothingToChange(Exception):
    """Every selected code or link is already so, or excluded. Nothing was recorded."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("Nothing to change: everything selected is so already or is excluded.")
        self.plan = plan


class KeyReused(Exception):
    """The idempotency key belongs to another request. Nothing was done."""

    def __init__(self, change: BulkChange) -> None:
        super().__init__(f"This key was used for another change (number {change.pk}). Use a new key.")
        self.change = change


@dataclass(frozen=True, slots=True)
class Applied:
    """The bulk change, and whether it had been applied by an earlier, equal request."""

    change: BulkChange
    was_replayed: bool


def change_offer_status(
    *, workspace_id: int, wish: Wish, digest: str, key: str, by: Actor, at: datetime, creator_reason: str = ""
) -> Applied:
    """Apply `wish`, whose plan had `digest`. `creator_reason` is shown to the members it changes, in their portal.

    The same `key` and wish again give the same bulk change. Raises KeyReused, PlanOutOfDate; each
    leaves everything as it was. A plan that changes nothing is recorded too: a person confirmed it,
    and the stores are asked whether they agree.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        earlier = BulkChange.objects.filter(key=key).first()
        if earlier is not None:
            return _replayed(earlier, wish)
        plan = plan_change(wish, at=at)
        if plan.digest != digest:
            raise PlanOutOfDate(plan)
        change = _record(workspace_id, plan, key=key, by=by, at=at, creator_reason=creator_reason)
        _apply(change, wish, at=at)
        record_change(change, by=by, at=at)
    return Applied(change, was_replayed=False)


def wish_hash(wish: Wish) -> str:
    """What two requests under one key must share."""
    body = [
        wish.offer.pk, str(wish.part), wish.to_active,
        None if wish.selection is None else wish.selection.to_json(), wish.undoes and wish.undoes.pk,
    ]  # fmt: skip
    if wish.kind != ChangeKind.STATUS:  # keys of earlier versions stay the keys of the same requests
        body += [str(wish.kind), wish.payout_option and wish.payout_option.pk, wish.batch and wish.batch.pk]
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _replayed(earlier: BulkChange, wish: Wish) -> Applied:
    if earlier.body_hash != wish_hash(wish):
        raise KeyReused(earlier)
    return Applied(earlier, was_replayed=True)


def _record(workspace_id: int, plan: Plan, *, key: str, by: Actor, at: datetime, creator_reason: str) -> BulkChange:
    wish = plan.wish
    return BulkChange.objects.create(
        workspace_id=workspace_id, offer=wish.offer, kind=wish.kind, part=wish.part, to_active=wish.to_active, at=at,
        payout_option=wish.payout_option,
        actor_id=by.user_id, actor_name=by.name, door=by.door, key=key, body_hash=wish_hash(wish),
        selection=_selection_json(wish),
        selected=plan.selected, changed=plan.will_change, already_so=plan.already_so, excluded=plan.excluded,
        excluded_reasons={str(reason): count for reason, count in plan.reasons},
        members_changed=plan.members_changing, digest=plan.digest, undoes=wish.undoes,
        creator_reason=creator_reason,
    )  # fmt: skip


def _selection_json(wish: Wish) -> dict[str, Any]:
    if wish.selection is not None:
        return wish.selection.to_json()
    assert wish.undoes is not None  # noqa: S101  a wish has a selection or undoes a change
    return {"undoes": wish.undoes.pk, **({"what": wish.undoes.what} if wish.keeps_status else {})}


def _apply(change: BulkChange, wish: Wish, *, at: datetime) -> None:
    """Items first: they fix the set that every later statement names."""
    rows = planned_rows(wish, at=at)
    if wish.kind == ChangeKind.STATUS and wish.part == OfferPart.CODES and change.already_so:
        _look_again(wish.offer, rows.filter(outcome=Planned.ALREADY_SO), at=at)
    if not change.changed:
        return
    columns = _PLACES if wish.kind == ChangeKind.PAYOUT else _PARTS
    insert_select(
        BulkChangeItem,
        ("workspace_id", "change_id", *columns),
        rows.filter(outcome=Planned.WILL_CHANGE).values_list(
            Cast(Value(change.workspace_id), BigIntegerField()), Cast(Value(change.pk), BigIntegerField()),
            *columns.values(),
        ),
    )  # fmt: skip
    _EFFECTS[wish.kind](change, wish, at)
    if wish.batch is not None:
        CodeProposal.objects.filter(batch=wish.batch).delete()
    if wish.part == OfferPart.CODES:
        tell_stores(change, at=at)


# The columns of an item, and where they come from: a code or link, or a member's place in the offer.
_PARTS: dict[str, Any] = {
    "target_id": "pk", "enrollment_id": "enrollment_id", "member_id": "enrollment__member_id",
    "was_active": "is_active",
}  # fmt: skip
_PLACES: dict[str, Any] = {
    "target_id": "pk", "enrollment_id": F("pk"), "member_id": "member_id",
    "was_active": Cast(Value(False), BooleanField()), "was_option_id": "payout_option_id",
}  # fmt: skip


def _write_intents(change: BulkChange, wish: Wish, at: datetime) -> None:
    part_model(wish.part).objects.filter(pk__in=_changed_by(change)).update(
        is_active=wish.to_active, last_change_id=change.pk, changed_at=at
    )
    if wish.part == OfferPart.CODES and wish.undoes is not None:
        put_windows_back(change, wish.undoes)


_EFFECTS: dict[ChangeKind, Callable[[BulkChange, Wish, datetime], None]] = {
    ChangeKind.STATUS: _write_intents,
    ChangeKind.REFRESH: lambda change, wish, at: write_texts(change, wish, at=at),
    ChangeKind.PAYOUT: lambda change, wish, _at: write_options(change, wish),
}


def _changed_by(change: BulkChange) -> QuerySet[BulkChangeItem, Any]:
    return BulkChangeItem.objects.filter(change_id=change.pk).values("target_id")


def _stores_of(offer: Offer) -> list[int]:
    return list(OfferStore.objects.filter(offer=offer).values_list("store_id", flat=True))


def _look_again(offer: Offer, already_so: QuerySet[Any], *, at: datetime) -> None:
    """A person asked for a status that we believe holds: let the stores be read.

    They are written only where a code had failed, met a conflict or drifted: asking again is asking to repair.
    `check_at` makes a pass that holds the row now leave it due, whatever it read before.
    """
    for store_id in _stores_of(offer):
        rows = StoreCode.objects.filter(store_id=store_id, code_id__in=already_so.values("pk"))
        rows.exclude(problem="").update(
            problem="", observed_generation=-1, attempts=0, next_attempt_at=None, check_at=at, due_at=at
        )
        rows.filter(generation=F("observed_generation")).update(check_at=at, due_at=at)
        wake("sync_store", store_id)


def tell_stores(change: BulkChange, *, at: datetime, only: QuerySet[StoreCode, Any] | None = None) -> None:
    """Raise the generation of every store row of a changed code (or of `only` these), and note what that supersedes."""
    for store_id in _stores_of(change.offer):
        rows = StoreCode.objects.filter(store_id=store_id, code_id__in=_changed_by(change))
        if only is not None:
            rows = rows.filter(pk__in=only.values("pk"))
        _supersede(store_id, rows, at=at)
        told = rows.update(generation=change.pk, due_at=at, next_attempt_at=None, attempts=0, problem="", last_error="")
        if told:
            ChangeProgress.objects.create(
                workspace_id=change.workspace_id, change=change, store_id=store_id, items=told
            )
            wake("sync_store", store_id)


def _supersede(store_id: int, rows: QuerySet[StoreCode, Any], *, at: datetime) -> None:
    """Earlier changes that the store has not followed yet will never be pushed: say so on their items."""
    behind = Q(generation__gt=F("observed_generation")) & Q(generation__gt=0)
    due_or_stuck = Q(due_at__isnull=False) | ~Q(problem="")  # all that is behind is one of the two: small indexes
    if not StoreCode.objects.filter(behind, due_or_stuck, store_id=store_id).exists():
        return
    waiting = rows.filter(behind)
    lost = list(waiting.values("generation", "store_id").annotate(n=Count("pk")))
    if not lost:
        return
    forget_outcomes(lost, waiting)
    insert_select(
        ItemOutcome,
        ("workspace_id", "change_id", "store_id", "code_id", "result", "reason", "at"),
        waiting.values_list(
            "workspace_id", "generation", "store_id", "code_id", Value(OutcomeResult.SUPERSEDED.value),
            Value("A later change took this one over before the store had followed."), Cast(Value(at), DateTimeField()),
        ),
    )  # fmt: skip
    for row in lost:
        ChangeProgress.objects.filter(change_id=row["generation"], store_id=row["store_id"]).update(
            superseded=F("superseded") + row["n"]
        )


def forget_outcomes(lost: Sequence[Mapping[str, Any]], waiting: QuerySet[StoreCode, Any]) -> None:
    """A failed or refused item that is superseded or retried now no longer counts as it came out first."""
    for row in lost:
        codes = waiting.filter(generation=row["generation"], store_id=row["store_id"]).values("code_id")
        old = ItemOutcome.objects.filter(change_id=row["generation"], store_id=row["store_id"], code_id__in=codes)
        for counted in list(old.values("result").annotate(n=Count("pk"))):
            ChangeProgress.objects.filter(change_id=row["generation"], store_id=row["store_id"]).update(
                **{counted["result"]: F(counted["result"]) - counted["n"]}
            )
        old.delete()


_EVENTS = {
    What.DATES: "dates_set", What.NAMES: "names_set", What.REFRESH: "codes_refreshed", What.PAYOUT: "payouts_changed"
}  # fmt: skip


def record_change(change: BulkChange, *, by: Actor, at: datetime) -> None:
    """The event of a bulk change. Last in its transaction."""
    kind = _EVENTS.get(change.what) or f"{change.part}_{'activated' if change.to_active else 'deactivated'}"
    option = {} if change.payout_option_id is None else {"payout_option": change.payout_option_id}
    told = {"creator_reason": change.creator_reason} if change.creator_reason else {}
    record_event(
        workspace_id=change.workspace_id, kind=kind, subject=f"bulk_change:{change.pk}",
        facts={
            "offer": change.offer_id, "selected": change.selected, "changed": change.changed,
            "already_so": change.already_so, "excluded": change.excluded, "digest": change.digest,
            "undoes": change.undoes_id, **option, **told, **change.answers,
        },
        by=by, at=at,
    )  # fmt: skip
