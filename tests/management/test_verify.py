"""`offerwell verify` names the first thing that was tampered with."""

from __future__ import annotations

import pytest
from django.db import connection
from django_scopes import scope

from offerwell.actions.record_event import record_event
from offerwell.models import BulkChange, ChangeProgress, CodeHistory, Enrollment, Event, PayoutOption, PromoCode, Store
from tests import make

GUARDED = ("offerwell_event", "offerwell_bulkchange", "offerwell_bulkchangeitem")


def without_guards(statement):
    """What somebody with the database's password could do."""
    with connection.cursor() as cursor:
        for table in GUARDED:
            if connection.vendor == "postgresql":
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}")
            else:
                for verb in ("update", "delete"):
                    cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
        cursor.execute(statement)


@pytest.fixture
def world(acme, told):
    """Two codes with their history, deactivated; six events in all."""
    store = make.store(acme, "Glow")
    offer = make.offer(acme, "Summer", stores=[store])
    for n in range(2):
        code = make.code(make.enrollment(offer), f"C{n}", stores=[store])
        CodeHistory.objects.create(
            workspace=acme,
            code=code,
            member_id=code.enrollment.member_id,
            text=code.text,
            text_key=code.text_key,
            from_at=make.NOW,
        )
    for n in range(4):
        record_event(workspace_id=acme.pk, kind="noted", subject=f"thing:{n}", facts={"n": n}, by=make.ANA, at=make.NOW)
    told("offers", "deactivate", "Summer", "--all", "--codes", "--yes")
    record_event(workspace_id=acme.pk, kind="noted", subject="thing:last", facts={}, by=make.ANA, at=make.NOW)
    return acme


def problems(told):
    body, code = told("verify")
    assert (body["state"], code) == ("wrong", 1)
    return [(p["workspace"], p["check"], p["where"], p["wrong"]) for p in body["problems"]]


def test_intact_records_agree(told, world, rival):
    assert told("verify") == ({"state": "ok", "workspaces": 2, "events": 6, "problems": []}, 0)


def test_the_text_for_a_person(command, world):
    result = command("verify")
    assert (result.stdout, result.exit_code) == ("All agrees: 6 events in 1 workspaces.\n", 0)


@pytest.mark.parametrize(
    ("statement", "where", "wrong"),
    [
        (
            "UPDATE offerwell_event SET body = '{}' WHERE seq IN (3, 5)",
            "event 3",
            "altered: its facts (noted, thing:2, Ana Lopez) do not give its hash",
        ),
        (
            "UPDATE offerwell_event SET actor_name = 'Mallory' WHERE seq = 1",
            "event 1",
            "altered: its facts (noted, thing:0, Mallory) do not give its hash",
        ),
        (
            "UPDATE offerwell_event SET at = '2026-11-23 09:00:01+00:00' WHERE seq = 4",
            "event 4",
            "altered: its facts (noted, thing:3, Ana Lopez) do not give its hash",
        ),
        ("DELETE FROM offerwell_event WHERE seq = 2", "event 3", "event 2 missing before it"),
        ("DELETE FROM offerwell_event WHERE seq IN (1, 2, 3)", "event 4", "events 1 to 3 missing before it"),
    ],
)
def test_the_first_altered_or_missing_event_is_named(told, world, statement, where, wrong):
    without_guards(statement)
    assert problems(told) == [(world.slug, "event_chain", where, wrong)]


def test_an_event_replaced_with_a_right_hash_breaks_the_next(told, world):
    from offerwell.models.event import event_hash

    event = Event.objects.get(seq=2)
    event.body = '{"n": 99}'
    without_guards(f"UPDATE offerwell_event SET body = '{event.body}', hash = '{event_hash(event)}' WHERE seq = 2")
    assert problems(told) == [
        (world.slug, "event_chain", "event 3", "it does not follow the event before it: one of the two was replaced")
    ]


def test_newest_events_that_were_cut_off_are_missed_by_their_changes(told, world):
    without_guards("DELETE FROM offerwell_event WHERE seq >= 5")
    change = BulkChange.objects.get()
    assert problems(told) == [(world.slug, "event_chain", f"change {change.pk}", "its event is missing")]


def test_a_removed_item_is_seen_in_the_count_and_at_its_code(told, world):
    change, code = BulkChange.objects.get(), PromoCode.objects.order_by("pk").first()
    without_guards(f"DELETE FROM offerwell_bulkchangeitem WHERE target_id = {code.pk}")
    assert problems(told) == [
        (world.slug, "change_items", f"change {change.pk}", "it says 2 items, 1 are there"),
        (world.slug, "last_change", "code C0", f"change {change.pk} set it last, but has no item for it"),
    ]


def test_progress_is_recounted(told, world):
    ChangeProgress.objects.update(confirmed=2)
    change = BulkChange.objects.get()
    assert problems(told) == [
        (world.slug, "change_progress", f"change {change.pk}, store Glow", "confirmed says 2, 0 are there")
    ]


def test_an_intent_set_behind_our_back_is_seen(told, world):
    PromoCode.objects.filter(text="C1").update(is_active=True)
    change = BulkChange.objects.get()
    assert problems(told) == [(world.slug, "intent", "code C1", f"it is active; change {change.pk} asked otherwise")]


def test_history_must_name_every_code_and_only_one_owner(told, world):
    CodeHistory.objects.filter(text="C0").update(text_key="OTHER")
    second = CodeHistory.objects.get(text="C1")
    second.pk = None
    second.save()
    assert problems(told) == [
        (world.slug, "code_history", "code C0", "its history has no open entry for its text and member"),
        (world.slug, "code_history", "code C1", "its history has 2 open entries; one at most can be true"),
    ]


def test_every_workspace_is_checked(told, world, rival):
    with scope(workspace=rival):
        record_event(workspace_id=rival.pk, kind="noted", subject="x", facts={}, by=make.ANA, at=make.NOW)
    without_guards(f"UPDATE offerwell_event SET kind = 'other' WHERE workspace_id = {rival.pk}")
    assert [row[:3] for row in problems(told)] == [(rival.slug, "event_chain", "event 1")]


@pytest.fixture
def renamed(world, told):
    """The codes of `world` renamed, and one member's payout chosen."""
    Store.objects.update(is_on=False)  # nobody answers at its address
    told("offers", "refresh", "Summer", "--all", "--pattern", "NEW{first_name}", "--yes")
    told("offers", "payout", "add", "Summer", "Gold=cps:20")
    told("offers", "payout", "set", "Summer", "Gold", "--all", "--yes")
    return world


def test_refreshes_and_payouts_agree_also_when_undone(told, renamed):
    assert told("verify")[0]["problems"] == []
    refresh, payout = BulkChange.objects.exclude(kind="status").order_by("pk")
    assert told("changes", "undo", refresh.pk, "--yes")[1] == 0
    assert told("changes", "undo", payout.pk, "--yes")[1] == 0
    assert told("verify")[0]["problems"] == []


def test_a_text_set_behind_our_back_is_seen(told, renamed):
    code = PromoCode.objects.get(text="NEWNORA")
    PromoCode.objects.filter(pk=code.pk).update(text="OTHER", text_key="OTHER")
    refresh = BulkChange.objects.get(kind="refresh")
    assert problems(told) == [
        (renamed.slug, "code_history", "code OTHER", "its history has no open entry for its text and member"),
        (renamed.slug, "code_text", "code OTHER",
         f"change {refresh.pk} renamed it last, but did not give it this text"),
    ]  # fmt: skip


def test_history_that_lost_an_old_text_is_seen(told, renamed):
    CodeHistory.objects.filter(text="C0").delete()
    refresh = BulkChange.objects.get(kind="refresh")
    wrong = "it renamed 2 codes, the history has 1 old and 2 new texts"
    assert problems(told) == [(renamed.slug, "change_texts", f"change {refresh.pk}", wrong)]


def test_a_text_of_two_members_is_seen(told, renamed):
    """Orders by it could not be told apart."""
    CodeHistory.objects.filter(text="C0").update(text_key="C1")
    assert problems(told) == [(renamed.slug, "code_owner", "code C1", "2 members have or had it")]


def test_a_payout_set_behind_our_back_is_seen(told, renamed):
    standard = PayoutOption.objects.get(name="Standard")
    place = Enrollment.objects.order_by("pk").first()
    Enrollment.objects.filter(pk=place.pk).update(payout_option=standard)
    payout = BulkChange.objects.get(kind="payout")
    assert problems(told) == [
        (renamed.slug, "payout", f"member {place.member_id} in Summer",
         f"change {payout.pk} chose its payout last, but did not ask for this one"),
    ]  # fmt: skip
    Enrollment.objects.filter(pk=place.pk).update(payout_option=None)
    assert problems(told)[0] == (
        renamed.slug, "payout", f"member {place.member_id} in Summer",
        "its payout option is missing or belongs to another offer",
    )  # fmt: skip


def test_a_payout_that_an_undo_gave_back_wrongly_is_seen(told, renamed):
    payout = BulkChange.objects.get(kind="payout")
    told("changes", "undo", payout.pk, "--yes")
    place = Enrollment.objects.order_by("pk").first()
    Enrollment.objects.filter(pk=place.pk).update(payout_option=PayoutOption.objects.get(name="Gold"))
    undo = BulkChange.objects.get(undoes=payout)
    assert problems(told) == [
        (renamed.slug, "payout", f"member {place.member_id} in Summer",
         f"change {undo.pk} undid its payout, but gave another option back"),
    ]  # fmt: skip
