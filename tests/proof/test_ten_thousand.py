"""10,010 codes of one offer through the sandbox store: few calls, nothing re-created, ends restored.

Numbers are printed (`-s`): calls, seconds, and the highest memory of the process that followed the store.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.proof.ground import Ground

CODES = 10_010
MOST_CALLS = 130
END = datetime(2027, 6, 1, tzinfo=UTC)


class Founders:
    """The offer, its codes in the sandbox store, and what following a change cost."""

    def __init__(self, folder, pacing):
        self.ground = Ground(folder)
        self.shop = self.ground.sandbox(pacing=pacing)
        self.place = None

    def fill(self, ends_at=None):
        began = (datetime.now(UTC) - timedelta(days=9)).isoformat(timespec="seconds")
        end = ends_at and ends_at.isoformat()
        self.shop.seed([
            {"code": f"CODE{n}", "title": "Summer", "startsAt": began, "endsAt": end, "percentage": 0.2}
            for n in range(CODES)
        ])  # fmt: skip
        self.ids = {row["code"]: row["id"] for row in self.shop.discounts()}
        self.place = self.ground.play(
            "adopt", refs_file=self._file(self.ids), stores=[self.shop.connection()], ends_at=end
        )
        self.shop.forget_requests()

    def _file(self, refs):
        import json

        path = self.ground.folder / "refs.json"
        path.write_text(json.dumps(refs))
        return str(path)

    def follow(self, *, to_active):
        """Change all codes and follow until nothing is due. Gives what the store saw and what it cost."""
        self.shop.forget_requests()
        told = self.ground.play("follow", ground=self.place, to_active=to_active)
        calls = self.shop.requests()
        found = {
            "calls": len(calls), "mutations": sum(call["mutation"] for call in calls),
            "by operation": dict(Counter(call["operation"] for call in calls)), **told,
        }  # fmt: skip
        print(f"{self.ground.engine}, to_active={to_active}: {found}")
        return found, calls

    def shown(self):
        return self.shop.discounts()

    def create(self, *, by_file=True):
        """Create every code, none of which the store knows. Gives what it cost, and the refs that are kept."""
        refs = self._file({f"CODE{n}": "" for n in range(CODES)})
        self.place = self.ground.play("adopt", refs_file=refs, stores=[self.shop.connection()])
        self.shop.forget_requests()
        told = self.ground.play("create_all", ground=self.place, by_file=by_file)
        refs, calls = told.pop("refs"), self.shop.requests()
        found = {
            "calls": len(calls), "points": sum(call["cost"] or 0 for call in calls if not call["throttled"]),
            "throttled": sum(call["throttled"] for call in calls),
            "by operation": dict(Counter(call["operation"] for call in calls)), **told,
        }  # fmt: skip
        print(f"{self.ground.engine}, created {'by file' if by_file else 'one by one'}: {found}")
        assert refs == {row["code"]: row["id"] for row in self.shown()}
        assert len(refs) == CODES
        return found


@pytest.fixture
def founders(tmp_path, request):
    made = Founders(tmp_path, getattr(request, "param", "off"))
    yield made
    made.ground.close()


def done(**counts):
    return {"state": "done", "counts": counts}


def test_ten_thousand_codes_there_and_back_in_few_calls(founders):
    founders.fill()
    off, _ = founders.follow(to_active=False)
    assert off["progress"] == done(confirmed=CODES)
    assert Counter(row["status"] for row in founders.shown()) == {"EXPIRED": CODES}
    assert off["calls"] <= MOST_CALLS
    again, _ = founders.follow(to_active=False)
    assert (again["mutations"], again["calls"] <= 45) == (0, True)
    on, _ = founders.follow(to_active=True)
    assert on["progress"] == done(confirmed=CODES)
    shown = founders.shown()
    assert Counter((row["status"], row["endsAt"]) for row in shown) == {("ACTIVE", None): CODES}
    assert {row["code"]: row["id"] for row in shown} == founders.ids
    assert on["calls"] <= MOST_CALLS


@pytest.mark.slow
def test_planned_ends_of_ten_thousand_codes_are_restored(founders):
    founders.fill(ends_at=END)
    founders.follow(to_active=False)
    assert Counter(row["status"] for row in founders.shown()) == {"EXPIRED": CODES}
    on, _ = founders.follow(to_active=True)
    assert on["progress"] == done(confirmed=CODES)
    shown = founders.shown()
    assert Counter((row["status"], row["endsAt"]) for row in shown) == {("ACTIVE", "2027-06-01T00:00:00Z"): CODES}
    assert {row["code"]: row["id"] for row in shown} == founders.ids
    assert on["calls"] <= 2 * MOST_CALLS + 60


@pytest.mark.slow
@pytest.mark.parametrize("founders", ["standard"], indirect=True)
def test_pacing_of_the_standard_plan_fails_no_code(founders):
    founders.fill()
    off, calls = founders.follow(to_active=False)
    assert off["progress"] == done(confirmed=CODES)
    throttled = sum(1 for call in calls if call["status"] != "ok" and "THROTTLED" in str(call))
    assert throttled <= 0.02 * len(calls)


def test_ten_thousand_codes_are_created_by_three_files(founders):
    """41 reads, 3 files and a few polls, in place of 51 look-ups and 112 requests of 90 creations."""
    found = founders.create()
    named = found["by operation"]
    assert {name: named[name] for name in ("StageUpload", "BulkRun", "BulkResult", "NodeStatuses")} == {
        "StageUpload": 3, "BulkRun": 3, "BulkResult": 3, "NodeStatuses": 41,
    }  # fmt: skip
    assert {"CreateBasic", "CodeLookup"} & set(named) == set()
    assert found["calls"] <= MOST_CALLS
    assert found["points"] < 500


@pytest.mark.slow
@pytest.mark.parametrize("founders", ["standard"], indirect=True)
def test_ten_thousand_creations_at_the_pace_of_a_standard_plan(founders):
    assert founders.create()["throttled"] == 0
