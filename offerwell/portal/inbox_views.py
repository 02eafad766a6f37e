"""The letters of the person's brands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from offerwell.actions.mark_letter_read import mark_letter_read
from offerwell.portal.gate import creators_only
from offerwell.portal.page import portal_page
from offerwell.queries.creator_inbox import inbox_page, own_letter
from offerwell.ui.paging import number_from

if TYPE_CHECKING:
    from django.http import HttpResponse

    from offerwell.portal.gate import PortalRequest
    from offerwell.queries.creator_inbox import OwnLetter


@require_safe
@creators_only
def portal_inbox(request: PortalRequest) -> HttpResponse:
    """The letters, newest first."""
    before = number_from(request.GET.get("before"))
    shown = {"page": inbox_page(request.person.member_ids, before=before), "is_first": before is None}
    return portal_page(request, "inbox.html", shown, tab="inbox")


@require_safe
@creators_only
def portal_letter(request: PortalRequest, letter_id: int) -> HttpResponse:
    """One letter. Opening it changes nothing; the page then says that it was read."""
    return portal_page(request, "letter.html", {"letter": _letter(request, letter_id)}, tab="inbox")


@require_POST
@creators_only
def portal_letter_read(request: PortalRequest, letter_id: int) -> HttpResponse:
    """It was read."""
    letter = _letter(request, letter_id)
    mark_letter_read(workspace_id=letter.brand.pk, letter_id=letter.pk, at=request.at)
    return HttpResponseRedirect(reverse("portal_inbox"))


def _letter(request: PortalRequest, letter_id: int) -> OwnLetter:
    found = own_letter(request.person.member_ids, letter_id)
    if found is None:
        raise Http404
    return found
