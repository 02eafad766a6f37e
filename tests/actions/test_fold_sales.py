"""Rollups say what the raw rows say, whatever happens to orders and in whatever order; a rebuild gives the same."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope, scopes_disabled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offerwell.actions.attribute_again import attribute_again
from offerwell.actions.judge_conversion import JudgementRefused, judge_conversion
from offerwell.actions.rebuild_reports import rebuild_reports
from offerwell.actions.record_order import record_orders
from offerwell.models import Conversion, LedgerEntry, MemberSalesDay, OfferSalesDay, Order, ProgrammeSalesDay, PromoCode
from offerwell.queries.verify_reports import report_problems
from tests import make

pytestmark = pytest.mark.django_db
_refs = itertools.count(1)
# A day of New York begins five hours after that of UTC.
ZONE = "America/New_York"
TERMS = {"CPS": ("cps", 1_000, None, ""), "CPA": ("cpa", None, 501, "EUR"), "MIX": ("cpa_cps", 333, 700, "USD")}


def opened():
    workspace = make.workspace("Acme")
    workspace.timezone = ZONE
    workspace.save()
    with scope(workspace=workspace):
        stores, places = [make.store(workspace), make.store(workspace)], []
        for code, (kind, points, amount, currency) in TERMS.items():
            offer = make.offer(workspace, stores=stores)
            option = make.payout(offer, code, kind, points, amount=amount, currency=currency, is_default=True)
            place = make.enrollment(offer, option=option)
            make.history(make.code(place, f"{code}{next(_refs)}"))
            places.append(place)
    return workspace, stores, places


def stored(model, *keys):
    rows = model.objects.values_list(*keys, "currency", "orders", "sales", "commission")
    return {tuple(row[:-3]): tuple(row[-3:]) for row in rows if any(row[-3:])}


def recounted(*keys):
    """From conversions and ledger, row by row, in plain Python."""
    found = {}

    def add(conversion, member_id, currency, sums):
        order = conversion.order
        cells = {
            "day": conversion.placed_at.astimezone(ZoneInfo(ZONE)).date(), "offer_id": conversion.offer_id,
            "member_id": member_id, "store_id": order.store_id,
        }  # fmt: skip
        tally = found.setdefault((*(cells[key] for key in keys), currency), [0, 0, 0])
        tally[:] = [a + b for a, b in zip(tally, sums, strict=True)]

    for one in Conversion.objects.filter(status="accepted").select_related("order"):
        add(one, one.member_id, one.currency, (1, one.sales, 0))
    for entry in LedgerEntry.objects.filter(account="member").select_related("order__conversion"):
        add(entry.order.conversion, entry.member_id, entry.currency, (0, 0, entry.amount))
    return {key: tuple(sums) for key, sums in found.items() if any(sums)}


MEMBER, OFFER = ("day", "offer_id", "member_id", "store_id"), ("day", "offer_id", "store_id")


def all_agree(workspace):
    assert stored(MemberSalesDay, *MEMBER) == recounted(*MEMBER)
    assert stored(OfferSalesDay, *OFFER) == recounted(*OFFER)
    assert stored(ProgrammeSalesDay, "day") == recounted("day")
    assert report_problems(workspace) == []


_step = st.fixed_dictionaries({
    "order": st.integers(0, 2), "does": st.sampled_from(["tell"] * 5 + ["reject"] * 3 + ["accept", "again", "late code"]),
    "code": st.integers(0, 3), "net": st.sampled_from([0, 999, 10_000]), "back": st.sampled_from([0, 0, 5, 9_999]),
    "hours": st.sampled_from([0, 3, 9, 30]), "minutes": st.integers(0, 9), "currency": st.sampled_from(["USD", "EUR"]),
    "cancelled": st.sampled_from([False] * 7 + [True]),
})  # fmt: skip


def test_whatever_happens_in_whatever_order_rollups_are_a_raw_recount(db):
    workspace, stores, places = opened()
    seen = Counter()

    @settings(
        max_examples=40, deadline=None, derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip
    @given(st.lists(_step, min_size=2, max_size=12))
    def holds(steps):
        refs = [f"r{next(_refs)}" for _ in range(3)]
        with scope(workspace=workspace):
            texts = [*PromoCode.objects.order_by("pk").values_list("text", flat=True)[:3], "STRANGER"]
            for step in steps:
                seen[step["does"]] += _does(step, refs, texts)
            all_agree(workspace)

    def _does(step, refs, texts):
        ref = refs[step["order"]]
        order = Order.objects.filter(ref=ref).first()
        if step["does"] == "tell":
            make.recorded(stores[step["order"] % 2], make.snapshot(
                ref, net=step["net"], given_back=min(step["back"], step["net"]), codes=[texts[step["code"]]],
                minutes=step["minutes"], placed_at=make.NOW - timedelta(hours=step["hours"]),
                currency=step["currency"], cancelled_at=make.NOW if step["cancelled"] else None,
            ))  # fmt: skip
        elif order is None:
            return 0
        elif step["does"] in {"reject", "accept"}:
            conversion = Conversion.objects.filter(order=order).first()
            try:
                return conversion is not None and judge_conversion(
                    workspace_id=workspace.pk, conversion_id=conversion.pk, is_accepted=step["does"] == "accept",
                    reason="No", by=make.ANA, at=make.NOW,
                )  # fmt: skip
            except JudgementRefused:
                return 0
        else:
            if step["does"] == "late code":
                Order.objects.filter(pk=order.pk).update(codes=[texts[step["code"]]])
            attribute_again(workspace_id=workspace.pk, order_ids=[order.pk], at=make.NOW)
        return 1

    with scope(workspace=workspace):
        holds()
        before = stored(MemberSalesDay, *MEMBER), stored(OfferSalesDay, *OFFER)
        MemberSalesDay.objects.filter(offer_id=places[0].offer_id).delete()
        OfferSalesDay.objects.update(sales=7)
        assert report_problems(workspace) != []
        rebuild_reports(workspace=workspace)
        assert (stored(MemberSalesDay, *MEMBER), stored(OfferSalesDay, *OFFER)) == before
        assert not MemberSalesDay.objects.filter(orders=0, sales=0, commission=0).exists()
    assert min(seen[one] for one in ("tell", "reject", "again", "late code")) > 0, seen


def test_a_day_is_the_workspaces_and_a_refund_lowers_the_day_of_its_order(db):
    workspace, stores, places = opened()
    with scope(workspace=workspace):
        text = PromoCode.objects.order_by("pk").first().text
        late = datetime(2026, 11, 24, 4, 59, tzinfo=UTC)
        make.recorded(stores[0], make.snapshot("a", codes=[text], placed_at=late))
        make.recorded(stores[0], make.snapshot("a", codes=[text], placed_at=late, given_back=4_000, minutes=9))
        make.recorded(stores[0], make.snapshot("b", codes=[text], placed_at=late + timedelta(minutes=1)))
        days = MemberSalesDay.objects.order_by("day").values_list("day", "orders", "sales", "commission", "member_id")
        assert [(str(day), *rest) for day, *rest in days] == [
            ("2026-11-23", 1, 6_000, 600, places[0].member_id), ("2026-11-24", 1, 10_000, 1_000, places[0].member_id),
        ]  # fmt: skip


def test_commission_in_another_currency_is_a_row_of_its_own(db):
    workspace, stores, _places = opened()
    with scope(workspace=workspace):
        text = PromoCode.objects.order_by("pk")[1].text
        make.recorded(stores[0], make.snapshot("a", codes=[text]))
        rows = OfferSalesDay.objects.order_by("currency").values_list("currency", "orders", "sales", "commission")
        assert list(rows) == [("EUR", 0, 0, 501), ("USD", 1, 10_000, 0)]


def test_the_fold_takes_the_same_number_of_statements_whatever_the_batch(db):
    workspace, stores, _places = opened()

    def asked(count, start, minutes=0):
        texts = [*PromoCode.objects.order_by("pk").values_list("text", flat=True)]
        found = [make.snapshot(f"{start}-{n}", codes=[texts[n % 3]], minutes=minutes) for n in range(count)]
        with CaptureQueriesContext(connection) as seen:
            record_orders(store=stores[0], snapshots=found, read_at=make.NOW, at=make.NOW)
        return len(seen)

    with scope(workspace=workspace):
        assert asked(3, "few") == asked(30, "many")
        assert asked(3, "few", minutes=1) == asked(30, "many", minutes=1)


def test_a_rebuild_leaves_a_neighbour_alone(db, rival):
    workspace, _stores, _places = opened()
    with scope(workspace=rival):
        other = make.store(rival)
        place = make.enrollment(make.offer(rival, stores=[other]))
        make.history(make.code(place, "RIVAL10"))
        make.recorded(other, make.snapshot("r", codes=["RIVAL10"]))
        OfferSalesDay.objects.update(sales=1)
        ProgrammeSalesDay.objects.update(sales=2)
    with scope(workspace=workspace):
        rebuild_reports(workspace=workspace)
    with scopes_disabled():
        assert list(OfferSalesDay.objects.values_list("workspace_id", "sales")) == [(rival.pk, 1)]
        assert list(ProgrammeSalesDay.objects.values_list("workspace_id", "sales")) == [(rival.pk, 2)]
