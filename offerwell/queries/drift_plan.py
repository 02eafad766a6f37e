"""What adopting or restoring chosen differences would do: every one in exactly one class, counted by the database."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import ExpressionWrapper
from django.db.models.functions import Coalesce

from offerwell.models import Offer, OfferStatus, Store, StoreCode
from offerwell.models.id_list import id_rows
from offerwell.rules.drift import COURSES, Course, LeftOut, Verb, reason_without_course
from offerwell.rules.store_sync import NEVER, Difference

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.drift import DriftSelection

# As in queries/planned_change.py: an order-free fingerprint that both databases compute while they count.
_PRIME = 2_147_483_647
_SPREAD = 48_271
_KINDS = tuple(Difference)


@dataclass(frozen=True, slots=True)
class DriftWish:
    """What a person asks for: adopt or restore, for chosen differences."""

    verb: Verb
    selection: DriftSelection


@dataclass(frozen=True, slots=True)
class DriftGroup:
    """One bulk change to be: an offer and a course. `codes` counts codes, `members` members."""

    offer: Offer
    course: Course
    codes: int
    members: int


@dataclass(frozen=True, slots=True)
class DriftPlan:
    """What would happen. `selected` counts differences (a code on a store), the groups codes.

    `digest` is the same as long as the very same differences would be treated in the very same way.
    `elsewhere`: other stores of the codes whose intent changes; they follow it too.
    `asleep`: stores that are off or in trouble, so that their codes wait.
    """

    wish: DriftWish
    selected: int
    groups: tuple[DriftGroup, ...]
    reasons: tuple[tuple[LeftOut, int], ...]
    digest: str
    elsewhere: tuple[str, ...] = field(compare=False, default=())
    asleep: tuple[str, ...] = field(compare=False, default=())

    @property
    def will_change(self) -> int:
        """Codes in all."""
        return sum(group.codes for group in self.groups)

    @property
    def left_out(self) -> int:
        """Differences that stay, for any reason."""
        return sum(count for _, count in self.reasons)

    def to_json(self) -> dict[str, Any]:
        """The documented JSON of a plan."""
        return {
            "verb": str(self.wish.verb),
            "selected": self.selected,
            "will_change": self.will_change,
            "changes": [
                {
                    "offer": group.offer.name, "what": str(group.course.what),
                    "target": "active" if group.course.to_active else "deactivated", "codes": group.codes,
                }
                for group in self.groups
            ],
            "left_out": self.left_out,
            "left_out_reasons": {str(reason): count for reason, count in self.reasons},
            "digest": self.digest,
        }  # fmt: skip


def drifted() -> QuerySet[StoreCode]:
    """Every code on a store that differs there now."""
    return StoreCode.objects.filter(problem="drifted", drift__isnull=False)


def chosen(selection: DriftSelection) -> QuerySet[StoreCode]:
    """The differences a selection means now. Ids of other workspaces never match."""
    if selection.ids is not None:
        return drifted().filter(pk__in=id_rows(selection.ids))
    rows = drifted()
    if selection.filter.offer is not None:
        rows = rows.filter(code__offer_id=selection.filter.offer)
    if selection.filter.store is not None:
        rows = rows.filter(store_id=selection.filter.store)
    return rows.exclude(pk__in=id_rows(selection.exclude)) if selection.exclude else rows


def group_rows(wish: DriftWish, offer: Offer, course: Course) -> QuerySet[StoreCode]:
    """The differences of one bulk change to be."""
    return _with_class(wish).filter(treated="", code__offer=offer, drift__kind__in=kinds_of(wish.verb, course))


def kinds_of(verb: Verb, course: Course) -> list[str]:
    """The kinds of difference that take this course."""
    return [str(kind) for kind, taken in COURSES[verb].items() if taken == course]


def with_own_window(rows: QuerySet[StoreCode], *, at: datetime) -> QuerySet[StoreCode]:
    """Each row with the store's window as a code's own: `own_starts`, `own_ends` (null: as the offer).

    A start that has passed matters only where ours lies ahead. No end is the offer's where that has none.
    """
    is_ahead = Q(drift__status="scheduled") | Q(planned_start__gt=at)
    starts = Case(
        When(Q(drift__starts_at=F("code__offer__starts_at")), then=Value(None)),
        When(is_ahead, then=F("drift__starts_at")),
        default=F("code__starts_at"), output_field=DateTimeField(),
    )  # fmt: skip
    ends = Case(
        When(Q(drift__ends_at=F("code__offer__ends_at")), then=Value(None)),
        When(Q(drift__ends_at=None, code__offer__ends_at=None), then=Value(None)),
        When(drift__ends_at=None, then=Value(NEVER)),
        default=F("drift__ends_at"), output_field=DateTimeField(),
    )  # fmt: skip
    rows = rows.annotate(planned_start=Coalesce("code__starts_at", "code__offer__starts_at"))
    return rows.annotate(own_starts=starts, own_ends=ends)


def _with_class(wish: DriftWish) -> QuerySet[Any]:
    """The chosen rows with `treated`: empty, or why the difference is left as it is."""
    whens = [
        When(drift__kind=str(kind), then=Value(str(reason_without_course(kind))))
        for kind in _KINDS
        if kind not in COURSES[wish.verb]
    ]
    if wish.verb == Verb.ADOPT:
        others = (
            chosen(wish.selection).filter(code_id=OuterRef("code_id")).exclude(drift__adopts=OuterRef("drift__adopts"))
        )
        whens.append(When(Exists(others), then=Value(str(LeftOut.STORES_DISAGREE))))
    else:
        back_on = [str(kind) for kind, course in COURSES[wish.verb].items() if course.to_active]
        archived = Q(code__offer__status=OfferStatus.ARCHIVED, drift__kind__in=back_on)
        whens.append(When(archived, then=Value(str(LeftOut.ARCHIVED))))
    return chosen(wish.selection).annotate(treated=Case(*whens, default=Value(""), output_field=CharField()))


def plan_drifts(wish: DriftWish) -> DriftPlan:
    """Count the classes and fingerprint them, in a constant number of statements whatever the size."""
    number = Case(
        *[When(drift__kind=str(kind), then=Value(n)) for n, kind in enumerate(_KINDS)],
        default=Value(0), output_field=BigIntegerField(),
    )  # fmt: skip
    mixed = _whole((F("pk") * Value(8) + F("number")) * Value(_SPREAD) % Value(_PRIME))
    counted = (
        _with_class(wish)
        .annotate(number=number).annotate(mixed=mixed)
        .annotate(versioned=_whole(F("mixed") * (F("drift__version") + Value(1)) % Value(_PRIME)))
        .order_by().values("code__offer_id", "drift__kind", "treated")
        .annotate(
            rows=Count("pk"), codes=Count("code_id", distinct=True), one=Sum("versioned"),
            two=Sum(_whole(F("versioned") * F("versioned") % Value(_PRIME))),
        )
        .order_by("code__offer_id", "drift__kind", "treated")
    )  # fmt: skip
    counts = list(counted)
    groups = _groups(wish, counts)
    reasons: dict[LeftOut, int] = {}
    for row in counts:
        if row["treated"]:
            reasons[LeftOut(row["treated"])] = reasons.get(LeftOut(row["treated"]), 0) + row["rows"]
    facts = [str(wish.verb), [[str(value) for value in row.values()] for row in counts]]
    return DriftPlan(
        wish=wish,
        selected=sum(row["rows"] for row in counts),
        groups=groups,
        reasons=tuple(sorted(reasons.items())),
        digest=hashlib.sha256(json.dumps(facts).encode()).hexdigest(),
        elsewhere=_elsewhere(wish) if groups and wish.verb == Verb.ADOPT else (),
        asleep=_asleep(wish) if groups else (),
    )


def _groups(wish: DriftWish, counts: list[Any]) -> tuple[DriftGroup, ...]:
    """The bulk changes to be, by offer and course. One statement more for each, of which there are few."""
    wanted = {
        (row["code__offer_id"], COURSES[wish.verb][Difference(row["drift__kind"])])
        for row in counts
        if not row["treated"]
    }
    offers = Offer.objects.in_bulk({offer_id for offer_id, _ in wanted})
    found = [
        _group(wish, offers[offer_id], course)
        for offer_id, course in sorted(wanted, key=lambda one: (offers[one[0]].name_key, one[0], str(one[1])))
    ]
    return tuple(found)


def _group(wish: DriftWish, offer: Offer, course: Course) -> DriftGroup:
    counted = group_rows(wish, offer, course).aggregate(
        codes=Count("code_id", distinct=True), members=Count("code__enrollment__member_id", distinct=True)
    )
    return DriftGroup(offer, course, counted["codes"], counted["members"])


def _elsewhere(wish: DriftWish) -> tuple[str, ...]:
    """Stores that carry a chosen code and were not chosen with it."""
    rows = _with_class(wish).filter(treated="")
    others = StoreCode.objects.filter(code_id__in=rows.values("code_id")).exclude(pk__in=rows.values("pk"))
    return tuple(
        Store.objects.filter(pk__in=others.values("store_id")).order_by("label").values_list("label", flat=True)
    )


def _asleep(wish: DriftWish) -> tuple[str, ...]:
    stores = Store.objects.filter(pk__in=_with_class(wish).filter(treated="").values("store_id"))
    return tuple(stores.filter(Q(is_on=False) | ~Q(trouble="")).order_by("label").values_list("label", flat=True))


def _whole(expression: Any) -> ExpressionWrapper[Any]:
    return ExpressionWrapper(expression, output_field=BigIntegerField())
