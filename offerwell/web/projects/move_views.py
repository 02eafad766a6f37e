"""Move to Stage, Skip, Remove from project: see how many, then do it. A dialog, or pages without JavaScript."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from offerwell.actions.move_members import NobodyToMove, NoStageAfter, move_members, skip_stage
from offerwell.actions.project_state import ProjectArchived, StageGone, workflow_of
from offerwell.actions.record_move import MoveKeyReused
from offerwell.actions.remove_from_project import remove_from_project
from offerwell.models import Stage, StoredSelection
from offerwell.queries.project_members import selected_places
from offerwell.queries.stage_generation import fitting_offers
from offerwell.rules.permissions import Action, may
from offerwell.rules.selection import selection_from_json
from offerwell.rules.workflow import following
from offerwell.ui.paging import number_from
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.projects.stage_views import found_stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from offerwell.models import StageMove

_REFUSALS = (NobodyToMove, NoStageAfter, ProjectArchived, StageGone, MoveKeyReused)
_LONGEST_KEY = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """Who does what: the stage they are in, the stored selection, and how many of it are in the stage now."""

    stage: Stage
    stored: StoredSelection
    members: int


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.MOVE_MEMBERS)
def move_to_stage(request: BrandRequest, project_id: int, stage_id: int, selection_id: int) -> HttpResponse:
    """Choose the stage; posted, they are there."""
    asked = _asked(request, project_id, stage_id, selection_id)
    if request.method != "POST":
        return _shown(request, asked, "move")
    chosen = number_from(request.POST.get("to"))
    to_stage = Stage.objects.filter(project=project_id, pk=chosen or 0).exclude(pk=stage_id).first()
    if to_stage is None:
        return _shown(request, asked, "move", refusal="Choose the stage they move to.", status=422)
    moving = partial(move_members, to_stage=to_stage)
    return _done(request, asked, "move", moving, lambda move: f"moved to {move.to_name}")


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.MOVE_MEMBERS)
def skip(request: BrandRequest, project_id: int, stage_id: int, selection_id: int) -> HttpResponse:
    """Where they go; posted, they are there, marked as skipped."""
    asked = _asked(request, project_id, stage_id, selection_id)
    if request.method != "POST":
        return _shown(request, asked, "skip")
    return _done(
        request, asked, "skip", skip_stage, lambda move: f"skipped {move.from_name}, now in {move.to_name}"
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.MOVE_MEMBERS)
def remove(request: BrandRequest, project_id: int, stage_id: int, selection_id: int) -> HttpResponse:
    """What stays; posted, they are out of the project."""
    asked = _asked(request, project_id, stage_id, selection_id)
    if request.method != "POST":
        return _shown(request, asked, "remove")
    return _done(
        request, asked, "remove", remove_from_project, lambda _move: f"removed from {asked.stage.project.name}"
    )  # fmt: skip


def _done(
    request: BrandRequest, asked: Asked, kind: str, act: Callable[..., StageMove], told: Callable[[StageMove], str]
) -> HttpResponse:
    """Let `act` move the selected members, then say what happened; or show why not. Nothing moved then."""
    try:
        move = act(
            workspace_id=request.place.workspace_id, stage=asked.stage,
            selection=selection_from_json(asked.stored.body), key=_key(request), by=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
    except _REFUSALS as refused:
        return _shown(request, asked, kind, refusal=str(refused), status=409)
    members = "1 member" if move.members == 1 else f"{move.members:,} members"
    return _moved(request, asked, move, f"{members} {told(move)}.")


def _asked(request: BrandRequest, project_id: int, stage_id: int, selection_id: int) -> Asked:
    """The person's own selection; anybody else's is not there."""
    stage = found_stage(project_id, stage_id)
    stored = get_object_or_404(StoredSelection, user=request.user, offer=None, pk=selection_id)
    return Asked(stage, stored, selected_places(stage, selection_from_json(stored.body)).count())


def _key(request: BrandRequest) -> str:
    """The form's key; one without it is a move of its own."""
    return request.POST.get("key", "")[:_LONGEST_KEY] or f"web-{secrets.token_urlsafe(18)}"


def _moved(request: BrandRequest, asked: Asked, move: StageMove, told: str) -> HttpResponse:
    """On to Generate where members get codes or links, else back to where they were selected."""
    to_stage = move.to_stage
    if to_stage is not None and to_stage.is_sales_tracking and may(request.place.role, Action.EDIT_OFFERS):
        to_stage.project = asked.stage.project
        if fitting_offers(to_stage):
            address = reverse("stage_generate", args=[to_stage.project_id, to_stage.pk])
            return HttpResponseRedirect(f"{address}?move={move.pk}&back={asked.stored.pk}")
    messages.success(request, told)
    return _back(request, asked)


def _back(request: BrandRequest, asked: Asked) -> HttpResponse:
    address = asked.stored.origin or reverse("stage", args=[asked.stage.project_id, asked.stage.pk])
    return HttpResponseClientRedirect(address) if request.htmx else HttpResponseRedirect(address)  # type: ignore[attr-defined]


def _shown(request: BrandRequest, asked: Asked, kind: str, *, refusal: str = "", status: int = 200) -> HttpResponse:
    stage = asked.stage
    stages = list(Stage.objects.filter(project=stage.project_id).order_by("position", "pk"))
    shown: dict[str, Any] = {
        "kind": kind,
        "project": stage.project,
        "stage": stage,
        "stored": asked.stored,
        "members": asked.members,
        "others": [one for one in stages if one.pk != stage.pk],
        "after": following(workflow_of(stage.project), stage.pk),
        "to": number_from(request.POST.get("to")),
        "key": _key(request),
        "back_href": asked.stored.origin or reverse("stage", args=[stage.project_id, stage.pk]),
        "refusal": refusal,
    }
    template = "web/projects/move.html" if request.htmx else "web/projects/move_page.html"  # type: ignore[attr-defined]
    return render(request, template, shown, status=status)
