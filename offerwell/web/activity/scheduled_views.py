"""Reporting › Activity › Scheduled: what waits, what became of the others, and Cancel."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from offerwell.actions.cancel_scheduled_change import NothingToCancel, cancel_scheduled_change
from offerwell.queries.scheduled_changes import found_schedule, open_count, open_page, past_page
from offerwell.rules.permissions import Action, may
from offerwell.ui.paging import number_from
from offerwell.web.activity.came_from import came_from
from offerwell.web.activity.scheduled_words import line_of
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from django.http import HttpResponse

    from offerwell.models import ScheduledChange


@require_safe
@needs(Action.VIEW)
def scheduled_changes(request: BrandRequest) -> HttpResponse:
    """What waits, soonest first; or what is over, newest first."""
    is_past = request.GET.get("show") == "past"
    after = _place(request.GET.get("after", ""))
    page = past_page(after=after) if is_past else open_page(after=after)
    shown = {
        "lines": [line_of(schedule) for schedule in page.rows],
        "is_past": is_past,
        "waiting": open_count(),
        "first_href": "" if page.is_first else _query(is_past=is_past),
        "next_href": _query(is_past=is_past, after=_place_text(page.next)) if page.next else "",
        "may_change": may(request.place.role, Action.CHANGE_OFFER_STATUS),
    }
    return render(request, "web/activity/scheduled.html", shown)


@require_safe
@needs(Action.VIEW)
def scheduled_change(request: BrandRequest, schedule_id: int) -> HttpResponse:
    """One of them: the last step of the dialog, or its page."""
    shown = _shown(request, _found(schedule_id))
    step = request.htmx  # type: ignore[attr-defined]  django-htmx
    return render(request, f"web/activity/scheduled_change{'_step' if step else ''}.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.CHANGE_OFFER_STATUS)
def cancel_scheduled(request: BrandRequest, schedule_id: int) -> HttpResponse:
    """Ask (GET), then cancel what still waits of it (POST)."""
    found = _found(schedule_id)
    if request.method != "POST":
        return render(request, "web/activity/scheduled_cancel.html", _shown(request, found))
    try:
        cancel_scheduled_change(
            workspace_id=request.place.workspace_id, schedule_id=found.pk, by=actor_of(request), at=timezone.now()
        )
    except NothingToCancel as refusal:
        shown = _shown(request, _found(schedule_id)) | {"refusal": str(refusal)}
        return render(request, "web/activity/scheduled_change.html", shown, status=409)
    return HttpResponseRedirect(reverse("scheduled_change", args=[found.pk]))


def _found(schedule_id: int) -> ScheduledChange:
    found = found_schedule(schedule_id)
    if found is None:
        raise Http404
    return found


def _shown(request: BrandRequest, found: ScheduledChange) -> dict[str, Any]:
    return {
        **came_from(request, found.offer),
        "line": line_of(found),
        "schedule": found,
        "may_change": may(request.place.role, Action.CHANGE_OFFER_STATUS),
    }


def _query(*, is_past: bool, after: str = "") -> str:
    fields = {"show": "past" if is_past else "", "after": after}
    return "?" + urlencode({name: value for name, value in fields.items() if value})


def _place_text(place: tuple[datetime, int]) -> str:
    return f"{place[1]}_{place[0].isoformat()}"


def _place(text: str) -> tuple[datetime, int] | None:
    """The place in an address; None when there is none or somebody mangled it: the list then starts anew."""
    number, _, moment = text.partition("_")
    pk = number_from(number)
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return None if pk is None or at.tzinfo is None else (at, pk)
