"""Add members to a project: ticked, all that match, a pasted list, or a stored selection. See the count, then add."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from offerwell.actions.add_to_project import add_to_project as add_members
from offerwell.actions.project_state import ProjectArchived, StageGone
from offerwell.models import Project, ProjectStatus, Stage, StoredSelection
from offerwell.queries.members import count_selected
from offerwell.queries.project_joining import placed_in, who_would_come
from offerwell.queries.project_list import project_rows
from offerwell.queries.project_members import newest_move
from offerwell.rules.permissions import Action, may
from offerwell.rules.selection import InvalidSelection, MemberSelection, selection_from_json
from offerwell.ui.paging import number_from
from offerwell.ui.selection_form import filter_fields
from offerwell.web.members.member_screen import member_picker
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.offers.enroll_views import Chosen, PasteRefused, chosen_from

if TYPE_CHECKING:
    from django.http import HttpResponse, QueryDict


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.MOVE_MEMBERS)
def project_add(request: BrandRequest, project_id: int) -> HttpResponse:
    """Choose, then look at the count and the stage, then add."""
    project = get_object_or_404(Project, pk=project_id)
    if request.method != "POST":
        return _list(request, project, request.GET)
    try:
        chosen = chosen_from(request.POST)
    except InvalidSelection as refused:
        return _list(request, project, request.POST, refusal=str(refused), status=422)
    except PasteRefused as refused:
        return _list(request, project, request.POST, paste_refusal=str(refused), bad=refused.pasted.bad, status=422)
    if request.POST.get("step") != "add":
        return _preview(request, project, chosen)
    stage = _stage(request, project)
    if stage is None:
        return _preview(request, project, chosen, refusal="Choose the stage they come into.", status=422)
    return _added(request, stage, chosen)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.MOVE_MEMBERS)
def add_to_project(request: BrandRequest, selection_id: int) -> HttpResponse:
    """The members of a stored selection: choose the project and its stage; posted, they are there."""
    stored = get_object_or_404(StoredSelection, user=request.user, offer=None, pk=selection_id)
    projects = [row.project for row in project_rows()]
    if request.method != "POST":
        return _choosing(request, stored, projects)
    chosen = Stage.objects.select_related("project").filter(project__status=ProjectStatus.ACTIVE)
    stage = chosen.filter(pk=number_from(request.POST.get("stage")) or 0).first()
    if stage is None:
        return _choosing(
            request, stored, projects, refusal="Choose a project and the stage they come into.", status=422
        )
    return _added(request, stage, Chosen(selection_from_json(stored.body)))


def _stage(request: BrandRequest, project: Project) -> Stage | None:
    wanted = number_from(request.POST.get("stage")) or 0
    found: Stage | None = Stage.objects.select_related("project").filter(project=project, pk=wanted).first()
    return found


def _added(request: BrandRequest, stage: Stage, chosen: Chosen) -> HttpResponse:
    try:
        added = add_members(
            workspace_id=request.place.workspace_id, stage=stage, selection=chosen.selection, by=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
    except (ProjectArchived, StageGone) as refused:
        return _list(request, stage.project, request.POST, refusal=str(refused), status=409)
    members = "1 member" if added.added == 1 else f"{added.added:,} members"
    was = (
        f" {added.already:,} {'was' if added.already == 1 else 'were'} in the project already." if added.already else ""
    )
    messages.success(request, f"{members} added to {stage.project.name}, stage {stage.name}.{was}")
    address = reverse("project", args=[stage.project_id])
    if added.move is not None and stage.is_sales_tracking and may(request.place.role, Action.EDIT_OFFERS):
        address = f"{reverse('stage_generate', args=[stage.project_id, stage.pk])}?move={added.move.pk}"
    return HttpResponseClientRedirect(address) if request.htmx else HttpResponseRedirect(address)  # type: ignore[attr-defined]


def _list(
    request: BrandRequest, project: Project, fields: QueryDict, *, status: int = 200, **said: object
) -> HttpResponse:  # fmt: skip
    screen = member_picker(fields, f"{request.user.pk}-project-{project.pk}-{newest_move()}")
    inside = placed_in(project, [row.member.pk for row in screen["page"].rows])
    shown = {**screen, "project": project, "inside": inside, **said}
    return render(request, "web/projects/add.html", shown, status=status)


def _preview(
    request: BrandRequest, project: Project, chosen: Chosen, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    selection = chosen.selection
    shown = {
        "project": project,
        "stages": list(Stage.objects.filter(project=project).order_by("position", "pk")),
        "to": number_from(request.POST.get("stage")),
        "joining": who_would_come(project, selection),
        "bad": chosen.pasted.bad,
        "refusal": refusal,
        **_hidden(selection),
    }
    return render(request, "web/projects/add_preview.html", shown, status=status)


def _hidden(selection: MemberSelection) -> dict[str, object]:
    """The selection as hidden fields of the form that adds it."""
    return {
        "ids": ",".join(map(str, selection.ids or ())),
        "is_all": selection.filter is not None,
        "filter_fields": filter_fields(selection.filter) if selection.filter else {},
        "exclude": ",".join(map(str, selection.exclude)),
        "up_to": selection.within and selection.within.up_to,
    }


def _choosing(
    request: BrandRequest, stored: StoredSelection, projects: list[Project], *, refusal: str = "", status: int = 200
) -> HttpResponse:
    stages = Stage.objects.filter(project__in=projects).order_by("position", "pk")
    by_project: dict[int, list[Stage]] = {}
    for stage in stages:
        by_project.setdefault(stage.project_id, []).append(stage)
    shown = {
        "stored": stored,
        "choices": [(project, by_project.get(project.pk, [])) for project in projects],
        "members": count_selected(selection_from_json(stored.body)),
        "chosen": number_from(request.POST.get("stage")),
        "back_href": stored.origin or reverse("members"),
        "may_create": may(request.place.role, Action.EDIT_PROJECTS),
        "refusal": refusal,
    }
    template = "add_selected" if request.htmx else "add_selected_page"  # type: ignore[attr-defined]  django-htmx
    return render(request, f"web/projects/{template}.html", shown, status=status)
