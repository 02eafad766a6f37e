"""Sign-in by mail: the code, the link, their limits; nothing tells whether an address is known."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from offerwell.actions.ask_for_sign_in import TooManyAsked, ask_for_sign_in
from offerwell.actions.send_sign_in_mail import forget_sign_ins, send_sign_in_mail, sign_in_mails_due
from offerwell.actions.sign_in_creator import SignInRefused, sign_in_by_code
from offerwell.models import Creator, Member, PortalSession, SignInRequest
from offerwell.portal import cookies
from offerwell.queries.creator_session import signed_in
from offerwell.ui.network import network_of
from tests import make
from tests.portal.conftest import STELLA, now, words

UNKNOWN = "nobody@example.com"
ASKING_COSTS = 6 + (connection.vendor == "postgresql")  # its lock


def ask(client, email=STELLA):
    return client.post("/portal/sign-in/", {"email": email})


def deliver():
    """What the worker does."""
    for request_id in sign_in_mails_due(at=now()):
        send_sign_in_mail(request_id=request_id, at=now())


def code_of(letter):
    return re.search(r"Creator Portal: (\d{6})", letter.body)[1]


def link_of(letter):
    return re.search(r"http://testserver(/portal/sign-in/link/\S+)", letter.body)[1]


def type_code(client, code):
    return client.post("/portal/sign-in/code/", {"code": code})


def asked(client, email=STELLA):
    """Asked and delivered; gives the letter."""
    assert ask(client, email).status_code == 302
    deliver()
    return mail.outbox[-1]


def is_in(client):
    return client.get("/portal/").status_code == 200


def test_the_code_of_the_mail_signs_in_once(client, stella):
    letter = asked(client)
    assert (letter.to, letter.subject) == ([STELLA], "Your sign-in code")
    code = code_of(letter)
    assert code not in str(list(SignInRequest.objects.values()))
    answer = type_code(client, f" {code[:3]} {code[3:]} ")
    assert (answer.status_code, answer.url) == (302, "/portal/")
    assert "Hi Stella" in words(client.get("/portal/"))
    assert PortalSession.objects.get().browser == "A browser"
    other = Client()
    other.cookies[cookies.ASKING] = client.cookies[cookies.ASKING].value
    assert type_code(other, code).status_code == 302  # the browser's secret went with the sign-in
    assert not is_in(other)


def test_a_used_code_is_over(client, stella):
    letter = asked(client)
    key = client.cookies[cookies.ASKING].value
    type_code(client, code_of(letter))
    client.cookies[cookies.ASKING] = key
    assert "This code does not work any more. Ask for a new mail." in words(type_code(client, code_of(letter)))
    assert PortalSession.objects.count() == 1


def test_the_link_waits_for_a_press_and_works_once(client, stella):
    link = link_of(asked(client))
    key = client.cookies[cookies.ASKING].value
    for _ in range(2):  # a mail scanner opens it as often as it likes
        assert "Sign in to the Creator Portal" in words(client.get(link))
    assert PortalSession.objects.count() == 0
    assert client.post(link).url == "/portal/"
    assert is_in(client)
    client.cookies[cookies.ASKING] = key
    refused = client.post(link)
    assert refused.status_code == 422
    assert "This link was used already or is older than 10 minutes." in words(refused)
    assert PortalSession.objects.count() == 1


def test_a_forwarded_link_says_what_to_do_and_signs_nobody_in(client, stella):
    link = link_of(asked(client))
    other = Client()
    for browser in (other, _who_asked_too(other)):
        page = browser.get(link)
        assert page.status_code == 422
        assert "only in the browser where you asked for it. Type the code of the same mail there" in words(page)
        assert browser.post(link).status_code == 422
    assert PortalSession.objects.count() == 0
    assert client.post(link).url == "/portal/"


def _who_asked_too(client):
    ask(client)
    return client


def test_the_code_of_another_browser_is_wrong_here(client, stella):
    letter = asked(client)
    other = Client()
    ask(other, UNKNOWN)
    assert "That is not the code of the newest mail. You have 4 tries left." in words(type_code(other, code_of(letter)))
    assert type_code(Client(), code_of(letter)).url == "/portal/sign-in/"
    assert PortalSession.objects.count() == 0


@pytest.mark.parametrize("email", [STELLA, UNKNOWN])
def test_nothing_tells_whether_an_address_is_known(client, stella, email, django_assert_num_queries):
    with django_assert_num_queries(ASKING_COSTS):
        answer = ask(client, email)
    assert (answer.status_code, answer.url) == (302, "/portal/sign-in/code/")
    deliver()
    assert len(mail.outbox) == (1 if email == STELLA else 0)
    page = words(client.get(answer.url))
    assert "If a brand knows your address, a mail with a 6-digit code is on its way." in page
    said = [words(type_code(client, typed)) for typed in ("000000", "abc", "", "0", "0")]
    assert [re.findall(r"You have \d tr(?:y|ies) left|That was the last try", one) for one in said] == [
        ["You have 4 tries left"], ["You have 3 tries left"], ["You have 2 tries left"], ["You have 1 try left"],
        ["That was the last try"],
    ]  # fmt: skip
    assert Creator.objects.count() == 0


def test_a_code_dies_after_five_wrong_tries(client, stella):
    letter = asked(client)
    wrong = f"{(int(code_of(letter)) + 1) % 1_000_000:06}"
    for _ in range(5):
        type_code(client, wrong)
    refused = type_code(client, code_of(letter))
    assert refused.status_code == 422
    assert "This code does not work any more. Ask for a new mail." in words(refused)
    assert PortalSession.objects.count() == 0


def test_a_code_and_a_link_die_after_ten_minutes(client, stella):
    letter = asked(client)
    SignInRequest.objects.update(expires_at=now())
    assert "This code does not work any more." in words(type_code(client, code_of(letter)))
    assert client.post(link_of(letter)).status_code == 422
    assert PortalSession.objects.count() == 0


def test_no_mail_for_what_is_over_or_has_no_member(client, acme):
    make.member(acme, "No", "Mail", "")
    ask(client, STELLA)
    SignInRequest.objects.update(expires_at=now())
    deliver()
    assert mail.outbox == []
    assert sign_in_mails_due(at=now() + timedelta(hours=1)) == []


@pytest.mark.parametrize(
    "typed", ["", "stella", "a@b@c", "@example.com", "stella@", "a b@example.com", "x" * 399 + "@y"]
)
def test_what_is_no_address_is_said_where_it_was_typed(client, stella, typed):
    refused = ask(client, typed)
    assert refused.status_code == 422
    assert "Enter your e-mail address, for example name@example.com." in words(refused)
    assert SignInRequest.objects.count() == 0


def test_an_address_is_found_however_it_is_written(client, stella):
    asked(client, "  STELLA@Example.com ")
    assert mail.outbox[0].to == [STELLA]


def test_limits_count_known_and_unknown_alike_and_across_processes(client, stella):
    for email in (STELLA, UNKNOWN):
        for _ in range(5):
            assert ask(Client(), email).status_code == 302
        refused = ask(Client(), email)
        assert refused.status_code == 429
        assert "Too many mails were asked for. Wait 15 minutes, then try again" in words(refused)
    assert SignInRequest.objects.count() == 10
    assert ask(Client(REMOTE_ADDR="203.0.113.9"), STELLA).status_code == 302  # its owner, elsewhere


def test_limits_per_address_and_per_network(stella):
    at = now()
    for number in range(20):
        ask_for_sign_in(email=STELLA, network=f"203.0.113.{number}", origin="http://x", at=at)
    with pytest.raises(TooManyAsked) as refused:
        ask_for_sign_in(email=STELLA, network="198.51.100.1", origin="http://x", at=at)
    assert refused.value.minutes == 61
    ask_for_sign_in(email=STELLA, network="198.51.100.1", origin="http://x", at=at + timedelta(hours=1, seconds=1))
    for number in range(60):
        ask_for_sign_in(email=f"{number}@example.com", network="192.0.2.1", origin="http://x", at=at)
    with pytest.raises(TooManyAsked):
        ask_for_sign_in(email="one.more@example.com", network="192.0.2.1", origin="http://x", at=at)
    assert SignInRequest.objects.count() == 81


def test_a_mail_server_that_is_away_is_asked_again(client, stella, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    ask(client)
    deliver()
    asked_row = SignInRequest.objects.get()
    assert timedelta(0) < asked_row.due_at - now() <= timedelta(seconds=15)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    send_sign_in_mail(request_id=asked_row.pk, at=now() + timedelta(seconds=16))
    send_sign_in_mail(request_id=asked_row.pk, at=now() + timedelta(seconds=99))
    assert len(mail.outbox) == 1
    assert type_code(client, code_of(mail.outbox[0])).url == "/portal/"


def test_a_brands_session_opens_no_portal_and_a_portal_session_no_brand(client, acme, stella, portal):
    client.force_login(make.user(acme, email=STELLA))
    assert client.get("/portal/").url == "/portal/sign-in/"
    assert client.get("/reporting/sales-tracking/").status_code == 200
    assert portal.get("/reporting/sales-tracking/").url.startswith("/account/login/")
    client.cookies[cookies.SESSION] = client.cookies["offerwell"].value
    assert client.get("/portal/").url == "/portal/sign-in/"
    portal.cookies["offerwell"] = portal.cookies[cookies.SESSION].value
    assert portal.get("/reporting/sales-tracking/").url.startswith("/account/login/")
    assert portal.get("/portal/").status_code == 200


def test_a_changed_address_takes_access_with_it(acme, stella, portal):
    from tests.portal.conftest import portal_of

    offer = make.offer(acme, "Summer Glow")
    make.enrollment(offer, stella)
    assert "Summer Glow" in words(portal.get("/portal/"))
    Member.objects.filter(pk=stella.pk).update(email="new@example.com", email_key="new@example.com")
    assert "Summer Glow" not in words(portal.get("/portal/"))
    assert "Summer Glow" in words(portal_of("new@example.com").get("/portal/"))


def test_sessions_end(acme, stella, portal):
    key = portal.cookies[cookies.SESSION].value
    at = now()
    assert signed_in(key, at=at + timedelta(days=29)) is not None
    assert signed_in(key, at=at + timedelta(days=31)) is None
    PortalSession.objects.update(seen_at=at + timedelta(days=90), started_at=at)
    assert signed_in(key, at=at + timedelta(days=91)) is None
    assert signed_in("", at=at) is None
    PortalSession.objects.update(seen_at=at, started_at=at)
    assert portal.post("/portal/sign-out/").url == "/portal/sign-in/"
    assert PortalSession.objects.count() == 0


def test_the_use_of_a_session_is_noted_hourly(stella, portal):
    seen = PortalSession.objects.get().seen_at
    portal.get("/portal/")
    assert PortalSession.objects.get().seen_at == seen
    PortalSession.objects.update(seen_at=seen - timedelta(hours=2))
    portal.get("/portal/")
    assert PortalSession.objects.get().seen_at > seen


def test_old_requests_are_forgotten(client, stella):
    ask(client)
    forget_sign_ins(at=now() + timedelta(hours=23))
    assert SignInRequest.objects.count() == 1
    forget_sign_ins(at=now() + timedelta(hours=25))
    assert SignInRequest.objects.count() == 0


def test_forged_forms_are_refused(stella, portal):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies[cookies.SESSION] = portal.cookies[cookies.SESSION].value
    for address in ("/portal/sign-in/", "/portal/sign-in/code/", "/portal/sign-out/", "/portal/settings/name/"):
        assert strict.post(address, {"email": STELLA, "first_name": "Eve"}).status_code == 403
    assert (SignInRequest.objects.count(), PortalSession.objects.count()) == (0, 1)


def test_headers_of_every_page(client, stella, portal):
    for page in (client.get("/portal/sign-in/"), portal.get("/portal/"), portal.get("/portal/settings/")):
        assert "no-store" in page["Cache-Control"]
        assert "default-src 'none'" in page["Content-Security-Policy"]
    cookie = asked(client) and client.cookies[cookies.ASKING]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")


def test_a_forged_host_never_gets_into_a_mail(client, stella, settings):
    assert client.post("/portal/sign-in/", {"email": STELLA}, headers={"host": "evil.example"}).status_code == 400
    settings.ALLOWED_HOSTS, settings.OFFERWELL_PUBLIC_URL = ["*"], "https://offers.example"
    client.post("/portal/sign-in/", {"email": STELLA}, headers={"host": "evil.example"})
    deliver()
    assert "https://offers.example/portal/sign-in/link/" in mail.outbox[0].body
    assert "evil" not in mail.outbox[0].body


@pytest.mark.parametrize(
    ("proxies", "seen", "network"),
    [
        (0, ("1.1.1.1", "203.0.113.9"), "203.0.113.9"),
        (1, ("1.1.1.1, 198.51.100.7", "10.0.0.1"), "198.51.100.7"),
        (2, ("1.1.1.1, 198.51.100.7, 10.0.0.2", "10.0.0.1"), "198.51.100.7"),
        (2, ("198.51.100.7", "203.0.113.9"), "203.0.113.9"),
        (1, ("nonsense", "10.0.0.1"), "unknown"),
        (0, ("", "2001:db8:1:2:3::4"), "2001:db8:1:2::/64"),
        (0, ("", "::ffff:203.0.113.9"), "203.0.113.9"),
    ],
)
def test_the_network_is_what_the_outermost_trusted_proxy_saw(rf, settings, proxies, seen, network):
    forwarded, remote = seen
    settings.OFFERWELL_TRUSTED_PROXIES = proxies
    assert network_of(rf.get("/", headers={"x-forwarded-for": forwarded}, REMOTE_ADDR=remote)) == network


def test_the_guess_of_a_code_needs_the_browser(stella):
    with pytest.raises(SignInRefused):
        sign_in_by_code(browser_key="", code="000000", user_agent="", at=now())
