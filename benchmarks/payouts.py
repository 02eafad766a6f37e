"""A payout of many members: drawn up, approved, its pages, noted as paid, verified. Ten ledger entries for each member.

Beside it what the database alone takes to put every entry onto a statement, and for how long approving kept others
from writing at most: by the workspace's lock, on SQLite by any transaction.
"""

from __future__ import annotations

import resource
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

from django.db import connection, transaction
from django_scopes import scope

from benchmarks.crowd import NOW, _series, make_crowd
from offerwell.actions import approve_payout as approving
from offerwell.actions import finish_approval as finishing
from offerwell.actions import freeze_statements as freezing
from offerwell.actions.approve_payout import approve_payout
from offerwell.actions.draft_payout import draft_payout
from offerwell.actions.finish_approval import finish_approval
from offerwell.actions.pay_statements import Proof, pay_run
from offerwell.models import LedgerEntry, Statement, Store
from offerwell.queries.payment_file import payees
from offerwell.queries.payout_runs import StatementView, statement_page, statement_seen
from offerwell.queries.verify_payouts import payout_problems
from offerwell.rules.payment_files import PaymentFile
from offerwell.rules.permissions import Actor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD = (
    "| engine | members | entries | raw links | draft | confirm | worker | **÷ raw** | kept from writing | page"
    " | statement | PayPal file | paid | verify | peak memory |\n" + "|---" * 15 + "|"
)
_EACH = 10
_BY = Actor(name="Bench", door="cli")
_LATER = NOW + timedelta(days=2)


@dataclass(frozen=True, slots=True)
class PayoutTimes:
    """Seconds of each step."""

    engine: str
    entries: int
    seconds: dict[str, float]
    megabytes: int

    @property
    def line(self) -> str:
        """One row of the table in docs/performance.md."""
        took = {
            name: f"{seconds:.1f} s" if seconds > 1 else f"{seconds * 1000:.0f} ms"
            for name, seconds in self.seconds.items()
        }
        ratio = f"{self.seconds['worker'] / self.seconds['raw']:.1f}"
        cells = [took["raw"], took["draft"], took["confirm"], took["worker"], ratio]
        cells += [took[name] for name in ("kept", "page", "statement", "file", "paid", "verify")]
        size = f"{self.entries // _EACH:,} | {self.entries:,}"
        return f"| {self.engine} | {size} | {' | '.join(cells)} | {self.megabytes} MB |"


def measure_payouts(entries: int) -> PayoutTimes:
    """`entries` entries on the member's side, of as many orders."""
    offer = make_crowd(entries // _EACH, name=f"Payouts {entries}")
    workspace_id, seconds = offer.workspace_id, {}
    with scope(workspace=offer.workspace):
        _fill(workspace_id, Store.objects.get().pk, entries)
        seconds["raw"] = _timed(lambda: _raw(workspace_id))[0]
        said: dict[str, Any] = {"workspace_id": workspace_id, "by": _BY, "at": _LATER}
        seconds["draft"], run = _timed(lambda: draft_payout(last_day=NOW.date(), **said))
        with _kept_from_writing() as kept:
            seconds["confirm"], run = _timed(lambda: approve_payout(run_id=run.pk, digest=run.digest, **said))
            seconds["worker"] = _timed(lambda: finish_approval(run_id=run.pk))[0]
        seconds["kept"] = max(kept)
        run.refresh_from_db()
        assert run.state == "approved"
        middle = Statement.objects.filter(run=run).order_by("pk")[entries // _EACH // 2]
        seconds["page"] = _timed(lambda: statement_page(run, StatementView.TO_PAY, after=middle.pk))[0]
        seconds["statement"] = _timed(lambda: statement_seen(middle.pk))[0]
        seconds["file"] = _timed(lambda: payees(run, PaymentFile.PAYPAL, "USD", 1))[0]
        seconds["paid"] = _timed(lambda: pay_run(run_id=run.pk, proof=Proof(NOW.date()), **said))[0]
        seconds["verify"], problems = _timed(lambda: payout_problems(offer.workspace))
        assert problems == []
        assert LedgerEntry.objects.filter(account="member", on_statement=None).count() == 0
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return PayoutTimes(connection.vendor, entries, seconds, megabytes)


@contextmanager
def _kept_from_writing() -> Iterator[list[float]]:
    """How long each transaction went on after it took the lock, its commit included."""
    kept: list[float] = []

    def noted(lock: Callable[..., Any]) -> Callable[..., Any]:
        def taken(*args: Any, **said: Any) -> Any:
            began = time.perf_counter()
            transaction.on_commit(lambda: kept.append(time.perf_counter() - began))
            return lock(*args, **said)

        return taken

    places = ((approving, "lock_workspace"), (finishing, "lock_workspace"), (freezing, "_moved"))
    with ExitStack() as patched:
        for module, name in places:
            patched.enter_context(mock.patch.object(module, name, noted(getattr(module, name))))
        yield kept


def _timed(step: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    found = step()
    return time.perf_counter() - began, found


def _fill(workspace: int, store: int, entries: int) -> None:
    """Orders with a posting each; the members in turn."""
    now, false = NOW.strftime("%Y-%m-%d %H:%M:%S"), "false" if connection.vendor == "postgresql" else "0"
    first = f"(SELECT min(id) FROM offerwell_member WHERE workspace_id = {workspace})"
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO offerwell_order (workspace_id, store_id, ref, name, placed_at, version, read_at, currency,"
            " net, refunded, is_test, codes, click_ids, first, window_days, decided_by, candidates, taken_at)"
            f" SELECT {workspace}, {store}, n, '#' || n, '{now}', 1, '{now}', 'USD', 10000, 0, {false}, '[]', '[]',"
            f" 'code', 28, 'code', '[]', '{now}' FROM {_series(entries)}"
        )
        for account, sign in (("brand", "-"), ("member", "")):
            cursor.execute(
                "INSERT INTO offerwell_ledgerentry (workspace_id, order_id, seq, account, member_id, currency, amount,"
                f" version, cause, at) SELECT {workspace}, id, 1, '{account}', {first} + id % {entries // _EACH},"
                f" 'USD', {sign}(100 + id % 900), 1, 'order', '{now}' FROM offerwell_order WHERE store_id = {store}"
            )
        cursor.execute("ANALYZE")


def _raw(workspace: int) -> None:
    """Every entry onto some statement, by one statement, taken back at the end."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO offerwell_statement (workspace_id, run_id, member_id, currency, opening, earned, pays, lines,"
            f" last_entry, hash) SELECT {workspace}, 0, id, 'USD', 0, 0, 0, 0, 0, '' FROM offerwell_member"
            f" WHERE workspace_id = {workspace}"
        )
        cursor.execute(
            "INSERT INTO offerwell_statemententry (workspace_id, statement_id, entry_id)"
            " SELECT s.workspace_id, s.id, e.id FROM offerwell_ledgerentry e"
            " JOIN offerwell_statement s ON s.member_id = e.member_id"
            f" WHERE e.workspace_id = {workspace} AND e.account = 'member'"
        )
        transaction.set_rollback(True)
