"""What goes wrong, how often, and a count of every time that it did.

Each run takes some kinds at one, two or no times their usual rate ("swarm"): a run with everything hides what
only few faults together show.
"""

from __future__ import annotations

from datetime import timedelta

# The chance at one port call (first group), one request (second), one code or job (third), one hint (fourth).
RATES = {
    "crash": 0.004, "pause": 0.005, "own_error": 0.005, "told_to_stop": 0.004, "clock_jump": 0.01,
    "request_lost": 0.03, "answer_lost": 0.03, "applied_late": 0.06, "error_before_effect": 0.03,
    "error_after_effect": 0.03, "throttle": 0.03, "busy": 0.02, "stale_read": 0.08, "read_lost": 0.02,
    "access_refused": 0.006, "poisoned": 0.06,
    "silent_item_failure": 0.03, "slow_job": 0.09, "endless_job": 0.03, "half_failed_job": 0.05,
    "hint_lost": 0.3, "hint_twice": 0.2, "hint_late": 0.2,
    "confirm_unanswered": 0.15, "pressed_twice": 0.1,
}  # fmt: skip
OUTSIDE = {
    "outside_activate": 0.08, "outside_deactivate": 0.1, "outside_delete": 0.04, "outside_rename": 0.03,
    "outside_second_code": 0.02,
}  # fmt: skip
RENAMING = {"text_taken": 0.05}
ALL = (*RATES, *OUTSIDE, "clock_jump_of_an_hour")
# The simulated world keeps within the margins that the product assumes: a paused worker, then a request that
# lands late, then a slow job must together act before late_landing (900 s) is over; a read is at most as old as
# replica_lag (5 s) allows for clocks that differ by a second.
PAUSE, LATE, SLOW_JOB, STALE, CLOCKS_APART = (61.0, 150.0), 300.0, 300.0, 2.5, 1.0
TIMEOUT = 30.0


class Faults:
    """The faults of one run."""

    def __init__(self, world, *, is_full=False, is_quiet=False, has_refreshes=False):
        self.world = world
        kinds = RATES | (OUTSIDE if is_full else {}) | (RENAMING if has_refreshes else {})
        self.rates = {kind: 0.0 if is_quiet else rate * world.rng.choice((0, 1, 1, 2)) for kind, rate in kinds.items()}
        self.jumps_hours = is_full and not is_quiet and world.rng.random() < 0.2
        self.access_until = world.now

    def strikes(self, kind):
        """Whether this goes wrong now. Counted."""
        rate = self.rates.get(kind, 0.0)
        if self.world.is_calm or not rate or self.world.rng.random() >= rate:
            return False
        self.world.coverage[kind] += 1
        return True

    def refuses_access(self):
        if self.strikes("access_refused"):
            self.access_until = self.world.now + timedelta(seconds=self.world.between(2, 90))
        return not self.world.is_calm and self.world.now < self.access_until

    def jump(self):
        """How far a worker's clock is off from now on, in seconds."""
        if self.jumps_hours and self.world.rng.random() < 0.3:
            self.world.coverage["clock_jump_of_an_hour"] += 1
            return self.world.rng.choice((-3600.0, 3600.0))
        return self.world.between(-CLOCKS_APART, CLOCKS_APART) / 2
