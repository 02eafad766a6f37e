"""Draw up the statements of a draft anew, and freeze them. Set-based: Python never holds the entries.

Inside the transaction of whoever changes the payout, which holds the workspace's lock.
"""

from __future__ import annotations

from contextlib import closing
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Case, Count, F, IntegerField, Sum, Value, When

from offerwell.models import PayoutTotal, Statement
from offerwell.models.insert_select import insert_select
from offerwell.models.json_rows import update_rows
from offerwell.queries.due_entries import due_entries
from offerwell.rules.statements import StatementLine, statement_hash

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from offerwell.models import PayoutRun

_AT_ONCE = 5_000

# What earlier statements carried on telescopes to Σ (earned − pays), whatever their order.
_DRAWN = """
INSERT INTO offerwell_statement
    (workspace_id, run_id, member_id, currency, opening, earned, pays, lines, last_entry, hash)
SELECT %s, %s, t.member_id, t.currency, t.opening, t.earned,
       CASE WHEN t.opening + t.earned > 0 AND t.opening + t.earned >= {minimum} THEN t.opening + t.earned ELSE 0 END,
       t.lines, t.last_entry, ''
FROM (
    SELECT s.member_id, s.currency, CAST(sum(s.opening) AS bigint) AS opening, CAST(sum(s.earned) AS bigint) AS earned,
           sum(s.line) AS lines, max(s.entry) AS last_entry
    FROM (
        SELECT due.member_id, due.currency, 0 AS opening, due.amount AS earned, 1 AS line, due.id AS entry
        FROM ({due}) due
        UNION ALL
        SELECT b.member_id, b.currency, b.earned - b.pays, 0, 0, 0
        FROM offerwell_statement b JOIN offerwell_payoutrun r ON r.id = b.run_id
        WHERE b.workspace_id = %s AND r.state = 'approved'
    ) s
    GROUP BY s.member_id, s.currency
) t
JOIN offerwell_member m ON m.id = t.member_id
WHERE t.lines > 0 OR (t.opening > 0 AND t.opening >= {minimum})
ORDER BY m.name_key, m.id, t.currency
"""

_LINKED = """
INSERT INTO offerwell_statemententry (workspace_id, statement_id, entry_id)
SELECT s.workspace_id, s.id, due.id
FROM ({due}) due
JOIN offerwell_statement s ON s.run_id = %s AND s.member_id = due.member_id AND s.currency = due.currency
"""


def draw_statements(run: PayoutRun) -> None:
    """Replace the draft's statements by what is due now, in the order of the members' names."""
    drop_statements(run)
    due, of_due = due_entries(until=run.until).values("member_id", "currency", "amount", "id").query.sql_with_params()
    minimum, of_minimum = _minimum(run.minimums)
    with connection.cursor() as cursor:
        cursor.execute(
            _DRAWN.format(due=due, minimum=minimum),
            [run.workspace_id, run.pk, *of_minimum, *of_due, run.workspace_id, *of_minimum],
        )
    insert_select(PayoutTotal, ("workspace_id", "run_id", *_SUMS, "currency"), _totals(run))


def drop_statements(run: PayoutRun) -> None:
    """Take a draft's statements away. Nothing refers to them yet, so none is read first."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM offerwell_statement WHERE run_id = %s", [run.pk])
    PayoutTotal.objects.filter(run=run).delete()


def _minimum(minimums: dict[str, int]) -> tuple[str, list[Any]]:
    """The minimum of a row's currency as SQL, with its parameters."""
    if not minimums:
        return "0", []
    cases = " ".join(["WHEN %s THEN %s"] * len(minimums))
    return f"CASE t.currency {cases} ELSE 0 END", [one for pair in minimums.items() for one in pair]


_SUMS = ("statements", "payable", "pays", "carries", "paid_count", "paid")


def _totals(run: PayoutRun) -> Any:
    is_paid = Case(When(pays__gt=0, then=1), default=0, output_field=IntegerField())
    rows = Statement.objects.filter(run=run).order_by().values("workspace_id", "run_id")
    return rows.annotate(
        n=Count("pk"), payable=Sum(is_paid), total=Sum("pays"), left=Sum(F("opening") + F("earned") - F("pays")),
        none_paid=Value(0), nothing_paid=Value(0), of=F("currency"),
    )  # fmt: skip


class EntriesChanged(Exception):
    """What is due is not what the statements were drawn up from. Whoever catches it rolls back."""


def freeze_statements(run: PayoutRun) -> None:
    """Give each statement its hash, and put the entries onto them: of one statement each, for ever.

    Reads every entry once, for the hashes, and so notices whether drawing up anew would give anything else: raises
    EntriesChanged. What a statement opens with cannot change meanwhile: a workspace has one draft at a time.
    """
    for batch in _batches(list(_hashes(run))):
        update_rows(Statement, ("hash",), batch)
    columns = ("id", "member_id", "currency")
    due, of_due = due_entries(until=run.until).values(*columns).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_LINKED.format(due=due), [*of_due, run.pk])
        linked = cursor.rowcount
    expected = Statement.objects.filter(run=run).aggregate(n=Sum("lines"))["n"] or 0
    if linked != expected:
        raise RuntimeError(f"payout {run.pk} has {expected} lines, {linked} entries were found")


def _hashes(run: PayoutRun) -> Iterator[tuple[int, tuple[str]]]:
    """Statements and entries side by side, both by member and currency; each entry belongs to one of them."""
    columns = ("member_id", "currency", "pk", "order_id", "amount")
    rows = due_entries(until=run.until).order_by("member_id", "currency", "pk").values_list(*columns)
    drawn = Statement.objects.filter(run=run).order_by("member_id", "currency")
    with _read(rows) as entries, _read(drawn) as statements:
        groups = groupby(entries, key=lambda row: (row[0], row[1]))
        group = next(groups, None)
        for one in statements:
            lines: list[StatementLine] = []
            if group is not None and group[0] == (one.member_id, one.currency):
                lines = [StatementLine(entry, order or 0, amount) for _, _, entry, order, amount in group[1]]
                group = next(groups, None)
            yield one.pk, (_hash_of(one, lines),)
        if group is not None:
            raise EntriesChanged


def _read(rows: QuerySet[Any, Any]) -> closing[Any]:
    """Batch by batch. Closed before anything is rolled back, where PostgreSQL closes it itself."""
    return closing(rows.iterator(chunk_size=_AT_ONCE))


def _hash_of(one: Statement, lines: list[StatementLine]) -> str:
    found = (len(lines), sum(line.amount for line in lines), lines[-1].entry_id if lines else 0)
    if found != (one.lines, one.earned, one.last_entry):
        raise EntriesChanged
    return statement_hash(
        member_id=one.member_id, currency=one.currency, opening=one.opening, pays=one.pays, lines=lines
    )


def _batches(rows: list[tuple[int, tuple[str]]]) -> Iterator[list[tuple[int, tuple[str, ...]]]]:
    for start in range(0, len(rows), _AT_ONCE):
        yield [*rows[start : start + _AT_ONCE]]
