"""Freeze the statements of a payout that was confirmed, batch by batch: entries onto them, and hashes. Or take it back.

A batch is all statements of some members, by their ids: so every entry between two batches is seen, also of somebody
without a statement. It is one transaction with the place where it ends, so that nothing is done twice, whoever dies.
It needs no lock of the workspace: what is confirmed is settled (`queries/settled_orders.py`), and what is posted later
has a higher number than `top_entry`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from offerwell.models import PayoutRun, RunState, Statement, StatementEntry
from offerwell.models.json_rows import insert_rows, update_rows
from offerwell.queries.due_entries import due_entries
from offerwell.queries.payout_digest import payout_digest
from offerwell.rules.statements import StatementLine, statement_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

# So much is frozen, or taken back, by one transaction; all of one member at least.
MOST_LINES = 5_000
MOST_STATEMENTS = 500

_TAKEN_OFF = """
DELETE FROM offerwell_statemententry WHERE statement_id IN (
    SELECT id FROM offerwell_statement WHERE run_id = %s AND member_id BETWEEN %s AND %s
)
"""


class EntriesChanged(Exception):
    """What is due is not what the statements were drawn up from. Nothing of this batch was frozen."""


def freeze_next(run: PayoutRun) -> bool:
    """Freeze the next batch. False when none was left. Raises EntriesChanged."""
    upto = _upto(run)
    if upto is None:
        return False
    drawn = list(Statement.objects.filter(run=run, member_id__gt=run.last_member, member_id__lte=upto))
    lines = _lines(run, upto)
    hashes, links = [], []
    for one in drawn:
        of_it = lines.pop((one.member_id, one.currency), [])
        hashes.append((one.pk, (_hash_of(one, of_it),)))
        links += [(one.workspace_id, one.pk, line.entry_id) for line in of_it]
    if lines:
        raise EntriesChanged
    with transaction.atomic():
        if _moved(run, to=upto, by=len(drawn)):
            update_rows(Statement, ("hash",), hashes)
            insert_rows(StatementEntry, ("workspace_id", "statement_id", "entry_id"), links)
    return True


def _upto(run: PayoutRun) -> int | None:
    """The member whose statements end the next batch; None when all are frozen."""
    rows = Statement.objects.filter(run=run, member_id__gt=run.last_member).order_by("member_id", "currency")
    upto, lines = None, 0
    for member_id, more in rows.values_list("member_id", "lines")[:MOST_STATEMENTS]:
        lines += more
        if upto is not None and lines > MOST_LINES:
            break
        upto = member_id
    return upto


def _lines(run: PayoutRun, upto: int) -> dict[tuple[int, str], list[StatementLine]]:
    """Member and currency → what is due of what was confirmed, in the order of the ledger."""
    due = due_entries(until=run.until).filter(pk__lte=run.top_entry)
    found: dict[tuple[int, str], list[StatementLine]] = defaultdict(list)
    rows = due.filter(member_id__gt=run.last_member, member_id__lte=upto).order_by("pk")
    for member_id, currency, pk, order_id, amount in rows.values_list(
        "member_id", "currency", "pk", "order_id", "amount"
    ):
        found[member_id, currency].append(StatementLine(pk, order_id or 0, amount))
    return found


def _hash_of(one: Statement, lines: Sequence[StatementLine]) -> str:
    found = (len(lines), sum(line.amount for line in lines), lines[-1].entry_id if lines else 0)
    if found != (one.lines, one.earned, one.last_entry):
        raise EntriesChanged
    return statement_hash(
        member_id=one.member_id, currency=one.currency, opening=one.opening, pays=one.pays, lines=lines
    )


def _moved(run: PayoutRun, *, to: int, by: int) -> bool:
    """Move the place on from where this batch began. False where another worker was there first."""
    done = F("done_statements") + by
    return bool(still_there(run).update(last_member=to, done_statements=done, beat_at=timezone.now()))


def still_there(run: PayoutRun) -> QuerySet[PayoutRun, Any]:
    """The payout while it is as far as when it was read; nothing where another worker went on with it."""
    rows = PayoutRun.objects.filter(pk=run.pk, state=RunState.APPROVING, approved_at=run.approved_at)
    return rows.filter(last_member=run.last_member, problem=run.problem)


def is_as_confirmed(run: PayoutRun) -> bool:
    """Whether all that is frozen now is what was confirmed: nothing due is left, and the digest is the same."""
    left = due_entries(until=run.until).filter(pk__lte=run.top_entry, member_id__gt=run.last_member)
    return not left.exists() and payout_digest(run) == run.digest


def take_back_next(run: PayoutRun) -> bool:
    """Take the entries off the last statements that have them. False when none had any."""
    rows = Statement.objects.filter(run=run, member_id__lte=run.last_member).order_by("-member_id", "currency")
    members = list(rows.values_list("member_id", flat=True)[:MOST_STATEMENTS])
    if not members:
        return False
    with transaction.atomic(), connection.cursor() as cursor:
        loose = Statement.objects.filter(run=run, member_id__gte=members[-1], member_id__lte=run.last_member)
        if _moved(run, to=members[-1] - 1, by=-loose.count()):
            cursor.execute(_TAKEN_OFF, [run.pk, members[-1], run.last_member])
            loose.update(hash="")
    return True
