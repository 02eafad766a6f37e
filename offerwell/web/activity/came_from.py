"""Where a person who confirmed a change goes back to: the offer, or the project or profile they selected on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from offerwell.models import StoredSelection
from offerwell.ui.paging import number_from

if TYPE_CHECKING:
    from offerwell.models import Offer
    from offerwell.web.needs import BrandRequest


def came_from(request: BrandRequest, offer: Offer) -> dict[str, str]:
    """`done_href` for Close; `sel` and `origin` (empty: the offer) for the steps that follow and for the page.

    The address names a selection of this person, not a path: nobody is sent elsewhere by a forged link.
    """
    own = StoredSelection.objects.filter(user=request.user, offer=offer)
    stored = own.filter(pk=number_from(request.GET.get("sel")) or 0).first()
    origin = stored.origin if stored is not None else ""
    return {
        "sel": str(stored.pk) if stored is not None and origin else "",
        "origin": origin,
        "done_href": origin or reverse("offer", args=[offer.pk]),
    }
