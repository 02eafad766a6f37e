"""Attribution rules tried on past orders: what they would move, and applying them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from offerwell.actions.apply_replay import ReplayRefused, apply_replay
from offerwell.actions.ask_for_replay import ask_for_replay
from offerwell.actions.set_attribution_rules import RulesRefused
from offerwell.models import AttributionReplay, Member, Order, ReplayState
from offerwell.rules.attribution_replay import agree, rules_of
from offerwell.rules.money import money_text
from offerwell.rules.permissions import Action
from offerwell.ui.paging import number_from
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.orders import words
from offerwell.web.orders.views import rules_shown


@require_POST
@needs(Action.EDIT_SETTINGS)
def ask(request: BrandRequest) -> HttpResponse:
    """Compute what other rules would move. Nothing is changed."""
    tried = {name: request.POST.get(name, "").strip() for name in ("first", "window_days", "since")}
    try:
        asked = ask_for_replay(
            workspace_id=request.place.workspace_id, first=tried["first"],
            window_days=number_from(tried["window_days"]), since=_day(tried["since"]), by=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
    except RulesRefused as refused:
        shown = rules_shown() | {"tried": tried, "tried_problems": refused.problems}
        return render(request, "web/orders/rules.html", shown, status=422)
    return HttpResponseRedirect(reverse("replay", args=[asked.pk]))


@require_safe
@needs(Action.EDIT_SETTINGS)
def replay(request: BrandRequest, replay_id: int) -> HttpResponse:
    """Its progress, its preview, or what applying moved. A fragment while the page polls, then the page anew."""
    found = get_object_or_404(AttributionReplay, pk=replay_id)
    if not request.htmx:  # type: ignore[attr-defined]  django-htmx
        return _page(request, found)
    response = render(request, "web/orders/replay_progress.html", {"replay": found})
    if found.state not in _RUNNING:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@needs(Action.EDIT_SETTINGS)
def apply(request: BrandRequest, replay_id: int) -> HttpResponse:
    """Apply it to the past orders; twice is once."""
    found = get_object_or_404(AttributionReplay, pk=replay_id)
    try:
        apply_replay(
            workspace_id=request.place.workspace_id, replay_id=found.pk, by=actor_of(request), at=timezone.now()
        )
    except ReplayRefused as refused:
        return _page(request, found, refusal=str(refused), status=409)
    messages.success(request, "The rules are applied to past orders now.")
    return HttpResponseRedirect(reverse("replay", args=[found.pk]))


_RUNNING = {ReplayState.WAITING, ReplayState.APPLYING}


def _day(text: str) -> datetime | None:
    """The day's beginning (UTC); None for what is no day."""
    try:
        return datetime.combine(date.fromisoformat(text), time.min, UTC)
    except ValueError:
        return None


def _page(request: BrandRequest, found: AttributionReplay, *, refusal: str = "", status: int = 200) -> HttpResponse:
    figures: dict[str, Any] = found.preview or {}
    is_applied = found.state == ReplayState.APPLIED
    members, orders = _named(figures)
    shown = {
        "replay": found, "rules": words.rules_text(found.first, found.window_days), "refusal": refusal,
        "is_running": found.state in _RUNNING, "is_applied": is_applied, "figures": figures,
        "result": found.result if is_applied else None, "agrees": is_applied and agree(figures, found.result or {}),
        "is_nothing": bool(figures) and not figures["moved"] and not figures["repriced"],
        "sums": _sums(found.result if is_applied and found.result else figures),
        "members": [(pk, members.get(pk), _member_sums(sums)) for pk, sums in figures.get("members", ())],
        "orders": [(orders.get(pk), members.get(was), members.get(now))
                   for pk, was, now in figures.get("examples", ())],
        "former": [(*rules_of(key), words.rules_text(*rules_of(key)), count)
                   for key, count in figures.get("rules", {}).items()],
    }  # fmt: skip
    return render(request, "web/orders/replay.html", shown, status=status)


def _named(figures: dict[str, Any]) -> tuple[dict[int, Member], dict[int, Order]]:
    listed = figures.get("examples", ())
    ids = {pk for pk, _sums_ in figures.get("members", ())} | {pk for _order, *both in listed for pk in both if pk}
    return Member.objects.in_bulk(ids), Order.objects.in_bulk([order_id for order_id, *_both in listed])


def _sums(figures: dict[str, Any]) -> list[tuple[str, ...]]:
    """Currency by currency: sales that move, commission before and after, the difference, given and taken."""
    names = ("sales", "before", "after", "given", "taken")
    currencies = sorted({currency for name in names for currency in figures.get(name, {})})
    rows = []
    for currency in currencies:
        sales, before, after, given, taken = (figures[name].get(currency, 0) for name in names)
        amounts = (sales, before, after, after - before, given, taken)
        rows.append((currency, *(money_text(amount, currency) for amount in amounts)))
    return rows


def _member_sums(sums: dict[str, list[int]]) -> list[tuple[str, str, str]]:
    return [
        (money_text(before, currency), money_text(after, currency), money_text(after - before, currency))
        for currency, (before, after) in sorted(sums.items())
    ]
