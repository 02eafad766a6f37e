"""Names proposed for the codes of an offer, and who still lacks a code or a link."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from offerwell.models import CodeHistory, Enrollment, Offer, PromoCode, SalesLink, SocialHandle
from offerwell.rules.code_names import CodeNamer, NamePattern, NameSource, fold, parse_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class Place:
    """One enrollment with what its names are made of."""

    enrollment_id: int
    member_id: int
    name: str
    email: str
    source: NameSource
    lacks_code: bool
    lacks_link: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """A member of the offer and the code proposed for them; empty when only a link is missing."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Lacking:
    """How much generating everything would make."""

    members: int
    codes: int
    links: int


def lacking(offer: Offer) -> Lacking:
    """What members of the offer still lack, counted by the index of codes and of links."""
    places = Enrollment.objects.filter(offer=offer).count()
    codes = places - _places_with(PromoCode, offer) if offer.has_codes else 0
    links = places - _places_with(SalesLink, offer) if offer.has_links else 0
    return Lacking(members=_lacking_any(offer, places, codes, links), codes=codes, links=links)


def _places_with(part: type[PromoCode | SalesLink], offer: Offer) -> int:
    return part.objects.filter(offer=offer).values("enrollment_id").distinct().count()


def _lacking_any(offer: Offer, places: int, codes: int, links: int) -> int:
    """Only where some lack the one and some the other must the members be looked at."""
    if 0 in {codes, links} or places in {codes, links}:
        return max(codes, links)
    return incomplete(offer).count()


def incomplete(offer: Offer) -> QuerySet[Enrollment]:
    """The enrollments without a code or link that the offer gives, unordered."""
    wanted = Q(pk__in=[])
    if offer.has_codes:
        wanted |= _lacks_code(offer)
    if offer.has_links:
        wanted |= _lacks_link(offer)
    return Enrollment.objects.filter(wanted, offer=offer)


def places_of(rows: QuerySet[Enrollment], offer: Offer, *, needs_handle: bool) -> list[Place]:
    """The places of these enrollments, in their order. Two queries."""
    lacks_code = _lacks_code(offer) if offer.has_codes else Q(pk__in=[])
    lacks_link = _lacks_link(offer) if offer.has_links else Q(pk__in=[])
    names = ("member__first_name", "member__last_name", "member__email")
    marked = rows.annotate(lacks_code=lacks_code, lacks_link=lacks_link)
    found = list(marked.values_list("pk", "member_id", *names, "lacks_code", "lacks_link"))
    nameless = [row[1] for row in found if needs_handle or not (fold(row[2]) or fold(row[3]))]
    handles = _first_handles(nameless)
    return [
        Place(
            enrollment_id=row[0], member_id=row[1], name=f"{row[2]} {row[3]}".strip() or row[4], email=row[4],
            source=NameSource(row[2], row[3], handles.get(row[1], "")), lacks_code=bool(row[5]),
            lacks_link=bool(row[6]),
        )
        for row in found
    ]  # fmt: skip


def propose_codes(offer: Offer, *, pattern: str, limit: int) -> list[Proposal]:
    """The first `limit` members that lack something, with free names. Raises InvalidPattern."""
    parsed = parse_pattern(pattern_or_default(pattern, offer), discount=offer.discount_number)
    places = places_of(incomplete(offer).order_by("pk")[:limit], offer, needs_handle=parsed.needs_handle)
    named = [place for place in places if place.lacks_code]
    names = CodeNamer(parsed, os.urandom).names([place.source for place in named], taken_codes)
    texts = {place.enrollment_id: text for place, text in zip(named, names, strict=True)}
    return [Proposal(place, texts.get(place.enrollment_id, "")) for place in places]


def pattern_or_default(pattern: str, offer: Offer) -> str:
    """The pattern asked for, else the offer's, else the default."""
    return pattern or offer.code_pattern or NamePattern.FIRST_NAME_DISCOUNT


def taken_codes(keys: Sequence[str]) -> AbstractSet[str]:
    """Those of `keys` (upper-case) that are codes of the workspace now, or ever were: orders may still name them."""
    found: set[str] = set()
    for start in range(0, len(keys), 10_000):
        part = keys[start : start + 10_000]
        found.update(PromoCode.objects.filter(text_key__in=part).values_list("text_key", flat=True))
        found.update(CodeHistory.objects.filter(text_key__in=part).values_list("text_key", flat=True))
    return found


def _first_handles(member_ids: list[int]) -> dict[int, str]:
    if not member_ids:
        return {}
    rows = SocialHandle.objects.filter(member_id__in=member_ids).order_by("-pk")
    return dict(rows.values_list("member_id", "handle"))


def _lacks_code(offer: Offer) -> Q:
    return Q(~Exists(PromoCode.objects.filter(offer=offer, enrollment=OuterRef("pk"))))


def _lacks_link(offer: Offer) -> Q:
    return Q(~Exists(SalesLink.objects.filter(offer=offer, enrollment=OuterRef("pk"))))
