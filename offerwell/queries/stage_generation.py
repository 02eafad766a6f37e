"""What *Generate* in a sales tracking stage would make: who joins which offer, and the codes and links they lack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.models import Enrollment, OfferStatus, PromoCode, SalesLink
from offerwell.queries.enrollable_members import not_yet_in
from offerwell.queries.members import count_selected, selected_member_ids
from offerwell.queries.project_offers import connected_offers
from offerwell.rules.workflow import StageKind, fits_stage

if TYPE_CHECKING:
    from offerwell.models import Offer, Stage
    from offerwell.rules.selection import MemberSelection


@dataclass(frozen=True, slots=True)
class Generation:
    """What one offer would give the members. `obstacle` says why nothing can be made; empty: it can."""

    offer: Offer
    joining: int
    codes: int
    links: int
    obstacle: str = ""

    @property
    def makes_anything(self) -> bool:
        """Whether there is anything to make, and it can be made."""
        return not self.obstacle and bool(self.joining or self.codes or self.links)


def fitting_offers(stage: Stage) -> list[Offer]:
    """The offers connected now that give what members get in this stage, by name."""
    kind = StageKind(stage.kind)
    return [
        offer
        for offer in connected_offers(stage.project)
        if fits_stage(kind, has_codes=offer.has_codes, has_links=offer.has_links)
    ]


def planned_generation(stage: Stage, selection: MemberSelection) -> tuple[int, list[Generation]]:
    """How many members are meant, and what each fitting offer would give them."""
    members = count_selected(selection)
    return members, [_planned(offer, selection, members) for offer in fitting_offers(stage)]


def obstacle_of(offer: Offer) -> str:
    """Why the offer gives nothing now; empty when it does."""
    if offer.status == OfferStatus.ARCHIVED:
        return "The offer is archived. Set it to active first."
    if offer.has_codes and not offer.store_links.exists():
        return "The offer has no store for its codes. Choose one in the offer first."
    return ""


def _planned(offer: Offer, selection: MemberSelection, members: int) -> Generation:
    places = Enrollment.objects.filter(offer=offer, member_id__in=selected_member_ids(selection))
    have_code = PromoCode.objects.filter(offer=offer, enrollment_id__in=places.values("pk"))
    have_link = SalesLink.objects.filter(offer=offer, enrollment_id__in=places.values("pk"))
    return Generation(
        offer,
        joining=not_yet_in(offer, selection).order_by().count(),
        codes=members - have_code.values("enrollment_id").distinct().count() if offer.has_codes else 0,
        links=members - have_link.values("enrollment_id").distinct().count() if offer.has_links else 0,
        obstacle=obstacle_of(offer),
    )
