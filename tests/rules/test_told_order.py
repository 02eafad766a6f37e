"""Whatever is sent, it is an order or every wrong field is named; what can be told comes back as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerwell.rules.money import proportion
from offerwell.rules.signed_call import is_signed, is_timely, signature_of
from offerwell.rules.told_order import OrderUnreadable, told_order

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
SIMPLE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = SIMPLE | st.lists(
    SIMPLE | st.dictionaries(st.sampled_from(["net", "amount", "quantity", "at"]), SIMPLE), max_size=3
)
FIELDS = st.sampled_from(
    ["ref", "name", "placed_at", "updated_at", "currency", "lines", "refunds", "cancelled_at", "test", "returning", "codes",
     "click", "email", "other"]
)  # fmt: skip


def read(told):
    return told_order(json.dumps(told).encode(), currency="USD", now=NOW)


@given(st.dictionaries(FIELDS, VALUES))
def test_junk_is_refused_with_words_and_never_breaks(told):
    with pytest.raises(OrderUnreadable) as refused:
        read(told)
    assert refused.value.problems
    assert all(said for said in refused.value.problems.values())


@given(st.binary(max_size=60))
def test_bytes_are_no_order(body):
    with pytest.raises(OrderUnreadable):
        told_order(body, currency="USD", now=NOW)


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=5),
    st.lists(st.integers(0, 10**6), max_size=3),
)
def test_sums_come_back_exactly(lines, refunds):
    told = {
        "ref": 7, "placed_at": "2026-11-27T10:00:00+01:00", "currency": "USD",
        "lines": [{"net": f"{net / 100:.2f}", "quantity": count, "refunded_quantity": min(gone, count)} for net, count, gone in lines],
        "refunds": [{"amount": f"{amount // 100}.{amount % 100:02}"} for amount in refunds],
    }  # fmt: skip
    if sum(refunds) > sum(net - proportion(net, min(gone, count), count) for net, count, gone in lines):
        with pytest.raises(OrderUnreadable, match="refunds"):
            read(told)
        return
    found = read(told)
    assert (found.ref, found.net, found.given_back) == ("7", sum(net for net, _, _ in lines), sum(refunds))
    assert found.refunded == sum(line.refunded for line in found.lines) + sum(refunds)
    assert found.placed_at == found.updated_at == datetime(2026, 11, 27, 9, tzinfo=UTC)


@given(st.binary(max_size=40), st.text(max_size=20), st.integers(0, 10**11), st.text(min_size=1, max_size=10))
def test_only_the_secret_signs(body, secret, seconds, change):
    stamp = str(seconds)
    signature = signature_of(secret, stamp, body)
    assert is_signed(body, timestamp=stamp, signature=signature, secrets=["other", secret])
    assert not is_signed(body + b"!", timestamp=stamp, signature=signature, secrets=[secret])
    assert not is_signed(body, timestamp=f"{stamp}0", signature=signature, secrets=[secret])
    assert not is_signed(body, timestamp=stamp, signature=signature, secrets=[secret + change])


def test_five_minutes_either_way():
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    stamp = int(now.timestamp())
    assert [is_timely(str(stamp + off), now) for off in (-301, -300, 0, 300, 301)] == [False, True, True, True, False]
    assert [is_timely(text, now) for text in ("", "-1", "1e9", "x", "9" * 13)] == [False] * 5
