"""Create and edit an offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from offerwell.actions.create_offer import create_offer
from offerwell.actions.edit_offer import edit_offer
from offerwell.models import SPOKEN_KINDS, Offer, OfferStatus, Store
from offerwell.rules.discount_words import shopper_sentence
from offerwell.rules.offer_draft import OfferRefused
from offerwell.rules.payouts import LONGEST_NAME, PayoutDraft, PayoutRefused
from offerwell.rules.permissions import Action, may
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.offers.offer_form import (
    DEAD_LINK_CHOICES,
    ITEM_CHOICES,
    KIND_CARDS,
    PATTERN_CHOICES,
    PURCHASE_CHOICES,
    TYPE_CARDS,
    OfferForm,
    first_values,
    initial_of,
)
from offerwell.web.offers.payout_views import kind_choices, payout_draft, typed_payout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_OFFERS)
def offer_create(request: BrandRequest) -> HttpResponse:
    """The form of a new offer; created, it opens."""
    workspace = request.place.workspace
    if request.method != "POST":
        form = OfferForm(
            workspace=workspace,
            initial=first_values(list(Store.objects.filter(kind__in=SPOKEN_KINDS).order_by("pk")[:2])),
        )
        return _shown(request, form, None)
    form = OfferForm(request.POST, workspace=workspace)
    if form.is_valid():
        try:
            offer = create_offer(
                workspace_id=workspace.pk, draft=form.draft(), by=actor_of(request), at=timezone.now(),
                payouts=_first_payouts(request),
            )  # fmt: skip
        except OfferRefused as refused:
            form.say(refused.problems)
        except PayoutRefused as refused:
            return _shown(request, form, None, status=422, problems=refused.problems)
        else:
            messages.success(request, f"{offer.name} created. Add the members who promote it.")
            return HttpResponseRedirect(reverse("offer", args=[offer.pk]))
    return _shown(request, form, None, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_OFFERS)
def offer_edit(request: BrandRequest, offer_id: int) -> HttpResponse:
    """The form of an offer there is."""
    offer, workspace = get_object_or_404(Offer, pk=offer_id), request.place.workspace
    if request.method != "POST":
        return _shown(request, OfferForm(workspace=workspace, initial=initial_of(offer)), offer)
    form = OfferForm(request.POST, workspace=workspace, offer=offer)
    if form.is_valid():
        try:
            offer = edit_offer(
                workspace_id=workspace.pk, offer=offer, draft=form.draft(), by=actor_of(request), at=timezone.now()
            )
        except OfferRefused as refused:
            form.say(refused.problems)
        else:
            messages.success(request, f"{offer.name} saved.")
            return HttpResponseRedirect(reverse("offer", args=[offer.pk]))
    return _shown(request, form, offer, status=422)


@require_http_methods(["POST"])
@needs(Action.EDIT_OFFERS)
def offer_summary(request: BrandRequest) -> HttpResponse:
    """The discount in a filled-in form as a shopper would read it. Stores nothing."""
    form = OfferForm(request.POST, workspace=request.place.workspace)
    form.full_clean()
    return render(request, "web/offers/discount_summary.html", {"summary": form.summary()})


def _summary(form: OfferForm, offer: Offer | None) -> str:
    if form.is_bound:
        return form.summary()
    if offer is None or not offer.discount_kind:
        return ""
    currencies = offer.store_links.order_by("store_id").values_list("store__currency", flat=True)
    return shopper_sentence(offer.terms, currencies.first() or "")


def _first_payouts(request: BrandRequest) -> tuple[PayoutDraft, ...]:
    """The first payout option, where one was filled in; else the offer begins with one that pays nothing."""
    typed = typed_payout(request.POST, "payout_")
    return (payout_draft(typed),) if typed["percent"] or typed["amount"] else ()


def _shown(
    request: BrandRequest, form: OfferForm, offer: Offer | None, *, status: int = 200,
    problems: Mapping[str, str] | None = None,
) -> HttpResponse:  # fmt: skip
    typed = typed_payout(request.POST, "payout_")
    shown = {
        "typed": typed if typed["kind"] else {"kind": "cps"},
        "kinds": kind_choices(None),
        "longest": LONGEST_NAME,
        "problems": problems or {},
        "form": form,
        "offer": offer,
        "type_cards": TYPE_CARDS,
        "statuses": OfferStatus.choices,
        "kind_cards": KIND_CARDS,
        "item_choices": ITEM_CHOICES,
        "bought_choices": ITEM_CHOICES[1:],
        "purchases": PURCHASE_CHOICES,
        "summary": _summary(form, offer),
        "patterns": PATTERN_CHOICES,
        "dead_links": DEAD_LINK_CHOICES,
        "zone": request.place.workspace.timezone,
        "may_connect": may(request.place.role, Action.EDIT_SETTINGS),
    }
    return render(request, "web/offers/offer_form.html", shown, status=status)
