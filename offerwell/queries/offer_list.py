"""The workspace's offers with how many members each has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import CharField, Count, OuterRef, Subquery, Value

from offerwell.models import Enrollment, Group, Offer, OfferStatus, OfferStore, OfferTally, Tag
from offerwell.rules.discount_words import terms_line
from offerwell.rules.selection import View

if TYPE_CHECKING:
    from datetime import datetime


class OfferSeen(StrEnum):
    """An offer's status as a person sees it: what the brand set, and what its dates make of it."""

    ACTIVE = "active"
    SCHEDULED = "scheduled"
    EXPIRED = "expired"
    DRAFT = "draft"
    PAUSED = "paused"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One offer of the list."""

    offer: Offer
    status: OfferSeen
    terms: str
    members: int


def offer_rows(*, text: str, kind: str, at: datetime) -> list[OfferRow]:
    """Offers whose name holds `text`, of type `kind` (empty: any), by name. Three statements."""
    of_stores = OfferStore.objects.filter(offer=OuterRef("pk")).order_by("store_id")
    offers = Offer.objects.annotate(currency=Subquery(of_stores.values("store__currency")[:1])).order_by("name_key")
    for word in text.lower().split():
        offers = offers.filter(name_key__contains=word)
    if kind:
        offers = offers.filter(type=kind)
    listed = list(offers)
    members = _members([offer.pk for offer in listed])
    return [
        OfferRow(offer, offer_seen(offer, at=at), offer_terms(offer, offer.currency or ""), members.get(offer.pk, 0))
        for offer in listed
    ]  # fmt: skip


def offer_seen(offer: Offer, *, at: datetime) -> OfferSeen:
    """The status of an offer at `at`; its dates count only while it is active."""
    if offer.status != OfferStatus.ACTIVE:
        return OfferSeen(offer.status)
    if offer.ends_at is not None and offer.ends_at <= at:
        return OfferSeen.EXPIRED
    if offer.starts_at is not None and at < offer.starts_at:
        return OfferSeen.SCHEDULED
    return OfferSeen.ACTIVE


def offer_terms(offer: Offer, currency: str = "") -> str:
    """The discount in one line ("20% off · from 50 EUR"); empty for an offer without one."""
    return terms_line(offer.terms, currency) if offer.has_codes and offer.discount_kind else ""


@dataclass(frozen=True, slots=True)
class Marks:
    """What members can be filtered by: tags and groups as (key, name)."""

    tags: tuple[tuple[str, str], ...]
    groups: tuple[tuple[str, str], ...]


def marks(most: int = 200) -> Marks:
    """The first tags and groups of the workspace by name, in one statement."""
    tags = Tag.objects.annotate(kind=Value("tag", output_field=CharField())).values_list("kind", "key", "name")
    groups = Group.objects.annotate(kind=Value("group", output_field=CharField())).values_list("kind", "key", "name")
    rows = list(tags.union(groups, all=True).order_by("key")[: 2 * most])
    named = {kind: tuple((key, name) for of, key, name in rows if of == kind)[:most] for kind in ("tag", "group")}
    return Marks(named["tag"], named["group"])


def _members(offer_ids: list[int]) -> dict[int, int]:
    """Counted before for large offers, counted now for the others."""
    counted = dict(OfferTally.objects.filter(offer_id__in=offer_ids, view=View.ALL).values_list("offer_id", "members"))
    others = Enrollment.objects.filter(offer_id__in=[pk for pk in offer_ids if pk not in counted])
    return counted | dict(others.order_by().values_list("offer_id").annotate(n=Count("pk")))
