"""Draw up the statements of a draft anew. Set-based: Python never holds the entries.

Inside the transaction of whoever changes the payout, which holds the workspace's lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Case, Count, F, IntegerField, Sum, Value, When

from offerwell.models import PayoutTotal, Statement
from offerwell.models.insert_select import insert_select
from offerwell.queries.due_entries import due_entries
from offerwell.queries.payout_digest import payout_digest

if TYPE_CHECKING:
    from offerwell.models import PayoutRun

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


def draw_statements(run: PayoutRun) -> None:
    """Replace the draft's statements by what is due now, in the order of the members' names; keep their digest."""
    drop_statements(run)
    due, of_due = due_entries(until=run.until).values("member_id", "currency", "amount", "id").query.sql_with_params()
    minimum, of_minimum = _minimum(run.minimums)
    with connection.cursor() as cursor:
        cursor.execute(
            _DRAWN.format(due=due, minimum=minimum),
            [run.workspace_id, run.pk, *of_minimum, *of_due, run.workspace_id, *of_minimum],
        )
    insert_select(PayoutTotal, ("workspace_id", "run_id", *_SUMS, "currency"), _totals(run))
    run.digest = payout_digest(run)
    run.save(update_fields=["digest"])


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
