"""Subscriptions, an app that is gone, scopes that change: against a real sandbox store over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone
from django_scopes import scope

from offerwell.actions.check_store_connection import check_store_connection
from offerwell.actions.connect_store import StoreRefused
from offerwell.actions.hear_from_shop import UNINSTALLED
from offerwell.actions.keep_subscriptions import keep_subscriptions, stores_to_subscribe
from offerwell.actions.keep_webhook_secret import OLD_SECRET_KEPT, SecretRefused, keep_webhook_secret
from offerwell.actions.process_webhooks import process_webhooks
from offerwell.actions.replace_store_credentials import replace_store_credentials
from offerwell.actions.store_connection import open_store
from offerwell.actions.sync_ports import Drifted
from offerwell.actions.sync_rows import DatabaseRows
from offerwell.actions.sync_store import stores_with_due_codes, sync_margins, sync_store
from offerwell.integrations.store import WebhookStore
from offerwell.models import Event, Store, StoreCode, StoreWebhooks, Webhook
from offerwell.queries.store_webhooks import webhooks_seen
from offerwell.rules.webhook_topics import ORDER_FIELDS, WANTED
from tests import make
from tests.actions.test_process_webhooks import code_on, facts, put, state_of

BASE = "http://127.0.0.1:9"


@pytest.fixture
def glow(acme, sandbox, settings):
    settings.OFFERWELL_PUBLIC_URL = BASE
    settings.OFFERWELL_SYNC_REPLICA_LAG = 0.0
    made = connected(acme, sandbox)
    with_hooks(made, lambda hooks: hooks.unsubscribe([one.ref for one in hooks.subscriptions()]))
    return made


def connected(workspace, sandbox, **fields):
    info = sandbox.info()
    given = {"client_id": info["client_id"], "client_secret": info["client_secret"]}
    with scope(workspace=workspace):
        made = make.store(workspace, **{**given, **fields})
        # Two brands have the same shop at two addresses of this machine.
        Store.objects.filter(pk=made.pk).update(address=sandbox.address)
        made.refresh_from_db()
    return made


def with_hooks(store, what):
    with scope(workspace=store.workspace):
        connector = open_store(store)
        try:
            return what(connector)
        finally:
            connector.close()


def there(store):
    """(topic, address) of what the store has, and the fields of each."""
    return {(one.topic, one.address): one.fields for one in with_hooks(store, lambda hooks: hooks.subscriptions())}


def link_of(store):
    with scope(workspace=store.workspace):
        return StoreWebhooks.objects.get(store=store)


def own(store):
    return f"{BASE}/webhooks/shopify/{link_of(store).key}/"


def again(store):
    with scope(workspace=store.workspace):
        StoreWebhooks.objects.filter(store=store).update(next_check_at=timezone.now())
    keep_subscriptions(store_id=store.pk)


def test_a_connector_of_shopify_can_subscribe(glow):
    assert isinstance(open_store(glow), WebhookStore)


def test_a_store_is_asked_for_every_topic_once(glow, sandbox):
    assert stores_to_subscribe(at=timezone.now()) == [glow.pk]
    keep_subscriptions(store_id=glow.pk)
    assert there(glow).keys() == {(one.topic, own(glow)) for one in WANTED}
    assert there(glow)["orders/create", own(glow)] == ORDER_FIELDS
    link = link_of(glow)
    assert (link.topics, link.refusals, link.problem, link.shop_domain) == (
        sorted(one.topic for one in WANTED), {}, "", "offerwell-sandbox.myshopify.com",
    )  # fmt: skip
    assert webhooks_seen(glow, at=timezone.now()).reception == "on"
    assert stores_to_subscribe(at=timezone.now()) == []
    sandbox.forget_requests()
    again(glow)
    assert sandbox.mutations() == []
    assert stores_to_subscribe(at=timezone.now() + timedelta(hours=2)) == [glow.pk]


def test_two_workers_at_once_are_one(glow, sandbox):
    keep_subscriptions(store_id=glow.pk)
    sandbox.forget_requests()
    keep_subscriptions(store_id=glow.pk)
    assert sandbox.requests() == []


def test_a_moved_address_is_followed_and_foreign_ones_are_left_alone(glow, acme, rival, sandbox, settings):
    """The rival is of this installation, staging is of another one; all three share the app."""
    theirs = connected(rival, sandbox)
    staging = "http://127.0.0.1:9/elsewhere/webhooks/shopify/their-key/"
    with_hooks(glow, lambda hooks: hooks.subscribe({"discounts/update": ()}, staging))
    keep_subscriptions(store_id=theirs.pk)
    keep_subscriptions(store_id=glow.pk)
    orphan = f"{BASE}/webhooks/shopify/key-of-a-store-that-is-gone/"
    with_hooks(glow, lambda hooks: hooks.subscribe({"discounts/update": ()}, orphan))
    before, old = own(theirs), own(glow)
    again(glow)
    assert ("discounts/update", orphan) not in there(glow)
    settings.OFFERWELL_PUBLIC_URL = "http://127.0.0.1:10"
    assert stores_to_subscribe(at=timezone.now()) == [glow.pk, theirs.pk]
    keep_subscriptions(store_id=glow.pk)
    addresses = {address for _, address in there(glow)}
    assert addresses == {staging, before, old.replace(":9/", ":10/")}


def test_fields_that_changed_are_asked_for_anew(glow):
    keep_subscriptions(store_id=glow.pk)
    [ref] = [one.ref for one in with_hooks(glow, lambda hooks: hooks.subscriptions()) if one.topic == "orders/create"]
    with_hooks(glow, lambda hooks: hooks.unsubscribe([ref]))
    with_hooks(glow, lambda hooks: hooks.subscribe({"orders/create": ("id", "email")}, own(glow)))
    again(glow)
    assert there(glow)["orders/create", own(glow)] == ORDER_FIELDS


def test_a_subscription_the_store_took_away_comes_back_and_every_code_is_looked_at(glow, acme, sandbox):
    keep_subscriptions(store_id=glow.pk)
    row = code_on(make.offer(acme, stores=[glow]), glow)
    elsewhere = code_on(make.offer(acme), make.store(acme))
    again(glow)
    assert facts(row)[0] is None
    [ref] = [
        one.ref for one in with_hooks(glow, lambda hooks: hooks.subscriptions()) if one.topic == "discounts/update"
    ]
    with_hooks(glow, lambda hooks: hooks.unsubscribe([ref]))
    again(glow)
    assert ("discounts/update", own(glow)) in there(glow)
    assert (facts(row)[0] is not None, facts(elsewhere)[0]) == (True, None)


def test_without_a_public_address_nothing_is_asked_and_the_page_says_so(glow, sandbox, settings):
    settings.OFFERWELL_PUBLIC_URL = ""
    sandbox.forget_requests()
    assert stores_to_subscribe(at=timezone.now()) == []
    keep_subscriptions(store_id=glow.pk)
    assert (sandbox.requests(), StoreWebhooks.objects.count()) == ([], 0)
    seen = webhooks_seen(glow, at=timezone.now())
    assert (seen.reception, "OFFERWELL_PUBLIC_URL" in seen.sentence) == ("off", True)


def test_a_shop_outside_is_not_asked_to_deliver_by_http(glow, sandbox):
    Store.objects.filter(pk=glow.pk).update(kind="shopify")
    glow.refresh_from_db()
    sandbox.forget_requests()
    keep_subscriptions(store_id=glow.pk)
    assert (sandbox.requests(), "only by https" in link_of(glow).problem) == ([], True)
    assert webhooks_seen(glow, at=timezone.now()).reception == "problem"
    assert stores_to_subscribe(at=timezone.now()) == []


def test_a_store_by_token_says_that_it_cannot_be_verified_until_the_secret_is_given(glow, acme, sandbox):
    info = sandbox.info()
    token = sandbox.http.post("/admin/oauth/access_token", json={
        "client_id": info["client_id"], "client_secret": info["client_secret"], "grant_type": "client_credentials",
    }).json()["access_token"]  # fmt: skip
    Store.objects.filter(pk=glow.pk).update(client_id="", client_secret="", static_token=token)
    glow.refresh_from_db()
    keep_subscriptions(store_id=glow.pk)
    assert there(glow) == {}
    seen = webhooks_seen(glow, at=timezone.now())
    assert (seen.reception, "cannot be verified" in seen.sentence) == ("problem", True)
    for nonsense in ("", " ", "a b", "ü", "x" * 256):
        with pytest.raises(SecretRefused):
            keep_webhook_secret(workspace_id=acme.pk, store=glow, secret=nonsense, by=make.ANA, at=timezone.now())
    assert (link_of(glow).secret, Event.objects.count()) == ("", 0)
    keep_webhook_secret(workspace_id=acme.pk, store=glow, secret=" shpss_1 ", by=make.ANA, at=timezone.now())
    assert (link_of(glow).secret, Event.objects.get().kind) == ("shpss_1", "webhook_secret_replaced")
    assert "shpss_1" not in Event.objects.get().body
    keep_subscriptions(store_id=glow.pk)
    assert len(there(glow)) == len(WANTED)
    keep_webhook_secret(workspace_id=acme.pk, store=glow, secret="shpss_2", by=make.ANA, at=make.NOW)
    link = link_of(glow)
    assert (link.secret, link.previous_secret, link.previous_secret_until) == (
        "shpss_2", "shpss_1", make.NOW + OLD_SECRET_KEPT,
    )  # fmt: skip


def test_a_store_that_is_away_is_asked_again_later_each_time(glow, sandbox):
    sandbox.fault(kind="html_instead_of_json", operation="HookList", after=False)
    for _try, seconds in ((1, 60), (2, 120)):
        again(glow)
        link = link_of(glow)
        assert link.problem
        assert abs((link.next_check_at - timezone.now()).total_seconds() - seconds) < 30
    assert webhooks_seen(glow, at=timezone.now()).reception == "problem"
    sandbox.fault(clear=True)
    again(glow)
    assert (link_of(glow).problem, link_of(glow).failures) == ("", 0)


def test_new_credentials_keep_the_old_secret_for_a_day(glow, acme, sandbox):
    """The sandbox gives one secret; what was kept before stands for the rotated one."""
    info = sandbox.info()
    Store.objects.filter(pk=glow.pk).update(client_secret="the-old-one")
    glow.refresh_from_db()
    keys = {"client_id": info["client_id"], "client_secret": info["client_secret"]}
    with pytest.raises(StoreRefused):
        replace_store_credentials(
            workspace_id=acme.pk,
            store=glow,
            client_id=info["client_id"],
            client_secret="wrong",
            by=make.ANA,
            at=make.NOW,
        )
    assert StoreWebhooks.objects.filter(store=glow).count() == 0
    replace_store_credentials(workspace_id=acme.pk, store=glow, by=make.ANA, at=make.NOW, **keys)
    link = link_of(glow)
    assert (link.previous_secret, link.previous_secret_until) == ("the-old-one", make.NOW + OLD_SECRET_KEPT)
    glow.refresh_from_db()
    replace_store_credentials(workspace_id=acme.pk, store=glow, by=make.ANA, at=make.NOW, **keys)
    assert link_of(glow).previous_secret == "the-old-one"


# -- the app is gone ----------------------------------------------------------------------------------------


def test_an_uninstalled_app_stops_the_store_until_a_person_connects_it_again(glow, acme, sandbox):
    keep_subscriptions(store_id=glow.pk)
    row = code_on(make.offer(acme, stores=[glow]), glow, due_at=timezone.now())
    kept = put(glow, "orders/create", {"id": 450})
    rows = DatabaseRows(glow, "a pass under way", timezone.now, sync_margins())
    sandbox.fault(kind="app_uninstalled")
    told = put(glow, "app/uninstalled", {"id": 1})
    process_webhooks(store_id=glow.pk)
    glow.refresh_from_db()
    assert (glow.trouble, glow.access_token, glow.uninstalled_at is not None) == (UNINSTALLED, "", True)
    assert glow.client_secret
    assert (state_of(told)[0], link_of(glow).topics, Event.objects.get().kind) == ("done", [], "store_uninstalled")
    rows.note_store(trouble="", pause=None)
    rows.note_store(trouble="Something else.", pause=None)
    assert Store.objects.get(pk=glow.pk).trouble == UNINSTALLED
    now = timezone.now()
    assert (stores_with_due_codes(at=now), stores_to_subscribe(at=now + timedelta(days=2))) == ([], [])
    sandbox.forget_requests()
    assert (sync_store(store_id=glow.pk), sandbox.requests()) == (0, [])
    with pytest.raises(StoreRefused):
        check_store_connection(store=glow, at=now)
    assert Store.objects.get(pk=glow.pk).uninstalled_at is not None
    put(glow, "shop/redact", {"shop_domain": "offerwell-sandbox.myshopify.com"})
    process_webhooks(store_id=glow.pk)
    assert (state_of(kept)[0], bytes(Webhook.objects.get(pk=kept.pk).body)) == ("redacted", b"")
    assert Event.objects.order_by("seq").last().kind == "shop_erased"
    sandbox.fault(clear=True)
    check_store_connection(store=glow, at=now)
    glow.refresh_from_db()
    assert (glow.trouble, glow.uninstalled_at, stores_with_due_codes(at=timezone.now())) == ("", None, [glow.pk])
    assert stores_to_subscribe(at=timezone.now()) == [glow.pk]
    assert facts(row)[1] is not None


@pytest.mark.parametrize("topic", ["app/uninstalled", "shop/redact"])
def test_a_replayed_farewell_changes_nothing_while_the_app_is_there(glow, sandbox, topic):
    kept = put(glow, "orders/create", {"id": 450})
    told = put(glow, topic, {"id": 1})
    process_webhooks(store_id=glow.pk)
    glow.refresh_from_db()
    assert (glow.trouble, glow.uninstalled_at, state_of(kept)[0]) == ("", None, "kept")
    assert (state_of(told)[0], "installed" in state_of(told)[2], Event.objects.count()) == ("done", True, 0)


def test_while_the_shop_is_silent_nobody_decides(glow, sandbox):
    sandbox.fault(kind="error_before_effect", operation="Identify", status=503)
    told = put(glow, "app/uninstalled", {"id": 1})
    process_webhooks(store_id=glow.pk)
    state, due_at, note = state_of(told)
    assert (state, due_at > timezone.now(), "could not be asked" in note) == ("waiting", True, True)
    assert Store.objects.get(pk=glow.pk).uninstalled_at is None
    sandbox.fault(clear=True)
    Webhook.objects.update(due_at=F("received_at"))
    process_webhooks(store_id=glow.pk)
    assert state_of(told)[0] == "done"


def test_changed_scopes_are_read_from_the_shop_not_from_the_webhook(glow, sandbox):
    keep_subscriptions(store_id=glow.pk)
    Store.objects.filter(pk=glow.pk).update(scopes="read_discounts")
    put(glow, "app/scopes_update", {"current": ["write_everything"]})
    process_webhooks(store_id=glow.pk)
    assert Store.objects.get(pk=glow.pk).scopes == "read_discounts read_orders read_products write_discounts"
    assert stores_to_subscribe(at=timezone.now()) == [glow.pk]


def test_an_outside_edit_is_flagged_by_its_hint_and_our_own_echo_is_not(glow, acme, sandbox):
    """The hint only makes us look: what the store shows decides."""
    past = (timezone.now() - timedelta(days=9)).isoformat()
    sandbox.seed([{"code": code, "title": "Summer", "startsAt": past, "percentage": 20} for code in ("GLOW1", "GLOW2")])
    summer = make.offer(acme, "Summer", stores=[glow])
    rows = {text: code_on(summer, glow, text, ref=sandbox.discounts()[text]["id"]) for text in ("GLOW1", "GLOW2")}
    sandbox.fault(kind="outside_edit", code="GLOW1", action="deactivate")
    sandbox.forget_requests()
    for row in rows.values():
        put(glow, "discounts/update", {"admin_graphql_api_id": row.ref, "status": "ACTIVE"})
    process_webhooks(store_id=glow.pk)
    assert sync_store(store_id=glow.pk) == 2
    assert {text: facts(row)[2:4] for text, row in rows.items()} == {
        "GLOW1": ("expired", "drifted"), "GLOW2": ("active", ""),
    }  # fmt: skip
    assert (sandbox.mutations(), StoreCode.objects.exclude(due_at=None).count()) == ([], 0)


def test_a_hint_while_a_code_is_held_is_not_lost(glow, acme, sandbox):
    """It comes after the read and before the verdict is stored."""
    row = code_on(make.offer(acme, stores=[glow]), glow, due_at=timezone.now())
    rows = DatabaseRows(glow, "a worker", timezone.now, sync_margins())
    for settle in (
        lambda code: rows.flag_drifts([Drifted(code, None, "Someone changed it.")]),
        lambda code: rows.give_up([code], problem="failed", reason="Refused."),
    ):
        StoreCode.objects.update(due_at=timezone.now())
        [code] = rows.claim(10)
        put(glow, "discounts/update", {"admin_graphql_api_id": row.ref})
        process_webhooks(store_id=glow.pk)
        settle(code)
        assert stores_with_due_codes(at=timezone.now()) == [glow.pk]
        [code] = rows.claim(10)
        settle(code)
        assert stores_with_due_codes(at=timezone.now()) == []
