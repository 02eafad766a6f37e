"""The selected members of an offer, a few at a time, each with what a change would do to their parts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db.models import BigIntegerField, Exists, ExpressionWrapper, F, OuterRef, Subquery, Value

from offerwell.models import ChangeKind, Enrollment, OfferPart, StoreCode
from offerwell.models.id_list import id_rows
from offerwell.queries.keyset_page import Place, beyond_name
from offerwell.queries.members import count_selected, many_in_crowd, selected_members
from offerwell.queries.offer_members import enrollments_matching, selected_enrollments
from offerwell.queries.payouts import option_names
from offerwell.queries.planned_change import planned_rows
from offerwell.rules.offer_status import Planned
from offerwell.rules.selection import MemberSelection

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import Member, Offer
    from offerwell.queries.planned_change import Wish

FIRST_SHOWN = 8
MORE_SHOWN = 50
TROUBLED_UP_TO = 1_000


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """A code or link, its intent now, and what the change does to it (`Planned`). Of a payout the option's name."""

    text: str
    is_active: bool
    outcome: str


@dataclass(frozen=True, slots=True)
class SelectedRow:
    """A selected member in the offer; without parts there is nothing to change."""

    member: Member
    parts: tuple[PlannedPart, ...]


@dataclass(frozen=True, slots=True)
class SelectedPage:
    """Some of the selected members by name; `next` leads on."""

    rows: tuple[SelectedRow, ...]
    next: Place | None


def selected_page(wish: Wish, *, at: datetime, after: Place | None = None, size: int = FIRST_SHOWN) -> SelectedPage:
    """The selected members after `after`, in two statements."""
    assert wish.selection is not None  # noqa: S101  only a wish with a selection is shown member by member
    chosen = _by_name(wish.offer, wish.selection)
    if after is not None:
        chosen = chosen.filter(beyond_name(after))
    found = list(chosen.select_related("member").order_by("name_key", "pk")[: size + 1])
    has_more = len(found) > size
    found = found[:size]
    last = found[-1] if has_more else None
    return SelectedPage(_rows(wish, found, at=at), Place(last.name_key, last.pk, 0) if last else None)


def selected_count(offer: Offer, selection: MemberSelection) -> int:
    """How many members are selected; ids of other workspaces are nobody."""
    if selection.ids is not None or selection.within is not None:
        return count_selected(selection)
    return selected_enrollments(offer, selection).order_by().count()


@dataclass(frozen=True, slots=True)
class Outside:
    """Selected members who are not in the offer: the first of them by name, and how many more there are."""

    rows: tuple[Member, ...]
    more: int


def members_outside(wish: Wish, count: int, *, most: int = MORE_SHOWN) -> Outside:
    """The `count` members whom the plan left out because they are not in the offer, in one statement."""
    assert wish.selection is not None  # noqa: S101  nobody is left out of an undo like that
    inside = selected_enrollments(wish.offer, wish.selection).order_by().values("member_id")
    rows = tuple(selected_members(wish.selection).exclude(pk__in=inside).order_by("name_key", "pk")[:most])
    return Outside(rows, max(count - len(rows), 0))


def troubled_codes(wish: Wish, *, at: datetime, among: Planned = Planned.WILL_CHANGE) -> int:
    """How many codes of one class have trouble in a store, counted no further than one above the limit.

    Those that would change may fail again; those that are already so are repaired by asking again (ADR 0009).

    It starts from the few rows with a problem, never from the selection, which is not asked where there are none.
    """
    if wish.part != OfferPart.CODES or wish.kind != ChangeKind.STATUS:
        return 0
    stores = list(wish.offer.store_links.values_list("store_id", flat=True))
    troubled = StoreCode.objects.exclude(problem="").filter(store_id__in=stores, code__offer=wish.offer).order_by()
    if not troubled.exists():
        return 0
    changing = planned_rows(wish, at=at).filter(outcome=among, pk=OuterRef("code_id")).order_by()
    return troubled.filter(Exists(changing)).values("code_id").distinct()[: TROUBLED_UP_TO + 1].count()


def _by_name(offer: Offer, selection: MemberSelection) -> QuerySet[Enrollment]:
    """The selected enrollments, told so that a database walks them by name and stops after a page.

    Of a large crowd each is asked for by a sub-select, which no planner turns into a join of all of them.
    `id + 0` hides the bound from the planner: it would read and sort a million rows by the index of ids.
    """
    bound = ExpressionWrapper(F("pk") + Value(0), output_field=BigIntegerField())
    crowd = many_in_crowd(selection)
    if crowd is not None:
        own = Subquery(crowd.filter(member_id=OuterRef("member_id")).values("pk")[:1])
        rows = Enrollment.objects.filter(offer=offer).alias(own=own, bound=bound).filter(own__isnull=False)
        return rows if selection.up_to is None else rows.filter(bound__lte=selection.up_to)
    if selection.filter is None or selection.within is not None:
        return selected_enrollments(offer, selection)
    rows = enrollments_matching(offer, selection.filter).alias(bound=bound).filter(bound__lte=selection.up_to)
    return rows.exclude(member_id__in=id_rows(selection.exclude)) if selection.exclude else rows


def _rows(wish: Wish, found: list[Enrollment], *, at: datetime) -> tuple[SelectedRow, ...]:
    if not found:
        return ()
    if wish.kind == ChangeKind.PAYOUT:
        return _paid_rows(wish, found, at=at)
    parts: dict[int, tuple[PlannedPart, ...]] = {}
    own = planned_rows(_only(wish, found), at=at)
    meant = own.filter(enrollment_id__in=[row.pk for row in found]).order_by("pk")
    for part in meant:
        planned = PlannedPart(str(part), part.is_active, part.outcome)
        parts[part.enrollment_id] = (*parts.get(part.enrollment_id, ()), planned)
    return tuple(SelectedRow(row.member, parts.get(row.pk, ())) for row in found)


def _only(wish: Wish, found: list[Enrollment]) -> Wish:
    """The wish for these few, who were found selected: nobody asks that once more."""
    return replace(wish, selection=MemberSelection(ids=tuple(row.member_id for row in found)))


def _paid_rows(wish: Wish, found: list[Enrollment], *, at: datetime) -> tuple[SelectedRow, ...]:
    """Each member with the option it has now."""
    names = option_names(wish.offer)
    meant = planned_rows(_only(wish, found), at=at)
    outcomes = dict(meant.values_list("pk", "outcome"))
    return tuple(
        SelectedRow(row.member, (PlannedPart(names.get(row.payout_option_id or 0, "–"), True, outcomes[row.pk]),))
        for row in found
        if row.pk in outcomes
    )
