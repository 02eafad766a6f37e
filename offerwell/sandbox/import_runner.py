"""Run bulk imports in the background: one mutation for each line, a result line for each."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from graphql import GraphQLError

from offerwell.sandbox.engine import Question, execute, prepare
from offerwell.sandbox.imports import Import, ImportStatus
from offerwell.sandbox.registry import Call
from offerwell.sandbox.schema import load_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from offerwell.sandbox.store import Store

LINES_AT_ONCE = 100
TICK_SECONDS = 0.05


class ImportRunner:
    """Works through the imports of a store."""

    def __init__(self, store: Store, save: Callable[[], None]) -> None:
        """Work for this store; `save` is called after each portion."""
        self.store = store
        self.save = save

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            for item in self.store.imports.running():
                await self.advance(item)
            await asyncio.sleep(TICK_SECONDS)

    async def advance(self, item: Import) -> None:
        """Bring one import forward: cancel it, run it halfway to its end, end it."""
        if item.status is ImportStatus.CANCELING:
            self.finish(item, ImportStatus.CANCELED)
        elif self.store.clock() >= item.start_at and item.done_lines < len(item.lines):
            item.status = ImportStatus.RUNNING
            await self.run_lines(item)
        if item.status is ImportStatus.RUNNING and self.store.clock() >= item.due:
            self.finish(item, ImportStatus.COMPLETED)

    def finish(self, item: Import, status: ImportStatus) -> None:
        """Close an import and tell the subscribers (the payload's fields are assumed)."""
        self.store.imports.finish(item, item.output, status)
        ended = {"admin_graphql_api_id": item.gid, "status": status.value.lower(), "type": "mutation"}
        self.store.tell("bulk_operations/finish", "BULK_OPERATIONS_FINISH", {**ended, "error_code": item.error_code})

    async def run_lines(self, item: Import) -> None:
        """Run the lines still to do in portions, so that other requests are answered in between."""
        for start in range(item.done_lines, len(item.lines), LINES_AT_ONCE):
            portion = enumerate(item.lines[start : start + LINES_AT_ONCE], start)
            item.output += "".join(f"{self.run_line(item, line, number)}\n" for number, line in portion).encode()
            item.done_lines = min(len(item.lines), start + LINES_AT_ONCE)
            self.save()
            await asyncio.sleep(0)
            if item.status is ImportStatus.CANCELING:
                break

    def run_line(self, item: Import, line: str, number: int) -> str:
        """Run one line; what is wrong with it stands in its result."""
        prepared = prepare(item.version, item.mutation)
        body: dict[str, object]
        try:
            variables = json.loads(line)
        except ValueError as problem:
            return json.dumps({"errors": [{"message": f"Line is not JSON: {problem}"}], "__lineNumber": number})
        refused = list(prepared.errors) + ([prepared.missing.formatted] if prepared.missing else [])
        if refused or prepared.document is None:
            body = {"errors": refused}
        else:
            call = Call(self.store, "", item.version)
            try:
                body = dict(
                    execute(load_schema(item.version), prepared.document, Question(item.mutation, variables), call)
                )
            except GraphQLError as error:
                body = {"errors": [error.formatted]}
        return json.dumps({**body, "__lineNumber": number}, separators=(",", ":"))
