"""An order as Vendure's Admin API tells it → a snapshot. Source: the Admin API of Vendure 3.7, run and read; domain §6.

Net of a line: its prorated price, which is after discounts and without tax, of the quantity placed. A quantity that
was cancelled is gone. What refunds gave back is money, with tax and of no line that could be trusted: Vendure takes any
amount. What they gave beyond the cancelled lines counts as given back. A refund that failed gave nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from offerwell.rules.money import decimals_of, proportion
from offerwell.rules.order_snapshot import LineSnapshot, OrderSnapshot

if TYPE_CHECKING:
    from offerwell.integrations.graphql.answers import Json

CLICK_FIELD = "owClick"
"""The custom field of orders that carries our click id, where the shop's owners made one."""
_LONGEST_CLICK_ID, _LONGEST_CODE = 80, 255
_CANCELLED, _FAILED = "Cancelled", "Failed"


def snapshot_in(node: Json, digits: int) -> OrderSnapshot | None:
    """The snapshot; None for a cart or a draft. `digits`: the server's own smallest unit.

    Raises KeyError, TypeError or ValueError for what is not of the schema's shape.
    """
    if node["orderPlacedAt"] is None:
        return None
    currency, updated_at = str(node["currencyCode"]), datetime.fromisoformat(node["updatedAt"])
    lines = tuple(_line(line, currency, digits) for line in node["lines"])
    gone = sum(line.refunded for line in lines)
    return OrderSnapshot(
        ref=str(node["id"]), name=str(node["code"]), placed_at=datetime.fromisoformat(node["orderPlacedAt"]),
        updated_at=updated_at, currency=currency, lines=lines,
        given_back=max(0, _money(_given_back(node), currency, digits) - gone),
        cancelled_at=updated_at if node["state"] == _CANCELLED else None,
        codes=tuple(str(code) for code in node["couponCodes"] if len(str(code)) <= _LONGEST_CODE),
        click_ids=_click_ids(node), buyer_email=str((node["customer"] or {}).get("emailAddress") or ""),
    )  # fmt: skip


def _line(line: Json, currency: str, digits: int) -> LineSnapshot:
    now, variant = int(line["quantity"]), line["productVariant"]
    placed = max(now, int(line["orderPlacedQuantity"]))
    price = int(line["proratedLinePrice"]) if now == placed else int(line["proratedUnitPrice"]) * placed
    return LineSnapshot(
        ref=str(line["id"]), title=str(variant["name"]), quantity=placed, kept=now,
        net=max(0, _money(price, currency, digits)), product_ref=str(variant["product"]["id"]),
    )  # fmt: skip


def _given_back(node: Json) -> int:
    """Of all refunds, without shipping and in the part of the price that is no tax."""
    refunds = [one for payment in node["payments"] or () for one in payment["refunds"] if one["state"] != _FAILED]
    total = sum(max(0, int(one["total"]) - int(one["shipping"] or 0)) for one in refunds)
    placed = [(line, max(int(line["quantity"]), int(line["orderPlacedQuantity"]))) for line in node["lines"]]
    plain = sum(int(line["proratedUnitPrice"]) * count for line, count in placed)
    taxed = sum(int(line["proratedUnitPriceWithTax"]) * count for line, count in placed)
    return proportion(total, plain, taxed) if taxed > 0 else total


def _money(amount: int, currency: str, digits: int) -> int:
    """Vendure keeps every currency with the same number of digits; we, with the currency's own."""
    return proportion(amount, 10 ** decimals_of(currency), 10**digits)


def _click_ids(node: Json) -> tuple[str, ...]:
    found = str((node.get("customFields") or {}).get(CLICK_FIELD) or "")
    return (found,) if 0 < len(found) <= _LONGEST_CLICK_ID else ()
