"""Server time of the audit for a workspace of n events, and its export: rows per second and peak memory."""

from __future__ import annotations

import json
import time
import tracemalloc
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.models import Event, TeamMember, User, Workspace
from offerwell.models.event import event_hash

if TYPE_CHECKING:
    from collections.abc import Iterator

START = datetime(2025, 1, 1, tzinfo=UTC)
AT_ONCE = 5_000
PEOPLE = 20
KINDS = ("codes_deactivated", "codes_activated", "members_enrolled", "offer_edited", "codes_retried", "drift_found")
# Somebody who acted in the first hundred events only, and a kind that happened there only.
RARE_PERSON, RARE_KIND, RARE_DOOR = "Zoe Early", "workspace_created", "demo"

PAGES = {
    "newest": "",
    "person: one in twenty": "?person=Person+7",
    "person: long ago": "?person=Zoe+Early",
    "person: nobody": "?person=Nobody",
    "kind: one in six": "?kind=offer_edited",
    "kind: long ago": "?kind=workspace_created",
    "kind and person: common": "?kind=offer_edited&person=Person+3",
    "kind and person: never together": "?kind=workspace_created&person=Person+7",
    "common kind and person: never together": "?kind=offer_edited&person=Person+4",
    "about one offer": "?subject=offer:77",
    "about nothing there": "?subject=store:1",
    "door: long ago": "?door=demo",
    "one day long ago": "?since=2025-01-02&until=2025-01-02",
    "up to long ago, one person": "?until=2025-01-02&person=Person+7",
}


@dataclass(frozen=True, slots=True)
class AuditTime:
    """One row of the table in docs/performance.md."""

    engine: str
    events: int
    page: str
    figure: str
    statements: int

    @property
    def line(self) -> str:
        """Markdown."""
        return f"| {self.engine} | {self.events:,} | {self.page} | {self.figure} | {self.statements or ''} |"


def measure_audit(size: int) -> Iterator[AuditTime]:
    """Every page, then the whole export."""
    settings.ALLOWED_HOSTS = ["testserver"]
    workspace = Workspace.objects.create(name=f"Audit {size}", slug=f"audit-{size}", created_at=START)
    _make_events(workspace, size)
    client = _signed_in(workspace)
    pages = PAGES | {"the middle": f"?before={_micros(START + timedelta(minutes=size // 2))}-{size // 2}"}
    for name, query in pages.items():
        yield _timed(client, size, name, f"/settings/audit/{query}")
    yield _exported(client, size)


def _make_events(workspace: Workspace, size: int) -> None:
    events = _chain(workspace, size)
    with scope(workspace=workspace):
        while batch := list(islice(events, AT_ONCE)):
            with transaction.atomic():
                Event.objects.bulk_create(batch)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _chain(workspace: Workspace, size: int) -> Iterator[Event]:
    """One a minute. A person and a kind go together by their numbers, so that some never meet."""
    last = ""
    for seq in range(1, size + 1):
        early = seq <= 100 and seq % 10 == 0
        event = Event(
            workspace_id=workspace.pk, seq=seq, at=START + timedelta(minutes=seq),
            actor_name=RARE_PERSON if early else f"Person {seq % PEOPLE}", door=RARE_DOOR if early else "web",
            kind=RARE_KIND if early else KINDS[seq % PEOPLE % len(KINDS)], subject=f"offer:{seq % 1_000}",
            body=json.dumps({"changed": seq % 500, "already_so": seq % 7, "offer": seq % 1_000}), previous_hash=last,
        )  # fmt: skip
        last = event.hash = event_hash(event)
        yield event


def _signed_in(workspace: Workspace) -> Client:
    user = User.objects.create_user(f"audit-{workspace.pk}@example.com", name="Bench")
    TeamMember.objects.create(workspace=workspace, user=user, role="owner")
    client = Client()
    client.force_login(user)
    return client


def _timed(client: Client, size: int, page: str, address: str, rounds: int = 7) -> AuditTime:
    client.get(address)
    took = []
    for _ in range(rounds):
        begin = time.perf_counter()
        answer = client.get(address)
        took.append(time.perf_counter() - begin)
        assert answer.status_code == 200, address
    with CaptureQueriesContext(connection) as asked:
        client.get(address)
    return AuditTime(connection.vendor, size, page, f"{sorted(took)[rounds // 2] * 1000:.0f} ms", len(asked))


def _exported(client: Client, size: int) -> AuditTime:
    """A user without password and second factor has nothing to confirm by, so the export comes at once."""
    begin = time.perf_counter()
    lines = sum(chunk.count(b"\n") for chunk in _stream(client))
    took = time.perf_counter() - begin
    tracemalloc.start()  # apart, since it makes everything slower
    sum(map(len, islice(_stream(client), 30)))
    peak = tracemalloc.get_traced_memory()[1] / 1_000_000
    tracemalloc.stop()
    assert lines == size, lines
    return AuditTime(connection.vendor, size, "export as JSON", f"{size / took:,.0f} events/s, peak {peak:.0f} MB", 0)


def _stream(client: Client) -> Iterator[bytes]:
    return client.get("/settings/audit/events.jsonl").streaming_content  # type: ignore[attr-defined, no-any-return]


def _micros(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000


HEAD = "| engine | events | page | server time | statements |\n" + "|---" * 5 + "|"
