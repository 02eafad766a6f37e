"""Which orders stand in which view: what awaits its shop is not rejected, and nothing of a neighbour is counted."""

from __future__ import annotations

from datetime import date

import pytest
from django_scopes import scope

from offerwell.actions.judge_conversion import judge_conversion
from offerwell.models import Conversion, Event, LedgerEntry
from offerwell.queries import orders as listing
from offerwell.queries.orders import OrderView, awaiting_count, order_list, order_seen
from offerwell.queries.report_rows import ORDER_HEADINGS, order_report_rows
from offerwell.rules.report_period import Period
from tests import make


def told_by_a_browser(ref, **fields):
    return make.snapshot(ref, codes=["NORA10"], is_unconfirmed=True, minutes=-60, **fields)


def judged(orders, ref, *, is_accepted):
    found = Conversion.objects.get(order=orders[ref])
    return judge_conversion(
        workspace_id=found.workspace_id, conversion_id=found.pk, is_accepted=is_accepted,
        reason="" if is_accepted else "Not real", by=make.ANA, at=make.NOW,
    )  # fmt: skip


@pytest.fixture
def orders(acme):
    return placed(acme)


def placed(workspace):
    """One order of each kind; `self` is the member's own, `nobody` of no member."""
    with scope(workspace=workspace):
        store = make.store(workspace, f"Shop of {workspace}")
        offer = make.offer(workspace, "Summer", stores=[store])
        nora = make.member(workspace, "Nora", email="nora@example.com")
        place = make.enrollment(offer, nora, make.payout(offer, "Ten", is_default=True))
        make.history(make.code(place, "NORA10"))
        orders = make.recorded(
            store,
            *[told_by_a_browser(ref) for ref in ("waits", "waits too", "accepted", "refused", "confirmed")],
            told_by_a_browser("cancelled", cancelled_at=make.NOW),
            make.snapshot("nobody", is_unconfirmed=True),
            make.snapshot("sold", codes=["NORA10"]),
            make.snapshot("rejected", codes=["NORA10"]),
            make.snapshot("self", codes=["NORA10"], buyer_email="nora@example.com"),
        )
        judged(orders, "accepted", is_accepted=True)
        for ref in ("refused", "rejected"):
            judged(orders, ref, is_accepted=False)
        make.recorded(store, make.snapshot("confirmed", codes=["NORA10"]))
        return orders


def refs(view):
    return sorted(row.order.ref for row in order_list(view).rows)


def test_each_order_stands_in_the_view_of_its_word(orders, rival):
    placed(rival)
    assert refs(OrderView.UNCONFIRMED) == ["waits", "waits too"]
    assert refs(OrderView.REJECTED) == ["refused", "rejected", "self"]
    assert refs(OrderView.CREDITED) == ["accepted", "confirmed", "sold"]
    assert refs(OrderView.ALL) == sorted(orders)
    waiting = sorted(row.order.ref for row in order_list(OrderView.ALL).rows if row.awaits_shop)
    assert waiting == ["waits", "waits too"]
    assert (awaiting_count(), order_seen(orders["waits"]).row.awaits_shop) == (2, True)


def test_the_count_is_bounded(orders, monkeypatch):
    monkeypatch.setattr(listing, "MOST_COUNTED", 1)
    assert awaiting_count() == 1


def test_the_file_says_the_same_word(acme, orders, rival):
    placed(rival)
    period = Period(date(2020, 1, 1), date(2030, 1, 1))
    rows = [row for batch in order_report_rows(acme, period) for row in batch]
    order, status = ORDER_HEADINGS.index("Order"), ORDER_HEADINGS.index("Status")
    assert {row[order].removeprefix("#"): row[status] for row in rows} == {
        "waits": "not confirmed", "waits too": "not confirmed", "accepted": "accepted", "confirmed": "accepted",
        "sold": "accepted", "refused": "rejected", "rejected": "rejected", "self": "rejected",
        "cancelled": "withdrawn", "nobody": "",
    }  # fmt: skip
    assert len(rows) == len(orders)


def test_a_person_rejects_for_good_what_awaits_the_shop(acme, orders):
    entries, events = LedgerEntry.objects.count(), Event.objects.count()
    assert judged(orders, "waits", is_accepted=False)
    make.recorded(orders["waits"].store, make.snapshot("waits", codes=["NORA10"]))
    assert ("waits" in refs(OrderView.REJECTED), refs(OrderView.UNCONFIRMED)) == (True, ["waits too"])
    assert (LedgerEntry.objects.count(), Event.objects.count()) == (entries, events + 1)
    for ref in ("waits", "self"):
        assert not judged(orders, ref, is_accepted=False)
    assert Event.objects.count() == events + 1
