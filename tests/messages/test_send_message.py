"""From a confirmed draft to letters in a real SMTP server: who gets one, once, and what is told of the others."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from django_scopes import scope

from offerwell.actions.cancel_message import NothingToCall, cancel_message
from offerwell.actions.confirm_message import AudienceMoved, MessageRefused, confirm_message
from offerwell.actions.deliver_message import deliver_message, give_up_cancelled, messages_due
from offerwell.actions.mail_pace import MailPace
from offerwell.models import Event, Message, MessageRecipient, Workspace
from offerwell.queries.message_audience import audience_of, reach_of
from offerwell.queries.verify_counts import count_problems
from offerwell.rules.message_times import UNDO_WINDOW
from offerwell.rules.permissions import Actor
from offerwell.rules.schedule import moment_of
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within
from tests import make


def confirm(message, at=None, when=None, shown=None):
    return confirm_message(
        workspace_id=message.workspace_id, message_id=message.pk, shown=shown or reach_of(audience_of(message)),
        when=when, by=make.ANA, at=at or timezone.now() - UNDO_WINDOW,
    ).message  # fmt: skip


def everybody(*members):
    return MemberSelection(ids=tuple(one.pk for one in members))


def states(message):
    rows = MessageRecipient.objects.filter(message=message).order_by("pk")
    return [(row.to, row.state, row.reason) for row in rows]


def counts(message):
    message.refresh_from_db()
    return {
        name: n for name in ("recipients", "waiting", "sent", "skipped", "failed", "unknown", "bounced")
        if (n := getattr(message, name))
    }  # fmt: skip


@pytest.fixture
def offer(acme):
    return make.offer(acme, "Summer Glow 20%")


@pytest.fixture
def three(acme, offer):
    """Aisha with a code, Nora without an e-mail address, Zoe who unsubscribed."""
    aisha, nora, zoe = (
        make.member(acme, first, "Stone", email) for first, email in
        (("Aisha", "aisha@example.com"), ("Nora", ""), ("Zoe", "Zoe@Example.com"))
    )  # fmt: skip
    for one, text in ((aisha, "AISHA20"), (nora, "NORA20"), (zoe, "ZOE20")):
        make.code(make.enrollment(offer, one), text)
    make.suppression(acme, "zoe@example.com")
    return aisha, nora, zoe


def test_each_member_gets_one_letter_with_own_values(acme, rival, offer, three, post_office):
    make.member(rival, "Rita", "Rival", "rita@rival.example")
    message = confirm(make.draft(acme, everybody(*three), offer=offer))
    assert post_office.letters == []
    deliver_message(message_id=message.pk)
    [(to, letter)] = post_office.letters
    assert (to, letter["To"], letter["Subject"]) == ("aisha@example.com", "aisha@example.com", "A change to your code")
    assert letter["From"] == "Acme <no-reply@localhost>"
    assert "Hi Aisha, your code is AISHA20." in letter.get_body(("plain",)).get_content()
    assert "AISHA20</code>" in letter.get_body(("html",)).get_content()
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["List-Unsubscribe"].strip().startswith("<https://offers.example/")
    assert states(message) == [
        ("aisha@example.com", "sent", ""), ("", "skipped", "No e-mail address"),
        ("Zoe@Example.com", "skipped", "Unsubscribed"),
    ]  # fmt: skip
    assert counts(message) == {"recipients": 3, "sent": 1, "skipped": 2}
    assert message.state == "sent"
    row = MessageRecipient.objects.get(message=message, state="sent")
    assert row.html == "<p>Hi <bdi>Aisha</bdi>, your code is <code>AISHA20</code>.</p>"
    kinds = list(Event.objects.order_by("seq").values_list("kind", flat=True))
    assert kinds == ["message_confirmed", "message_sent"]


def test_a_second_press_and_a_second_worker_send_nothing_twice(acme, offer, three, post_office):
    message = confirm(make.draft(acme, everybody(*three), offer=offer))
    assert confirm(message, shown=reach_of(audience_of(message))).pk == message.pk
    deliver_message(message_id=message.pk)
    deliver_message(message_id=message.pk)
    assert post_office.addresses == ["aisha@example.com"]
    assert MessageRecipient.objects.count() == 3


def test_nothing_goes_before_the_undo_window_is_over(acme, offer, three, post_office):
    at = timezone.now()
    message = confirm(make.draft(acme, everybody(*three), offer=offer), at=at)
    assert messages_due(at=at + UNDO_WINDOW - timedelta(seconds=1)) == []
    deliver_message(message_id=message.pk)
    assert post_office.letters == []
    back = cancel_message(workspace_id=acme.pk, message_id=message.pk, by=make.ANA, at=at)
    assert (back.state, back.recipients, MessageRecipient.objects.count()) == ("draft", 0, 0)
    with pytest.raises(NothingToCall, match="This is a draft"):
        cancel_message(workspace_id=acme.pk, message_id=message.pk, by=make.ANA, at=at)
    assert messages_due(at=at + timedelta(days=3)) == []


def test_who_is_shown_is_who_gets_it_or_nothing_happens(acme, offer, three, post_office):
    message = make.draft(acme, everybody(*three), offer=offer)
    shown = reach_of(audience_of(message))
    make.suppression(acme, "aisha@example.com")
    with pytest.raises(AudienceMoved) as moved:
        confirm(message, shown=shown)
    assert (moved.value.reach.reached, dict(moved.value.reach.left_out)) == (0, {"no_email": 1, "unsubscribed": 2})
    message.refresh_from_db()
    assert (message.state, MessageRecipient.objects.count(), Event.objects.count()) == ("draft", 0, 0)
    with pytest.raises(MessageRefused, match="Nobody of these members"):
        confirm(message)
    assert MessageRecipient.objects.count() == 0


def test_who_unsubscribes_while_it_is_sent_gets_nothing(acme, offer, three, post_office):
    message = confirm(make.draft(acme, everybody(*three), offer=offer))
    make.suppression(acme, "AISHA@example.com", "complained")
    deliver_message(message_id=message.pk)
    assert post_office.letters == []
    assert counts(message) == {"recipients": 3, "skipped": 3}
    assert states(message)[0] == ("aisha@example.com", "skipped", "Complained about an earlier message")


def test_a_refusal_for_good_and_one_that_passes(acme, post_office):
    members = [make.member(acme, first, "Stone", f"{first}@example.com".lower()) for first in ("Aisha", "Nora", "Zoe")]
    answers = {"aisha@example.com": "550 5.1.1 No such user", "nora@example.com": "451 4.2.2 Mailbox busy"}
    post_office.answer = lambda address: answers.get(address, "")
    message = confirm(make.draft(acme, everybody(*members), body="Hi {first_name}"))
    deliver_message(message_id=message.pk)
    assert counts(message) == {"recipients": 3, "waiting": 1, "sent": 1, "failed": 1}
    assert states(message) == [
        ("aisha@example.com", "failed", "The mail server refused: 550 5.1.1 No such user"),
        ("nora@example.com", "waiting", "The mail server refused: 451 4.2.2 Mailbox busy"),
        ("zoe@example.com", "sent", ""),
    ]
    assert (message.state, message.reason) == ("sending", "Some addresses are asked again later.")
    assert message.due_at > timezone.now() + timedelta(minutes=4)
    answers.clear()
    MessageRecipient.objects.update(next_attempt_at=None)
    Message.objects.update(due_at=make.NOW)
    deliver_message(message_id=message.pk)
    assert counts(message) == {"recipients": 3, "sent": 2, "failed": 1}
    assert post_office.addresses == ["zoe@example.com", "nora@example.com"]


def test_a_mail_server_that_is_away_is_told_and_nothing_is_lost(acme, post_office):
    message = confirm(make.draft(acme, everybody(make.member(acme)), body="Hi"))
    post_office.stop()
    deliver_message(message_id=message.pk)
    assert counts(message) == {"recipients": 1, "waiting": 1}
    assert message.reason.startswith("The mail server could not be reached")
    assert (message.state, message.lease_owner, message.attempts) == ("sending", "", 1)
    assert timezone.now() < message.due_at < timezone.now() + timedelta(seconds=6)


def test_a_connection_that_breaks_while_it_takes_the_letter_is_unknown_for_ever(acme, post_office, monkeypatch):
    import smtplib

    members = [make.member(acme, first, "Stone", f"{first}@example.com".lower()) for first in ("Aisha", "Nora")]
    message = confirm(make.draft(acme, everybody(*members), body="Hi"))
    whole = smtplib.SMTP.data

    def broken(self, text):
        whole(self, text)
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(smtplib.SMTP, "data", broken)
    deliver_message(message_id=message.pk)
    monkeypatch.undo()
    assert counts(message) == {"recipients": 2, "waiting": 1, "unknown": 1}
    Message.objects.update(due_at=make.NOW)
    deliver_message(message_id=message.pk)
    assert post_office.addresses == ["aisha@example.com", "nora@example.com"]
    assert counts(message) == {"recipients": 2, "sent": 1, "unknown": 1}


def test_what_a_dead_worker_had_in_its_hands_is_unknown(acme, post_office):
    aisha, nora = make.member(acme, "Aisha"), make.member(acme, "Nora")
    message = confirm(make.draft(acme, everybody(aisha, nora), body="Hi"))
    MessageRecipient.objects.filter(member=aisha).update(state="handed_over", handed_over_at=make.NOW)
    Message.objects.filter(pk=message.pk).update(lease_owner="dead", lease_until=make.NOW)
    deliver_message(message_id=message.pk)
    assert post_office.addresses == [nora.email]
    assert counts(message) == {"recipients": 2, "sent": 1, "unknown": 1}


def test_cancelled_half_way_the_rest_is_not_sent(acme, post_office):
    members = [make.member(acme) for _ in range(3)]
    message = confirm(make.draft(acme, everybody(*members), body="Hi"))
    post_office.at_data = lambda: cancel_now(message) if len(post_office.letters) == 1 else ""

    def cancel_now(one):
        stop.append(True)
        return ""

    stop = []
    deliver_message(message_id=message.pk, should_stop=lambda: bool(stop))
    assert counts(message) == {"recipients": 3, "waiting": 1, "sent": 2}
    cancelled = cancel_message(workspace_id=acme.pk, message_id=message.pk, by=make.ANA, at=make.NOW)
    assert (cancelled.state, cancelled.skipped, cancelled.due_at) == ("cancelled", 1, None)
    deliver_message(message_id=message.pk)
    assert len(post_office.letters) == 2
    with pytest.raises(NothingToCall, match="nothing left to cancel"):
        cancel_message(workspace_id=acme.pk, message_id=message.pk, by=make.ANA, at=make.NOW)


def test_a_scheduled_message_that_comes_up_a_day_late_is_missed(acme, post_office):
    message = confirm(make.draft(acme, everybody(make.member(acme)), body="Hi"))
    late = timezone.now() - timedelta(hours=25)
    Message.objects.filter(pk=message.pk).update(state="scheduled", send_at=late, due_at=late)
    deliver_message(message_id=message.pk)
    assert post_office.letters == []
    assert counts(message) == {"recipients": 1, "skipped": 1}
    assert message.state == "missed"


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"subject": " "}, "subject"), ({"body": "\n"}, "body"), ({"subject": "Hi {frist_name}"}, "subject"),
        ({"body": "{{ member.email }}"}, "body"), ({"body": "{% for x in y %}"}, "body"),
    ],
)  # fmt: skip
def test_a_text_that_does_not_do_is_refused_and_nothing_happens(acme, post_office, fields, where):
    message = make.draft(acme, everybody(make.member(acme)), **fields)
    with pytest.raises(MessageRefused) as refused:
        confirm(message)
    assert refused.value.field == where
    assert (MessageRecipient.objects.count(), Event.objects.count()) == (0, 0)


def test_without_an_address_of_our_own_nobody_could_unsubscribe(acme, settings):
    settings.OFFERWELL_PUBLIC_URL = ""
    with pytest.raises(MessageRefused, match="OFFERWELL_PUBLIC_URL"):
        confirm(make.draft(acme, everybody(make.member(acme)), body="Hi"))
    assert MessageRecipient.objects.count() == 0


def test_headers_cannot_be_injected_and_odd_names_arrive(acme, post_office):
    odd = "Zoë 👩‍🎤 شهد" + "x" * 280
    member = make.member(acme, odd[:300], "Evil\r\nBcc: all@example.com", "odd@example.com")
    make.offer(acme)
    message = make.draft(acme, everybody(member), subject="Hi {full_name}\r\nBcc: x@example.com", body="Hi {full_name}")
    deliver_message(message_id=confirm(message).pk)
    [(to, letter)] = post_office.letters
    assert (to, letter["Bcc"], letter.get_all("To")) == ("odd@example.com", None, ["odd@example.com"])
    assert letter["Subject"].strip().startswith("Hi Zoë 👩‍🎤 شهد")
    assert len(letter["Subject"].strip()) == 250


def test_the_number_of_statements_does_not_grow_with_the_audience(acme, offer, django_assert_num_queries):
    for _ in range(3):
        make.code(make.enrollment(offer))
    newest = Within(Crowd.WORKSPACE, up_to=10**9)
    message = make.draft(acme, MemberSelection(filter=MemberFilter(), within=newest), offer=offer)
    with django_assert_num_queries(1):
        small = reach_of(audience_of(message), [message.body])
    for _ in range(20):
        make.enrollment(offer)
    with django_assert_num_queries(1):
        large = reach_of(audience_of(message), [message.body])
    assert (small.reached, small.empty, large.reached, large.empty) == (3, (), 23, (("code", 20),))


def test_no_worker_looks_at_a_draft_and_the_database_refuses_to_let_it(acme, post_office):
    from concurrent.futures import ThreadPoolExecutor

    from django.db import IntegrityError, transaction

    from offerwell.worker import sweep_messages

    message = make.draft(acme, everybody(make.member(acme)), body="Hi")
    running = {}
    with ThreadPoolExecutor(1) as pool:
        sweep_messages(pool, running)
    deliver_message(message_id=message.pk)
    assert (running, post_office.letters, MessageRecipient.objects.count()) == ({}, [], 0)
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(due_at=make.NOW)


def test_a_sign_in_the_mail_server_refuses_fails_no_letter(acme, post_office, settings):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "ana", "wrong"
    message = confirm(make.draft(acme, everybody(make.member(acme)), body="Hi"))
    deliver_message(message_id=message.pk)
    assert counts(message) == {"recipients": 1, "waiting": 1}
    assert message.reason.startswith("The mail server")


def test_a_scheduled_message_goes_at_its_time(acme, post_office):
    message = make.draft(acme, everybody(make.member(acme)), body="Hi")
    at = timezone.now() - timedelta(hours=2)
    when = moment_of((at + timedelta(hours=1)).replace(tzinfo=None), ZoneInfo("UTC"))
    message = confirm(message, at=at, when=when)
    assert (message.state, messages_due(at=at + timedelta(minutes=59))) == ("scheduled", [])
    deliver_message(message_id=message.pk)
    message.refresh_from_db()
    assert (message.state, len(post_office.letters)) == ("sent", 1)


def test_a_scheduled_message_of_somebody_who_may_not_send_any_more_is_not_sent(acme, post_office):
    gone = make.user(acme, role="operator")
    message = make.draft(acme, everybody(make.member(acme)), body="Hi")
    by, at = Actor(name="Gone", door="web", user_id=gone.pk), timezone.now() - timedelta(hours=2)
    when = moment_of((at + timedelta(hours=1)).replace(tzinfo=None), ZoneInfo("UTC"))
    confirm_message(
        workspace_id=acme.pk, message_id=message.pk, shown=reach_of(audience_of(message)), when=when, by=by, at=at
    )
    gone.places.update(role="analyst")
    deliver_message(message_id=message.pk)
    message.refresh_from_db()
    assert (message.state, message.skipped, post_office.letters) == ("missed", 1, [])
    assert message.reason.startswith("Gone may not send messages in this workspace any more.")


def test_a_letter_that_cannot_be_written_fails_alone(acme, post_office, monkeypatch):
    from offerwell.actions import deliver_message as delivery

    aisha, nora = (make.member(acme, first, email=f"{first}@example.com".lower()) for first in ("Aisha", "Nora"))
    message = confirm(make.draft(acme, everybody(aisha, nora), body="Hi"))
    write = delivery.letter_to

    def writes_badly(address, *given, **more):
        if address == "aisha@example.com":
            raise RuntimeError("a bug of ours")
        return write(address, *given, **more)

    monkeypatch.setattr(delivery, "letter_to", writes_badly)
    deliver_message(message_id=message.pk)
    assert post_office.addresses == ["nora@example.com"]
    assert counts(message) == {"recipients": 2, "sent": 1, "failed": 1}


def test_an_error_of_ours_is_told_and_tried_again_later_not_each_second(acme, post_office, monkeypatch):
    from offerwell.actions import deliver_message as delivery

    message = confirm(make.draft(acme, everybody(make.member(acme)), body="Hi"))
    monkeypatch.setattr(delivery, "values_of", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        deliver_message(message_id=message.pk)
    assert counts(message) == {"recipients": 1, "waiting": 1}
    assert (message.reason, message.lease_owner) == (delivery.OUR_ERROR, "")
    assert message.due_at > timezone.now()


def test_verify_recounts_the_letters(acme, offer, three, post_office):
    message = confirm(make.draft(acme, everybody(*three), offer=offer))
    deliver_message(message_id=message.pk)
    assert letter_problems(acme) == []
    Message.objects.update(sent=2, skipped=1)
    told = "it says 1 skipped, 2 are there; it says 2 sent, 1 are there"
    assert letter_problems(acme) == [(f"message {message.pk}", told)]


def letter_problems(place):
    return [(one.where, one.wrong) for one in count_problems(place) if one.check == "message_letters"]


def test_letters_go_at_the_pace_of_the_settings(settings):
    settings.OFFERWELL_MAIL_PER_SECOND = 100
    pace, began = MailPace(), time.monotonic()
    for _ in range(6):
        pace.wait()
    assert time.monotonic() - began >= 0.05


def test_cancelled_while_a_dying_worker_had_a_letter_in_its_hands(acme, post_office):
    aisha, nora = make.member(acme, "Aisha"), make.member(acme, "Nora")
    message = confirm(make.draft(acme, everybody(aisha, nora), body="Hi"))
    MessageRecipient.objects.filter(member=aisha).update(state="handed_over", handed_over_at=make.NOW)
    now = timezone.now()
    Message.objects.filter(pk=message.pk).update(lease_owner="alive", lease_until=now + timedelta(seconds=60))
    cancel_message(workspace_id=acme.pk, message_id=message.pk, by=make.ANA, at=now)
    give_up_cancelled(at=now)
    assert counts(message) == {"recipients": 2, "waiting": 1, "skipped": 1}
    give_up_cancelled(at=now + timedelta(seconds=61))
    give_up_cancelled(at=now + timedelta(seconds=62))
    assert counts(message) == {"recipients": 2, "unknown": 1, "skipped": 1}
    assert (message.state, post_office.letters) == ("cancelled", [])


def test_a_day_has_room_for_so_many_letters_and_send_refuses_more(acme, rival, three, post_office, settings):
    settings.OFFERWELL_MAIL_PER_DAY = 2
    Workspace.objects.filter(pk=acme.pk).update(timezone="Pacific/Auckland")
    zone = ZoneInfo("Pacific/Auckland")
    noon = datetime(2026, 11, 24, 12, tzinfo=zone)
    with scope(workspace=rival):
        theirs = make.draft(rival, everybody(*(make.member(rival) for _ in range(2))))
        confirm(theirs, at=noon)
    first = make.draft(acme, everybody(*three))  # one of the three gets it: the others never count
    confirm(first, at=noon)
    two = everybody(make.member(acme), make.member(acme))
    draft = make.draft(acme, two)
    with pytest.raises(MessageRefused, match=r"2 letters a day\. 1 are sent or planned for 24 Nov 2026, so 2 more"):
        confirm(draft, at=noon + timedelta(hours=11, minutes=59))
    draft.refresh_from_db()
    assert (draft.state, MessageRecipient.objects.filter(message=draft).count()) == ("draft", 0)
    tomorrow = moment_of((noon + timedelta(hours=12)).replace(tzinfo=None), zone)
    confirm(draft, at=noon, when=tomorrow)
    full = make.draft(acme, everybody(make.member(acme)))
    with pytest.raises(MessageRefused, match="25 Nov 2026"):
        confirm(full, at=tomorrow.at + timedelta(hours=23))
    cancel_message(workspace_id=acme.pk, message_id=draft.pk, by=make.ANA, at=noon)
    confirm(full, at=tomorrow.at + timedelta(hours=23))
    settings.OFFERWELL_MAIL_PER_DAY = 0
    confirm(make.draft(acme, two), at=noon)
