"""Note that statements were paid, or that a payment came back. Payments are only added; statements do not change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import (
    CharField,
    Count,
    DateField,
    DateTimeField,
    F,
    IntegerField,
    Max,
    OuterRef,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce

from offerwell.actions.record_event import record_event
from offerwell.models import Payment, PayoutRun, PayoutTotal, RunState, Statement, lock_workspace
from offerwell.models.insert_select import insert_select
from offerwell.queries.payable import can_be_reached, cannot_be_said, to_pay, with_payments
from offerwell.rules.statements import InvalidPayout

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet

    from offerwell.rules.payment_files import PaymentFile
    from offerwell.rules.permissions import Actor

LONGEST_REFERENCE = 120


@dataclass(frozen=True, slots=True)
class Proof:
    """When money went or came back, and by which reference of the bank or provider."""

    sent_on: date
    reference: str = ""

    def checked(self, *, at: datetime) -> Proof:
        """As it is stored. Raises InvalidPayout."""
        text = " ".join(self.reference.split())
        if len(text) > LONGEST_REFERENCE:
            raise InvalidPayout(f"The reference has {len(text)} characters. Use at most {LONGEST_REFERENCE}.")
        # A day ahead of UTC it is tomorrow already.
        if (self.sent_on - at.date()).days > 1:
            raise InvalidPayout("This day is still to come. Give the day on which the money was sent.")
        return Proof(self.sent_on, text)


def pay_run(
    *,
    workspace_id: int,
    run_id: int,
    currency: str = "",
    file: PaymentFile | None = None,
    shown: int | None = None,
    proof: Proof,
    by: Actor,
    at: datetime,
) -> int:
    """Note all that is to be paid as paid, of one currency if it is given; members without an address are left out.

    With `file` also what this provider's file leaves out.
    `shown` is how many were meant: another number now is refused. Gives how many were paid. Raises InvalidPayout.
    """
    proof = proof.checked(at=at)
    with transaction.atomic():
        lock_workspace(workspace_id)
        run = _approved(run_id)
        rows = to_pay(run).filter(can_be_reached())
        rows = rows.filter(currency=currency) if currency else rows
        rows = rows.exclude(cannot_be_said(file)) if file else rows
        count = rows.count()
        if shown is not None and shown != count:
            raise InvalidPayout(f"{shown:,} payments were meant, {count:,} are to be paid now. Look again.")
        if not count:
            raise InvalidPayout("Nothing is left to pay here.")
        return _pay(run, rows, proof, by, at)


def pay_statement(*, workspace_id: int, statement_id: int, proof: Proof, by: Actor, at: datetime) -> int:
    """Note one statement as paid, by whatever way. Raises InvalidPayout where nothing is to be paid."""
    proof = proof.checked(at=at)
    with transaction.atomic():
        lock_workspace(workspace_id)
        statement = Statement.objects.get(pk=statement_id)
        run = _approved(statement.run_id)
        rows = to_pay(run).filter(pk=statement_id)
        if not rows.exists():
            raise InvalidPayout("This statement is paid already, or pays nothing. Nothing was done.")
        return _pay(run, rows, proof, by, at)


def return_payment(*, workspace_id: int, statement_id: int, proof: Proof, by: Actor, at: datetime) -> None:
    """Note that the money came back: the statement is to be paid again. Raises InvalidPayout where it is not paid."""
    proof = proof.checked(at=at)
    with transaction.atomic():
        lock_workspace(workspace_id)
        statement: Any = with_payments(Statement.objects.filter(pk=statement_id)).get()
        run = _approved(statement.run_id)
        if not statement.paid:
            raise InvalidPayout("This statement is not paid, so nothing can have come back. Nothing was done.")
        last = Payment.objects.filter(statement=statement).aggregate(last=Max("seq"))["last"]
        Payment.objects.create(
            workspace_id=workspace_id, statement=statement, seq=last + 1, amount=-statement.pays,
            sent_on=proof.sent_on, reference=proof.reference, by=by.name, at=at,
        )  # fmt: skip
        _count_on(run, {statement.currency: (-1, -statement.pays)})
        facts = {"payout": run.pk, "member": statement.member_id, "pays": {statement.currency: statement.pays},
                 "reference": proof.reference}  # fmt: skip
        record_event(
            workspace_id=workspace_id, kind="payment_returned", subject=f"payout:{run.pk}", facts=facts, by=by, at=at
        )


def _approved(run_id: int) -> PayoutRun:
    run: PayoutRun = PayoutRun.objects.get(pk=run_id)
    if run.state != RunState.APPROVED:
        raise InvalidPayout(f"{run} is not approved, so nothing of it can be paid. Nothing was done.")
    return run


def _pay(run: PayoutRun, rows: QuerySet[Statement, Any], proof: Proof, by: Actor, at: datetime) -> int:
    sums = {
        currency: (count, int(pays))
        for currency, count, pays in rows.order_by().values_list("currency").annotate(n=Count("pk"), total=Sum("pays"))
    }
    columns = ("workspace_id", "statement_id", "seq", "amount", "sent_on", "reference", "by", "at")
    paid = insert_select(Payment, columns, _payments(rows, proof, by, at))
    _count_on(run, sums)
    facts = {"payout": run.pk, "statements": paid, "pays": {currency: pays for currency, (_, pays) in sums.items()},
             "sent_on": proof.sent_on.isoformat(), "reference": proof.reference}  # fmt: skip
    record_event(
        workspace_id=run.workspace_id, kind="payout_paid", subject=f"payout:{run.pk}", facts=facts, by=by, at=at
    )
    return paid


def _payments(rows: QuerySet[Statement, Any], proof: Proof, by: Actor, at: datetime) -> QuerySet[Statement, Any]:
    earlier = Payment.objects.filter(statement=OuterRef("pk")).order_by("-seq").values("seq")[:1]
    return rows.order_by("pk").values_list(
        "workspace_id", "pk", Coalesce(Subquery(earlier), 0, output_field=IntegerField()) + 1, F("pays"),
        Value(proof.sent_on, output_field=DateField()), Value(proof.reference, output_field=CharField()),
        Value(by.name, output_field=CharField()), Value(at, output_field=DateTimeField()),
    )  # fmt: skip


def _count_on(run: PayoutRun, sums: dict[str, tuple[int, int]]) -> None:
    for currency, (count, amount) in sums.items():
        PayoutTotal.objects.filter(run=run, currency=currency).update(
            paid_count=F("paid_count") + count, paid=F("paid") + amount
        )
