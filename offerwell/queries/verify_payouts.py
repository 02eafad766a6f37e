"""Do the statements say what the ledger says, still? Their lines, hashes and sums, and the payments, computed anew.

Statements are read in batches by id, so memory does not grow with their number.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, F, OuterRef, Q, Sum

from offerwell.models import Payment, PayoutTotal, RunState, Statement, StatementEntry
from offerwell.models.id_list import id_rows
from offerwell.queries.verify_problem import Problem
from offerwell.rules.statements import StatementLine, statement_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from offerwell.models import Workspace

NAMED = 20
_AT_ONCE = 2_000
_SETTLED = (RunState.APPROVED, RunState.APPROVING)


def payout_problems(workspace: Workspace) -> list[Problem]:
    """Everything that does not agree in one workspace; at most NAMED of each kind."""
    checks = (_lines, _whose, _loose, _openings, _payments, _totals)
    return [problem for check in checks for problem in islice(check(workspace), NAMED)]


def _lines(workspace: Workspace) -> Iterator[Problem]:
    """Each statement has the lines and the hash it was approved with, and pays what the rule says."""
    for statements in _approved():
        lines = _lines_of(statements)
        for one in statements:
            wrong = _wrong(one, lines.get(one.pk, ()))
            if wrong:
                yield Problem(workspace.slug, "statement", f"statement {one.pk}", wrong)


def _wrong(one: Statement, lines: Sequence[StatementLine]) -> str:
    total, settlement = sum(line.amount for line in lines), one.should_be(one.run.minimums)
    if len(lines) != one.lines or total != one.earned:
        return f"it says {one.lines} lines that sum to {one.earned}, {len(lines)} are there that sum to {total}"
    if one.pays != settlement.pays:
        return f"it pays {one.pays}, of what was due it should pay {settlement.pays}"
    made = statement_hash(
        member_id=one.member_id, currency=one.currency, opening=one.opening, pays=one.pays, lines=lines
    )
    if made != one.hash:
        return "its lines do not give the hash it was approved with"
    return ""


def _approved() -> Iterator[list[Statement]]:
    last = 0
    while True:
        rows = Statement.objects.filter(run__state=RunState.APPROVED, pk__gt=last).select_related("run")
        found = list(rows.order_by("pk")[:_AT_ONCE])
        if not found:
            return
        yield found
        last = found[-1].pk


def _lines_of(statements: Iterable[Statement]) -> Mapping[int, list[StatementLine]]:
    found: dict[int, list[StatementLine]] = defaultdict(list)
    rows = StatementEntry.objects.filter(statement__in=id_rows(one.pk for one in statements)).order_by("pk")
    for statement_id, entry_id, order_id, amount in rows.values_list(
        "statement_id", "entry_id", "entry__order_id", "entry__amount"
    ):
        found[statement_id].append(StatementLine(entry_id, order_id or 0, amount))
    return found


def _whose(workspace: Workspace) -> Iterator[Problem]:
    """A line is of the statement's member, in its currency."""
    same = Q(entry__member_id=F("statement__member_id"), entry__currency=F("statement__currency"))
    rows = StatementEntry.objects.exclude(same & Q(entry__account="member")).order_by("pk")
    for pk, statement_id in rows.values_list("pk", "statement_id")[:NAMED]:
        yield Problem(workspace.slug, "statement_line", f"statement {statement_id}", f"entry {pk} is of somebody else")


def _loose(workspace: Workspace) -> Iterator[Problem]:
    """A line is on a statement of a payout that is approved, or being approved: else it would never be paid."""
    settled = Statement.objects.filter(pk=OuterRef("statement_id"), run__state__in=_SETTLED)
    rows = StatementEntry.objects.filter(~Exists(settled)).order_by("pk")
    for pk, statement_id in rows.values_list("pk", "statement_id")[:NAMED]:
        wrong = f"entry {pk} is on it, and it is not approved"
        yield Problem(workspace.slug, "statement_line", f"statement {statement_id}", wrong)


def _openings(workspace: Workspace) -> Iterator[Problem]:
    """What a statement opens with is what all statements of the member before it carried on."""
    rows = Statement.objects.filter(run__state=RunState.APPROVED).order_by(
        "member_id", "currency", "run__approved_at", "pk"
    )
    before, carried = (0, ""), 0
    columns = ("pk", "member_id", "currency", "opening", "earned", "pays")
    for pk, member_id, currency, opening, earned, pays in rows.values_list(*columns).iterator(chunk_size=_AT_ONCE):
        expected = carried if before == (member_id, currency) else 0
        if opening != expected:
            wrong = f"it opens with {opening}, {expected} was carried forward"
            yield Problem(workspace.slug, "statement_opening", f"statement {pk}", wrong)
        before, carried = (member_id, currency), opening + earned - pays


def _payments(workspace: Workspace) -> Iterator[Problem]:
    """Payments alternate: what a statement pays, back, again. So they sum to that, or to nothing."""
    rows = Payment.objects.annotate(even=F("seq") % 2)
    right = Q(even=1, amount=F("statement__pays")) | Q(even=0, amount=-F("statement__pays"))
    for pk, statement_id in rows.exclude(right).order_by("pk").values_list("pk", "statement_id")[:NAMED]:
        wrong = f"payment {pk} is not what the statement pays"
        yield Problem(workspace.slug, "payment", f"statement {statement_id}", wrong)
    counted = Payment.objects.order_by().values("statement").annotate(n=Count("pk"), last=Sum("seq"))
    for row in counted.exclude(last=F("n") * (F("n") + 1) / 2)[:NAMED]:
        yield Problem(workspace.slug, "payment", f"statement {row['statement']}", "a payment is missing")


def _totals(workspace: Workspace) -> Iterator[Problem]:
    """What a payout says it comes to, and how much of it is paid."""
    made = _sums()
    for one in PayoutTotal.objects.filter(run__state=RunState.APPROVED).order_by("run_id", "currency"):
        said = (one.statements, one.payable, one.pays, one.carries, one.paid_count, one.paid)
        counted = made.pop((one.run_id, one.currency), (0, 0, 0, 0, 0, 0))
        if said != counted:
            yield Problem(workspace.slug, "payout", f"payout {one.run_id}", f"it says {said}, {counted} is there")
    for run_id, currency in made:
        yield Problem(workspace.slug, "payout", f"payout {run_id}", f"it has no sums of {currency}")


def _sums() -> dict[tuple[int, str], tuple[int, int, int, int, int, int]]:
    approved = Statement.objects.filter(run__state=RunState.APPROVED).order_by().values_list("run_id", "currency")
    rows = approved.annotate(
        n=Count("pk"), payable=Count("pk", filter=Q(pays__gt=0)), pay=Sum("pays"),
        left=Sum(F("opening") + F("earned") - F("pays")),
    )  # fmt: skip
    paid = Payment.objects.order_by().values_list("statement__run_id", "statement__currency").annotate(
        n=Count("pk", filter=Q(amount__gt=0)) - Count("pk", filter=Q(amount__lt=0)), total=Sum("amount")
    )  # fmt: skip
    sent = {(run_id, currency): (n, int(total)) for run_id, currency, n, total in paid}
    return {
        (run_id, currency): (n, payable, int(pay), int(left), *sent.get((run_id, currency), (0, 0)))
        for run_id, currency, n, payable, pay, left in rows
    }
