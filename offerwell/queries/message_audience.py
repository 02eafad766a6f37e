"""Whom a message would reach: who is meant, who of them can get it, who cannot and why, and what would stay empty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, Subquery, Value, When

from offerwell.models import Enrollment, Member, OfferStatus, PromoCode, SalesLink, Suppression
from offerwell.queries.activity import affected_members
from offerwell.queries.keyset_page import Place, beyond_name
from offerwell.queries.members import selected_members
from offerwell.queries.offer_members import selected_enrollments
from offerwell.queries.public_addresses import portal_address
from offerwell.rules.merge_fields import Field, fields_in
from offerwell.rules.message_states import LEFT_OUT
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within, selection_from_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from offerwell.models import BulkChange, Message, Offer

NO_EMAIL = "no_email"
REACHED = "waiting"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is meant: a selection, among the members of `offer` or of a crowd, or those whom `change` changed."""

    selection: MemberSelection
    offer: Offer | None = None
    change: BulkChange | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """`meant` members; of them `reached` would get it and the others not, by reason. They add up.

    `empty` maps a field of the text to how many of those reached have nothing for it, where it has no fallback.
    """

    meant: int
    reached: int
    left_out: tuple[tuple[str, int], ...] = ()
    empty: tuple[tuple[str, int], ...] = ()

    @property
    def unreached(self) -> int:
        """How many of those meant get nothing."""
        return self.meant - self.reached


def audience_of(message: Message) -> Audience:
    """The audience of a stored message."""
    return Audience(selection_from_json(message.audience), message.offer, message.change)


def audience_of_change(change: BulkChange) -> Audience:
    """Exactly the members whom a bulk change changed."""
    within = Within(Crowd.CHANGE, of=change.pk)
    return Audience(MemberSelection(filter=MemberFilter(), within=within), change.offer, change)


def audience_members(audience: Audience) -> QuerySet[Member]:
    """The members who are meant, unordered. Ids of other workspaces never match."""
    if audience.change is not None:
        return affected_members(audience.change).order_by()
    selection, offer = audience.selection, audience.offer
    if selection.ids is not None or selection.within is not None or offer is None:
        return selected_members(selection).order_by()
    meant: QuerySet[Enrollment] = selected_enrollments(offer, selection).order_by()
    return Member.objects.filter(pk__in=meant.values("member_id"))


def with_standing(members: QuerySet[Member]) -> QuerySet[Any, Any]:
    """Each member with `standing`: "waiting" for a letter, "no_email", or why the address gets none."""
    known = Suppression.objects.filter(address_key=OuterRef("email_key"))
    return members.annotate(
        standing=Case(
            When(email="", then=Value(NO_EMAIL)),
            When(Exists(known), then=Subquery(known.values("reason")[:1])),
            default=Value(REACHED), output_field=CharField(),
        )
    )  # fmt: skip


def reach_of(audience: Audience, texts: Iterable[str] = ()) -> Reach:
    """Who would get a message with these texts. One statement, however many members."""
    bare = dict.fromkeys(one.name for text in texts for one in fields_in(text) if not one.fallback)
    lacking = {name: condition for name in bare if (condition := _lacks(name, audience)) is not None}
    empties = {f"no_{name}": Count("pk", filter=lacks) for name, lacks in lacking.items()}
    rows = with_standing(audience_members(audience)).values("standing").annotate(n=Count("pk"), **empties).order_by()
    found = {row["standing"]: row for row in rows}
    left_out = tuple(sorted((name, row["n"]) for name, row in found.items() if name != REACHED))
    reached = found.get(REACHED, {})
    empty = tuple((name, reached[f"no_{name}"]) for name in lacking if reached.get(f"no_{name}"))
    return Reach(sum(row["n"] for row in found.values()), reached.get("n", 0), left_out, empty)


def _lacks(name: str, audience: Audience) -> Q | None:
    """Which members have nothing for a field; None where everybody has something."""
    if name in {"code", "codes", "link", "links"}:
        model = PromoCode if name in {"code", "codes"} else SalesLink
        return ~Q(Exists(_parts(model, audience.offer)))
    if (name in {"offer", "status"} and audience.offer is None) or (name == "portal_link" and not portal_address()):
        return Q(pk__isnull=False)
    by_column = {
        "first_name": Q(first_name=""), "last_name": Q(last_name=""), "full_name": Q(first_name="", last_name=""),
    }  # fmt: skip
    return by_column.get(name)


def _parts(model: type[PromoCode | SalesLink], offer: Offer | None) -> QuerySet[Any]:
    own = model.objects.filter(enrollment__member_id=OuterRef("pk"))
    return own.filter(offer=offer) if offer else own.filter(is_active=True, offer__status=OfferStatus.ACTIVE)


def first_members(audience: Audience, most: int = 3) -> list[Member]:
    """The first by name, for the To line."""
    return list(audience_members(audience).order_by("name_key", "pk")[:most])


def neighbour(audience: Audience, member_id: int | None, *, forward: bool = True) -> Member | None:
    """The member after (or before) this one by name; without one the first. At the end: None."""
    rows = audience_members(audience)
    here = rows.filter(pk=member_id).values_list("name_key", "pk").first() if member_id else None
    if here is None:
        return rows.order_by("name_key", "pk").first()
    name, pk = here
    if forward:
        beyond = Q(name_key__gte=name) & (Q(name_key__gt=name) | Q(pk__gt=pk))
        return rows.filter(beyond).order_by("name_key", "pk").first()
    beyond = Q(name_key__lte=name) & (Q(name_key__lt=name) | Q(pk__lt=pk))
    return rows.filter(beyond).order_by("-name_key", "-pk").first()


def member_in(audience: Audience, member_id: int | None) -> Member | None:
    """This member if meant, else the first by name."""
    rows = audience_members(audience)
    return (rows.filter(pk=member_id).first() if member_id else None) or rows.order_by("name_key", "pk").first()


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Some of the members who are meant, by name, each with `standing`; `next` leads on."""

    rows: tuple[Any, ...]
    next: Place | None


def review_rows(audience: Audience, *, after: Place | None = None, size: int = 50) -> ReviewPage:
    """Who is meant and why somebody gets nothing. One statement."""
    rows = with_standing(audience_members(audience))
    if after is not None:
        rows = rows.filter(beyond_name(after))
    found = list(rows.order_by("name_key", "pk")[: size + 1])
    last = found[size - 1] if len(found) > size else None
    for row in found:
        row.why = LEFT_OUT.get(row.standing, "")
    return ReviewPage(tuple(found[:size]), Place(last.name_key, last.pk, 0) if last else None)


def needed_fields(*texts: str) -> tuple[Field, ...]:
    """The fields that texts use."""
    return tuple(dict.fromkeys(one for text in texts for one in fields_in(text)))


def has_public_address() -> bool:
    """Whether links in a mail can lead back here."""
    return bool(settings.OFFERWELL_PUBLIC_URL)
