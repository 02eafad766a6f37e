"""The search syntax of discount lists and bulk changes: `field:value` terms, all of which must hold.

Recorded: `status:`, `type:`, that bulk delete refuses unknown fields and that bulk activate and deactivate accept them.
Assumed: an accepted unknown field restricts nothing, which is the most dangerous reading for a caller.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from graphql import GraphQLError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from offerwell.sandbox.discounts import Discount

TERM = re.compile(r"""(?:(\w+):)?(?:"([^"]*)"|'([^']*)'|(\S+))""")
KNOWN_FIELDS = frozenset({"status", "type", "discount_type", "title", "tag", "id", "method"})


def parse_search(text: str) -> list[tuple[str | None, str]]:
    """Split a query into (field or None, value) terms."""
    return [
        (match[1], (match[2] or match[3] or match[4] or "").lower())
        for match in TERM.finditer(text)
        if match[0].upper() != "AND"
    ]


def unknown_fields(text: str) -> list[str]:
    """Name the fields of a query that no discount has."""
    return [name for name, _value in parse_search(text) if name is not None and name not in KNOWN_FIELDS]


def search(discounts: Iterable[Discount], text: str | None, now: float, *, lenient: bool = False) -> list[Discount]:
    """Answer the discounts a query matches; reading by an unknown field is not implemented, and says so."""
    terms = parse_search(text or "")
    strange = [name for name, _value in terms if name is not None and name not in KNOWN_FIELDS and name != "code"]
    if strange and not lenient:
        message = f"sandbox: search by {', '.join(strange)} is not implemented"
        raise GraphQLError(message, extensions={"code": "NOT_IMPLEMENTED_IN_SANDBOX"})
    tests = [term_test(name, value, now, lenient=lenient) for name, value in terms]
    return [discount for discount in discounts if all(test(discount) for test in tests)]


def term_test(name: str | None, value: str, now: float, *, lenient: bool) -> Callable[[Discount], bool]:
    """Answer the test of one term."""
    tests: dict[str | None, Callable[[Discount], bool]] = {
        None: lambda discount: value in discount.title.lower(),
        "title": lambda discount: value.rstrip("*") in discount.title.lower(),
        "status": lambda discount: discount.status(now).value.lower() == value,
        "type": lambda discount: value in discount_types(discount),
        "discount_type": lambda discount: value in discount_types(discount),
        "tag": lambda discount: value in {tag.lower() for tag in discount.tags},
        "id": lambda discount: str(discount.number) == value.rpartition("/")[2],
        "method": lambda discount: value == ("code" if discount.kind.has_codes else "automatic"),
        # A native code is not found by its code [recorded].
        "code": lambda _discount: False,
    }
    return tests.get(name, lambda _discount: lenient)


def discount_types(discount: Discount) -> frozenset[str]:
    """Answer the names by which a discount's type can be searched."""
    if discount.kind.value.endswith("Bxgy"):
        return frozenset({"bxgy", "bogo"})
    if discount.kind.value.endswith("FreeShipping"):
        return frozenset({"free_shipping"})
    value = (discount.terms.get("customerGets") or {}).get("value") or {}
    return frozenset({"fixed_amount" if "discountAmount" in value else "percentage"})
