"""Saved views of the members list: save the filter under a name, rename, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from offerwell.actions.delete_view import delete_view
from offerwell.actions.rename_view import rename_view
from offerwell.actions.save_view import save_view
from offerwell.models import SavedView
from offerwell.queries.marks import member_marks
from offerwell.queries.saved_views import filter_of, saved_views
from offerwell.rules.permissions import Action, may
from offerwell.rules.saved_views import ViewRefused
from offerwell.ui.selection_form import filter_fields, filter_from
from offerwell.web.members.filter_words import filter_words
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from offerwell.rules.selection import MemberFilter


@require_safe
@needs(Action.VIEW)
def views_list(request: BrandRequest) -> HttpResponse:
    """All of them, with what they show."""
    marks = member_marks()
    rows = [(view, filter_words(filter_of(view), marks), _list_address(filter_of(view))) for view in saved_views()]
    shown = {"rows": rows, "may_edit": may(request.place.role, Action.EDIT_MEMBERS)}
    return render(request, "web/members/views.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_MEMBERS)
def view_save(request: BrandRequest) -> HttpResponse:
    """Name the filter of the list (GET), then keep it (POST)."""
    fields = request.POST if request.method == "POST" else request.GET
    wanted = filter_from(fields)
    if request.method != "POST":
        return _naming(request, wanted)
    try:
        save_view(
            workspace_id=request.place.workspace_id, name=fields.get("name", ""), wanted=wanted, by=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
    except ViewRefused as refused:
        return _naming(request, wanted, refusal=str(refused), status=422)
    messages.success(request, "The view is saved. Everybody in the workspace sees it.")
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(headers={"HX-Redirect": _list_address(wanted)})
    return HttpResponseRedirect(_list_address(wanted))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_MEMBERS)
def view_rename(request: BrandRequest, view_id: int) -> HttpResponse:
    """Give it another name."""
    view = get_object_or_404(SavedView, pk=view_id)
    shown = {"view": view, "typed": request.POST.get("name", view.name)}
    if request.method != "POST":
        return render(request, "web/members/view_rename.html", shown)
    try:
        rename_view(
            workspace_id=request.place.workspace_id, view=view, name=shown["typed"], by=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
    except ViewRefused as refused:
        return render(request, "web/members/view_rename.html", shown | {"refusal": str(refused)}, status=422)
    messages.success(request, "The view is renamed.")
    return HttpResponseRedirect(reverse("member_views"))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_MEMBERS)
def view_delete(request: BrandRequest, view_id: int) -> HttpResponse:
    """Ask (GET), then delete it (POST)."""
    view = get_object_or_404(SavedView, pk=view_id)
    if request.method != "POST":
        shown = {"view": view, "words": filter_words(filter_of(view), member_marks())}
        return render(request, "web/members/view_delete.html", shown)
    delete_view(workspace_id=request.place.workspace_id, view=view, by=actor_of(request), at=timezone.now())
    messages.success(request, f"The view {view.name} is deleted.")
    return HttpResponseRedirect(reverse("member_views"))


def _naming(request: BrandRequest, wanted: MemberFilter, *, refusal: str = "", status: int = 200) -> HttpResponse:
    shown = {
        "filter_fields": filter_fields(wanted),
        "words": filter_words(wanted, member_marks()),
        "typed": request.POST.get("name", ""),
        "refusal": refusal,
        "back": _list_address(wanted),
    }
    step = "web/members/view_save.html" if request.htmx else "web/members/view_save_page.html"  # type: ignore[attr-defined]
    return render(request, step, shown, status=status)


def _list_address(wanted: MemberFilter) -> str:
    return f"{reverse('members')}?{urlencode(filter_fields(wanted))}"
