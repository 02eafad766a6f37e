"""Renames among the decisions of the sync: what is right, what comes first, what is not believed yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from offerwell.rules.store_sync import (
    ClaimedCode,
    Difference,
    Margins,
    Sighting,
    Step,
    difference,
    drift_sentence,
    is_right,
    judge,
    judge_former,
    judge_taken,
)
from tests.make import NOW

MARGINS = Margins()
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
CODE = ClaimedCode(
    id=1, code_id=1, text="NEW", title="Summer", ref="ref 1", wants_active=True, generation=7, observed_generation=3,
    starts_at=None, ends_at=None, is_suspect=False, attempts=0, last_write_at=None, acked_active=None,
    written_generation=-1, written_how="", problem="", was_renamed=True,
)  # fmt: skip
SETTLED = replace(CODE, observed_generation=7)
OFF = replace(CODE, wants_active=False)
OLD = Sighting("active", NOW - DAY, None, ref="ref 1", title="Summer", text="OLD")
NEW = replace(OLD, text="new")  # stores compare codes without case
OLD_OFF = replace(OLD, status="expired")
SEVERAL = replace(OLD, codes_count=2)
UNTOLD = replace(OLD, text="")
RENAMED_NOW = replace(CODE, last_write_at=NOW - SECOND, written_generation=7, written_how="rename")
RENAMED_BEFORE = replace(RENAMED_NOW, written_generation=6)


def step(code, seen):
    return judge(code, seen, now=NOW, margins=MARGINS).step


@pytest.mark.parametrize(
    ("code", "seen", "right"),
    [
        (CODE, NEW, True), (CODE, OLD, False), (OFF, OLD_OFF, False), (OFF, replace(NEW, status="expired"), True),
        (CODE, UNTOLD, True), (CODE, SEVERAL, False), (OFF, None, True), (CODE, None, False),
    ],
)  # fmt: skip
def test_the_text_belongs_to_what_is_right(code, seen, right):
    assert is_right(code, seen, NOW) is right


@pytest.mark.parametrize(
    ("code", "seen", "wanted"),
    [
        (CODE, OLD, Step.RENAME),
        (OFF, OLD, Step.SWITCH),  # a leaked code is off before it is renamed
        (OFF, OLD_OFF, Step.RENAME),
        (CODE, OLD_OFF, Step.RENAME),  # and none works under a text it should not have
        (CODE, SEVERAL, Step.REFUSE),  # ours may be none of them
        (replace(CODE, was_renamed=False), SEVERAL, Step.REFUSE),
        (CODE, replace(SEVERAL, text="new"), Step.CONFIRM),
        (replace(OFF, was_renamed=False), OLD_OFF, Step.CONFIRM),  # a code that is off may have any shape
        (replace(SETTLED, wants_active=False), OLD_OFF, Step.CONFIRM),
        (replace(SETTLED, last_write_at=NOW - SECOND), OLD, Step.LOOK_LATER),
        (replace(RENAMED_NOW, acked_active=False), OLD_OFF, Step.SWITCH),
        (CODE, None, Step.CREATE),
        (CODE, NEW, Step.CONFIRM),
        (CODE, replace(SEVERAL, status="expired"), Step.REFUSE),
        (SETTLED, OLD, Step.FLAG_DRIFT),
        (replace(SETTLED, is_suspect=True), OLD, Step.RENAME),  # our own request landed late
        (RENAMED_NOW, OLD, Step.LOOK_LATER),
        (RENAMED_NOW, NEW, Step.CONFIRM),
        (RENAMED_BEFORE, OLD, Step.RENAME),
        (RENAMED_BEFORE, NEW, Step.LOOK_LATER),  # perhaps from before our last rename
        (replace(RENAMED_BEFORE, written_how="switch"), NEW, Step.LOOK_LATER),
        (replace(RENAMED_BEFORE, last_write_at=NOW - DAY), NEW, Step.CONFIRM),
        (replace(RENAMED_BEFORE, was_renamed=False), NEW, Step.CONFIRM),
        (replace(RENAMED_NOW, wants_active=False), OLD, Step.SWITCH),  # nothing keeps a leaked code on
    ],
)
def test_the_next_step(code, seen, wanted):
    assert step(code, seen) == wanted


def test_an_acknowledged_status_is_still_believed_over_a_stale_read():
    """A rename says nothing of the status, and takes nothing from what is known of it."""
    code = replace(RENAMED_NOW, acked_active=False)
    assert step(code, NEW) == Step.SWITCH


def test_a_rename_by_somebody_else_is_a_difference_of_what_should_work():
    told = judge(SETTLED, OLD, now=NOW, margins=MARGINS)
    assert (told.step, told.reason) == (Step.FLAG_DRIFT, drift_sentence(SETTLED, Difference.RENAMED))
    assert difference(replace(SETTLED, wants_active=False), OLD_OFF, NOW) is None


@pytest.mark.parametrize(
    ("found", "is_ours", "wanted"),
    [(OLD, False, Step.CONFLICT), (OLD, True, Step.LOOK_LATER), (None, False, Step.LOOK_LATER)],
)
def test_a_taken_text(found, is_ours, wanted):
    verdict = judge_taken(CODE, found, is_ours=is_ours)
    assert (verdict.step, "NEW" in verdict.reason) == (wanted, True)


@pytest.mark.parametrize(
    ("code", "found", "is_ours", "wanted"),
    [
        (CODE, OLD, True, Step.ADOPT), (OFF, OLD, True, Step.ADOPT), (CODE, OLD, False, Step.LOOK_LATER),
        (CODE, SEVERAL, True, Step.LOOK_LATER), (CODE, replace(OLD, title="Other"), True, Step.LOOK_LATER),
        (CODE, None, False, Step.LOOK_LATER), (OFF, None, False, Step.CONFIRM),
    ],
)  # fmt: skip
def test_what_a_lost_create_left_under_a_former_text(code, found, is_ours, wanted):
    code = replace(code, create_until=NOW + SECOND)
    assert judge_former(code, found, is_ours=is_ours, now=NOW).step == wanted


def test_what_cannot_land_any_more_is_not_waited_for():
    over = replace(CODE, create_until=NOW)
    assert judge_former(over, None, is_ours=False, now=NOW).step == Step.CREATE
    assert step(over, OLD) == Step.RENAME


def test_a_text_is_not_given_free_while_a_lost_create_may_land_under_it():
    """It would land as a second discount. Switching off does not wait."""
    creating = replace(CODE, create_until=NOW + SECOND)
    assert step(creating, OLD) == Step.LOOK_LATER
    assert step(replace(creating, wants_active=False), OLD) == Step.SWITCH
    assert step(replace(creating, wants_active=False), OLD_OFF) == Step.LOOK_LATER
    assert step(creating, NEW) == Step.CONFIRM
