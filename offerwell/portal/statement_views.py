"""A creator's statements: one with its lines, to read and to print; and where payments go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.views.decorators.http import require_POST, require_safe

from offerwell.actions.set_payout_address import InvalidAddress, set_payout_address
from offerwell.portal.gate import creators_only
from offerwell.portal.page import portal_page
from offerwell.portal.settings_views import settings_page, to_settings
from offerwell.queries.creator_statements import own_statement
from offerwell.rules.money import money_text
from offerwell.rules.written_dates import day_text
from offerwell.ui import statement_words as words
from offerwell.ui.paging import number_from

if TYPE_CHECKING:
    from django.http import HttpResponse

    from offerwell.portal.gate import PortalRequest


@require_safe
@creators_only
def portal_statement(request: PortalRequest, statement_id: int) -> HttpResponse:
    """One statement; somebody else's is not there."""
    after = number_from(request.GET.get("after"))
    seen = own_statement(request.person.member_ids, statement_id, after=after or 0)
    if seen is None:
        raise Http404
    one = seen.statement
    last = seen.payments[-1] if seen.payments else None
    shown = {
        "statement": one, "title": words.title_of(one.run.last_day), "cells": words.statement_cells(one),
        "state": words.state_of(one, was_paid=bool(seen.payments)),
        "lines": [words.line_cells(line) for line in seen.lines], "next": seen.next, "is_first": after is None,
        "last": last, "last_day": day_text(last.sent_on) if last else "",
        "last_amount": money_text(abs(last.amount), one.currency) if last else "",
    }  # fmt: skip
    return portal_page(request, "statement.html", shown, tab="earnings")


@require_POST
@creators_only
def portal_payout_address(request: PortalRequest) -> HttpResponse:
    """Set the address that payments go to, or take it back."""
    typed = request.POST.get("payout_email", "")
    try:
        set_payout_address(members=request.person.members, email=typed, at=request.at)
    except InvalidAddress as refused:
        return settings_page(request, payout_refusal=str(refused), payout_email=typed, status=422)
    return to_settings("payout-saved")
