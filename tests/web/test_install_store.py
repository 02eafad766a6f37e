"""Install by authorization, against a real sandbox store: the whole way there and back, and everything that is forged."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from django.utils import timezone
from django_scopes import scopes_disabled

from offerwell.actions.sync_store import sync_store
from offerwell.models import Event, PendingInstall, Store, User
from offerwell.sandbox.authorize_page import signed
from offerwell.web.stores.installs import session_mark
from tests import make
from tests.sync.conftest import running_sandbox, sandbox  # noqa: F401  fixtures

URL = "/settings/stores/"
BACK = f"{URL}install/callback/"


@pytest.fixture
def owner(client, acme):
    make.sign_in(client, make.user(acme, role="owner"))
    return client


@pytest.fixture
def filled(sandbox):  # noqa: F811
    info = sandbox.info()
    yield {
        "label": "Glow", "kind": "sandbox", "address": sandbox.address, "way_in": "install",
        "client_id": info["client_id"], "client_secret": info["client_secret"],
    }  # fmt: skip
    sandbox.fault(kind="scopes_changed", scopes=["read_discounts", "write_discounts", "read_orders", "read_products"])


def leave(owner, fields):
    """Start, and give the address of the page where the merchant agrees."""
    answer = owner.post(f"{URL}connect/", fields)
    assert answer.status_code == 302, answer.context["form"].errors
    return leave_page(owner, answer["Location"])


def leave_page(owner, location):
    page = owner.get(location)
    assert page.status_code == 200
    assert "http://testserver/settings/stores/install/callback/" in page.content.decode()
    return page.context["agree_at"]


def agree(address, decision="install"):
    """What the merchant's browser does at the store; gives the parameters of the way back."""
    asked = dict(parse_qsl(urlsplit(address).query))
    assert httpx.get(address).status_code == 200
    answer = httpx.post(address.partition("?")[0], data={**asked, "decision": decision})
    location = answer.headers["location"]
    assert location.startswith(f"http://testserver{BACK}?")
    return dict(parse_qsl(urlsplit(location).query))


def back(client, told):
    return client.get(f"{BACK}?{urlencode(told)}")


def said(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def assert_nothing_saved(events=0):
    assert (Store.objects.count(), Event.objects.count()) == (0, events)


def test_a_store_is_installed_and_its_tokens_are_kept_as_ciphertext(owner, acme, sandbox, filled):  # noqa: F811
    answer = back(owner, agree(leave(owner, filled)))
    store = Store.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{URL}{store.pk}/")
    assert (store.label, store.address, store.currency, store.is_installed, store.static_token) == (
        "Glow", sandbox.address, "USD", True, "",
    )  # fmt: skip
    assert timedelta(minutes=59) < store.access_expires_at - timezone.now() < timedelta(minutes=61)
    assert timedelta(days=89) < store.refresh_expires_at - timezone.now() < timedelta(days=91)
    assert [event.kind for event in Event.objects.all()] == ["store_installed"]
    assert PendingInstall.objects.count() == 0
    page = said(owner.get(f"{URL}{store.pk}/"))
    assert ("Install again" in page, "Installed; client ID" in page) == (True, True)
    for secret in (store.access_token, store.refresh_token, store.client_secret):
        assert secret not in page


def test_leaving_is_a_link_because_no_form_may_lead_to_another_site(owner, filled):
    answer = owner.post(f"{URL}connect/", filled)
    page = owner.get(answer["Location"])
    assert answer["Location"].startswith(f"{URL}install/")
    assert f'href="{page.context["agree_at"].replace("&", "&amp;")}"' in page.content.decode()
    assert "form-action 'self'" in page["Content-Security-Policy"]
    assert filled["client_secret"] not in page.content.decode()
    assert "no-store" in page["Cache-Control"]


def test_a_wrong_field_is_told_before_anybody_leaves(owner, acme, filled):
    answer = owner.post(f"{URL}connect/", {**filled, "address": "glow.example", "client_secret": ""})
    assert (answer.status_code, set(answer.context["form"].errors)) == (422, {"address", "client_secret"})
    assert PendingInstall.objects.count() == 0
    make.store(acme, "Glow")
    answer = owner.post(f"{URL}connect/", filled)
    assert (set(answer.context["form"].errors), PendingInstall.objects.count()) == ({"label"}, 0)


def test_a_code_and_its_state_are_good_once(owner, filled):
    told = agree(leave(owner, filled))
    assert back(owner, told).status_code == 302
    with_event = Event.objects.count()
    answer = back(owner, told)
    assert (answer.status_code, "was finished" in said(answer)) == (422, True)
    assert (Store.objects.count(), Event.objects.count()) == (1, with_event)


@pytest.mark.parametrize("state", ["", "x", "nonce.signature"])
def test_a_forged_state_saves_nothing(owner, filled, state):
    told = agree(leave(owner, filled))
    forged = signed({**{k: v for k, v in told.items() if k != "hmac"}, "state": state}, filled["client_secret"])
    answer = back(owner, forged)
    assert (answer.status_code, "Nothing was saved. Start the installation again." in said(answer)) == (422, True)
    assert_nothing_saved()


def test_another_session_of_the_same_person_cannot_finish_it(owner, client, filled):
    told = agree(leave(owner, filled))
    person = User.objects.get(pk=PendingInstall.objects.get().user_id)
    client.logout()
    make.sign_in(client, person)
    answer = back(client, told)
    assert (answer.status_code, "not started in this session" in said(answer)) == (422, True)
    assert_nothing_saved()


def test_another_workspace_cannot_finish_it(owner, client, rival, filled):
    told = agree(leave(owner, filled))
    mark = PendingInstall.objects.get().session_mark
    make.sign_in(client, make.user(rival, role="owner"))
    client.get(URL)
    with scopes_disabled():
        # Even the very session: the row belongs to the other brand.
        PendingInstall.objects.update(session_mark=session_mark(client))
        assert PendingInstall.objects.get().session_mark != mark
    assert back(client, told).status_code == 422
    with scopes_disabled():
        assert (Store.objects.count(), Event.objects.count(), PendingInstall.objects.count()) == (0, 0, 1)


def test_strangers_and_roles_that_may_not_are_kept_out(owner, client, acme, filled):
    told = agree(leave(owner, filled))
    number = PendingInstall.objects.get().pk
    client.logout()
    assert back(client, told)["Location"].startswith("/account/login/")
    make.sign_in(client, make.user(acme, role="manager"))
    assert back(client, told).status_code == 403
    assert client.get(f"{URL}install/{number}/").status_code == 403
    make.sign_in(client, make.user(acme, role="owner"))
    assert client.get(f"{URL}install/{number}/").status_code == 404
    assert_nothing_saved()


@pytest.mark.parametrize("change", [{"hmac": "0" * 64}, {"hmac": ""}, {"code": "another"}, {"timestamp": "1"}])
def test_an_answer_that_the_store_did_not_sign_saves_nothing(owner, filled, change):
    told = agree(leave(owner, filled))
    answer = back(owner, {**told, **change})
    assert (answer.status_code, "not signed with this app’s client secret" in said(answer).replace("&#x27;", "’")) == (
        422, True,
    )  # fmt: skip
    assert_nothing_saved()
    assert back(owner, told).status_code == 302  # what was forged did not spend the state


def test_a_parameter_that_comes_twice_is_not_trusted(owner, filled):
    told = agree(leave(owner, filled))
    assert owner.get(f"{BACK}?{urlencode(told)}&code=another").status_code == 422
    assert_nothing_saved()


@pytest.mark.parametrize(
    ("shop", "sentence"),
    [("evil.example", "came from evil.example"), ("other.myshopify.com", "open offerwell-sandbox.myshopify.com")],
)
def test_the_answer_of_another_shop_saves_nothing(owner, filled, shop, sentence):
    told = {name: value for name, value in agree(leave(owner, filled)).items() if name != "hmac"}
    answer = back(owner, signed({**told, "shop": shop}, filled["client_secret"]))
    assert (answer.status_code, sentence in said(answer)) == (422, True)
    assert_nothing_saved()


def test_a_real_shop_must_be_the_one_that_was_asked_for(owner, filled):
    """Without the sandbox: the shop is compared before anything is sent anywhere."""
    fields = {**filled, "kind": "shopify", "address": "glow.myshopify.com"}
    page = owner.get(owner.post(f"{URL}connect/", fields)["Location"])
    address = page.context["agree_at"]
    assert address.startswith("https://glow.myshopify.com/admin/oauth/authorize?")
    assert "scope=read_discounts%2Cwrite_discounts%2Cread_orders%2Cread_products&" in address
    assert '>read_orders</span> and <span class="mono">read_products</span>. You come back' in said(page)
    state = dict(parse_qsl(urlsplit(address).query))["state"]
    told = {"code": "c", "shop": "other.myshopify.com", "state": state, "timestamp": "1"}
    answer = back(owner, signed(told, filled["client_secret"]))
    assert (answer.status_code, "came from other.myshopify.com, not from glow.myshopify.com" in said(answer)) == (
        422,
        True,
    )
    assert_nothing_saved()


def test_who_declines_at_the_store_is_told_so(owner, filled):
    answer = back(owner, agree(leave(owner, filled), "cancel"))
    assert (answer.status_code, "was declined at" in said(answer)) == (422, True)
    assert PendingInstall.objects.count() == 0
    assert_nothing_saved()


def test_a_scope_that_was_not_granted_saves_nothing(owner, sandbox, filled):  # noqa: F811
    sandbox.fault(kind="scopes_changed", scopes=["read_discounts"])
    answer = back(owner, agree(leave(owner, filled)))
    assert (answer.status_code, "The app lacks the scope write_discounts." in said(answer)) == (422, True)
    assert_nothing_saved()


def test_a_code_that_expired_saves_nothing(owner, sandbox, filled):  # noqa: F811
    told = agree(leave(owner, filled))
    sandbox.fault(kind="installation_revoked")
    answer = back(owner, told)
    assert (answer.status_code, "invalid_grant" in said(answer)) == (422, True)
    assert_nothing_saved()


def test_what_began_long_ago_is_over_and_swept_away(owner, filled):
    told = agree(leave(owner, filled))
    PendingInstall.objects.update(started_at=timezone.now() - timedelta(minutes=16))
    number = PendingInstall.objects.get().pk
    assert owner.get(f"{URL}install/{number}/").status_code == 404
    assert back(owner, told).status_code == 422
    assert_nothing_saved()
    leave(owner, filled)
    assert [pending.pk for pending in PendingInstall.objects.all()] != [number]
    assert PendingInstall.objects.count() == 1


def test_a_store_is_installed_again_with_the_app_it_has(owner, acme, sandbox, filled):  # noqa: F811
    back(owner, agree(leave(owner, filled)))
    store = Store.objects.get()
    sandbox.fault(kind="installation_revoked")
    answer = owner.post(f"{URL}{store.pk}/check/")
    assert (answer.status_code, "choose Install again" in said(answer)) == (422, True)
    assert Store.objects.get().trouble.startswith("The installation is not valid any more")
    Store.objects.update(is_on=False)
    answer = owner.post(f"{URL}{store.pk}/install/")
    assert back(owner, agree(leave_page(owner, answer["Location"]))).status_code == 302
    again = Store.objects.get()
    assert (again.pk, again.label, again.trouble, again.is_on) == (store.pk, "Glow", "", False)
    assert again.refresh_token not in {"", store.refresh_token}
    assert owner.post(f"{URL}{store.pk}/check/").status_code == 302
    assert Event.objects.filter(kind="store_installed").count() == 2


def test_installing_another_brands_store_again_is_not_found(owner, client, acme, rival, filled):
    back(owner, agree(leave(owner, filled)))
    store = Store.objects.get()
    make.sign_in(client, make.user(rival, role="owner"))
    assert client.post(f"{URL}{store.pk}/install/").status_code == 404
    with scopes_disabled():
        assert PendingInstall.objects.count() == 0


def test_replaced_credentials_end_the_installation(owner, sandbox, filled):  # noqa: F811
    back(owner, agree(leave(owner, filled)))
    store = Store.objects.get()
    keys = {"client_id": filled["client_id"], "client_secret": filled["client_secret"], "static_token": ""}
    assert owner.post(f"{URL}{store.pk}/credentials/", keys).status_code == 302
    store.refresh_from_db()
    assert (store.is_installed, store.refresh_token, store.access_token) == (False, "", "")
    assert sync_store(store_id=store.pk) == 0
