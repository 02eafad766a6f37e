"""The person's own links to single pages of a shop, where the offer lets members make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from offerwell.actions.make_deep_link import MOST_LINKS, DeepLinkRefused, make_deep_link
from offerwell.portal.gate import creators_only
from offerwell.portal.offer_views import own_offer_or_404
from offerwell.portal.page import portal_page
from offerwell.rules.permissions import Actor
from offerwell.rules.web_address import allowed_domains
from offerwell.ui.paging import number_from

if TYPE_CHECKING:
    from django.http import HttpResponse

    from offerwell.portal.gate import PortalRequest
    from offerwell.queries.creator_offers import OwnOffer


@require_http_methods(["GET", "HEAD", "POST"])
@creators_only
def portal_links(request: PortalRequest, enrollment_id: int) -> HttpResponse:
    """The links, and a form for one more (GET); or make it (POST). An offer without such links has no such page."""
    own = own_offer_or_404(request, enrollment_id)
    if not own.may_make_links and not own.deep_links:
        raise Http404
    if request.method == "POST":
        return _made(request, own)
    return _links_page(request, own)


def _made(request: PortalRequest, own: OwnOffer) -> HttpResponse:
    page = request.POST.get("page", "")
    by = Actor(name=own.enrollment.member.name, door="portal")
    try:
        made = make_deep_link(enrollment=own.enrollment, page=page, by=by, at=request.at, by_member=True)
    except DeepLinkRefused as refused:
        return _links_page(request, own, page=page, refusal=str(refused), status=422)
    address = reverse("portal_links", args=[own.enrollment.pk])
    return HttpResponseRedirect(f"{address}?made={made.pk}#links-{made.pk}")


def _links_page(request: PortalRequest, own: OwnOffer, *, status: int = 200, **typed: str) -> HttpResponse:
    made = number_from(request.GET.get("made"))
    shown = {
        "own": own,
        "may_make": own.may_make_links,
        "is_made": any(link.pk == made for link in own.deep_links),
        "domains": ", ".join(sorted(allowed_domains(own.offer.destination, own.offer.extra_domains))),
        "is_full": len(own.links) >= MOST_LINKS,
        "most": MOST_LINKS,
        **typed,
    }
    return portal_page(request, "links.html", shown, tab="offers", status=status)
