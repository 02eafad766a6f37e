"""Access that changes while codes follow: tokens that end in mid-batch, scopes that go and come, installations revoked."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from django.utils import timezone

from offerwell.actions.check_store_connection import check_store_connection
from offerwell.actions.connect_store import StoreRefused
from offerwell.actions.store_connection import DatabasePairs, moment_of
from offerwell.actions.sync_store import stores_with_due_codes, sync_store
from offerwell.integrations.shopify import ShopifyConnector, first_tokens
from offerwell.models import Store, StoreCode
from tests import make
from tests.sync.test_sync_store import change, counts, glow, seeded, summer  # noqa: F401  fixtures

ALL_SCOPES = ["read_discounts", "write_discounts", "read_orders", "read_products"]


@pytest.fixture(autouse=True)
def _scopes_come_back(sandbox):
    yield
    sandbox.fault(kind="scopes_changed", scopes=ALL_SCOPES)


@pytest.fixture
def installed(sandbox, glow):  # noqa: F811
    """The connected sandbox store, by installation."""
    asked = {"client_id": glow.client_id, "scope": "", "redirect_uri": "http://127.0.0.1:9/", "state": "s"}
    answer = httpx.post(f"{sandbox.address}/admin/oauth/authorize", data={**asked, "decision": "install"})
    code = dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]
    pair = first_tokens(sandbox.address, glow.client_id, glow.client_secret, code, allow_loopback=True)
    pairs = DatabasePairs(glow.pk)
    assert pairs.keep(pairs.take_turn(timezone.now().timestamp()), pair)
    glow.refresh_from_db()
    sandbox.forget_requests()
    return glow


def renewals(sandbox):
    return sum(call["operation"] == "refresh_token" for call in sandbox.requests())


def after_the_first_switch(monkeypatch, happens):
    """Something that happens in mid-batch: 250 codes are asked for, the rest not yet."""
    real, done = ShopifyConnector.switch, []

    def switch(self, refs, *, active):
        job = real(self, refs, active=active)
        if not done:
            done.append(job)
            happens()
        return job

    monkeypatch.setattr(ShopifyConnector, "switch", switch)


@pytest.fixture(params=["client credentials", "installed"])
def by_either(request, glow):  # noqa: F811
    """The store by a grant, then by an installation; and what renews its token."""
    if request.param == "installed":
        request.getfixturevalue("installed")
        return ["refresh_token"]
    return ["access_token", "access_token"]


@pytest.mark.parametrize("fault", ["token_revoked", "token_expired"])
@pytest.mark.usefixtures("acme")
def test_a_token_that_dies_in_mid_batch_is_renewed_once_and_the_batch_goes_on(
    sandbox, summer, by_either, monkeypatch, fault  # noqa: F811
):  # fmt: skip
    glow = Store.objects.get()  # noqa: F811
    texts = [f"MID{n}" for n in range(600)]
    seeded(sandbox, summer, glow, texts)
    off = change(summer.workspace, summer, to_active=False, key="off")
    after_the_first_switch(monkeypatch, lambda: sandbox.fault(kind=fault))
    assert sync_store(store_id=glow.pk) == 600
    assert (counts(off), sandbox.statuses()) == ({"confirmed": 600}, dict.fromkeys(texts, "EXPIRED"))
    assert len(sandbox.mutations()) == 3
    grants = [
        call["operation"] for call in sandbox.requests() if call["operation"] in {"access_token", "refresh_token"}
    ]
    assert grants == by_either
    assert Store.objects.get().trouble == ""


def test_a_token_that_runs_out_by_the_clock_in_mid_batch_is_renewed_before_it_is_refused(
    acme, sandbox, summer, installed, monkeypatch  # noqa: F811
):  # fmt: skip
    seeded(sandbox, summer, installed, [f"CLK{n}" for n in range(300)])
    off = change(acme, summer, to_active=False, key="off")
    soon = timezone.now() + timedelta(seconds=200)
    after_the_first_switch(monkeypatch, lambda: Store.objects.update(access_expires_at=soon))
    sync_store(store_id=installed.pk)
    assert (counts(off), renewals(sandbox)) == ({"confirmed": 300}, 1)
    assert [call["status"] for call in sandbox.requests() if call["status"] != 200] == []
    store = Store.objects.get()
    assert (store.token_turn, store.access_expires_at > soon + timedelta(minutes=50)) == ("", True)


def test_a_lost_answer_of_a_renewal_is_asked_for_again(acme, sandbox, summer, installed):  # noqa: F811
    seeded(sandbox, summer, installed, ["LOST1"])
    off = change(acme, summer, to_active=False, key="off")
    Store.objects.update(access_expires_at=timezone.now())
    sandbox.fault(kind="error_after_effect", operation="refresh_token", count=1)
    sync_store(store_id=installed.pk)
    assert (counts(off), renewals(sandbox)) == ({"confirmed": 1}, 2)


def test_a_revoked_installation_stops_its_store_alone_and_says_install_again(
    acme, sandbox, summer, installed  # noqa: F811
):  # fmt: skip
    other = make.store(acme, "Other")
    seeded(sandbox, summer, installed, ["GONE1", "GONE2"])
    off = change(acme, summer, to_active=False, key="off")
    sandbox.fault(kind="installation_revoked")
    sync_store(store_id=installed.pk)
    store = Store.objects.get(pk=installed.pk)
    assert store.trouble.startswith("The installation is not valid any more (invalid_grant)")
    assert store.trouble.endswith("choose Install again.")
    assert (store.paused_until > timezone.now(), stores_with_due_codes(at=timezone.now())) == (True, [])
    assert (counts(off), Store.objects.get(pk=other.pk).trouble) == ({"waiting": 2}, "")
    assert (renewals(sandbox), sandbox.mutations(), sandbox.statuses()["GONE1"]) == (1, [], "ACTIVE")


def test_a_scope_that_is_cut_stops_the_store_once_and_it_comes_back_by_itself(
    acme, sandbox, summer, glow  # noqa: F811
):  # fmt: skip
    seeded(sandbox, summer, glow, ["SC1", "SC2"])
    off = change(acme, summer, to_active=False, key="off")
    sandbox.fault(kind="scopes_changed", scopes=["read_discounts"])
    sync_store(store_id=glow.pk)
    store = Store.objects.get()
    assert store.trouble == (
        "The app lacks the scope write_discounts. Add it to the app, release a new version and install it again, "
        "then choose Test connection under Settings › Stores."
    )
    assert (counts(off), stores_with_due_codes(at=timezone.now())) == ({"waiting": 2}, [])
    row = StoreCode.objects.first()
    assert (row.attempts, row.lease_owner, row.problem, row.suspect_until) == (0, "", "", None)
    # Looked at again: one cheap question, no code claimed, the scopes as they are now.
    sandbox.forget_requests()
    Store.objects.update(paused_until=None)
    sync_store(store_id=glow.pk)
    assert [call["operation"] for call in sandbox.requests()] == ["Identify"]
    store = Store.objects.get()
    assert (store.scopes, store.paused_until > timezone.now()) == ("read_discounts", True)
    # Granted again: no person is needed.
    sandbox.fault(kind="scopes_changed", scopes=ALL_SCOPES)
    Store.objects.update(paused_until=None)
    StoreCode.objects.update(due_at=timezone.now())
    sync_store(store_id=glow.pk)
    store = Store.objects.get()
    assert (counts(off), store.trouble, "write_discounts" in store.scopes) == ({"confirmed": 2}, "", True)


def test_test_connection_says_which_scope_is_missing_and_ends_the_trouble_once_it_is_granted(
    acme, sandbox, installed
):  # fmt: skip
    sandbox.fault(kind="scopes_changed", scopes=["read_products"])
    with pytest.raises(StoreRefused, match=r"lacks the scope read_discounts and write_discounts\."):
        check_store_connection(store=Store.objects.get(), at=timezone.now())
    store = Store.objects.get()
    assert (store.scopes, store.trouble.startswith("The app lacks the scope")) == ("read_products", True)
    assert store.paused_until > timezone.now()
    sandbox.fault(kind="scopes_changed", scopes=ALL_SCOPES)
    check_store_connection(store=store, at=timezone.now())
    store = Store.objects.get()
    assert (store.trouble, store.trouble_since, store.paused_until) == ("", None, None)


def test_checking_an_installed_store_keeps_the_pair_it_renews(acme, sandbox, installed):
    Store.objects.update(access_expires_at=timezone.now())
    before = Store.objects.get().refresh_token
    check_store_connection(store=Store.objects.get(), at=timezone.now())
    after = Store.objects.get()
    assert (after.refresh_token != before, renewals(sandbox)) == (True, 1)
    check_store_connection(store=after, at=timezone.now())
    assert renewals(sandbox) == 1


def test_a_pair_lives_in_one_row_and_a_turn_is_a_lease(acme, glow):  # noqa: F811
    now = timezone.now().timestamp()
    pairs, others = DatabasePairs(glow.pk), DatabasePairs(glow.pk)
    mark = pairs.take_turn(now)
    assert (bool(mark), others.take_turn(now + 59)) == (True, "")
    later = others.take_turn(now + 61)
    assert bool(later)
    pair = pairs.load()
    assert (pairs.keep(mark, pair), Store.objects.get().token_turn) == (False, later)
    pairs.end_turn(mark)
    assert Store.objects.get().token_turn == later
    others.end_turn(later)
    assert (Store.objects.get().token_turn, Store.objects.get().token_turn_until) == ("", None)


def test_only_the_token_that_was_refused_is_dropped(acme, glow):  # noqa: F811
    glow.access_token, glow.access_expires_at = "newer", moment_of(2_000_000_000.0)
    glow.save()
    pairs = DatabasePairs(glow.pk)
    pairs.drop("older")
    assert Store.objects.get().access_token == "newer"
    pairs.drop("newer")
    assert (Store.objects.get().access_token, Store.objects.get().access_expires_at) == ("", None)
