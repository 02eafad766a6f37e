"""Unique clicks are posted where a member is paid per click, by differences, for each link and day."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_scopes import scope, scopes_disabled

from offerwell.actions import post_clicks as module
from offerwell.actions.change_offer_status import change_offer_status
from offerwell.actions.count_clicks import count_clicks
from offerwell.actions.post_clicks import post_clicks
from offerwell.actions.rebuild_reports import rebuild_reports
from offerwell.models import (
    NO_STORE,
    ChangeKind,
    Click,
    ClickDay,
    LedgerEntry,
    MemberSalesDay,
    OfferPart,
    OfferSalesDay,
)
from offerwell.queries import sales_report as report
from offerwell.queries.creator_earnings import own_days
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.queries.verify_orders import order_problems
from offerwell.queries.verify_reports import report_problems
from offerwell.rules.money import Money
from offerwell.rules.report_period import Period
from offerwell.rules.selection import MemberSelection
from tests import make
from tests.actions.test_count_clicks import arrival

DAY = timedelta(days=1)


def per_click(place, name="Nora", **fields):
    """A link of a member who is paid 0.20 USD a click."""
    offer = make.offer(place, f"Links of {name}", type="sales_link")
    fields = {"kind": "cpc", "basis_points": None, "amount": 20, "currency": "USD", **fields}
    return make.link(
        make.enrollment(offer, make.member(place, name), make.payout(offer, "Click", is_default=True, **fields))
    )


def counted(*clicks):
    Click.objects.bulk_create(clicks)
    while count_clicks(at=make.NOW):
        pass


def posted():
    with scopes_disabled():
        rows = LedgerEntry.objects.filter(account="member").order_by("pk")
        return [(row.member_id, row.currency, row.amount, row.version, row.seq) for row in rows]


def all_posted():
    while post_clicks(at=make.NOW):
        pass


def test_unique_clicks_earn_once_and_only_what_is_new(acme):
    link = per_click(acme)
    member = link.enrollment.member_id
    counted(
        arrival(link, 1), arrival(link, 2), arrival(link, 3, visitor="w"), arrival(link, 4, visitor="x", bot="listed")
    )
    assert (post_clicks(at=make.NOW), post_clicks(at=make.NOW)) == (1, 0)
    assert posted() == [(member, "USD", 40, 2, 1)]
    counted(arrival(link, 5, visitor="y"), arrival(link, 6, visitor="w"), arrival(link, 7, visitor="v", seconds=86_400))
    all_posted()
    assert posted() == [(member, "USD", 40, 2, 1), (member, "USD", 20, 3, 2), (member, "USD", 20, 1, 1)]
    assert order_problems(acme) == []
    assert [
        sum(LedgerEntry.objects.values_list("amount", flat=True)),
        LedgerEntry.objects.filter(order=None).count(),
    ] == [0, 6]


def test_who_is_not_paid_per_click_earns_nothing_by_it(acme):
    offer = make.offer(acme, "Sales", type="sales_link")
    link = make.link(make.enrollment(offer, make.member(acme), make.payout(offer, is_default=True)))
    counted(arrival(link, 1))
    assert (post_clicks(at=make.NOW), posted(), post_clicks(at=make.NOW)) == (1, [], 0)


def test_the_option_of_the_start_of_the_day_counts(acme):
    link = per_click(acme)
    offer, better = (
        link.offer,
        make.payout(link.offer, "Better", kind="cpc", basis_points=None, amount=50, currency="USD"),
    )
    wish = Wish(
        offer, OfferPart.MEMBERS, to_active=False, selection=MemberSelection(ids=(link.enrollment.member_id,)),
        kind=ChangeKind.PAYOUT, payout_option=better,
    )  # fmt: skip
    digest = plan_change(wish, at=make.NOW).digest
    change_offer_status(workspace_id=acme.pk, wish=wish, digest=digest, key="k", by=make.ANA, at=make.NOW)
    counted(arrival(link, 1, seconds=60), arrival(link, 2, seconds=86_400))
    all_posted()
    assert [row[2] for row in posted()] == [20, 50]
    assert order_problems(acme) == []


def test_each_workspace_has_its_own_and_batches_are_bounded(acme, rival, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 2)
    links = [per_click(acme, "Nora"), per_click(acme, "Omar"), per_click(acme, "Ute")]
    with scope(workspace=rival):
        links.append(per_click(rival, "Rita"))
    counted(*[arrival(link, n) for n, link in enumerate(links, start=1)])
    posted_at_once = [post_clicks(at=make.NOW) for _ in range(4)]
    assert (sorted(posted_at_once), posted_at_once[-1]) == (
        [0, 1, 1, 2],
        0,
    )  # which workspace is first, databases differ in
    with scopes_disabled():
        owners = {(row.workspace_id, row.member_id) for row in LedgerEntry.objects.all()}
        assert owners == {(link.workspace_id, link.enrollment.member_id) for link in links}


def test_statements_do_not_grow_with_the_days(acme):
    counts = []
    for start, size in ((0, 1), (100, 9)):
        links = [per_click(acme, f"M{start + n}") for n in range(size)]
        counted(*[arrival(link, start + n) for n, link in enumerate(links)])
        with CaptureQueriesContext(connection) as seen:
            assert post_clicks(at=make.NOW) == size
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_an_entry_has_exactly_one_source(acme):
    link = per_click(acme)
    day = ClickDay.objects.create(workspace=acme, link=link, offer_id=link.offer_id, member_id=1, day=make.NOW.date())
    order = make.recorded(make.store(acme), make.snapshot())["1"]
    for source in ({}, {"order": order, "click_day": day}):
        with pytest.raises(IntegrityError), transaction.atomic():
            LedgerEntry.objects.create(
                workspace=acme, seq=1, account="member", member_id=1, currency="USD", amount=1, version=1, cause="x",
                at=make.NOW, **source,
            )  # fmt: skip
    assert LedgerEntry.objects.count() == 0


def test_verify_names_a_cent_that_clicks_do_not_explain(acme):
    link = per_click(acme)
    counted(arrival(link, 1))
    all_posted()
    ClickDay.objects.update(posted_uniques=3)
    assert [(problem.check, problem.wrong.split(" for ")[0]) for problem in order_problems(acme)] == [
        ("ledger", "the ledger differs from the clicks by 0.40 USD"),
    ]  # fmt: skip


def rolled():
    columns = ("day", "offer_id", "member_id", "store_id", "currency", "orders", "sales", "commission")
    return sorted(MemberSalesDay.objects.values_list(*columns))


def by_hand():
    """What the ledger has of clicks, entry by entry."""
    sums = Counter()
    for entry in LedgerEntry.objects.filter(account="member").exclude(click_day=None).select_related("click_day"):
        sums[entry.click_day.day, entry.click_day.offer_id, entry.member_id, NO_STORE, entry.currency] += entry.amount
    return sorted((*key, 0, 0, amount) for key, amount in sums.items())


def test_reports_have_what_clicks_earn_in_totals_by_day_and_in_no_store(acme, rival):
    with scope(workspace=rival):
        counted(arrival(per_click(rival, "Rita"), 900))
        all_posted()
    nora, omar = per_click(acme), per_click(acme, "Omar", currency="EUR", amount=7)
    store = make.store(acme, currency="USD")
    selling = make.enrollment(make.offer(acme, "Sales", stores=[store]), nora.enrollment.member)
    make.history(make.code(selling, "NORA10"))
    make.recorded(store, make.snapshot(codes=["NORA10"]))
    sold = rolled()
    second = make.link(nora.enrollment)
    counted(arrival(nora, 1), arrival(nora, 2, visitor="w"), arrival(second, 3), arrival(omar, 4, seconds=86_400))
    all_posted()
    counted(arrival(nora, 5, visitor="x"))
    all_posted()
    assert rolled() == sorted(sold + by_hand())
    assert [row[-1] for row in by_hand()] == [80, 7]
    period = Period(make.NOW.date(), (make.NOW + DAY).date())
    earned = (Money(80, "USD"), Money(7, "EUR"))
    assert (report.totals(acme, period).commission, report.owed(acme)) == (earned, earned)
    assert [(name, found.orders, found.commission) for _pk, name, found in report.by_store(acme, period)] == [
        (store.label, 1, ()),
    ]  # fmt: skip
    assert report.by_offer(acme, period)[nora.offer_id].commission == (Money(80, "USD"),)
    days = own_days([nora.enrollment.member_id], since=period.first, offer_id=nora.offer_id)
    assert [(one.day, one.sales, one.earned) for one in days] == [(make.NOW.date(), 0, 80)]


def test_a_rebuild_reproduces_what_clicks_earn_and_verify_names_what_is_wrong(acme):
    link = per_click(acme)
    counted(arrival(link, 1), arrival(link, 2, seconds=86_400))
    all_posted()
    right = rolled()
    assert (report_problems(acme), right) == ([], by_hand())
    MemberSalesDay.objects.all().delete()
    OfferSalesDay.objects.filter(day=make.NOW.date()).update(commission=21)
    where = f"{make.NOW.date()}, offer {link.offer_id}"
    assert [problem.where for problem in report_problems(acme)][:2] == [
        f"{where}, member {link.enrollment.member_id}, by clicks", f"{where}, by clicks",
    ]  # fmt: skip
    rebuild_reports(workspace=acme)
    assert (rolled(), report_problems(acme)) == (right, [])
    OfferSalesDay.objects.all().delete()
    MemberSalesDay.objects.all().delete()
    rebuild_reports(workspace=acme)
    assert (rolled(), report_problems(acme)) == (right, [])
