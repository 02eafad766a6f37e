"""Edits made in the shop itself, against a real sandbox store: found in one sweep, adopted, restored, enforced."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from offerwell.actions.answer_drifts import DriftPlanOutOfDate, answer_drifts
from offerwell.actions.audit_store import audit_next_batch, stores_to_audit
from offerwell.actions.set_drift_policy import set_drift_policy
from offerwell.actions.sync_store import sync_store
from offerwell.actions.undo_bulk_change import NothingToUndo, undo_bulk_change
from offerwell.models import (
    BulkChange,
    BulkChangeItem,
    Drift,
    Event,
    Offer,
    PromoCode,
    Store,
    StoreCode,
)
from offerwell.queries.change_progress import progress_of
from offerwell.queries.drift_plan import DriftWish, plan_drifts
from offerwell.rules.drift import DriftSelection, Verb
from offerwell.rules.store_sync import NEVER
from tests import make
from tests.sync.drifting import EVERYTHING, answer, connected, differing, edit, seeded, swept, wrong_counts

CLEARED_END = 30


@pytest.fixture
def glow(acme, sandbox, settings):
    settings.OFFERWELL_SYNC_REPLICA_LAG = 0.0
    return connected(acme, sandbox)


@pytest.fixture
def summer(acme, glow):
    return make.offer(acme, "Summer", stores=[glow])


@pytest.fixture
def ending():
    return (timezone.now() + timedelta(days=CLEARED_END)).replace(microsecond=0)


@pytest.fixture
def edited(acme, sandbox, glow, summer, ending):
    """Twelve codes, of which somebody edited six in the shop's own admin."""
    seeded(sandbox, summer, glow, ["OFF", "GONE", "NAME", "MORE", "SAME1", "SAME2"])
    seeded(sandbox, summer, glow, ["ON", "STILL"], active=False)
    seeded(sandbox, summer, glow, ["DATES", "PLANNED"], ends_at=ending)
    edit(sandbox, "OFF", "deactivate")
    edit(sandbox, "GONE", "delete")
    edit(sandbox, "NAME", "rename", to="OTHER")
    edit(sandbox, "MORE", "add_code", to="MORE2")
    edit(sandbox, "ON", "activate")
    edit(sandbox, "DATES", "activate")
    # An activation of what is active does nothing; somebody clears the end in two steps.
    edit(sandbox, "DATES", "deactivate")
    edit(sandbox, "DATES", "activate")
    sandbox.forget_requests()


ALL = {
    "OFF": "switched_off", "GONE": "missing", "NAME": "renamed", "MORE": "extra_codes", "ON": "switched_on",
    "DATES": "dates",
}  # fmt: skip


def followed(glow):
    """The store follows what waits."""
    StoreCode.objects.exclude(due_at=None).update(due_at=timezone.now(), next_attempt_at=None)
    sync_store(store_id=glow.pk)


def test_one_sweep_finds_every_edit_and_nothing_else(acme, sandbox, glow, edited):
    assert swept(acme, glow) == 10
    assert differing() == ALL
    assert sandbox.mutations() == []
    assert dict(StoreCode.objects.filter(problem="").values_list("code__text", "observed_generation")) == dict.fromkeys(
        ["SAME1", "SAME2", "STILL", "PLANNED"], 0
    )
    found = Event.objects.get(kind="drift_found")
    assert (found.actor_name, found.subject, '"codes": 6' in found.body) == ("Offerwell", f"store:{glow.pk}", True)


def test_what_the_store_shows_is_kept_with_since_when_we_know_it(acme, sandbox, glow, edited):
    swept(acme, glow)
    first = Drift.objects.get(store_code__code__text="OFF")
    assert (first.status, first.text, first.codes_count, first.version) == ("expired", "OFF", 1, 1)
    swept(acme, glow)
    again = Drift.objects.get(pk=first.pk)
    assert (again.found_at, again.version, again.seen_at > first.seen_at) == (first.found_at, 1, True)
    assert Event.objects.filter(kind="drift_found").count() == 1
    edit(sandbox, "OFF", "delete")
    swept(acme, glow)
    changed = Drift.objects.get(pk=first.pk)
    assert (changed.kind, changed.found_at, changed.version) == ("missing", first.found_at, 2)


def test_a_difference_that_is_gone_in_the_store_is_gone_here(acme, sandbox, glow, edited):
    swept(acme, glow)
    edit(sandbox, "OFF", "activate")
    edit(sandbox, "OTHER", "rename", to="NAME")
    swept(acme, glow)
    assert differing() == {text: kind for text, kind in ALL.items() if text not in {"OFF", "NAME"}}


def test_restore_brings_agreement_with_results_per_row(acme, sandbox, glow, edited, ending):
    swept(acme, glow)
    sandbox.forget_requests()
    plan = plan_drifts(DriftWish(Verb.RESTORE, EVERYTHING))
    assert (plan.selected, plan.will_change, dict(plan.reasons)) == (6, 5, {"extra_codes": 1})
    changes = answer(acme, Verb.RESTORE)
    followed(glow)
    shown = sandbox.discounts()
    assert {text: shown[text]["status"] for text in ("OFF", "GONE", "NAME", "ON", "DATES", "SAME1", "STILL")} == {
        "OFF": "ACTIVE", "GONE": "ACTIVE", "NAME": "ACTIVE", "ON": "EXPIRED", "DATES": "ACTIVE", "SAME1": "ACTIVE",
        "STILL": "EXPIRED",
    }  # fmt: skip
    assert shown["DATES"]["endsAt"] == ending.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert "OTHER" not in shown
    assert differing() == {"MORE": "extra_codes"}
    assert [(change.what, change.to_active, change.changed, progress_of(change).state) for change in changes] == [
        ("dates", True, 1, "done"), ("names", True, 1, "done"), ("status", False, 1, "done"),
        ("status", True, 2, "done"),
    ]  # fmt: skip
    assert progress_of(changes[3]).stores[0].recreated == 1
    assert wrong_counts(acme) == []
    assert answer(acme, Verb.RESTORE, key="k2") == ()


def test_adopt_brings_agreement_without_a_write_to_the_store(acme, sandbox, glow, summer, edited):
    swept(acme, glow)
    sandbox.forget_requests()
    plan = plan_drifts(DriftWish(Verb.ADOPT, EVERYTHING))
    assert (plan.will_change, dict(plan.reasons)) == (4, {"extra_codes": 1, "renamed": 1})
    changes = answer(acme, Verb.ADOPT)
    followed(glow)
    assert sandbox.mutations() == []
    assert differing() == {"MORE": "extra_codes", "NAME": "renamed"}
    assert dict(PromoCode.objects.filter(is_active=False).values_list("text", "ends_at")) == dict.fromkeys(
        ["OFF", "GONE", "STILL"]
    )
    assert PromoCode.objects.get(text="DATES").ends_at is None
    assert [(change.what, change.to_active, progress_of(change).stores[0].already_so) for change in changes] == [
        ("dates", True, 1), ("status", False, 2), ("status", True, 1),
    ]  # fmt: skip
    assert swept(acme, glow) == 10
    assert differing() == {"MORE": "extra_codes", "NAME": "renamed"}
    assert wrong_counts(acme) == []


def test_adopting_is_undone_exactly_dates_included(acme, sandbox, glow, edited, ending):
    swept(acme, glow)
    for change in answer(acme, Verb.ADOPT):
        undo_bulk_change(workspace_id=acme.pk, change=change, by=make.ANA, at=timezone.now())
    followed(glow)
    shown = sandbox.discounts()
    assert {text: shown[text]["status"] for text in ("OFF", "GONE", "ON", "DATES")} == {
        "OFF": "ACTIVE", "GONE": "ACTIVE", "ON": "EXPIRED", "DATES": "ACTIVE",
    }  # fmt: skip
    assert shown["DATES"]["endsAt"] == ending.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert PromoCode.objects.get(text="DATES").ends_at == ending
    assert wrong_counts(acme) == []


def test_restoring_is_undone_by_taking_the_stores_state_over(acme, sandbox, glow, summer, edited):
    swept(acme, glow)
    changes = answer(acme, Verb.RESTORE)
    followed(glow)
    for change in changes:
        if change.what == "names":
            with pytest.raises(NothingToUndo):
                undo_bulk_change(workspace_id=acme.pk, change=change, by=make.ANA, at=timezone.now())
        else:
            undo_bulk_change(workspace_id=acme.pk, change=change, by=make.ANA, at=timezone.now())
    followed(glow)
    shown = sandbox.discounts()
    assert {text: (shown[text]["status"], shown[text]["endsAt"] is None) for text in ("OFF", "ON", "DATES")} == {
        "OFF": ("EXPIRED", False), "ON": ("ACTIVE", True), "DATES": ("ACTIVE", True),
    }  # fmt: skip
    assert wrong_counts(acme) == []


def test_a_refreshed_code_that_somebody_renamed_is_flagged_and_restored_to_its_new_text(acme, sandbox, glow, summer):
    seeded(sandbox, summer, glow, ["OLD", "LEAKED"])
    PromoCode.objects.filter(text="OLD").update(text="NEW", text_key="NEW", text_change_id=1)
    PromoCode.objects.filter(text="LEAKED").update(is_active=False, text_change_id=1)
    StoreCode.objects.update(observed_generation=-1, due_at=timezone.now())
    followed(glow)
    assert sandbox.statuses() == {"NEW": "ACTIVE", "LEAKED": "EXPIRED"}
    edit(sandbox, "NEW", "rename", to="OLD")
    edit(sandbox, "LEAKED", "rename", to="ELSE")
    sandbox.forget_requests()
    swept(acme, glow)
    assert (differing(), sandbox.mutations()) == ({"NEW": "renamed"}, [])  # what is off may have any text
    [change] = answer(acme, Verb.RESTORE)
    followed(glow)
    assert (change.what, progress_of(change).state) == ("names", "done")
    assert (sandbox.statuses(), differing()) == ({"NEW": "ACTIVE", "ELSE": "EXPIRED"}, {})
    assert PromoCode.objects.get(text="NEW").text_change_id == 1


def test_a_cleared_end_is_adopted_where_the_offer_has_one(acme, sandbox, glow, ending):
    offer = make.offer(acme, "Winter", stores=[glow], ends_at=ending)
    seeded(sandbox, offer, glow, ["W1"], ends_at=ending)
    PromoCode.objects.update(ends_at=None)
    edit(sandbox, "W1", "deactivate")
    edit(sandbox, "W1", "activate")
    swept(acme, glow)
    assert differing() == {"W1": "dates"}
    answer(acme, Verb.ADOPT)
    followed(glow)
    assert PromoCode.objects.get().ends_at == NEVER
    swept(acme, glow)
    assert (differing(), sandbox.discounts()["W1"]["endsAt"]) == ({}, None)


def test_the_same_key_answers_once_and_a_plan_out_of_date_does_nothing(acme, sandbox, glow, edited):
    swept(acme, glow)
    wish = DriftWish(Verb.ADOPT, DriftSelection(ids=tuple(StoreCode.objects.values_list("pk", flat=True))))
    digest = plan_drifts(wish).digest
    edit(sandbox, "OFF", "delete")
    swept(acme, glow)
    with pytest.raises(DriftPlanOutOfDate) as refused:
        answer_drifts(workspace_id=acme.pk, wish=wish, digest=digest, key="a", by=make.ANA, at=timezone.now())
    assert (refused.value.plan.will_change, BulkChange.objects.count(), len(differing())) == (4, 0, 6)
    digest = plan_drifts(wish).digest
    first, again = (
        answer_drifts(workspace_id=acme.pk, wish=wish, digest=digest, key="a", by=make.ANA, at=timezone.now())
        for _ in range(2)
    )
    assert (again.changes, again.was_replayed, BulkChange.objects.count()) == (first.changes, True, 3)
    assert BulkChangeItem.objects.count() == 4


def test_own_echoes_are_repaired_silently_not_flagged(acme, sandbox, glow, summer):
    seeded(sandbox, summer, glow, ["ECHO"])
    edit(sandbox, "ECHO", "deactivate")
    later = timezone.now() + timedelta(minutes=5)
    StoreCode.objects.update(suspect_until=later, due_at=timezone.now())
    sync_store(store_id=glow.pk)
    assert (differing(), sandbox.statuses()) == ({}, {"ECHO": "ACTIVE"})


def test_a_read_older_than_our_own_write_is_not_drift(acme, sandbox, glow, summer, settings):
    settings.OFFERWELL_SYNC_REPLICA_LAG = 60.0
    seeded(sandbox, summer, glow, ["FRESH"])
    edit(sandbox, "FRESH", "deactivate")
    StoreCode.objects.update(last_write_at=timezone.now(), acked_active=True)
    assert swept(acme, glow) == 1
    assert (differing(), sandbox.mutations()) == ({}, [])
    assert StoreCode.objects.get().due_at > timezone.now()


def test_a_worker_that_died_while_it_only_read_leaves_an_outside_edit_to_be_flagged(acme, sandbox, glow, summer):
    seeded(sandbox, summer, glow, ["LEAK"])
    edit(sandbox, "LEAK", "deactivate")
    now = timezone.now()
    StoreCode.objects.update(due_at=now, lease_owner="dead:1", lease_until=now - timedelta(seconds=1))
    sync_store(store_id=glow.pk)
    assert (differing(), sandbox.mutations()) == ({"LEAK": "switched_off"}, [])


def test_enforce_puts_right_what_is_found_from_then_on_but_does_not_fight_for_ever(acme, sandbox, glow, summer):
    seeded(sandbox, summer, glow, ["E1", "E2"])
    edit(sandbox, "E1", "deactivate")
    swept(acme, glow)
    assert set_drift_policy(workspace_id=acme.pk, enforces=True, by=make.ANA, at=timezone.now())
    swept(acme, glow)
    assert differing() == {"E1": "switched_off"}
    for turn in range(3):
        edit(sandbox, "E2", "deactivate")
        swept(acme, glow)
        assert (differing(), sandbox.statuses()["E2"]) == ({"E1": "switched_off"}, "ACTIVE"), turn
    edit(sandbox, "E2", "deactivate")
    swept(acme, glow)
    assert (differing(), sandbox.statuses()["E2"]) == ({"E1": "switched_off", "E2": "switched_off"}, "EXPIRED")
    made = BulkChange.objects.all()
    assert [(change.actor_name, change.door, change.changed, change.to_active) for change in made] == [
        ("Offerwell", "worker", 1, True)
    ] * 3
    Drift.objects.update(restores_from=timezone.now() - timedelta(days=1, seconds=1))
    swept(acme, glow)
    assert (differing(), sandbox.statuses()["E2"]) == ({"E1": "switched_off"}, "ACTIVE")
    assert Drift.objects.get(store_code__code__text="E2").restores == 1


def test_enforce_leaves_paused_and_archived_offers_alone(acme, sandbox, glow, summer):
    seeded(sandbox, summer, glow, ["A1"])
    set_drift_policy(workspace_id=acme.pk, enforces=True, by=make.ANA, at=timezone.now())
    Offer.objects.update(status="archived")
    edit(sandbox, "A1", "deactivate")
    swept(acme, glow)
    assert (differing(), sandbox.mutations(), BulkChange.objects.count()) == ({"A1": "switched_off"}, [], 0)
    plan = plan_drifts(DriftWish(Verb.RESTORE, EVERYTHING))
    assert (plan.will_change, dict(plan.reasons)) == (0, {"archived": 1})
    answer(acme, Verb.ADOPT)
    assert PromoCode.objects.get().is_active is False


def test_two_stores_that_show_different_states_are_not_adopted_together(acme, sandbox, glow, summer):
    other = make.store(acme, "Other")
    make.offer(acme, "Both", stores=[glow, other])
    seeded(sandbox, summer, glow, ["B1"])
    edit(sandbox, "B1", "deactivate")
    swept(acme, glow)
    summer.store_links.create(workspace=acme, store=other)
    elsewhere = make.store_code(PromoCode.objects.get(), other, problem="drifted")
    Drift.objects.create(
        workspace=acme, store_code=elsewhere, kind="dates", status="active", adopts="active/None", found_at=make.NOW,
        seen_at=make.NOW,
    )  # fmt: skip
    both = plan_drifts(DriftWish(Verb.ADOPT, EVERYTHING))
    assert (both.selected, both.will_change, dict(both.reasons)) == (2, 0, {"stores_disagree": 2})
    one = DriftSelection(ids=tuple(StoreCode.objects.filter(store=glow).values_list("pk", flat=True)))
    plan = plan_drifts(DriftWish(Verb.ADOPT, one))
    assert (plan.will_change, plan.elsewhere) == (1, ("Other",))
    answer(acme, Verb.ADOPT, one)
    assert set(StoreCode.objects.values_list("problem", "generation")) == {("", BulkChange.objects.get().pk)}


def test_restore_waits_for_a_store_that_is_off(acme, sandbox, glow, summer):
    seeded(sandbox, summer, glow, ["S1"])
    edit(sandbox, "S1", "deactivate")
    swept(acme, glow)
    Store.objects.update(is_on=False)
    assert plan_drifts(DriftWish(Verb.RESTORE, EVERYTHING)).asleep == ("Glow",)
    [change] = answer(acme, Verb.RESTORE)
    followed(glow)
    assert (progress_of(change).waiting, sandbox.statuses()) == (1, {"S1": "EXPIRED"})
    Store.objects.update(is_on=True)
    followed(glow)
    assert (progress_of(change).state, sandbox.statuses()) == ("done", {"S1": "ACTIVE"})


def test_rivals_differences_are_neither_seen_nor_touched(acme, rival, sandbox, glow, edited):
    from django_scopes import scope

    swept(acme, glow)
    with scope(workspace=rival):
        theirs = make.store(rival, "Theirs")
        code = make.code(make.enrollment(make.offer(rival, "Foreign", stores=[theirs])), "FOREIGN")
        row = make.store_code(code, theirs, problem="drifted")
        Drift.objects.create(
            workspace=rival, store_code=row, kind="switched_off", status="expired", adopts="off", found_at=make.NOW,
            seen_at=make.NOW,
        )  # fmt: skip
    selection = DriftSelection(ids=(row.pk,))
    assert plan_drifts(DriftWish(Verb.ADOPT, selection)).selected == 0
    assert answer(acme, Verb.ADOPT, selection) == ()
    answer(acme, Verb.ADOPT, key="all")
    with scope(workspace=rival):
        assert StoreCode.objects.values_list("problem", "generation").get() == ("drifted", 0)
        assert PromoCode.objects.get().is_active is True
        assert BulkChange.objects.count() == 0


def test_the_sweep_disturbs_nothing_that_is_due_held_suspect_or_refused(acme, sandbox, glow, summer):
    texts = ["DUE", "HELD", "SUSPECT", "FAILED", "CONFLICT", "BEHIND", "FRESH", "NOREF", "READ"]
    seeded(sandbox, summer, glow, texts)
    now = timezone.now()
    later = now + timedelta(hours=1)

    def row(text, **fields):
        StoreCode.objects.filter(code__text=text).update(**fields)

    row("DUE", due_at=later)
    row("HELD", lease_owner="alive:1", lease_until=later)
    row("SUSPECT", suspect_until=later, due_at=later)
    row("FAILED", problem="failed")
    row("CONFLICT", problem="conflict")
    row("BEHIND", generation=9)
    row("FRESH", observed_at=now)
    row("NOREF", ref="")
    before = {r["id"]: r for r in StoreCode.objects.exclude(code__text="READ").values()}
    assert stores_to_audit(at=now) == [glow.pk]
    assert audit_next_batch(store_id=glow.pk, at=now) == 1
    assert {r["id"]: r for r in StoreCode.objects.exclude(code__text="READ").values()} == before
    assert StoreCode.objects.get(code__text="READ").due_at == now
    assert make.wake_ups == []  # told after the commit only


def test_a_busy_store_is_left_in_peace_until_the_batch_is_late(acme, sandbox, glow, summer):
    seeded(sandbox, summer, glow, ["PUSH", "LOOK"])
    now = timezone.now()
    StoreCode.objects.filter(code__text="PUSH").update(generation=9, due_at=now)
    assert audit_next_batch(store_id=glow.pk, at=now) == 0
    assert audit_next_batch(store_id=glow.pk, at=now + timedelta(minutes=9)) == 0
    assert audit_next_batch(store_id=glow.pk, at=now + timedelta(minutes=10)) == 1


def test_a_store_that_is_off_is_not_swept(acme, sandbox, glow, summer):
    seeded(sandbox, summer, glow, ["X"])
    Store.objects.update(is_on=False)
    now = timezone.now()
    assert (stores_to_audit(at=now), audit_next_batch(store_id=glow.pk, at=now)) == ([], 0)
    assert StoreCode.objects.get().due_at is None


def test_ten_thousand_codes_are_forty_reads_and_no_write(acme, sandbox, glow, summer):
    texts = [f"T{n}" for n in range(10_000)]
    sandbox.seed([{"code": text, "title": "Summer", "percentage": 0.2} for text in texts])
    shown, place = sandbox.discounts(), make.enrollment(summer)
    PromoCode.objects.bulk_create(
        PromoCode(
            workspace=acme, offer=summer, enrollment=place, text=text, text_key=text, changed_at=make.NOW,
            created_at=make.NOW,
        )
        for text in texts
    )  # fmt: skip
    StoreCode.objects.bulk_create(
        StoreCode(
            workspace=acme, store=glow, code=code, ref=shown[code.text]["id"], observed_generation=0,
            observed_status="active", observed_at=timezone.now() - timedelta(days=2),
        )
        for code in PromoCode.objects.all()
    )  # fmt: skip
    edit(sandbox, "T5000", "deactivate")
    sync_store(store_id=glow.pk)  # gets the token
    sandbox.forget_requests()
    assert swept(acme, glow) == 10_000
    calls = [row["operation"] for row in sandbox.requests() if row["operation"].startswith("NodeStatuses")]
    assert (len(calls), sandbox.mutations(), differing()) == (40, [], {"T5000": "switched_off"})
    assert StoreCode.objects.filter(due_at=None).count() == 10_000
