"""Settings › Sales links: the brand's own hosts, the visitors' cookie, where unknown links lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from offerwell.actions.set_link_settings import LinkSettingsRefused, LinkWishes, set_link_settings
from offerwell.queries.sales_links import link_base, own_hosts
from offerwell.rules.permissions import Action
from offerwell.rules.redirect import COOKIE_DAYS
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse

    from offerwell.models import Workspace


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_SETTINGS)
def link_settings(request: BrandRequest) -> HttpResponse:
    """The form; saved, it shows what is so now."""
    workspace = request.place.workspace
    if request.method != "POST":
        return _shown(request, _stored(workspace), {})
    wishes = LinkWishes(
        hosts=tuple(request.POST.get("hosts", "").splitlines()), uses_cookie=request.POST.get("uses_cookie") == "on",
        unknown_to=request.POST.get("unknown_to", ""),
    )  # fmt: skip
    try:
        set_link_settings(workspace_id=workspace.pk, wishes=wishes, by=actor_of(request), at=timezone.now())
    except LinkSettingsRefused as refused:
        return _shown(request, wishes, refused.problems, status=422)
    messages.success(request, "Saved. Links follow within a second.")
    return HttpResponseRedirect(reverse("link_settings"))


def _stored(workspace: Workspace) -> LinkWishes:
    return LinkWishes(own_hosts(), workspace.uses_click_cookie, workspace.unknown_link_to)


def _shown(
    request: BrandRequest, wishes: LinkWishes, problems: Mapping[str, str], *, status: int = 200
) -> HttpResponse:
    shown = {
        "wishes": wishes,
        "hosts": "\n".join(wishes.hosts),
        "problems": problems,
        "base": link_base(),
        "cookie_days": COOKIE_DAYS,
    }
    return render(request, "web/links/link_settings.html", shown, status=status)
