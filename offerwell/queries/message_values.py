"""What the merge fields of a message stand for, for some members at once: five statements, however many."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offerwell.models import BulkChangeItem, OfferPart, OfferStatus, PromoCode, SalesLink
from offerwell.queries.public_addresses import portal_address
from offerwell.queries.sales_links import link_base
from offerwell.rules.redirect import link_address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import QuerySet

    from offerwell.models import BulkChange, Member, Offer

Values = dict[str, str]


@dataclass(frozen=True, slots=True)
class About:
    """What a message is about: the brand, and the offer and the bulk change it names, if any."""

    brand: str
    offer: Offer | None = None
    change: BulkChange | None = None


def values_of(members: Sequence[Member], about: About) -> Mapping[int, Values]:
    """The values of each field by member id; an empty text where there is nothing.

    In an offer its codes and links are meant, of a bulk change those that it changed; without an offer the active
    ones of all active offers. Active ones come first, then the newest.
    """
    ids = [member.pk for member in members]
    codes, links, base = _codes(ids, about), _links(ids, about), link_base()
    return {
        member.pk: _values(member, codes.get(member.pk, []), links.get(member.pk, []), about, base)
        for member in members
    }


def _values(member: Member, codes: list[Any], links: list[Any], about: About, base: str) -> Values:
    addresses = [_address(link, base) for link in links]
    told = links if (about.change.part == OfferPart.LINKS if about.change else not codes) else codes
    return {
        "first_name": member.first_name,
        "last_name": member.last_name,
        "full_name": f"{member.first_name} {member.last_name}".strip(),
        "code": codes[0].text if codes else "",
        "codes": ", ".join(code.text for code in codes),
        "link": addresses[0] if addresses else "",
        "links": ", ".join(address for address in addresses if address),
        "status": _status(told) if about.offer else "",
        "offer": about.offer.name if about.offer else "",
        "brand": about.brand,
        "portal_link": portal_address(),
    }


def _address(link: SalesLink, base: str) -> str:
    """What the member shares; where nobody serves links yet, the page it leads to."""
    return link_address(base, link.slug) if base else link.destination or link.offer.destination


def _status(parts: list[Any]) -> str:
    words = {"active" if part.is_active else "deactivated" for part in parts}
    return words.pop() if len(words) == 1 else ""


def _codes(ids: list[int], about: About) -> Mapping[int, list[PromoCode]]:
    rows = list(_meant(PromoCode.objects, ids, about.offer))
    return _by_member(_changed(rows, about.change, OfferPart.CODES))


def _links(ids: list[int], about: About) -> Mapping[int, list[SalesLink]]:
    rows = list(_meant(SalesLink.objects, ids, about.offer).select_related("enrollment", "offer"))
    return _by_member(_changed(rows, about.change, OfferPart.LINKS))


def _meant(rows: Any, ids: list[int], offer: Offer | None) -> QuerySet[Any]:
    own = rows.filter(enrollment__member_id__in=ids).select_related("enrollment").order_by("-is_active", "-pk")
    return own.filter(offer=offer) if offer else own.filter(is_active=True, offer__status=OfferStatus.ACTIVE)


def _changed(rows: list[Any], change: BulkChange | None, part: OfferPart) -> list[Any]:
    """Of a change of this part only what it changed: found from the few rows, never from the change's million."""
    if change is None or change.part != part:
        return rows
    items = BulkChangeItem.objects.filter(change_id=change.pk, target_id__in=[row.pk for row in rows])
    changed = set(items.values_list("target_id", flat=True))
    return [row for row in rows if row.pk in changed]


def _by_member(rows: list[Any]) -> Mapping[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.enrollment.member_id].append(row)
    return found
