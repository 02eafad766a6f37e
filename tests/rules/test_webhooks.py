"""Topics, payloads, subscriptions and addresses of webhooks, as rules."""

from __future__ import annotations

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerwell.rules.webhook_payload import (
    Unreadable,
    codes_named,
    customer_of,
    event_key,
    only,
    order_of,
    orders_listed,
    read_body,
    request_kept,
)
from offerwell.rules.webhook_reception import HookFacts, Reception, address_of, standing
from offerwell.rules.webhook_topics import (
    ORDER_FIELDS,
    REFUND_FIELDS,
    WANTED,
    Heard,
    Meaning,
    meaning_of,
    plan_subscriptions,
    wanted_topics,
)

US, OLD, ELSEWHERE = "https://us.example.com/w/k/", "https://old.example.com/w/k/", "https://staging.example.com/w/z/"


def test_every_topic_we_ask_for_means_something():
    assert [one.topic for one in WANTED if meaning_of(one.topic) == Meaning.NOTHING] == []
    assert meaning_of("products/update") == Meaning.NOTHING


def test_chosen_fields_hold_updated_at_and_nothing_of_a_person():
    personal = ("email", "phone", "customer", "address", "name", "note", "browser", "client_details", "receipt", "user")
    for one in WANTED:
        assert not one.fields or "updated_at" in one.fields
    for field in (*ORDER_FIELDS, *REFUND_FIELDS):
        assert field in {"note_attributes", "source_name"} or not [word for word in personal if word in field]


def test_orders_are_asked_for_only_with_their_scope():
    without = {one.topic for one in wanted_topics(["write_discounts"])}
    assert "discounts/update" in without
    assert not [topic for topic in without if topic.startswith(("orders/", "refunds/"))]
    assert "refunds/create" in {one.topic for one in wanted_topics(["read_discounts", "read_orders"])}
    assert {one.topic for one in wanted_topics([])} == {
        "bulk_operations/finish",
        "app/uninstalled",
        "app/scopes_update",
    }


def heard(ref, topic="discounts/update", address=US, fields=()):
    return Heard(ref, topic, address, fields)


def test_stale_subscriptions_go_and_those_of_other_installations_stay():
    wanted = wanted_topics(["read_discounts"])
    there = [
        heard("good"), heard("twice"), heard("moved", address=OLD), heard("staging", address=ELSEWHERE),
        heard("unwanted", "products/update"), heard("fields", "discounts/create", fields=("id",)),
    ]  # fmt: skip
    plan = plan_subscriptions(there, wanted, address=US, ours={US, OLD}, before=[])
    assert plan.stale == ("twice", "moved", "unwanted", "fields")
    assert "discounts/update" not in {one.topic for one in plan.missing}
    assert "discounts/create" in {one.topic for one in plan.missing}
    assert not plan.had_gap


def test_a_subscription_the_store_took_away_is_a_gap():
    wanted = wanted_topics(["read_discounts"])
    for gone, is_gap in (("discounts/update", True), ("bulk_operations/finish", False)):
        there = [heard(one.topic, one.topic, fields=one.fields) for one in wanted if one.topic != gone]
        plan = plan_subscriptions(there, wanted, address=US, ours={US}, before=[one.topic for one in wanted])
        assert ([one.topic for one in plan.missing], plan.had_gap) == ([gone], is_gap)


def test_codes_are_found_wherever_a_payload_names_them():
    named = codes_named({
        "admin_graphql_api_id": "gid://shopify/DiscountCodeNode/7", "title": "gid://shopify/Product/9",
        "redeem_code": {"id": "gid://shopify/DiscountRedeemCode/3", "code": "glow1"}, "codes": ["Glow2", {"code": "x\0"}],
        "discount": {"id": "gid://shopify/DiscountNode/8"}, "status": "ACTIVE",
    })  # fmt: skip
    assert named.refs == {"gid://shopify/DiscountCodeNode/7", "gid://shopify/DiscountCodeNode/8"}
    assert named.codes == {"GLOW1", "GLOW2"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=30,
)


@given(payload=st.dictionaries(st.text(max_size=12), JSON, max_size=6))
def test_whatever_a_payload_holds_it_is_read_or_called_unreadable(payload):
    codes_named(payload)
    only(payload, ORDER_FIELDS)
    for question in (customer_of, request_kept, lambda one: order_of("orders/create", one),
                     lambda one: orders_listed(one, "orders_to_redact")):  # fmt: skip
        with contextlib.suppress(Unreadable):
            question(payload)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b"null", b"\xff\xfe", b'"a"', b"[" * 100_000])
def test_what_is_no_json_object_is_unreadable(body):
    with pytest.raises(Unreadable):
        read_body(body)


def test_ids_are_whole_numbers_or_unreadable():
    assert (
        order_of("orders/create", {"id": 450})
        == order_of("refunds/create", {"order_id": "450", "id": 1})
        == "order:450"
    )
    for number in (None, "", "x", -1, 1.5, True, "4" * 21, [1]):
        with pytest.raises(Unreadable):
            order_of("orders/create", {"id": number})


def test_only_what_is_allowed_is_kept():
    order = {
        "id": 1, "email": "a@b.example", "customer": {"id": 2}, "line_items": [{"id": 3, "name": "Serum", "price": "9"}],
        "billing_address": {"name": "Nora"}, "discount_codes": [{"code": "GLOW"}],
    }  # fmt: skip
    assert only(order, ORDER_FIELDS) == {
        "id": 1, "line_items": [{"id": 3, "price": "9"}], "discount_codes": [{"code": "GLOW"}],
    }  # fmt: skip


def test_the_same_again_is_the_same_topic_event_and_bytes():
    keys = {
        event_key(topic, event, body) for topic in ("a", "ab") for event in ("b", "bb", "") for body in (b"c", b"bc")
    }
    assert len(keys) == 12
    assert event_key("a", "b", b"c") == event_key("a", "b", b"c")


@pytest.mark.parametrize(
    ("base", "is_sandbox", "problem"),
    [
        ("https://offers.brand.com", False, ""),
        ("http://127.0.0.1:8000", True, ""),
        ("https://offers.brand.com:8443", False, ""),
        ("http://127.0.0.1:8000", False, "only by https"),
        ("http://offers.brand.com", False, "only by https"),
        ("https://localhost", False, "only by https"),
        ("https://10.0.0.7", False, "only by https"),
        ("https://box.internal", False, "only by https"),
        ("https://box", False, "only by https"),
        ("ftp://offers.brand.com", True, "no web address"),
        ("offers.brand.com", True, "no web address"),
        ("https://[::1", True, "no web address"),
        ("", True, "does not know the address"),
    ],
)
def test_where_a_store_reaches_us(base, is_sandbox, problem):
    found = address_of("key", base, is_sandbox=is_sandbox)
    if problem:
        assert (found.url, problem in found.problem) == ("", True)
    else:
        assert found.url == f"{base}/webhooks/shopify/key/"


def test_the_first_trouble_is_told_with_a_next_step():
    assert standing(HookFacts())[0] == Reception.ON
    troubles = {
        "is_installed": False, "is_on": False, "has_address": False, "can_verify": False, "address_problem": "No.",
        "was_asked": False, "problem": "Away.", "is_refusing": True, "has_refusals": True,
    }  # fmt: skip
    order = list(troubles)
    for place, name in enumerate(order):
        later = random.sample(order[place + 1 :], k=len(order[place + 1 :]) // 2)
        alone = standing(HookFacts(**{name: troubles[name]}))
        assert standing(HookFacts(**{one: troubles[one] for one in (name, *later)})) == alone
        assert alone[0] != Reception.ON
        assert alone[1].endswith(".")
