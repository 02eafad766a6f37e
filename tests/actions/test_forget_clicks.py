"""Old clicks go, their counts stay, and so does what an order names or may still name."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest
from django_scopes import scope, scopes_disabled

from offerwell.actions import forget_clicks as forgetting
from offerwell.actions.count_clicks import count_clicks
from offerwell.actions.forget_clicks import TooYoung, forget_clicks
from offerwell.models import BrowserReport, Click, ClickDay, ClickMark, Event
from offerwell.queries.verify_clicks import click_problems
from offerwell.rules.report_period import months_before
from offerwell.ui.event_words import event_sentence
from tests import make
from tests.management.conftest import command, told  # noqa: F401  fixtures

OLD, NEW = 400, 10


def clicked(link, n, *, days):
    at = make.NOW - timedelta(days=days)
    return Click.objects.create(
        workspace=link.workspace, link_id=link.pk, offer_id=link.offer_id, member_id=link.enrollment.member_id,
        key=UUID(int=n), at=at, day=at.date(), outcome="click", visitor=f"v{n % 2}", origin="o",
    )  # fmt: skip


def forget(days, **how):
    return forget_clicks(before=(make.NOW - timedelta(days=days)).date(), by=make.ANA, at=make.NOW, **how)


def told_events(workspace):
    """(until, clicks, who) of each event of the workspace."""
    with scope(workspace=workspace):
        events = list(Event.objects.order_by("seq"))
    assert {event.kind for event in events} <= {"clicks_forgotten"}
    return [(*(json.loads(event.body)[name] for name in ("until", "clicks")), event.actor_name) for event in events]


@pytest.fixture
def link(acme):
    link = make.link(make.enrollment(make.offer(acme, "Summer")))
    for n, days in enumerate((OLD, OLD, OLD, OLD, NEW, NEW), start=1):
        clicked(link, n, days=days)
    return link


def keys():
    with scopes_disabled():
        return {click.key.int for click in Click.objects.all()}


def test_counts_and_named_clicks_stay(acme, rival, link, monkeypatch):
    monkeypatch.setattr(forgetting, "AT_ONCE", 1)
    with scope(workspace=rival):
        theirs = make.link(make.enrollment(make.offer(rival, "Theirs")))
        clicked(theirs, 7, days=OLD)
    count_clicks(at=make.NOW)
    store = make.store(acme)
    make.recorded(store, make.snapshot(click_ids=(str(UUID(int=2)).upper(),)), make.snapshot("2", click_ids=("junk",)))
    BrowserReport.objects.create(
        workspace=acme, store=store, ref="3", currency="USD", net=1, clicks=[UUID(int=3).hex], heard_at=make.NOW
    )
    before = list(ClickDay.objects.order_by("pk").values())
    assert (forget(365), keys()) == (3, {2, 3, 5, 6})
    assert forget(365) == 0
    until = (make.NOW - timedelta(days=366)).date().isoformat()
    assert (told_events(acme), told_events(rival)) == ([(until, 2, "Ana Lopez")], [(until, 1, "Ana Lopez")])
    assert event_sentence("clicks_forgotten", {"until": until, "clicks": 2}) == "forgot 2 clicks until 22 Nov 2025"
    assert (list(ClickDay.objects.order_by("pk").values()), click_problems(acme)) == (before, [])


def test_what_is_not_counted_yet_or_young_stays(link):
    assert (forget(365), len(keys())) == (0, 6)
    count_clicks(at=make.NOW)
    mark = ClickMark.objects.get().kept_from
    with pytest.raises(TooYoung, match="keep them for 35 days at least"):
        forget(34)
    assert (len(keys()), ClickMark.objects.get().kept_from, told_events(link.workspace)) == (6, mark, [])


def test_broken_off_it_told_what_went_and_goes_on(acme, link, monkeypatch):
    monkeypatch.setattr(forgetting, "AT_ONCE", 1)
    count_clicks(at=make.NOW)
    some, calls = forgetting._forget_some, []

    def falling(before):
        calls.append(before)
        if len(calls) > 3:
            raise OSError("gone")
        return some(before)

    monkeypatch.setattr(forgetting, "_forget_some", falling)
    with pytest.raises(OSError, match="gone"):
        forget(365)
    monkeypatch.setattr(forgetting, "_forget_some", some)
    assert ([clicks for _, clicks, _ in told_events(acme)], len(keys())) == ([3], 3)
    asked = iter([False, True])
    assert (forget(365, should_stop=lambda: next(asked)), len(keys())) == (1, 2)
    assert [clicks for _, clicks, _ in told_events(acme)] == [3, 1]


def test_a_count_that_is_wrong_is_found(acme, link, rival):
    count_clicks(at=make.NOW)
    assert click_problems(acme) == []
    day = (make.NOW - timedelta(days=NEW)).date()
    ClickDay.objects.filter(day=day).update(clicks=9)
    with scope(workspace=rival):
        assert click_problems(rival) == []
    assert [(one.check, one.where) for one in click_problems(acme)] == [("clicks", f"link {link.pk} on {day}")]
    ClickDay.objects.filter(day=day).delete()
    assert len(click_problems(acme)) == 1
    ClickMark.objects.update(kept_from=day + timedelta(days=1))
    assert click_problems(acme) == []


def test_the_command(acme, link, told, monkeypatch):  # noqa: F811
    monkeypatch.setattr("offerwell.management.clicks.now", lambda: make.NOW)
    body, code = told("clicks", "forget", "--older-than", "1m")
    assert (body["error"], code, len(keys())) == (
        "Clicks count for 28 days: keep them for 35 days at least.", 1, 6,
    )  # fmt: skip
    count_clicks(at=make.NOW)
    assert told("clicks", "forget", "--older-than", "14m") == ({"forgotten": 0}, 0)
    assert (told_events(acme), len(keys())) == ([], 6)
    assert told("clicks", "forget", "--older-than", "13m") == ({"forgotten": 4}, 0)
    ((until, clicks, who),) = told_events(acme)
    assert (until, clicks, who.endswith("(command line)")) == (
        (months_before(make.NOW.date(), 13) - timedelta(days=1)).isoformat(), 4, True,
    )  # fmt: skip
    assert told("clicks", "forget", "--older-than", "365") == ({"forgotten": 0}, 0)


@pytest.mark.parametrize("age", ["", "m", "0", "0m", "-3", "3x", "1.5m", "1201m", "36501", "9" * 30, "m13", "²m"])
def test_an_age_that_is_none_is_refused(link, command, age):  # noqa: F811
    count_clicks(at=make.NOW)
    result = command("clicks", "forget", "--older-than", age)
    assert (result.exit_code, "write days, as 400, or months, as 13m" in result.stderr, len(keys())) == (2, True, 6)
    assert told_events(link.workspace) == []
