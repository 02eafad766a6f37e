"""The workflow of a project: its stages, one more, another name or kind, another place, and without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from offerwell.actions.add_stage import add_stage
from offerwell.actions.delete_stage import delete_stage
from offerwell.actions.edit_stage import edit_stage
from offerwell.actions.project_state import ProjectArchived, StageGone
from offerwell.actions.shift_stage import shift_stage
from offerwell.models import Project, Stage
from offerwell.queries.project_list import members_by_stage
from offerwell.rules.permissions import Action
from offerwell.rules.workflow import LONGEST_STAGE_NAME, StageKind, WorkflowRefused
from offerwell.ui.paging import number_from
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.projects.stage_views import found_stage

if TYPE_CHECKING:
    from django.http import HttpResponse

# Stages that give codes or links first: those decide whether Manage Offers is there.
KINDS = [
    ("Sales tracking", [kind for kind in StageKind if kind.is_sales_tracking]),
    ("Others", [kind for kind in StageKind if not kind.is_sales_tracking]),
]


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_PROJECTS)
def workflow(request: BrandRequest, project_id: int) -> HttpResponse:
    """The stages with a form for one more; posted, that one."""
    project = get_object_or_404(Project, pk=project_id)
    if request.method != "POST":
        return _listed(request, project)
    kind = _kind(request)
    if kind is None:
        return _listed(request, project, refusal="Choose the kind of the stage.", field="kind")
    try:
        made = add_stage(
            workspace_id=request.place.workspace_id, project=project, name=_name(request), kind=kind,
            by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except WorkflowRefused as refused:
        return _listed(request, project, refusal=str(refused), field=refused.field)
    except ProjectArchived as refused:
        return _listed(request, project, refusal=str(refused), field="name")
    messages.success(request, f"{made.name} added.")
    return HttpResponseRedirect(reverse("workflow", args=[project.pk]))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_PROJECTS)
def stage_edit(request: BrandRequest, project_id: int, stage_id: int) -> HttpResponse:
    """Name and kind; posted, the new ones."""
    stage = found_stage(project_id, stage_id)
    if request.method != "POST":
        return _editing(request, stage, {"name": stage.name, "kind": stage.kind})
    typed = {"name": _name(request), "kind": request.POST.get("kind", "")}
    kind = _kind(request)
    if kind is None:
        return _editing(request, stage, typed, refusal="Choose the kind of the stage.", field="kind")
    try:
        edit_stage(
            workspace_id=request.place.workspace_id, stage=stage, name=typed["name"], kind=kind,
            by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except WorkflowRefused as refused:
        return _editing(request, stage, typed, refusal=str(refused), field=refused.field)
    except (ProjectArchived, StageGone) as refused:
        return _editing(request, stage, typed, refusal=str(refused), field="name")
    messages.success(request, "Stage saved.")
    return HttpResponseRedirect(reverse("workflow", args=[project_id]))


@require_POST
@needs(Action.EDIT_PROJECTS)
def stage_shift(request: BrandRequest, project_id: int, stage_id: int) -> HttpResponse:
    """One place earlier or later."""
    stage = found_stage(project_id, stage_id)
    places = -1 if request.POST.get("do") == "earlier" else 1
    try:
        shift_stage(
            workspace_id=request.place.workspace_id, stage=stage, places=places, by=actor_of(request), at=timezone.now()
        )
    except (ProjectArchived, StageGone) as refused:
        messages.error(request, str(refused))
    return HttpResponseRedirect(reverse("workflow", args=[project_id]))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_PROJECTS)
def stage_delete(request: BrandRequest, project_id: int, stage_id: int) -> HttpResponse:
    """Where its members move to; posted, they are there and the stage is gone."""
    stage = found_stage(project_id, stage_id)
    if request.method != "POST":
        return _deleting(request, stage)
    chosen = Stage.objects.filter(project=project_id, pk=number_from(request.POST.get("to")) or 0).first()
    try:
        moved = delete_stage(
            workspace_id=request.place.workspace_id, stage=stage, to_stage=chosen, by=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
    except (WorkflowRefused, ProjectArchived, StageGone) as refused:
        return _deleting(request, stage, refusal=str(refused))
    told = f"{moved:,} {'member' if moved == 1 else 'members'} moved to {chosen.name}." if chosen and moved else ""
    messages.success(request, f"{stage.name} deleted. {told}".strip())
    return HttpResponseRedirect(reverse("workflow", args=[project_id]))


def _name(request: BrandRequest) -> str:
    return request.POST.get("name", "")[: 2 * LONGEST_STAGE_NAME]


def _kind(request: BrandRequest) -> StageKind | None:
    kind = request.POST.get("kind", "")
    return StageKind(kind) if kind in set(StageKind) else None


def _stages(project: Project) -> list[tuple[Stage, int]]:
    stages = list(Stage.objects.filter(project=project).order_by("position", "pk"))
    members = members_by_stage([stage.pk for stage in stages])
    return [(stage, members.get(stage.pk, 0)) for stage in stages]


def _listed(request: BrandRequest, project: Project, *, refusal: str = "", field: str = "") -> HttpResponse:
    stages = _stages(project)
    movable = [stage.pk for stage, _ in stages if stage.kind != StageKind.COMPLETED]
    shown = {
        "project": project, "stages": stages, "kinds": KINDS, "longest": LONGEST_STAGE_NAME, "refusal": refusal,
        "refused_field": field, "typed": {"name": _name(request), "kind": request.POST.get("kind", "")},
        "first": movable[0] if movable else 0, "last": movable[-1] if movable else 0, "movable": movable,
    }  # fmt: skip
    return render(request, "web/projects/workflow.html", shown, status=422 if refusal else 200)


def _editing(
    request: BrandRequest, stage: Stage, typed: dict[str, str], *, refusal: str = "", field: str = ""
) -> HttpResponse:
    shown = {
        "project": stage.project, "stage": stage, "typed": typed, "kinds": KINDS, "longest": LONGEST_STAGE_NAME,
        "refusal": refusal, "refused_field": field,
    }  # fmt: skip
    return render(request, "web/projects/stage_edit.html", shown, status=422 if refusal else 200)


def _deleting(request: BrandRequest, stage: Stage, *, refusal: str = "") -> HttpResponse:
    stages = _stages(stage.project)
    shown = {
        "project": stage.project, "stage": stage, "others": [one for one, _ in stages if one.pk != stage.pk],
        "members": {one.pk: count for one, count in stages}.get(stage.pk, 0), "refusal": refusal,
        "to": number_from(request.POST.get("to")),
    }  # fmt: skip
    return render(request, "web/projects/stage_delete.html", shown, status=422 if refusal else 200)
