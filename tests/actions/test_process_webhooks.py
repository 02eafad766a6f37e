"""Acting on the inbox: hints make somebody look, orders are kept without shoppers, one bad row delays only itself."""

from __future__ import annotations

import itertools
import json
import random
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_scopes import scope

from offerwell.actions import process_webhooks as module
from offerwell.actions.forget_webhooks import forget_webhooks
from offerwell.actions.process_webhooks import process_webhooks, stores_with_webhooks
from offerwell.models import Event, StoreCode, StoreWebhooks, Webhook
from offerwell.queries.store_webhooks import shopper_file, webhooks_seen
from tests import make
from tests.webhooks.deliveries import shopify_store

_count = itertools.count(1)
SHOPPER = {"id": 91, "email": "nora@shopper.example", "phone": "+331234", "first_name": "Nora"}


@pytest.fixture
def glow(acme):
    return shopify_store(acme)


@pytest.fixture
def summer(acme, glow):
    return make.offer(acme, "Summer", stores=[glow])


def put(store, topic, payload, *, body=None, at=None):
    """A webhook as the door stores it."""
    at = at or timezone.now()
    body = json.dumps(payload).encode() if body is None else body
    with scope(workspace=store.workspace):
        return Webhook.objects.create(
            workspace=store.workspace, store=store, topic=topic, body=body, event_key=f"k{next(_count)}", received_at=at,
            due_at=at,
        )  # fmt: skip


def code_on(summer, store, text=None, **fields):
    code = make.code(make.enrollment(summer), text, stores=[store])
    with scope(workspace=store.workspace):
        row = StoreCode.objects.get(code=code)
        StoreCode.objects.filter(pk=row.pk).update(**fields)
        row.refresh_from_db()
    return row


def facts(row):
    row.refresh_from_db()
    return row.check_at, row.due_at, row.observed_status, row.problem, row.observed_generation


def state_of(row):
    row.refresh_from_db()
    return row.state, row.due_at, row.note


@pytest.mark.parametrize("topic", ["create", "update", "delete", "redeemcode_added", "redeemcode_removed"])
def test_a_discount_webhook_makes_us_look_and_copies_nothing(glow, summer, topic, django_capture_on_commit_callbacks):
    named, other = code_on(summer, glow, "GLOW1"), code_on(summer, glow, "GLOW2")
    before = (named.observed_status, named.problem, named.observed_generation)
    told = put(glow, f"discounts/{topic}", {"admin_graphql_api_id": named.ref, "status": "EXPIRED"})
    with django_capture_on_commit_callbacks(execute=True):
        assert process_webhooks(store_id=glow.pk) == 1
    check_at, due_at, *rest = facts(named)
    assert check_at == due_at <= timezone.now()
    assert tuple(rest) == before
    assert facts(other)[:2] == (None, None)
    assert state_of(told)[:2] == ("done", None)
    assert make.wake_ups == [("sync_store", glow.pk)]


def test_a_code_is_found_by_its_text_whatever_the_case(glow, summer):
    row = code_on(summer, glow, "GLOW1", ref="")
    put(glow, "discounts/redeemcode_added", {"redeem_code": {"code": "glow1"}})
    process_webhooks(store_id=glow.pk)
    assert facts(row)[0] is not None


def test_hints_touch_only_the_store_they_came_from(glow, summer, acme, rival):
    """A rival with the same discount id, the same code, and another store of our own."""
    theirs = shopify_store(rival)
    their_row = code_on(make.offer(rival, stores=[theirs]), theirs, "GLOW1", ref="gid://shopify/DiscountCodeNode/7")
    second = make.store(acme)
    code = make.code(make.enrollment(summer), "GLOW1")
    ours, elsewhere = make.store_code(code, glow), make.store_code(code, second)
    StoreCode.objects.filter(pk__in=[ours.pk, elsewhere.pk]).update(ref="gid://shopify/DiscountCodeNode/7")
    put(glow, "discounts/update", {"admin_graphql_api_id": "gid://shopify/DiscountCodeNode/7", "code": "GLOW1"})
    process_webhooks(store_id=glow.pk)
    assert facts(ours)[0] is not None
    assert facts(elsewhere)[0] is None
    with scope(workspace=rival):
        assert facts(their_row)[0] is None


def test_a_hint_does_not_press_a_code_that_is_put_off(glow, summer):
    later = timezone.now() + timedelta(minutes=20)
    row = code_on(summer, glow, due_at=later, next_attempt_at=later)
    put(glow, "discounts/update", {"admin_graphql_api_id": row.ref})
    process_webhooks(store_id=glow.pk)
    check_at, due_at, *_ = facts(row)
    assert (check_at is not None, due_at) == (True, later)


def test_a_hint_never_makes_a_code_wait_longer(glow, summer):
    past = timezone.now() - timedelta(minutes=5)
    row = code_on(summer, glow, due_at=past)
    put(glow, "discounts/update", {"admin_graphql_api_id": row.ref})
    process_webhooks(store_id=glow.pk)
    assert facts(row)[1] == past


def test_shuffled_doubled_and_late_hints_come_to_the_same(glow, summer):
    rows = [code_on(summer, glow) for _ in range(8)]
    rng = random.Random(7)
    hints = [(verb, row.ref) for row in rows[:5] for verb in ("create", "update", "update", "delete")]
    for _round in range(3):
        rng.shuffle(hints)
        StoreCode.objects.update(check_at=None, due_at=None)
        for verb, ref in hints[: len(hints) - rng.randrange(3)] + hints[:4]:
            put(glow, f"discounts/{verb}", {"admin_graphql_api_id": ref})
        process_webhooks(store_id=glow.pk)
        looked_at = {row.pk for row in rows if facts(row)[0] is not None}
        assert looked_at == {row.pk for row in rows[:5]}
        assert {facts(row)[2:] for row in rows} == {("active", "", 0)}


def test_a_finished_job_makes_us_look_at_codes_of_unknown_fate(glow, summer):
    later = timezone.now() + timedelta(minutes=9)
    unsure = code_on(summer, glow, suspect_until=later, due_at=later, next_attempt_at=later)
    sure = code_on(summer, glow)
    put(glow, "bulk_operations/finish", {"admin_graphql_api_id": "gid://shopify/BulkOperation/1"})
    process_webhooks(store_id=glow.pk)
    assert facts(unsure)[1] <= timezone.now()
    unsure.refresh_from_db()
    assert unsure.suspect_until == later
    assert facts(sure)[0] is None


@pytest.mark.parametrize(
    ("topic", "body"),
    [("discounts/update", b'{"admin_gra'), ("discounts/update", b"[1]"), ("orders/create", b"{}"),
     ("customers/redact", b'{"customer": {}}'), ("customers/redact", b'{"customer": {"id": 1}, "orders_to_redact": 7}')],
)  # fmt: skip
def test_an_unreadable_webhook_is_marked_and_never_tried_again(glow, summer, topic, body):
    bad = put(glow, topic, None, body=body)
    row = code_on(summer, glow)
    put(glow, "discounts/update", {"admin_graphql_api_id": row.ref})
    assert process_webhooks(store_id=glow.pk) == 2
    state, due_at, note = state_of(bad)
    assert (state, due_at, bool(note)) == ("unreadable", None, True)
    assert facts(row)[0] is not None
    assert (stores_with_webhooks(at=timezone.now()), Event.objects.count()) == ([], 0)
    assert webhooks_seen(glow, at=timezone.now()).bad == 1


def test_a_topic_nobody_asked_for_is_left_alone(glow):
    odd = put(glow, "products/update", {"id": 1})
    process_webhooks(store_id=glow.pk)
    assert state_of(odd)[:2] == ("ignored", None)


def test_one_row_that_breaks_us_delays_only_itself_and_is_given_up(glow, summer, monkeypatch):
    rows = [code_on(summer, glow) for _ in range(3)]
    for row in rows:
        put(glow, "discounts/update", {"admin_graphql_api_id": row.ref})
    poisoned = put(glow, "discounts/update", {"admin_graphql_api_id": "gid://shopify/DiscountCodeNode/666"})
    look = module.look_at_named

    def breaks(store, named, at):
        if "gid://shopify/DiscountCodeNode/666" in named.refs:
            raise RuntimeError("an error of our own")
        return look(store, named, at)

    monkeypatch.setattr(module, "look_at_named", breaks)
    process_webhooks(store_id=glow.pk)
    assert all(facts(row)[0] for row in rows)
    state, due_at, note = state_of(poisoned)
    assert (state, due_at > timezone.now(), "Its log has the details" in note) == ("waiting", True, True)
    for _try in range(module.TRIES - 1):
        Webhook.objects.filter(pk=poisoned.pk).update(due_at=timezone.now())
        process_webhooks(store_id=glow.pk)
    poisoned.refresh_from_db()
    assert (poisoned.state, poisoned.due_at, poisoned.attempts) == ("failed", None, module.TRIES)


def test_the_number_of_statements_does_not_grow_with_the_batch(glow, summer):
    counts = []
    for size in (3, 60):
        for _ in range(size):
            put(glow, "discounts/update", {"admin_graphql_api_id": code_on(summer, glow).ref, "code": "GLOW"})
            put(glow, "orders/create", {"id": next(_count)})
        with CaptureQueriesContext(connection) as queries:
            process_webhooks(store_id=glow.pk)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def order(number, **more):
    return {
        "id": number, "updated_at": "2026-11-23T09:00:00Z", "discount_codes": [{"code": "GLOW1", "amount": "5.00"}],
        "currency": "EUR", "email": SHOPPER["email"], "phone": SHOPPER["phone"], "customer": SHOPPER,
        "billing_address": {"first_name": "Nora"}, "note": "ring twice at Nora's", "line_items": [
            {"id": 1, "price": "20.00", "quantity": 2, "properties": [{"name": "gift for", "value": "Nora"}]}],
        **more,
    }  # fmt: skip


def everything_stored():
    """Every byte of the inbox and of the events."""
    bodies = b"".join(bytes(body) for body in Webhook.objects.values_list("body", flat=True))
    return bodies.decode() + "".join(Event.objects.values_list("body", flat=True))


def test_orders_are_kept_without_their_shopper_and_not_acted_on(glow, summer):
    row = code_on(summer, glow, "GLOW1")
    kept = put(glow, "orders/create", order(450))
    refund = put(glow, "refunds/create", {"id": 9, "order_id": 450, "note": "Nora was sad", "transactions": [
        {"amount": "5", "receipt": {"card": "4242"}}]})  # fmt: skip
    process_webhooks(store_id=glow.pk)
    assert (state_of(kept)[:2], state_of(refund)[:2]) == (("kept", None), ("kept", None))
    assert {one.resource for one in Webhook.objects.all()} == {"order:450"}
    body = json.loads(bytes(Webhook.objects.get(pk=kept.pk).body))
    assert (body["discount_codes"], body["line_items"]) == ([{"code": "GLOW1", "amount": "5.00"}], [
        {"id": 1, "price": "20.00", "quantity": 2}])  # fmt: skip
    assert not [word for word in ("Nora", "nora", "+33", "4242", "shopper.example") if word in everything_stored()]
    assert facts(row)[0] is None
    assert webhooks_seen(glow, at=timezone.now()).orders == 2


def test_an_order_that_came_as_we_asked_stays_byte_for_byte(glow):
    raw = b'{"id": 450,  "currency": "EUR"}'
    kept = put(glow, "orders/updated", None, body=raw)
    process_webhooks(store_id=glow.pk)
    kept.refresh_from_db()
    assert (bytes(kept.body), kept.state) == (raw, "kept")


def test_a_shopper_is_erased_and_nobody_else(glow, acme, rival):
    theirs = shopify_store(rival)
    other_brand = put(theirs, "orders/create", order(450))
    process_webhooks(store_id=theirs.pk)
    mine = put(glow, "orders/create", order(450, note_attributes=[{"name": "for", "value": "Nora"}]))
    other = put(glow, "orders/create", order(451))
    put(glow, "customers/data_request", {"customer": SHOPPER, "orders_requested": [450], "data_request": {"id": 5}})
    process_webhooks(store_id=glow.pk)
    assert "Nora" in everything_stored()
    request = put(glow, "customers/redact", {"customer": SHOPPER, "orders_to_redact": [450]})
    process_webhooks(store_id=glow.pk)
    mine.refresh_from_db()
    request.refresh_from_db()
    assert (bytes(mine.body), mine.state, mine.resource) == (b"", "redacted", "")
    assert (bytes(request.body), request.state, request.note) == (b"", "done", "2 webhooks erased.")
    assert state_of(other)[0] == "kept"
    assert not [word for word in ("Nora", "nora", "+33", "customer:91") if word in everything_stored()]
    event = Event.objects.get(kind="shopper_erased")
    assert json.loads(event.body) == {"label": glow.label, "webhooks": 2}
    with scope(workspace=rival):
        assert state_of(other_brand)[0] == "kept"


def test_a_shopper_who_asks_gets_a_file_with_what_is_held(glow, acme, rival):
    put(glow, "orders/create", order(450))
    put(glow, "orders/create", order(999))
    put(glow, "customers/data_request", {"customer": SHOPPER, "orders_requested": [450], "data_request": {"id": 5}})
    process_webhooks(store_id=glow.pk)
    [request] = webhooks_seen(glow, at=timezone.now()).requests
    assert request.customer == "91"
    told = json.loads(shopper_file(glow, request.pk))
    assert (told["customer"], told["data_request"], [one["body"]["id"] for one in told["held"]]) == (
        "customer:91",
        "5",
        [450],
    )
    assert "nora" not in everything_stored().lower()
    assert json.loads(Event.objects.get(kind="shopper_data_requested").body)["webhook"] == request.pk
    other = Webhook.objects.filter(topic="orders/create").first()
    assert (shopper_file(glow, other.pk), shopper_file(make.store(acme), request.pk)) == (None, None)


def test_webhooks_are_forgotten_after_their_time_and_waiting_ones_are_not(glow, rival, settings):
    settings.OFFERWELL_WEBHOOK_DAYS = 60.0
    theirs = shopify_store(rival, previous_secret="old", previous_secret_until=make.NOW)
    now = make.NOW + timedelta(days=61)
    for store in (glow, theirs):
        old, fresh = put(store, "x", {}, at=make.NOW), put(store, "x", {}, at=now)
        put(store, "x", {}, at=make.NOW)  # still waits
        with scope(workspace=store.workspace):
            Webhook.objects.filter(pk__in=[old.pk, fresh.pk]).update(due_at=None, state="done")
    assert forget_webhooks(at=now) == 2
    for store in (glow, theirs):
        with scope(workspace=store.workspace):
            assert Webhook.objects.filter(store=store).count() == 2
    with scope(workspace=rival):
        assert StoreWebhooks.objects.get().previous_secret == ""
    assert forget_webhooks(at=now) == 0
