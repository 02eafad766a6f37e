"""Payouts for a person: the list, one payout's statements, one statement with its lines."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q, Value

from offerwell.models import Account, Conversion, LedgerEntry, Payment, PayoutRun, PayoutTotal, RunState, Statement
from offerwell.models.id_list import id_rows
from offerwell.queries.due_entries import due_entries
from offerwell.queries.members import members_matching
from offerwell.queries.payable import can_be_reached, cannot_be_said, with_address, with_payments
from offerwell.rules.payment_files import PaymentFile
from offerwell.rules.selection import MemberFilter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.models import QuerySet

PAGE_SIZE = 50
LINES_SIZE = 100
_AT_ONCE = 1_000


class Standing(StrEnum):
    """How far a payout is."""

    DRAFT = "draft"
    APPROVING = "approving"
    TO_PAY = "to_pay"
    PARTLY = "partly_paid"
    PAID = "paid"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class RunRow:
    """A payout with what it comes to in each currency."""

    run: PayoutRun
    totals: tuple[PayoutTotal, ...]

    @property
    def standing(self) -> Standing:
        """Draft, approving, cancelled, or how much of it is paid. One that pays nothing is paid."""
        if self.run.state != RunState.APPROVED:
            return Standing(self.run.state)
        paid, payable = sum(one.paid_count for one in self.totals), sum(one.payable for one in self.totals)
        if paid == payable:
            return Standing.PAID
        return Standing.PARTLY if paid else Standing.TO_PAY

    @property
    def statements(self) -> int:
        """How many statements there are."""
        return sum(one.statements for one in self.totals)

    @property
    def payable(self) -> int:
        """How many payments there are."""
        return sum(one.payable for one in self.totals)


@dataclass(frozen=True, slots=True)
class RunList:
    """A page, newest first; `older` is the id to go on from."""

    rows: tuple[RunRow, ...]
    older: int | None


class StatementView(StrEnum):
    """Which statements of a payout are listed."""

    ALL = "all"
    TO_PAY = "to_pay"
    PAID = "paid"
    CARRIED = "carried"
    NO_ADDRESS = "no_address"
    NOT_WHOLE = "not_whole"


@dataclass(frozen=True, slots=True)
class StatementPage:
    """Statements in the order of names, with `paid` and `pay_to`; `next` is the id to go on after."""

    rows: tuple[Any, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many statements are to be paid and in no file: nobody a file can name, or no sum that PayPal's can say."""

    no_address: int = 0
    not_whole: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of a statement, with the conversion of its order while it is the member's."""

    entry: LedgerEntry
    conversion: Conversion | None


@dataclass(frozen=True, slots=True)
class StatementSeen:
    """A statement with some of its lines, in the order they were posted; `next` is the entry to go on after."""

    statement: Any
    lines: tuple[Line, ...]
    payments: tuple[Payment, ...]
    next: int | None


def run_list(*, before: int | None = None, size: int = PAGE_SIZE) -> RunList:
    """The newest payouts, or those before an id. Two statements."""
    rows = PayoutRun.objects.order_by("-pk")
    found = list((rows.filter(pk__lt=before) if before else rows)[: size + 1])
    return RunList(_with_totals(found[:size]), found[size - 1].pk if len(found) > size else None)


def run_row(run: PayoutRun) -> RunRow:
    """One payout."""
    return _with_totals([run])[0]


def _with_totals(runs: Sequence[PayoutRun]) -> tuple[RunRow, ...]:
    totals: dict[int, list[PayoutTotal]] = defaultdict(list)
    for one in PayoutTotal.objects.filter(run__in=id_rows(run.pk for run in runs)).order_by("currency"):
        totals[one.run_id].append(one)
    return tuple(RunRow(run, tuple(totals[run.pk])) for run in runs)


def statement_page(
    run: PayoutRun, view: StatementView, *, text: str = "", after: int = 0, size: int = PAGE_SIZE
) -> StatementPage:
    """The statements of the view that follow the one with the id `after`. One statement."""
    rows = _of_view(run, view)
    if text:
        rows = rows.filter(member__in=members_matching(MemberFilter(text=text)))
    found = list(rows.filter(pk__gt=after).select_related("member").order_by("pk")[: size + 1])
    return StatementPage(tuple(found[:size]), found[size - 1].pk if len(found) > size else None)


def every_statement(run: PayoutRun) -> Iterator[tuple[Any, ...]]:
    """All statements of a payout, batch by batch."""
    after: int | None = 0
    while after is not None:
        page = statement_page(run, StatementView.ALL, after=after, size=_AT_ONCE)
        yield page.rows
        after = page.next


def left_out(row: RunRow) -> LeftOut:
    """What the payment files leave out. One statement, and none where nothing is left to pay.

    Two counts rather than one over either condition: by that, PostgreSQL looks up the payments of every statement.
    """
    if row.standing in {Standing.PAID, Standing.CANCELLED}:
        return LeftOut()
    rows = Statement.objects.filter(run=row.run, pays__gt=0)
    rows = with_payments(rows).filter(Q(paid=0)) if any(one.paid_count for one in row.totals) else rows
    counts = _counted("no_address", with_address(rows).filter(_UNNAMED))
    if any(PaymentFile.PAYPAL.coarse.get(one.currency, 1) > 1 for one in row.totals):
        counts = counts.union(_counted("not_whole", rows.filter(_UNSAID)), all=True)
    return LeftOut(**dict(counts))


def _counted(what: str, rows: QuerySet[Statement, Any]) -> QuerySet[Statement, Any]:
    return rows.order_by().annotate(what=Value(what)).values("what").annotate(n=Count("pk")).values_list("what", "n")


_UNNAMED = ~can_be_reached()
_UNSAID = cannot_be_said(PaymentFile.PAYPAL)


def _of_view(run: PayoutRun, view: StatementView) -> QuerySet[Statement, Any]:
    rows = with_address(with_payments(Statement.objects.filter(run=run)))
    narrowed = {
        StatementView.ALL: Q(),
        StatementView.TO_PAY: Q(pays__gt=0, paid=0),
        StatementView.PAID: Q(paid__gt=0),
        StatementView.CARRIED: Q(pays=0),
        StatementView.NO_ADDRESS: Q(pays__gt=0, paid=0) & _UNNAMED,
        StatementView.NOT_WHOLE: Q(pays__gt=0, paid=0) & _UNSAID,
    }
    return rows.filter(narrowed[view])


def statement_seen(statement_id: int, *, after: int = 0, size: int = LINES_SIZE) -> StatementSeen | None:
    """One statement. None where there is none. Four statements."""
    rows = with_address(with_payments(Statement.objects.filter(pk=statement_id)))
    statement: Any = rows.select_related("run", "member", "workspace").first()
    if statement is None:
        return None
    entries = list(lines_of(statement).filter(pk__gt=after).select_related("order").order_by("pk")[: size + 1])
    return StatementSeen(
        statement,
        _lines(entries[:size]),
        tuple(Payment.objects.filter(statement=statement).order_by("seq")),
        entries[size - 1].pk if len(entries) > size else None,
    )


def lines_of(statement: Statement) -> QuerySet[LedgerEntry, Any]:
    """The entries on a statement; of one that is not frozen yet, those that would be on it now."""
    run = statement.run
    if statement.hash:
        return LedgerEntry.objects.filter(on_statement__statement=statement)
    due = due_entries(until=run.until)
    due = due.filter(pk__lte=run.top_entry) if run.is_approving else due
    return due.filter(member_id=statement.member_id, currency=statement.currency, account=Account.MEMBER)


def _lines(entries: Sequence[LedgerEntry]) -> tuple[Line, ...]:
    orders = id_rows({entry.order_id for entry in entries if entry.order_id})
    found = {row.order_id: row for row in Conversion.objects.filter(order__in=orders).select_related("offer")}
    return tuple(Line(entry, _of(entry, found.get(entry.order_id))) for entry in entries)


def _of(entry: LedgerEntry, conversion: Conversion | None) -> Conversion | None:
    """An order may be somebody else's by now, whose offer this member has nothing to do with."""
    return conversion if conversion is not None and conversion.member_id == entry.member_id else None
