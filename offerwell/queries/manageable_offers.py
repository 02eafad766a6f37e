"""Which offers *Manage Offers* lists, from a project and from a member's profile.

Source: reference page, FAQ "What offers are shown when activating or deactivating offers for members within a
project?", and "for an Individual Member", step 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from offerwell.models import Enrollment, Offer, OfferStatus, ProjectOffer
from offerwell.queries.members import count_selected, selected_member_ids

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Member, Project
    from offerwell.rules.selection import MemberSelection


@dataclass(frozen=True, slots=True)
class ManageableOffer:
    """An offer to choose: so many of the `selected` members belong to it; the others will be excluded."""

    offer: Offer
    belong: int
    selected: int

    @property
    def outside(self) -> int:
        """How many of the selected are not in the offer."""
        return self.selected - self.belong


def manageable_in_project(project: Project, selection: MemberSelection) -> list[ManageableOffer]:
    """Offers connected to the project now that a selected member belongs to, by name. Three statements.

    Whatever the status of the offer and of the codes and links; codes and links alike. Not: offers the members
    belong to elsewhere, nor formerly connected ones.
    """
    links = ProjectOffer.objects.filter(project=project, disconnected_at=None)
    return _manageable(Q(pk__in=links.values("offer_id")), selection)


def manageable_of_member(member: Member, selection: MemberSelection, *, at: datetime) -> list[ManageableOffer]:
    """The active offers that the member belongs to, by name: set to active, and inside their dates."""
    began, ends = Q(starts_at=None) | Q(starts_at__lte=at), Q(ends_at=None) | Q(ends_at__gt=at)
    places = Enrollment.objects.filter(member=member)
    return _manageable(Q(pk__in=places.values("offer_id"), status=OfferStatus.ACTIVE) & began & ends, selection)


def _manageable(which: Q, selection: MemberSelection) -> list[ManageableOffer]:
    offers = {offer.pk: offer for offer in Offer.objects.filter(which).order_by("name_key")}
    places = Enrollment.objects.filter(
        offer_id__in=list(offers), member_id__in=selected_member_ids(selection)
    ).order_by()
    belong = dict(places.values_list("offer_id").annotate(n=Count("pk")))
    total = count_selected(selection)
    return [ManageableOffer(offer, belong[pk], total) for pk, offer in offers.items() if pk in belong]
