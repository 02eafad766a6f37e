"""The GraphQL operations Offerwell sends to Vendure, one `.graphql` file each.

A mutation with `per_request` > 1 is repeated under aliases (`r0`, `r1`, …) in one request. Vendure carries
them out one after the other, each in a transaction of its own, and stops at the first that fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from offerwell.integrations.graphql.operations import repeated, text_in

FOLDER = Path(__file__).parent / "operations"


@dataclass(frozen=True, slots=True)
class Operation:
    """`permission` is what Vendure asks of the login for it (empty: any login may).

    `repeatable` marks a mutation that leaves no trace when it is asked twice.
    """

    file: str
    permission: str = ""
    per_request: int = 1
    repeatable: bool = False

    @property
    def is_write(self) -> bool:
        """Whether asking twice could act twice."""
        return text_of(self).startswith("mutation") and not self.repeatable


# Vendure's web server takes requests of 100 kB and answers larger ones with HTTP 500. A creation with the
# longest name and code is some 1.8 kB, an update 0.4 kB (tests/vendure/test_documents.py).
LOGIN = Operation("login", repeatable=True)
CHANNEL = Operation("channel")
PERMISSIONS = Operation("permissions")
LIST_PROMOTIONS = Operation("list_promotions", "ReadPromotion")
CREATE_PROMOTION = Operation("create_promotion", "CreatePromotion", per_request=40)
UPDATE_PROMOTION = Operation("update_promotion", "UpdatePromotion", per_request=100)
ORDER_FIELDS = Operation("order_fields")
LIST_ORDERS = Operation("list_orders", "ReadOrder")
LIST_COLLECTIONS = Operation("list_collections", "ReadCatalog")
COLLECTION_VARIANTS = Operation("collection_variants", "ReadCatalog")

OPERATIONS = (
    LOGIN, CHANNEL, PERMISSIONS, LIST_PROMOTIONS, CREATE_PROMOTION, UPDATE_PROMOTION, ORDER_FIELDS, LIST_ORDERS,
    LIST_COLLECTIONS, COLLECTION_VARIANTS,
)  # fmt: skip
NEEDED_PERMISSIONS = ("ReadPromotion", "CreatePromotion", "UpdatePromotion")
ORDERS_PERMISSION = LIST_ORDERS.permission
"""Not needed, but without it no orders are read."""


@cache
def text_of(operation: Operation) -> str:
    """The file's text without its comments."""
    return text_in(FOLDER / f"{operation.file}.graphql")


@cache
def orders_text(custom_field: str = "") -> str:
    """The question for orders, with the custom field that carries the click where the shop has it."""
    text = text_of(LIST_ORDERS)
    return text.replace("couponCodes", f"couponCodes customFields {{ {custom_field} }}") if custom_field else text


@lru_cache(maxsize=256)
def aliased(operation: Operation, count: int) -> str:
    """The operation `count` times in one request."""
    return repeated(text_of(operation), count, name=f"{operation.file}.graphql")
