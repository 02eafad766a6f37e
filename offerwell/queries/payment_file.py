"""The payments of one file for a provider.

Which statements belong to which file follows from the approved payout alone, so that a file downloaded later never
takes in, or leaves out, what another one had; those that are paid meanwhile are left away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offerwell.models import Statement
from offerwell.queries.payable import can_be_reached, cannot_be_said, with_address, with_payments
from offerwell.rules.payment_files import Payee

if TYPE_CHECKING:
    from offerwell.models import PayoutRun
    from offerwell.rules.payment_files import PaymentFile


def payees(run: PayoutRun, file: PaymentFile, currency: str, part: int) -> tuple[Payee, ...]:
    """What is to be paid of the file number `part` (from 1), to members with an address. Two statements.

    Without sums that the provider's file cannot say.
    """
    start = (part - 1) * file.most_rows
    payable = Statement.objects.filter(run=run, currency=currency, pays__gt=0).order_by("pk")
    ids = list(payable.values_list("pk", flat=True)[start : start + file.most_rows])
    if not ids:
        return ()
    rows = Statement.objects.filter(run=run, currency=currency, pays__gt=0, pk__gte=ids[0], pk__lte=ids[-1])
    found = (
        with_address(with_payments(rows))
        .filter(can_be_reached() & ~cannot_be_said(file))
        .select_related("member", "workspace")
    )
    return tuple(_payee(one, run) for one in found.order_by("pk") if not one.paid)


def _payee(one: Any, run: PayoutRun) -> Payee:
    note = f"{one.workspace.name}: commission up to {run.last_day.isoformat()}"
    return Payee(one.pk, one.member.name, one.pay_to, one.currency, one.pays, note)
