"""The GraphQL operations Offerwell sends, one `.graphql` file each, and their price in points.

An operation with `per_request` > 1 is repeated under aliases (`r0`, `r1`, …) in one request.
Prices: Shopify's documented cost rules, checked against recorded answers of real stores.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from offerwell.integrations.graphql.operations import repeated, text_in
from offerwell.integrations.store import DiscountKind

FOLDER = Path(__file__).parent / "operations"
FRAGMENTS = Path(__file__).parent / "fragments"


@dataclass(frozen=True, slots=True)
class Operation:
    """`points` is the requested cost of one; `per_request` how many may share a request.

    `repeatable` marks a mutation that leaves no trace when it is asked twice.
    `fragments` names the files its text ends with.
    """

    file: str
    points: int
    per_request: int = 1
    repeatable: bool = False
    fragments: tuple[str, ...] = ()

    @property
    def is_write(self) -> bool:
        """Whether asking twice could act twice."""
        return text_of(self).startswith("mutation") and not self.repeatable


# A single request may cost 1,000 points at most; 90 x 10 leaves room for a dearer field.
IDENTIFY = Operation("identify", points=3)
NODE_STATUSES = Operation("node_statuses", points=6)
NODE_KINDS = Operation("node_kinds", points=2)
CODE_LOOKUP = Operation("code_lookup", points=1, per_request=200)
JOB_POLL = Operation("job_poll", points=1, per_request=200)
BULK_ACTIVATE = Operation("bulk_activate", points=10)
BULK_DEACTIVATE = Operation("bulk_deactivate", points=10)
CREATE_BASIC = Operation("create_basic", points=10, per_request=90)
CREATE_BXGY = Operation("create_bxgy", points=10, per_request=90)
CREATE_FREE_SHIPPING = Operation("create_free_shipping", points=10, per_request=90)
UPDATE_BASIC = Operation("update_basic", points=10, per_request=90)
UPDATE_BXGY = Operation("update_bxgy", points=10, per_request=90)
UPDATE_FREE_SHIPPING = Operation("update_free_shipping", points=10, per_request=90)
UPDATE_APP = Operation("update_app", points=10, per_request=90)
STAGE_UPLOAD = Operation("stage_upload", points=11, repeatable=True)
BULK_RUN = Operation("bulk_run", points=10)
BULK_POLL = Operation("bulk_poll", points=1, per_request=200)
DELETE_CODE = Operation("delete_code", points=10, repeatable=True)
SUBSCRIPTIONS_COUNT = Operation("subscriptions_count", points=10)
SCHEMA_ROOTS = Operation("schema_roots", points=0)
HOOK_LIST = Operation("hook_list", points=12)
# Asked twice, the second is refused as being there (or not there) already.
HOOK_CREATE = Operation("hook_create", points=10, per_request=20, repeatable=True)
HOOK_DELETE = Operation("hook_delete", points=10, per_request=50, repeatable=True)
BULK_RESULT = Operation("bulk_result", points=1)
ORDERS_READ = Operation("orders_read", points=38, fragments=("told", "lines"))
ORDERS_CHANGED = Operation("orders_changed", points=344, fragments=("told", "lines"))
ORDER_LINES = Operation("order_lines", points=57, fragments=("lines",))
COLLECTIONS_NAMED = Operation("collections_named", points=12)
COLLECTION_READ = Operation("collection_read", points=1)
COLLECTION_PRODUCTS = Operation("collection_products", points=15)

OPERATIONS = (
    IDENTIFY, NODE_STATUSES, NODE_KINDS, CODE_LOOKUP, JOB_POLL, BULK_ACTIVATE, BULK_DEACTIVATE,
    CREATE_BASIC, CREATE_BXGY, CREATE_FREE_SHIPPING, UPDATE_BASIC, UPDATE_BXGY, UPDATE_FREE_SHIPPING, UPDATE_APP,
    STAGE_UPLOAD, BULK_RUN, BULK_POLL, BULK_RESULT, DELETE_CODE, SUBSCRIPTIONS_COUNT, SCHEMA_ROOTS,
    HOOK_LIST, HOOK_CREATE, HOOK_DELETE, ORDERS_READ, ORDERS_CHANGED, ORDER_LINES,
    COLLECTIONS_NAMED, COLLECTION_READ, COLLECTION_PRODUCTS,
)  # fmt: skip

# Which mutation makes a discount of this kind, and what the store then calls it.
CREATE_FOR_KIND = {
    DiscountKind.PERCENT: CREATE_BASIC,
    DiscountKind.AMOUNT: CREATE_BASIC,
    DiscountKind.BUY_X_GET_Y: CREATE_BXGY,
    DiscountKind.FREE_SHIPPING: CREATE_FREE_SHIPPING,
}

# Which update leaves a discount of this kind what it is.
UPDATE_FOR_KIND = {
    "DiscountCodeBasic": UPDATE_BASIC,
    "DiscountCodeBxgy": UPDATE_BXGY,
    "DiscountCodeFreeShipping": UPDATE_FREE_SHIPPING,
    "DiscountCodeApp": UPDATE_APP,
}


@cache
def text_of(operation: Operation) -> str:
    """The file's text without its comments, and those of its fragments."""
    files = [FOLDER / f"{operation.file}.graphql", *(FRAGMENTS / f"{name}.graphql" for name in operation.fragments)]
    return "".join(text_in(file) for file in files)


@lru_cache(maxsize=256)
def aliased(operation: Operation, count: int) -> str:
    """The operation `count` times in one request."""
    return repeated(text_of(operation), count, name=f"{operation.file}.graphql")
