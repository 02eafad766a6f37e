"""Every kind of event has words: the audit would show a reader of records nothing but our own names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from offerwell.models import ScheduleState
from offerwell.ui.event_words import WORDS, event_sentence

PACKAGE = Path(__file__).parents[2] / "offerwell"
RECORDERS = {"record_event"}


def kinds_in_code():
    """Every text that can become a `kind=` of `record_event`, with the file it stands in.

    A kind may be put together or handed on: then every text of ours with an underscore in that file counts that
    is passed as a kind, stands in a choice, or fits the pattern.
    """
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", getattr(call.func, "attr", "")) in RECORDERS:
                kind = next((word.value for word in call.keywords if word.arg == "kind"), None)
                assert kind is not None, f"{path}: record_event without kind="
                yield from ((path.name, one) for one in _texts(kind, tree))


def _texts(kind, tree):
    if isinstance(kind, ast.Constant):
        return {kind.value}
    if isinstance(kind, ast.IfExp):
        return _texts(kind.body, tree) | _texts(kind.orelse, tree)
    if isinstance(kind, ast.JoinedStr):
        return _fitting(kind)
    if isinstance(kind, ast.Subscript):
        return _table(kind.value.id, tree)
    # A name: what the file passes on as a kind, or keeps in a table of kinds.
    assert isinstance(kind, ast.Name), ast.dump(kind)
    return _assigned(kind.id, tree) | _handed_on(kind.id, tree)


def _fitting(kind):
    """A kind with a part that varies: all kinds in words that fit, one at least."""
    pattern = "".join(re.escape(part.value) if isinstance(part, ast.Constant) else r"\w+" for part in kind.values)
    found = {one for one in WORDS if re.fullmatch(pattern, one)}
    return found or {pattern}


def _assigned(name, tree):
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == name for target in node.targets):
            if isinstance(node.value, ast.Constant | ast.IfExp):
                found |= _texts(node.value, tree)
            for part in ast.walk(node.value):
                if isinstance(part, ast.JoinedStr):
                    found |= _fitting(part)
                elif isinstance(part, ast.Name) and part.id.isupper():
                    found |= _table(part.id, tree)
    return found


def _table(name, tree):
    return {
        value.value
        for node in ast.walk(tree) if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        for value in node.value.values
        if getattr(node.targets[0], "id", "") == name and isinstance(value, ast.Constant)
    }  # fmt: skip


def _handed_on(name, tree):
    """Functions of the file that take the kind by this name: what they are called with."""
    takers = {
        node.name: [argument.arg for argument in node.args.args if argument.arg != "self"].index(name)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and name in [argument.arg for argument in node.args.args]
    }
    found = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and (place := takers.get(_called(call))) is not None:
            given = call.args[place] if place < len(call.args) else None
            found |= _texts(given, tree) if given is not None and not isinstance(given, ast.Name) else set()
    return found


def _called(call):
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def test_every_kind_of_event_has_words():
    missing = sorted(
        {
            f"{kind} ({file}): add it to WORDS in ui/event_words.py"
            for file, kind in kinds_in_code()
            if kind not in WORDS
        }
    )
    assert missing == []


def test_no_words_for_events_that_nothing_records():
    assert sorted(set(WORDS) - {kind for _, kind in kinds_in_code()}) == []


def test_a_schedule_ends_in_words_whatever_its_state():
    ends = {ScheduleState.FAILED, ScheduleState.MISSED}
    assert {f"scheduled_change_{state}" for state in ends} <= set(WORDS)


def test_a_sentence_stands_whatever_the_facts():
    """Old events lack facts, altered ones hold anything: the page must still show the rest."""
    for facts in ({}, {"changed": "x", "codes": None, "label": [], "email": {"a": 1}, "already_so": "1", "added": 1.5}):
        for kind in WORDS:
            assert event_sentence(kind, facts)
    assert event_sentence("codes_deactivated", {"changed": 1_249, "already_so": 1, "undoes": 7}) == (
        "deactivated 1,249 codes, 1 already so, to undo change 7"
    )
    assert event_sentence("something_new", {}) == "something new"


def test_days_and_times_are_told_as_everywhere_and_what_is_none_as_it_is():
    assert event_sentence("orders_asked_for", {"label": "Glow", "since": "2026-01-31T00:00:00+00:00"}) == (
        "asked for the orders of the store Glow since 31 Jan 2026"
    )
    assert event_sentence("change_scheduled", {"part": "codes", "run_at": "2026-12-03T00:00:00+01:00"}) == (
        "scheduled a change of codes for 2 Dec 2026, 23:00 UTC"
    )
    assert event_sentence("change_scheduled", {"part": "codes"}) == "scheduled a change of codes for –"
    assert event_sentence("orders_asked_for", {"label": "Glow", "since": "soon"}).endswith("since soon")
