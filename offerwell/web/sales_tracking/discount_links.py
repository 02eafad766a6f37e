"""The discount links of an offer's members: one for each code and store, where the offer has them on.

Only a store of Shopify's kind has an address that applies a code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.models import APP_KINDS, Store
from offerwell.rules.discount_link import LinkOwner, LinkPlan, discount_link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offerwell.models import Offer
    from offerwell.queries.offer_member_page import MemberRow


@dataclass(frozen=True, slots=True)
class DiscountLinks:
    """How the links of one offer are made. `shops` are (label, address), none where links are off."""

    plan: LinkPlan
    offer_name: str
    shops: tuple[tuple[str, str], ...] = ()

    def of(self, row: MemberRow, code: str) -> list[tuple[str, str]]:
        """(Store's label, link) for one code of a row, for each store."""
        member = row.member
        owner = LinkOwner(code, member.pk, member.name, row.handle, self.offer_name)
        return [(label, discount_link(address, self.plan, owner)) for label, address in self.shops]


def links_of(offer: Offer, stores: Sequence[Store] | None = None) -> DiscountLinks:
    """The offer's links; asks for its stores unless they are given, and only where links are on."""
    if not (offer.discount_links and offer.has_codes):
        return DiscountLinks(offer.link_plan, offer.name)
    if stores is None:
        stores = list(Store.objects.filter(offer_links__offer=offer).order_by("pk"))
    return DiscountLinks(
        offer.link_plan, offer.name, tuple((store.label, store.address) for store in stores if store.kind in APP_KINDS)
    )
