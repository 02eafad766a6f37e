"""Every code is read at least once in the interval, however the rounds fall, and the reads are spread."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerwell.rules.audit_pace import BATCH, AuditPace
from tests.make import NOW

HOUR = timedelta(hours=1)
PACE = AuditPace(24 * HOUR)


@given(first_age=st.integers(0, 48 * 60), phase=st.integers(0, 24 * 60))
def test_a_code_that_nothing_else_reads_is_read_once_in_every_interval(first_age, phase):
    """A round comes by every `round`; the code is read when it is overdue then."""
    now = NOW + timedelta(minutes=phase)
    read_at = now - timedelta(minutes=first_age)
    reads = []
    for _ in range(20):
        if read_at < PACE.read_before(now, None):
            reads.append(now)
            read_at = now
        now += PACE.round
    gaps = [later - earlier for earlier, later in pairwise(reads)]
    assert len(reads) >= 8
    assert all(timedelta(hours=12) < gap <= PACE.interval for gap in gaps)


@pytest.mark.parametrize("codes", [1, BATCH, 10_000, 1_000_000])
def test_a_round_takes_its_time_and_ends_within_it(codes):
    batches = -(-codes // BATCH)
    end = NOW
    for _ in range(batches):
        end = PACE.next_batch(end, codes, is_asked=False)
    assert NOW + PACE.round * 0.99 <= end <= NOW + PACE.round + timedelta(seconds=1)


def test_what_was_asked_for_does_not_wait_and_means_every_code_not_read_since():
    assert PACE.next_batch(NOW, 10_000, is_asked=True) == NOW
    assert PACE.read_before(NOW, NOW) == NOW
    assert PACE.read_before(NOW + 48 * HOUR, NOW) == NOW + 48 * HOUR - (PACE.interval - PACE.round)
