"""Where an arrival at a sales link goes on to. Decided once for as long as nothing about the link changes.

Source: domain §4 (Sales Link). Whatever was saved, nobody is sent beyond the offer's allowed domains: a page that is
not on one of them counts as the offer's own destination, and where that is none, there is only a page of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus, urlencode

from offerwell.rules.discount_link import LinkOwner, LinkPlan, discount_link, filled_utm
from offerwell.rules.offer_status import EffectiveStatus, OfferState, effective_status
from offerwell.rules.web_address import WebAddress, allowed_address, allowed_domains

if TYPE_CHECKING:
    from datetime import datetime

CLICK_PARAMETER = "ow_click"
COOKIE_DAYS = 30


class DeadLink(StrEnum):
    """What an offer's dead links do."""

    SHOP = "shop"
    ADDRESS = "address"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """A link, with what of its offer and its member decides where it leads.

    `page` is the link's own (a deep link; empty: the offer's destination). `shops` are addresses of stores where
    `code` works by a discount link; none where the offer has them off.
    """

    is_active: bool
    offer: OfferState
    destination: str
    owner: LinkOwner
    utm: LinkPlan
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    page: str = ""
    extra_domains: tuple[str, ...] = ()
    dead_link: str = DeadLink.SHOP
    dead_link_to: str = ""
    shops: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """Where a link leads: `head` + click key + `tail` while it works, `dead_to` while it does not (empty: a page)."""

    head: str
    tail: str
    untracked: str
    dead_to: str


def outcome_at(facts: LinkFacts, at: datetime) -> str:
    """`click` while the link works, else why it does not: the same status that people see (`rules/offer_status.py`)."""
    seen = effective_status(
        is_active=facts.is_active, starts_at=facts.starts_at, ends_at=facts.ends_at, offer=facts.offer, stores=(), at=at
    ).status
    return "click" if seen == EffectiveStatus.ACTIVE else str(seen)


def route_of(facts: LinkFacts) -> Route:
    """Where the link leads. All four are empty where no saved address is allowed."""
    domains = allowed_domains(facts.destination, facts.extra_domains)
    shop = allowed_address(facts.destination, domains)
    page = allowed_address(facts.page, domains) if facts.page else shop
    page = page or shop
    if page is None:
        return Route("", "", "", "")
    head, tail = _tracked(page, facts)
    return Route(head, tail, untracked=str(page), dead_to=_dead_to(facts, shop or page, domains))


def _dead_to(facts: LinkFacts, shop: WebAddress, domains: frozenset[str]) -> str:
    if facts.dead_link == DeadLink.PAGE:
        return ""
    other = allowed_address(facts.dead_link_to, domains) if facts.dead_link == DeadLink.ADDRESS else None
    return str(other or shop)


def _tracked(page: WebAddress, facts: LinkFacts) -> tuple[str, str]:
    """The page with its UTM values, through the shop's discount address where that applies the member's code."""
    utm = filled_utm(facts.utm, facts.owner)
    if facts.owner.code and (shop := _shop_of(page, facts.shops)):
        inside = f"{page.path}{f'?{page.query}' if page.query else ''}"
        return f"{_applying(shop, inside, utm, facts.owner)}&{CLICK_PARAMETER}=", ""
    kept = [part for part in page.query.split("&") if part and not _is_ours(part, utm)]
    query = "&".join([*kept, *([urlencode(utm, quote_via=quote)] if utm else []), f"{CLICK_PARAMETER}="])
    return f"{page.scheme}://{page.domain}{page.path}?{query}", f"#{page.fragment}" if page.fragment else ""


def _applying(shop: str, inside: str, utm: dict[str, str], owner: LinkOwner) -> str:
    plan = LinkPlan(inside, utm.get("utm_source", ""), utm.get("utm_medium", ""), utm.get("utm_campaign", ""))
    return discount_link(shop, plan, LinkOwner(owner.code, owner.member_id))


def _shop_of(page: WebAddress, shops: tuple[str, ...]) -> str:
    """The origin of the page where it is one of the shops: only there does the discount address exist."""
    hosts = {shop.partition("://")[2] or shop for shop in shops}
    return f"{page.scheme}://{page.domain}" if page.domain in {host.rstrip("/").lower() for host in hosts} else ""


def _is_ours(part: str, utm: dict[str, str]) -> bool:
    name = unquote_plus(part.partition("=")[0])
    return name in utm or name == CLICK_PARAMETER


def link_address(base: str, slug: str) -> str:
    """A link as members share it. `base` is an origin; empty: nobody serves links yet, so only the slug is known."""
    return f"{base.rstrip('/')}/{slug}" if base else slug
