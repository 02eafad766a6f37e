"""What status each code and link of some enrollments has now, with what decides it (domain §2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F

from offerwell.models import OfferPart, OfferStatus, PromoCode, SalesLink, StoreCode
from offerwell.rules.offer_status import EffectiveStatus, OfferState, SeenStatus, StoreView, effective_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from offerwell.models import Offer

# While one of these shows, the store's answer is still on its way: the page looks again soon.
_MOVING = frozenset({EffectiveStatus.UPDATING, EffectiveStatus.CHECKING})


@dataclass(frozen=True, slots=True)
class SeenPart:
    """One code or link as a person sees it. `is_active` is the intent, `seen` what counts now."""

    pk: int
    part: OfferPart
    text: str
    is_active: bool
    changed_at: datetime
    seen: SeenStatus

    @property
    def is_moving(self) -> bool:
        """Whether a store has still to answer."""
        return self.seen.status in _MOVING


def offer_state(offer: Offer) -> OfferState:
    """What of the offer decides the status of its codes and links."""
    return OfferState(offer.status == OfferStatus.ACTIVE, offer.starts_at, offer.ends_at)


def parts_of(offer: Offer, enrollment_ids: Iterable[int], *, at: datetime) -> Mapping[int, tuple[SeenPart, ...]]:
    """The codes, then the links, of each enrollment, in the order they were made. Three statements at most."""
    return parts_of_places(dict.fromkeys(enrollment_ids, offer), at=at)


def parts_of_places(offers: Mapping[int, Offer], *, at: datetime) -> Mapping[int, tuple[SeenPart, ...]]:
    """The same for enrollments of several offers: `offers` maps each enrollment to its own."""
    found: dict[int, list[SeenPart]] = {pk: [] for pk in offers}
    states = {offer.pk: offer_state(offer) for offer in offers.values()}
    with_codes = [pk for pk, offer in offers.items() if offer.has_codes]
    if with_codes:
        codes = list(PromoCode.objects.filter(enrollment_id__in=with_codes).order_by("pk"))
        views = _store_views([code.pk for code in codes], at=at)
        for code in codes:
            state = states[code.offer_id]
            found[code.enrollment_id].append(_seen(code, code.text, state, views.get(code.pk, ()), at=at))
    with_links = [pk for pk, offer in offers.items() if offer.has_links]
    if with_links:
        for link in SalesLink.objects.filter(enrollment_id__in=with_links).order_by("pk"):
            found[link.enrollment_id].append(_seen(link, link.slug, states[link.offer_id], (), at=at))
    return {pk: tuple(parts) for pk, parts in found.items()}


def _seen(
    part: PromoCode | SalesLink, text: str, state: OfferState, stores: tuple[StoreView, ...], *, at: datetime
) -> SeenPart:
    status = effective_status(
        is_active=part.is_active,
        starts_at=part.starts_at,
        ends_at=part.ends_at,
        offer=state,
        stores=stores,
        at=at,
    )
    kind = OfferPart.CODES if isinstance(part, PromoCode) else OfferPart.LINKS
    return SeenPart(part.pk, kind, text, part.is_active, part.changed_at, status)


def _store_views(code_ids: list[int], *, at: datetime) -> dict[int, tuple[StoreView, ...]]:
    rows = (
        StoreCode.objects.filter(code_id__in=code_ids)
        .annotate(label=F("store__label"), wanted_since=F("code__changed_at"), text_change_id=F("code__text_change_id"))
        .order_by("store_id")
    )
    views: dict[int, tuple[StoreView, ...]] = {}
    for row in rows:
        views[row.code_id] = (
            *views.get(row.code_id, ()),
            store_view(row, row.label, row.wanted_since, text_change_id=row.text_change_id, at=at),
        )
    return views


def store_view(
    row: StoreCode, label: str, wanted_since: datetime, *, text_change_id: int | None, at: datetime
) -> StoreView:
    """What one store's row of a code says, as the rule of statuses reads it."""
    return StoreView(
        store=label,
        problem=row.problem,
        is_behind=row.observed_generation < row.generation or (row.is_redated and row.observed_generation >= 0),
        is_suspect=row.suspect_until is not None and row.suspect_until > at,
        reason=row.last_error,
        since=wanted_since,
        is_rename=text_change_id == row.generation,
    )
