"""Replay what was recorded on real stores and count how many steps agree.

Masked: ids (but consistently: one recorded id is one id here, all through a session), cursors and addresses likewise,
moments of the server's own clock (moments that a request planned are compared), and the order of enum values in a text. Everything else is compared:
HTTP status, fields, nulls, texts, codes, positions of errors, and the requested cost.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from graphql import FieldNode, GraphQLError, OperationDefinitionNode, parse

from offerwell.sandbox.registry import FIELDS
from tests.sandbox.in_process import InProcess, sandbox
from tests.sandbox.recorded import FOLDER, Step, Upload, captured_at, sessions, without_document

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no recorded sessions at {FOLDER}")

GID = re.compile(r"^gid://shopify/(\w+)/[\w-]+$")
MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
OPAQUE = re.compile(r"^(eyJ[\w+/=-]+|https?://.*|tmp/.*)$")
LISTED = "to be one of: "
SIGNED = frozenset({"x-goog-date", "x-goog-credential", "x-goog-signature", "policy"})
LONG_IMPORTS = ("concurrency-limit", "no-such-file")
MINIMUM_SHARE = 0.9


@dataclass
class Tally:
    """How many steps of a root agree."""

    steps: int = 0
    agreed: int = 0
    differences: list[str] = field(default_factory=list)


class Replay:
    """One session against a fresh store."""

    def __init__(self, started: InProcess) -> None:
        self.here = started
        self.store = started.store
        self.known: dict[str, str] = {}
        self.planned: set[str] = set()

    def send(self, step: Step) -> tuple[int, dict[str, Any]]:
        """Send a recorded request with this store's ids in it."""
        self.here.clock.now += 1
        if self.store.imports.running():
            self.here.rest(0.2)  # imports are worked on in the background, in real time
        self.planned |= {text[:19] for text in texts(step.variables) if MOMENT.match(text)}
        body = {"query": step.query, "variables": self.translate(step.variables)}
        self.provide_upload(body["variables"])
        headers = {"X-Shopify-Access-Token": self.here.token}
        answer = self.here.request("POST", "/admin/api/2026-04/graphql.json", json=body, headers=headers)
        return answer.status_code, answer.json()

    def provide_upload(self, variables: Any) -> None:
        """Give the store the file of an import whose staging was not recorded."""
        path, uploads = variables.get("path"), self.store.imports.uploads
        if not path or path in uploads or "missing" in path:
            return
        promised = [key for key in uploads if key.rpartition("/")[2] == path.rpartition("/")[2]]
        variables["path"] = promised[0] if promised else path
        uploads.setdefault(variables["path"], b'{"product":{"title":"Recorded"}}\n')

    def upload(self, content: str) -> None:
        """Upload a file to the place promised last."""
        key = next(reversed(self.store.imports.uploads))
        sent = self.here.request("POST", "/_sandbox/staged/", data={"key": key}, files={"file": content})
        assert sent.status_code == 201

    def translate(self, value: Any) -> Any:
        """Replace recorded ids by this store's."""
        if isinstance(value, dict):
            return {name: self.translate(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.translate(item) for item in value]
        return self.known.get(value, value) if isinstance(value, str) else value

    def differences(self, recorded: Any, here: Any, path: str = "") -> Iterator[str]:
        """Compare an answer with the recorded one."""
        if isinstance(recorded, dict) and isinstance(here, dict):
            for name in sorted({*recorded, *here}):
                if name not in recorded or name not in here:
                    yield f"{path}.{name} only {'recorded' if name in recorded else 'here'}"
                elif not (name == "value" and recorded.get("name") in SIGNED):
                    yield from self.differences(recorded[name], here[name], f"{path}.{name}")
        elif isinstance(recorded, list) and isinstance(here, list):
            if len(recorded) != len(here):
                yield f"{path} has {len(here)} items, recorded {len(recorded)}"
            for index, (one, other) in enumerate(zip(recorded, here, strict=False)):
                yield from self.differences(one, other, f"{path}[{index}]")
        elif not self.same(recorded, here):
            yield f"{path} is {here!r}, recorded {recorded!r}"

    def same(self, recorded: Any, here: Any) -> bool:
        """Compare two values."""
        if recorded == here or not (isinstance(recorded, str) and isinstance(here, str)):
            return recorded == here
        if MOMENT.match(recorded) and MOMENT.match(here):
            return recorded[:19] not in self.planned
        one, other = GID.match(recorded), GID.match(here)
        if (one and other and one[1] == other[1]) or (OPAQUE.match(recorded) and OPAQUE.match(here)):
            return self.known.setdefault(recorded, here) == here
        if LISTED in recorded and LISTED in here:  # the schema file lists the values of an enum in another order
            return sorted(re.split(r"[ ,]+", recorded)) == sorted(re.split(r"[ ,]+", here))
        return self.same_ids_inside(recorded, here)

    def same_ids_inside(self, recorded: str, here: str) -> bool:
        """Compare texts that name ids."""
        pattern = r"gid://shopify/\w+/\d+"
        inside = re.findall(pattern, recorded)
        if not inside or len(inside) != len(re.findall(pattern, here)):
            return False
        return re.sub(pattern, lambda match: self.known.get(match[0], match[0]), recorded) == here


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def roots_of(query: str) -> list[tuple[str, str]]:
    """The root fields of a document with the type they belong to."""
    try:
        document = parse(query)
    except GraphQLError:
        return []
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    kind = "Mutation" if operation.operation.value == "mutation" else "QueryRoot"
    return [(kind, node.name.value) for node in operation.selection_set.selections if isinstance(node, FieldNode)]


def implemented(step: Step) -> bool:
    """Whether the sandbox has all roots of a step (a request that is refused before its roots counts as having)."""
    refused = "errors" in step.answer and "data" not in step.answer
    return refused or all(name in FIELDS.get(kind, {}) for kind, name in roots_of(step.query))


def compare(replay: Replay, step: Step) -> list[str]:
    """Send a step and answer what differs."""
    status, body = replay.send(step)
    here, recorded = dict(body), dict(step.answer)
    here_cost = (here.pop("extensions", None) or {}).get("cost", {}).get("requestedQueryCost")
    recorded_cost = (recorded.pop("extensions", None) or {}).get("cost", {}).get("requestedQueryCost")
    if step.rewritten:  # the rewritten text has other line numbers
        for error in [*here.get("errors", []), *recorded.get("errors", [])]:
            error.pop("locations", None)
    found = list(replay.differences(recorded, here))
    if status != step.status:
        found.append(f"HTTP {status}, recorded {step.status}")
    if recorded_cost is not None and here_cost != recorded_cost:
        found.append(f"cost {here_cost}, recorded {recorded_cost}")
    return found


def test_recorded_sessions_agree(capsys: pytest.CaptureFixture[str]) -> None:
    """At least nine of ten steps agree, and every cost."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    total, skipped, wrong_costs = Tally(), [], []
    rewritten = 0
    for file, steps in sessions().items():
        seconds = 3600.0 if any(word in file for word in LONG_IMPORTS) else 2.5
        with sandbox(captured_at(file) + 60, currency="CAD", job_seconds=0.5, import_seconds=seconds) as started:
            replay = Replay(started)
            for one in steps:
                if isinstance(one, Upload):
                    replay.upload(one.content)
                    continue
                if not implemented(one):
                    skipped.append(f"{file} {one.name}: {', '.join(name for _kind, name in roots_of(one.query))}")
                    continue
                found = compare(replay, one)
                rewritten += one.rewritten
                wrong_costs += [f"{file} {one.name}: {line}" for line in found if line.startswith("cost")]
                for tally in [total, *(tallies[name] for name in {name for _kind, name in roots_of(one.query)})]:
                    tally.steps += 1
                    tally.agreed += not found
                    tally.differences += [f"{file} {one.name}: {line}" for line in found]
    with capsys.disabled():
        report(tallies, total, skipped, wrong_costs, rewritten)
    assert total.steps > 100
    assert total.agreed / total.steps >= MINIMUM_SHARE
    assert wrong_costs == []


def report(tallies: dict[str, Tally], total: Tally, skipped: list[str], wrong_costs: list[str], rewritten: int) -> None:
    """Print what was found."""
    print("\nRecorded steps that agree, by root:")
    for name, tally in sorted(tallies.items()):
        print(f"  {name:45} {tally.agreed:3} of {tally.steps:3}")
    share = total.agreed / max(1, total.steps)
    print(f"  {'all':45} {total.agreed:3} of {total.steps:3}  ({share:.1%}; {rewritten} with a rewritten document)")
    print(f"Recorded answers without a document, which cannot be replayed: {without_document()}")
    print(f"Costs that differ: {len(wrong_costs)}")
    print(f"Not implemented, not counted: {len(skipped)}")
    for line in [*skipped, *(["Differences:"] if total.differences else []), *total.differences]:
        print(f"  {line[:240]}")
