"""Two people at once on overlapping sets: every answer must be explained by one order of the bulk changes.

Eight clients in two processes plan, confirm, click twice, repeat under the same key and undo. Afterwards the
bulk changes are replayed by their numbers: linear time, no search (trust §4.3).
"""

from __future__ import annotations

import json
import time

import pytest

from tests.proof.ground import Ground
from tests.proof.tier import IS_LARGE, report

SECONDS = 60 if IS_LARGE else 8
OPERATIONS = 2_000 if IS_LARGE else 40  # at least; each of the eight goes on until it did its eighth
LONGEST = 600


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """What the clients wrote down, and what is stored in the end."""
    ground = Ground(tmp_path_factory.mktemp("history"))
    try:
        place = ground.play("seed", codes=60, extra_every=3, ended_every=15)
        start_at = time.monotonic() + 2.0
        running = [
            ground.start_play(
                "clients", ground=place, names=[f"{n}{letter}" for letter in "abcd"], seconds=SECONDS, seed_number=7,
                start_at=start_at, at_least=-(-OPERATIONS // 8),
            )
            for n in range(2)
        ]  # fmt: skip
        answers = [json.loads(process.communicate(timeout=LONGEST)[0].splitlines()[-1]) for process in running]
        log = [entry for answer in answers for entry in answer["log"]]
        yield log, ground.play("stored", ground=place), sum(answer["out_of_date"] for answer in answers)
    finally:
        ground.close()


def meant_by(change, codes, by_id):
    """The codes a change was about."""
    if change["undoes_id"]:
        return {int(target) for target in by_id[change["undoes_id"]]["items"]}
    selection = change["selection"]
    if selection["ids"] is not None:
        return {code["id"] for code in codes if code["enrollment__member_id"] in set(selection["ids"])}
    return {code["id"] for code in codes if code["enrollment__member_id"] not in set(selection["exclude"])}


def outcome(code_id, state, change, ended):
    """The rule, once more and by itself: what becomes of one code."""
    is_active, last = state[code_id]
    if change["undoes_id"] and last != change["undoes_id"]:
        return "excluded"
    if is_active == change["to_active"]:
        return "already_so"
    return "excluded" if change["to_active"] and code_id in ended else "changed"


def test_every_change_is_explained_by_the_ones_before_it(history):
    _, stored, _ = history
    state = {code["id"]: (True, 0) for code in stored["codes"]}
    by_id, ended = {change["id"]: change for change in stored["changes"]}, set(stored["ended"])
    for change in stored["changes"]:
        became = {
            code_id: outcome(code_id, state, change, ended) for code_id in meant_by(change, stored["codes"], by_id)
        }
        told = {name: change[name] for name in ("changed", "already_so", "excluded")}
        assert told == {name: list(became.values()).count(name) for name in told}, change["id"]
        expected = {str(code_id): state[code_id][0] for code_id, name in became.items() if name == "changed"}
        assert change["items"] == expected, change["id"]
        state |= {int(code_id): (change["to_active"], change["id"]) for code_id in expected}
    assert state == {code["id"]: (code["is_active"], code["last_change_id"]) for code in stored["codes"]}
    assert {row["code_id"]: row["generation"] for row in stored["rows"]} == {
        key: last for key, (_, last) in state.items()
    }


def test_every_answer_is_a_stored_change_and_each_key_is_one(history):
    log, stored, _ = history
    assert [entry for entry in log if "error" in entry] == []
    by_key = {change["key"]: change["id"] for change in stored["changes"]}
    assert len(by_key) == len(stored["changes"])
    answered = {}
    for entry in log:
        if entry["change"] is not None:
            answered.setdefault(entry["key"], set()).add(entry["change"])
    assert {key: {change} for key, change in by_key.items()} == answered
    applied = [entry["key"] for entry in log if entry["change"] is not None and not entry["replayed"]]
    assert len(applied) == len(set(applied)) == len(by_key)


def test_what_was_answered_before_another_was_sent_comes_before_it(history):
    log, _, _ = history
    first = {}
    for entry in log:
        if entry["change"] is not None:
            sent, answered, change = first.get(entry["key"], (entry["sent"], entry["answered"], entry["change"]))
            first[entry["key"]] = (min(sent, entry["sent"]), min(answered, entry["answered"]), change)
    moments = [(sent, 1, change) for sent, _, change in first.values()]
    moments += [(answered, 0, change) for _, answered, change in first.values()]
    newest_answered, violations = 0, []
    for _, is_send, change in sorted(moments):
        if is_send and change < newest_answered:
            violations.append(change)
        elif not is_send:
            newest_answered = max(newest_answered, change)
    assert violations == []


def test_chain_and_counts_hold_and_the_run_was_a_hard_one(history):
    log, stored, out_of_date = history
    assert (stored["chain"], stored["problems"]) == (None, [])
    kinds = {
        "changes": len(stored["changes"]),
        "undone": sum(1 for change in stored["changes"] if change["undoes_id"]),
        "replayed": sum(1 for entry in log if entry.get("replayed")),
        "plans out of date": out_of_date,
        "with ended codes left out": sum(1 for change in stored["changes"] if "ended" in change["excluded_reasons"]),
    }
    report("history", operations=len(log), **kinds)
    assert len(log) >= OPERATIONS
    assert min(kinds.values()) > 1, kinds
