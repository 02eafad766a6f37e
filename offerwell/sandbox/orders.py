"""The orders of the shop: placed, refunded, cancelled; money in hundredths, so the currency has two decimals.

Recorded nowhere: the order of events, and that an order's `updatedAt` moves with each of them, is documented.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from offerwell.sandbox.discounts import Status
from offerwell.sandbox.scalars import show_datetime

if TYPE_CHECKING:
    from offerwell.sandbox.book import DiscountBook
    from offerwell.sandbox.discounts import Discount

FIRST_NAME = 1001
Tell = Callable[[str, str, dict[str, object]], None]


class OrderRefusedError(ValueError):
    """The shop does not take this order, refund or cancellation."""


@dataclass(slots=True)
class Line:
    """A line: `price` of one, and the `discount` of all of it."""

    number: int
    title: str
    price: int
    quantity: int
    kept: int
    discount: int = 0


@dataclass(slots=True)
class Refund:
    """Money given back: for lines, or (`amount`) for none of them."""

    number: int
    at: int
    lines: list[tuple[int, int]]
    amount: int = 0


@dataclass(slots=True)
class Order:
    """One order. Moments are whole seconds since 1970."""

    typename: ClassVar[str] = "Order"

    number: int
    name: str
    created_at: int
    updated_at: int
    lines: list[Line]
    codes: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    landing: str = ""
    email: str = ""
    index: int = 0
    test: bool = False
    cancelled_at: int | None = None
    refunds: list[Refund] = field(default_factory=list)

    @property
    def gid(self) -> str:
        """The global id."""
        return f"gid://shopify/Order/{self.number}"

    @property
    def subtotal(self) -> int:
        """The lines after discounts."""
        return sum(line.price * line.quantity - line.discount for line in self.lines)


class OrderBook:
    """All orders; every change passes here, is kept by whoever asked for it, and told to the subscribers."""

    def __init__(self, clock: Callable[[], float], number: Callable[[], int], discounts: DiscountBook) -> None:
        """Start empty."""
        self.clock = clock
        self.number = number
        self.discounts = discounts
        self.by_number: dict[int, Order] = {}
        self.changed: set[int] = set()
        self.tell: Tell = lambda _topic, _enum, _body: None

    def enter(self, order: Order) -> None:
        """Put a kept order back."""
        self.by_number[order.number] = order

    def forget(self) -> None:
        """Have no orders any more."""
        self.changed.update(self.by_number)
        self.by_number.clear()

    def find(self, gid: str) -> Order | None:
        """Find an order by its global id."""
        number = gid.removeprefix("gid://shopify/Order/")
        return self.by_number.get(int(number)) if number.isdigit() else None

    def place(self, wanted: Mapping[str, Any]) -> Order:
        """Take an order: `lines` of title, price and quantity; `codes`, `attributes`, `landing`, `email`, `test`."""
        lines = [self.line(one) for one in wanted.get("lines") or ({"title": "Glow serum", "price": "40.00"},)]
        codes = [str(code).strip() for code in wanted.get("codes") or () if str(code).strip()]
        email = str(wanted.get("email") or "")
        # All are checked before one is used.
        for discount in [self.applicable(code) for code in codes]:
            apply(discount, lines)
        now = int(self.clock())
        order = Order(
            self.number(), f"#{FIRST_NAME + len(self.by_number)}", now, now, lines, codes,
            {str(name): str(value) for name, value in (wanted.get("attributes") or {}).items()},
            str(wanted.get("landing") or ""), email, self.earlier(email), bool(wanted.get("test")),
        )  # fmt: skip
        self.by_number[order.number] = order
        self.note(order, "orders/create", "ORDERS_CREATE")
        return order

    def line(self, wanted: Mapping[str, Any]) -> Line:
        """One line as asked for."""
        quantity = int(wanted.get("quantity") or 1)
        price = int((Decimal(str(wanted["price"])) * 100).to_integral_value())
        if quantity < 1 or price < 0:
            message = "A line needs a quantity above 0 and a price."
            raise OrderRefusedError(message)
        return Line(self.number(), str(wanted.get("title") or "Item"), price, quantity, quantity)

    def applicable(self, code: str) -> Discount:
        """The discount of a code that may be used now."""
        discount = self.discounts.find_code(code)
        if discount is None or discount.status(self.clock()) is not Status.ACTIVE:
            message = f"{code} isn’t valid for this order."
            raise OrderRefusedError(message)
        return discount

    def earlier(self, email: str) -> int:
        """How many orders this buyer placed before."""
        return sum(1 for order in self.by_number.values() if email and order.email == email)

    def refund(self, order: Order, *, quantity: int | None = None, amount: str = "") -> Refund:
        """Give back so many of the first line that has them, everything that is left, or an amount of no line."""
        refund = Refund(self.number(), int(self.clock()), [])
        if amount:
            refund.amount = int((Decimal(amount) * 100).to_integral_value())
        else:
            wanted = quantity or sum(line.kept for line in order.lines)
            for line in order.lines:
                taken = min(wanted, line.kept)
                line.kept -= taken
                wanted -= taken
                refund.lines += [(line.number, taken)] if taken else []
            if not refund.lines:
                message = "Nothing is left to give back."
                raise OrderRefusedError(message)
        order.refunds.append(refund)
        self.note(order, "orders/updated", "ORDERS_UPDATED")
        body: dict[str, object] = {
            "id": refund.number,
            "order_id": order.number,
            "created_at": show_datetime(refund.at),
        }
        self.tell("refunds/create", "REFUNDS_CREATE", body)
        return refund

    def cancel(self, order: Order) -> None:
        """Cancel an order; once."""
        if order.cancelled_at is not None:
            message = "The order is cancelled already."
            raise OrderRefusedError(message)
        order.cancelled_at = int(self.clock())
        self.note(order, "orders/updated", "ORDERS_UPDATED")
        self.tell("orders/cancelled", "ORDERS_CANCELLED", payload(order))

    def note(self, order: Order, topic: str, enum_name: str) -> None:
        """Remember that the order changed, and tell it."""
        order.updated_at = int(self.clock())
        self.changed.add(order.number)
        self.tell(topic, enum_name, payload(order))


def apply(discount: Discount, lines: Sequence[Line]) -> None:
    """Take a discount off the lines: a percentage of each, or an amount over all, the last line taking the rest."""
    value = (discount.terms.get("customerGets") or {}).get("value") or {}
    for redeem_code in discount.codes[:1]:
        redeem_code.usage += 1
    left = [line.price * line.quantity - line.discount for line in lines]
    if "percentage" in value:
        share = Decimal(str(value["percentage"]))
        for line, rest in zip(lines, left, strict=True):
            line.discount += int((rest * share).to_integral_value())
    elif "discountAmount" in value:
        amount = min(sum(left), int(Decimal(str(value["discountAmount"]["amount"])) * 100))
        for line, rest in zip(lines, left, strict=True):
            taken = min(rest, amount)
            line.discount += taken
            amount -= taken


def money(hundredths: int) -> str:
    """Write a sum as the API does."""
    return f"{Decimal(hundredths) / 100:.2f}"


def payload(order: Order) -> dict[str, object]:
    """The body of a webhook, in the REST shape (fields as documented; an excerpt)."""
    return {
        "id": order.number,
        "admin_graphql_api_id": order.gid,
        "created_at": show_datetime(order.created_at),
        "updated_at": show_datetime(order.updated_at),
        "processed_at": show_datetime(order.created_at),
        "cancelled_at": None if order.cancelled_at is None else show_datetime(order.cancelled_at),
        "test": order.test,
        "source_name": "web",
        "email": order.email,
        "discount_codes": [{"code": code, "type": "percentage", "amount": "0.00"} for code in order.codes],
        "note_attributes": [{"name": name, "value": value} for name, value in order.attributes.items()],
        "landing_site": order.landing,
        "subtotal_price": money(order.subtotal),
    }


def order_text(order: Order) -> dict[str, Any]:
    """An order as JSON can keep it."""
    return asdict(order)


def order_from(body: dict[str, Any]) -> Order:
    """Read a kept order."""
    body["lines"] = [Line(**line) for line in body["lines"]]
    body["refunds"] = [
        Refund(one["number"], one["at"], [(number, count) for number, count in one["lines"]], one["amount"])
        for one in body["refunds"]
    ]
    return Order(**body)
