"""Settings › Creator Portal, and what it adds to the confirm step: a reason, and notice."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from offerwell.actions.run_scheduled_change import run_scheduled_change
from offerwell.models import BulkChange, Event, PromoCode, ScheduledChange, StoredSelection, Workspace
from tests import make
from tests.web.page_words import words

SETTINGS = "/settings/creator-portal/"


@pytest.fixture
def offer(acme, client):
    store = make.store(acme, "Glow", timezone="Europe/Paris")
    made = make.offer(acme, "Summer Glow", stores=[store])
    make.code(make.enrollment(made), "NORA20", stores=[store])
    client.force_login(make.user(acme))
    return made


def confirm_page(client, offer, target="deactivated", part="codes"):
    base = f"/reporting/sales-tracking/{offer.pk}/"
    member = offer.enrollments.get().member_id
    client.post(f"{base}selection/", {"ids": member})
    address = f"{base}manage/{StoredSelection.objects.latest('pk').pk}/confirm/"
    return address, client.get(address, {"part": part, "target": target})


def fields_of(page):
    """What the form would send as it stands."""
    html = page.content.decode()
    found = {name: unescape(value) for name, value in
             re.findall(r'<input[^>]*?name="(\w+)"[^>]*?value="([^"]*)"', html) if name != "when"}  # fmt: skip
    chosen = re.search(r'name="when" value="(\w+)" checked', html) or re.search(r'value="(\w+)" checked', html)
    return found | ({"when": chosen[1]} if chosen else {})


def test_off_until_somebody_wants_it(client, offer):
    _, page = confirm_page(client, offer)
    assert "Reason for creators" not in words(page)
    assert "otice" not in words(page)
    assert fields_of(page)["when"] == "now"


def test_a_reason_is_kept_and_shown_on_the_change(client, offer):
    Workspace.objects.update(tells_reasons=True)
    address, page = confirm_page(client, offer)
    assert "Shown to these members beside the status in their portal. Nobody is e-mailed." in words(page)
    answer = client.post(address, fields_of(page) | {"creator_reason": "  It leaked\n to a coupon site. "})
    change = BulkChange.objects.get()
    assert change.creator_reason == "It leaked to a coupon site."
    assert "Reason for creators: It leaked to a coupon site." in words(client.get(answer.url))
    assert '"creator_reason": "It leaked to a coupon site."' in Event.objects.latest("seq").body


def test_a_reason_that_is_too_long_is_said_at_the_field_and_nothing_is_done(client, offer):
    Workspace.objects.update(tells_reasons=True)
    address, page = confirm_page(client, offer)
    answer = client.post(address, fields_of(page) | {"creator_reason": "x" * 201})
    assert answer.status_code == 422
    assert "The reason is 201 characters long. Use at most 200." in words(answer)
    assert "x" * 201 in answer.content.decode()
    assert (BulkChange.objects.count(), PromoCode.objects.get().is_active) == (0, True)
    assert client.post(address, fields_of(answer) | {"creator_reason": "Shorter."}).status_code == 302
    assert BulkChange.objects.get().creator_reason == "Shorter."


def test_a_workspace_that_tells_no_reasons_keeps_none(client, offer):
    address, page = confirm_page(client, offer)
    client.post(address, fields_of(page) | {"creator_reason": "Sent all the same."})
    assert BulkChange.objects.get().creator_reason == ""


def test_notice_makes_a_deactivation_one_for_later(client, offer):
    Workspace.objects.update(tells_reasons=True, notice_hours=48)
    address, page = confirm_page(client, offer)
    said = words(page)
    assert "Deactivate 1 code later?" in said
    assert "Notice to creators: 2 days. Their portal says when it will be deactivated." in said
    sent = fields_of(page) | {"creator_reason": "The sale is over."}
    assert sent["when"] == "later"
    answer = client.post(address, sent)
    schedule = ScheduledChange.objects.get()
    assert answer.url == f"/reporting/activity/scheduled/{schedule.pk}/"
    assert timedelta(hours=48) <= schedule.run_at - schedule.scheduled_at < timedelta(hours=48, minutes=2)
    assert (schedule.creator_reason, BulkChange.objects.count()) == ("The sale is over.", 0)
    assert "Reason for creators The sale is over." in words(client.get(answer.url))
    run_scheduled_change(schedule_id=schedule.pk, at=schedule.run_at + timedelta(seconds=1))
    assert BulkChange.objects.get().creator_reason == "The sale is over."


def test_now_can_be_chosen_all_the_same_and_stays_chosen(client, offer):
    Workspace.objects.update(tells_reasons=True, notice_hours=1)
    address, page = confirm_page(client, offer)
    refused = client.post(address, fields_of(page) | {"when": "now", "creator_reason": "x" * 300})
    assert fields_of(refused)["when"] == "now"
    client.post(address, fields_of(refused) | {"creator_reason": ""})
    assert PromoCode.objects.get().is_active is False
    assert ScheduledChange.objects.count() == 0


@pytest.mark.parametrize(("target", "part"), [("active", "codes"), ("deactivated", "refresh")])
def test_notice_is_of_deactivations_only(client, offer, target, part):
    Workspace.objects.update(notice_hours=48)
    PromoCode.objects.update(is_active=False)
    _, page = confirm_page(client, offer, target, part)
    assert "otice" not in words(page)


@pytest.mark.parametrize(
    ("typed", "unit", "hours"), [("", "hours", None), ("36", "hours", 36), ("2", "days", 48), ("30", "days", 720)]
)
def test_settings_are_saved_with_an_event(client, offer, typed, unit, hours):
    Workspace.objects.update(notice_hours=5)
    answer = client.post(SETTINGS, {"tells_reasons": "on", "notice": typed, "unit": unit})
    assert answer.url == SETTINGS
    now = Workspace.objects.get(pk=offer.workspace_id)
    assert (now.tells_reasons, now.notice_hours) == (True, hours)
    event = Event.objects.get()
    assert (event.kind, event.door) == ("creator_notice_set", "web")
    shown = client.get(SETTINGS).content.decode()
    assert f'maxlength="4" value="{typed}"' in shown
    client.post(SETTINGS, {"tells_reasons": "on", "notice": typed, "unit": unit})
    assert Event.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "unit", "refusal"),
    [
        ("soon", "hours", "Write the notice period as a whole number, for example 24."),
        ("-1", "hours", "Write the notice period as a whole number, for example 24."),
        ("0", "hours", "The notice period is between 1 hour and 30 days."),
        ("31", "days", "The notice period is between 1 hour and 30 days."),
        ("٣", "days", "Write the notice period as a whole number, for example 24."),
    ],
)
def test_a_notice_that_cannot_be_is_said_and_kept(client, offer, typed, unit, refusal):
    answer = client.post(SETTINGS, {"tells_reasons": "on", "notice": typed, "unit": unit})
    assert answer.status_code == 422
    assert refusal in words(answer)
    assert f'value="{typed}"' in answer.content.decode()
    now = Workspace.objects.get(pk=offer.workspace_id)
    assert (now.tells_reasons, now.notice_hours, Event.objects.count()) == (False, None, 0)


@pytest.mark.parametrize("role", ["manager", "operator", "analyst"])
def test_only_owners_set_it(client, acme, role):
    client.force_login(make.user(acme, role=role))
    for answer in (client.get(SETTINGS), client.post(SETTINGS, {"tells_reasons": "on"})):
        assert answer.status_code == 403
    assert Workspace.objects.get(pk=acme.pk).tells_reasons is False


def test_the_address_to_give_away_is_on_the_page(client, offer):
    assert "http://testserver/portal/" in words(client.get(SETTINGS))
