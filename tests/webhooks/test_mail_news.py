"""What mail providers tell: proven, kept once, about our letters only."""

from __future__ import annotations

import base64
import json

import pytest
from django_scopes import scope

from offerwell.models import Message, MessageRecipient, Suppression
from offerwell.rules.selection import MemberSelection
from tests import make

ADDRESS = "/webhooks/mail/postmark/"
SECRET = {"Authorization": f"Basic {base64.b64encode(b'offerwell:s3cret').decode()}"}


@pytest.fixture(autouse=True)
def _postmark(settings):
    settings.OFFERWELL_MAIL_PROVIDER = "postmark"
    settings.ANYMAIL = {"WEBHOOK_SECRET": "offerwell:s3cret"}


@pytest.fixture
def letter(acme):
    member = make.member(acme, "Nora", email="nora@example.com")
    message = make.draft(acme, MemberSelection(ids=(member.pk,)))
    Message.objects.filter(pk=message.pk).update(state="sent", recipients=1, sent=1)
    return MessageRecipient.objects.create(
        workspace=acme, message=message, member=member, state="sent", to="nora@example.com", carrier_ref="pm-1"
    )


def bounce(**fields):
    return {
        "RecordType": "Bounce", "Type": "HardBounce", "MessageID": "pm-1", "Email": "other@example.com",
        "Details": "smtp;550 No such user", "BouncedAt": "2026-11-23T09:00:00Z", **fields,
    }  # fmt: skip


def tell(client, body, headers=SECRET):
    text = body if isinstance(body, str) else json.dumps(body)
    return client.post(ADDRESS, text, content_type="application/json", headers=headers).status_code


def test_a_bounce_is_shown_and_the_address_gets_no_more(client, acme, rival, letter):
    assert tell(client, bounce()) == 200
    assert tell(client, bounce()) == 200
    letter.refresh_from_db()
    message = Message.objects.get()
    assert (letter.state, letter.reason, message.sent, message.bounced) == (
        "bounced", "smtp;550 No such user", 0, 1,
    )  # fmt: skip
    [row] = Suppression.objects.all()
    assert (row.address, row.reason) == ("nora@example.com", "bounced")
    with scope(workspace=rival):
        assert Suppression.objects.count() == 0


def test_a_complaint_after_a_bounce_moves_the_count(client, letter):
    tell(client, bounce())
    assert tell(client, bounce(RecordType="SpamComplaint", Type="SpamComplaint")) == 200
    message = Message.objects.get()
    assert (message.sent, message.bounced, message.complained) == (0, 0, 1)


@pytest.mark.parametrize("fields", [{"MessageID": "pm-2"}, {"Type": "Transient"}, {"RecordType": "Delivery"}])
def test_what_is_no_bad_news_about_a_letter_of_ours_is_left(client, letter, fields):
    assert tell(client, bounce(**fields)) == 200
    letter.refresh_from_db()
    assert (letter.state, Suppression.objects.count()) == ("sent", 0)


def test_who_does_not_prove_it_is_refused(client, letter, settings):
    assert tell(client, bounce(), headers={}) == 401
    wrong = {"Authorization": f"Basic {base64.b64encode(b'offerwell:guess').decode()}"}
    assert tell(client, bounce(), headers=wrong) == 401
    assert client.post("/webhooks/mail/mailgun/", bounce(), headers=SECRET).status_code == 401
    settings.ANYMAIL = {"WEBHOOK_SECRET": []}
    assert tell(client, bounce()) == 401
    letter.refresh_from_db()
    assert (letter.state, Suppression.objects.count()) == ("sent", 0)


@pytest.mark.parametrize("body", ["", "[]", "{", '{"RecordType": "Inbound"}', "null"])
def test_what_cannot_be_read_is_refused(client, letter, body):
    assert tell(client, body) in {200, 400}
    letter.refresh_from_db()
    assert letter.state == "sent"


def test_only_posts_are_heard(client, db):
    assert client.get(ADDRESS).status_code == 405
    assert client.head(ADDRESS).status_code == 200
