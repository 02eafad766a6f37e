"""`--at`, `--until`, `--zone`; `changes scheduled` and `changes cancel`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_scopes import scope

from offerwell.actions.run_scheduled_change import run_scheduled_change
from offerwell.models import BulkChange, Event, PromoCode, ScheduledChange
from tests import make

DAY = (timezone.now() + timedelta(days=200)).date()
AT, UNTIL = f"{DAY} 00:00", f"{DAY + timedelta(days=4)} 09:00"
OFF = ("offers", "deactivate", "Summer Glow 20%", "--all")


@pytest.fixture
def world(acme):
    """Two active codes and a deactivated one, in a store in Paris."""
    store = make.store(acme, "Glow", timezone="Europe/Paris")
    offer = make.offer(acme, "Summer Glow 20%", type="promo_code", stores=[store])
    for n in range(3):
        who = make.member(acme, f"M{n}", email=f"m{n}@example.com")
        make.code(make.enrollment(offer, who), f"C{n}", stores=[store], is_active=n != 2)
    return offer


def nothing_happened():
    return (ScheduledChange.objects.count(), BulkChange.objects.count(), Event.objects.count()) == (0, 0, 0)


def test_a_change_for_later_answers_the_documented_json(told, world):
    made, code = told(*OFF, "--yes", "--at", AT, "--until", UNTIL)
    kept = ScheduledChange.objects.get()
    assert made == {
        "id": kept.pk, "state": "waiting", "offer": "Summer Glow 20%", "part": "codes", "target": "deactivated",
        "zone": "Europe/Paris", "run_at": kept.run_at.isoformat(),
        "run_at_local": f"{DAY:%a} {DAY.day} {DAY:%b %Y}, 00:00 Europe/Paris", "return_at": kept.return_at.isoformat(),
        "return_at_local": made["return_at_local"], "by": kept.actor_name, "change": None, "return_change": None,
        "planned": {"selected": 3, "will_change": 2, "already_so": 1, "excluded": 0, "excluded_reasons": {}},
        "scheduled_at": kept.scheduled_at.isoformat(), "late_seconds": None, "reason": "", "cancelled_by": None,
    }  # fmt: skip
    assert made["return_at_local"].endswith("09:00 Europe/Paris")
    assert (code, kept.door, BulkChange.objects.count()) == (0, "cli", 0)
    listed, _ = told("changes", "scheduled")
    assert listed == [made]


def test_it_happens_though_nobody_is_on_the_team(told, world):
    told(*OFF, "--yes", "--at", AT)
    kept = ScheduledChange.objects.get()
    run_scheduled_change(schedule_id=kept.pk, at=kept.run_at + timedelta(seconds=2))
    assert PromoCode.objects.filter(is_active=True).count() == 0
    (listed,), _ = told("changes", "scheduled", "--past")
    assert (listed["state"], listed["change"], listed["late_seconds"]) == ("done", BulkChange.objects.get().pk, 2)
    assert told("changes", "scheduled")[0] == []


def test_for_a_person(command, world):
    result = command(*OFF, "--yes", "--at", AT, "--zone", "America/New_York")
    number = ScheduledChange.objects.get().pk
    when = f"{DAY:%a} {DAY.day} {DAY:%b %Y}, 00:00 America/New_York"
    assert result.stdout == f"Scheduled change {number}: 2 codes of “Summer Glow 20%” will be deactivated {when}.\n"
    assert f"`offerwell changes cancel {number}`" in result.stderr
    table = command("changes", "scheduled").stdout.splitlines()
    assert table[1].split()[:2] == [str(number), f"{DAY:%a}"]
    assert "deactivate 2 codes  waiting" in table[1]


def test_plan_only_and_no_answer_keep_nothing(command, world):
    plan = command(*OFF, "--plan", "--at", AT)
    assert (plan.exit_code, "Will change               2 codes" in plan.stdout, "00:00 Europe/Paris" in plan.stderr) == (
        0, True, True,
    )  # fmt: skip
    refused = command(*OFF, "--at", AT)
    assert (refused.exit_code, "a change needs a confirmation" in refused.stderr) == (1, True)
    assert f"At                {DAY:%a}" in refused.stderr
    assert nothing_happened()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--at", "2020-01-01 00:00"), 1, "--at: That time has passed"),
        (("--at", "tomorrow"), 1, "--at: Write a date and a time"),
        (("--at", AT, "--until", AT), 1, "--until: The change back must come after"),
        (("--at", AT, "--zone", "Mars/Olympus"), 1, "--zone: There is no time zone “Mars/Olympus”"),
        (("--until", UNTIL), 2, "--until and --zone go with --at"),
        (("--zone", "UTC"), 2, "--until and --zone go with --at"),
        (("--at", AT, "--wait"), 2, "--wait does not go with --at"),
        (("--at", AT, "--digest", "other"), 4, "The plan is out of date"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_happens(command, world, options, code, words):
    result = command(*OFF, "--yes", *options)
    assert (result.exit_code, words in result.stderr) == (code, True), result.stderr
    assert nothing_happened()


def test_a_repeat_with_the_same_key_is_the_same_schedule_even_when_its_time_has_passed(command, told, world):
    first, _ = told(*OFF, "--yes", "--at", AT, "--key", "k")
    again, code = told(*OFF, "--at", AT, "--key", "k")
    assert (again["id"], code, ScheduledChange.objects.count()) == (first["id"], 0, 1)
    other = command(*OFF, "--yes", "--at", UNTIL, "--key", "k")
    assert (other.exit_code, "The key was used for another scheduled change" in other.stderr) == (1, True)
    assert ScheduledChange.objects.count() == 1


def test_others_of_the_same_codes_are_told(command, told, world):
    told(*OFF, "--yes", "--at", AT)
    number = ScheduledChange.objects.get().pk
    line = f"Scheduled change {number} ({ScheduledChange.objects.get().actor_name}) deactivates 3 of these codes on"
    assert line in command(*OFF, "--plan").stderr
    assert line in command(*OFF, "--yes", "--at", f"{DAY} 05:00").stderr
    one = ("offers", "activate", "Summer Glow 20%", "--member", "m2@example.com", "--yes")
    assert f"Scheduled change {number}" in command(*one).stderr
    assert PromoCode.objects.get(text="C2").is_active is True


def test_cancel(command, told, rival, world):
    told(*OFF, "--yes", "--at", AT, "--workspace", world.workspace.slug)
    number = ScheduledChange.objects.get().pk
    foreign = command("changes", "cancel", number, "--workspace", rival.slug)
    assert (foreign.exit_code, "There is no scheduled change" in foreign.stderr) == (1, True)
    with scope(workspace=world.workspace):
        assert ScheduledChange.objects.get().state == "waiting"
    cancelled, code = told("changes", "cancel", number, "--workspace", world.workspace.slug)
    assert (cancelled["state"], cancelled["cancelled_by"], code) == ("cancelled", cancelled["by"], 0)
    again = command("changes", "cancel", number, "--workspace", world.workspace.slug)
    assert (again.exit_code, "was cancelled before" in again.stderr) == (1, True)
    assert command("changes", "cancel", 10**9, "--workspace", world.workspace.slug).exit_code == 1
