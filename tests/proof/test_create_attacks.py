"""Creations of many codes by one job, under attack: nothing is lost, nothing is made twice, nobody is blamed.

The product's pass and its database rows are real; the store is a script and time stands still unless told.
"""
# ruff: noqa: PLR0917  fixtures are asked for by position

from __future__ import annotations

import pytest
from django.db.models import F

from offerwell.integrations.store import AccessRefused, BatchRefused, Created, FateUnknown, StoreError
from offerwell.models import Store, StoreCode
from tests import make
from tests.proof.scripted_store import ScriptedStore
from tests.proof.test_sync_attacks import MARGINS, Clock, a_pass, new_codes


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
    """Jobs are worth it from 3 on."""
    store = ScriptedStore()
    store.create_from = 3
    return store


def calls(scripted):
    return [call for call, _ in scripted.calls]


def breaking(scripted, name, error, *, once=False):
    def breaks(call, names):
        if call == name and not (once and breaks.done):
            breaks.done = True
            raise error

    breaks.done = False
    return breaks


def all_made_once(scripted, count):
    """Each code has one discount in the store, and its row knows which."""
    refs = dict(StoreCode.objects.values_list("code__text", "ref"))
    assert refs == {text: ref for text, (ref, _) in scripted.texts.items()}
    assert len(scripted.status) == count
    assert set(StoreCode.objects.values_list("observed_generation", "problem")) == {(0, "")}


def settle(scripted, shop, clock, passes=6):
    """Pass after pass, with time for what was put off."""
    Store.objects.update(paused_until=None)
    for _ in range(passes):
        clock.sleep(1900)
        StoreCode.objects.filter(due_at__isnull=False).update(due_at=clock())
        a_pass(scripted, shop, clock).run()


def test_many_untried_codes_are_one_job_without_a_look_up(acme, shop, summer, scripted, clock):
    new_codes(summer, shop, 5)
    a_pass(scripted, shop, clock).run()
    assert calls(scripted) == ["create_many", "jobs_done", "created_by", "read"]
    all_made_once(scripted, 5)
    assert StoreCode.objects.filter(due_at=None, lease_owner="").count() == 5


def test_a_few_are_looked_up_and_created_as_ever(acme, shop, summer, scripted, clock):
    new_codes(summer, shop, 2)
    a_pass(scripted, shop, clock).run()
    assert calls(scripted) == ["find", "create", "read"]
    all_made_once(scripted, 2)


def test_each_kind_of_discount_is_a_job_of_its_own(acme, shop, summer, scripted, clock):
    free = make.offer(acme, "Free", stores=[shop])
    type(free).objects.filter(pk=free.pk).update(discount_kind="free_shipping", discount_value=None)
    new_codes(summer, shop, 3)
    for n in range(4):
        make.code(make.enrollment(free), f"FREE{n}", stores=[shop], settled=False)
    kinds = []
    plain = scripted.create_many
    scripted.create_many = lambda specs: (kinds.append({spec.terms.kind for spec in specs}), plain(specs))[1]
    a_pass(scripted, shop, clock).run()
    assert kinds == [{"percent"}, {"free_shipping"}]
    all_made_once(scripted, 7)


def test_a_code_that_somebody_else_has_is_looked_up_and_told(acme, shop, summer, scripted, clock):
    new_codes(summer, shop, 4)
    scripted.holds("theirs", "NEW1", title="Somebody else")
    a_pass(scripted, shop, clock).run()
    taken = StoreCode.objects.get(code__text="NEW1")
    assert (taken.ref, taken.problem, taken.attempts, taken.lease_owner) == ("", "", 1, "")
    settle(scripted, shop, clock, passes=1)
    taken.refresh_from_db()
    assert (taken.problem, "belongs to another discount" in taken.last_error) == ("conflict", True)
    assert scripted.texts["NEW1"] == ("theirs", "Somebody else")
    assert StoreCode.objects.filter(problem="", observed_generation=0).count() == 3


def test_a_refusal_of_one_line_is_its_rows_reason_and_no_others(acme, shop, summer, scripted, clock):
    new_codes(summer, shop, 4)
    plain = scripted.created_by
    refused = Created(refusal="Code is too long. (TOO_LONG, basicCodeDiscount.code)")
    scripted.created_by = lambda job, codes: [
        refused if code == "NEW2" else told for code, told in zip(codes, plain(job, codes), strict=True)
    ]
    a_pass(scripted, shop, clock).run()
    bad = StoreCode.objects.get(code__text="NEW2")
    assert (bad.problem, bad.last_error, bad.due_at) == ("failed", refused.refusal, None)
    assert StoreCode.objects.filter(problem="", observed_generation=0).count() == 3


@pytest.mark.parametrize("error", [BatchRefused("No file.", permanent=True), StoreError("Five jobs run already.")])
def test_a_store_that_takes_no_such_job_now_blames_nobody(acme, shop, summer, scripted, clock, error, monkeypatch):
    """Some are created in small requests, the rest stays due and is asked for as a job again."""
    monkeypatch.setattr("offerwell.actions.sync_pass.MEANWHILE", 2)
    new_codes(summer, shop, 6)
    scripted.breaks = breaking(scripted, "create_many", error, once=True)
    a_pass(scripted, shop, clock).run()
    assert calls(scripted) == ["create_many", "create", "read"]
    left = StoreCode.objects.filter(ref="")
    assert set(left.values_list("attempts", "last_error", "lease_owner", "suspect_until")) == {(0, "", "", None)}
    assert left.filter(due_at__lte=clock()).count() == 4
    scripted.calls.clear()
    a_pass(scripted, shop, clock).run()
    assert calls(scripted) == ["create_many", "jobs_done", "created_by", "read"]
    all_made_once(scripted, 6)


@pytest.mark.parametrize("is_done", [False, True], ids=["before its effect", "after its effect"])
def test_a_job_of_unknown_fate_is_looked_up_before_anything_is_created(
    acme, shop, summer, scripted, clock, is_done
):  # fmt: skip
    new_codes(summer, shop, 5)
    breaks = breaking(scripted, "create_many", FateUnknown("The connection broke."), once=True)
    if is_done:
        scripted.breaks_after = breaks
    else:
        scripted.breaks = breaks
    a_pass(scripted, shop, clock).run()
    assert calls(scripted) == ["create_many"]
    assert StoreCode.objects.filter(suspect_until__gt=clock(), ref="", lease_owner="").count() == 5
    scripted.calls.clear()
    settle(scripted, shop, clock, passes=1)
    assert calls(scripted)[0] == "find"
    assert ("create_many" in calls(scripted)) is not is_done
    all_made_once(scripted, 5)


def test_an_error_of_our_own_after_the_job_was_asked_for_leaves_the_codes_suspect(acme, shop, summer, scripted, clock):
    new_codes(summer, shop, 4)
    scripted.breaks_after = breaking(scripted, "create_many", RuntimeError("disk full"))
    with pytest.raises(RuntimeError):
        a_pass(scripted, shop, clock).run()
    assert StoreCode.objects.filter(suspect_until__gt=clock(), ref="", lease_owner="").count() == 4
    scripted.breaks_after = lambda call, names: None
    settle(scripted, shop, clock)
    all_made_once(scripted, 4)


@pytest.mark.parametrize("stage", ["create_many", "after create_many", "jobs_done", "created_by", "read"])
def test_a_worker_killed_anywhere_loses_and_doubles_nothing(acme, shop, summer, scripted, clock, stage, monkeypatch):
    """Killed: not even `finally` runs. Another worker takes the leases over when they have run out."""
    new_codes(summer, shop, 5)

    class Killed(BaseException):
        pass

    breaks = breaking(scripted, stage.rpartition(" ")[2], Killed())
    setattr(scripted, "breaks_after" if stage.startswith("after") else "breaks", breaks)
    work = a_pass(scripted, shop, clock)
    monkeypatch.setattr(type(work), "_leave", lambda self: None)
    with pytest.raises(Killed):
        work.run()
    assert StoreCode.objects.exclude(lease_owner="").count() == 5
    monkeypatch.undo()
    scripted.breaks = scripted.breaks_after = lambda call, names: None
    clock.sleep(MARGINS.lease + 1)
    a_pass(scripted, shop, clock, owner="w2").run()
    settle(scripted, shop, clock)
    all_made_once(scripted, 5)


def test_half_a_report_creates_only_what_the_store_does_not_have(acme, shop, summer, scripted, clock):
    new_codes(summer, shop, 6)
    plain = scripted.create_many

    def half(specs):
        job = plain(specs[: len(specs) // 2])
        scripted.create_many = plain
        return job

    scripted.create_many = half
    a_pass(scripted, shop, clock).run()
    assert StoreCode.objects.filter(ref="").count() == 3
    assert (
        StoreCode.objects.filter(ref="", last_error__contains="looked up", attempts=1, suspect_until=None).count() == 3
    )
    scripted.calls.clear()
    settle(scripted, shop, clock, passes=1)
    assert calls(scripted)[0] == "find"
    all_made_once(scripted, 6)


def test_a_report_that_cannot_be_read_costs_a_look_up(acme, shop, summer, scripted, clock):
    new_codes(summer, shop, 4)
    scripted.breaks = breaking(scripted, "created_by", StoreError("The report could not be read."), once=True)
    a_pass(scripted, shop, clock).run()
    assert StoreCode.objects.filter(ref="", attempts=1, suspect_until=None).count() == 4
    scripted.calls.clear()
    settle(scripted, shop, clock, passes=1)
    assert "create_many" not in calls(scripted)
    all_made_once(scripted, 4)


def test_access_lost_before_the_report_leaves_the_codes_suspect(acme, shop, summer, scripted, clock):
    new_codes(summer, shop, 4)
    scripted.breaks = breaking(scripted, "created_by", AccessRefused("No access.", permanent=True), once=True)
    a_pass(scripted, shop, clock).run()
    assert StoreCode.objects.filter(ref="", suspect_until__gt=clock(), lease_owner="").count() == 4
    assert Store.objects.get().trouble == "No access."
    settle(scripted, shop, clock)
    all_made_once(scripted, 4)


def test_a_job_that_outlasts_our_patience_is_left_alone_and_then_adopted(acme, shop, summer, scripted, clock):
    new_codes(summer, shop, 4)
    plain = scripted.jobs_done
    scripted.jobs_done = lambda jobs: dict.fromkeys(jobs, False)
    a_pass(scripted, shop, clock).run()
    assert StoreCode.objects.filter(suspect_until__gt=clock(), ref="", attempts=1).count() == 4
    assert min(StoreCode.objects.values_list("due_at", flat=True)) >= clock() + MARGINS.suspicion / 10
    scripted.jobs_done = plain
    settle(scripted, shop, clock)
    all_made_once(scripted, 4)


def test_a_code_put_off_again_and_again_goes_in_a_small_request(acme, shop, summer, scripted, clock):
    new_codes(summer, shop, 4)
    StoreCode.objects.update(attempts=F("attempts") + 2)
    a_pass(scripted, shop, clock).run()
    assert "create_many" not in calls(scripted)
    all_made_once(scripted, 4)
