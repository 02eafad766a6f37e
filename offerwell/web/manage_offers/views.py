"""Manage Offer for members: choose, preview, confirm. A dialog with JavaScript, the same pages without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offerwell.actions.change_offer_status import KeyReused, PlanOutOfDate, change_offer_status
from offerwell.actions.schedule_change import ScheduleKeyReused, schedule_change
from offerwell.actions.store_selection import store_selection
from offerwell.models import Offer, OfferPart, StoredSelection
from offerwell.queries.activity import changes_between
from offerwell.queries.offer_member_page import newest_enrollment
from offerwell.queries.offer_member_page_selected import (
    MORE_SHOWN,
    selected_count,
    selected_page,
    troubled_codes,
)
from offerwell.queries.planned_change import Plan, Wish, plan_change
from offerwell.rules.offer_status import Planned
from offerwell.rules.permissions import Action
from offerwell.rules.schedule import InvalidSchedule
from offerwell.rules.selection import InvalidSelection, selection_from_json
from offerwell.ui.paging import place_from, place_text
from offerwell.ui.selection_form import selection_from
from offerwell.web.manage_offers import sentences
from offerwell.web.manage_offers.change_form import Choice, choice_from
from offerwell.web.manage_offers.plan_token import PlanNotShown, ShownPlan, plan_token, shown_plan
from offerwell.web.manage_offers.when import (
    When,
    asks_for_later,
    later_consequence,
    later_question,
    when_from,
    when_now,
    when_shown,
    zones_of,
)
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.sales_tracking.offer_screen import offer_screen

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpResponse

    from offerwell.queries.offer_member_page_selected import SelectedPage

# With this few members the disclosure stands open: everything is in sight anyway.
_OPEN_UP_TO = 3


@require_POST
@needs(Action.CHANGE_OFFER_STATUS)
def select_members(request: BrandRequest, offer_id: int) -> HttpResponse:
    """Keep the selection and go on to Manage Offer; a selection that cannot be says why where it was made."""
    offer = get_object_or_404(Offer, pk=offer_id)
    try:
        selection = selection_from(request.POST, newest=newest_enrollment(offer))
    except InvalidSelection as refusal:
        return _selection_refused(request, offer, str(refusal))
    stored = store_selection(offer=offer, selection=selection, by=actor_of(request), at=timezone.now())
    return HttpResponseRedirect(reverse("manage_offer", args=[offer.pk, stored.pk]))


@require_safe
@needs(Action.CHANGE_OFFER_STATUS)
def manage_offer(request: BrandRequest, offer_id: int, selection_id: int) -> HttpResponse:
    """What to change, to which status, and what that would do to whom."""
    stored = _stored(request, offer_id, selection_id)
    return _choosing(request, stored, choice_from(request.GET, stored.offer), at=timezone.now())


@require_safe
@needs(Action.CHANGE_OFFER_STATUS)
def selected_members(request: BrandRequest, offer_id: int, selection_id: int) -> HttpResponse:
    """More of the selected members: a fragment for Show more, a page without JavaScript."""
    at = timezone.now()
    stored = _stored(request, offer_id, selection_id)
    choice = choice_from(request.GET, stored.offer)
    if choice.part is None:
        return _choosing(request, stored, choice, at=at, status=422)
    page = selected_page(_wish(stored, choice), at=at, after=place_from(request.GET.get("after", "")), size=MORE_SHOWN)
    shown = _base(stored) | _chosen(choice) | _listed(stored, choice, page)
    return render(request, _template(request, "members"), shown)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.CHANGE_OFFER_STATUS)
def confirm_change(request: BrandRequest, offer_id: int, selection_id: int) -> HttpResponse:
    """Show the plan to confirm it (GET), or apply exactly the plan that was shown (POST)."""
    stored = _stored(request, offer_id, selection_id)
    if request.method == "POST" and asks_for_later(request.POST):
        return _for_later(request, stored, at=timezone.now())
    if request.method == "POST":
        return _confirmed(request, stored, at=timezone.now())
    return _to_confirm(request, stored, choice_from(request.GET, stored.offer), at=timezone.now())


def _to_confirm(request: BrandRequest, stored: StoredSelection, choice: Choice, *, at: datetime) -> HttpResponse:
    if not choice.is_complete:
        return _choosing(request, stored, choice, at=at, refusal=choice.refusal, status=422)
    plan = plan_change(_wish(stored, choice), at=at)
    if not plan.will_change and not _repairs(plan, at=at):
        return _choosing(request, stored, choice, at=at, status=422)
    return _confirm_step(request, stored, plan, at=at)


def _repairs(plan: Plan, *, at: datetime) -> int:
    """Codes that have the status already, but not in a store: confirming sets them there again."""
    return troubled_codes(plan.wish, at=at, among=Planned.ALREADY_SO)


def _confirmed(request: BrandRequest, stored: StoredSelection, *, at: datetime) -> HttpResponse:
    try:
        shown = shown_plan(request.POST.get("plan", ""), stored, request.user)
    except PlanNotShown as refusal:
        choice = choice_from(request.POST, stored.offer)
        return _choosing(request, stored, choice, at=at, refusal=str(refusal), status=422)
    wish = Wish(stored.offer, OfferPart(shown.part), shown.to_active, selection_from_json(stored.body))
    try:
        applied = change_offer_status(
            workspace_id=stored.workspace_id,
            wish=wish,
            digest=shown.digest,
            key=shown.key,
            by=actor_of(request),
            at=at,
        )
    except PlanOutOfDate as refused:
        between = changes_between(wish, seen_up_to=shown.seen_up_to, at=at)
        differs = sentences.what_differs(refused.plan, shown_count=shown.will_change, between=between)
        return _out_of_date(request, stored, refused.plan, differs, at=at)
    except KeyReused as refused:
        choice = Choice(wish.part, wish.to_active, "")
        return _choosing(request, stored, choice, at=at, refusal=str(refused), status=409)
    return HttpResponseRedirect(reverse("change", args=[applied.change.pk]))


def _for_later(request: BrandRequest, stored: StoredSelection, *, at: datetime) -> HttpResponse:
    """Show the times in words; or keep the change for later, once exactly these times were shown."""
    try:
        shown = shown_plan(request.POST.get("plan", ""), stored, request.user)
    except PlanNotShown as refusal:
        choice = choice_from(request.POST, stored.offer)
        return _choosing(request, stored, choice, at=at, refusal=str(refusal), status=422)
    wish = Wish(stored.offer, OfferPart(shown.part), shown.to_active, selection_from_json(stored.body))
    when = when_from(request.POST, zones_of(stored.offer, request.place.workspace.timezone), now=at)
    if "preview" in request.POST or not when.was_shown:
        return _previewed(request, stored, plan_change(wish, at=at), when, at=at)
    return _scheduled(request, stored, wish, shown, when, at=at)


def _previewed(request: BrandRequest, stored: StoredSelection, plan: Plan, when: When, *, at: datetime) -> HttpResponse:
    if not plan.will_change and not _repairs(plan, at=at):
        return _choosing(request, stored, Choice(plan.wish.part, plan.wish.to_active, ""), at=at)
    status = 422 if when.refusal and "preview" not in request.POST else 200
    return _confirm_step(request, stored, plan, at=at, when=when, status=status)


def _scheduled(
    request: BrandRequest, stored: StoredSelection, wish: Wish, shown: ShownPlan, when: When, *, at: datetime
) -> HttpResponse:
    assert when.times is not None  # noqa: S101  they were shown
    try:
        kept = schedule_change(
            workspace_id=stored.workspace_id, wish=wish, times=when.times, digest=shown.digest, key=shown.key,
            by=actor_of(request), at=at,
        )  # fmt: skip
    except PlanOutOfDate as refused:
        between = changes_between(wish, seen_up_to=shown.seen_up_to, at=at)
        differs = sentences.what_differs(refused.plan, shown_count=shown.will_change, between=between)
        return _out_of_date(request, stored, refused.plan, differs, at=at, when=when)
    except (InvalidSchedule, ScheduleKeyReused) as refused:
        choice = Choice(wish.part, wish.to_active, "")
        return _choosing(request, stored, choice, at=at, refusal=str(refused), status=409)
    return HttpResponseRedirect(reverse("scheduled_change", args=[kept.schedule.pk]))


def _out_of_date(
    request: BrandRequest, stored: StoredSelection, plan: Plan, differs: str, *, at: datetime, when: When | None = None
) -> HttpResponse:
    """Nothing was done: the new plan to confirm, or the choice again when nothing is left to change."""
    if plan.will_change:
        return _confirm_step(request, stored, plan, at=at, differs=differs, when=when, status=409)
    choice = Choice(plan.wish.part, plan.wish.to_active, "")
    return _choosing(request, stored, choice, at=at, refusal=differs, status=409)


def _choosing(
    request: BrandRequest,
    stored: StoredSelection,
    choice: Choice,
    *,
    at: datetime,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    shown = _base(stored) | _chosen(choice) | {"refusal": refusal}
    if choice.part is not None:
        wish = _wish(stored, choice)
        plan = plan_change(wish, at=at)
        shown |= (
            _listed(stored, choice, selected_page(wish, at=at))
            | _preview(plan, choice, at=at)
            | {"selected": plan.selected}
        )
    else:
        shown["selected"] = selected_count(stored.offer, selection_from_json(stored.body))
    return render(request, _template(request, "choose"), shown, status=status)


def _confirm_step(
    request: BrandRequest,
    stored: StoredSelection,
    plan: Plan,
    *,
    at: datetime,
    differs: str = "",
    when: When | None = None,
    status: int = 200,
) -> HttpResponse:
    wish = plan.wish
    when = when or when_now(zones_of(stored.offer, request.place.workspace.timezone))
    target = "active" if wish.to_active else "deactivated"
    repairs = _repairs(plan, at=at)
    shown = _base(stored) | {
        "plan": plan,
        "selected": plan.selected,
        "token": plan_token(plan, stored, request.user),
        "differs": differs,
        "part": str(wish.part),
        "target": target,
        "back_href": _address("manage_offer", stored, part=str(wish.part), target=target),
        "title": later_question(plan) if when.times else sentences.question(plan, repairs=repairs),
        "repaired": sentences.repaired(repairs, to_active=wish.to_active),
        "consequence": later_consequence(plan, when.times)
        if when.times
        else sentences.consequence(part=wish.part, to_active=wish.to_active),
        "done_word": sentences.done_word(to_active=wish.to_active).capitalize(),
        "skipped_word": f"Skipped, already {'active' if wish.to_active else 'deactivated'}",
        "exclusions": sentences.exclusions(plan.reasons, wish.part),
        **when_shown(when, plan, at=at),
    }
    return render(request, _template(request, "confirm"), shown, status=status)


def _selection_refused(request: BrandRequest, offer: Offer, refusal: str) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]  django-htmx
        response = render(request, "web/manage_offers/selection_refused.html", {"refusal": refusal}, status=422)
        response["HX-Retarget"] = "#selection-refusal"
        response["HX-Reswap"] = "innerHTML"
        return response
    return offer_screen(request, offer, request.POST, refusal=refusal, status=422)


def _stored(request: BrandRequest, offer_id: int, selection_id: int) -> StoredSelection:
    """The person's own selection; anybody else's is not there."""
    own = StoredSelection.objects.filter(user=request.user, offer_id=offer_id).select_related("offer")
    return get_object_or_404(own, pk=selection_id)


def _wish(stored: StoredSelection, choice: Choice) -> Wish:
    """Without a status chosen yet the wish is Deactivate: its plan holds the totals of both statuses."""
    assert choice.part is not None  # noqa: S101  asked for before
    return Wish(stored.offer, choice.part, bool(choice.to_active), selection_from_json(stored.body))


def _base(stored: StoredSelection) -> dict[str, Any]:
    offer = stored.offer
    stores = [link.store.label for link in offer.store_links.select_related("store").order_by("store_id")]
    return {"offer": offer, "stored": stored, "store_names": ", ".join(stores)}


def _chosen(choice: Choice) -> dict[str, str]:
    target = {None: "", True: "active", False: "deactivated"}[choice.to_active]
    return {"part": str(choice.part or ""), "target": target}


def _listed(stored: StoredSelection, choice: Choice, page: SelectedPage) -> dict[str, Any]:
    more_href = _address("selected_members", stored, **_chosen(choice), after=place_text(page.next))
    return {"members": page.rows, "more": page.next is not None, "more_href": more_href}


def _address(name: str, stored: StoredSelection, **fields: str) -> str:
    return f"{reverse(name, args=[stored.offer_id, stored.pk])}?{urlencode(fields)}"


def _preview(plan: Plan, choice: Choice, *, at: datetime) -> dict[str, Any]:
    deactivated, active = plan.already_so, plan.will_change
    if choice.to_active:
        ended = sum(count for reason, count in plan.reasons if reason == "ended")
        deactivated, active = plan.will_change + ended, plan.already_so
    shown = {
        "active_label": f"{active:,} Active",
        "deactivated_label": f"{deactivated:,} Deactivated",
        "is_open": plan.selected <= _OPEN_UP_TO,
    }
    if not choice.is_complete:
        return shown
    repairs = _repairs(plan, at=at)
    return shown | {
        "plan": plan,
        "will_happen": sentences.will_happen(plan) if plan.will_change else "",
        "repaired": sentences.repaired(repairs, to_active=plan.wish.to_active),
        "nothing": "" if plan.will_change or repairs else sentences.nothing_to_change(plan),
        "already_so": sentences.already_so(plan) if plan.will_change else "",
        "exclusions": sentences.exclusions(plan.reasons, plan.wish.part),
        "troubled": sentences.troubled(troubled_codes(plan.wish, at=at)) if plan.will_change else "",
    }


def _template(request: BrandRequest, step: str) -> str:
    """The fragment for the dialog, or the same as a whole page."""
    folder = "web/manage_offers"
    return f"{folder}/{step}.html" if request.htmx else f"{folder}/{step}_page.html"  # type: ignore[attr-defined]
