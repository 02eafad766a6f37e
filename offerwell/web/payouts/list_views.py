"""All payouts, a new draft, and what payouts need."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from offerwell.actions.draft_payout import draft_payout
from offerwell.actions.set_payout_policy import payout_policy, set_payout_policy
from offerwell.queries.payout_runs import run_list
from offerwell.rules.permissions import Action, may
from offerwell.rules.statements import InvalidPayout, minimums_in, minimums_text
from offerwell.ui import statement_words as words
from offerwell.ui.paging import number_from
from offerwell.web.confirmed import confirmed
from offerwell.web.needs import actor_of, needs

if TYPE_CHECKING:
    from offerwell.web.needs import BrandRequest

_LONGEST = 400


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.MAKE_PAYOUTS)
def payouts(request: BrandRequest) -> HttpResponse:
    """The list, newest first; a POST draws up the draft, or draws it up anew."""
    if request.method != "POST":
        return _list(request)
    typed = request.POST.get("last_day", "").strip()[:_LONGEST]
    try:
        run = draft_payout(
            workspace_id=request.place.workspace_id, last_day=_day_in(typed), by=actor_of(request), at=timezone.now()
        )
    except InvalidPayout as refused:
        return _list(request, last_day=typed, refusal=str(refused), status=422)
    return HttpResponseRedirect(reverse("payout_run", args=[run.pk]))


def _day_in(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidPayout("Choose a day.") from None


def _list(request: BrandRequest, *, last_day: str | None = None, refusal: str = "", status: int = 200) -> HttpResponse:
    before = number_from(request.GET.get("before"))
    listed = run_list(before=before)
    draft = next((row.run for row in listed.rows if row.run.is_draft), None)
    approving = next((words.title_of(row.run.last_day) for row in listed.rows if row.run.is_approving), "")
    usual = draft.last_day if draft else words.last_month(request.place.workspace.timezone, now=timezone.now())
    shown = {
        "rows": [(row, words.title_of(row.run.last_day), f"payout_{row.standing}", words.pays_text(row.totals))
                 for row in listed.rows],
        "older": listed.older, "is_first": before is None, "refusal": refusal, "draft": draft,
        "approving": approving,
        "last_day": usual.isoformat() if last_day is None else last_day,
        "may_set_rules": may(request.place.role, Action.EDIT_SETTINGS),
    }  # fmt: skip
    return render(request, "web/payouts/payouts.html", shown, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_SETTINGS)
@confirmed()
def rules(request: BrandRequest) -> HttpResponse:
    """Whether a second person approves, and the least that is paid."""
    if request.method != "POST":
        now = payout_policy()
        return _rules(request, needs_second=now.needs_second, minimums=minimums_text(now.minimums))
    needs_second, typed = "needs_second" in request.POST, request.POST.get("minimums", "").strip()[:_LONGEST]
    try:
        minimums = minimums_in(typed)
    except InvalidPayout as refused:
        return _rules(request, needs_second=needs_second, minimums=typed, refusal=str(refused), status=422)
    set_payout_policy(
        workspace_id=request.place.workspace_id, needs_second=needs_second, minimums=minimums, by=actor_of(request),
        at=timezone.now(),
    )  # fmt: skip
    messages.success(request, "Saved.")
    return HttpResponseRedirect(reverse("payouts"))


def _rules(
    request: BrandRequest, *, needs_second: bool, minimums: str, refusal: str = "", status: int = 200
) -> HttpResponse:
    shown = {"needs_second": needs_second, "minimums": minimums, "refusal": refusal}
    return render(request, "web/payouts/rules.html", shown, status=status)
