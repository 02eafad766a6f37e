"""One member: who it is, where it belongs, and its codes and links in every offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.models import Enrollment, Group, Placement, SocialHandle, Tag
from offerwell.queries.member_statuses import parts_of_places
from offerwell.queries.offer_list import OfferSeen, offer_seen

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Member, Offer
    from offerwell.queries.member_statuses import SeenPart

# Nobody belongs to more offers or projects than a page can show, by reason; by chance somebody may.
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class OfferOfMember:
    """An offer the member belongs to, with the codes, then the links, that the member has there."""

    enrollment: Enrollment
    status: OfferSeen
    parts: tuple[SeenPart, ...]

    @property
    def offer(self) -> Offer:
        """The offer itself."""
        return self.enrollment.offer


@dataclass(frozen=True, slots=True)
class MemberProfile:
    """All of it but what happened (`member_activity`). Offers that run now come first, each kind by name."""

    member: Member
    handles: tuple[SocialHandle, ...]
    groups: tuple[Group, ...]
    tags: tuple[Tag, ...]
    placements: tuple[Placement, ...]
    offers: tuple[OfferOfMember, ...]

    @property
    def has_active_offer(self) -> bool:
        """Whether *Manage Offers* has an offer to choose (reference page, "Within a Member's Profile", step 4)."""
        return any(one.status == OfferSeen.ACTIVE for one in self.offers)


def member_profile(member: Member, *, at: datetime) -> MemberProfile:
    """Eight statements at most, however much the member has."""
    places = Placement.objects.filter(member=member).select_related("project", "stage")
    return MemberProfile(
        member=member,
        handles=tuple(SocialHandle.objects.filter(member=member).order_by("pk")),
        groups=tuple(Group.objects.filter(member_links__member=member).order_by("key")),
        tags=tuple(Tag.objects.filter(member_links__member=member).order_by("key")),
        placements=tuple(places.order_by("project__name_key")[:MOST_SHOWN]),
        offers=_offers(member, at=at),
    )


def _offers(member: Member, *, at: datetime) -> tuple[OfferOfMember, ...]:
    found = Enrollment.objects.filter(member=member).select_related("offer").order_by("offer__name_key")[:MOST_SHOWN]
    places = list(found)
    parts = parts_of_places({place.pk: place.offer for place in places}, at=at)
    rows = [OfferOfMember(place, offer_seen(place.offer, at=at), parts[place.pk]) for place in places]
    return tuple(sorted(rows, key=lambda one: one.status != OfferSeen.ACTIVE))
