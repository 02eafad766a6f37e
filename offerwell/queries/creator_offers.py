"""What one person has: the offers of their members, each code and link with its status, over all their brands.

Constant in statements, whatever the person has. Only ids of the person's own members come in, and every query
starts from them; the scope, which holds the person's brands only, is the second fence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import F

from offerwell.models import (
    APP_KINDS,
    BulkChange,
    CodeHistory,
    Enrollment,
    OfferPart,
    OfferStatus,
    OfferStore,
    PromoCode,
    SalesLink,
    SocialHandle,
    StoreCode,
)
from offerwell.queries.creator_announcements import Announcement, announcements
from offerwell.queries.creator_pay import OwnPay, own_pay
from offerwell.queries.member_statuses import offer_state
from offerwell.queries.payout_rules import annotated_set, with_rules_now
from offerwell.queries.payouts import option_terms
from offerwell.queries.sales_links import link_bases
from offerwell.rules.discount_link import LinkOwner, discount_link
from offerwell.rules.discount_words import shopper_sentence, terms_line
from offerwell.rules.offer_status import StoreView
from offerwell.rules.portal_status import PortalStatus, ShownStatus, Switch, portal_status
from offerwell.rules.redirect import link_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from offerwell.models import Member, Offer, Workspace


@dataclass(frozen=True, slots=True)
class OwnLink:
    """An address to share: of a sales link, or a discount link of a code. `shop` names the store, where several are."""

    address: str
    shop: str = ""

    @property
    def shown(self) -> str:
        """As people read it: without https://."""
        return self.address.split("://", 1)[-1]


@dataclass(frozen=True, slots=True)
class OwnPart:
    """A code or link of the person. `reason` is what the brand told of its last change; `coming` what it announced.

    `links` are addresses that can be shared now: none while a shopper would get nothing. `page` is where a link to one
    page leads.
    """

    pk: int
    part: OfferPart
    text: str
    shown: ShownStatus
    reason: str = ""
    coming: Announcement | None = None
    links: tuple[OwnLink, ...] = ()
    page: str = ""


@dataclass(frozen=True, slots=True)
class OwnOffer:
    """An offer the person is in, for one brand. `terms` is what a shopper gets.

    `pays` is what the person earns in one sentence, `pay` the same line by line; empty and None without an option.
    """

    enrollment: Enrollment
    terms: str
    sentence: str
    pays: str
    pay: OwnPay | None
    codes: tuple[OwnPart, ...]
    links: tuple[OwnPart, ...]

    @property
    def offer(self) -> Offer:
        """The offer itself."""
        return self.enrollment.offer

    @property
    def brand(self) -> Workspace:
        """Whose it is."""
        return self.enrollment.workspace

    @property
    def parts(self) -> tuple[OwnPart, ...]:
        """Codes, then links."""
        return (*self.codes, *self.links)

    @property
    def deep_links(self) -> tuple[OwnPart, ...]:
        """The links to single pages, newest first."""
        return tuple(link for link in reversed(self.links) if link.page)

    @property
    def first_parts(self) -> tuple[OwnPart, ...]:
        """Codes, then links that lead where the offer does."""
        return tuple(part for part in self.parts if not part.page)

    @property
    def may_make_links(self) -> bool:
        """Whether the offer lets its members make links to single pages now."""
        return self.offer.has_links and self.offer.deep_links and self.offer.status == OfferStatus.ACTIVE

    @property
    def is_over(self) -> bool:
        """Whether nothing of it will work again unless the brand changes its mind."""
        over = {PortalStatus.ENDED, PortalStatus.EXPIRED, PortalStatus.DEACTIVATED}
        is_archived = self.offer.status == OfferStatus.ARCHIVED
        return is_archived or (bool(self.parts) and all(part.shown.status in over for part in self.parts))


@dataclass(frozen=True, slots=True)
class EarlierText:
    """A text that one of the person's codes had before, and when."""

    code_id: int
    text: str
    from_at: datetime
    until_at: datetime


def own_offers(members: Sequence[Member], *, at: datetime, only: int | None = None) -> tuple[OwnOffer, ...]:
    """The person's offers by brand, what works first, then by name; `only`: one enrollment."""
    places = _places(members, only)
    found = _Parts(places, members, at)
    offers = [_own(place, found) for place in places]
    return tuple(
        sorted(offers, key=lambda one: (one.brand.name.lower(), one.brand.pk, one.is_over, one.offer.name_key))
    )


def own_offer(members: Sequence[Member], enrollment_id: int, *, at: datetime) -> OwnOffer | None:
    """One of them; None when it is not the person's."""
    return next(iter(own_offers(members, at=at, only=enrollment_id)), None)


def earlier_texts(offer: OwnOffer) -> tuple[EarlierText, ...]:
    """The other texts this person's codes had in the offer, newest first. Nobody else ever gets one of them."""
    now = {code.pk: code.text.upper() for code in offer.codes}
    rows = CodeHistory.objects.filter(
        code_id__in=list(now), member_id=offer.enrollment.member_id, until_at__isnull=False
    ).order_by("-pk")
    latest = {(row.code_id, row.text_key): row for row in reversed(rows) if row.text_key != now[row.code_id]}
    kept = sorted(latest.values(), key=lambda row: row.pk, reverse=True)
    return tuple(EarlierText(row.code_id, row.text, row.from_at, row.until_at) for row in kept)


def _places(members: Sequence[Member], only: int | None) -> list[Enrollment]:
    rows = Enrollment.objects.filter(member_id__in=[member.pk for member in members])
    if only is not None:
        rows = rows.filter(pk=only)
    rows = rows.exclude(offer__status=OfferStatus.DRAFT)  # the brand has not told of it yet
    return list(with_rules_now(rows).select_related("offer", "workspace", "member", "payout_option"))


class _Parts:
    """Everything that belongs to some enrollments, each table read once."""

    def __init__(self, places: Sequence[Enrollment], members: Sequence[Member], at: datetime) -> None:
        self.at = at
        ids = [place.pk for place in places]
        codes = list(PromoCode.objects.filter(enrollment_id__in=ids).order_by("pk"))
        links = list(SalesLink.objects.filter(enrollment_id__in=ids).order_by("pk"))
        self.bases = link_bases({link.workspace_id for link in links})
        self.codes, self.links = _by_enrollment(codes), _by_enrollment(links)
        self.views = _store_views([code.pk for code in codes], at)
        self.changes = _changes({part.last_change_id for part in (*codes, *links)})
        self.shops = _shops([place for place in places if place.offer.discount_links])
        self.handles = _handles(members) if self.shops else {}
        self.announced = announcements(places, self.codes, self.links, at=at)


def _by_enrollment(parts: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for part in parts:
        found.setdefault(part.enrollment_id, []).append(part)
    return found


def _store_views(code_ids: list[int], at: datetime) -> dict[int, tuple[StoreView, ...]]:
    """Only what decides what a shopper gets; a store's name and reasons stay with the brand.

    A row whose dates move keeps working meanwhile: it is not behind here.
    """
    views: dict[int, tuple[StoreView, ...]] = {}
    for row in StoreCode.objects.filter(code_id__in=code_ids):
        is_suspect = row.suspect_until is not None and row.suspect_until > at
        view = StoreView("", row.problem, row.observed_generation < row.generation, is_suspect)
        views[row.code_id] = (*views.get(row.code_id, ()), view)
    return views


def _changes(ids: set[int]) -> Mapping[int, BulkChange]:
    """What set the intents last, of which only the time and the words for creators are read."""
    rows = BulkChange.objects.filter(pk__in=ids - {0}).annotate(tells=F("workspace__tells_reasons"))
    return {row.pk: row for row in rows.only("pk", "at", "creator_reason", "workspace_id")}


def _shops(places: Sequence[Enrollment]) -> dict[int, list[tuple[str, str]]]:
    """(Label, address) of the stores whose discount links an offer has, by offer."""
    if not places:
        return {}
    rows = OfferStore.objects.filter(offer_id__in={place.offer_id for place in places}, store__kind__in=APP_KINDS)
    found: dict[int, list[tuple[str, str]]] = {}
    for row in rows.select_related("store").order_by("store_id"):
        found.setdefault(row.offer_id, []).append((row.store.label, row.store.address))
    return found


def _handles(members: Sequence[Member]) -> dict[int, str]:
    rows = SocialHandle.objects.filter(member_id__in=[member.pk for member in members]).order_by("-pk")
    return dict(rows.values_list("member_id", "handle"))


def _own(place: Enrollment, found: _Parts) -> OwnOffer:
    offer, option, rules = place.offer, place.payout_option, annotated_set(place)
    has_terms = offer.has_codes and bool(offer.discount_kind)
    return OwnOffer(
        enrollment=place,
        terms=terms_line(offer.terms) if has_terms else "",
        sentence=shopper_sentence(offer.terms) if has_terms else "",
        pays=option_terms(option, rules) if option is not None else "",
        pay=own_pay(option, rules) if option is not None else None,
        codes=tuple(_code(code, place, found) for code in found.codes.get(place.pk, ())),
        links=tuple(_link(link, place, found) for link in found.links.get(place.pk, ())),
    )


def _code(code: PromoCode, place: Enrollment, found: _Parts) -> OwnPart:
    shown = _shown(code, place, found, found.views.get(code.pk, ()))
    shops = found.shops.get(place.offer_id, ()) if shown.is_usable else ()
    owner = LinkOwner(
        code.text, place.member_id, place.member.name, found.handles.get(place.member_id, ""), place.offer.name
    )  # fmt: skip
    links = [OwnLink(discount_link(address, place.offer.link_plan, owner), label) for label, address in shops]
    return OwnPart(
        code.pk, OfferPart.CODES, code.text, shown, _reason(code, found),
        found.announced.get((OfferPart.CODES, code.pk)), tuple(links),
    )  # fmt: skip


def _link(link: SalesLink, place: Enrollment, found: _Parts) -> OwnPart:
    base = found.bases[link.workspace_id]
    shown = _shown(link, place, found, (), has_address=bool(base))
    links = (OwnLink(link_address(base, link.slug)),) if shown.is_usable else ()
    return OwnPart(
        link.pk, OfferPart.LINKS, link.slug, shown, _reason(link, found),
        found.announced.get((OfferPart.LINKS, link.pk)), links,
        page=link.destination if link.destination != place.offer.destination else "",
    )  # fmt: skip


def _shown(
    part: PromoCode | SalesLink, place: Enrollment, found: _Parts, views: tuple[StoreView, ...], *,
    has_address: bool = True,
) -> ShownStatus:  # fmt: skip
    change = found.changes.get(part.last_change_id)
    since = part.changed_at if change is None else change.at
    switch = Switch(part.is_active, since, part.starts_at, part.ends_at, has_address)
    is_archived = place.offer.status == OfferStatus.ARCHIVED
    return portal_status(switch, offer_state(place.offer), views, is_archived=is_archived, at=found.at)


def _reason(part: PromoCode | SalesLink, found: _Parts) -> str:
    """Shown while the brand tells reasons: one that stops telling takes them back."""
    change = found.changes.get(part.last_change_id)
    return change.creator_reason if change is not None and change.tells else ""  # type: ignore[attr-defined]
