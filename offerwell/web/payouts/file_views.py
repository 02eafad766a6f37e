"""Files: all statements of a payout, and payments as PayPal and Wise take them."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from offerwell.models import PayoutRun, RunState
from offerwell.queries.payment_file import payees
from offerwell.queries.payout_runs import every_statement, run_row
from offerwell.rules.payment_files import PaymentFile, parts_of, payment_line
from offerwell.rules.permissions import Action
from offerwell.rules.statements import plain_amount
from offerwell.ui.csv_download import csv_download
from offerwell.web.needs import needs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from offerwell.web.needs import BrandRequest

HEADINGS = (
    "Statement", "Member", "E-mail", "Paid to", "Currency", "Opening", "Earned", "Pays", "Carried forward", "Paid",
    "Hash",
)  # fmt: skip


@require_safe
@needs(Action.MAKE_PAYOUTS)
def statements_csv(request: BrandRequest, run_id: int) -> HttpResponse:
    """Every statement of the payout, streamed; not while it is being approved."""
    found = get_object_or_404(PayoutRun.objects.exclude(state=RunState.APPROVING), pk=run_id)
    return csv_download(f"payout {found.pk}", HEADINGS, _lines(found), workspace=request.place.workspace)  # type: ignore[return-value]  a stream


def _lines(found: PayoutRun) -> Iterator[Iterable[tuple[str, ...]]]:
    for batch in every_statement(found):
        yield [_line(one) for one in batch]


def _line(one: Any) -> tuple[str, ...]:
    sums = (one.opening, one.earned, one.pays, one.carries, one.paid)
    member = one.member
    return (
        str(one.pk), member.name, member.email, one.pay_to, one.currency,
        *(plain_amount(amount, one.currency) for amount in sums), one.hash,
    )  # fmt: skip


@require_safe
@needs(Action.MAKE_PAYOUTS)
def payment_csv(request: BrandRequest, run_id: int, provider: str, currency: str, part: int) -> HttpResponse:
    """One file for a payment provider, of an approved payout."""
    found = get_object_or_404(PayoutRun, pk=run_id, state=RunState.APPROVED)
    if provider not in set(PaymentFile) or not 0 < part < 2**31:
        raise Http404
    file = PaymentFile(provider)
    rows = payees(found, file, currency, part)
    if not rows:
        return _nothing_in(request, found, is_file=part <= parts_of(file, _payable(found, currency)))
    written = StringIO()
    csv.writer(written).writerows(
        [*([file.headings] if file.headings else []), *(payment_line(file, one) for one in rows)]
    )
    response = HttpResponse(written.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"{file}-payout-{found.pk}-{rows[0].currency.lower()}-{part}"
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _payable(found: PayoutRun, currency: str) -> int:
    return sum(one.payable for one in run_row(found).totals if one.currency == currency)


def _nothing_in(request: BrandRequest, found: PayoutRun, *, is_file: bool) -> HttpResponse:
    """A file of the payout that has nothing left in it is said on the payout's page. Raises Http404 for no file."""
    if not is_file:
        raise Http404
    messages.error(
        request,
        "Nothing is left for this file: what is paid, has no address or has decimals that PayPal refuses is not in it.",
    )
    return HttpResponseRedirect(reverse("payout_run", args=[found.pk]))
