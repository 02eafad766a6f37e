"""Unsubscribing by one press, and the demo's mailbox: both without signing in."""

from __future__ import annotations

import pytest
from django_scopes import scope

from offerwell.actions.write_letter import unsubscribe_token
from offerwell.integrations.mail import Letter, hand_over
from offerwell.models import Event, MessageRecipient, Suppression
from offerwell.rules.selection import MemberSelection
from tests import make
from tests.web.page_words import words


@pytest.fixture
def letter(acme):
    member = make.member(acme, "Nora", email="Nora@example.com")
    message = make.draft(acme, MemberSelection(ids=(member.pk,)))
    return MessageRecipient.objects.create(
        workspace=acme, message=message, member=member, state="sent", to="Nora@example.com"
    )


def test_opening_asks_and_pressing_stops(client, acme, rival, letter):
    address = f"/unsubscribe/{unsubscribe_token(letter.pk)}/"
    assert "No more messages from Acme? Nora@example.com will get no more messages" in words(client.get(address))
    assert Suppression.objects.count() == 0
    stopped = client.post(address)
    assert "You get no more messages" in words(stopped)
    row = Suppression.objects.get()
    assert (row.workspace_id, row.address_key, row.reason) == (acme.pk, "nora@example.com", "unsubscribed")
    assert [event.kind for event in Event.objects.all()] == ["address_suppressed"]
    client.post(address)
    assert (Suppression.objects.count(), Event.objects.count()) == (1, 1)
    assert "You get no more messages" in words(client.get(address))
    with scope(workspace=rival):
        assert Suppression.objects.count() == 0


def test_mail_programs_press_it_themselves_without_cookies(client, acme, letter):
    strict = client.__class__(enforce_csrf_checks=True)
    answer = strict.post(f"/unsubscribe/{unsubscribe_token(letter.pk)}/", {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, Suppression.objects.count()) == (200, 1)


def test_it_works_for_somebody_signed_in_elsewhere(client, acme, rival, letter):
    client.force_login(make.user(rival))
    assert client.post(f"/unsubscribe/{unsubscribe_token(letter.pk)}/").status_code == 200
    assert Suppression.objects.get().workspace_id == acme.pk
    client.force_login(make.user())
    assert client.get(f"/unsubscribe/{unsubscribe_token(letter.pk)}/").status_code == 200


@pytest.mark.parametrize("token", ["1:made-up", "x", "0"])
def test_a_made_up_address_stops_nothing(client, acme, letter, token):
    assert client.get(f"/unsubscribe/{token}/").status_code == 404
    assert client.post(f"/unsubscribe/{token}/").status_code == 404
    assert Suppression.objects.count() == 0


def test_a_test_mails_address_says_so(client, db):
    assert "This was a test message" in words(client.post(f"/unsubscribe/{unsubscribe_token(0)}/"))


def test_the_mailbox_is_open_only_in_a_demo_whose_mails_are_files(client, db, settings):
    settings.EMAIL_BACKEND = "offerwell.integrations.mailbox.MailboxBackend"
    hand_over(Letter("nora@example.com", "Hi <b>", "Text <script>", "<p onclick=x>Hi</p><script>1</script>"))
    settings.OFFERWELL_DEMO = False
    assert client.get("/mailbox/").status_code == 404
    settings.OFFERWELL_DEMO = True
    page = client.get("/mailbox/")
    assert "Hi <b>" in words(page)
    name = page.context["mails"][0].name
    mail = client.get(f"/mailbox/{name}/")
    assert "Text &lt;script&gt;" in mail.content.decode()
    html = client.get(f"/mailbox/{name}/html/")
    policy = html["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "script-src" not in policy
    assert "sandbox" in policy
    for odd in ("..%2F..%2Fsecrets.json", ".hidden.eml", "none.eml"):
        assert client.get(f"/mailbox/{odd}/").status_code == 404
    settings.EMAIL_BACKEND = "offerwell.integrations.mail_smtp.SmtpBackend"
    for address in ("/mailbox/", f"/mailbox/{name}/", f"/mailbox/{name}/html/"):
        assert client.get(address).status_code == 404
