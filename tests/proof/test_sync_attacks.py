"""The sync under attack: crashes between two statements, races with the doors, poisoned codes, silent stores.

The product's pass and its database rows are real; the store is a script and time stands still unless told.
"""
# ruff: noqa: PLR0917  fixtures are asked for by position

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from offerwell.actions.change_offer_status import change_offer_status
from offerwell.actions.retry_failed_items import retry_failed_items
from offerwell.actions.sync_pass import AWAY_PAUSE, Interrupted, Pass
from offerwell.actions.sync_rows import DatabaseRows
from offerwell.actions.sync_store import sync_store
from offerwell.integrations.store import AccessRefused, BatchRefused, FateUnknown, StoreError, WindowStatus
from offerwell.models import BulkChange, ItemOutcome, OfferPart, Store, StoreCode
from offerwell.queries.change_progress import progress_of
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.selection import MemberFilter, MemberSelection
from offerwell.rules.store_sync import Margins
from tests import make
from tests.proof.scripted_store import ScriptedStore

MARGINS = Margins(lease=60.0, late_landing=900.0, replica_lag=5.0)


class Clock:
    def __init__(self):
        self.now = make.NOW

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def shop(acme):
    return make.store(acme, "Glow")


@pytest.fixture
def summer(acme, shop):
    return make.offer(acme, "Summer", stores=[shop])


@pytest.fixture
def scripted():
    return ScriptedStore()


def codes_on(scripted, summer, shop, count):
    """Active codes that the store shows as active."""
    made = []
    for n in range(count):
        code = make.code(make.enrollment(summer), f"GLOW{n}", stores=[shop])
        scripted.holds(StoreCode.objects.get(code=code).ref, code.text)
        made.append(code)
    return made


def new_codes(summer, shop, count):
    return [make.code(make.enrollment(summer), f"NEW{n}", stores=[shop], settled=False) for n in range(count)]


def change(acme, summer, at, *, to_active=False, key="k"):
    newest = summer.enrollments.order_by("-pk").values_list("pk", flat=True)[0]
    wish = Wish(summer, OfferPart.CODES, to_active, MemberSelection(filter=MemberFilter(), up_to=newest))
    digest = plan_change(wish, at=at).digest
    return change_offer_status(workspace_id=acme.pk, wish=wish, digest=digest, key=key, by=make.ANA, at=at).change


def a_pass(scripted, shop, clock, owner="w1", should_stop=lambda: False):
    return Pass(
        scripted, DatabaseRows(shop, owner, clock, MARGINS), clock, clock.sleep, lambda: 0.5, MARGINS, should_stop
    )


def counts(bulk_change):
    store = progress_of(bulk_change).to_json()["stores"][0]
    return {name: n for name, n in store.items() if n and name != "store"}


# -- crashes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["switch", "create", "set_window"])
def test_an_error_of_our_own_in_mid_write_leaves_the_codes_suspect(acme, shop, summer, scripted, clock, call):
    """The request may be on its way although it never answered: a bug, a full disk, a lost database."""
    if call == "create":
        new_codes(summer, shop, 2)
    else:
        codes_on(scripted, summer, shop, 2)
        if call == "set_window":
            type(summer).objects.update(ends_at=make.NOW + timedelta(days=9))
            change(acme, summer, clock())
            a_pass(scripted, shop, clock).run()
        change(acme, summer, clock(), to_active=call == "set_window", key="k2")

    def breaks(named, names):
        if named == call:
            raise MemoryError

    scripted.breaks = breaks
    with pytest.raises(MemoryError):
        a_pass(scripted, shop, clock).run()
    until = clock() + MARGINS.suspicion
    assert list(StoreCode.objects.values_list("suspect_until", "lease_owner")) == [(until, "")] * 2


def test_a_create_that_answered_before_we_died_is_adopted(shop, summer, scripted, clock, monkeypatch):
    new_codes(summer, shop, 1)
    work = a_pass(scripted, shop, clock)

    def died(self, refs):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(DatabaseRows, "keep_refs", died)
        with pytest.raises(MemoryError):
            work.run()
    assert list(scripted.status) == ["made 1"]
    a_pass(scripted, shop, clock, "w2").run()
    row = StoreCode.objects.get()
    assert (row.ref, row.observed_generation, list(scripted.status)) == ("made 1", 0, ["made 1"])


def test_a_worker_that_lost_its_lease_while_waiting_for_points_sends_nothing(acme, shop, summer, scripted, clock):
    codes_on(scripted, summer, shop, 2)
    off = change(acme, summer, clock())
    work = a_pass(scripted, shop, clock)

    def waits(call, names):
        if call == "switch":
            clock.sleep(MARGINS.lease + 1)  # the machine stood still: SIGSTOP, a paused virtual machine
            work.nap(1)

    scripted.breaks = waits
    work.run()
    assert set(scripted.status.values()) == {WindowStatus.ACTIVE}
    assert counts(off) == {"waiting": 2}
    assert StoreCode.objects.filter(lease_owner="", suspect_until__gt=clock()).count() == 2


def test_a_long_wait_for_points_keeps_the_lease(acme, shop, summer, scripted, clock):
    codes_on(scripted, summer, shop, 2)
    off = change(acme, summer, clock())
    work, stolen = a_pass(scripted, shop, clock), []

    def waits(call, names):
        if call == "switch":
            for _ in range(40):
                work.nap(10)
                stolen.extend(DatabaseRows(shop, "w2", clock, MARGINS).claim(10))

    scripted.breaks = waits
    work.run()
    assert (stolen, counts(off)) == ([], {"confirmed": 2})


def test_asked_to_stop_it_leaves_before_sending(acme, shop, summer, scripted, clock):
    codes_on(scripted, summer, shop, 2)
    off = change(acme, summer, clock())
    stop = []
    work = a_pass(scripted, shop, clock, should_stop=lambda: bool(stop))

    def waits(call, names):
        if call == "switch":
            stop.append(1)
            work.nap(100)

    scripted.breaks = waits
    began = clock()
    work.run()
    assert (clock() - began).total_seconds() < 1
    assert counts(off) == {"waiting": 2}
    assert StoreCode.objects.filter(lease_owner="", due_at__lte=clock()).count() == 2


def test_asked_to_stop_it_waits_seconds_not_minutes_for_a_job(acme, shop, summer, scripted, clock):
    codes_on(scripted, summer, shop, 2)
    change(acme, summer, clock())
    stop = []
    scripted.jobs_done = lambda jobs: stop.append(1) or {}
    began = clock()
    a_pass(scripted, shop, clock, should_stop=lambda: bool(stop)).run()
    assert (clock() - began).total_seconds() < 15
    assert StoreCode.objects.filter(lease_owner="", suspect_until__gt=clock()).count() == 2


# -- races with the doors -----------------------------------------------------------------------------------


def during(scripted, call, act):
    """Do `act` once, while the store works on `call`."""
    left = [act]

    def breaks(named, names):
        if named == call and left:
            left.pop()()

    scripted.breaks = breaks


def test_a_look_asked_for_while_a_pass_runs_is_not_lost(acme, shop, summer, scripted, clock):
    """The door read its clock before the pass began, and committed after."""
    codes_on(scripted, summer, shop, 1)
    change(acme, summer, clock())
    a_pass(scripted, shop, clock).run()
    asked_at = clock()
    change(acme, summer, asked_at, key="look once")
    clock.sleep(10)
    during(scripted, "read", lambda: change(acme, summer, asked_at, key="look again"))
    a_pass(scripted, shop, clock).run()
    assert StoreCode.objects.filter(due_at__lte=clock()).count() == 1
    assert a_pass(scripted, shop, clock).run() == 1
    assert StoreCode.objects.filter(due_at=None, check_at=None).count() == 1


@pytest.mark.parametrize("end", ["refused", "drifted"])
def test_a_look_asked_for_while_a_code_is_refused_or_flagged_is_not_lost(acme, shop, summer, scripted, clock, end):
    """Found by the simulator: whoever asked knows better than a pass that read before."""
    codes_on(scripted, summer, shop, 1)
    change(acme, summer, clock())
    a_pass(scripted, shop, clock).run()
    clock.sleep(10)
    change(acme, summer, clock(), key="look")
    [ref] = scripted.status
    if end == "drifted":
        scripted.status[ref] = WindowStatus.ACTIVE

    def breaks(call, names):
        scripted.breaks = lambda *_: None
        change(acme, summer, clock(), key="look again")
        if end == "refused":
            raise BatchRefused("Invalid id.", permanent=True)

    scripted.breaks = breaks
    a_pass(scripted, shop, clock).run()
    row = StoreCode.objects.get()
    assert (row.problem, row.due_at) == ("failed" if end == "refused" else "drifted", clock())
    scripted.status[ref] = WindowStatus.EXPIRED
    assert a_pass(scripted, shop, clock).run() == 1
    assert set(StoreCode.objects.values_list("problem", "due_at", "check_at")) == {("", None, None)}


@pytest.mark.parametrize("call", ["read", "switch", "jobs_done"])
def test_an_intent_that_moves_in_mid_pass_wins(acme, shop, summer, scripted, clock, call):
    codes_on(scripted, summer, shop, 3)
    off = change(acme, summer, clock())
    later = []
    during(scripted, call, lambda: later.append(change(acme, summer, clock(), to_active=True, key="on")))
    work = a_pass(scripted, shop, clock)
    for _ in range(6):
        work.run()
        clock.sleep(3)
    assert set(scripted.status.values()) == {WindowStatus.ACTIVE}
    [on] = later
    assert sum(counts(off).values()) == sum(counts(on).values()) == 3
    assert "waiting" not in counts(on)
    assert "waiting" not in counts(off)
    assert set(StoreCode.objects.values_list("generation", "observed_generation", "due_at")) == {(on.pk, on.pk, None)}


@pytest.mark.parametrize("refusal", ["permanent", "passing"])
def test_a_refusal_of_the_old_intent_does_not_stop_the_new_one(acme, shop, summer, scripted, clock, refusal):
    codes_on(scripted, summer, shop, 1)
    change(acme, summer, clock())

    def breaks(call, names):
        if call == "switch":
            scripted.breaks = lambda *_: None
            change(acme, summer, clock(), to_active=True, key="on")
            error = BatchRefused("Not this one.", permanent=True) if refusal == "permanent" else StoreError("Busy.")
            raise error

    scripted.breaks = breaks
    a_pass(scripted, shop, clock).run()
    row = StoreCode.objects.get()
    assert (row.problem, row.due_at <= clock() + AWAY_PAUSE) == ("", True)
    a_pass(scripted, shop, clock).run()
    assert counts(BulkChange.objects.get(key="on")) == {"already_so": 1}
    assert StoreCode.objects.get().due_at is None


def test_a_stale_look_up_after_our_own_create_is_not_believed(acme, shop, summer, scripted, clock):
    """A code made a second ago and deactivated at once: a replica that knows neither must not tick it."""
    new_codes(summer, shop, 1)
    a_pass(scripted, shop, clock).run()
    off = change(acme, summer, clock())
    scripted.read = scripted.find = dict.fromkeys
    a_pass(scripted, shop, clock).run()
    assert counts(off) == {"waiting": 1}
    del scripted.read, scripted.find
    clock.sleep(MARGINS.replica_lag + 1)
    a_pass(scripted, shop, clock).run()
    assert (counts(off), list(scripted.status.values())) == ({"confirmed": 1}, [WindowStatus.EXPIRED])


# -- many windows as one job --------------------------------------------------------------------------------


def windows_wanted(acme, shop, summer, scripted, clock, count=5):
    """Codes with a planned end, deactivated on the store; gives the activation. Jobs are worth it from 3 on."""
    codes_on(scripted, summer, shop, count)
    type(summer).objects.update(ends_at=make.NOW + timedelta(days=9))
    change(acme, summer, clock())
    a_pass(scripted, shop, clock).run()
    clock.sleep(10)
    scripted.redate_from = 3
    scripted.calls.clear()
    return change(acme, summer, clock(), to_active=True, key="on")


def test_many_windows_go_as_one_job_and_are_read_back(acme, shop, summer, scripted, clock):
    on = windows_wanted(acme, shop, summer, scripted, clock)
    a_pass(scripted, shop, clock).run()
    assert [call for call, _ in scripted.calls] == ["read", "redate", "jobs_done", "read"]
    assert (counts(on), set(scripted.status.values())) == ({"confirmed": 5}, {WindowStatus.ACTIVE})


@pytest.mark.parametrize("error", [BatchRefused("No file.", permanent=True), StoreError("Five jobs run already.")])
def test_a_store_that_takes_no_such_job_gets_the_windows_one_by_one(acme, shop, summer, scripted, clock, error):
    on = windows_wanted(acme, shop, summer, scripted, clock)

    def breaks(call, names):
        if call == "redate":
            raise error

    scripted.breaks = breaks
    a_pass(scripted, shop, clock).run()
    assert [call for call, _ in scripted.calls] == ["read", "redate", "set_window", "read"]
    assert counts(on) == {"confirmed": 5}
    assert set(StoreCode.objects.values_list("suspect_until", "attempts")) == {(None, 0)}


def test_a_job_of_unknown_fate_is_not_followed_by_a_second_write(acme, shop, summer, scripted, clock):
    on = windows_wanted(acme, shop, summer, scripted, clock)

    def breaks(call, names):
        if call == "redate":
            raise FateUnknown("The connection broke.")

    scripted.breaks = breaks
    a_pass(scripted, shop, clock).run()
    assert [call for call, _ in scripted.calls] == ["read", "redate"]
    assert counts(on) == {"waiting": 5}
    assert StoreCode.objects.filter(suspect_until__gt=clock(), due_at__gt=clock(), lease_owner="").count() == 5


def test_codes_of_a_job_that_is_not_done_in_time_stay_suspect(acme, shop, summer, scripted, clock):
    on = windows_wanted(acme, shop, summer, scripted, clock)
    scripted.jobs_done = lambda jobs: dict.fromkeys(jobs, False)
    a_pass(scripted, shop, clock).run()
    assert (clock() - make.NOW).total_seconds() > MARGINS.job_patience
    assert counts(on) == {"waiting": 5}
    assert StoreCode.objects.filter(suspect_until__gt=clock(), lease_owner="").count() == 5


# -- poisoned codes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["switch", "create", "set_window", "read", "find"])
def test_one_code_the_store_refuses_for_good_does_not_poison_its_batch(acme, shop, summer, scripted, clock, call):
    if call in {"create", "find"}:
        new_codes(summer, shop, 60)
        bad = "NEW37"
    else:
        bad = StoreCode.objects.get(code=codes_on(scripted, summer, shop, 60)[37]).ref
        if call == "set_window":
            type(summer).objects.update(ends_at=make.NOW + timedelta(days=9))
            change(acme, summer, clock())
            a_pass(scripted, shop, clock).run()
            clock.sleep(10)
        change(acme, summer, clock(), to_active=call == "set_window", key="k2")

    def breaks(named, names):
        if named == call and bad in names:
            raise BatchRefused("Invalid id.", permanent=True)

    scripted.breaks = breaks
    a_pass(scripted, shop, clock).run()
    assert StoreCode.objects.filter(problem="").exclude(due_at=None).count() == 0
    [row] = StoreCode.objects.exclude(problem="")
    assert (bad in {row.ref, row.code.text}, row.problem, row.last_error) == (True, "failed", "Invalid id.")


@pytest.mark.parametrize("call", ["read", "switch", "create"])
@pytest.mark.parametrize("error", [StoreError, FateUnknown])
def test_one_code_that_makes_the_store_fail_is_left_alone_in_the_end(acme, shop, summer, scripted, clock, call, error):
    """No refusal, just "500" whenever the code is in the batch: the others must get away from it."""
    if call == "create":
        new_codes(summer, shop, 60)
        bad = "NEW37"
    else:
        bad = StoreCode.objects.get(code=codes_on(scripted, summer, shop, 60)[37]).ref
        change(acme, summer, clock())

    def breaks(named, names):
        if named == call and bad in names:
            raise error("HTTP 500")

    scripted.breaks = breaks
    others = StoreCode.objects.exclude(code__text__endswith="37")
    for _ in range(400):
        if not Store.objects.filter(paused_until__gt=clock()):
            a_pass(scripted, shop, clock).run(has_answered=bool(Store.objects.get().trouble))
        if not others.exclude(observed_generation=F("generation")).exists():
            break
        clock.sleep(2)
    took = (clock() - make.NOW).total_seconds()
    assert others.filter(observed_generation=F("generation")).count() == 59
    assert took < 300


def test_a_code_with_many_tries_does_not_slow_down_the_rest_of_its_batch(acme, shop, summer, scripted, clock):
    codes_on(scripted, summer, shop, 3)
    change(acme, summer, clock())
    StoreCode.objects.filter(code__text="GLOW1").update(attempts=12)
    broken = ["read", "read"]

    def breaks(call, names):
        if call == "read" and broken:
            broken.pop()
            raise StoreError("Busy.")

    scripted.breaks = breaks
    a_pass(scripted, shop, clock).run(has_answered=True)
    fresh = StoreCode.objects.exclude(code__text="GLOW1")
    assert max(fresh.values_list("due_at", flat=True)) <= clock() + timedelta(seconds=4)


# -- the store as a whole -----------------------------------------------------------------------------------


def away(call, names):
    raise StoreError("The store could not be reached.")


def test_a_store_that_is_away_is_not_the_fault_of_its_codes(acme, shop, summer, scripted, clock):
    codes_on(scripted, summer, shop, 3)
    off = change(acme, summer, clock())
    scripted.breaks = away
    for _ in range(50):
        a_pass(scripted, shop, clock).run()
        clock.sleep(60)
    assert Store.objects.get().trouble == "The store could not be reached."
    assert set(StoreCode.objects.values_list("attempts", "lease_owner", "next_attempt_at")) == {(0, "", None)}
    scripted.breaks = lambda *_: None
    a_pass(scripted, shop, clock).run()
    assert (counts(off), Store.objects.get().trouble, Store.objects.get().paused_until) == ({"confirmed": 3}, "", None)


def test_pauses_grow_with_the_trouble_and_end_with_it(acme, shop, summer, scripted, clock):
    codes_on(scripted, summer, shop, 1)
    change(acme, summer, clock())
    scripted.breaks = away
    pauses = []
    while (clock() - make.NOW) < timedelta(hours=1):
        a_pass(scripted, shop, clock).run()
        pauses.append((Store.objects.get().paused_until - clock()).total_seconds())
        clock.now = Store.objects.get().paused_until
    assert pauses[0] <= 3
    assert pauses[-1] == max(pauses) == 120
    assert pauses == sorted(pauses)
    assert len(pauses) < 60
    scripted.breaks = lambda *_: None
    a_pass(scripted, shop, clock).run()
    change(acme, summer, clock(), to_active=True, key="on")
    scripted.breaks = away
    a_pass(scripted, shop, clock).run()
    assert (Store.objects.get().paused_until - clock()).total_seconds() <= 3


def test_a_store_in_trouble_is_asked_one_question_before_rows_are_claimed(
    acme, shop, summer, scripted, clock, monkeypatch
):
    codes_on(scripted, summer, shop, 1)
    off = change(acme, summer, clock())
    Store.objects.update(trouble="Away.", trouble_since=make.NOW)
    asked = []

    def identify():
        asked.append(1)
        raise StoreError("The store could not be reached.")

    scripted.identify, scripted.close = identify, lambda: None
    monkeypatch.setattr("offerwell.actions.sync_store.open_store", lambda store, **_: scripted)
    assert sync_store(store_id=shop.pk) == 0
    assert (asked, scripted.calls, counts(off)) == ([1], [], {"waiting": 1})
    assert Store.objects.get().trouble == "The store could not be reached."


def test_revoked_credentials_stop_the_store_with_a_sentence(acme, shop, summer, scripted, clock):
    codes_on(scripted, summer, shop, 2)
    off = change(acme, summer, clock())

    def breaks(call, names):
        raise AccessRefused("The store refuses Offerwell's access (HTTP 401).", permanent=True)

    scripted.breaks = breaks
    a_pass(scripted, shop, clock).run()
    store = Store.objects.get()
    assert store.trouble == "The store refuses Offerwell's access (HTTP 401)."
    assert store.paused_until >= clock() + timedelta(seconds=60)
    assert set(StoreCode.objects.values_list("attempts", "problem", "lease_owner")) == {(0, "", "")}
    scripted.breaks = lambda *_: None
    a_pass(scripted, shop, clock).run()
    assert (counts(off), Store.objects.get().trouble) == ({"confirmed": 2}, "")


def test_an_error_of_our_own_pauses_the_store_instead_of_spinning(acme, shop, summer, scripted, monkeypatch):
    codes_on(scripted, summer, shop, 1)
    change(acme, summer, make.NOW)
    StoreCode.objects.update(due_at=timezone.now())

    def breaks(call, names):
        raise ZeroDivisionError

    scripted.breaks, scripted.close = breaks, lambda: None
    monkeypatch.setattr("offerwell.actions.sync_store.open_store", lambda store, **_: scripted)
    with pytest.raises(ZeroDivisionError):
        sync_store(store_id=shop.pk)
    store = Store.objects.get()
    assert store.trouble.startswith("Offerwell met an error of its own")
    assert store.paused_until is not None


# -- what a person may do about it --------------------------------------------------------------------------


def test_a_code_that_fails_later_does_not_rewrite_the_change_it_had_followed(acme, shop, summer, scripted, clock):
    """Found by the simulator: the change would say Failed for ever, and Retry would find nothing."""
    codes_on(scripted, summer, shop, 1)
    off = change(acme, summer, clock())
    a_pass(scripted, shop, clock).run()
    change(acme, summer, clock(), key="look")

    def breaks(call, names):
        raise BatchRefused("Invalid id.", permanent=True)

    scripted.breaks = breaks
    a_pass(scripted, shop, clock).run()
    assert (StoreCode.objects.get().problem, counts(off)) == ("failed", {"confirmed": 1})
    scripted.breaks = lambda *_: None
    change(acme, summer, clock(), key="look again")
    a_pass(scripted, shop, clock).run()
    assert (StoreCode.objects.get().problem, counts(off)) == ("", {"confirmed": 1})
    assert ItemOutcome.objects.get().result in {"confirmed", "already_so"}


def test_suspicion_ends_also_for_a_code_that_was_given_up(acme, shop, summer, scripted, clock):
    codes_on(scripted, summer, shop, 1)
    off = change(acme, summer, clock())
    StoreCode.objects.update(suspect_until=clock() + timedelta(seconds=100))

    def breaks(call, names):
        if call == "switch":
            raise BatchRefused("No.", permanent=True)

    scripted.breaks = breaks
    a_pass(scripted, shop, clock).run()
    row = StoreCode.objects.get()
    assert (row.problem, row.due_at) == ("failed", row.suspect_until)
    clock.sleep(101)
    a_pass(scripted, shop, clock).run()
    row.refresh_from_db()
    assert (row.problem, row.due_at, row.suspect_until) == ("failed", None, None)
    scripted.breaks = lambda *_: None
    assert retry_failed_items(workspace_id=acme.pk, change=off, by=make.ANA, at=clock()) == 1
    a_pass(scripted, shop, clock).run()
    assert counts(off) == {"confirmed": 1}
    assert ItemOutcome.objects.count() == 1


def test_nap_without_rows_in_hand_only_sleeps(shop, scripted, clock):
    a_pass(scripted, shop, clock).nap(25)
    assert (clock() - make.NOW).total_seconds() == 25
    with pytest.raises(Interrupted):
        a_pass(scripted, shop, clock, should_stop=lambda: True).nap(1)
