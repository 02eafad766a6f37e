"""Settings › Audit: who did what, when, from where; filters, exports, and whether the record is unbroken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.http import StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_scopes import scope

from offerwell.queries.audit_page import (
    audit_page,
    doors_on_record,
    every_event,
    kinds_on_record,
    people_on_record,
)
from offerwell.queries.verify_events import chain_tail
from offerwell.rules.permissions import Action
from offerwell.ui.csv_download import csv_download
from offerwell.ui.event_words import event_sentence
from offerwell.web.audit.audit_form import filter_from, spot_from, spot_text
from offerwell.web.audit.event_lines import DOORS, lines_of
from offerwell.web.confirmed import confirmed
from offerwell.web.needs import BrandRequest, needs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponse, HttpResponseBase

    from offerwell.models import Workspace
    from offerwell.queries.audit_page import AuditFilter, EventRow

# As many are looked through on each page; `offerwell verify` looks at all.
CHAIN_CHECKED = 100
COLUMNS = (
    "seq", "at", "actor_id", "actor_name", "door", "kind", "subject", "sentence", "body", "previous_hash", "hash",
)  # fmt: skip


@require_safe
@needs(Action.SEE_AUDIT)
def audit(request: BrandRequest) -> HttpResponse:
    """A page of events, newest first."""
    return _page(request)


@require_safe
@needs(Action.SEE_AUDIT)
@confirmed()
def audit_csv(request: BrandRequest) -> HttpResponseBase:
    """All events of the filter as a table, newest first."""
    workspace = request.place.workspace
    wanted, problems = filter_from(request.GET, workspace.timezone)
    if problems:
        return _page(request)
    batches = ([_cells(row) for row in rows] for rows in every_event(wanted))
    return csv_download(f"{workspace.slug}-audit", COLUMNS, batches, workspace=workspace)


@require_safe
@needs(Action.SEE_AUDIT)
@confirmed()
def audit_json(request: BrandRequest) -> HttpResponseBase:
    """All events of the filter, one JSON document a line: enough to check the chain elsewhere."""
    workspace = request.place.workspace
    wanted, problems = filter_from(request.GET, workspace.timezone)
    if problems:
        return _page(request)
    response = StreamingHttpResponse(_json_lines(wanted, workspace), content_type="application/x-ndjson")
    response["Content-Disposition"] = f'attachment; filename="{workspace.slug}-audit.jsonl"'
    return response


def _page(request: BrandRequest) -> HttpResponse:
    workspace = request.place.workspace
    wanted, problems = filter_from(request.GET, workspace.timezone)
    page = audit_page(wanted, before=spot_from(request.GET.get("before")), after=spot_from(request.GET.get("after")))
    shown = {
        "lines": lines_of(page.rows),
        "older": spot_text(page.older),
        "newer": spot_text(page.newer),
        "asked": request.GET,
        "is_filtered": any(request.GET.get(name) for name in ("person", "kind", "subject", "door", "since", "until")),
        "problems": problems,
        "people": people_on_record(workspace.pk),
        "kinds": [(kind, kind.replace("_", " ").capitalize()) for kind in kinds_on_record(workspace.pk)],
        "doors": [(door, DOORS.get(door, door)) for door in doors_on_record(workspace.pk)],
        "chain": chain_tail(workspace, events=CHAIN_CHECKED),
        "zone": workspace.timezone,
    }
    return render(request, "web/audit/audit.html", shown, status=422 if problems else 200)


def _cells(row: EventRow) -> list[str]:
    return ["" if value is None else str(value) for value in _columns(row).values()]


def _columns(row: EventRow) -> dict[str, object]:
    event = row.event
    values = (
        event.seq, event.at.isoformat(), event.actor_id, event.actor_name, event.door, event.kind, event.subject,
        event_sentence(event.kind, row.facts), event.body, event.previous_hash, event.hash,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _json_lines(wanted: AuditFilter, workspace: Workspace) -> Iterator[bytes]:
    """The scope is opened for each batch: it must not stay open while the server sends."""
    batches = every_event(wanted)
    while True:
        with scope(workspace=workspace):
            rows = next(batches, None)
        if rows is None:
            return
        yield b"".join(json.dumps(_columns(row), ensure_ascii=False).encode() + b"\n" for row in rows)
