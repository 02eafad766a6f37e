"""The orders of one channel of a Vendure server, read by its Admin API: by id, or by their time of change.

A refund does not touch its order's time of change (run and read), so that whoever follows changes alone never hears of
it: credited orders are read again by id (`actions/pull_orders.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from offerwell.integrations.graphql.answers import understood
from offerwell.integrations.store import AGAIN, OrderPage, StoreError
from offerwell.integrations.vendure.client import AdminApi, Call
from offerwell.integrations.vendure.documents import LIST_ORDERS, ORDER_FIELDS, orders_text, text_of
from offerwell.integrations.vendure.order_reading import CLICK_FIELD, snapshot_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offerwell.integrations.graphql.answers import Json
    from offerwell.rules.order_snapshot import OrderSnapshot

PAGE = 50
# Some databases keep whole seconds, and “after” leaves the moment itself out.
_BEFORE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class OrderFields:
    """`digits` of the server's smallest unit of money, and the custom field of orders that carries our click."""

    digits: int
    click_field: str


class VendureOrders:
    """Fits `integrations.store.OrderStore`; the connector hands on to it."""

    def __init__(self, api: AdminApi) -> None:
        self._api = api
        self._known_fields: OrderFields | None = None

    def orders(self, refs: Sequence[str]) -> Mapping[str, OrderSnapshot | None]:
        """Each order as it is now; None where there is none, or none was placed yet."""
        found: dict[str, OrderSnapshot] = {}
        wanted = list(dict.fromkeys(refs))
        for start in range(0, len(wanted), PAGE):
            part = wanted[start : start + PAGE]
            page, _newest, _count = self._page({"id": {"in": part}}, 0)
            found |= {one.ref: one for one in page}
        return {ref: found.get(ref) for ref in refs}

    def orders_changed(self, since: datetime, cursor: str = "") -> OrderPage:
        """A page from `since` on, or from the moment that the cursor names.

        Not by counting rows: an order that changes meanwhile would move, and another be passed over. Some are told
        twice instead. Only within one moment, which holds more than a page, rows are counted.
        """
        moment, skip = _place(cursor) if cursor else (since - _BEFORE, 0)
        changed = {"updatedAt": {"after": moment.astimezone(UTC).isoformat()}, "active": {"eq": False}}
        page, newest, count = self._page(changed, skip)
        if count < PAGE or newest is None:
            return OrderPage(page, "")
        onwards = newest - _BEFORE
        following = f"{moment.isoformat()} {skip + PAGE}" if onwards <= moment else f"{onwards.isoformat()} 0"
        return OrderPage(page, following)

    def _page(self, wanted: Mapping[str, object], skip: int) -> tuple[list[OrderSnapshot], datetime | None, int]:
        """The placed orders, the newest change, and how many rows there were."""
        fields = self._fields()
        options = {"filter": wanted, "sort": {"updatedAt": "ASC", "id": "ASC"}, "take": PAGE, "skip": skip}
        call = Call(orders_text(fields.click_field), {"options": options}, False, LIST_ORDERS.permission)
        found = self._api.send(call)
        with understood("a question for orders"):
            rows: list[Json] = found["orders"]["items"]
            newest = datetime.fromisoformat(rows[-1]["updatedAt"]) if rows else None
            told = (snapshot_in(row, fields.digits) for row in rows)
            return [one for one in told if one is not None], newest, len(rows)

    def _fields(self) -> OrderFields:
        if self._known_fields is None:
            found = self._api.send(Call(text_of(ORDER_FIELDS), {}, False, ORDER_FIELDS.permission))
            with understood("a question for orders"):
                server = found["globalSettings"]["serverConfig"]
                own = [one["customFields"] for one in server["entityCustomFields"] if one["entityName"] == "Order"]
                has_click = any(field.get("name") == CLICK_FIELD for fields in own for field in fields)
                digits = int(server["moneyStrategyPrecision"])
            self._known_fields = OrderFields(digits, CLICK_FIELD if has_click else "")
        return self._known_fields


def _place(cursor: str) -> tuple[datetime, int]:
    try:
        moment, skip = cursor.split(" ")
        return datetime.fromisoformat(moment), int(skip)
    except ValueError as error:
        raise StoreError(f"The place in the store's orders was lost. {AGAIN}") from error
