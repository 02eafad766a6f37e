"""Groups and tags: all of them with their counts, another name, and deleting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from offerwell.actions.delete_mark import delete_mark
from offerwell.actions.rename_mark import rename_mark
from offerwell.models.mark import mark_tables
from offerwell.queries.marks import mark_page, use_of
from offerwell.rules.marks import MarkKind, MarkRefused
from offerwell.rules.permissions import Action, may
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from django.http import HttpResponse

    from offerwell.models import Group, Tag


@require_safe
@needs(Action.VIEW)
def marks(request: BrandRequest, kind: MarkKind) -> HttpResponse:
    """A page of the groups or tags, by name."""
    after = request.GET.get("after", "").replace("\0", "")[:80]
    shown = {
        "kind": kind,
        "page": mark_page(kind, after=after),
        "is_first": not after,
        "may_edit": may(request.place.role, Action.EDIT_MEMBERS),
    }
    return render(request, "web/members/marks.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_MEMBERS)
def mark(request: BrandRequest, kind: MarkKind, mark_id: int) -> HttpResponse:
    """Give it another name."""
    found = _mark(kind, mark_id)
    if request.method != "POST":
        return _page(request, kind, found)
    try:
        renamed = rename_mark(
            workspace_id=request.place.workspace_id, kind=kind, mark_id=found.pk, name=request.POST.get("name", ""),
            by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except MarkRefused as refused:
        return _page(request, kind, found, refusal=str(refused), status=422)
    messages.success(request, f"The {kind} is now named {renamed.name}.")
    return HttpResponseRedirect(reverse(kind.plural))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_MEMBERS)
def mark_delete(request: BrandRequest, kind: MarkKind, mark_id: int) -> HttpResponse:
    """Say what goes and what stays (GET), then delete it (POST)."""
    found = _mark(kind, mark_id)
    if request.method != "POST":
        return _delete_page(request, kind, found)
    try:
        delete_mark(
            workspace_id=request.place.workspace_id, kind=kind, mark_id=found.pk, by=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
    except MarkRefused as refused:
        return _delete_page(request, kind, found, refusal=str(refused), status=422)
    messages.success(request, f"The {kind} {found.name} is deleted. Its members are all still there.")
    return HttpResponseRedirect(reverse(kind.plural))


def _mark(kind: MarkKind, mark_id: int) -> Group | Tag:
    found: Group | Tag = get_object_or_404(mark_tables(kind).marks, pk=mark_id)
    return found


def _page(
    request: BrandRequest, kind: MarkKind, found: Group | Tag, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    shown = {"kind": kind, "mark": found, "typed": request.POST.get("name", found.name), "refusal": refusal}
    return render(request, "web/members/mark.html", shown, status=status)


def _delete_page(
    request: BrandRequest, kind: MarkKind, found: Group | Tag, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    shown = {"kind": kind, "mark": found, "use": use_of(kind, found), "refusal": refusal}
    return render(request, "web/members/mark_delete.html", shown, status=status)
