"""Later instead of now, by plain forms: preview, schedule, list, cancel; and the notes elsewhere."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_scopes import scope

from offerwell.actions.run_scheduled_change import run_scheduled_change
from offerwell.models import BulkChange, Event, OfferStore, PromoCode, ScheduledChange, Store
from tests import make
from tests.web.page_words import words
from tests.web.test_manage_offers import at, plan_for, select, token_of

LIST = "/reporting/activity/scheduled/"
# Far enough that no test day reaches it, near enough to be allowed.
DAY = (timezone.now() + timedelta(days=200)).date()
LATER = {"when": "later", "start_date": f"{DAY}", "start_time": "00:00", "zone": "Europe/Paris"}
BACK = {"back_date": f"{DAY + timedelta(days=4)}", "back_time": "09:00"}


@pytest.fixture
def world(acme, client):
    """Two active codes and a deactivated one in a store in Paris; Ana signed in as operator."""
    store = make.store(acme, "Glow", timezone="Europe/Paris")
    offer = make.offer(acme, "Summer Glow 20%", stores=[store])
    places = [make.enrollment(offer, make.member(acme, first)) for first in ("Nora", "Elena", "Hana")]
    for place, text in zip(places, ("NORA20", "ELENA20", "HANA20"), strict=True):
        make.code(place, text, stores=[store], is_active=text != "HANA20")
    client.force_login(make.user(acme, role="operator"))
    return offer, [place.member_id for place in places]


def send(client, offer, stored, response, **fields):
    """Send the confirm form as it was shown, with these fields changed."""
    shown = re.search(r'name="shown" value="([^"]*)"', response.content.decode())[1]
    given = {"plan": token_of(response), "part": "codes", "target": "deactivated", "shown": unescape(shown)}
    return client.post(at(offer, stored, "confirm/"), given | fields)


def previewed(client, offer, members, **fields):
    stored = select(client, offer, ids=members)
    first = plan_for(client, offer, stored)
    return stored, send(client, offer, stored, first, preview="1", **(LATER | fields))


def scheduled(client, offer, members, **fields):
    stored, preview = previewed(client, offer, members, **fields)
    answer = send(client, offer, stored, preview, **(LATER | fields))
    assert answer.status_code == 302, words(answer)
    return ScheduledChange.objects.latest("pk"), answer


def nothing_happened():
    assert (BulkChange.objects.count(), ScheduledChange.objects.count(), Event.objects.count()) == (0, 0, 0)
    assert PromoCode.objects.filter(is_active=True).count() == 2


def local(day, clock):
    return f"{day:%a} {day.day} {day:%b %Y}, {clock} Europe/Paris"


def test_later_is_previewed_then_scheduled_then_listed(client, world):
    offer, members = world
    stored, preview = previewed(client, offer, members, **BACK)
    told = words(preview)
    assert preview.status_code == 200
    assert "Deactivate 2 codes later?" in told
    assert "From then on shoppers can’t use these codes at checkout until they change back." in told
    back = local(DAY + timedelta(days=4), "09:00")
    assert f"2 codes will be deactivated on {local(DAY, '00:00')} and changed back on {back}." in told
    assert "Times are those of Europe/Paris, the time zone of the store." in told
    assert ">Schedule</button>" in preview.content.decode()
    nothing_happened()

    answer = send(client, offer, stored, preview, **LATER, **BACK)
    made = ScheduledChange.objects.get()
    assert (answer.status_code, answer.url) == (302, f"{LIST}{made.pk}/")
    assert (made.door, made.return_at - made.run_at) == ("web", timedelta(days=4, hours=9))
    assert BulkChange.objects.count() == 0
    page = words(client.get(answer.url))
    assert f"When {local(DAY, '00:00')}" in page
    assert "3 members selected, 2 to change, 1 already so, 0 left out" in page
    listed = words(client.get(LIST))
    assert f"Deactivate 2 codes Summer Glow 20% {local(DAY, '00:00')} back {back}" in listed
    assert "Scheduled 1" in words(client.get("/reporting/activity/"))
    assert f"2 codes will be deactivated on {local(DAY, '00:00')}" in words(client.get(at(offer)))


def test_a_double_press_of_schedule_is_one_schedule(client, world):
    offer, members = world
    stored, preview = previewed(client, offer, members)
    first, second = (send(client, offer, stored, preview, **LATER) for _ in range(2))
    assert first.url == second.url
    assert ScheduledChange.objects.count() == 1


def test_pressing_confirm_with_times_nobody_has_shown_only_shows_them(client, world):
    """Without JavaScript the button still says Confirm: neither now nor later may happen unseen."""
    offer, members = world
    stored = select(client, offer, ids=members)
    answer = send(client, offer, stored, plan_for(client, offer, stored), **LATER)
    assert (answer.status_code, "2 codes will be deactivated on" in words(answer)) == (200, True)
    nothing_happened()
    other = send(client, offer, stored, answer, **(LATER | {"start_time": "01:00"}))
    assert local(DAY, "01:00") in words(other)
    nothing_happened()
    assert send(client, offer, stored, other, **(LATER | {"start_time": "01:00"})).status_code == 302
    assert ScheduledChange.objects.count() == 1


def test_preview_with_now_changes_nothing_and_confirm_then_does(client, world):
    offer, members = world
    stored = select(client, offer, ids=members)
    preview = send(client, offer, stored, plan_for(client, offer, stored), when="now", preview="1")
    assert "Deactivate 2 codes?" in words(preview)
    nothing_happened()
    send(client, offer, stored, preview, when="now")
    assert (BulkChange.objects.count(), ScheduledChange.objects.count()) == (1, 0)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"start_date": "2020-01-01"}, "That time has passed"),
        ({"start_date": "2099-01-01"}, "That is more than two years ahead."),
        ({"start_date": "next week"}, "Write a date and a time"),
        ({"start_date": "0001-01-01"}, "Write a date and a time"),
        ({"start_time": ""}, "Choose the time of the change too."),
        ({"start_date": ""}, "Choose the date of the change too."),
        ({"back_time": "09:00"}, "Choose the date of the change back too."),
        ({"back_date": f"{DAY}", "back_time": "00:00"}, "The change back must come after the change."),
        ({"start_time": "00:00\0"}, "Write a date and a time"),
    ],
)
def test_times_that_cannot_be_are_refused_at_their_place(client, world, fields, sentence):
    offer, members = world
    stored, preview = previewed(client, offer, members, **fields)
    assert (preview.status_code, sentence in words(preview)) == (200, True), words(preview)
    assert 'aria-invalid="true"' in preview.content.decode()
    answer = send(client, offer, stored, preview, **(LATER | fields))
    assert (answer.status_code, sentence in words(answer)) == (422, True)
    nothing_happened()


def test_later_without_a_time_asks_for_one(client, world):
    offer, members = world
    stored, preview = previewed(client, offer, members, start_date="", start_time="")
    assert "Choose a date and a time." in words(preview)
    assert re.search(r"<button[^>]* disabled>Schedule", preview.content.decode())
    answer = send(client, offer, stored, preview, when="later")
    assert "Choose a date and a time." in words(answer)
    nothing_happened()


def test_a_plan_that_moved_is_shown_again_with_the_times(client, world):
    offer, members = world
    stored, preview = previewed(client, offer, members)
    PromoCode.objects.filter(text="NORA20").update(is_active=False)
    answer = send(client, offer, stored, preview, **LATER)
    assert answer.status_code == 409
    assert "1 code will be deactivated on" in words(answer)
    assert "Nothing was changed yet." in words(answer)
    assert ScheduledChange.objects.count() == 0
    assert send(client, offer, stored, answer, **LATER).status_code == 302


def test_a_token_of_another_selection_schedules_nothing(client, world):
    offer, members = world
    stored, preview = previewed(client, offer, members)
    other = select(client, offer, ids=members[:1])
    answer = send(client, offer, other, preview, **LATER)
    assert answer.status_code == 422
    assert client.post(at(offer, stored, "confirm/"), LATER | {"plan": ""}).status_code == 422
    nothing_happened()


def test_the_zone_is_one_of_the_offers_stores_and_named(acme, client, world):
    offer, members = world
    OfferStore.objects.create(
        workspace=acme, offer=offer, store=make.store(acme, "Glow US", timezone="America/New_York")
    )
    made, _ = scheduled(client, offer, members, zone="America/New_York")
    assert made.zone == "America/New_York"
    other, preview = previewed(client, offer, members, zone="Asia/Tokyo")
    assert 'value="Europe/Paris" selected' in preview.content.decode()
    Store.objects.update(timezone="Mars/Olympus")
    assert "Times are those of UTC" in words(plan_for(client, offer, other))


def test_a_night_whose_clock_changes_is_explained(client, world):
    offer, members = world
    spring = next(
        day for n in range(730)
        if (day := DAY + timedelta(days=n)).month == 3 and day.weekday() == 6 and day.day > 24
    )  # fmt: skip
    _, preview = previewed(client, offer, members, start_date=f"{spring}", start_time="02:30")
    assert "02:30 does not exist that day, so it happens at 03:00." in words(preview)
    assert local(spring, "03:00") in words(preview)


def test_others_that_touch_the_same_codes_are_shown_now_and_later_and_forbid_nothing(client, world):
    offer, members = world
    scheduled(client, offer, members[:1])
    stored = select(client, offer, ids=members)
    told = f"1 of these codes will be deactivated on {local(DAY, '00:00')}, scheduled by Ana Lopez."
    now = plan_for(client, offer, stored)
    assert told in words(now)
    later = send(client, offer, stored, now, preview="1", **LATER)
    assert told in words(later)
    long_before = {"start_date": f"{DAY - timedelta(days=90)}", "back_date": f"{DAY - timedelta(days=80)}"}
    before = send(client, offer, stored, now, preview="1", **(LATER | long_before | {"back_time": "09:00"}))
    assert "of these codes will be" not in words(before)
    assert send(client, offer, stored, later, **LATER).status_code == 302
    other = select(client, offer, ids=members[2:])
    assert "HANA20" in PromoCode.objects.filter(is_active=False).values_list("text", flat=True)
    page = client.get(at(offer, other, "confirm/"), {"part": "codes", "target": "active"})
    assert "1 of these codes will be deactivated on" in words(page)


def test_cancel_asks_first_and_twice_is_told(client, world):
    offer, members = world
    made, _ = scheduled(client, offer, members)
    asked = client.get(f"{LIST}{made.pk}/cancel/")
    assert "Cancel this scheduled change?" in words(asked)
    made.refresh_from_db()
    assert made.state == "waiting"
    answer = client.post(f"{LIST}{made.pk}/cancel/")
    assert (answer.status_code, answer.url) == (302, f"{LIST}{made.pk}/")
    assert "Cancelled by Ana Lopez" in words(client.get(answer.url))
    again = client.post(f"{LIST}{made.pk}/cancel/")
    assert (again.status_code, "This scheduled change was cancelled before." in words(again)) == (409, True)
    assert "Nothing is scheduled" in words(client.get(LIST))
    assert "Deactivate 2 codes" in words(client.get(f"{LIST}?show=past"))
    assert "will be deactivated" not in words(client.get(at(offer)))


def test_what_it_made_is_linked_both_ways_with_what_differs(client, world):
    offer, members = world
    made, _ = scheduled(client, offer, members, **BACK)
    PromoCode.objects.filter(text="NORA20").update(is_active=False)
    run_scheduled_change(schedule_id=made.pk, at=made.run_at)
    made.refresh_from_db()
    page = client.get(f"{LIST}{made.pk}/")
    assert f"/reporting/activity/{made.change_id}/" in page.content.decode()
    assert "1 code changed instead of 2; 2 already so instead of 1; 0 left out instead of 0." in words(page)
    assert f"{LIST}{made.pk}/" in client.get(f"/reporting/activity/{made.change_id}/").content.decode()
    assert "1 code will be changed back on" in words(client.get(at(offer)))
    asked = words(client.get(f"{LIST}{made.pk}/cancel/"))
    assert "What was changed already stays as it is now." in asked
    run_scheduled_change(schedule_id=made.pk, at=made.return_at)
    made.refresh_from_db()
    assert "The change back of" in words(client.get(f"/reporting/activity/{made.return_change_id}/"))


def test_what_was_missed_is_told_where_people_work(client, world):
    offer, members = world
    made, _ = scheduled(client, offer, members)
    ScheduledChange.objects.update(run_at=timezone.now() - timedelta(days=2), due_at=timezone.now())
    run_scheduled_change(schedule_id=made.pk, at=timezone.now())
    for address in (at(offer), "/reporting/activity/"):
        assert "missed. It came up 2 days late" in words(client.get(address))
    assert "Missed" in words(client.get(f"{LIST}?show=past"))
    assert PromoCode.objects.filter(is_active=True).count() == 2


def test_analysts_see_but_neither_schedule_nor_cancel(acme, client, world):
    offer, members = world
    made, _ = scheduled(client, offer, members)
    client.force_login(make.user(acme, role="analyst"))
    assert "Deactivate 2 codes" in words(client.get(LIST))
    assert "/cancel/" not in client.get(LIST).content.decode() + client.get(f"{LIST}{made.pk}/").content.decode()
    assert [client.get(f"{LIST}{made.pk}/cancel/").status_code, client.post(f"{LIST}{made.pk}/cancel/").status_code] == [
        403, 403,
    ]  # fmt: skip
    made.refresh_from_db()
    assert made.state == "waiting"


def test_rivals_see_and_cancel_nothing(client, rival, world):
    offer, members = world
    made, _ = scheduled(client, offer, members)
    client.force_login(make.user(rival))
    assert "Nothing is scheduled" in words(client.get(LIST))
    addresses = (f"{LIST}{made.pk}/", f"{LIST}{made.pk}/cancel/")
    assert [client.get(one).status_code for one in addresses] == [404, 404]
    assert client.post(addresses[1]).status_code == 404
    with scope(workspace=offer.workspace):
        assert ScheduledChange.objects.get().state == "waiting"


def test_pages_lead_on_and_a_mangled_place_is_the_start(acme, client, world):
    offer, members = world
    made, _ = scheduled(client, offer, members)
    moment = datetime(2027, 1, 1, tzinfo=UTC)
    ScheduledChange.objects.bulk_create(
        ScheduledChange(
            workspace=acme, offer=offer, part="codes", to_active=False, selection=made.selection, planned=made.planned,
            zone="UTC", run_at=moment + timedelta(hours=n), due_at=moment + timedelta(hours=n), actor_name="Ana",
            door="web", key=f"k{n}", body_hash="", scheduled_at=make.NOW,
        )
        for n in range(60)
    )  # fmt: skip
    with CaptureQueriesContext(connection) as queries:
        first = client.get(LIST)
    assert len(queries) < 15
    following = unescape(re.search(r'href="([^"]+)" rel="next"', first.content.decode())[1])
    second = client.get(LIST + following)
    assert (first.content.count(b"<tr>"), second.content.count(b"<tr>")) == (51, 12)
    for mangled in ("x", "1_", "_", "1_2027-01-01", "9" * 30 + "_2027-01-01T00:00:00+00:00"):
        assert client.get(LIST, {"after": mangled}).content.count(b"<tr>") == 51
