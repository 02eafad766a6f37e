"""Connecting a store: who answers is asked before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from django_scopes import scope

from offerwell.actions.check_store_connection import check_store_connection
from offerwell.actions.connect_store import StoreAccess, StoreRefused, connect_store
from offerwell.actions.replace_store_credentials import replace_store_credentials
from offerwell.actions.switch_store import switch_store
from offerwell.integrations.store import AccessRefused, StoreError, StoreIdentity
from offerwell.models import Event, Store
from tests import make

GLOW = StoreIdentity(
    "glow.myshopify.com", "Glow", "EUR", "Europe/Paris", frozenset({"read_discounts", "write_discounts"})
)


@dataclass
class Shop:
    """A shop that answers with `answer`, and remembers how it was asked."""

    answer: StoreIdentity | StoreError = GLOW
    asked: StoreAccess | None = None

    def __call__(self, access):
        self.asked = access
        return self

    def identify(self):
        if isinstance(self.answer, StoreError):
            raise self.answer
        return self.answer


def connect(workspace, shop, **fields):
    given = {
        "label": "Glow",
        "kind": "shopify",
        "address": "glow.myshopify.com",
        "client_id": "id",
        "client_secret": "secret",
    }
    return connect_store(
        workspace_id=workspace.pk, by=make.ANA, at=make.NOW, connector_factory=shop, **{**given, **fields}
    )


def test_a_store_is_kept_as_it_named_itself_with_its_secret_unreadable_in_the_database(acme):
    shop = Shop()
    store = connect(acme, shop, label=" Glow  shop ", address="https://Glow.myshopify.com/")
    found = Store.objects.get()
    assert (found.label, found.address, found.currency, found.timezone, found.scopes, found.last_answer_at) == (
        "Glow shop", "glow.myshopify.com", "EUR", "Europe/Paris", "read_discounts write_discounts", make.NOW,
    )  # fmt: skip
    assert shop.asked.client_secret == found.client_secret == "secret"
    raw = Store.objects.raw("SELECT id, client_secret || '' AS kept FROM offerwell_store")[0].kept
    assert "secret" not in raw
    assert len(raw) > 50
    event = Event.objects.get()
    assert (event.kind, event.subject) == ("store_connected", f"store:{store.pk}")
    assert "secret" not in event.body
    assert "secret" not in repr(shop.asked)


def test_a_sandbox_store_is_on_this_machine(acme):
    store = connect(acme, Shop(), kind="sandbox", address="http://localhost:8100/")
    assert (store.kind, store.address) == ("sandbox", "http://127.0.0.1:8100")


@pytest.mark.parametrize(
    ("answer", "problems"),
    [
        (AccessRefused("The store refuses the client ID and secret. Connect again.", permanent=True),
         {"access": "The store refuses the client ID and secret. Connect again."}),
        (StoreError("The store could not be reached. Try again."),
         {"address": "The store could not be reached. Try again."}),
        (replace(GLOW, domain="other.myshopify.com"),
         {"address": "These credentials open other.myshopify.com. Enter that address."}),
        (replace(GLOW, scopes=frozenset({"read_discounts", "read_orders"})),
         {"access": "The app lacks the scope write_discounts. Add it to the app, release a new version and install"
          " it again."}),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_good_stores_nothing(acme, answer, problems):
    with pytest.raises(StoreRefused) as refused:
        connect(acme, Shop(answer))
    assert refused.value.problems == problems
    assert (Store.objects.count(), Event.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"label": " "}, {"label": "Name the store, as your team calls it."}),
        ({"address": "glow.example"},
         {"address": "glow.example is not a Shopify store address. Enter it as NAME.myshopify.com."}),
        ({"address": "http://127.0.0.1:8100"},
         {"address": "http://127.0.0.1:8100 is not a Shopify store address. Enter it as NAME.myshopify.com."}),
        ({"kind": "sandbox", "address": "http://192.168.0.4:80"},
         {"address": "http://192.168.0.4:80 is not a Shopify store address. Enter it as NAME.myshopify.com."}),
        ({"kind": "sandbox"},
         {"address": "A sandbox store runs on this machine, for example http://127.0.0.1:8100."}),
        ({"client_id": "", "client_secret": ""},
         {"client_id": "Enter the client ID of your app.", "client_secret": "Enter the client secret of your app."}),
        ({"static_token": "shpat_1"}, {"access": "Enter either client ID and client secret, or an access token."}),
        ({"client_secret": "se\ncret"},
         {"access": "This does not look like a client ID, secret or token. Copy it again from the store."}),
        ({"kind": "ebay"}, {"kind": "Choose Shopify or Sandbox store."}),
    ],
)  # fmt: skip
def test_wrong_fields_are_told_and_nobody_is_asked(acme, fields, problems):
    shop = Shop()
    with pytest.raises(StoreRefused) as refused:
        connect(acme, shop, **fields)
    assert refused.value.problems == problems
    assert (shop.asked, Store.objects.count()) == (None, 0)


def test_a_store_is_connected_once_per_workspace(acme, rival):
    connect(acme, Shop())
    for fields, field in (
        ({"label": "Again"}, "address"),
        ({"address": "b.myshopify.com", "label": "GLOW"}, "label"),
    ):
        with pytest.raises(StoreRefused) as refused:
            connect(acme, Shop(), **fields)
        assert list(refused.value.problems) == [field]
    assert (Store.objects.count(), Event.objects.count()) == (1, 1)
    with scope(workspace=rival):
        assert connect(rival, Shop()).workspace_id == rival.pk


def test_new_credentials_replace_all_of_the_old_ones(acme, django_capture_on_commit_callbacks):
    store = connect(acme, Shop())
    Store.objects.update(access_token="bought", trouble="Token revoked.", paused_until=make.NOW)
    with django_capture_on_commit_callbacks(execute=True):
        replace_store_credentials(
            workspace_id=acme.pk, store=store, static_token=" shpat_new ", by=make.ANA, at=make.NOW,
            connector_factory=Shop(),
        )  # fmt: skip
    found = Store.objects.get()
    assert (found.client_id, found.client_secret, found.static_token, found.access_token, found.trouble) == (
        "", "", "shpat_new", "", "",
    )  # fmt: skip
    assert found.paused_until is None
    assert make.wake_ups == [("keep_subscriptions", store.pk), ("sync_store", store.pk)]


def test_refused_credentials_leave_the_old_ones(acme):
    store = connect(acme, Shop())
    with pytest.raises(StoreRefused):
        replace_store_credentials(
            workspace_id=acme.pk, store=store, client_id="new", client_secret="wrong", by=make.ANA, at=make.NOW,
            connector_factory=Shop(AccessRefused("No.", permanent=True)),
        )  # fmt: skip
    assert (Store.objects.get().client_id, Store.objects.get().client_secret) == ("id", "secret")
    assert Event.objects.count() == 1


def test_a_store_is_switched_off_and_on_again(acme, django_capture_on_commit_callbacks):
    store = connect(acme, Shop())
    with django_capture_on_commit_callbacks(execute=True):
        changed = [
            switch_store(workspace_id=acme.pk, store=store, on=on, by=make.ANA, at=make.NOW)
            for on in (False, False, True)
        ]
    assert changed == [True, False, True]
    assert Store.objects.get().is_on is True
    kinds = list(Event.objects.order_by("seq").values_list("kind", flat=True))
    assert kinds == ["store_connected", "store_switched_off", "store_switched_on"]
    assert make.wake_ups == [("sync_store", store.pk)]


def test_a_good_answer_clears_trouble_and_a_bad_one_leaves_it(acme):
    store = connect(acme, Shop())
    Store.objects.update(trouble="Away.", paused_until=make.NOW)
    with pytest.raises(StoreRefused):
        check_store_connection(store=store, at=make.NOW, connector_factory=Shop(StoreError("Still away.")))
    assert Store.objects.get().trouble == "Away."
    check_store_connection(store=store, at=make.NOW, connector_factory=Shop())
    assert (Store.objects.get().trouble, Store.objects.get().paused_until) == ("", None)
