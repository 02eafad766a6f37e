"""The demo's codes and the sandbox store: put there at once and adopted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offerwell.demo.sandbox_shop import Shop, put_discounts
from offerwell.models import PromoCode, StoreCode
from offerwell.models.json_rows import update_rows

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Offer, Store


def adopt_codes(offer: Offer, store: Store, shop: Shop, *, at: datetime) -> None:
    """Create the offer's discounts in the sandbox store and note each as seen there.

    What the store has of a code is believed, so a code that stands there from an earlier, killed run is
    adopted too.
    """
    rows = StoreCode.objects.filter(store=store, code__offer=offer).select_related("code").order_by("pk")
    waiting = {row.code.text_key: row for row in rows}
    found = put_discounts(shop, [_discount(offer, row.code) for row in waiting.values()])
    seen = [(waiting[key].pk, (discount.ref, discount.status)) for key, discount in found.items()]
    update_rows(StoreCode, ("ref", "observed_status"), seen)
    adopted = StoreCode.objects.filter(store=store, code__offer=offer).exclude(ref="")
    adopted.update(observed_generation=0, observed_at=at, due_at=None)


def _discount(offer: Offer, code: PromoCode) -> dict[str, Any]:
    starts_at, ends_at = code.starts_at or offer.starts_at, code.ends_at or offer.ends_at
    return {
        "code": code.text, "title": offer.name, "percentage": int(offer.discount_value or 0),
        "startsAt": starts_at.isoformat() if starts_at else None, "endsAt": ends_at.isoformat() if ends_at else None,
    }  # fmt: skip
