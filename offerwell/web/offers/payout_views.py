"""The payout options of an offer: list, add, edit, choose the default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from offerwell.actions.add_payout_option import add_payout_option
from offerwell.actions.edit_payout_option import edit_payout_option
from offerwell.models import Offer, PayoutKind, PayoutOption
from offerwell.queries.payouts import counted_options, draft_of
from offerwell.rules.payouts import (
    KINDS,
    LONGEST_NAME,
    PayoutDraft,
    PayoutRefused,
    basis_points_of,
    decimals_of,
    minor_units,
)
from offerwell.rules.permissions import Action
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse, QueryDict

FIELDS = ("name", "kind", "percent", "amount", "currency")
_EMPTY = {"name": "", "kind": "cps", "percent": "", "amount": "", "currency": ""}


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_PAYOUTS)
def offer_payouts(request: BrandRequest, offer_id: int) -> HttpResponse:
    """The options with a form to add one; posted, the new option."""
    offer = get_object_or_404(Offer, pk=offer_id)
    if request.method != "POST":
        return _listed(request, offer, _EMPTY | {"currency": currency_of(offer)})
    typed = typed_payout(request.POST)
    try:
        option = add_payout_option(
            workspace_id=request.place.workspace_id, offer=offer, draft=payout_draft(typed),
            is_default="is_default" in request.POST, by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except PayoutRefused as refused:
        return _listed(request, offer, typed, problems=refused.problems, status=422)
    messages.success(request, f"{option.name} added. Choose it for members with Edit Payout.")
    return HttpResponseRedirect(reverse("offer_payouts", args=[offer.pk]))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_PAYOUTS)
def payout_edit(request: BrandRequest, offer_id: int, option_id: int) -> HttpResponse:
    """The form of one option; posted, its changes."""
    option = get_object_or_404(PayoutOption.objects.select_related("offer"), pk=option_id, offer_id=offer_id)
    if request.method != "POST":
        return _edited(request, option, _typed_of(option))
    typed = typed_payout(request.POST)
    try:
        option = edit_payout_option(
            workspace_id=request.place.workspace_id, option=option, draft=payout_draft(typed),
            makes_default="is_default" in request.POST, by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except PayoutRefused as refused:
        return _edited(request, option, typed, problems=refused.problems, status=422)
    messages.success(request, f"{option.name} saved.")
    return HttpResponseRedirect(reverse("offer_payouts", args=[offer_id]))


def typed_payout(fields: QueryDict, prefix: str = "") -> dict[str, str]:
    """The fields as typed."""
    return {name: fields.get(prefix + name, "").replace("\x00", "")[:200].strip() for name in FIELDS}


def payout_draft(typed: Mapping[str, str]) -> PayoutDraft:
    """What was typed as a draft; a number that is none is empty, and the rules say what to type."""
    currency = typed["currency"].upper()
    return PayoutDraft(
        name=typed["name"], kind=typed["kind"], basis_points=basis_points_of(typed["percent"]),
        amount=minor_units(typed["amount"], currency), currency=currency,
    )  # fmt: skip


def _typed_of(option: PayoutOption) -> dict[str, str]:
    draft = draft_of(option)
    percent = "" if draft.basis_points is None else f"{draft.basis_points / 100:g}"
    amount = ""
    if draft.amount is not None:
        decimals = decimals_of(draft.currency)
        amount = f"{draft.amount / 10**decimals:.{decimals}f}"
    return {"name": draft.name, "kind": draft.kind, "percent": percent, "amount": amount, "currency": draft.currency}


def currency_of(offer: Offer) -> str:
    """The currency of the offer's first store, as a start."""
    first = offer.store_links.select_related("store").order_by("store_id").first()
    return first.store.currency if first is not None else ""


def kind_choices(offer: Offer | None) -> list[tuple[str, str, str]]:
    """Value, name and meaning of the kinds; clicks are paid only where there are links."""
    has_links = offer is None or offer.has_links
    return [(kind.value, kind.label, KINDS[kind.value]) for kind in PayoutKind if has_links or kind != PayoutKind.CPC]


def _listed(
    request: BrandRequest, offer: Offer, typed: Mapping[str, str], *, problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    shown: dict[str, Any] = {"rows": counted_options(offer), **_form(offer, typed, problems)}
    return render(request, "web/offers/payouts.html", shown, status=status)


def _edited(
    request: BrandRequest, option: PayoutOption, typed: Mapping[str, str], *,
    problems: Mapping[str, str] | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    shown = {"option": option, **_form(option.offer, typed, problems)}
    return render(request, "web/offers/payout_edit.html", shown, status=status)


def _form(offer: Offer, typed: Mapping[str, str], problems: Mapping[str, str] | None) -> dict[str, Any]:
    return {
        "offer": offer, "typed": typed, "problems": problems or {}, "kinds": kind_choices(offer),
        "longest": LONGEST_NAME,
    }  # fmt: skip
