"""Reporting › Activity: every bulk change, how each item came out, Undo and Retry failed."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from offerwell.actions.change_offer_status import PlanOutOfDate
from offerwell.actions.retry_failed_items import retry_failed_items
from offerwell.actions.undo_bulk_change import NothingToUndo, undo_bulk_change
from offerwell.models import BulkChange, Store
from offerwell.queries.activity import (
    ItemFilter,
    affected_members,
    bad_items,
    change_list,
    every_item,
    item_page,
    undone_by,
)
from offerwell.queries.change_progress import progress_of
from offerwell.queries.messages import messages_about
from offerwell.queries.scheduled_changes import open_count, schedule_of, troubled
from offerwell.rules.bulk_changes import What
from offerwell.rules.drift import Verb
from offerwell.rules.permissions import Action, may
from offerwell.ui.csv_download import csv_download
from offerwell.ui.paging import number_from
from offerwell.web.activity.came_from import came_from
from offerwell.web.activity.change_csv import ITEM_HEADINGS, MEMBER_HEADINGS, item_lines, member_batches
from offerwell.web.activity.outcome import Standing, standing
from offerwell.web.activity.scheduled_words import line_of
from offerwell.web.manage_offers.sentences import exclusions
from offerwell.web.needs import BrandRequest, actor_of, needs

# E-mail addresses shown for copying; more travel better as a file.
_MOST_COPIED = 500


@require_safe
@needs(Action.VIEW)
def activity(request: BrandRequest) -> HttpResponse:
    """The workspace's bulk changes, newest first."""
    before, after = number_from(request.GET.get("before")), number_from(request.GET.get("after"))
    listed = change_list(before=before, after=after)
    rows = [(row, standing(row.progress)) for row in listed.rows]
    missed = [line_of(schedule) for schedule in troubled(at=timezone.now())]
    shown = {"rows": rows, "older": listed.older, "newer": listed.newer, "waiting": open_count()}
    shown |= {"missed_schedules": missed}
    return render(request, "web/activity/activity.html", shown)


@require_safe
@needs(Action.VIEW)
def change(request: BrandRequest, change_id: int) -> HttpResponse:
    """One change: the last step of the dialog, or its page with every item."""
    found = _found(change_id)
    shown = _shown(request, found)
    if request.htmx:  # type: ignore[attr-defined]  django-htmx
        return _looked_again(request, shown) if request.GET.get("in") else _step(request, shown)
    wanted = request.GET.get("result", "")
    wanted = ItemFilter(wanted) if wanted in set(ItemFilter) else ItemFilter.ALL
    shown |= {
        "items": item_page(found, wanted, after=number_from(request.GET.get("after")) or 0),
        "is_first": not number_from(request.GET.get("after")),
        "result": wanted,
        "results": _result_links(shown["progress"], wanted),
    }
    return render(request, "web/activity/change.html", shown)


@require_POST
@needs(Action.CHANGE_OFFER_STATUS)
def undo(request: BrandRequest, change_id: int) -> HttpResponse:
    """Put back what the change changed; twice is once."""
    found = _found(change_id)
    if not _may_change(request, found):
        return _refused(request, found, "Owners and managers choose payouts. Nothing was undone; ask one of them.")
    try:
        applied = undo_bulk_change(
            workspace_id=request.place.workspace_id, change=found, by=actor_of(request), at=timezone.now()
        )
    except NothingToUndo as refusal:
        return _refused(request, found, str(refusal))
    except PlanOutOfDate:
        return _refused(request, found, "Someone changed these just now. Nothing was undone; try again.")
    shown_by = "change_toast" if request.POST.get("in") == "toast" and request.htmx else "change"  # type: ignore[attr-defined]
    return HttpResponseRedirect(reverse(shown_by, args=[applied.change.pk]))


@require_POST
@needs(Action.CHANGE_OFFER_STATUS)
def retry(request: BrandRequest, change_id: int) -> HttpResponse:
    """Ask the stores, or the one named, again for what failed."""
    found = _found(change_id)
    named = request.POST.get("store")
    asked = retry_failed_items(
        workspace_id=request.place.workspace_id, change=found, by=actor_of(request), at=timezone.now(),
        store=get_object_or_404(Store, pk=number_from(named) or 0) if named else None,
    )  # fmt: skip
    if not asked:
        return _refused(request, found, "Nothing to retry: no item of this change waits for a store any more.")
    return HttpResponseRedirect(reverse("change", args=[found.pk]))


@require_safe
@needs(Action.EXPORT)
def items_csv(request: BrandRequest, change_id: int) -> HttpResponse:
    """Every item, or those that came to `result`, streamed."""
    found = _found(change_id)
    wanted = request.GET.get("result", "")
    pages = every_item(found, ItemFilter(wanted) if wanted in set(ItemFilter) else ItemFilter.ALL)
    lines = (item_lines(found, page) for page in pages)
    return csv_download(f"change {found.pk} items", ITEM_HEADINGS, lines, workspace=request.place.workspace)


@require_safe
@needs(Action.EXPORT)
def members_csv(request: BrandRequest, change_id: int) -> HttpResponse:
    """The members whose codes or links changed, for letting them know."""
    found = _found(change_id)
    batches = member_batches(found)
    return csv_download(f"change {found.pk} members", MEMBER_HEADINGS, batches, workspace=request.place.workspace)


@require_safe
@needs(Action.VIEW)
def toast(request: BrandRequest, change_id: int) -> HttpResponse:
    """What stays on the page after the dialog was closed: the result with Undo, or the progress."""
    response = render(request, "web/activity/toast.html", _shown(request, _found(change_id)))
    response["HX-Trigger"] = "offer-updated"
    return response


def _found(change_id: int) -> BulkChange:
    return get_object_or_404(BulkChange.objects.select_related("offer", "undoes", "payout_option"), pk=change_id)


def _shown(request: BrandRequest, found: BulkChange) -> dict[str, Any]:
    progress = progress_of(found)
    now = standing(progress, turn=number_from(request.GET.get("turn")) or 0)
    undone = undone_by(found)
    may_change = _may_change(request, found)
    # Members hear of what was wanted, not of a store that was put right.
    is_news = not now.is_running and now.changed > 0 and found.answers.get("answers_drift") != Verb.RESTORE
    bad = bad_items(found).rows if now.failed else ()
    return {
        "change": found,
        "progress": progress,
        "now": now,
        "exclusions": exclusions(found.excluded_reasons.items(), found.part),
        "bad": bad,
        "more_bad": now.failed - len(bad),
        "where": "page",
        "undone_by": undone,
        "schedule": schedule_of(found) if found.door == "schedule" else None,
        "may_change": may_change,
        "may_export": may(request.place.role, Action.EXPORT),
        "may_message": may(request.place.role, Action.SEND_MESSAGES),
        "compose_href": f"{reverse('compose_message')}?change={found.pk}",
        "told_before": messages_about(found.pk),
        "can_undo": may_change
        and undone is None
        and found.changed > 0
        and not now.failed_totally
        and found.what != What.NAMES,
        **came_from(request, found.offer),
        "told": _told(found, now) if is_news else 0,
        "emails": _emails(found) if is_news else [],
    }


def _may_change(request: BrandRequest, found: BulkChange) -> bool:
    needed = Action.EDIT_PAYOUTS if found.what == What.PAYOUT else Action.CHANGE_OFFER_STATUS
    return may(request.place.role, needed)


def _told(found: BulkChange, now: Standing) -> int:
    """How many members there are to let know; counted only where some codes did not change."""
    return affected_members(found).count() if now.failed or now.superseded else found.members_changed


def _emails(found: BulkChange) -> list[str]:
    """Addresses for copying; none when there are too many to paste."""
    if found.members_changed > _MOST_COPIED:
        return []
    return [email for email in affected_members(found).values_list("email", flat=True) if email]


def _step(request: BrandRequest, shown: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """The dialog's last step. The page behind it hears of the change and refreshes its Status column."""
    response = render(request, "web/activity/progress.html", shown | {"where": "dialog"}, status=status)
    response["HX-Trigger"] = "offer-updated"
    return response


def _looked_again(request: BrandRequest, shown: dict[str, Any]) -> HttpResponse:
    """An answer to a poll: the figures while it runs, then the whole step or page with what can be done now."""
    if shown["now"].is_running:
        return render(request, "web/activity/standing.html", shown | {"where": request.GET["in"]})
    if request.GET["in"] == "page":
        return HttpResponse(headers={"HX-Refresh": "true"})
    response = _step(request, shown)
    response["HX-Retarget"], response["HX-Reswap"] = "#dialog-content", "innerHTML"
    return response


def _refused(request: BrandRequest, found: BulkChange, refusal: str) -> HttpResponse:
    shown = _shown(request, found) | {"refusal": refusal}
    if request.htmx:  # type: ignore[attr-defined]  django-htmx
        return _step(request, shown, status=409)
    shown |= {
        "items": item_page(found, ItemFilter.ALL),
        "is_first": True,
        "result": ItemFilter.ALL,
        "results": _result_links(shown["progress"], ItemFilter.ALL),
    }
    return render(request, "web/activity/change.html", shown, status=409)


def _result_links(progress: Any, current: ItemFilter) -> list[tuple[ItemFilter, str, int, bool]]:
    """The results that occur, with counts over all stores, for the filter of the items."""
    words = {
        ItemFilter.CHANGED: "Changed", ItemFilter.ALREADY_SO: "Already so", ItemFilter.RECREATED: "Re-created",
        ItemFilter.CONFLICT: "Conflict", ItemFilter.FAILED: "Failed", ItemFilter.WAITING: "Waiting",
        ItemFilter.SUPERSEDED: "Superseded",
    }  # fmt: skip
    counts = {wanted: sum(getattr(store, str(wanted)) for store in progress.stores) for wanted in words}
    links = [(wanted, words[wanted], count, wanted == current) for wanted, count in counts.items() if count]
    return [(ItemFilter.ALL, "All", progress.change.changed, current == ItemFilter.ALL), *links]
