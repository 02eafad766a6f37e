"""Settings › Stores › another shop: connected with a secret that is shown once; nobody asks it anything."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from offerwell.actions.audit_store import stores_to_audit
from offerwell.actions.pull_orders import stores_to_pull
from offerwell.actions.store_connection import open_store
from offerwell.integrations.store import StoreError
from offerwell.models import AttributionRules, Event, OfferStore, OtherShop, Store
from offerwell.rules.offer_draft import OfferRefused
from tests import make
from tests.actions.test_create_offer import create, draft_of

FORM = {"label": "Corner shop", "address": "https://shop.example.com/", "currency": "usd", "timezone": "Europe/Paris"}


@pytest.fixture
def owner(client, acme):
    make.sign_in(client, make.user(acme))
    return client


def test_it_is_connected_and_its_secret_shown_once(owner):
    answer = owner.post(reverse("other_shop_connect"), FORM)
    shop = OtherShop.objects.select_related("store").get()
    assert (shop.store.kind, shop.store.address, shop.store.currency, shop.hosts) == (
        "other", "shop.example.com", "USD", ["shop.example.com"],
    )  # fmt: skip
    assert (answer.status_code, answer["Cache-Control"], shop.secret in answer.content.decode()) == (
        200,
        "no-store",
        True,
    )
    page = owner.get(reverse("store", args=[shop.store_id])).content.decode()
    assert (shop.secret in page, f"/conversions/{shop.key}/orders" in page, f"data-shop=&quot;{shop.key}" in page) == (
        False, True, True,
    )  # fmt: skip
    assert json.loads(Event.objects.get().body)["address"] == "shop.example.com"
    assert owner.post(reverse("other_shop_connect"), FORM).status_code == 422
    assert Store.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("label", ""), ("address", "not a host!"), ("currency", "ZZZ"), ("timezone", "../etc/passwd"), ("timezone", "")],
)
def test_what_is_wrong_is_said_at_its_field(owner, field, value):
    answer = owner.post(reverse("other_shop_connect"), FORM | {field: value})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert (Store.objects.count(), OtherShop.objects.count(), Event.objects.count()) == (0, 0, 0)


def test_a_new_secret_and_other_domains(owner, acme):
    shop = make.other_shop(acme)
    answer = owner.post(reverse("other_shop_secret", args=[shop.store_id]))
    renewed = OtherShop.objects.get()
    assert (renewed.previous_secret, renewed.secret != "ows_secret", renewed.secret in answer.content.decode()) == (
        "ows_secret", True, True,
    )  # fmt: skip
    hosts = reverse("other_shop_hosts", args=[shop.store_id])
    owner.post(hosts, {"hosts": "https://a.example/x\n\nb.example:8443\na.example"})
    assert OtherShop.objects.get().hosts == ["a.example", "b.example:8443"]
    refused = owner.post(hosts, {"hosts": "not a host!"})
    assert (refused.status_code, OtherShop.objects.get().hosts) == (422, ["a.example", "b.example:8443"])
    assert list(Event.objects.order_by("pk").values_list("kind", flat=True)) == [
        "shop_secret_renewed",
        "shop_hosts_set",
    ]


def test_nobody_asks_it_anything_and_no_codes_go_there(owner, acme):
    shop = make.other_shop(acme)
    for name in ("store_check", "store_audit", "store_retry", "store_webhook_secret"):
        assert owner.post(reverse(name, args=[shop.store_id])).status_code == 404
    assert owner.get(reverse("store_credentials", args=[shop.store_id])).status_code == 404
    assert (stores_to_audit(at=make.NOW), stores_to_pull(at=make.NOW)) == ([], [])
    with pytest.raises(StoreError, match="tells its orders by itself"):
        open_store(shop.store)
    assert shop.store.label not in owner.get(reverse("offer_create")).content.decode()
    with pytest.raises(OfferRefused) as refused:
        create(acme, draft_of(shop.store))
    assert refused.value.problems["stores"].startswith(f"No codes go to {shop.store.label}")
    assert OfferStore.objects.count() == 0


def test_whoever_may_not_edit_settings_sees_it_and_changes_nothing(client, acme):
    shop = make.other_shop(acme)
    make.sign_in(client, make.user(acme, role="analyst"))
    page = client.get(reverse("store", args=[shop.store_id])).content.decode()
    assert ("New secret" in page, "Save domains" in page) == (False, False)
    for name in ("other_shop_secret", "other_shop_hosts"):
        assert client.post(reverse(name, args=[shop.store_id]), {"hosts": "evil.example"}).status_code == 403
    assert (OtherShop.objects.get().secret, OtherShop.objects.get().hosts) == ("ows_secret", ["shop.example"])


def test_a_neighbours_shop_is_not_there(owner, rival):
    theirs = make.other_shop(rival)
    assert owner.get(reverse("store", args=[theirs.store_id])).status_code == 404
    for name in ("other_shop_secret", "other_shop_hosts"):
        assert owner.post(reverse(name, args=[theirs.store_id]), {"hosts": "evil.example"}).status_code == 404


def test_a_browsers_word_is_taken_where_the_workspace_says_so(owner):
    owner.post(reverse("attribution_rules"), {"first": "code", "window_days": "28", "trusts_browsers": "on"})
    assert AttributionRules.objects.get().trusts_browsers is True
    assert "checked" in owner.get(reverse("attribution_rules")).content.decode().split("trusts_browsers")[1][:90]
