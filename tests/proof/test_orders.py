"""Promises G10 and G11: each order counts once and every cent is explained, whatever is repeated, shuffled, lost or killed.

Histories of orders (placed, edited, refunded, cancelled, codes changed) are told in any order, with copies, some not at
all, in batches that die at any step; then the newest state is read once more, as the hourly pull does. A plain model
with exact fractions says what must be in the books.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction

from django.db import transaction
from django_scopes import scope
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offerwell.actions import record_order
from offerwell.actions.judge_conversion import judge_conversion
from offerwell.models import Conversion, LedgerEntry, Order
from offerwell.queries.verify_orders import order_problems
from offerwell.rules.order_snapshot import LineSnapshot
from tests import make
from tests.proof.tier import IS_LARGE, report

EXAMPLES = 2_000 if IS_LARGE else 60
STEPS = ("nothing", "saved", "credited", "posted", "answer lost")
# Terms in smallest units: (kind, basis points, amount, its currency).
TERMS = {
    "CPS": ("cps", 1_234, None, ""),
    "CPA": ("cpa", None, 501, "USD"),
    "MIX": ("cpa_cps", 333, 700, "JPY"),
    "ODD": ("cps", 5_000, None, ""),
}
_refs = itertools.count(1)
_seen: Counter[str] = Counter()


class Killed(Exception):
    """The process died here."""


@dataclass
class Shop:
    """A store, and a member behind each code."""

    workspace: object
    store: object
    members: dict[str, int]


def opened():
    workspace = make.workspace("Acme")
    with scope(workspace=workspace):
        store, members = make.store(workspace), {}
        for code, (kind, basis_points, amount, currency) in TERMS.items():
            offer = make.offer(workspace, stores=[store])
            option = make.payout(offer, code, kind, basis_points, amount=amount, currency=currency, is_default=True)
            place = make.enrollment(offer, option=option)
            make.history(make.code(place, f"{code}{next(_refs)}"))
            members[place.promocodes.get().text] = place.member_id
    return Shop(workspace, store, members)


_change = st.fixed_dictionaries({
    "kept": st.lists(st.integers(0, 4), min_size=2, max_size=2), "given_back": st.sampled_from([0, 0, 1, 999, 10**7]),
    "codes": st.lists(st.integers(0, 4), max_size=2), "cancelled": st.sampled_from([False, False, False, True]),
    "same_second": st.booleans(),
})  # fmt: skip
_order = st.fixed_dictionaries({
    "nets": st.lists(st.integers(0, 10**6), min_size=2, max_size=2), "currency": st.sampled_from(["USD", "JPY", "KWD"]),
    "test": st.sampled_from([False] * 9 + [True]), "changes": st.lists(_change, min_size=1, max_size=5),
})  # fmt: skip
_history = st.tuples(st.lists(_order, min_size=1, max_size=3), st.randoms(use_true_random=False))


def versions(order, shop, ref):
    """The snapshots of one order in the order of time, each with the moment it could first be read."""
    codes = [*shop.members, "STRANGER"]
    minutes, found = 0, []
    for change in order["changes"]:
        minutes += not change["same_second"]
        lines = tuple(
            LineSnapshot(f"l{n}", "Item", 4, kept, net)
            for n, (kept, net) in enumerate(zip(change["kept"], order["nets"], strict=True))
        )
        found.append(make.snapshot(
            ref, minutes=minutes, lines=lines, currency=order["currency"], is_test=order["test"],
            given_back=change["given_back"], codes=[codes[n].lower() for n in change["codes"]],
            cancelled_at=make.NOW if change["cancelled"] else None,
        ))  # fmt: skip
    return found


def wanted(last, shop):
    """(member, currency) → smallest units: the model, in fractions, of the newest state alone."""
    owner = next((code.upper() for code in last.codes if code.upper() in shop.members), None)
    if owner is None or last.is_test or last.cancelled_at is not None:
        return {}
    kind, basis_points, amount, currency = next(terms for code, terms in TERMS.items() if owner.startswith(code))
    net = sum(line.net for line in last.lines)
    back = last.given_back + sum(round(Fraction(line.net * (4 - line.kept), 4)) for line in last.lines)
    base, due = max(0, net - back), Counter()
    if amount:
        due[currency] += round(Fraction(amount * base, net)) if net else amount
    if basis_points and kind != "cpa":
        due[last.currency] += round(Fraction(base * basis_points, 10_000))
    return {(shop.members[owner], currency): sum_ for currency, sum_ in due.items() if sum_}


def told(shop, snapshots, read_at, step):
    """One batch, which dies at `step`; whoever told it hears nothing, so it is told again."""
    _seen[step] += 1
    real = {name: getattr(record_order, name) for name in ("_write_lines", "credit_orders", "post_commission")}
    place = {"saved": "_write_lines", "credited": "credit_orders", "posted": "post_commission"}.get(step)

    def dying(*args, **named):
        real[place](*args, **named)
        raise Killed

    try:
        with transaction.atomic():
            if place:
                setattr(record_order, place, dying)
            record_order.record_orders(store=shop.store, snapshots=snapshots, read_at=read_at, at=read_at)
    except Killed:
        pass
    finally:
        if place:
            setattr(record_order, place, real[place])
    if step != "nothing":
        record_order.record_orders(store=shop.store, snapshots=snapshots, read_at=read_at, at=read_at)


def books(refs):
    sums, sides = {}, Counter()
    for entry in LedgerEntry.objects.filter(order__ref__in=refs).select_related("order"):
        sides[entry.order_id, entry.seq, entry.currency] += entry.amount
        if entry.account == "member":
            key = (entry.order.ref, entry.member_id, entry.currency)
            sums[key] = sums.get(key, 0) + entry.amount
    assert set(sides.values()) <= {0}
    return {key: amount for key, amount in sums.items() if amount}


def test_whatever_is_repeated_shuffled_lost_or_killed_the_books_are_right(db):
    shop = opened()
    played = Counter()

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=not IS_LARGE,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip
    @given(_history)
    def holds(history):
        orders, rng = history
        told_of = {f"o{next(_refs)}": order for order in orders}
        states = {ref: versions(order, shop, ref) for ref, order in told_of.items()}
        # A snapshot is of the moment it was read: when it is told does not matter.
        reads = [(make.NOW + timedelta(hours=n), one) for found in states.values() for n, one in enumerate(found)]
        deliveries = [read for read in reads for _copy in range(rng.choice([0, 1, 1, 2]))]
        rng.shuffle(deliveries)
        with scope(workspace=shop.workspace):
            for read_at, one in deliveries:
                told(shop, [one], read_at, rng.choice(STEPS))
            newest = [found[-1] for found in states.values()]
            told(shop, newest, make.NOW + timedelta(days=1), rng.choice(STEPS))
            expected = {(one.ref, *key): amount for one in newest for key, amount in wanted(one, shop).items()}
            assert books(list(states)) == expected
            assert Order.objects.filter(ref__in=states).count() == len(states)
            before = LedgerEntry.objects.count()
            told(shop, newest, make.NOW + timedelta(days=2), "answer lost")
            assert LedgerEntry.objects.count() == before
        played.update(orders=len(states), deliveries=len(deliveries), entries=len(expected))

    holds()
    with scope(workspace=shop.workspace):
        assert order_problems(shop.workspace) == []
    assert all(_seen[step] >= EXAMPLES // 10 for step in STEPS), _seen
    report("orders", examples=EXAMPLES, wrong=0, **played)


def test_the_check_can_fail_last_arrival_wins(db, monkeypatch):
    """Planted: whatever comes last is believed. The books then show an old state."""
    shop = opened()
    monkeypatch.setattr(record_order, "_is_fresher", lambda _one, _known, _read_at: True)
    code = next(iter(shop.members))
    states = [make.snapshot("x", codes=[code], net=net, minutes=n) for n, net in enumerate((10_000, 20_000))]
    with scope(workspace=shop.workspace):
        for one in reversed(states):
            told(shop, [one], make.NOW, "nothing")
        assert books(["x"]) != {("x", *key): amount for key, amount in wanted(states[-1], shop).items()}


def test_what_a_person_said_stands_through_every_later_state(db):
    shop = opened()
    code = next(iter(shop.members))
    with scope(workspace=shop.workspace):
        first = make.snapshot("y", codes=[code])
        told(shop, [first], make.NOW, "nothing")
        judge_conversion(
            workspace_id=shop.workspace.pk, conversion_id=Conversion.objects.get().pk, is_accepted=False,
            reason="Bought by a colleague", by=make.ANA, at=make.NOW,
        )  # fmt: skip
        for step in STEPS:
            first = replace(first, updated_at=first.updated_at + timedelta(minutes=1))
            told(shop, [first], make.NOW, step)
        assert (books(["y"]), order_problems(shop.workspace)) == ({}, [])
