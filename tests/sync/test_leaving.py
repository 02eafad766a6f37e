"""A worker that is told to stop while it waits its turn leaves within about a second, however long the wait."""

from __future__ import annotations

from datetime import timedelta

import pytest

from offerwell.actions.sync_pass import Interrupted, Pass
from offerwell.rules.store_sync import Margins
from tests import make

MARGINS = Margins(lease=60, late_landing=900, replica_lag=5)


@pytest.mark.parametrize("asked_after", [0.5, 3.2, 41.0])
def test_a_stop_in_the_middle_of_a_long_sleep_is_heard(asked_after):
    slept = []
    work = Pass(
        None, None, lambda: make.NOW + timedelta(seconds=sum(slept)), slept.append, lambda: 0.5, MARGINS,
        lambda: sum(slept) >= asked_after,
    )  # fmt: skip
    with pytest.raises(Interrupted):
        work.nap(600)
    assert asked_after <= sum(slept) <= asked_after + 1


def test_unasked_it_sleeps_exactly_as_long_as_it_should():
    slept = []
    Pass(None, None, lambda: make.NOW, slept.append, lambda: 0.5, MARGINS).nap(7.5)
    assert (sum(slept), max(slept)) == (7.5, 1.0)
