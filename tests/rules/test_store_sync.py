"""The decisions of the sync, each alone, and what must hold for all of them together."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offerwell.rules.store_sync import (
    LONGEST_PAUSE,
    ClaimedCode,
    Margins,
    Sighting,
    Step,
    backoff,
    is_right,
    judge,
    judge_found,
    longer_pause,
    look_again_at,
)
from tests.make import NOW

MARGINS = Margins()
DAY = timedelta(days=1)
LAG = timedelta(seconds=MARGINS.replica_lag)
CODE = ClaimedCode(
    id=1, code_id=1, text="GLOW", title="Summer", ref="ref 1", wants_active=True, generation=7, observed_generation=3,
    starts_at=None, ends_at=None, is_suspect=False, attempts=0, last_write_at=None, acked_active=None,
    written_generation=-1, written_how="", problem="",
)  # fmt: skip
OFF = replace(CODE, wants_active=False)
ACTIVE = Sighting("active", NOW - DAY, None, ref="ref 1", title="Summer")
EXPIRED = Sighting("expired", NOW - DAY, NOW - DAY / 2, ref="ref 1", title="Summer")
SCHEDULED = Sighting("scheduled", NOW + DAY, None, ref="ref 1", title="Summer")
ENDING = replace(ACTIVE, ends_at=NOW + DAY)


def ending(code, days):
    return replace(code, ends_at=NOW + days * DAY)


def starting(code, days):
    return replace(code, starts_at=NOW + days * DAY)


@pytest.mark.parametrize(
    ("code", "seen", "right"),
    [
        (OFF, EXPIRED, True),
        (OFF, None, True),
        (OFF, ACTIVE, False),
        (OFF, SCHEDULED, False),
        (CODE, ACTIVE, True),
        (CODE, EXPIRED, False),
        (CODE, SCHEDULED, False),
        (CODE, None, False),
        (ending(CODE, 1), ENDING, True),
        (ending(CODE, 1), ACTIVE, False),
        (ending(CODE, 2), ENDING, False),
        (ending(CODE, 1), replace(ENDING, ends_at=NOW + DAY + timedelta(milliseconds=900)), True),
        (ending(CODE, -1), EXPIRED, True),
        (ending(CODE, -1), ACTIVE, False),
        (ending(CODE, 0), EXPIRED, True),
        (starting(CODE, 1), SCHEDULED, True),
        (starting(CODE, 1), ACTIVE, False),
        (starting(CODE, -1), ACTIVE, True),
        (starting(CODE, 0), ACTIVE, True),
        (CODE, replace(ACTIVE, refusal="Leave it."), False),
        (OFF, replace(EXPIRED, refusal="Leave it."), False),
    ],
)
def test_what_is_right(code, seen, right):
    assert is_right(code, seen, NOW) is right


@pytest.mark.parametrize(
    ("code", "seen", "step"),
    [
        (CODE, ACTIVE, Step.CONFIRM),
        (CODE, EXPIRED, Step.SWITCH),
        (OFF, ACTIVE, Step.SWITCH),
        (OFF, None, Step.CONFIRM),
        (CODE, None, Step.CREATE),
        (CODE, SCHEDULED, Step.SWITCH),
        (ending(CODE, 1), EXPIRED, Step.SET_WINDOW),
        (ending(OFF, 1), ENDING, Step.SWITCH),
        (starting(CODE, 1), EXPIRED, Step.SET_WINDOW),
        (starting(CODE, -1), EXPIRED, Step.SWITCH),
        (CODE, replace(EXPIRED, codes_count=2), Step.REFUSE),
        (CODE, replace(ACTIVE, codes_count=2), Step.CONFIRM),
        (CODE, replace(EXPIRED, refusal="Leave it."), Step.REFUSE),
        (OFF, replace(EXPIRED, refusal="Leave it."), Step.REFUSE),
        (CODE, replace(ACTIVE, text="OTHER", refusal="Leave it."), Step.REFUSE),
        (replace(OFF, observed_generation=7), replace(EXPIRED, refusal="Leave it."), Step.FLAG_DRIFT),
        (replace(CODE, observed_generation=7), EXPIRED, Step.FLAG_DRIFT),
        (replace(CODE, observed_generation=7), None, Step.FLAG_DRIFT),
        (replace(OFF, observed_generation=7), ACTIVE, Step.FLAG_DRIFT),
        (replace(CODE, observed_generation=7, is_suspect=True), EXPIRED, Step.SWITCH),
    ],
)
def test_the_next_step_after_a_read(code, seen, step):
    assert judge(code, seen, now=NOW, margins=MARGINS).step == step


def written(code, *, acked, seconds_ago):
    return replace(code, acked_active=acked, last_write_at=NOW - timedelta(seconds=seconds_ago))


@pytest.mark.parametrize(
    ("code", "seen", "step"),
    [
        (written(CODE, acked=True, seconds_ago=1), EXPIRED, Step.LOOK_LATER),
        (written(CODE, acked=True, seconds_ago=1), None, Step.LOOK_LATER),
        (written(CODE, acked=True, seconds_ago=1), ACTIVE, Step.CONFIRM),
        (written(CODE, acked=True, seconds_ago=5), EXPIRED, Step.SWITCH),
        (written(OFF, acked=True, seconds_ago=1), EXPIRED, Step.SWITCH),
        (written(OFF, acked=True, seconds_ago=5), EXPIRED, Step.CONFIRM),
        (written(CODE, acked=None, seconds_ago=1), EXPIRED, Step.SWITCH),
        (replace(written(OFF, acked=True, seconds_ago=1), observed_generation=7), EXPIRED, Step.LOOK_LATER),
    ],
)
def test_our_own_acknowledged_write_is_believed_before_a_read_that_may_be_old(code, seen, step):
    assert judge(code, seen, now=NOW, margins=MARGINS).step == step


@pytest.mark.parametrize(
    ("code", "found", "is_ours", "step"),
    [
        (CODE, None, False, Step.CREATE),
        (OFF, None, False, Step.CONFIRM),
        (written(OFF, acked=True, seconds_ago=1), None, False, Step.LOOK_LATER),
        (written(OFF, acked=True, seconds_ago=5), None, False, Step.CONFIRM),
        (written(CODE, acked=None, seconds_ago=1), None, False, Step.CREATE),
        (CODE, ACTIVE, True, Step.ADOPT),
        (OFF, EXPIRED, True, Step.ADOPT),
        (CODE, ACTIVE, False, Step.CONFLICT),
        (CODE, replace(ACTIVE, title="Winter"), True, Step.CONFLICT),
        (CODE, replace(ACTIVE, codes_count=2), True, Step.CONFLICT),
        (CODE, replace(ACTIVE, refusal="Leave it."), True, Step.CONFLICT),
    ],
)
def test_the_next_step_after_a_look_up_by_text(code, found, is_ours, step):
    assert judge_found(code, found, is_ours=is_ours, now=NOW, margins=MARGINS).step == step


def test_reasons_are_sentences_with_the_next_step():
    conflict = judge_found(CODE, replace(ACTIVE, title="Winter"), is_ours=True, now=NOW, margins=MARGINS).reason
    assert conflict == (
        "The code GLOW belongs to another discount in the store (“Winter”). "
        "Rename or delete it there, or give the member another code, then retry."
    )
    drift = judge(replace(OFF, observed_generation=7), ACTIVE, now=NOW, margins=MARGINS).reason
    assert drift == "We want Deactivated, the store shows it as active. Someone changed it there."
    drifted, refused = replace(CODE, observed_generation=7), replace(ACTIVE, refusal="Leave it.")
    assert judge(drifted, refused, now=NOW, margins=MARGINS).reason == "Leave it."
    assert judge(CODE, refused, now=NOW, margins=MARGINS).reason == "Leave it."
    assert judge_found(CODE, refused, is_ours=True, now=NOW, margins=MARGINS).reason == "Leave it."


MOMENTS = st.one_of(st.none(), st.floats(-3, 3, allow_nan=False).map(lambda days: NOW + days * DAY))
SIGHTINGS = st.one_of(
    st.none(),
    st.builds(
        Sighting, st.sampled_from(["active", "scheduled", "expired"]), MOMENTS, MOMENTS, st.integers(1, 2),
        st.sampled_from(["Summer", "Winter"]), text=st.sampled_from(["", "glow", "OTHER"]),
        refusal=st.sampled_from(["", "Leave it."]),
    ),
)  # fmt: skip
CODES = st.builds(
    replace, st.just(CODE), wants_active=st.booleans(), observed_generation=st.sampled_from([-1, 3, 7]),
    starts_at=MOMENTS, ends_at=MOMENTS, is_suspect=st.booleans(), last_write_at=MOMENTS,
    acked_active=st.sampled_from([None, True, False]), attempts=st.integers(0, 40),
)  # fmt: skip


@given(code=CODES, seen=SIGHTINGS)
@settings(max_examples=400, deadline=None)
def test_what_holds_for_every_code_and_every_sighting(code, seen):
    step = judge(code, seen, now=NOW, margins=MARGINS).step
    is_fresh = code.acked_active is not None and code.last_write_at is not None and code.last_write_at + LAG > NOW
    if step == Step.CONFIRM:
        assert is_right(code, seen, NOW)
    if step in {Step.SWITCH, Step.SET_WINDOW, Step.CREATE}:
        assert code.is_push
        assert not is_right(code, seen, NOW) or (is_fresh and code.acked_active != code.wants_active)
    if step == Step.FLAG_DRIFT:
        assert not code.is_push
    if step == Step.LOOK_LATER:
        assert is_fresh
        assert look_again_at(code, NOW, MARGINS) > NOW
    if seen is not None and (seen.codes_count > 1 or seen.refusal):
        assert step not in {Step.SWITCH, Step.SET_WINDOW, Step.CREATE, Step.RENAME}
    if seen is not None and seen.refusal:
        assert step != Step.CONFIRM


@given(code=CODES, seen=SIGHTINGS)
@settings(max_examples=300, deadline=None)
def test_doing_the_step_makes_it_right(code, seen):
    """What the store shows after our write is right; else a pass would write for ever."""
    code = replace(code, acked_active=None)
    step = judge(code, seen, now=NOW, margins=MARGINS).step
    starts_at = code.starts_at or (seen.starts_at if seen else None) or NOW - DAY
    if code.wants_active and code.starts_at is None and starts_at > NOW:
        return  # no planned start, and the store's own is still to come: the plain switch below moves it
    if step == Step.SET_WINDOW or (step == Step.CREATE and code.wants_active):
        after = Sighting(shown_at(starts_at, code.ends_at), starts_at, code.ends_at)
    elif step == Step.SWITCH:
        after = Sighting("active", NOW, None) if code.wants_active else Sighting("expired", NOW - DAY, NOW)
    else:
        return
    assert is_right(code, after, NOW)


def shown_at(starts_at, ends_at):
    if ends_at is not None and ends_at <= NOW:
        return "expired"
    return "scheduled" if starts_at > NOW else "active"


@given(attempts=st.integers(0, 10_000), jitter=st.floats(0, 1))
def test_backoff_doubles_up_to_its_cap_and_never_hurries(attempts, jitter):
    full = min(MARGINS.backoff_cap, MARGINS.backoff_base * 2 ** min(attempts, 20))
    assert full / 2 <= backoff(attempts, jitter, MARGINS).total_seconds() <= full


def test_backoff_in_numbers():
    assert [backoff(n, 1, MARGINS).total_seconds() for n in (0, 1, 2, 5, 9, 10, 30)] == [2, 4, 8, 64, 1024, 1800, 1800]


@pytest.mark.parametrize(
    ("lasted", "pause"), [(0, 2), (8, 2), (60, 15), (480, 120), (86_400, 120)]
)  # fmt: skip
def test_pauses_are_a_quarter_of_the_trouble(lasted, pause):
    assert longer_pause(timedelta(seconds=2), timedelta(seconds=lasted)) == timedelta(seconds=pause)


def test_a_pause_the_store_asked_for_is_never_cut():
    assert longer_pause(3 * LONGEST_PAUSE, timedelta(0)) == 3 * LONGEST_PAUSE
