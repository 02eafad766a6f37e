"""One stage as a list: search, select, and what to do with the selected members."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from offerwell.actions.store_selection import store_selection
from offerwell.models import Project, Stage
from offerwell.queries.project_members import newest_move, placed_among, rows_by_id
from offerwell.queries.project_offers import connected_offers
from offerwell.rules.permissions import Action
from offerwell.rules.selection import Crowd, InvalidSelection, MemberSelection, Within
from offerwell.ui.paging import number_from
from offerwell.ui.selection_form import selection_from
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.projects.board_screen import board_screen
from offerwell.web.projects.cells import cards_of, cells_of
from offerwell.web.projects.polling import poll_address
from offerwell.web.projects.stage_screen import stage_screen
from offerwell.web.sales_tracking.polling import fingerprint, poll_after

if TYPE_CHECKING:
    from django.http import HttpResponse, QueryDict

    from offerwell.models import StoredSelection

# A page has 50 rows, a board 150 cards; a request for the statuses of many more is not ours.
_MOST_STATUSES = 200
GONE = "The selected members are not in this stage any more. Select again."
# What the buttons of the bulk bar are called in the form, and the step each leads to.
_STEPS = {"move": "move_to_stage", "skip": "skip_stage", "remove": "remove_from_project"}


@require_safe
@needs(Action.VIEW)
def stage(request: BrandRequest, project_id: int, stage_id: int) -> HttpResponse:
    """One page of the stage's members."""
    return stage_screen(request, found_stage(project_id, stage_id), request.GET)


@require_safe
@needs(Action.VIEW)
def project_statuses(request: BrandRequest, project_id: int) -> HttpResponse:
    """The codes and links of the placements in `ids`, as they are now."""
    project = get_object_or_404(Project, pk=project_id)
    ids = [pk for word in request.GET.get("ids", "").split(",") if (pk := number_from(word))]
    rows = rows_by_id(project, ids[:_MOST_STATUSES], connected_offers(project), at=timezone.now())
    poll = poll_after(rows, turn=number_from(request.GET.get("turn")) or 0)
    is_board = request.GET.get("on") == "board"
    has_changed = request.GET.get("was") != fingerprint(rows)
    shown = {
        "cells": (cards_of(rows, with_parts=True) if is_board else cells_of(rows)) if has_changed else [],
        "poll": poll,
        "poll_href": poll_address(project, rows, poll, is_board=is_board),
    }
    return render(request, "web/projects/statuses.html", shown)


@require_POST
@needs(Action.MOVE_MEMBERS)
def select_in_stage(request: BrandRequest, project_id: int, stage_id: int) -> HttpResponse:
    """Keep the selection and go on to what `do` says; a selection that cannot be says why where it was made."""
    found = found_stage(project_id, stage_id)
    try:
        selection = _selection(request.POST, found)
    except InvalidSelection as refusal:
        return _refused(request, found, str(refusal))
    stored = store_selection(
        workspace_id=found.workspace_id, offer=None, selection=selection, by=actor_of(request), at=timezone.now(),
        origin=_origin(request, found),
    )  # fmt: skip
    return _to_step(request, found, stored)


def found_stage(project_id: int, stage_id: int) -> Stage:
    """The stage of this project. Raises Http404."""
    return get_object_or_404(Stage.objects.select_related("project"), pk=stage_id, project_id=project_id)


def _selection(fields: QueryDict, found: Stage) -> MemberSelection:
    """Raises InvalidSelection. Members named one by one must be in the stage: a form may be old, or forged."""
    chosen = selection_from(fields, newest=newest_move(), within=Within(Crowd.STAGE, found.pk))
    if chosen.ids is None:
        return chosen
    ids = placed_among(found, chosen.ids)
    if not ids:
        raise InvalidSelection(GONE)
    return replace(chosen, ids=ids)


def _origin(request: BrandRequest, found: Stage) -> str:
    """The screen the person selected on: the board or the list."""
    if request.POST.get("on") == "board":
        return reverse("project", args=[found.project_id])
    return reverse("stage", args=[found.project_id, found.pk])


def _to_step(request: BrandRequest, found: Stage, stored: StoredSelection) -> HttpResponse:
    do = request.POST.get("do", "move")
    if do == "offers":
        return HttpResponseRedirect(reverse("manage_project_offers", args=[found.project_id, stored.pk]))
    if do in _STEPS:
        return HttpResponseRedirect(reverse(_STEPS[do], args=[found.project_id, found.pk, stored.pk]))
    if do == "group":
        return HttpResponseRedirect(reverse("mark_step", args=[stored.pk, "add-to-group"]))
    if do != "message":
        return _refused(request, found, "Choose what to do with the selected members.")
    address = f"{reverse('compose_message')}?{urlencode({'sel': stored.pk})}"  # a whole page
    return HttpResponseClientRedirect(address) if request.htmx else HttpResponseRedirect(address)  # type: ignore[attr-defined]


def _refused(request: BrandRequest, found: Stage, refusal: str) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]  django-htmx
        response = render(request, "web/manage_offers/selection_refused.html", {"refusal": refusal}, status=422)
        response["HX-Retarget"] = f"#selection-refusal-{found.pk}"
        response["HX-Reswap"] = "innerHTML"
        return response
    if request.POST.get("on") == "board":
        return board_screen(request, found.project, refusal=refusal, refused_stage=found.pk, status=422)
    return stage_screen(request, found, request.POST, refusal=refusal, status=422)
