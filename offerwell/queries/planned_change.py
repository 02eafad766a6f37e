"""What a bulk change would do: every selected code or link in exactly one class, counted by the database.

`with_outcome` is `rules.offer_status.planned_outcome` in SQL; tests/rules holds the two together.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, Case, CharField, Count, F, Max, Q, Sum, Value, When
from django.db.models.expressions import ExpressionWrapper
from django.db.models.functions import Mod

from offerwell.models import BulkChange, BulkChangeItem, Enrollment, Member, OfferPart, PromoCode, SalesLink
from offerwell.models.id_list import id_rows
from offerwell.queries.offer_members import is_whole_offer, selected_enrollments
from offerwell.rules.offer_status import Exclusion, Planned

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import Offer
    from offerwell.models.promo_code import Switchable
    from offerwell.rules.selection import MemberSelection


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for: one offer, one part, one target, one selection (or a change to undo)."""

    offer: Offer
    part: OfferPart
    to_active: bool
    selection: MemberSelection | None
    undoes: BulkChange | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen. `selected` counts members, the others codes or links unless a reason says otherwise.

    `digest` is the same as long as the very same rows would fall into the very same classes.
    `seen_up_to` is the newest bulk change of the workspace when this was computed.
    """

    wish: Wish
    selected: int
    will_change: int
    already_so: int
    members_changing: int
    reasons: tuple[tuple[Exclusion, int], ...]
    digest: str
    seen_up_to: int

    @property
    def excluded(self) -> int:
        """How many of the selection are left out, for any reason."""
        return sum(count for _, count in self.reasons)

    def to_json(self) -> dict[str, Any]:
        """The documented JSON of a plan."""
        return {
            "offer": self.wish.offer.name,
            "target": "active" if self.wish.to_active else "deactivated",
            "part": str(self.wish.part),
            "selected": self.selected,
            "will_change": self.will_change,
            "already_so": self.already_so,
            "excluded": self.excluded,
            "excluded_reasons": {str(reason): count for reason, count in self.reasons},
            "digest": self.digest,
        }


def part_model(part: OfferPart | str) -> type[PromoCode] | type[SalesLink]:
    """The table of a part."""
    return PromoCode if part == OfferPart.CODES else SalesLink


def planned_rows(wish: Wish, *, at: datetime) -> QuerySet[Any]:
    """Every code or link the wish means, annotated with `outcome` (a `Planned`). Unordered."""
    rows = part_model(wish.part).objects.filter(offer=wish.offer)
    if wish.undoes is not None:
        items = BulkChangeItem.objects.filter(change_id=wish.undoes.pk).values("target_id")
        return with_outcome(rows.filter(pk__in=items), wish, at=at)
    assert wish.selection is not None  # noqa: S101  a wish has a selection or undoes a change
    if is_whole_offer(wish.selection):
        rows = rows.filter(enrollment_id__lte=wish.selection.up_to)
    else:
        rows = rows.filter(enrollment_id__in=selected_enrollments(wish.offer, wish.selection).values("pk"))
    return with_outcome(rows, wish, at=at)


def with_outcome(rows: QuerySet[Any], wish: Wish, *, at: datetime) -> QuerySet[Any]:
    """The rule as SQL, in the rule's order."""
    since = ~Q(last_change_id=wish.undoes.pk) if wish.undoes is not None else None
    ended = Q(ends_at__lte=at)
    if wish.offer.ends_at is not None and wish.offer.ends_at <= at:
        ended |= Q(ends_at=None)
    whens = [When(since, then=Value(Planned.CHANGED_SINCE.value))] if since is not None else []
    whens.append(When(is_active=wish.to_active, then=Value(Planned.ALREADY_SO.value)))
    if wish.to_active:
        whens.append(When(ended, then=Value(Planned.ENDED.value)))
    return rows.annotate(outcome=Case(*whens, default=Value(Planned.WILL_CHANGE.value), output_field=CharField()))


def plan_change(wish: Wish, *, at: datetime) -> Plan:
    """Count the classes and fingerprint them, in a constant number of statements whatever the size."""
    classes = _classes(wish, at=at)
    selected, not_in_offer, without = _members(wish, classes)
    reasons = {
        Exclusion.NOT_IN_OFFER: not_in_offer,
        Exclusion.NO_CODE: without,
        Exclusion.ENDED: classes.get(Planned.ENDED, _NOBODY).rows,
        Exclusion.CHANGED_SINCE: classes.get(Planned.CHANGED_SINCE, _NOBODY).rows,
    }
    newest = BulkChange.objects.aggregate(newest=Max("pk"))["newest"] or 0
    will = classes.get(Planned.WILL_CHANGE, _NOBODY)
    return Plan(
        wish=wish,
        selected=selected,
        will_change=will.rows,
        already_so=classes.get(Planned.ALREADY_SO, _NOBODY).rows,
        members_changing=will.members,
        reasons=tuple((reason, count) for reason, count in reasons.items() if count),
        digest=_digest(wish, classes, selected, reasons),
        seen_up_to=newest,
    )


@dataclass(frozen=True, slots=True)
class _Class:
    rows: int
    members: int
    prints: tuple[int, int]


_NOBODY = _Class(0, 0, (0, 0))
# Two sums over the row ids, mixed modulo the Mersenne prime 2^31-1: an order-free fingerprint of a set that
# both databases compute while they count. It guards against a changed world, not against an adversary.
_PRIME = 2_147_483_647
_SPREAD = 48_271


def _classes(wish: Wish, *, at: datetime) -> dict[Planned, _Class]:
    mixed = Mod(F("pk") * Value(_SPREAD), Value(_PRIME), output_field=BigIntegerField())
    squared = Mod(F("mixed") * F("mixed"), Value(_PRIME), output_field=BigIntegerField())
    counted = (
        planned_rows(wish, at=at)
        .annotate(mixed=ExpressionWrapper(mixed, output_field=BigIntegerField()))
        .annotate(squared=ExpressionWrapper(squared, output_field=BigIntegerField()))
        .order_by()
        .values("outcome")
        .annotate(rows=Count("pk"), members=Count("enrollment_id", distinct=True), one=Sum("mixed"), two=Sum("squared"))
    )
    return {
        Planned(row["outcome"]): _Class(row["rows"], row["members"], (int(row["one"]), int(row["two"])))
        for row in counted
    }


def _members(wish: Wish, classes: dict[Planned, _Class]) -> tuple[int, int, int]:
    """How many members are selected, how many of them are not in the offer, and how many have no code yet."""
    if wish.undoes is not None:
        return wish.undoes.members_changed, 0, 0
    selection = wish.selection
    assert selection is not None  # noqa: S101  a wish has a selection or undoes a change
    if is_whole_offer(selection):
        enrolled = Enrollment.objects.filter(offer=wish.offer, pk__lte=selection.up_to)
    else:
        enrolled = selected_enrollments(wish.offer, selection)
    count = enrolled.count()
    named = count if selection.ids is None else Member.objects.filter(pk__in=id_rows(selection.ids)).count()
    without = count - _members_with_part(wish, enrolled, classes)
    return named, named - count, without


def _members_with_part(wish: Wish, enrolled: QuerySet[Enrollment], classes: dict[Planned, _Class]) -> int:
    """Members that have a part; when all rows fell into one class its count is known already."""
    if len(classes) == 1:
        return next(iter(classes.values())).members
    if not classes:
        return 0
    parts = part_model(wish.part).objects.filter(offer=wish.offer, enrollment_id__in=enrolled.values("pk"))
    return parts.aggregate(n=Count("enrollment_id", distinct=True))["n"]


def _digest(wish: Wish, classes: dict[Planned, _Class], selected: int, reasons: dict[Exclusion, int]) -> str:
    facts = [
        wish.offer.pk, str(wish.part), wish.to_active, selected,
        sorted((str(name), found.rows, *found.prints) for name, found in classes.items()),
        sorted((str(reason), count) for reason, count in reasons.items()),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def ends_of(row: Switchable, offer: Offer) -> datetime | None:
    """The planned end that counts for a code or link: its own, else the offer's."""
    return row.ends_at or offer.ends_at


