"""Passkeys: add one, sign in with it; what is not an answer to what was asked is refused."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from offerwell.models import Passkey, PasskeyChallenge, PortalSession
from offerwell.portal import cookies
from tests import make
from tests.portal.conftest import STELLA, portal_of, words
from tests.portal.soft_key import SoftKey

ADD, OPTIONS = "/portal/settings/passkeys/", "/portal/settings/passkeys/options/"
SIGN_IN, SIGN_IN_OPTIONS = "/portal/sign-in/passkey/", "/portal/sign-in/passkey/options/"
REFUSED = "This passkey was not accepted. Sign in with your e-mail instead."


def add(portal, key, name=""):
    return portal.post(ADD, {"answer": key.made(portal.post(OPTIONS).json()), "name": name})


def enter(client, key):
    return client.post(SIGN_IN, {"answer": key.signed(client.post(SIGN_IN_OPTIONS).json())})


def sessions():
    return PortalSession.objects.count()


def test_add_one_then_sign_in_with_it(portal, client):
    key = SoftKey()
    answer = add(portal, key)
    assert (answer.status_code, answer.url) == (302, "/portal/settings/?said=passkey-added")
    assert "Chrome on Android Added" in words(portal.get("/portal/settings/"))
    assert portal.post(OPTIONS).json()["excludeCredentials"][0]["type"] == "public-key"
    for _ in range(2):
        assert enter(client, key).url == "/portal/"
        assert "Hi Stella" in words(client.get("/portal/"))
    passkey = Passkey.objects.get()
    assert (passkey.sign_count, passkey.used_at is not None) == (2, True)
    options = client.post(SIGN_IN_OPTIONS).json()
    assert (options["userVerification"], options["rpId"]) == ("required", "testserver")
    assert "allowCredentials" not in options


def test_a_removed_one_signs_nobody_in(portal, client):
    key = SoftKey()
    add(portal, key)
    assert portal.post(f"{ADD}{Passkey.objects.get().pk}/remove/").url == "/portal/settings/?said=passkey-removed"
    refused = enter(client, key)
    assert (refused.status_code, sessions()) == (422, 1)
    assert REFUSED in words(refused)


@pytest.mark.parametrize("flaw", ["unknown", "origin", "site", "unverified", "clone", "other key", "other challenge"])
def test_what_does_not_fit_is_refused_in_one_way(portal, client, flaw):
    key = SoftKey()
    add(portal, key)
    assert enter(client, key).status_code == 302
    client.post("/portal/sign-out/")
    before = sessions()
    if flaw == "unknown":
        key = SoftKey()
    if flaw == "origin":
        key.origin = "https://testserver.evil.example"
    if flaw == "site":
        key.site = "evil.example"
    if flaw == "unverified":
        key.verifies = False
    if flaw == "clone":
        key.count = 0
    if flaw == "other key":
        key.key = SoftKey().key
    options = client.post(SIGN_IN_OPTIONS).json()
    if flaw == "other challenge":
        options["challenge"] = "A" * 43
    refused = client.post(SIGN_IN, {"answer": key.signed(options)})
    assert refused.status_code == 422
    assert REFUSED in words(refused)
    assert sessions() == before


@pytest.mark.parametrize(
    "answer", ["", "nonsense", "[]", "{}", '{"id": 1}', "[" * 100_000, '{"rawId": "x", "response": {}}']
)
def test_what_is_no_answer_is_refused(portal, client, answer):
    client.post(SIGN_IN_OPTIONS)
    assert client.post(SIGN_IN, {"answer": answer}).status_code == 422
    portal.post(OPTIONS)
    refused = portal.post(ADD, {"answer": answer})
    assert refused.status_code == 422
    assert "The browser's answer could not be checked. Try again." in words(refused)
    assert (Passkey.objects.count(), sessions()) == (0, 1)


def test_an_answer_works_once_and_in_its_browser_only(portal, client):
    key = SoftKey()
    add(portal, key)
    answer = key.signed(client.post(SIGN_IN_OPTIONS).json())
    assert Client().post(SIGN_IN, {"answer": answer}).status_code == 422
    challenge = client.cookies[cookies.PASSKEY].value
    assert client.post(SIGN_IN, {"answer": answer}).status_code == 302
    again = Client()
    again.cookies[cookies.PASSKEY] = challenge
    refused = again.post(SIGN_IN, {"answer": answer})
    assert refused.status_code == 422
    assert "That took too long, or was sent twice. Try again." in words(refused)
    assert sessions() == 2


def test_a_challenge_to_add_is_its_creators_and_dies(portal, acme):
    make.member(acme, "Nora", "Dubois", "nora@example.com")
    nora = portal_of("nora@example.com")
    key = SoftKey()
    options = portal.post(OPTIONS).json()
    nora.cookies[cookies.PASSKEY] = portal.cookies[cookies.PASSKEY].value
    assert nora.post(ADD, {"answer": key.made(options)}).status_code == 422
    PasskeyChallenge.objects.update(expires_at=make.NOW.replace(year=2020))
    assert portal.post(ADD, {"answer": key.made(options)}).status_code == 422
    assert Passkey.objects.count() == 0


def test_one_passkey_belongs_to_one_person_and_ten_are_enough(portal, acme):
    make.member(acme, "Nora", "Dubois", "nora@example.com")
    key = SoftKey()
    add(portal, key)
    assert "This passkey was added before." in words(add(portal_of("nora@example.com"), key))
    for _ in range(9):
        assert add(portal, SoftKey()).status_code == 302
    assert "You have 10 passkeys. Remove one first." in words(add(portal, SoftKey()))
    assert Passkey.objects.filter(creator__email_key=STELLA).count() == Passkey.objects.count() == 10


def test_user_verification_is_asked_of_a_new_passkey(portal):
    key = SoftKey()
    key.verifies = False
    assert add(portal, key).status_code == 422
    options = portal.post(OPTIONS).json()
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["user"]["name"] == STELLA
    assert STELLA not in json.dumps(options["user"]["id"])
    assert Passkey.objects.count() == 0
