"""The offers of a project: connect, disconnect, and who did so when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from offerwell.actions.connect_offer import CannotConnect, connect_offer
from offerwell.actions.disconnect_offer import disconnect_offer
from offerwell.actions.project_state import ProjectArchived
from offerwell.models import Offer, Project, ProjectStatus
from offerwell.queries.project_offers import connectable_offers, connections
from offerwell.rules.permissions import Action, may
from offerwell.ui.paging import number_from
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_safe
@needs(Action.VIEW)
def project_offers(request: BrandRequest, project_id: int) -> HttpResponse:
    """The connections there are and were."""
    return _listed(request, get_object_or_404(Project, pk=project_id))


@require_POST
@needs(Action.EDIT_PROJECTS)
def connect(request: BrandRequest, project_id: int) -> HttpResponse:
    """Connect one more offer."""
    project = get_object_or_404(Project, pk=project_id)
    offer = _chosen(request)
    if offer is None:
        return _listed(request, project, refusal="Choose an offer to connect.", status=422)
    try:
        is_new = connect_offer(
            workspace_id=request.place.workspace_id, project=project, offer=offer, by=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
    except (CannotConnect, ProjectArchived) as refused:
        return _listed(request, project, refusal=str(refused), status=422)
    messages.success(request, f"{offer.name} connected." if is_new else f"{offer.name} was connected already.")
    return HttpResponseRedirect(reverse("project_offers", args=[project.pk]))


@require_POST
@needs(Action.EDIT_PROJECTS)
def disconnect(request: BrandRequest, project_id: int) -> HttpResponse:
    """Disconnect one offer. What runs goes on, and it says so."""
    project = get_object_or_404(Project, pk=project_id)
    offer = _chosen(request)
    if offer is None:
        return _listed(request, project, refusal="Choose an offer to disconnect.", status=422)
    try:
        is_done = disconnect_offer(
            workspace_id=request.place.workspace_id, project=project, offer=offer, by=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
    except ProjectArchived as refused:
        return _listed(request, project, refusal=str(refused), status=422)
    told = f"{offer.name} disconnected. Its members, codes and links stay as they are, and a change that runs goes on."
    messages.success(request, told if is_done else f"{offer.name} was disconnected already.")
    return HttpResponseRedirect(reverse("project_offers", args=[project.pk]))


def _chosen(request: BrandRequest) -> Offer | None:
    found: Offer | None = Offer.objects.filter(pk=number_from(request.POST.get("offer")) or 0).first()
    return found


def _listed(request: BrandRequest, project: Project, *, refusal: str = "", status: int = 200) -> HttpResponse:
    present, former = connections(project)
    is_open = project.status == ProjectStatus.ACTIVE
    shown = {
        "project": project,
        "present": present,
        "former": former,
        "connectable": connectable_offers(project),
        "may_edit": is_open and may(request.place.role, Action.EDIT_PROJECTS),
        "refusal": refusal,
    }
    return render(request, "web/projects/offers.html", shown, status=status)
