"""An order as Shopify's Admin API tells it → a snapshot. Source: the Admin schema 2026-10; domain §6.

Net of a line: original total, less what discounts took off, less its taxes where prices include them. A line's refund
is in proportion to the quantity that is gone; what a refund gave back for no line is its adjustments (assumed, as in
REST: negative when money goes out). Shipping is in neither.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from offerwell.rules.attribution import CLICK_KEY
from offerwell.rules.money import minor_of
from offerwell.rules.order_snapshot import LineSnapshot, OrderSnapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offerwell.integrations.graphql.answers import Json

GID = "gid://shopify/Order/"
_LONGEST_CLICK_ID = 80
_MOST_CLICKS = 5


def snapshot_in(node: Json, more_lines: Sequence[Json] = ()) -> OrderSnapshot:
    """The snapshot. Raises KeyError, TypeError or ValueError for what is not of the schema's shape."""
    currency = str(node["currencyCode"])
    lines = [*node["lineItems"]["nodes"], *more_lines]
    journey = node["customerJourneySummary"]
    return OrderSnapshot(
        ref=ref_of(node["id"]),
        name=str(node["name"]),
        placed_at=datetime.fromisoformat(node["processedAt"]),
        updated_at=datetime.fromisoformat(node["updatedAt"]),
        currency=currency,
        lines=tuple(_line(line, currency, has_tax=bool(node["taxesIncluded"])) for line in lines),
        given_back=sum(_given_back(refund, currency) for refund in node["refunds"]),
        cancelled_at=datetime.fromisoformat(node["cancelledAt"]) if node["cancelledAt"] else None,
        is_test=bool(node["test"]),
        is_returning=_is_returning(journey),
        codes=tuple(str(code) for code in node["discountCodes"]),
        click_ids=_click_ids(node["customAttributes"], journey),
        is_whole=journey is None or bool(journey["ready"]),
    )


def ref_of(gid: str) -> str:
    """gid://shopify/Order/7 → 7, as webhooks name it."""
    return gid.removeprefix(GID)


def _line(line: Json, currency: str, *, has_tax: bool) -> LineSnapshot:
    net = _sum(line["originalTotalSet"], currency)
    net -= sum(_sum(one["allocatedAmountSet"], currency) for one in line["discountAllocations"])
    if has_tax:
        net -= sum(_sum(one["priceSet"], currency) for one in line["taxLines"])
    return LineSnapshot(
        ref=str(line["id"]).rpartition("/")[2], title=str(line["title"]), quantity=int(line["quantity"]),
        kept=int(line["currentQuantity"]), net=max(0, net),
    )  # fmt: skip


def _given_back(refund: Json, currency: str) -> int:
    return -sum(_sum(one["amountSet"], currency) for one in refund["orderAdjustments"]["nodes"])


def _sum(bag: Json, currency: str) -> int:
    return minor_of(str(bag["shopMoney"]["amount"]), currency)


def _is_returning(journey: Json | None) -> bool | None:
    """Not the buyer's first order; None while the store does not say (assumed: the first has the index 0)."""
    index = journey["customerOrderIndex"] if journey else None
    return None if index is None else int(index) > 0


def _click_ids(attributes: Sequence[Json], journey: Json | None) -> tuple[str, ...]:
    """Ours alone: from the cart's attributes, then from the addresses of the first and the last visit."""
    found = [str(one["value"] or "") for one in attributes if one["key"] == CLICK_KEY]
    for visit in ((journey or {}).get("lastVisit"), (journey or {}).get("firstVisit")):
        landing = str((visit or {}).get("landingPage") or "")
        found += parse_qs(urlsplit(landing).query).get(CLICK_KEY, [])
    kept = [one for one in dict.fromkeys(found) if 0 < len(one) <= _LONGEST_CLICK_ID]
    return tuple(kept[:_MOST_CLICKS])
