"""What creators are told of changes; off until somebody wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from offerwell.actions.set_creator_notice import set_creator_notice
from offerwell.rules.creator_notice import InvalidNotice, checked_notice
from offerwell.rules.permissions import Action
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from django.http import HttpResponse

_LONGEST = 20


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_SETTINGS)
def creator_portal(request: BrandRequest) -> HttpResponse:
    """Reasons and notice."""
    if request.method == "POST":
        return _saved(request)
    workspace = request.place.workspace
    hours = workspace.notice_hours
    is_days = hours is not None and hours % 24 == 0
    shown = "" if hours is None else str(hours // 24 if is_days else hours)
    return _page(request, tells=workspace.tells_reasons, notice=shown, unit="days" if is_days else "hours")


def _saved(request: BrandRequest) -> HttpResponse:
    tells = "tells_reasons" in request.POST
    notice, unit = request.POST.get("notice", "").strip()[:_LONGEST], request.POST.get("unit", "hours")
    try:
        hours = checked_notice(notice, unit)
    except InvalidNotice as refused:
        return _page(request, tells=tells, notice=notice, unit=unit, refusal=str(refused), status=422)
    set_creator_notice(
        workspace_id=request.place.workspace_id, tells_reasons=tells, notice_hours=hours, by=actor_of(request),
        at=timezone.now(),
    )  # fmt: skip
    messages.success(request, "Saved.")
    return HttpResponseRedirect(reverse("creator_portal"))


def _page(
    request: BrandRequest, *, tells: bool, notice: str, unit: str, refusal: str = "", status: int = 200
) -> HttpResponse:
    address = request.build_absolute_uri(reverse("portal_home"))
    shown = {"tells": tells, "notice": notice, "unit": unit, "refusal": refusal, "address": address}
    return render(request, "web/portal_settings/creator_portal.html", shown, status=status)
