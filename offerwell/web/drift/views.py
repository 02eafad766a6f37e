"""Reporting › Drift: what differs in a store, adopt or restore; and Settings › Sync, the policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offerwell.actions.answer_drifts import DriftPlanOutOfDate, answer_drifts
from offerwell.actions.set_drift_policy import set_drift_policy
from offerwell.queries.drift import COUNTED_UP_TO, count_drifts, drift_choices, drift_page, restored_by_policy
from offerwell.queries.drift_plan import DriftWish, plan_drifts
from offerwell.rules.drift import InvalidDriftSelection, Verb
from offerwell.rules.permissions import Action, may
from offerwell.ui.drift_form import (
    drift_fields,
    drift_filter_from,
    drift_place_from,
    drift_place_text,
    drift_selection_from,
    selection_fields,
)
from offerwell.web.drift.drift_token import DriftPlanNotShown, drift_token, shown_drift_plan
from offerwell.web.drift.sentences import CONSEQUENCES, TITLES, done, left_out, question, theirs, will_happen
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from django.http import HttpResponse, QueryDict

    from offerwell.queries.drift_plan import DriftPlan


@require_safe
@needs(Action.VIEW)
def drift(request: BrandRequest) -> HttpResponse:
    """The table."""
    return _table(request, request.GET)


@require_POST
@needs(Action.CHANGE_OFFER_STATUS)
def preview(request: BrandRequest) -> HttpResponse:
    """What adopting or restoring the ticked rows would do."""
    try:
        wish = _wish(request)
    except InvalidDriftSelection as refusal:
        return _table(request, request.POST, refusal=str(refusal), status=422)
    return _preview(request, plan_drifts(wish))


@require_POST
@needs(Action.CHANGE_OFFER_STATUS)
def confirm(request: BrandRequest) -> HttpResponse:
    """Do exactly what was shown; twice is once."""
    try:
        wish = _wish(request)
        shown = shown_drift_plan(request.POST.get("plan", ""), wish, request.user)  # type: ignore[arg-type]
        answered = answer_drifts(
            workspace_id=request.place.workspace_id, wish=wish, digest=shown.digest, key=shown.key,
            by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except InvalidDriftSelection as refusal:
        return _table(request, request.POST, refusal=str(refusal), status=422)
    except DriftPlanNotShown as refusal:
        said = f"{refusal} Look at what will change now, then confirm."
        return _preview(request, plan_drifts(wish), differs=said, status=409)
    except DriftPlanOutOfDate as refusal:
        said = "Codes changed here or in the store since you looked. Look at the new numbers, then confirm again."
        return _preview(request, refusal.plan, differs=said, status=409)
    if len(answered.changes) == 1:
        return HttpResponseRedirect(reverse("change", args=[answered.changes[0].pk]))
    messages.success(request, done(wish.verb, sum(change.changed for change in answered.changes)))
    return HttpResponseRedirect(reverse("activity"))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_SETTINGS)
def policy(request: BrandRequest) -> HttpResponse:
    """Flag differences, or put them right by themselves."""
    if request.method == "POST":
        wanted = request.POST.get("policy")
        if wanted in {"flag", "enforce"}:
            changed = set_drift_policy(
                workspace_id=request.place.workspace_id, enforces=wanted == "enforce", by=actor_of(request),
                at=timezone.now(),
            )  # fmt: skip
            if changed:
                messages.success(request, "Saved. It holds for differences that are found from now on.")
            return HttpResponseRedirect(reverse("drift_policy"))
    shown = {
        "enforces": request.place.workspace.enforces_since is not None,
        "since": request.place.workspace.enforces_since,
        "most": settings.OFFERWELL_DRIFT_RESTORES,
        "hours": f"{settings.OFFERWELL_AUDIT_HOURS:g}",
    }
    return render(request, "web/drift/policy.html", shown, status=200 if request.method != "POST" else 422)


def _wish(request: BrandRequest) -> DriftWish:
    verb = request.POST.get("verb", "")
    if verb not in set(Verb):
        raise InvalidDriftSelection("Choose Adopt the store’s state or Restore ours.")
    return DriftWish(Verb(verb), drift_selection_from(request.POST))


def _table(request: BrandRequest, fields: QueryDict, *, refusal: str = "", status: int = 200) -> HttpResponse:
    wanted, after = drift_filter_from(fields), drift_place_from(fields.get("after"))
    page = drift_page(wanted, after=after, at=timezone.now(), most_restores=settings.OFFERWELL_DRIFT_RESTORES)
    total = count_drifts(wanted)
    offers, stores = drift_choices()
    capped = total > COUNTED_UP_TO
    shown = {
        "rows": [(row, theirs(row)) for row in page.rows],
        "total": total,
        "total_label": f"more than {COUNTED_UP_TO:,}" if capped else f"{total:,}",
        "is_capped": capped,
        "wanted": wanted,
        "filter_fields": drift_fields(wanted),
        "is_filtered": bool(drift_fields(wanted)),
        "offers": offers,
        "stores": stores,
        "first_href": f"?{urlencode(drift_fields(wanted))}" if after else "",
        "next_href": f"?{urlencode({**drift_fields(wanted), 'after': drift_place_text(page.next)})}"
        if page.next
        else "",
        "restored": restored_by_policy(),
        "enforces": request.place.workspace.enforces_since is not None,
        "may_change": may(request.place.role, Action.CHANGE_OFFER_STATUS),
        "may_edit": may(request.place.role, Action.EDIT_SETTINGS),
        "refusal": refusal,
        "here": "drift",
    }
    return render(request, "web/drift/drift.html", shown, status=status)


def _preview(request: BrandRequest, plan: DriftPlan, *, differs: str = "", status: int = 200) -> HttpResponse:
    verb = plan.wish.verb
    back = reverse("drift")
    shown: dict[str, Any] = {
        "plan": plan,
        "title": TITLES[verb],
        "question": question(plan),
        "consequence": CONSEQUENCES[verb],
        "happens": [(group.offer, will_happen(plan, group)) for group in plan.groups],
        "stays": [left_out(reason, count) for reason, count in plan.reasons],
        "fields": {"verb": str(verb), **selection_fields(plan.wish.selection)},
        "token": drift_token(plan, request.user),  # type: ignore[arg-type]
        "differs": differs,
        "back": back,
        "is_adopting": verb == Verb.ADOPT,
        "here": "drift",
    }
    return render(request, "web/drift/preview.html", shown, status=status)
