"""Home, offers, one offer with its codes and links, earnings."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import qrcode
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe
from qrcode.image.svg import SvgPathFillImage

from offerwell.models import ConversionStatus
from offerwell.portal.gate import creators_only
from offerwell.portal.money import month_began, sums_text, trend
from offerwell.portal.page import portal_page
from offerwell.queries.creator_earnings import earned_by_place, figures_of, own_days, sales_page
from offerwell.queries.creator_history import own_history
from offerwell.queries.creator_offers import earlier_texts, own_offer, own_offers
from offerwell.queries.creator_statements import own_balance, own_statements
from offerwell.queries.creator_tier import own_tier
from offerwell.rules.money import money_text
from offerwell.ui import statement_words as words
from offerwell.ui.paging import number_from

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from offerwell.portal.gate import PortalRequest
    from offerwell.queries.creator_earnings import Figures, OwnSale, Sums
    from offerwell.queries.creator_offers import OwnOffer

# On the first page; the others are under Offers.
_ON_HOME = 6
_TREND_DAYS = 30


@require_safe
@creators_only
def portal_home(request: PortalRequest) -> HttpResponse:
    """What works, for every brand, at a glance."""
    offers = _offers(request)
    current = [one for one in offers if not one.is_over]
    ids, began = request.person.member_ids, month_began(request)
    figures = figures_of(ids, since=began)
    days = own_days(ids, since=began.date())
    month = earned_by_place(days)
    shown = {
        "trend": trend(days, began.date(), _today(request), what="Earned", amount=lambda one: one.earned),
        "current": [(one, _earned_in(one, month)) for one in current[:_ON_HOME]],
        "has_more": len(offers) > len(current[:_ON_HOME]),
        "has_any": bool(offers),
        "due": sums_text(own_balance(request.person.member_ids).due),
        **_told(figures),
    }
    return portal_page(request, "home.html", shown, tab="home")


@require_safe
@creators_only
def portal_offers(request: PortalRequest) -> HttpResponse:
    """All offers of the person, also those that are over."""
    offers = _offers(request)
    month = earned_by_place(own_days(request.person.member_ids, since=month_began(request).date()))
    listed = [(one, _earned_in(one, month)) for one in offers]
    shown = {
        "current": [pair for pair in listed if not pair[0].is_over],
        "past": [pair for pair in listed if pair[0].is_over],
    }
    return portal_page(request, "offers.html", shown, tab="offers")


@require_safe
@creators_only
def portal_offer(request: PortalRequest, enrollment_id: int) -> HttpResponse:
    """One offer; somebody else's is not there."""
    offer = own_offer_or_404(request, enrollment_id)
    place, today = offer.enrollment, _today(request)
    first = today - timedelta(days=_TREND_DAYS - 1)
    figures = figures_of(request.person.member_ids, enrollment_id=place.pk)
    days = own_days([place.member_id], since=first, offer_id=place.offer_id)
    shown = {
        "own": offer,
        "pay_is_listed": offer.pay is not None and not offer.pay.is_simple,
        "tier": None if offer.is_over else own_tier(place, at=request.at),
        "earlier": earlier_texts(offer),
        "history": own_history(offer),
        "may_make_links": offer.may_make_links,
        "trend": trend(days, first, today, what="Sales", amount=lambda one: one.sales),
        "trend_days": _TREND_DAYS,
        **_told(figures),
    }
    return portal_page(request, "offer.html", shown, tab="offers")


@require_safe
@creators_only
def portal_qr(request: PortalRequest, enrollment_id: int, part: str, part_id: int, number: int) -> HttpResponse:
    """A link of the offer as a QR code. One that cannot be shared now has none."""
    found = next(
        (one for one in own_offer_or_404(request, enrollment_id).parts if (one.part, one.pk) == (part, part_id)), None
    )
    if found is None or number >= len(found.links):
        raise Http404
    code = qrcode.QRCode(image_factory=SvgPathFillImage, border=2)
    code.add_data(found.links[number].address)
    drawn = BytesIO()
    code.make_image().save(drawn)
    return HttpResponse(drawn.getvalue(), content_type="image/svg+xml")


@require_safe
@creators_only
def portal_earnings(request: PortalRequest) -> HttpResponse:
    """What was sold and earned, this month and order by order."""
    ids = request.person.member_ids
    before = number_from(request.GET.get("before"))
    page, balance = sales_page(ids, before=before), own_balance(ids)
    shown = {
        "sales": [_sale(one) for one in page.sales],
        "some_await": any(one.awaits_shop for one in page.sales),
        "next": page.next,
        "is_first": before is None,
        **_told(figures_of(ids, since=month_began(request))),
        "ever": sums_text(balance.earned),
        "ever_earned": balance.earned,
        "paid": sums_text(balance.paid),
        "due": sums_text(balance.due),
        "statements": [_statement(one) for one in own_statements(ids)] if before is None else [],
    }
    return portal_page(request, "earnings.html", shown, tab="earnings")


def _told(figures: Figures) -> dict[str, object]:
    return {
        "orders": figures.orders, "sold": sums_text(figures.sales), "earned": sums_text(figures.earned),
        "by_clicks": sums_text(figures.by_clicks) if figures.by_clicks else "",
    }  # fmt: skip


def _statement(one: Any) -> dict[str, object]:
    return {
        "row": one,
        "title": words.title_of(one.run.last_day),
        "state": words.state_of(one),
        "pays": words.statement_cells(one)["pays"],
    }


def _today(request: PortalRequest) -> date:
    """By the clock that this month began by."""
    return request.at.astimezone(month_began(request).tzinfo).date()


def _earned_in(own: OwnOffer, by_place: Mapping[tuple[int, int], Sums]) -> str:
    """This month, by the person's place in the offer; empty for nothing."""
    sums = by_place.get((own.enrollment.offer_id, own.enrollment.member_id), ())
    return sums_text(sums) if sums else ""


def _sale(one: OwnSale) -> dict[str, object]:
    row = one.conversion
    return {
        "row": row,
        "is_counted": row.status == ConversionStatus.ACCEPTED,
        "awaits_shop": one.awaits_shop,
        "sold": money_text(row.sales, row.currency),
        "earned": sums_text(one.earned),
    }


def _offers(request: PortalRequest) -> tuple[OwnOffer, ...]:
    return own_offers(request.person.members, at=request.at)


def own_offer_or_404(request: PortalRequest, enrollment_id: int) -> OwnOffer:
    """The person's own offer. Raises Http404."""
    found = own_offer(request.person.members, enrollment_id, at=request.at)
    if found is None:
        raise Http404
    return found
