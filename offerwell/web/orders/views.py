"""Reporting › Orders: a list, one order with why it is whose, reject and accept, the rules, reading a store."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offerwell.actions.judge_conversion import JudgementRefused, judge_conversion
from offerwell.actions.pull_orders import PullRefused, ask_for_orders
from offerwell.actions.set_attribution_rules import RulesRefused, attribution_rules, set_attribution_rules
from offerwell.models import Conversion, Order, Store
from offerwell.queries.attribution_replay import newest_replays
from offerwell.queries.orders import MOST_COUNTED, OrderView, awaiting_count, order_list, order_seen
from offerwell.rules.money import money_text
from offerwell.rules.permissions import Action, may
from offerwell.ui.ledger_words import CAUSES
from offerwell.ui.paging import number_from
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.orders import words

_VIEWS = {
    OrderView.ALL: "All", OrderView.CREDITED: "Credited", OrderView.REJECTED: "Rejected",
    OrderView.UNCONFIRMED: "Not confirmed",
}  # fmt: skip
_LONGEST_SEARCH = 80


@require_safe
@needs(Action.VIEW)
def orders(request: BrandRequest) -> HttpResponse:
    """The workspace's orders, newest first."""
    asked = request.GET.get("view", "")
    view = OrderView(asked) if asked in set(OrderView) else OrderView.ALL
    text = request.GET.get("q", "").strip()[:_LONGEST_SEARCH]
    listed, waiting = order_list(view, text=text, before=request.GET.get("before", "")), awaiting_count()
    shown = {
        "rows": [(row, words.state_of(row), _sale(row.order), words.sums_text(row.earned))
                 for row in listed.rows],
        "may_set_rules": may(request.place.role, Action.EDIT_SETTINGS),
        "older": listed.older, "is_first": not request.GET.get("before"), "view": view, "text": text,
        "views": [(one, label, one == view) for one, label in _VIEWS.items()],
        "waiting": f"{waiting:,}{'+' if waiting == MOST_COUNTED else ''}",
    }  # fmt: skip
    return render(request, "web/orders/orders.html", shown)


@require_safe
@needs(Action.VIEW)
def order(request: BrandRequest, order_id: int) -> HttpResponse:
    """One order: whose it is, why, and what it earned."""
    return _order_page(request, _found(order_id))


@require_POST
@needs(Action.EDIT_PAYOUTS)
def judge(request: BrandRequest, order_id: int) -> HttpResponse:
    """Reject the conversion, or accept it again; twice is once."""
    found = _found(order_id)
    is_accepted = request.POST.get("to") == "accepted"
    conversion = get_object_or_404(Conversion, order=found)
    reason = request.POST.get("reason", "")
    try:
        changed = judge_conversion(
            workspace_id=request.place.workspace_id, conversion_id=conversion.pk, is_accepted=is_accepted,
            reason=reason, by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except JudgementRefused as refused:
        return _order_page(request, found, refusal=str(refused), reason=reason, status=422)
    if changed:
        messages.success(request, f"{found} is {'accepted' if is_accepted else 'rejected'}. The ledger follows.")
    return HttpResponseRedirect(reverse("order", args=[found.pk]))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_SETTINGS)
def rules(request: BrandRequest) -> HttpResponse:
    """Which of code and link wins, and how long a click counts."""
    shown = rules_shown()
    if request.method != "POST":
        return render(request, "web/orders/rules.html", shown)
    first, days = request.POST.get("first", ""), request.POST.get("window_days", "").strip()
    trusts = request.POST.get("trusts_browsers") == "on"
    try:
        set_attribution_rules(
            workspace_id=request.place.workspace_id, first=first, window_days=number_from(days),
            trusts_browsers=trusts, by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except RulesRefused as refused:
        shown |= {"first": first, "window_days": days, "trusts_browsers": trusts, "problems": refused.problems}
        return render(request, "web/orders/rules.html", shown, status=422)
    messages.success(request, "Saved. Orders that come in from now on follow these rules.")
    return HttpResponseRedirect(reverse("attribution_rules"))


def rules_shown() -> dict[str, Any]:
    """What the page of the rules shows: those of now, and the newest replays."""
    now = attribution_rules()
    return {
        "first": now.first, "window_days": now.window_days,
        "trusts_browsers": now.trusts_browsers, "problems": {}, "tried": {}, "tried_problems": {},
        "replays": [(one, words.rules_text(one.first, one.window_days)) for one in newest_replays()],
    }  # fmt: skip


@require_POST
@needs(Action.EDIT_SETTINGS)
def ask_store(request: BrandRequest, store_id: int) -> HttpResponse:
    """Have the store's orders read since a day."""
    store = get_object_or_404(Store, pk=store_id)
    try:
        since = datetime.combine(date.fromisoformat(request.POST.get("since", "")), time.min, UTC)
        ask_for_orders(
            workspace_id=request.place.workspace_id, store=store, since=since, by=actor_of(request), at=timezone.now()
        )
    except ValueError:
        messages.error(request, "Nothing was read: choose a day.")
    except PullRefused as refused:
        messages.error(request, f"Nothing was read. {refused}")
    else:
        messages.success(request, f"Orders of {store.label} are read from the store now.")
    return HttpResponseRedirect(f"{reverse('store', args=[store.pk])}#orders")


def _found(order_id: int) -> Order:
    return get_object_or_404(Order.objects.select_related("store"), pk=order_id)


def _sale(found: Order) -> str:
    return money_text(found.net - found.refunded, found.currency)


def _order_page(request: BrandRequest, found: Order, *, status: int = 200, **said: str) -> HttpResponse:
    seen = order_seen(found)
    conversion = seen.row.conversion
    shown = {
        "order": found, "seen": seen, "conversion": conversion, "state": words.state_of(seen.row),
        "net": money_text(found.net, found.currency), "refunded": money_text(-found.refunded, found.currency),
        "sale": _sale(found), "earned": words.sums_text(seen.row.earned), "way": words.WAYS[found.decided_by],
        "option": words.option_text(conversion, seen.rules) if conversion else "",
        "candidates": [(one, words.WAYS[one.way], words.verdict_text(one.verdict, found)) for one in seen.candidates],
        "parts": [(words.part_text(one, found, seen.rules), money_text(one.amount, one.currency))
                  for one in seen.parts],
        "entries": [(entry, who, CAUSES.get(entry.cause, entry.cause), money_text(entry.amount, entry.currency))
                    for entry, who in seen.entries],
        "lines": [(line, money_text(line.net, found.currency), money_text(-line.refunded, found.currency))
                  for line in seen.lines],
        "may_judge": may(request.place.role, Action.EDIT_PAYOUTS), **said,
    }  # fmt: skip
    return render(request, "web/orders/order.html", shown, status=status)
