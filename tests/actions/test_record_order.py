"""Orders come in once, go to their member, and the ledger follows by differences."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.actions.attribute_again import attribute_again
from offerwell.actions.change_offer_status import change_offer_status
from offerwell.actions.judge_conversion import JudgementRefused, judge_conversion
from offerwell.actions.record_order import record_orders
from offerwell.models import (
    ChangeKind,
    CodeHistory,
    Conversion,
    Event,
    LedgerEntry,
    Member,
    OfferPart,
    Order,
    OrderLine,
    PromoCode,
)
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.order_snapshot import LineSnapshot
from offerwell.rules.selection import MemberSelection
from tests import make

LATER = make.NOW + timedelta(hours=1)


@pytest.fixture
def glow(acme):
    return make.store(acme)


@pytest.fixture
def nora(acme, glow):
    """A place in an offer at 10 %, with the code NORA10."""
    offer = make.offer(acme, "Summer", stores=[glow])
    place = make.enrollment(offer, make.member(acme, "Nora"), make.payout(offer, "Ten", is_default=True))
    make.history(make.code(place, "NORA10"))
    return place


def earned(place):
    """Currency → the sum of the member's entries."""
    sums = {}
    for entry in LedgerEntry.objects.filter(account="member", member_id=place.member_id):
        sums[entry.currency] = sums.get(entry.currency, 0) + entry.amount
    return sums


def entries(order):
    rows = LedgerEntry.objects.filter(order=order).order_by("seq", "account")
    return [(row.seq, row.account, row.amount, row.cause) for row in rows]


def test_an_order_with_a_code_is_its_members(glow, nora):
    order = make.recorded(glow, make.snapshot(codes=["nora10"]))["1"]
    conversion = Conversion.objects.get()
    assert (conversion.order_id, conversion.member_id, conversion.offer_id, conversion.way, conversion.status) == (
        order.pk, nora.member_id, nora.offer_id, "code", "accepted",
    )  # fmt: skip
    assert (conversion.sales, conversion.payout_option.name) == (10_000, "Ten")
    assert entries(order) == [(1, "brand", -1000, "order"), (1, "member", 1000, "order")]
    assert [(one["mark"], one["verdict"]) for one in order.candidates] == [("NORA10", "decides")]
    assert Event.objects.count() == 0


def test_an_order_of_nobody_is_kept_and_earns_nothing(glow, nora):
    order = make.recorded(glow, make.snapshot(codes=["SPRING"]))["1"]
    assert (order.decided_by, order.candidates, Conversion.objects.count(), entries(order)) == ("none", [], 0, [])


def test_the_same_snapshot_again_and_an_older_one_change_nothing(glow, nora):
    newest = make.snapshot(codes=["NORA10"], net=5_000, minutes=5)
    order = make.recorded(glow, newest)["1"]
    before = entries(order)
    assert record_orders(store=glow, snapshots=[newest], read_at=make.NOW, at=LATER) == 0
    older = make.snapshot(codes=["NORA10"], net=9_000, minutes=1)
    assert record_orders(store=glow, snapshots=[older], read_at=LATER, at=LATER) == 0
    order.refresh_from_db()
    assert (order.net, entries(order)) == (5_000, before)


def test_of_two_reads_of_one_version_the_later_is_right(glow, nora):
    """Shopify tells the time of a change in whole seconds: a refund may share it with the order."""
    make.recorded(glow, make.snapshot(codes=["NORA10"]))
    refunded = make.snapshot(codes=["NORA10"], given_back=10_000)
    assert record_orders(store=glow, snapshots=[refunded], read_at=LATER, at=LATER) == 1
    assert record_orders(store=glow, snapshots=[make.snapshot(codes=["NORA10"])], read_at=make.NOW, at=LATER) == 0
    assert earned(nora) == {"USD": 0}


def test_a_refund_takes_its_share_and_a_cancellation_the_rest(glow, nora):
    lines = [LineSnapshot("l1", "Serum", 3, 3, 9_999), LineSnapshot("l2", "Mist", 1, 1, 5_001)]
    order = make.recorded(glow, make.snapshot(codes=["NORA10"], lines=tuple(lines)))["1"]
    lines[0] = LineSnapshot("l1", "Serum", 3, 2, 9_999)
    make.recorded(glow, make.snapshot(codes=["NORA10"], lines=tuple(lines), minutes=1))
    assert earned(nora) == {"USD": 1167}
    assert list(OrderLine.objects.order_by("position").values_list("kept", "net", "refunded")) == [
        (2, 9_999, 3_333), (1, 5_001, 0),
    ]  # fmt: skip
    make.recorded(glow, make.snapshot(codes=["NORA10"], lines=tuple(lines), minutes=2, cancelled_at=LATER))
    assert [row[2:] for row in entries(order) if row[1] == "member"] == [
        (1500, "order"), (-333, "refund"), (-1167, "cancelled"),
    ]  # fmt: skip
    assert Conversion.objects.get().status == "withdrawn"


@pytest.mark.parametrize("active", [True, False])
def test_a_deactivated_or_renamed_code_still_brings_its_member(glow, nora, active):
    code = PromoCode.objects.get()
    PromoCode.objects.filter(pk=code.pk).update(text="NORA10", text_key="NORA10", is_active=active)
    CodeHistory.objects.filter(code=code).update(until_at=make.NOW)
    make.recorded(glow, make.snapshot(codes=["NORA10"], placed_at=LATER))
    assert Conversion.objects.get().member_id == nora.member_id


def test_a_code_of_a_rival_is_nobodys_here(glow, nora, rival):
    theirs = make.enrollment(make.offer(rival, "Theirs"))
    with scope(workspace=rival):
        make.history(make.code(theirs, "RIVAL"))
        their_store = make.store(rival)
    make.recorded(glow, make.snapshot(codes=["RIVAL"]))
    make.recorded(their_store, make.snapshot(codes=["NORA10"]))
    assert Conversion.objects.count() == 0
    with scope(workspace=rival):
        assert (Conversion.objects.count(), Order.objects.count()) == (0, 1)


def test_the_same_number_in_another_store_is_another_order(acme, glow, nora):
    make.recorded(glow, make.snapshot(codes=["NORA10"]))
    make.recorded(make.store(acme), make.snapshot(codes=["NORA10"]))
    assert (Order.objects.count(), earned(nora)) == (2, {"USD": 2000})


def test_a_test_order_earns_nothing(glow, nora):
    make.recorded(glow, make.snapshot(codes=["NORA10"], is_test=True))
    assert (Conversion.objects.get().status, earned(nora)) == ("withdrawn", {})


def test_a_member_who_buys_with_the_own_code_is_rejected_until_a_person_accepts(acme, glow, nora):
    email = Member.objects.get(pk=nora.member_id).email
    order = make.recorded(glow, make.snapshot(codes=["NORA10"], buyer_email=f" {email.upper()} "))["1"]
    conversion = Conversion.objects.get()
    assert (conversion.status, conversion.rejected_reason) == ("rejected", "The member placed this order.")
    assert (entries(order), order.buyer_member_id) == ([], nora.member_id)
    judge_conversion(workspace_id=acme.pk, conversion_id=conversion.pk, is_accepted=True, by=make.ANA, at=LATER)
    make.recorded(glow, make.snapshot(codes=["NORA10"], minutes=9))
    assert (Conversion.objects.get().status, earned(nora)) == ("accepted", {"USD": 1000})


def test_a_code_taken_off_an_order_withdraws_it_and_another_one_moves_it(glow, acme, nora):
    other = make.enrollment(nora.offer, make.member(acme, "Omar"))
    make.history(make.code(other, "OMAR10"))
    make.recorded(glow, make.snapshot(codes=["NORA10"]))
    make.recorded(glow, make.snapshot(codes=["OMAR10"], minutes=1))
    assert (earned(nora), earned(other)) == ({"USD": 0}, {"USD": 1000})
    make.recorded(glow, make.snapshot(codes=[], minutes=2))
    assert (earned(nora), earned(other), Conversion.objects.get().status) == ({"USD": 0}, {"USD": 0}, "withdrawn")


def test_the_payout_option_is_that_of_the_day_of_the_order(acme, glow, nora):
    better = make.payout(nora.offer, "Twenty", basis_points=2000)
    wish = Wish(
        nora.offer, OfferPart.MEMBERS, to_active=False, selection=MemberSelection(ids=(nora.member_id,)),
        kind=ChangeKind.PAYOUT, payout_option=better,
    )  # fmt: skip
    digest = plan_change(wish, at=LATER).digest
    change_offer_status(workspace_id=acme.pk, wish=wish, digest=digest, key="k", by=make.ANA, at=LATER)
    make.recorded(
        glow, make.snapshot("1", codes=["NORA10"]),
        make.snapshot("2", codes=["NORA10"], placed_at=LATER + timedelta(seconds=1)),
    )  # fmt: skip
    assert dict(Conversion.objects.values_list("order__ref", "payout_option__name")) == {"1": "Ten", "2": "Twenty"}
    assert earned(nora) == {"USD": 3000}


def test_a_conversion_is_rejected_with_a_reason_and_accepted_again(acme, glow, nora):
    order = make.recorded(glow, make.snapshot(codes=["NORA10"]))["1"]
    said = {"workspace_id": acme.pk, "conversion_id": Conversion.objects.get().pk, "by": make.ANA, "at": LATER}
    with pytest.raises(JudgementRefused, match="Say why"):
        judge_conversion(is_accepted=False, reason="  ", **said)
    assert (len(entries(order)), Event.objects.count()) == (2, 0)
    assert judge_conversion(is_accepted=False, reason="Bought by a colleague", **said)
    assert not judge_conversion(is_accepted=False, reason="again", **said)
    assert earned(nora) == {"USD": 0}
    make.recorded(glow, make.snapshot(codes=["NORA10"], net=20_000, minutes=3))
    assert earned(nora) == {"USD": 0}
    assert judge_conversion(is_accepted=True, **said)
    assert earned(nora) == {"USD": 2000}
    assert list(Event.objects.order_by("seq").values_list("kind", "subject")) == [
        ("conversion_rejected", f"order:{order.pk}"), ("conversion_accepted", f"order:{order.pk}"),
    ]  # fmt: skip


def test_a_withdrawn_conversion_cannot_be_accepted(acme, glow, nora):
    make.recorded(glow, make.snapshot(codes=["NORA10"], cancelled_at=LATER))
    with pytest.raises(JudgementRefused, match="earns nothing"):
        judge_conversion(
            workspace_id=acme.pk, conversion_id=Conversion.objects.get().pk, is_accepted=True, by=make.ANA, at=LATER
        )
    assert (earned(nora), Event.objects.count()) == ({}, 0)


@pytest.mark.parametrize("sql", ["UPDATE offerwell_ledgerentry SET amount = 1", "DELETE FROM offerwell_ledgerentry"])
def test_the_ledger_cannot_be_rewritten_even_by_sql(glow, nora, sql):
    order = make.recorded(glow, make.snapshot(codes=["NORA10"]))["1"]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert entries(order) == [(1, "brand", -1000, "order"), (1, "member", 1000, "order")]


def test_a_batch_takes_the_same_number_of_statements_whatever_its_size(glow, nora):
    def asked(count, start):
        found = [make.snapshot(str(start + n), codes=["NORA10"], buyer_email="x@y.z") for n in range(count)]
        with CaptureQueriesContext(
            connection,
        ) as seen:
            make.recorded(glow, *found)
        return len(seen)

    assert asked(2, 100) == asked(20, 200)


@pytest.mark.parametrize("odd", ["a\0b", "a\ud800b", "\udfffab"])
def test_what_no_database_keeps_is_replaced_and_keeps_nobody_else_out(glow, nora, odd):
    kept = odd.replace("\0", "\ufffd").replace("\ud800", "\ufffd").replace("\udfff", "\ufffd")
    strange = make.snapshot(
        odd,
        name=odd,
        codes=[odd, "NORA10"],
        click_ids=(odd,),
        buyer_email=odd,
        lines=(LineSnapshot(odd, odd, 1, 1, 500, odd),),
    )
    orders = make.recorded(glow, strange, make.snapshot("2", codes=["NORA10"]))
    assert sorted(orders) == sorted([kept, "2"])
    assert (orders[kept].name, orders[kept].codes, orders[kept].click_ids) == (kept, [kept, "NORA10"], [kept])
    line = OrderLine.objects.get(order=orders[kept])
    assert (line.ref, line.title, line.product_ref, line.net) == (kept, kept, kept, 500)
    assert [row.member_id for row in Conversion.objects.order_by("pk")] == [nora.member_id] * 2


def test_shuffled_copies_come_to_the_same(glow, nora):
    versions = [make.snapshot(codes=["NORA10"], net=1_000 * n, minutes=n) for n in range(1, 6)] * 2
    random.Random(7).shuffle(versions)
    for one in versions:
        record_orders(store=glow, snapshots=[one], read_at=make.NOW, at=LATER)
    assert earned(nora) == {"USD": 500}


def test_a_history_that_comes_late_is_made_good_and_again_is_nothing(acme, glow, nora):
    order = make.recorded(glow, make.snapshot(codes=["OLD10"]))["1"]
    assert Conversion.objects.count() == 0
    code = PromoCode.objects.get()
    CodeHistory.objects.create(
        workspace=acme, code=code, member_id=nora.member_id, text="OLD10", text_key="OLD10",
        from_at=make.NOW - timedelta(days=9), until_at=make.NOW - timedelta(days=1),
    )  # fmt: skip
    said = {"workspace_id": acme.pk, "order_ids": [order.pk], "at": LATER}
    assert (attribute_again(**said), attribute_again(**said)) == (1, 0)
    assert (earned(nora), Conversion.objects.get().way) == ({"USD": 1000}, "code")
