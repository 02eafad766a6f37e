"""Noting what was paid and what came back; one statement with its lines."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db.models import Count, Sum
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offerwell.actions.pay_statements import Proof, pay_run, pay_statement, return_payment
from offerwell.models import PayoutRun, RunState
from offerwell.queries.payable import can_be_reached, cannot_be_said, to_pay
from offerwell.queries.payout_runs import left_out, run_row, statement_seen
from offerwell.rules.money import money_text
from offerwell.rules.payment_files import PaymentFile
from offerwell.rules.permissions import Action
from offerwell.rules.statements import InvalidPayout
from offerwell.rules.written_dates import day_text
from offerwell.ui import statement_words as words
from offerwell.ui.paging import number_from
from offerwell.web.confirmed import confirmed
from offerwell.web.needs import actor_of, needs

if TYPE_CHECKING:
    from offerwell.queries.payout_runs import StatementSeen
    from offerwell.web.needs import BrandRequest


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.MAKE_PAYOUTS)
@confirmed()
def pay(request: BrandRequest, run_id: int) -> HttpResponse:
    """Note everything of one currency as paid, on a day, with a reference."""
    found = get_object_or_404(PayoutRun, pk=run_id)
    currency = request.GET.get("currency", "")[:3]
    if request.method != "POST":
        return _pay_page(request, found, currency)
    try:
        paid = pay_run(
            workspace_id=request.place.workspace_id, run_id=found.pk, currency=currency,
            file=_file(request), shown=number_from(request.POST.get("shown")) or 0, proof=_proof(request),
            by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except InvalidPayout as refused:
        return _pay_page(request, found, currency, refusal=str(refused), status=422)
    messages.success(request, f"{paid:,} {'payment' if paid == 1 else 'payments'} noted.")
    return HttpResponseRedirect(reverse("payout_run", args=[found.pk]))


def _file(request: BrandRequest) -> PaymentFile | None:
    """Whose file alone is noted; without one, everything."""
    asked = request.GET.get("file", "")
    return PaymentFile(asked) if asked in set(PaymentFile) else None


def _proof(request: BrandRequest) -> Proof:
    try:
        sent_on = date.fromisoformat(request.POST.get("sent_on", ""))
    except ValueError:
        raise InvalidPayout("Choose the day on which the money was sent.") from None
    return Proof(sent_on, request.POST.get("reference", ""))


def _pay_page(
    request: BrandRequest, found: PayoutRun, currency: str, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    rows = to_pay(found).filter(can_be_reached()).order_by()
    rows = rows.filter(currency=currency) if currency else rows
    file, not_whole = _file(request), rows.filter(cannot_be_said(PaymentFile.PAYPAL)).count()
    rows = rows.exclude(cannot_be_said(file)) if file else rows
    sums = list(rows.values_list("currency").annotate(n=Count("pk"), total=Sum("pays")).order_by("currency"))
    shown = {
        "run": found, "title": words.title_of(found.last_day), "currency": currency, "refusal": refusal,
        "count": sum(n for _, n, _ in sums), "sums": [(n, money_text(int(total), of)) for of, n, total in sums],
        "left_out": left_out(run_row(found)), "not_whole": not_whole, "file": file,
        "reference": request.POST.get("reference", ""),
        "sent_on": request.POST.get("sent_on", timezone.now().date().isoformat()),
    }  # fmt: skip
    return render(request, "web/payouts/pay.html", shown, status=status)


@require_safe
@needs(Action.MAKE_PAYOUTS)
def statement(request: BrandRequest, statement_id: int) -> HttpResponse:
    """One statement with its lines and payments."""
    return _statement_page(request, _seen(request, statement_id))


@require_POST
@needs(Action.MAKE_PAYOUTS)
@confirmed(back="statement")
def statement_payment(request: BrandRequest, statement_id: int) -> HttpResponse:
    """Note that this one was paid, or that its payment came back."""
    seen = _seen(request, statement_id)
    note = return_payment if request.POST.get("what") == "returned" else pay_statement
    try:
        note(
            workspace_id=request.place.workspace_id, statement_id=seen.statement.pk, proof=_proof(request),
            by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except InvalidPayout as refused:
        return _statement_page(request, seen, refusal=str(refused), status=422)
    messages.success(request, "Noted.")
    return HttpResponseRedirect(reverse("statement", args=[seen.statement.pk]))


def _seen(request: BrandRequest, statement_id: int) -> StatementSeen:
    seen = statement_seen(statement_id, after=number_from(request.GET.get("after")) or 0)
    if seen is None:
        raise Http404
    return seen


def _statement_page(
    request: BrandRequest, seen: StatementSeen, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    one = seen.statement
    is_approved = one.run.state == RunState.APPROVED
    payments = [(row, day_text(row.sent_on), money_text(row.amount, one.currency)) for row in seen.payments]
    shown: dict[str, Any] = {
        "statement": one, "run": one.run, "title": words.title_of(one.run.last_day),
        "cells": words.statement_cells(one),
        "state": words.state_of(one, run_state=one.run.state, was_paid=bool(seen.payments)), "payments": payments,
        "lines": [words.line_cells(line) for line in seen.lines], "next": seen.next, "refusal": refusal,
        "hash": one.hash if is_approved else "",
        "is_first": not request.GET.get("after"), "can_pay": one.pays and not one.paid and is_approved,
        "sent_on": timezone.now().date().isoformat(), "reference": request.POST.get("reference", ""),
    }  # fmt: skip
    return render(request, "web/payouts/statement.html", shown, status=status)
