"""Changes for later: scheduled, made once, taken back, cancelled, late, missed, failed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_scopes import scope, scopes_disabled

from offerwell.actions import run_scheduled_change as run_module
from offerwell.actions.cancel_scheduled_change import NothingToCancel, cancel_scheduled_change
from offerwell.actions.change_offer_status import PlanOutOfDate, change_offer_status
from offerwell.actions.move_members import move_members
from offerwell.actions.run_scheduled_change import run_scheduled_change, schedules_due
from offerwell.actions.schedule_change import ScheduleKeyReused, schedule_change
from offerwell.actions.undo_bulk_change import undo_bulk_change
from offerwell.models import (
    BulkChange,
    BulkChangeItem,
    ChangeKind,
    Event,
    Member,
    OfferPart,
    PromoCode,
    ScheduledChange,
    StoreCode,
    TeamMember,
    User,
)
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.queries.project_members import newest_move
from offerwell.queries.scheduled_changes import open_page, overlaps, past_page, told_of_offer, troubled
from offerwell.queries.verify_events import chain_problem
from offerwell.rules.permissions import Actor
from offerwell.rules.schedule import InvalidSchedule, Span, schedule_times, span_of
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within
from tests import make

RUN = datetime(2026, 12, 2, 23, 0, tzinfo=UTC)  # Thu 3 Dec 2026, 00:00 in Paris
BACK = datetime(2026, 12, 7, 8, 0, tzinfo=UTC)


@pytest.fixture
def world(acme, rival):
    """Three active codes and a deactivated one in a store; Rival has codes too."""
    store = make.store(acme, "Glow", timezone="Europe/Paris")
    offer = make.offer(acme, "Summer", stores=[store])
    places = [make.enrollment(offer, make.member(acme, first)) for first in ("Nora", "Elena", "Hana", "Zoe")]
    for n, place in enumerate(places):
        make.code(place, f"C{n}", stores=[store], is_active=n != 3)
    theirs = make.enrollment(make.offer(rival, "Summer"), make.member(rival, "Foreign"))
    make.code(theirs, "C0")
    return offer, [place.member_id for place in places]


def wish_for(offer, members=None, *, to_active=False):
    selection = MemberSelection(ids=tuple(members)) if members else everybody(offer)
    return Wish(offer, OfferPart.CODES, to_active, selection)


def everybody(offer):
    return MemberSelection(filter=MemberFilter(), up_to=offer.enrollments.order_by("-pk").first().pk)


def schedule(offer, members=None, *, back="2026-12-07 09:00", start="2026-12-03 00:00", key="s1", to_active=False,
             by=make.ANA, at=make.NOW):  # fmt: skip
    wish = wish_for(offer, members, to_active=to_active)
    return schedule_change(
        workspace_id=offer.workspace_id, wish=wish, times=schedule_times(start, back, "Europe/Paris", now=at),
        digest=plan_change(wish, at=at).digest, key=key, by=by, at=at,
    ).schedule  # fmt: skip


def change_now(offer, members, *, to_active, at, key):
    wish = wish_for(offer, members, to_active=to_active)
    digest = plan_change(wish, at=at).digest
    return change_offer_status(
        workspace_id=offer.workspace_id, wish=wish, digest=digest, key=key, by=make.ANA, at=at
    ).change


def run_all(at):
    for schedule_id in schedules_due(at=at):
        run_scheduled_change(schedule_id=schedule_id, at=at)


def active():
    return "".join(PromoCode.objects.filter(is_active=True).order_by("text").values_list("text", flat=True))


def kinds():
    return list(Event.objects.order_by("seq").values_list("kind", "door"))


def test_nothing_happens_before_its_time_then_once_then_back(acme, world):
    offer, _ = world
    made = schedule(offer)
    assert (made.state, made.due_at, made.planned) == ("waiting", RUN, {
        "selected": 4, "will_change": 3, "already_so": 1, "excluded": 0, "excluded_reasons": {},
    })  # fmt: skip
    run_all(RUN - timedelta(seconds=1))
    assert (active(), BulkChange.objects.count(), kinds()) == ("C0C1C2", 0, [("change_scheduled", "web")])

    run_all(RUN)
    run_all(RUN + timedelta(seconds=1))
    made.refresh_from_db()
    first = BulkChange.objects.get()
    assert (active(), made.state, made.due_at, made.change, made.reason) == ("", "returning", BACK, first, "")
    assert (first.door, first.actor_name, first.changed, first.at) == ("schedule", "Ana Lopez", 3, RUN)
    assert StoreCode.objects.filter(generation=first.pk, due_at=RUN).count() == 3

    run_all(BACK)
    run_all(BACK)
    made.refresh_from_db()
    assert (active(), made.state, made.due_at, made.ended_at) == ("C0C1C2", "done", None, BACK)
    assert (made.return_change.undoes, made.return_change.door) == (first, "schedule")
    assert BulkChange.objects.count() == 2
    assert kinds() == [
        ("change_scheduled", "web"), ("codes_deactivated", "schedule"), ("scheduled_change_made", "schedule"),
        ("codes_activated", "schedule"), ("scheduled_change_returned", "schedule"),
    ]  # fmt: skip
    assert chain_problem(acme) is None


def test_without_a_return_it_stays(world):
    offer, _ = world
    made = schedule(offer, back="")
    run_all(RUN)
    run_all(BACK)
    made.refresh_from_db()
    assert (active(), made.state, made.return_change, BulkChange.objects.count()) == ("", "done", None, 1)


def test_the_return_leaves_alone_what_somebody_changed_meanwhile(world):
    offer, members = world
    made = schedule(offer)
    run_all(RUN)
    day = RUN + timedelta(days=1)
    change_now(offer, members[:1], to_active=True, at=day, key="on")
    change_now(offer, members[:1], to_active=False, at=day, key="off again")
    run_all(BACK)
    made.refresh_from_db()
    assert (active(), made.state) == ("C1C2", "done")
    assert made.return_change.excluded_reasons == {"changed_since": 1}


def test_a_return_with_nothing_left_says_so(world):
    offer, members = world
    made = schedule(offer)
    run_all(RUN)
    change_now(offer, members[:3], to_active=True, at=RUN + timedelta(days=1), key="on")
    run_all(BACK)
    made.refresh_from_db()
    assert (active(), made.state, made.return_change, BulkChange.objects.count()) == ("C0C1C2", "done", None, 2)
    assert made.reason == "Nothing was changed back: all codes of the change were changed again since."


def test_a_return_that_somebody_pressed_before_is_not_made_again(acme, world):
    offer, members = world
    made = schedule(offer)
    run_all(RUN)
    made.refresh_from_db()
    undone = undo_bulk_change(workspace_id=acme.pk, change=made.change, by=Actor("Ben", "web"), at=RUN).change
    change_now(offer, members[:1], to_active=False, at=RUN + timedelta(days=1), key="off")
    run_all(BACK)
    made.refresh_from_db()
    assert (active(), made.state, made.return_change) == ("C1C2", "done", undone)
    assert made.reason == "Ben had undone it before."


def test_the_plan_is_made_again_and_the_difference_is_on_record(world):
    offer, members = world
    schedule(offer)
    change_now(offer, members[:1], to_active=False, at=make.NOW + timedelta(days=1), key="early")
    run_all(RUN)
    facts = json.loads(Event.objects.get(kind="scheduled_change_made").body)
    assert (facts["planned"]["will_change"], facts["found"]["will_change"], facts["found"]["already_so"]) == (3, 2, 2)
    assert (facts["late_seconds"], active()) == (0, "")


@pytest.mark.parametrize("by_ids", [True, False])
def test_who_joins_later_is_not_meant(acme, world, by_ids):
    offer, members = world
    late = make.member(acme, "Late")
    made = schedule(offer, [*members, late.pk] if by_ids else None)
    make.code(make.enrollment(offer, late), "LATE")
    run_all(RUN)
    made.refresh_from_db()
    assert (active(), made.change.changed) == ("LATE", 3)


def test_a_repeat_is_the_same_schedule_and_another_body_is_refused(world):
    offer, members = world
    first = schedule(offer)
    assert schedule(offer) == first
    run_all(RUN)
    assert schedule(offer, at=make.NOW).pk == first.pk
    with pytest.raises(ScheduleKeyReused):
        schedule(offer, start="2026-12-03 00:01")
    with pytest.raises(ScheduleKeyReused):
        schedule(offer, members[:1])
    assert (ScheduledChange.objects.count(), Event.objects.filter(kind="change_scheduled").count()) == (1, 1)


def test_a_plan_that_moved_and_a_time_that_passed_are_refused_and_nothing_is_kept(acme, world):
    offer, _ = world
    wish, times = wish_for(offer), schedule_times("2026-12-03 00:00", "", "Europe/Paris", now=make.NOW)
    given = {"workspace_id": acme.pk, "wish": wish, "times": times, "key": "k", "by": make.ANA}
    with pytest.raises(PlanOutOfDate):
        schedule_change(**given, digest="another", at=make.NOW)
    with pytest.raises(InvalidSchedule):
        schedule_change(**given, digest=plan_change(wish, at=make.NOW).digest, at=RUN)
    assert (ScheduledChange.objects.count(), Event.objects.count()) == (0, 0)


def test_only_a_status_can_wait(acme, world):
    """Whatever door asks for it."""
    offer, members = world
    wish = Wish(
        offer, OfferPart.MEMBERS, to_active=False, selection=MemberSelection(ids=tuple(members)),
        kind=ChangeKind.PAYOUT, payout_option=make.payout(offer, "Gold"),
    )  # fmt: skip
    with pytest.raises(InvalidSchedule, match="Only activating and deactivating"):
        schedule_change(
            workspace_id=acme.pk, wish=wish, times=schedule_times("2026-12-03 00:00", "", "Europe/Paris", now=make.NOW),
            digest=plan_change(wish, at=make.NOW).digest, key="p1", by=make.ANA, at=make.NOW,
        )  # fmt: skip
    assert (ScheduledChange.objects.count(), BulkChange.objects.count(), kinds()) == (0, 0, [])


def test_cancelled_before_it_never_happens(acme, world):
    offer, _ = world
    made = schedule(offer)
    cancel_scheduled_change(workspace_id=acme.pk, schedule_id=made.pk, by=Actor("Ben", "web"), at=make.NOW)
    run_all(RUN)
    run_scheduled_change(schedule_id=made.pk, at=RUN)
    made.refresh_from_db()
    assert (active(), made.state, made.cancelled_by, made.due_at) == ("C0C1C2", "cancelled", "Ben", None)
    assert BulkChange.objects.count() == 0
    with pytest.raises(NothingToCancel, match="cancelled before"):
        cancel_scheduled_change(workspace_id=acme.pk, schedule_id=made.pk, by=make.ANA, at=make.NOW)
    assert kinds() == [("change_scheduled", "web"), ("scheduled_change_cancelled", "web")]


def test_cancelled_after_the_change_only_the_return_is_called_off(acme, world):
    offer, _ = world
    made = schedule(offer)
    run_all(RUN)
    cancel_scheduled_change(workspace_id=acme.pk, schedule_id=made.pk, by=make.ANA, at=RUN)
    run_all(BACK)
    made.refresh_from_db()
    assert (active(), made.state, BulkChange.objects.count()) == ("", "cancelled", 1)
    assert made.reason == "Only the change back was cancelled: what was changed stays."


def test_too_late_to_cancel(acme, world):
    offer, _ = world
    made = schedule(offer, back="")
    run_all(RUN)
    with pytest.raises(NothingToCancel, match="Undo it on its page"):
        cancel_scheduled_change(workspace_id=acme.pk, schedule_id=made.pk, by=make.ANA, at=RUN)
    made.refresh_from_db()
    assert (made.state, active()) == ("done", "")


def test_a_worker_that_planned_before_the_cancel_does_nothing(acme, world, monkeypatch):
    """The worker has read the row and counted; the cancel commits; then the worker gets the lock."""
    offer, _ = world
    made = schedule(offer)
    real = run_module.plan_change

    def cancelled_meanwhile(wish, *, at):
        cancel_scheduled_change(workspace_id=acme.pk, schedule_id=made.pk, by=make.ANA, at=at)
        return real(wish, at=at)

    monkeypatch.setattr(run_module, "plan_change", cancelled_meanwhile)
    run_scheduled_change(schedule_id=made.pk, at=RUN)
    assert (active(), BulkChange.objects.count()) == ("C0C1C2", 0)


def test_what_moves_between_the_plan_and_the_lock_only_makes_another_plan(world, monkeypatch):
    offer, members = world
    made = schedule(offer, back="")
    real = run_module.plan_change

    def moved(wish, *, at):
        plan = real(wish, at=at)
        change_now(offer, members[:1], to_active=False, at=at, key="between")
        return plan

    monkeypatch.setattr(run_module, "plan_change", moved)
    run_scheduled_change(schedule_id=made.pk, at=RUN)
    made.refresh_from_db()
    assert (active(), made.state, made.change.changed) == ("", "done", 2)


def test_a_worker_that_was_down_makes_it_late_and_says_how_late(world):
    offer, _ = world
    made = schedule(offer)
    run_all(RUN + timedelta(hours=3))
    made.refresh_from_db()
    assert (active(), made.state) == ("", "returning")
    assert made.reason == "This happened 3 h late: no worker was running, or it could not get to it."


def test_too_late_is_missed_and_told_instead_of_surprising_the_shop(world):
    offer, _ = world
    made = schedule(offer, back="")
    at = RUN + timedelta(hours=24, seconds=1)
    run_all(at)
    made.refresh_from_db()
    assert (active(), made.state, BulkChange.objects.count()) == ("C0C1C2", "missed", 0)
    assert made.reason == (
        "It came up 1 day late, because no worker was running. Nothing was changed: make the change by hand if it is "
        "still wanted."
    )
    assert (troubled(at=at), troubled(at=at + timedelta(days=8))) == ([made], [])
    assert kinds()[-1] == ("scheduled_change_missed", "worker")
    other = schedule(offer, back="", key="other", start="2026-12-09 00:00", at=at)
    assert told_of_offer(offer, at=at) == ([other], [made])
    assert told_of_offer(offer, at=at + timedelta(days=8)) == ([other], [])


def test_when_the_return_has_passed_too_nothing_is_done(world):
    offer, _ = world
    made = schedule(offer, back="2026-12-03 02:00")
    run_all(RUN + timedelta(hours=2))
    made.refresh_from_db()
    assert (active(), made.state, BulkChange.objects.count()) == ("C0C1C2", "missed", 0)
    assert "so did the time to change back" in made.reason


def test_a_missed_return_leaves_the_codes_and_says_what_to_undo(world):
    offer, _ = world
    made = schedule(offer)
    run_all(RUN)
    run_all(BACK + timedelta(hours=25))
    made.refresh_from_db()
    assert (active(), made.state, BulkChange.objects.count()) == ("", "missed", 1)
    assert f"undo change {made.change_id} if you want them back" in made.reason


def test_an_archived_offer_is_not_activated_but_may_be_switched_off(world):
    offer, members = world
    on = schedule(offer, members[3:], to_active=True, back="", key="on")
    off = schedule(offer, members[:1], key="off")
    type(offer).objects.filter(pk=offer.pk).update(status="archived")
    run_all(RUN)
    on.refresh_from_db()
    off.refresh_from_db()
    assert (active(), on.state, off.state) == ("C1C2", "failed", "returning")
    assert on.reason.startswith("The offer was archived meanwhile")
    run_all(BACK)
    off.refresh_from_db()
    assert (active(), off.state, BulkChange.objects.count()) == ("C1C2", "failed", 1)


def test_a_store_that_is_off_does_not_hold_the_intent_up(world):
    offer, _ = world
    store = offer.store_links.get().store
    type(store).objects.update(is_on=False)
    made = schedule(offer, back="")
    run_all(RUN)
    made.refresh_from_db()
    assert (active(), made.state) == ("", "done")
    assert StoreCode.objects.filter(generation=made.change_id, due_at=RUN).count() == 3


@pytest.mark.parametrize("lost", ["place", "role", "login"])
def test_who_may_not_any_more_changes_nothing(acme, world, lost):
    offer, _ = world
    user = make.user(acme, role="operator")
    made = schedule(offer, by=Actor("Ana Lopez", "web", user.pk))
    if lost == "place":
        TeamMember.objects.filter(user=user).delete()
    elif lost == "role":
        TeamMember.objects.filter(user=user).update(role="analyst")
    else:
        User.objects.filter(pk=user.pk).update(is_active=False)
    run_all(RUN)
    made.refresh_from_db()
    assert (active(), made.state, BulkChange.objects.count()) == ("C0C1C2", "failed", 0)
    assert made.reason.startswith("Ana Lopez may not change offer statuses")


def test_the_return_is_part_of_what_was_confirmed_whoever_left_since(acme, world):
    offer, _ = world
    user = make.user(acme, role="operator")
    made = schedule(offer, by=Actor("Ana Lopez", "web", user.pk))
    run_all(RUN)
    TeamMember.objects.filter(user=user).delete()
    run_all(BACK)
    made.refresh_from_db()
    assert (active(), made.state, made.return_change.actor_id) == ("C0C1C2", "done", user.pk)


def test_an_error_of_ours_delays_one_schedule_only_and_is_told(world, monkeypatch):
    offer, members = world
    bad = schedule(offer, members[:1], back="", key="bad")
    good = schedule(offer, members[1:2], back="", key="good")
    real = run_module.change_offer_status

    def breaks(**given):
        if given["key"] == f"schedule-{bad.pk}":
            real(**given)
            raise ZeroDivisionError
        return real(**given)

    monkeypatch.setattr(run_module, "change_offer_status", breaks)
    with pytest.raises(ZeroDivisionError):
        run_scheduled_change(schedule_id=bad.pk, at=RUN)
    run_scheduled_change(schedule_id=good.pk, at=RUN)
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (active(), good.state) == ("C0C2", "done")
    assert (bad.state, bad.attempts, bad.due_at, bad.change) == ("waiting", 1, RUN + timedelta(seconds=5), None)
    assert bad.reason.startswith("Offerwell met an error of its own")
    assert schedules_due(at=RUN + timedelta(seconds=4)) == []

    monkeypatch.setattr(run_module, "change_offer_status", real)
    run_all(RUN + timedelta(seconds=5))
    bad.refresh_from_db()
    assert (active(), bad.state, bad.reason, BulkChange.objects.count()) == ("C2", "done", "", 2)


def test_what_fails_for_a_day_is_missed(world, monkeypatch):
    offer, _ = world
    made = schedule(offer, back="")
    ScheduledChange.objects.update(attempts=9, due_at=RUN + timedelta(hours=25))
    run_all(RUN + timedelta(hours=25))
    made.refresh_from_db()
    assert (made.state, active()) == ("missed", "C0C1C2")
    assert "it failed again and again" in made.reason


def test_a_key_somebody_took_fails_the_schedule_and_nothing_else(world):
    offer, members = world
    made = schedule(offer, back="")
    change_now(offer, members[:1], to_active=False, at=make.NOW, key=f"schedule-{made.pk}")
    run_all(RUN)
    made.refresh_from_db()
    assert (active(), made.state, BulkChange.objects.count()) == ("C1C2", "failed", 1)
    assert "took this one’s key" in made.reason


def test_nothing_to_change_is_done_and_nothing_changes_back(world):
    offer, members = world
    made = schedule(offer, members[:1])
    change_now(offer, members[:1], to_active=False, at=make.NOW, key="before")
    run_all(RUN)
    made.refresh_from_db()
    assert (made.state, made.change.changed, made.reason) == (
        "done", 0, "No codes were changed, so none change back.",
    )  # fmt: skip
    run_all(BACK)
    assert active() == "C1C2"


def test_other_schedules_of_the_same_codes_are_counted(world, rival):
    offer, members = world
    pause = schedule(offer, members[:2], key="pause")
    later = schedule(offer, members[1:3], start="2027-01-10 00:00", back="", to_active=True, key="later")
    with scope(workspace=rival):
        theirs = make.Offer.objects.get()
        schedule(theirs, key="theirs")
    links = Wish(offer, OfferPart.LINKS, False, everybody(offer))
    near = span_of(schedule_times("2026-12-05 00:00", "2026-12-06 00:00", "UTC", now=make.NOW))
    stays = span_of(schedule_times("2026-12-05 00:00", "", "UTC", now=make.NOW))

    def seen(wish, span, at=make.NOW):
        return [(row.schedule, row.codes) for row in overlaps(wish, span, at=at).rows]

    assert seen(wish_for(offer), near) == [(pause, 2)]
    assert seen(wish_for(offer), stays) == [(pause, 2), (later, 2)]
    assert seen(wish_for(offer, members[2:3]), Span(make.NOW)) == [(later, 1)]
    assert seen(wish_for(offer, members[3:]), Span(make.NOW)) == []
    assert seen(links, Span(make.NOW)) == []
    run_all(RUN)
    pause.refresh_from_db()
    assert seen(wish_for(offer, members[:3]), Span(RUN), at=RUN) == [(pause, 2), (later, 2)]


def test_many_others_cost_a_bounded_number_of_statements_and_the_rest_is_told(world):
    offer, members = world
    for n in range(8):
        schedule(offer, members[:1], start=f"2026-12-1{n} 00:00", back="", key=f"k{n}")
    wish = wish_for(offer)
    with CaptureQueriesContext(connection) as queries:
        found = overlaps(wish, Span(make.NOW), at=make.NOW)
    assert (len(found.rows), found.unseen, len(queries)) == (5, 3, 7)


def test_pages_of_what_waits_and_what_is_over(acme, world):
    offer, members = world
    made = [schedule(offer, members[:1], start=f"2026-12-1{n} 00:00", back="", key=f"k{n}") for n in range(5)]
    first = open_page(size=2)
    second = open_page(after=first.next, size=2)
    third = open_page(after=second.next, size=2)
    assert ([*first.rows, *second.rows, *third.rows], third.next) == (made, None)
    for one in made:
        cancel_scheduled_change(workspace_id=acme.pk, schedule_id=one.pk, by=make.ANA, at=make.NOW)
    first = past_page(size=3)
    second = past_page(after=first.next, size=3)
    assert ([row.pk for row in (*first.rows, *second.rows)], second.next) == ([one.pk for one in made[::-1]], None)
    assert open_page().rows == ()


def test_the_other_workspace_is_neither_seen_nor_touched(acme, rival, world):
    offer, _ = world
    with scope(workspace=rival):
        theirs = schedule(make.Offer.objects.get(), key="s1")
        with pytest.raises(ScheduledChange.DoesNotExist):
            cancel_scheduled_change(
                workspace_id=rival.pk, schedule_id=schedule_in(acme, offer).pk, by=make.ANA, at=make.NOW
            )
        assert [row.pk for row in open_page().rows] == [theirs.pk]
    run_all(RUN)
    with scopes_disabled():
        assert sorted(BulkChange.objects.values_list("workspace_id", flat=True)) == sorted([acme.pk, rival.pk])
    with scope(workspace=rival):
        assert (active(), BulkChangeItem.objects.count()) == ("", 1)


def schedule_in(place, offer):
    with scope(workspace=place):
        return schedule(offer, key="mine")


@pytest.mark.parametrize(
    "fields", [{"return_at": RUN}, {"due_at": None}, {"state": "done"}, {"state": "cancelled"}, {"key": "other"}]
)
def test_the_database_refuses_what_cannot_be(world, fields):
    offer, _ = world
    made = schedule(offer)
    schedule(offer, key="other")
    with pytest.raises(IntegrityError), transaction.atomic():
        ScheduledChange.objects.filter(pk=made.pk).update(**fields)


def test_looking_for_due_schedules_is_one_statement_by_the_partial_index(world):
    offer, _ = world
    schedule(offer)
    with CaptureQueriesContext(connection) as queries:
        assert schedules_due(at=make.NOW) == []
    assert len(queries) == 1
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
            assert "scheduled_change_due" in str(cursor.fetchall())


def test_a_stage_is_asked_again_at_the_time_and_who_came_later_is_not_meant(acme, world):
    offer, (nora, elena, hana, _) = world
    project = make.project(acme)
    here, there = project.stages.order_by("position")[:2]
    for who, stage in ((nora, here), (elena, here), (hana, there)):
        make.placement(stage, Member.objects.get(pk=who))
    crowd = MemberSelection(
        filter=MemberFilter(), within=Within(Crowd.STAGE, here.pk, newest_move()), up_to=everybody(offer).up_to
    )
    wish = Wish(offer, OfferPart.CODES, to_active=False, selection=crowd)
    plan = plan_change(wish, at=make.NOW)
    made = schedule_change(
        workspace_id=acme.pk, wish=wish, times=schedule_times("2026-12-03 00:00", "", "Europe/Paris", now=make.NOW),
        digest=plan.digest, key="stage", by=make.ANA, at=make.NOW,
    ).schedule  # fmt: skip
    for who, start, end in ((elena, here, there), (hana, there, here)):
        move_members(
            workspace_id=acme.pk, stage=start, to_stage=end, selection=MemberSelection(ids=(who,)), key=f"move-{who}",
            by=make.ANA, at=make.NOW,
        )  # fmt: skip
    run_scheduled_change(schedule_id=made.pk, at=RUN)
    change = BulkChange.objects.get()
    assert plan.will_change == 2
    assert list(BulkChangeItem.objects.values_list("member_id", flat=True)) == [nora]
    assert (change.at, change.changed) == (RUN, 1)
    assert dict(PromoCode.objects.filter(offer=offer).values_list("text", "is_active")) == {
        "C0": False, "C1": True, "C2": True, "C3": False,
    }  # fmt: skip
