"""The projects of the workspace: list, create, board, rename, archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offerwell.actions.archive_project import archive_project
from offerwell.actions.create_project import ProjectRefused, create_project
from offerwell.actions.edit_project import edit_project
from offerwell.models import Project
from offerwell.queries.project_list import project_rows
from offerwell.rules.permissions import Action, may
from offerwell.rules.workflow import LONGEST_PROJECT_NAME
from offerwell.rules.workflow_templates import TEMPLATES, template_of
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.projects.board_screen import board_screen

if TYPE_CHECKING:
    from django.http import HttpResponse

_LONGEST_DESCRIPTION = 2_000


@require_safe
@needs(Action.VIEW)
def projects(request: BrandRequest) -> HttpResponse:
    """The projects by name; archived ones apart."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:120]
    is_archived = request.GET.get("view") == "archived"
    shown = {
        "rows": project_rows(text=text, is_archived=is_archived),
        "text": text,
        "is_archived": is_archived,
        "may_edit": may(request.place.role, Action.EDIT_PROJECTS),
    }
    return render(request, "web/projects/projects.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_PROJECTS)
def project_create(request: BrandRequest) -> HttpResponse:
    """Name and workflow; posted, the project."""
    if request.method != "POST":
        return _creating(request, {"template": "codes"})
    typed = _typed(request) | {"template": request.POST.get("template", "")}
    template = template_of(typed["template"])
    if template is None:
        return _creating(request, typed, template_refusal="Choose a workflow to start from.")
    try:
        made = create_project(
            workspace_id=request.place.workspace_id, name=typed["name"], description=typed["description"],
            workflow=template.workflow, by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except ProjectRefused as refused:
        return _creating(request, typed, name_refusal=str(refused))
    messages.success(request, f"{made.name} created. Connect offers and add members.")
    return HttpResponseRedirect(reverse("project", args=[made.pk]))


@require_safe
@needs(Action.VIEW)
def project(request: BrandRequest, project_id: int) -> HttpResponse:
    """The board."""
    return board_screen(request, get_object_or_404(Project, pk=project_id))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_PROJECTS)
def project_edit(request: BrandRequest, project_id: int) -> HttpResponse:
    """Name and description; posted, the new ones."""
    found = get_object_or_404(Project, pk=project_id)
    if request.method != "POST":
        return _editing(request, found, {"name": found.name, "description": found.description})
    typed = _typed(request)
    try:
        saved = edit_project(
            workspace_id=request.place.workspace_id, project=found, name=typed["name"],
            description=typed["description"], by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except ProjectRefused as refused:
        return _editing(request, found, typed, name_refusal=str(refused))
    messages.success(request, f"{saved.name} saved.")
    return HttpResponseRedirect(reverse("project", args=[saved.pk]))


@require_POST
@needs(Action.EDIT_PROJECTS)
def project_archive(request: BrandRequest, project_id: int) -> HttpResponse:
    """Archive, or bring back."""
    found = get_object_or_404(Project, pk=project_id)
    is_archived = request.POST.get("do") != "bring_back"
    archive_project(
        workspace_id=request.place.workspace_id, project=found, is_archived=is_archived, by=actor_of(request),
        at=timezone.now(),
    )  # fmt: skip
    messages.success(request, f"{found.name} archived." if is_archived else f"{found.name} is back.")
    return HttpResponseRedirect(reverse("projects") if is_archived else reverse("project", args=[found.pk]))


def _typed(request: BrandRequest) -> dict[str, str]:
    return {
        "name": request.POST.get("name", "")[: 2 * LONGEST_PROJECT_NAME],
        "description": request.POST.get("description", "")[:_LONGEST_DESCRIPTION],
    }


def _creating(request: BrandRequest, typed: dict[str, str], **refusals: str) -> HttpResponse:
    shown = {"typed": typed, "templates": TEMPLATES, "longest": LONGEST_PROJECT_NAME, **refusals}
    return render(request, "web/projects/project_create.html", shown, status=422 if refusals else 200)


def _editing(request: BrandRequest, found: Project, typed: dict[str, str], **refusals: str) -> HttpResponse:
    shown = {"project": found, "typed": typed, "longest": LONGEST_PROJECT_NAME, **refusals}
    return render(request, "web/projects/project_edit.html", shown, status=422 if refusals else 200)
