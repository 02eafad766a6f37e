"""One payout: its statements, approval of the draft, and dropping it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offerwell.actions.approve_payout import DraftOutOfDate, approve_payout
from offerwell.actions.draft_payout import cancel_payout
from offerwell.actions.set_payout_policy import payout_policy
from offerwell.models import PayoutRun, PayoutTotal, RunState
from offerwell.queries.payout_runs import StatementView, left_out, run_row, statement_page
from offerwell.rules.money import money_text
from offerwell.rules.payment_files import PaymentFile, parts_of
from offerwell.rules.permissions import Action
from offerwell.rules.statements import InvalidPayout, Signer, minimums_text, why_not_approve
from offerwell.ui import statement_words as words
from offerwell.ui.paging import number_from
from offerwell.web.confirmed import confirmed
from offerwell.web.needs import actor_of, needs

if TYPE_CHECKING:
    from offerwell.queries.payout_runs import RunRow
    from offerwell.web.needs import BrandRequest

_VIEWS = {
    StatementView.ALL: "All", StatementView.TO_PAY: "To pay", StatementView.PAID: "Paid",
    StatementView.CARRIED: "Carried forward", StatementView.NO_ADDRESS: "No address",
    StatementView.NOT_WHOLE: "Not for PayPal",
}  # fmt: skip
_LONGEST_SEARCH = 80


@require_safe
@needs(Action.MAKE_PAYOUTS)
def run(request: BrandRequest, run_id: int) -> HttpResponse:
    """The payout with its statements, by name. A fragment while the page polls, then the page anew."""
    found = get_object_or_404(PayoutRun, pk=run_id)
    if request.htmx:  # type: ignore[attr-defined]  django-htmx
        return _progress(request, found)
    asked, text = request.GET.get("view", ""), request.GET.get("q", "").strip()[:_LONGEST_SEARCH]
    view = StatementView(asked) if asked in set(StatementView) else StatementView.ALL
    after = number_from(request.GET.get("after"))
    page = statement_page(found, view, text=text, after=after or 0)
    rows = [
        (one, words.state_of(one, run_state=found.state), words.statement_cells(one), one.member) for one in page.rows
    ]
    about = _about(found)
    views = [(one, label, one == view) for one, label in _VIEWS.items() if one == view or _is_offered(one, about)]
    shown = about | {
        "rows": rows, "next": page.next, "is_first": after is None, "view": view, "text": text, "views": views,
    }  # fmt: skip
    return render(request, "web/payouts/run.html", shown)


def _progress(request: BrandRequest, found: PayoutRun) -> HttpResponse:
    shown = {"run": found, "row": run_row(found)}
    response = render(request, "web/payouts/approving.html", shown)
    if not found.is_approving:
        response["HX-Refresh"] = "true"
    return response


def _is_offered(view: StatementView, about: dict[str, Any]) -> bool:
    """Nothing is paid before it is approved; few brands ever have a sum that PayPal refuses."""
    if view is StatementView.PAID:
        return bool(about["is_approved"])
    return view is not StatementView.NOT_WHOLE or bool(about["left_out"].not_whole)


def _about(found: PayoutRun) -> dict[str, Any]:
    row = run_row(found)
    return {
        "run": found, "title": words.title_of(found.last_day), "state": f"payout_{row.standing}", "row": row,
        "minimums": minimums_text(found.minimums), "is_approved": found.state == RunState.APPROVED,
        "totals": [_total(one) for one in row.totals], "files": _files(row),
        "left_out": left_out(row),
    }  # fmt: skip


def _total(one: PayoutTotal) -> dict[str, Any]:
    return {
        "of": one, "pays": money_text(one.pays, one.currency), "carries": money_text(one.carries, one.currency),
        "paid": money_text(one.paid, one.currency), "left": one.payable - one.paid_count,
    }  # fmt: skip


def _files(row: RunRow) -> list[tuple[str, list[tuple[str, str]]]]:
    """Provider → (label, address) of each of its files, while something is left to pay."""
    if row.run.state != RunState.APPROVED:
        return []
    files = []
    for provider in PaymentFile:
        parts = [
            _file(row, provider, total, part)
            for total in row.totals if total.payable > total.paid_count
            for part in range(1, parts_of(provider, total.payable) + 1)
        ]  # fmt: skip
        files.append((provider.label, parts))
    return [(label, parts) for label, parts in files if parts]


def _file(row: RunRow, provider: PaymentFile, total: PayoutTotal, part: int) -> tuple[str, str]:
    parts = parts_of(provider, total.payable)
    label = f"{total.currency}, file {part} of {parts}" if parts > 1 else total.currency
    return label, reverse("payment_csv", args=[row.run.pk, provider, total.currency, part])


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.MAKE_PAYOUTS)
@confirmed()
def approve(request: BrandRequest, run_id: int) -> HttpResponse:
    """The last look, then exactly that."""
    found = get_object_or_404(PayoutRun, pk=run_id)
    if request.method != "POST":
        return _approve_page(request, found)
    try:
        done = approve_payout(
            workspace_id=request.place.workspace_id, run_id=found.pk, digest=request.POST.get("digest", ""),
            by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except DraftOutOfDate:
        differs = "Orders changed since you looked. Look at the new sums, then confirm again."
        return _approve_page(request, found, differs=differs, status=409)
    except InvalidPayout as refused:
        return _approve_page(request, found, refusal=str(refused), status=422)
    if not done.is_approving:
        messages.success(
            request, "Approved. The statements never change from now on, and members see them in the portal."
        )
    return HttpResponseRedirect(reverse("payout_run", args=[found.pk]))


def _approve_page(request: BrandRequest, found: PayoutRun, *, status: int = 200, **said: str) -> HttpResponse:
    approver = Signer(request.user.pk, str(request.user))
    needs_second = payout_policy().needs_second
    shown = _about(found) | {
        "digest": found.digest,
        "why_not": why_not_approve(drawn_by=found.drawer, approver=approver, needs_second=needs_second), **said,
    }  # fmt: skip
    return render(request, "web/payouts/approve.html", shown, status=status)


@require_POST
@needs(Action.MAKE_PAYOUTS)
def cancel(request: BrandRequest, run_id: int) -> HttpResponse:
    """Drop the draft."""
    found = get_object_or_404(PayoutRun, pk=run_id)
    try:
        cancel_payout(workspace_id=request.place.workspace_id, run_id=found.pk, by=actor_of(request), at=timezone.now())
    except InvalidPayout as refused:
        messages.error(request, str(refused))
        return HttpResponseRedirect(reverse("payout_run", args=[found.pk]))
    messages.success(request, "The draft was cancelled. Everything in it is due as before.")
    return HttpResponseRedirect(reverse("payouts"))
