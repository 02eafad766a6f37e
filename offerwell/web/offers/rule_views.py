"""Rules and tiers of a payout option: list, add, edit, remove; each change is a new set that counts from now on.

And the collections that rules are about, read again at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from offerwell.actions.follow_collections import follow_collections
from offerwell.actions.set_payout_rules import set_payout_rules
from offerwell.models import PayoutOption
from offerwell.queries.collections import collections_seen
from offerwell.queries.payout_rules import rules_now
from offerwell.queries.payouts import option_terms
from offerwell.rules.pay_rules import BUYERS, RulesRefused, conditions_text, pay_text
from offerwell.rules.pay_tiers import MEASURES, MOST_TIERS, PERIODS, tiers_text
from offerwell.rules.payouts import LONGEST_NAME, WITH_PERCENT
from offerwell.rules.permissions import Action
from offerwell.ui.paging import number_from
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.offers.payout_views import currency_of
from offerwell.web.offers.rule_form import (
    rule_from,
    rule_typed,
    tiers_from,
    tiers_typed,
    typed_rule,
    typed_tiers,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse

    from offerwell.queries.payout_rules import RuleSet
    from offerwell.rules.pay_rules import PayRule
    from offerwell.rules.pay_tiers import Tiers

_FEWEST_ROWS = 3


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_PAYOUTS)
def payout_rules(request: BrandRequest, offer_id: int, option_id: int) -> HttpResponse:
    """The rules with a form for one (`rule` is its number); posted: it is added, changed, or taken away (`remove`)."""
    option = _option(offer_id, option_id)
    now = rules_now(option.pk)
    number = _number(request, now)
    if request.method != "POST":
        typed = rule_typed(now.rules[number - 1], option) if number else _new(option)
        return _page(request, option, now, typed=typed, number=number)
    typed = typed_rule(request.POST)
    try:
        rules = list(now.rules)
        if "remove" in request.POST:
            del rules[number - 1 : number]
        elif number:
            rules[number - 1] = rule_from(typed, option, request.place.workspace.timezone)
        else:
            rules.append(rule_from(typed, option, request.place.workspace.timezone))
        return _stored(request, option, rules, now.tiers)
    except RulesRefused as refused:
        return _page(request, option, now, typed=typed, number=number, problems=_own(refused, number), status=422)


@require_POST
@needs(Action.EDIT_PAYOUTS)
def payout_tiers(request: BrandRequest, offer_id: int, option_id: int) -> HttpResponse:
    """Store the tiers; rows left empty are none."""
    option = _option(offer_id, option_id)
    now = rules_now(option.pk)
    how, rows = typed_tiers(request.POST)
    try:
        return _stored(request, option, list(now.rules), tiers_from(how, rows, option))
    except RulesRefused as refused:
        return _page(request, option, now, typed=_new(option), tiers=(how, rows), problems=refused.problems, status=422)


@require_POST
@needs(Action.EDIT_PAYOUTS)
def payout_collections(request: BrandRequest, offer_id: int, option_id: int) -> HttpResponse:
    """Read the collections of the rules now, instead of within the day."""
    option = _option(offer_id, option_id)
    done = follow_collections(workspace_id=request.place.workspace_id, option_id=option.pk, at=timezone.now())
    for problem in done.problems:
        messages.error(request, f"{problem} The rules keep the products they have.")
    if done.read:
        changed = "Orders placed from now on earn by the products of now." if done.changed else "Nothing had changed."
        messages.success(request, f"Read again. {changed}")
    return HttpResponseRedirect(reverse("payout_rules", args=[option.offer_id, option.pk]))


def _stored(
    request: BrandRequest, option: PayoutOption, rules: list[PayRule], tiers: Tiers | None
) -> HttpResponseRedirect:
    seen = number_from(request.POST.get("seen")) or 0
    set_payout_rules(
        workspace_id=request.place.workspace_id, option=option, rules=rules, tiers=tiers, seen=seen,
        by=actor_of(request), at=timezone.now(),
    )  # fmt: skip
    messages.success(request, f"Saved. Orders placed from now on earn by these rules of {option.name}.")
    return HttpResponseRedirect(reverse("payout_rules", args=[option.offer_id, option.pk]))


def _option(offer_id: int, option_id: int) -> PayoutOption:
    return get_object_or_404(PayoutOption.objects.select_related("offer"), pk=option_id, offer_id=offer_id)


def _new(option: PayoutOption) -> dict[str, str]:
    """A rule to begin with."""
    return {"buyer": "", "value_currency": currency_of(option.offer)}


def _number(request: BrandRequest, now: RuleSet) -> int:
    """Which rule is meant, from 1; 0: a new one."""
    asked = number_from((request.POST if request.method == "POST" else request.GET).get("rule")) or 0
    return asked if 0 < asked <= len(now.rules) else 0


def _own(refused: RulesRefused, number: int) -> dict[str, str]:
    """The problems of the rule in the form by its fields."""
    return {field.removeprefix(f"rule_{number}_"): sentence for field, sentence in refused.problems.items()}


def _page(
    request: BrandRequest, option: PayoutOption, now: RuleSet, *, typed: Mapping[str, str], number: int = 0,
    tiers: tuple[dict[str, str], list[tuple[str, str]]] | None = None, problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    how, rows = tiers or tiers_typed(now.tiers, option, currency_of(option.offer))
    shown: dict[str, Any] = {
        "offer": option.offer, "option": option, "now": now, "terms": option_terms(option),
        "tiers": tiers_text(now.tiers, option.currency) if now.tiers else "",
        "rules": [
            (place, pay_text(rule.basis_points, rule.amount, option.currency), conditions_text(rule), seen)
            for place, (rule, seen) in enumerate(zip(now.rules, collections_seen(now), strict=True), start=1)
        ],
        "has_collections": bool(now.collection_rows),
        "typed": typed, "number": number, "problems": problems or {}, "buyers": BUYERS.items(),
        "longest": LONGEST_NAME, "has_percent": option.kind in WITH_PERCENT, "is_for_clicks": option.kind == "cpc",
        "how": how, "measures": MEASURES.items(), "periods": PERIODS.items(),
        "tier_rows": _tier_rows(rows, problems or {}),
    }  # fmt: skip
    return render(request, "web/offers/payout_rules.html", shown, status=status)


def _tier_rows(rows: list[tuple[str, str]], problems: Mapping[str, str]) -> list[tuple[int, str, str, str]]:
    """Number, from, pays and problem of the rows shown: one more than are filled in."""
    shown = max(_FEWEST_ROWS, min(len(rows) + 1, MOST_TIERS))
    filled = [*rows, *[("", "")] * (shown - len(rows))]
    return [(n, start, pays, problems.get(f"step_{n}", "")) for n, (start, pays) in enumerate(filled, start=1)]
