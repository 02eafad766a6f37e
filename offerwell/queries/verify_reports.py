"""Do reports show what the orders, the ledger and the clicks say? Every day is counted anew and compared."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.db.models import Sum

from offerwell.models import (
    NO_STORE,
    ClickDay,
    MemberClickMonth,
    MemberSalesDay,
    OfferClickDay,
    OfferSalesDay,
    ProgrammeClickDay,
    ProgrammeSalesDay,
)
from offerwell.queries.report_days import days_with_clicks, days_with_sales, month_of_clicks, months_with_clicks
from offerwell.queries.sales_recount import NONE, sales_of_day
from offerwell.queries.verify_problem import Problem
from offerwell.rules.money import money_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from offerwell.models import Workspace
    from offerwell.queries.sales_recount import Key, Sums

NAMED = 20
OfferKey = tuple["date", int, int, str]
_CLICKS = ("clicks", "uniques", "repeats", "bots", "rescued")
_NO_CLICKS = (0, 0, 0, 0, 0)


def report_problems(workspace: Workspace) -> list[Problem]:
    """Everything that does not agree in one workspace; at most NAMED of each kind."""
    found: list[Problem] = []
    for check in (_sales(workspace), _clicks(workspace), _months(workspace)):
        kept = [problem for problem, _n in zip(check, range(NAMED), strict=False)]
        found += kept
    return found


def _sales(workspace: Workspace) -> Iterator[Problem]:
    for day in days_with_sales(workspace):
        right = sales_of_day(workspace, day)
        for key, said, counted in _differences(_members_of(day), right):
            where = f"{day}, offer {key[1]}, member {key[2]}, {_store(key[3])}"
            yield Problem(workspace.slug, "report", where, _words(key[4], said, counted))
        for place, said, counted in _differences(_offers_of(day), _without_members(right)):
            where = f"{day}, offer {place[1]}, {_store(place[2])}"
            yield Problem(workspace.slug, "report", where, _words(place[3], said, counted))
        for currency, said, counted in _differences(_programme_of(day), _by_currency(right)):
            yield Problem(workspace.slug, "report", f"{day}, the programme", _words(currency, said, counted))


def _store(store_id: int) -> str:
    return "by clicks" if store_id == NO_STORE else f"store {store_id}"


def _members_of(day: date) -> dict[Key, Sums]:
    rows = MemberSalesDay.objects.filter(day=day)
    cells = rows.values_list("day", "offer_id", "member_id", "store_id", "currency", "orders", "sales", "commission")
    found = {(d, o, m, s, c): (n, sales, earned) for d, o, m, s, c, n, sales, earned in cells}
    return {key: sums for key, sums in found.items() if sums != NONE}


def _offers_of(day: date) -> dict[OfferKey, Sums]:
    rows = OfferSalesDay.objects.filter(day=day)
    cells = rows.values_list("day", "offer_id", "store_id", "currency", "orders", "sales", "commission")
    found = {(d, o, s, c): (n, sales, earned) for d, o, s, c, n, sales, earned in cells}
    return {key: sums for key, sums in found.items() if sums != NONE}


def _programme_of(day: date) -> dict[str, Sums]:
    rows = ProgrammeSalesDay.objects.filter(day=day).values_list("currency", "orders", "sales", "commission")
    return {currency: (n, sales, earned) for currency, n, sales, earned in rows}


def _by_currency(right: Mapping[Key, Sums]) -> dict[str, Sums]:
    found: dict[str, Sums] = {}
    for (*_place, currency), (n, sales, earned) in right.items():
        before = found.get(currency, NONE)
        found[currency] = (before[0] + n, before[1] + sales, before[2] + earned)
    return found


def _without_members(right: Mapping[Key, Sums]) -> dict[OfferKey, Sums]:
    found: dict[OfferKey, list[int]] = defaultdict(lambda: [0, 0, 0])
    for (day, offer_id, _member, store_id, currency), sums in right.items():
        place = found[day, offer_id, store_id, currency]
        place[:] = [before + more for before, more in zip(place, sums, strict=True)]
    return {key: sums for key, (n, sales, earned) in found.items() if (sums := (n, sales, earned)) != NONE}


def _differences(said: Mapping[Any, Any], counted: Mapping[Any, Any]) -> Iterator[tuple[Any, Sums, Sums]]:
    for key in sorted({*said, *counted}):
        if said.get(key, NONE) != counted.get(key, NONE):
            yield key, said.get(key, NONE), counted.get(key, NONE)


def _words(currency: str, said: Sums, counted: Sums) -> str:
    return f"it says {_sum_words(currency, said)}, there are {_sum_words(currency, counted)}"


def _sum_words(currency: str, sums: Sums) -> str:
    orders, sales, earned = sums
    return f"{orders} orders, {money_text(sales, currency)} sold, {money_text(earned, currency)} earned"


def _clicks(workspace: Workspace) -> Iterator[Problem]:
    """The clicks of an offer's day are those of its links, and the programme's day is all of them."""
    for day in days_with_clicks():
        said = _counts(OfferClickDay, day)
        right = _counts(ClickDay, day)
        pairs = [(f"offer {pk}", said.get(pk, _NO_CLICKS), right.get(pk, _NO_CLICKS)) for pk in sorted({*said, *right})]
        all_said = next(iter(ProgrammeClickDay.objects.filter(day=day).values_list(*_CLICKS)), _NO_CLICKS)
        pairs.append(("the programme", all_said, tuple(map(sum, zip(_NO_CLICKS, *right.values(), strict=True)))))
        for where, one, other in pairs:
            if one != other:
                words = ", ".join(
                    f"{a} {name} where there are {b}" for name, a, b in zip(_CLICKS, one, other, strict=True) if a != b
                )
                yield Problem(workspace.slug, "report_clicks", f"{day}, {where}", f"it says {words}")


def _months(workspace: Workspace) -> Iterator[Problem]:
    """The month of a member in an offer is the sum of its days. The database compares: there may be very many."""
    for month in months_with_clicks():
        right = month_of_clicks(workspace, month, _CLICKS)
        said = MemberClickMonth.objects.filter(day=month).order_by()
        told = said.values_list("workspace_id", "day", "offer_id", "member_id", *_CLICKS)
        places = {
            (row[2], row[3]) for one, other in ((told, right), (right, told)) for row in one.difference(other)[:NAMED]
        }
        for offer_id, member_id in sorted(places):
            where = f"{month:%Y-%m}, offer {offer_id}, member {member_id}"
            yield Problem(workspace.slug, "report_clicks", where, "its clicks are not those of its days")


def _counts(model: Any, day: date) -> dict[int, tuple[int, ...]]:
    rows = model.objects.filter(day=day).order_by().values_list("offer_id").annotate(*map(Sum, _CLICKS))
    return {offer_id: tuple(map(int, counts)) for offer_id, *counts in rows}
