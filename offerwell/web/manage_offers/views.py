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
from offerwell.models import ChangeKind, CodeProposal, Offer, OfferPart, PayoutOption, StoredSelection
from offerwell.queries.activity import changes_between
from offerwell.queries.offer_member_page import newest_enrollment
from offerwell.queries.offer_member_page_selected import (
    MORE_SHOWN,
    members_outside,
    selected_count,
    selected_page,
    troubled_codes,
)
from offerwell.queries.payouts import options_of
from offerwell.queries.planned_change import Plan, Wish, plan_change
from offerwell.rules.offer_status import Exclusion, Planned
from offerwell.rules.permissions import Action, may
from offerwell.rules.schedule import InvalidSchedule
from offerwell.rules.selection import InvalidSelection, selection_from_json
from offerwell.ui.paging import place_from, place_text
from offerwell.ui.selection_form import selection_from
from offerwell.web.manage_offers import sentences
from offerwell.web.manage_offers.change_form import ONLY_MANAGERS, Choice, choice_from, own_batch
from offerwell.web.manage_offers.plan_token import PlanNotShown, ShownPlan, plan_token, shown_plan
from offerwell.web.manage_offers.told import Told, gives_notice, told_from, told_shown
from offerwell.web.manage_offers.when import (
    When,
    asks_for_later,
    later_consequence,
    later_question,
    when_after_notice,
    when_from,
    when_now,
    when_shown,
    zones_of,
)
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.sales_tracking.offer_screen import offer_screen

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpResponse, QueryDict

    from offerwell.queries.offer_member_page_selected import SelectedPage

STATUS_ONLY = "Only activating and deactivating can wait for a later time. Nothing was done; confirm it for now."
GONE = "These proposals are not there any more. Propose the new codes again."
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
    stored = store_selection(
        workspace_id=offer.workspace_id, offer=offer, selection=selection, by=actor_of(request), at=timezone.now()
    )
    return HttpResponseRedirect(reverse("manage_offer", args=[offer.pk, stored.pk]))


@require_safe
@needs(Action.CHANGE_OFFER_STATUS)
def manage_offer(request: BrandRequest, offer_id: int, selection_id: int) -> HttpResponse:
    """What to change, to which status, and what that would do to whom."""
    stored = _stored(request, offer_id, selection_id)
    return _choosing(request, stored, _choice(request, stored, request.GET), at=timezone.now())


@require_safe
@needs(Action.CHANGE_OFFER_STATUS)
def selected_members(request: BrandRequest, offer_id: int, selection_id: int) -> HttpResponse:
    """More of the selected members: a fragment for Show more, a page without JavaScript."""
    at = timezone.now()
    stored = _stored(request, offer_id, selection_id)
    choice = _choice(request, stored, request.GET)
    if choice.part is None:
        return _choosing(request, stored, choice, at=at, status=422)
    page = selected_page(_wish(stored, choice), at=at, after=place_from(request.GET.get("after", "")), size=MORE_SHOWN)
    shown = _base(stored) | _shown_choice(choice) | _listed(stored, choice, page)
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
    return _to_confirm(request, stored, _choice(request, stored, request.GET), at=timezone.now())


def _to_confirm(request: BrandRequest, stored: StoredSelection, choice: Choice, *, at: datetime) -> HttpResponse:
    if choice.kind == ChangeKind.REFRESH and choice.batch is None:
        return HttpResponseRedirect(reverse("refresh_codes", args=[stored.offer_id, stored.pk]))
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
        choice = _choice(request, stored, request.POST)
        return _choosing(request, stored, choice, at=at, refusal=str(refusal), status=422)
    if shown.kind == ChangeKind.PAYOUT and not _may_pay(request):
        return _choosing(request, stored, Choice(None, None, ""), at=at, refusal=ONLY_MANAGERS, status=403)
    wish = _shown_wish(stored, shown)
    if wish.kind == ChangeKind.REFRESH and wish.batch is None:
        return _choosing(request, stored, Choice(None, None, ""), at=at, refusal=GONE, status=422)
    return _applied(request, stored, wish, shown, at=at)


def _applied(
    request: BrandRequest, stored: StoredSelection, wish: Wish, shown: ShownPlan, *, at: datetime
) -> HttpResponse:
    """Apply what was shown, now."""
    told = told_from(request.POST, request.place.workspace)
    now = when_now(zones_of(stored.offer, request.place.workspace.timezone))
    if told.refusal:
        return _confirm_step(request, stored, plan_change(wish, at=at), at=at, when=now, told=told, status=422)
    try:
        applied = change_offer_status(
            workspace_id=stored.workspace_id,
            wish=wish,
            digest=shown.digest,
            key=shown.key,
            by=actor_of(request),
            at=at,
            creator_reason=told.reason,
        )
    except PlanOutOfDate as refused:
        between = changes_between(wish, seen_up_to=shown.seen_up_to, at=at)
        differs = sentences.what_differs(refused.plan, shown_count=shown.will_change, between=between)
        return _out_of_date(request, stored, refused.plan, differs, at=at, when=now)
    except KeyReused as refused:
        return _choosing(request, stored, _choice_of(wish), at=at, refusal=str(refused), status=409)
    return HttpResponseRedirect(reverse("change", args=[applied.change.pk]) + _from(stored))


def _for_later(request: BrandRequest, stored: StoredSelection, *, at: datetime) -> HttpResponse:
    """Show the times in words; or keep the change for later, once exactly these times were shown."""
    try:
        shown = shown_plan(request.POST.get("plan", ""), stored, request.user)
    except PlanNotShown as refusal:
        choice = _choice(request, stored, request.POST)
        return _choosing(request, stored, choice, at=at, refusal=str(refusal), status=422)
    wish = _shown_wish(stored, shown)
    if wish.kind != ChangeKind.STATUS:
        return _choosing(request, stored, _choice_of(wish), at=at, refusal=STATUS_ONLY, status=422)
    when = when_from(request.POST, zones_of(stored.offer, request.place.workspace.timezone), now=at)
    told = told_from(request.POST, request.place.workspace)
    if "preview" in request.POST or not when.was_shown or told.refusal:
        return _previewed(request, stored, plan_change(wish, at=at), when, at=at)
    return _scheduled(request, stored, wish, shown, when, at=at, told=told)


def _previewed(request: BrandRequest, stored: StoredSelection, plan: Plan, when: When, *, at: datetime) -> HttpResponse:
    if not plan.will_change and not _repairs(plan, at=at):
        return _choosing(request, stored, _choice_of(plan.wish), at=at)
    told = told_from(request.POST, request.place.workspace)
    status = 422 if (when.refusal or told.refusal) and "preview" not in request.POST else 200
    return _confirm_step(request, stored, plan, at=at, when=when, told=told, status=status)


def _scheduled(
    request: BrandRequest, stored: StoredSelection, wish: Wish, shown: ShownPlan, when: When, *, at: datetime,
    told: Told,
) -> HttpResponse:  # fmt: skip
    assert when.times is not None  # noqa: S101  they were shown
    try:
        kept = schedule_change(
            workspace_id=stored.workspace_id, wish=wish, times=when.times, digest=shown.digest, key=shown.key,
            by=actor_of(request), at=at, creator_reason=told.reason,
        )  # fmt: skip
    except PlanOutOfDate as refused:
        between = changes_between(wish, seen_up_to=shown.seen_up_to, at=at)
        differs = sentences.what_differs(refused.plan, shown_count=shown.will_change, between=between)
        return _out_of_date(request, stored, refused.plan, differs, at=at, when=when)
    except (InvalidSchedule, ScheduleKeyReused) as refused:
        return _choosing(request, stored, _choice_of(wish), at=at, refusal=str(refused), status=409)
    return HttpResponseRedirect(reverse("scheduled_change", args=[kept.schedule.pk]) + _from(stored))


def _out_of_date(
    request: BrandRequest, stored: StoredSelection, plan: Plan, differs: str, *, at: datetime, when: When | None = None
) -> HttpResponse:
    """Nothing was done: the new plan to confirm, or the choice again when nothing is left to change."""
    if plan.will_change:
        told = told_from(request.POST, request.place.workspace)
        return _confirm_step(request, stored, plan, at=at, differs=differs, when=when, told=told, status=409)
    return _choosing(request, stored, _choice_of(plan.wish), at=at, refusal=differs, status=409)


def _choosing(
    request: BrandRequest,
    stored: StoredSelection,
    choice: Choice,
    *,
    at: datetime,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    shown = _base(stored) | _shown_choice(choice) | {"refusal": refusal, "may_pay": _may_pay(request)}
    if choice.kind == ChangeKind.PAYOUT:
        shown["payout_options"] = options_of(stored.offer)
    if choice.part is not None:
        wish = _wish(stored, choice)
        plan = plan_change(wish, at=at)
        shown |= (
            _listed(stored, choice, selected_page(wish, at=at))
            | _preview(plan, choice, at=at)
            | {"selected": plan.selected}
        )
        if left_out := dict(plan.reasons).get(Exclusion.NOT_IN_OFFER):
            shown["outside"] = members_outside(wish, left_out)
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
    told: Told | None = None,
    status: int = 200,
) -> HttpResponse:
    wish = plan.wish
    chosen = _chosen(_choice_of(wish))
    repairs = _repairs(plan, at=at)
    stores = ", ".join(_store_labels(stored))
    shown = _base(stored) | {
        "plan": plan,
        "selected": plan.selected,
        "token": plan_token(plan, stored, request.user),
        "differs": differs,
        **chosen,
        "is_danger": wish.kind == ChangeKind.STATUS and not wish.to_active,
        "back_href": _address("refresh_codes" if wish.batch else "manage_offer", stored, **chosen),
        "title": sentences.question(plan, repairs=repairs),
        "repaired": sentences.repaired(repairs, to_active=wish.to_active),
        "consequence": sentences.consequence_of(wish),
        "done_word": sentences.words_for(wish).done.capitalize(),
        "skipped_word": f"Skipped, {sentences.words_for(wish).already}",
        "not_looked_up": sentences.not_looked_up(_not_looked_up(wish), stores),
        "exclusions": sentences.exclusions(plan.reasons, wish.part),
    }
    if wish.kind == ChangeKind.STATUS:  # the only kind that can wait for a later time
        shown |= _later(plan, when or _first_when(request, stored, wish, at=at), at=at)
        shown |= told_shown(told or Told(), wish, request.place.workspace)
    return render(request, _template(request, "confirm"), shown, status=status)


def _first_when(request: BrandRequest, stored: StoredSelection, wish: Wish, *, at: datetime) -> When:
    """Now; where creators get notice of a deactivation, so much later."""
    workspace = request.place.workspace
    zones = zones_of(stored.offer, workspace.timezone)
    if gives_notice(wish, workspace):
        return when_after_notice(zones, workspace.notice_hours or 0, now=at)
    return when_now(zones)


def _later(plan: Plan, when: When, *, at: datetime) -> dict[str, Any]:
    """The choice of When, and the words that are other ones for later."""
    shown = when_shown(when, plan, at=at)
    if when.times is None:
        return shown
    return shown | {"title": later_question(plan), "consequence": later_consequence(plan, when.times)}


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
    # A refresh without proposals yet shows the codes as they are.
    kind = ChangeKind.STATUS if choice.kind == ChangeKind.REFRESH and choice.batch is None else choice.kind
    return Wish(
        stored.offer, choice.part, bool(choice.to_active), selection_from_json(stored.body), kind=kind,
        payout_option=choice.option, batch=choice.batch,
    )  # fmt: skip


def _shown_wish(stored: StoredSelection, shown: ShownPlan) -> Wish:
    """The wish of a signed plan. What it names is looked for in the offer of the selection only."""
    offer = stored.offer
    option = PayoutOption.objects.filter(offer=offer, pk=shown.option_id or 0).first()
    batch = own_batch(stored, shown.batch_id)
    return Wish(
        offer, OfferPart(shown.part), shown.to_active, selection_from_json(stored.body), kind=ChangeKind(shown.kind),
        payout_option=option, batch=batch,
    )  # fmt: skip


def _choice_of(wish: Wish) -> Choice:
    to_active = wish.to_active if wish.kind == ChangeKind.STATUS else None
    return Choice(wish.part, to_active, "", wish.kind, wish.payout_option, wish.batch)


def _choice(request: BrandRequest, stored: StoredSelection, fields: QueryDict) -> Choice:
    return choice_from(fields, stored.offer, may_pay=_may_pay(request), stored=stored)


def _may_pay(request: BrandRequest) -> bool:
    return may(request.place.role, Action.EDIT_PAYOUTS)


def _not_looked_up(wish: Wish) -> int:
    return CodeProposal.objects.filter(batch=wish.batch, is_looked_up=False).count() if wish.batch else 0


def _store_labels(stored: StoredSelection) -> list[str]:
    links = stored.offer.store_links.select_related("store").order_by("store_id")
    return [link.store.label for link in links]


def _from(stored: StoredSelection) -> str:
    """What tells the result's step where to go back to; nothing where that is the offer."""
    return f"?{urlencode({'sel': stored.pk})}" if stored.origin else ""


def _base(stored: StoredSelection) -> dict[str, Any]:
    return {
        "offer": stored.offer,
        "stored": stored,
        "store_names": ", ".join(_store_labels(stored)),
        "cancel_href": stored.origin or reverse("offer", args=[stored.offer_id]),
    }


def _chosen(choice: Choice) -> dict[str, str]:
    """The choice as the fields of an address; those that say nothing are left out of it."""
    target = {None: "", True: "active", False: "deactivated"}[choice.to_active]
    shown = {"part": choice.task, "target": target}
    if choice.kind == ChangeKind.PAYOUT:
        shown["option"] = str(choice.option.pk) if choice.option else ""
    if choice.batch is not None:
        shown["batch"] = str(choice.batch.pk)
    return shown


def _shown_choice(choice: Choice) -> dict[str, str]:
    return _chosen(choice) | {"option_name": choice.option.name if choice.option else ""}


def _listed(stored: StoredSelection, choice: Choice, page: SelectedPage) -> dict[str, Any]:
    more_href = _address("selected_members", stored, **_chosen(choice), after=place_text(page.next))
    return {"members": page.rows, "more": page.next is not None, "more_href": more_href}


def _address(name: str, stored: StoredSelection, **fields: str) -> str:
    return f"{reverse(name, args=[stored.offer_id, stored.pk])}?{urlencode(fields)}"


def _preview(plan: Plan, choice: Choice, *, at: datetime) -> dict[str, Any]:
    if choice.kind != ChangeKind.STATUS:
        return _preview_of_others(plan, choice)
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


def _preview_of_others(plan: Plan, choice: Choice) -> dict[str, Any]:
    """What a payout would do; of a refresh, which codes there are to propose for."""
    shown: dict[str, Any] = {"is_open": plan.selected <= _OPEN_UP_TO}
    if choice.kind == ChangeKind.REFRESH and choice.batch is None:
        codes = plan.will_change + plan.already_so
        nothing = "" if codes else "Nothing to change: the selected members have no code in this offer."
        return shown | {"nothing": nothing, "exclusions": sentences.exclusions(plan.reasons, plan.wish.part)}
    if not choice.is_complete:
        return shown
    return shown | {
        "plan": plan,
        "will_happen": sentences.will_happen(plan) if plan.will_change else "",
        "nothing": "" if plan.will_change else sentences.nothing_to_change(plan),
        "already_so": sentences.already_so(plan) if plan.will_change else "",
        "exclusions": sentences.exclusions(plan.reasons, plan.wish.part),
    }


def _template(request: BrandRequest, step: str) -> str:
    """The fragment for the dialog, or the same as a whole page."""
    folder = "web/manage_offers"
    return f"{folder}/{step}.html" if request.htmx else f"{folder}/{step}_page.html"  # type: ignore[attr-defined]
