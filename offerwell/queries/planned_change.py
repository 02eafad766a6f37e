"""What a bulk change would do: everything it is about in exactly one class, counted by the database.

`with_outcome` is `rules.offer_status.planned_outcome` in SQL (of a refresh `rules.code_refresh.planned_refresh`, of a
payout `rules.payouts.planned_payout`); tests/rules holds the two together.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, Case, CharField, Count, Exists, F, Max, OuterRef, Q, Sum, Value, When
from django.db.models.expressions import ExpressionWrapper
from django.db.models.functions import Coalesce

from offerwell.models import (
    BulkChange,
    BulkChangeItem,
    ChangeKind,
    Enrollment,
    OfferPart,
    PromoCode,
    ProposalBatch,
    SalesLink,
)
from offerwell.models.id_list import id_rows
from offerwell.queries.members import count_selected
from offerwell.queries.offer_members import selected_enrollments
from offerwell.queries.planned_payout import payout_rows, payout_rule
from offerwell.queries.planned_refresh import refresh_rows, refresh_rule
from offerwell.rules.bulk_changes import What
from offerwell.rules.offer_status import Exclusion, Planned
from offerwell.rules.selection import MemberFilter

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import Offer, PayoutOption
    from offerwell.rules.selection import MemberSelection


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for: one offer, one part, one target, one selection (or a change to undo).

    The target is `to_active`, of a payout `payout_option`, of a refresh the texts in `batch`.
    `keeps_status`: what is undone left the status as it was and moved only dates.
    """

    offer: Offer
    part: OfferPart
    to_active: bool
    selection: MemberSelection | None
    undoes: BulkChange | None = None
    kind: ChangeKind = ChangeKind.STATUS
    payout_option: PayoutOption | None = None
    batch: ProposalBatch | None = None
    keeps_status: bool = False

    @property
    def what(self) -> What:
        """What it is about, as `BulkChange.what` will say."""
        return What.DATES if self.keeps_status else What(self.kind)

    @property
    def target(self) -> str:
        """The target in one word or name, as the documented JSON has it."""
        if self.kind == ChangeKind.REFRESH:
            return "as_before" if self.undoes else "new_text"
        if self.kind == ChangeKind.PAYOUT:
            return self.payout_option.name if self.payout_option else "as_before"
        return "active" if self.to_active else "deactivated"


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
            "what": str(self.wish.what),
            "target": self.wish.target,
            "part": str(self.wish.part),
            "selected": self.selected,
            "will_change": self.will_change,
            "already_so": self.already_so,
            "excluded": self.excluded,
            "excluded_reasons": {str(reason): count for reason, count in self.reasons},
            "digest": self.digest,
        }


def part_model(part: OfferPart | str) -> type[PromoCode | SalesLink]:
    """The table of a part that has a status."""
    return PromoCode if part == OfferPart.CODES else SalesLink


def planned_rows(wish: Wish, *, at: datetime) -> QuerySet[Any]:
    """Everything the wish means (codes, links or places of members), with its `outcome` (a `Planned`). Unordered."""
    return with_outcome(_meant_rows(wish), wish, at=at)


def with_outcome(rows: QuerySet[Any], wish: Wish, *, at: datetime) -> QuerySet[Any]:
    """The rule as SQL."""
    whens = [When(condition, then=Value(name.value)) for condition, name in _rule(wish, at=at)]
    return rows.annotate(outcome=Case(*whens, default=Value(Planned.WILL_CHANGE.value), output_field=CharField()))


def _rule(wish: Wish, *, at: datetime) -> list[tuple[Q, Planned]]:
    """The conditions of the rule, in the rule's order; what meets none will change."""
    if wish.kind == ChangeKind.REFRESH:
        return refresh_rule(wish)
    if wish.kind == ChangeKind.PAYOUT:
        return payout_rule(wish)
    found = []
    if wish.undoes is not None:
        found.append((~Q(last_change_id=wish.undoes.pk), Planned.CHANGED_SINCE))
    if wish.keeps_status:
        return found
    found.append((Q(is_active=wish.to_active), Planned.ALREADY_SO))
    if wish.to_active:
        ended = Q(ends_at__lte=at)
        if wish.offer.ends_at is not None and wish.offer.ends_at <= at:
            ended |= Q(ends_at=None)
        found.append((ended, Planned.ENDED))
    return found


def _meant_rows(wish: Wish) -> QuerySet[Any]:
    if wish.kind == ChangeKind.REFRESH:
        return refresh_rows(wish)
    if wish.kind == ChangeKind.PAYOUT:
        return payout_rows(wish)
    return _parts_meant(wish, wish.selection)


def _parts_meant(wish: Wish, selection: MemberSelection | None) -> QuerySet[Any]:
    # Always true, but an equality to SQLite: with it the one index that holds the intent answers alone.
    rows = part_model(wish.part).objects.filter(offer=wish.offer, is_active__in=[True, False])
    if wish.undoes is not None:
        return rows.filter(pk__in=BulkChangeItem.objects.filter(change_id=wish.undoes.pk).values("target_id"))
    assert selection is not None  # noqa: S101  a wish has a selection or undoes a change
    if _is_narrowed(selection):
        return rows.filter(enrollment_id__in=selected_enrollments(wish.offer, selection).values("pk"))
    rows = rows.filter(enrollment_id__lte=selection.up_to)
    if not selection.exclude:
        return rows
    unticked = Enrollment.objects.filter(offer=wish.offer, member_id__in=id_rows(selection.exclude))
    return rows.exclude(enrollment_id__in=unticked.values("pk"))


def _is_narrowed(selection: MemberSelection) -> bool:
    """Whether less is meant than everybody in the offer except some."""
    return selection.filter != MemberFilter() or selection.within is not None


def plan_change(wish: Wish, *, at: datetime) -> Plan:
    """Count the classes and fingerprint them, in a constant number of statements whatever the size."""
    counts, people = _counted(wish, at=at)
    reasons = {
        Exclusion.NOT_IN_OFFER: people.not_in_offer,
        Exclusion.NO_CODE: people.without_part,
        Exclusion.ENDED: counts.ended,
        Exclusion.CHANGED_SINCE: counts.changed_since,
        Exclusion.TAKEN: counts.taken,
    }
    newest = BulkChange.objects.aggregate(newest=Max("pk"))["newest"] or 0
    return Plan(
        wish=wish,
        selected=people.selected,
        will_change=counts.will_change,
        already_so=counts.already_so,
        members_changing=people.changing,
        reasons=tuple((reason, count) for reason, count in reasons.items() if count),
        digest=_digest(wish, counts, people),
        seen_up_to=newest,
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """What the change is about per class, and two sums over (row, class): an order-free fingerprint of all of them."""

    will_change: int
    already_so: int
    ended: int
    changed_since: int
    taken: int
    one: int
    two: int


@dataclass(frozen=True, slots=True)
class _People:
    """Members per class."""

    selected: int
    not_in_offer: int
    without_part: int
    changing: int


# The fingerprint mixes row id and class modulo the Mersenne prime 2^31-1; both databases compute it while they
# count. It guards against a changed world, not against an adversary. Conditional sums, not GROUP BY: at a
# million rows a temporary tree for four groups costs SQLite twice the whole count. The % operator, not Mod():
# on SQLite Mod() is a Python function, called for every row.
_PRIME = 2_147_483_647
_SPREAD = 48_271
_OTHER_SPREAD = 69_621
_CLASSES = (Planned.WILL_CHANGE, Planned.ALREADY_SO, Planned.ENDED, Planned.CHANGED_SINCE, Planned.TAKEN)
_ROOM = 8
_EVERY = 2**62


def _counted(wish: Wish, *, at: datetime) -> tuple[_Counts, _People]:
    if wish.kind == ChangeKind.STATUS and wish.selection is not None and _is_narrowed(wish.selection):
        return _counted_once(wish, at=at)
    counts = _counts(wish, at=at)
    return counts, _people(wish, counts, at=at)


def _counted_once(wish: Wish, *, at: datetime) -> tuple[_Counts, _People]:
    """Rows and members in one pass, member by member: whom a crowd or a filter means is dear to ask more than once."""
    sums = _sums(wish, at=at)
    by_member = (
        _numbered(wish, at=at).values("enrollment_id").annotate(**{f"own_{name}": s for name, s in sums.items()})
    )
    found = by_member.aggregate(
        **{name: Sum(f"own_{name}") for name in sums},
        members=Count("enrollment_id"), changing=Count("enrollment_id", filter=Q(own_will_change__gt=0)),
    )  # fmt: skip
    named, enrolled = _selected(wish)
    people = _People(named, named - enrolled, enrolled - found["members"], found["changing"])
    return _counts_of(found), people


def _counts(wish: Wish, *, at: datetime) -> _Counts:
    rows = _numbered(wish, at=at)
    if wish.kind == ChangeKind.REFRESH:
        # No limit at all, but a query of its own: its dear conditions are asked once a row, not once a sum.
        rows = rows[:_EVERY]
    return _counts_of(rows.aggregate(**_sums(wish, at=at)))


def _numbered(wish: Wish, *, at: datetime) -> QuerySet[Any]:
    """What is meant, each with the `number` of its class, and both `mixed` for the fingerprint."""
    whens = [When(condition, then=Value(_CLASSES.index(name))) for condition, name in _rule(wish, at=at)]
    number = Case(*whens, default=Value(0), output_field=BigIntegerField())
    mixed = _whole(ExpressionWrapper(_mixed(wish), BigIntegerField()) % Value(_PRIME))
    return _meant_rows(wish).annotate(number=number).annotate(mixed=mixed).order_by()


def _sums(wish: Wish, *, at: datetime) -> dict[str, Any]:
    """The two sums of the fingerprint, and how many rows each class has that the rule can give."""
    met = [Planned.WILL_CHANGE, *(name for _, name in _rule(wish, at=at))]
    counts = {str(name): Count("pk", filter=Q(number=_CLASSES.index(name))) for name in met}
    return {"one": Sum("mixed"), "two": Sum(_whole(F("mixed") * F("mixed") % Value(_PRIME))), **counts}


def _counts_of(found: dict[str, Any]) -> _Counts:
    """Without any row a sum of sums is nothing, not 0."""
    found = {name: value or 0 for name, value in found.items()}
    return _Counts(
        found["will_change"], found.get("already_so", 0), found.get("ended", 0), found.get("changed_since", 0),
        found.get("taken", 0), int(found["one"]), int(found["two"]),
    )  # fmt: skip


def _mixed(wish: Wish) -> Any:
    """Row and class in one number. Of a payout also which change chose the option: that is what undo gives back."""
    mixed = (F("pk") * Value(_ROOM) + F("number")) * Value(_SPREAD)
    if wish.kind == ChangeKind.PAYOUT:
        return mixed + Coalesce("payout_change_id", Value(0)) * Value(_OTHER_SPREAD)
    return mixed


def _whole(expression: Any) -> ExpressionWrapper[Any]:
    return ExpressionWrapper(expression, output_field=BigIntegerField())


def _people(wish: Wish, counts: _Counts, *, at: datetime) -> _People:
    if wish.selection is None:
        selected = wish.undoes.members_changed if wish.undoes else 0
        is_payout = wish.kind == ChangeKind.PAYOUT
        return _People(selected, 0, 0, counts.will_change if is_payout else _members_changing(wish, at=at))
    if wish.kind == ChangeKind.PAYOUT:
        return _people_paid(wish, counts)
    if wish.kind == ChangeKind.REFRESH:
        return _people_renamed(wish, counts, at=at)
    rows = _meant_rows(wish)
    # IN, not =: Django writes a bare column for a boolean, and SQLite then knows no equality to look up.
    active = _members_of(rows.filter(is_active__in=[True]))
    inactive = _members_of(rows.filter(is_active__in=[False]))
    with_part = active + inactive - (_members_of_both(rows, active, inactive) if active and inactive else 0)
    changing = inactive if wish.to_active else active
    if counts.ended:
        changing = _members_changing(wish, at=at)
    named, enrolled = _selected(wish)
    return _People(named, named - enrolled, enrolled - with_part, changing)


def _selected(wish: Wish) -> tuple[int, int]:
    """How many members are selected, and how many of them are in the offer."""
    assert wish.selection is not None  # noqa: S101  asked for before
    enrolled = selected_enrollments(wish.offer, wish.selection).order_by().count()
    if wish.selection.ids is None and wish.selection.within is None:
        return enrolled, enrolled
    return count_selected(wish.selection), enrolled


def _people_paid(wish: Wish, counts: _Counts) -> _People:
    named, enrolled = _selected(wish)
    return _People(named, named - enrolled, 0, counts.will_change)


def _people_renamed(wish: Wish, counts: _Counts, *, at: datetime) -> _People:
    named, enrolled = _selected(wish)
    with_code = _members_of(_parts_meant(wish, wish.selection))
    some_stay = counts.already_so or counts.changed_since or counts.taken
    changing = _members_changing(wish, at=at) if some_stay else _members_of(_meant_rows(wish))
    return _People(named, named - enrolled, enrolled - with_code, changing)


def _members_of(rows: QuerySet[Any]) -> int:
    """Members among the rows. Within one offer and intent the index has them in order: no sorting, no tree."""
    return rows.order_by().values("enrollment_id").distinct().count()


def _members_of_both(rows: QuerySet[Any], active: int, inactive: int) -> int:
    """Members with a part of either intent; walks the rarer of the two."""
    rarer = active < inactive
    others = rows.model.objects.filter(enrollment_id=OuterRef("enrollment_id"), is_active=not rarer)
    others = others.filter(offer_id=OuterRef("offer_id"))
    return _members_of(rows.filter(Exists(others), is_active=rarer))


def _members_changing(wish: Wish, *, at: datetime) -> int:
    return _members_of(planned_rows(wish, at=at).filter(outcome=Planned.WILL_CHANGE))


def _digest(wish: Wish, counts: _Counts, people: _People) -> str:
    facts = [wish.offer.pk, str(wish.kind), str(wish.part), wish.to_active, *_target_facts(wish), *astuple(counts),
             *astuple(people)]  # fmt: skip
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _target_facts(wish: Wish) -> list[int | None]:
    """What is wanted beside the status. An edited proposal makes another plan of it."""
    revision = None
    if wish.batch is not None:
        revision = ProposalBatch.objects.values_list("revision", flat=True).get(pk=wish.batch.pk)
    ids = [None if one is None else one.pk for one in (wish.payout_option, wish.batch, wish.undoes)]
    return [*ids, revision]
