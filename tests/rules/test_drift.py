"""What counts as a difference, what is written for it, and what a person may do about each kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerwell.rules.drift import COURSES, Verb, may_restore_again, reason_without_course
from offerwell.rules.store_sync import (
    NEVER,
    Difference,
    Sighting,
    Step,
    difference,
    drift_sentence,
    is_right,
    judge,
)
from tests.make import NOW
from tests.rules.test_store_sync import ACTIVE, CODE, DAY, ENDING, EXPIRED, MARGINS, OFF, SCHEDULED, ending, starting

SEEN = replace(CODE, observed_generation=7)
SEEN_OFF = replace(OFF, observed_generation=7)
OTHER = replace(ACTIVE, text="OTHER")
LEFT = {"refusal": "Leave it."}
TWO = replace(ACTIVE, text="GLOW", codes_count=2)


@pytest.mark.parametrize(
    ("code", "seen", "kind"),
    [
        (SEEN, replace(ACTIVE, text="glow"), None),
        (SEEN, ACTIVE, None),
        (SEEN, EXPIRED, "switched_off"),
        (SEEN, None, "missing"),
        (SEEN, OTHER, "renamed"),
        (SEEN, replace(OTHER, status="expired"), "renamed"),
        (SEEN, TWO, "extra_codes"),
        (SEEN, SCHEDULED, "dates"),
        (SEEN_OFF, ACTIVE, "switched_on"),
        (SEEN_OFF, SCHEDULED, "switched_on"),
        (SEEN_OFF, EXPIRED, None),
        (SEEN_OFF, None, None),
        (SEEN_OFF, replace(EXPIRED, text="OTHER", codes_count=2), None),
        (ending(SEEN, 1), ENDING, None),
        (ending(SEEN, 1), ACTIVE, "dates"),
        (ending(SEEN, 1), replace(ENDING, text="OTHER"), "renamed"),
        (ending(SEEN, -1), EXPIRED, None),
        (ending(SEEN, -1), None, None),
        (ending(SEEN, -1), replace(EXPIRED, text="OTHER", codes_count=3), None),
        (ending(SEEN, -1), ACTIVE, "dates"),
        (starting(SEEN, 1), ACTIVE, "dates"),
        (replace(SEEN, ends_at=NEVER), ACTIVE, None),
        (replace(SEEN, ends_at=NEVER), ENDING, "dates"),
        (SEEN, replace(ACTIVE, **LEFT), "by_hand"),
        (SEEN, replace(OTHER, **LEFT), "by_hand"),
        (SEEN, replace(TWO, **LEFT), "by_hand"),
        (SEEN_OFF, replace(EXPIRED, **LEFT), "by_hand"),
        (SEEN_OFF, replace(ACTIVE, **LEFT), "by_hand"),
        (ending(SEEN, -1), replace(EXPIRED, **LEFT), "by_hand"),
    ],
)
def test_what_differs(code, seen, kind):
    assert difference(code, seen, NOW) == kind
    step = judge(code, seen, now=NOW, margins=MARGINS).step
    assert step == (Step.CONFIRM if kind is None else Step.FLAG_DRIFT)


@pytest.mark.parametrize(
    ("code", "seen", "step"),
    [
        (CODE, OTHER, Step.RENAME),
        (CODE, replace(OTHER, status="expired"), Step.RENAME),
        (CODE, replace(OTHER, text=""), Step.CONFIRM),
        (OFF, OTHER, Step.SWITCH),
        (OFF, replace(EXPIRED, text="OTHER"), Step.CONFIRM),
        (CODE, replace(OTHER, codes_count=2), Step.REFUSE),  # ours may be none of them
        (CODE, TWO, Step.CONFIRM),
        (replace(CODE, ends_at=NEVER), EXPIRED, Step.SET_WINDOW),
        (replace(CODE, ends_at=NEVER), ENDING, Step.SET_WINDOW),
    ],
)
def test_what_is_written_when_ours_is_wanted(code, seen, step):
    assert judge(code, seen, now=NOW, margins=MARGINS).step == step


def test_an_old_name_read_after_our_own_write_is_waited_for():
    fresh = replace(
        CODE, acked_active=True, last_write_at=NOW - timedelta(seconds=1), written_generation=7, written_how="rename"
    )  # fmt: skip
    assert judge(fresh, OTHER, now=NOW, margins=MARGINS).step == Step.LOOK_LATER


@pytest.mark.parametrize("kind", list(Difference))
def test_every_kind_has_a_sentence_and_can_be_restored_but_for_what_a_person_must_do_there(kind):
    assert drift_sentence(CODE, kind).startswith("We want Active, ")
    assert (kind in COURSES[Verb.RESTORE]) == (kind not in {Difference.EXTRA_CODES, Difference.BY_HAND})
    for verb in Verb:
        assert kind in COURSES[verb] or reason_without_course(kind).value == kind.value
    adopted, restored = COURSES[Verb.ADOPT].get(kind), COURSES[Verb.RESTORE].get(kind)
    if adopted and restored and adopted.what == "status":
        assert adopted.to_active != restored.to_active


shown = st.none() | st.builds(
    Sighting,
    status=st.sampled_from(["active", "expired", "scheduled"]),
    starts_at=st.sampled_from([NOW - DAY, NOW + DAY]),
    ends_at=st.sampled_from([None, NOW - DAY, NOW + DAY, NOW + 2 * DAY]),
    codes_count=st.integers(1, 2),
    text=st.sampled_from(["", "GLOW", "glow", "OTHER"]),
    refusal=st.sampled_from(["", "", "Leave it."]),
)
codes = st.builds(
    lambda active, starts, ends: replace(SEEN, wants_active=active, starts_at=starts, ends_at=ends),
    st.booleans(),
    st.sampled_from([None, NOW - DAY, NOW + DAY]),
    st.sampled_from([None, NEVER, NOW - DAY, NOW + DAY, NOW + 2 * DAY]),
)


@given(codes, shown)
def test_nothing_to_write_and_one_code_means_no_difference(code, seen):
    """A difference always leaves something to do: what is settled is flagged for its other codes alone."""
    kind = difference(code, seen, NOW)
    if is_right(code, seen, NOW):
        assert kind in {None, Difference.EXTRA_CODES}
    else:
        assert kind is not None


def test_two_systems_do_not_fight_for_ever():
    assert may_restore_again(0, None, at=NOW, most=3)
    assert may_restore_again(2, NOW - timedelta(hours=23), at=NOW, most=3)
    assert not may_restore_again(3, NOW - timedelta(hours=23), at=NOW, most=3)
    assert may_restore_again(3, NOW - timedelta(hours=24), at=NOW, most=3)
    assert not may_restore_again(0, NOW, at=NOW, most=0)
