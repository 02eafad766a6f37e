"""How the sandbox store behaves, as facts that can be looked for on a real store: what the doctor compares.

One place: the sandbox's tests hold it to these facts, the sync relies on them, and `offerwell stores doctor` says where
a store differs. `recorded` was seen on real stores, `documented` is Shopify's word, `assumed` is nobody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """How sure the fact is."""

    RECORDED = "recorded"
    DOCUMENTED = "documented"
    ASSUMED = "assumed"


class Verdict(StrEnum):
    """What became of an expectation."""

    SAME = "same"
    DIFFERS = "differs"
    SKIPPED = "not checked"


@dataclass(frozen=True, slots=True)
class Expectation:
    """One fact. `expected` is what is seen where the fact holds."""

    name: str
    fact: str
    expected: str
    source: Source


# How far apart two clocks may be before dates of ours mean something else there.
MOST_SKEW_SECONDS = 5.0
# A job on the sandbox takes 0.3 s; the sync polls for minutes. Beyond this it is worth knowing.
LONGEST_JOB_SECONDS = 30.0
# The sync trusts an acknowledged write so long before it believes a read (OFFERWELL_SYNC_REPLICA_LAG).
LONGEST_LAG_SECONDS = 5.0

SCOPES = Expectation("scopes", "the app has the scopes Offerwell needs", "all", Source.DOCUMENTED)
VERSION = Expectation("version", "the version of the API that was asked for answers", "the same", Source.DOCUMENTED)
OPERATIONS = Expectation(
    "operations", "the store's schema has every root field and argument we send", "all", Source.DOCUMENTED
)
BUCKET = Expectation(
    "bucket", "the bucket holds 20 seconds of its restore rate", "20 s", Source.ASSUMED
)  # Standard's 2,000 and 100 are recorded, the other plans' sizes are not.
COSTS = Expectation("costs", "a request costs the points Offerwell reserves for it", "all", Source.RECORDED)
CLOCK = Expectation("clock", "the store's clock and ours agree", f"within {MOST_SKEW_SECONDS:g} s", Source.ASSUMED)

CREATED = Expectation("create", "a discount is created for a new code", "created", Source.RECORDED)
CREATED_SHOWN = Expectation(
    "create_shown", "a read by id shows a new discount as active, at once", "active", Source.RECORDED
)
CODE_TAKEN = Expectation("code_taken", "the same code is refused as taken", "taken", Source.RECORDED)
CASE_TAKEN = Expectation("case_taken", "the same code in other letters is refused as taken", "taken", Source.ASSUMED)
DEACTIVATED = Expectation(
    "deactivate", "deactivating ends the window now and keeps its start", "expired, ended now", Source.RECORDED
)
DEACTIVATED_AGAIN = Expectation(
    "deactivate_again", "deactivating again changes nothing", "the same end", Source.RECORDED
)
ACTIVATED = Expectation("activate", "activating clears the end and keeps the start", "active, no end", Source.RECORDED)
ACTIVATED_AGAIN = Expectation("activate_again", "activating again changes nothing", "the same window", Source.RECORDED)
FOUND = Expectation("find", "a code is found whatever the case", "found", Source.RECORDED)
WINDOW = Expectation("window", "a new window is kept to the second", "as given", Source.RECORDED)
SCHEDULED = Expectation("schedule", "a window in the future is scheduled", "scheduled", Source.RECORDED)
STARTED_EARLY = Expectation(
    "start_early", "activating a scheduled discount starts it now and keeps its planned end",
    "active, started now, same end", Source.ASSUMED,
)  # fmt: skip
DELETED = Expectation("delete", "a deleted discount is gone by id and by code", "gone", Source.RECORDED)
JOB_TIME = Expectation("job_time", "a bulk job ends soon", f"within {LONGEST_JOB_SECONDS:g} s", Source.ASSUMED)
LAG = Expectation("read_lag", "a read shows a finished change", f"within {LONGEST_LAG_SECONDS:g} s", Source.ASSUMED)

READING = (SCOPES, VERSION, OPERATIONS, BUCKET, COSTS, CLOCK)
WRITING = (
    CREATED, CREATED_SHOWN, CODE_TAKEN, CASE_TAKEN, DEACTIVATED, DEACTIVATED_AGAIN, ACTIVATED, ACTIVATED_AGAIN,
    FOUND, WINDOW, SCHEDULED, STARTED_EARLY, DELETED, JOB_TIME, LAG,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen of one expectation."""

    expectation: Expectation
    seen: str
    verdict: Verdict

    def to_json(self) -> dict[str, str]:
        """For scripts."""
        return {
            "check": self.expectation.name, "fact": self.expectation.fact, "expected": self.expectation.expected,
            "seen": self.seen, "verdict": self.verdict.value, "source": self.expectation.source.value,
        }  # fmt: skip


def finding(expectation: Expectation, seen: str, *, same: bool) -> Finding:
    """A finding of something that was looked at."""
    return Finding(expectation, seen, Verdict.SAME if same else Verdict.DIFFERS)


def skipped(expectation: Expectation, why: str) -> Finding:
    """A finding of something that could not be looked at."""
    return Finding(expectation, why, Verdict.SKIPPED)
