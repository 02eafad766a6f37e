"""The third way in: agree, exchange a code, refresh; with the documented life of refresh tokens."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from offerwell.integrations.shopify.installation import is_signed_by_store
from offerwell.sandbox.installation import ACCESS_SECONDS, AGAIN_SECONDS, CODE_SECONDS, REFRESH_SECONDS
from tests.sandbox.in_process import InProcess, sandbox

BACK = "http://127.0.0.1:9/back/"
WHO = "{ shop { name } }"


@pytest.fixture
def store():
    with sandbox() as running:
        yield running


def agreed(store: InProcess, decision: str = "install") -> dict[str, str]:
    """The parameters of the way back."""
    asked = {"client_id": store.store.credentials.client_id, "scope": "write_discounts", "redirect_uri": BACK,
             "state": "a-state"}  # fmt: skip
    page = store.request("GET", f"/admin/oauth/authorize?{urlencode(asked)}")
    assert (page.status_code, "Install this app" in page.text) == (200, True)
    answer = store.request("POST", "/admin/oauth/authorize", data={**asked, "decision": decision})
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (302, BACK)
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def grant(store: InProcess, **body: str):
    keys = store.store.credentials
    body = {"client_id": keys.client_id, "client_secret": keys.client_secret, **body}
    return store.request("POST", "/admin/oauth/access_token", json=body)


def installed(store: InProcess) -> dict[str, object]:
    return grant(store, code=agreed(store)["code"], expiring="1").json()


def refreshed(store: InProcess, token: object):
    return grant(store, grant_type="refresh_token", refresh_token=str(token))


def lives(store: InProcess, access: object) -> bool:
    store.token = str(access)
    return "data" in store.ask(WHO)


def test_the_way_back_is_signed_and_carries_the_state(store):
    told = agreed(store)
    assert (told["state"], told["shop"]) == ("a-state", "offerwell-sandbox.myshopify.com")
    secret = store.store.credentials.client_secret
    assert is_signed_by_store(told, secret)
    assert not is_signed_by_store({**told, "shop": "evil.myshopify.com"}, secret)
    assert not is_signed_by_store(told, "another secret")
    declined = agreed(store, "cancel")
    assert (declined["error"], "code" in declined) == ("access_denied", False)


@pytest.mark.parametrize("wrong", [{"client_id": "x"}, {"redirect_uri": "javascript:x"}, {"redirect_uri": ""}])
def test_a_wrong_request_for_agreement_is_not_shown(store, wrong):
    asked = {"client_id": store.store.credentials.client_id, "redirect_uri": BACK, "scope": "", "state": "", **wrong}
    assert store.request("GET", f"/admin/oauth/authorize?{urlencode(asked)}").status_code == 400
    answer = store.request("POST", "/admin/oauth/authorize", data={**asked, "decision": "install"})
    assert (answer.status_code, "location" in answer.headers) == (400, False)


def test_a_code_is_good_once_and_for_ten_minutes(store):
    code = agreed(store)["code"]
    body = grant(store, code=code, expiring="1").json()
    assert (body["expires_in"], body["refresh_token_expires_in"]) == (ACCESS_SECONDS, REFRESH_SECONDS)
    assert lives(store, body["access_token"])
    assert grant(store, code=code, expiring="1").json()["error"] == "invalid_grant"
    late = agreed(store)["code"]
    store.clock.now += CODE_SECONDS
    assert grant(store, code=late).json()["error"] == "invalid_grant"


def test_without_expiring_the_token_has_no_end_and_no_refresh_token(store):
    body = grant(store, code=agreed(store)["code"]).json()
    assert set(body) == {"access_token", "scope"}
    store.clock.now += 400 * 86_400
    assert lives(store, body["access_token"])


def test_an_access_token_lives_an_hour_and_dies_when_it_is_renewed(store):
    first = installed(store)
    store.clock.now += ACCESS_SECONDS - 1
    assert lives(store, first["access_token"])
    store.clock.now += 1
    assert not lives(store, first["access_token"])
    second = refreshed(store, first["refresh_token"]).json()
    third = refreshed(store, second["refresh_token"]).json()
    assert (lives(store, second["access_token"]), lives(store, third["access_token"])) == (False, True)


def test_a_refresh_token_is_good_until_its_replacement_is_used(store):
    first = installed(store)
    lost = refreshed(store, first["refresh_token"]).json()
    second = refreshed(store, first["refresh_token"]).json()
    assert refreshed(store, lost["refresh_token"]).json()["error"] == "invalid_grant"
    third = refreshed(store, second["refresh_token"]).json()
    assert refreshed(store, first["refresh_token"]).json()["error"] == "invalid_grant"
    assert lives(store, third["access_token"])


def test_a_used_refresh_token_is_good_for_30_days_and_any_for_90(store):
    first = installed(store)
    refreshed(store, first["refresh_token"])
    store.clock.now += AGAIN_SECONDS - 1
    kept = refreshed(store, first["refresh_token"]).json()
    store.clock.now += 1
    assert refreshed(store, first["refresh_token"]).json()["error"] == "invalid_grant"
    store.clock.now += REFRESH_SECONDS
    assert refreshed(store, kept["refresh_token"]).status_code == 400


def test_faults_take_access_away(store):
    first = installed(store)
    store.request("POST", "/_sandbox/faults", json={"kind": "token_expired"})
    assert not lives(store, first["access_token"])
    second = refreshed(store, first["refresh_token"]).json()
    assert lives(store, second["access_token"])
    store.request("POST", "/_sandbox/faults", json={"kind": "installation_revoked"})
    assert not lives(store, second["access_token"])
    assert refreshed(store, second["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_lost_answer_of_the_token_endpoint_needs_its_name(store):
    first = installed(store)
    store.request("POST", "/_sandbox/faults", json={"kind": "error_after_effect", "count": 1})
    assert refreshed(store, first["refresh_token"]).status_code == 200
    store.request("POST", "/_sandbox/faults", json={"clear": True})
    store.request(
        "POST", "/_sandbox/faults", json={"kind": "error_after_effect", "operation": "refresh_token", "count": 1}
    )
    answers = [refreshed(store, first["refresh_token"]) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [502, 200]


def test_scopes_can_be_cut_and_given_back(store):
    refusal = store.ask(
        'mutation { discountCodeDelete(id: "gid://shopify/DiscountCodeNode/1") { userErrors { code } } }'
    )
    assert "errors" not in refusal
    store.request("POST", "/_sandbox/faults", json={"kind": "scopes_changed", "scopes": ["read_discounts"]})
    body = store.ask('mutation { discountCodeDelete(id: "gid://shopify/DiscountCodeNode/1") { userErrors { code } } }')
    [error] = body["errors"]
    assert (error["extensions"]["code"], error["message"]) == (
        "ACCESS_DENIED",
        "Access denied for discountCodeDelete field. Required access: `write_discounts` access scope.",
    )
    assert "errors" not in store.ask('{ nodes(ids: ["gid://shopify/DiscountCodeNode/1"]) { id } }')
    store.request("POST", "/_sandbox/faults", json={"kind": "scopes_changed", "scopes": []})
    assert "errors" in store.ask('{ nodes(ids: ["gid://shopify/DiscountCodeNode/1"]) { id } }')
    assert "errors" not in store.ask(WHO)
    assert store.request("POST", "/_sandbox/faults", json={"kind": "scopes_changed"}).status_code == 400


def test_an_installation_survives_a_restart(tmp_path):
    with sandbox(state=tmp_path / "store.db") as before:
        first = installed(before)
    with sandbox(state=tmp_path / "store.db") as after:
        assert lives(after, first["access_token"])
        assert "access_token" in refreshed(after, first["refresh_token"]).json()


def test_the_answer_names_the_version_and_the_time(store):
    headers = {"X-Shopify-Access-Token": store.token}
    answer = store.request("POST", "/admin/api/2026-07/graphql.json", json={"query": WHO}, headers=headers)
    assert (answer.headers["x-shopify-api-version"], answer.headers["date"]) == (
        "2026-07", "Mon, 21 Sep 2026 14:13:20 GMT",
    )  # fmt: skip
    store.request("POST", "/_sandbox/faults", json={"kind": "clock_skew", "seconds": 60})
    answer = store.request("POST", "/admin/api/2026-07/graphql.json", json={"query": WHO}, headers=headers)
    assert answer.headers["date"] == "Mon, 21 Sep 2026 14:14:20 GMT"


def test_the_page_does_not_run_what_it_is_given(store):
    asked = {
        "client_id": store.store.credentials.client_id,
        "redirect_uri": BACK,
        "scope": "<b>",
        "state": '"><script>',
    }
    page = store.request("GET", f"/admin/oauth/authorize?{urlencode(asked)}").text
    assert ("<script>" in page, "<b>" in page) == (False, False)
