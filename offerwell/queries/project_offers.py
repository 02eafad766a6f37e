"""The offers of a project: connected now, formerly, and those that could be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.models import Offer, OfferStatus, ProjectOffer, Stage
from offerwell.rules.workflow import StageKind, offers_manage_offers

if TYPE_CHECKING:
    from offerwell.models import Project


def connected_offers(project: Project) -> list[Offer]:
    """Those connected now, by name."""
    links = ProjectOffer.objects.filter(project=project, disconnected_at=None)
    return list(Offer.objects.filter(pk__in=links.values("offer_id")).order_by("name_key"))


def connections(project: Project) -> tuple[list[ProjectOffer], list[ProjectOffer]]:
    """Every connection there is and was: the present ones by name, the former ones newest first."""
    links = list(ProjectOffer.objects.filter(project=project).select_related("offer"))
    present = sorted((link for link in links if link.disconnected_at is None), key=lambda link: link.offer.name_key)
    former = [link for link in links if link.disconnected_at is not None]
    return present, sorted(former, key=lambda link: (link.disconnected_at, link.pk), reverse=True)


def connectable_offers(project: Project) -> list[Offer]:
    """Those that are not connected now and not archived, by name."""
    links = ProjectOffer.objects.filter(project=project, disconnected_at=None)
    rows = Offer.objects.exclude(status=OfferStatus.ARCHIVED).exclude(pk__in=links.values("offer_id"))
    return list(rows.order_by("name_key"))


def shows_manage_offers(project: Project) -> bool:
    """Whether *Manage Offers* is there (`rules.workflow.offers_manage_offers`). Two statements."""
    kinds = [StageKind(kind) for kind in Stage.objects.filter(project=project).values_list("kind", flat=True)]
    return offers_manage_offers(kinds, ProjectOffer.objects.filter(project=project, disconnected_at=None).count())
