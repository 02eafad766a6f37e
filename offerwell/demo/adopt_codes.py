"""The demo's codes and the sandbox store: put there at once and adopted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offerwell.demo.sandbox_shop import Shop, put_discounts
from offerwell.models import StoreCode
from offerwell.models.json_rows import update_rows

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Offer, Store


def adopt_codes(offer: Offer, store: Store, shop: Shop, *, at: datetime) -> None:
    """Create the offer's discounts in the sandbox store and note each as seen there.

    What the store has of a code is believed, so a code that stands there from an earlier, killed run is
    adopted too.
    """
    rows = StoreCode.objects.filter(store=store, code__offer=offer).order_by("pk")
    columns = ("code__text_key", "pk", "code__text", "code__starts_at", "code__ends_at")
    waiting = {key: (pk, _discount(offer, *code)) for key, pk, *code in rows.values_list(*columns)}
    found = put_discounts(shop, [discount for _, discount in waiting.values()])
    seen = [(waiting[key][0], (discount.ref, discount.status)) for key, discount in found.items()]
    update_rows(StoreCode, ("ref", "observed_status"), seen)
    adopted = StoreCode.objects.filter(store=store, code__offer=offer).exclude(ref="")
    adopted.update(observed_generation=0, observed_at=at, due_at=None)


def _discount(offer: Offer, text: str, starts_at: datetime | None, ends_at: datetime | None) -> dict[str, Any]:
    starts_at, ends_at = starts_at or offer.starts_at, ends_at or offer.ends_at
    return {
        "code": text, "title": offer.name, "percentage": int(offer.discount_value or 0),
        "startsAt": starts_at.isoformat() if starts_at else None, "endsAt": ends_at.isoformat() if ends_at else None,
    }  # fmt: skip
