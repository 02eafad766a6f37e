"""Reporting › Leak radar: codes whose use departs from their creator's reach. Rotate, deactivate, or say it is fine."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from offerwell.actions.dismiss_leaks import DismissalRefused, dismiss_leaks
from offerwell.actions.store_selection import store_selection
from offerwell.models import Offer, PromoCode
from offerwell.models.id_list import id_rows
from offerwell.queries.leaks import last_scored, leak_offers, leak_page
from offerwell.queries.offer_member_page import newest_enrollment
from offerwell.rules.leak_score import LEAST_ORDERS, WEEKS
from offerwell.rules.permissions import Action, may
from offerwell.rules.selection import InvalidSelection, MemberSelection
from offerwell.ui.leak_words import evidence_text, score_badge
from offerwell.ui.paging import number_from
from offerwell.ui.selection_form import ids_from
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from django.http import HttpResponse, QueryDict

_ONE_OFFER = (
    "The selected codes are of several offers, and Manage Offer changes one. Filter by an offer, then select its codes."
)
_NOBODY = "No codes are selected. Select one or more codes first."


@require_safe
@needs(Action.VIEW)
def leaks(request: BrandRequest) -> HttpResponse:
    """The codes to look at, the highest score first."""
    return _table(request, request.GET)


@require_POST
@needs(Action.CHANGE_OFFER_STATUS)
def manage(request: BrandRequest) -> HttpResponse:
    """Go on to Manage Offer with the members of the ticked codes. Nothing is changed yet."""
    try:
        chosen = _chosen(request.POST)
    except InvalidSelection as refusal:
        return _table(request, request.POST, refusal=str(refusal), status=422)
    if len({code.offer_id for code in chosen}) > 1:
        return _table(request, request.POST, refusal=_ONE_OFFER, status=422)
    offer = Offer.objects.get(pk=chosen[0].offer_id)
    members = tuple(dict.fromkeys(code.enrollment.member_id for code in chosen))
    stored = store_selection(
        workspace_id=request.place.workspace_id, offer=offer,
        selection=MemberSelection(ids=members, up_to=newest_enrollment(offer)), by=actor_of(request),
        at=timezone.now(), origin=reverse("leaks"),
    )  # fmt: skip
    return HttpResponseRedirect(reverse("manage_offer", args=[offer.pk, stored.pk]))


@require_POST
@needs(Action.CHANGE_OFFER_STATUS)
def dismiss(request: BrandRequest) -> HttpResponse:
    """Say that the use of the ticked codes is fine, and why."""
    try:
        count = dismiss_leaks(
            workspace_id=request.place.workspace_id, code_ids=ids_from(request.POST, "ids"),
            reason=request.POST.get("reason", ""), by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except (DismissalRefused, InvalidSelection) as refusal:
        return _table(request, request.POST, refusal=str(refusal), status=422)
    if count:
        words = "1 code is" if count == 1 else f"{count:,} codes are"
        messages.success(request, f"Dismissed: {words} listed again when the score has grown.")
    return HttpResponseRedirect(reverse("leaks"))


def _chosen(fields: QueryDict) -> list[PromoCode]:
    """The ticked codes. Raises InvalidSelection."""
    codes = PromoCode.objects.filter(pk__in=id_rows(ids_from(fields, "ids"))).select_related("enrollment")
    found = list(codes.order_by("pk"))
    if not found:
        raise InvalidSelection(_NOBODY)
    return found


def _table(request: BrandRequest, fields: QueryDict, *, refusal: str = "", status: int = 200) -> HttpResponse:
    is_dismissed = fields.get("view") == "dismissed"
    offer_id = number_from(fields.get("offer")) or 0
    page = leak_page(offer_id=offer_id, is_dismissed=is_dismissed, after=_place_from(fields.get("after", "")))
    kept = {"view": "dismissed" if is_dismissed else "", "offer": str(offer_id or "")}
    kept = {name: value for name, value in kept.items() if value}
    shown = {
        "rows": [(row, *score_badge(row.score), [evidence_text(part) for part in row.parts]) for row in page.rows],
        "offers": leak_offers(is_dismissed=is_dismissed), "offer_id": offer_id, "is_dismissed": is_dismissed,
        "kept": kept, "ticked": set(fields.getlist("ids")), "reason": fields.get("reason", ""),
        "first_href": f"?{urlencode(kept)}" if fields.get("after") else "",
        "next_href": f"?{urlencode({**kept, 'after': '{}-{}'.format(*page.next)})}" if page.next else "",
        "may_change": may(request.place.role, Action.CHANGE_OFFER_STATUS), "refusal": refusal,
        "scored_at": last_scored(), "least": LEAST_ORDERS, "weeks": WEEKS,
    }  # fmt: skip
    return render(request, "web/leaks/leaks.html", shown, status=status)


def _place_from(text: str) -> tuple[int, int] | None:
    """Score and code of the last row seen; None for what is no place."""
    score, _, code = text.partition("-")
    place = number_from(score), number_from(code)
    return (place[0], place[1]) if place[0] is not None and place[1] is not None else None
