"""Which discount inputs the store refuses, in its own words.

Every text here is recorded unless its function says "assumed".
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_TEXT = 255
MAX_INT = 2_147_483_647
MIN_INT = -2_147_483_648
MAX_MONEY = Decimal(10) ** 18
MAX_TAGS = 5


@dataclass(frozen=True, slots=True)
class UserError:
    """One entry of userErrors."""

    field: tuple[str, ...] | None
    message: str
    code: str | None = None
    extra_info: str | None = None


def check_title(root: str, given: Mapping[str, Any]) -> Iterator[UserError]:
    """Refuse a blank or too long title."""
    title = given.get("title")
    if not (title or "").strip():
        yield UserError((root, "title"), "Title can't be blank", "BLANK")
    elif len(title or "") > MAX_TEXT:
        yield UserError((root, "title"), "Title is too long (maximum is 255 characters)", "TOO_LONG")


def check_code(root: str, code: str | None) -> Iterator[UserError]:
    """Refuse a missing, empty, many-lined or too long code."""
    if code is None:
        yield UserError((root, "code"), "Code can't be blank", "BLANK")
        return
    reason = code_fault(code)
    if reason:
        yield UserError((root, "code"), f"Code {reason[0]}", reason[1])


def code_fault(code: str) -> tuple[str, str] | None:
    """Say what is wrong with a code (text without its subject, error code), or None."""
    if not code:
        return "is too short (minimum is 1 character)", "TOO_SHORT"
    if "\n" in code or "\r" in code:
        return "cannot contain newline characters.", "INVALID"
    if len(code) > MAX_TEXT:
        return "is too long (maximum is 255 characters)", "TOO_LONG"
    return None


def check_terms(root: str, given: Mapping[str, Any]) -> Iterator[UserError]:
    """Refuse numbers, values and requirements out of bounds."""
    yield from check_minimum(root, given.get("minimumRequirement") or {})
    yield from check_count(root, "usageLimit", "Usage limit", given.get("usageLimit"))
    yield from check_count(root, "recurringCycleLimit", "Recurring cycle limit", given.get("recurringCycleLimit"))
    yield from check_value((root, "customerGets", "value"), (given.get("customerGets") or {}).get("value") or {})
    yield from check_tags(root, given.get("tags") or [])


def check_kind(kind: str, root: str, given: Mapping[str, Any]) -> Iterator[UserError]:
    """Refuse what a kind of discount cannot be (that it cannot is in the schema's texts; the words are assumed)."""
    if kind.endswith("Bxgy"):
        for side in ("customerBuys", "customerGets"):
            if ((given.get(side) or {}).get("items") or {}).get("all"):
                yield UserError((root, side, "items", "all"), "Items all is not supported for Buy X get Y.", "INVALID")
    if kind.endswith("FreeShipping") and (given.get("combinesWith") or {}).get("shippingDiscounts"):
        message = "Combines with shipping discounts is not valid for the discount class."
        yield UserError((root, "combinesWith"), message, "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS")


def check_bxgy_is_whole(root: str, given: Mapping[str, Any]) -> Iterator[UserError]:
    """Refuse a new Buy X get Y without one of its sides (assumed)."""
    for side, words in (("customerBuys", "Customer buys"), ("customerGets", "Customer gets")):
        if not (given.get(side) or {}).get("value"):
            yield UserError((root, side), f"{words} can't be blank", "BLANK")


def check_dates(root: str, starts_at: int, ends_at: int | None) -> Iterator[UserError]:
    """Refuse a window that ends before it starts."""
    if ends_at is not None and ends_at <= starts_at:
        yield UserError((root, "endsAt"), "Ends at needs to be after starts_at", "INVALID")


def check_minimum(root: str, minimum: Mapping[str, Any]) -> Iterator[UserError]:
    """Refuse both minimums at once, or one beyond its bound."""
    subtotal = (minimum.get("subtotal") or {}).get("greaterThanOrEqualToSubtotal")
    quantity = (minimum.get("quantity") or {}).get("greaterThanOrEqualToQuantity")
    at_subtotal = (root, "minimumRequirement", "subtotal", "greaterThanOrEqualToSubtotal")
    at_quantity = (root, "minimumRequirement", "quantity", "greaterThanOrEqualToQuantity")
    if subtotal is not None and quantity is not None:
        yield UserError(at_subtotal, "Minimum subtotal cannot be defined when minimum quantity is.", "CONFLICT")
        yield UserError(at_quantity, "Minimum quantity cannot be defined when minimum subtotal is.", "CONFLICT")
    elif quantity is not None and Decimal(quantity) >= MAX_INT:
        yield UserError(at_quantity, f"Minimum quantity must be less than {MAX_INT}", "LESS_THAN")
    elif subtotal is not None and Decimal(subtotal) >= MAX_MONEY:
        yield UserError(at_subtotal, f"Minimum subtotal must be less than {MAX_MONEY:f}", "LESS_THAN")


def check_count(root: str, name: str, words: str, value: int | None) -> Iterator[UserError]:
    """Refuse a limit outside 32 bits, or a usage limit below one."""
    if value is None:
        return
    lowest = 1 if name == "usageLimit" else 0
    if value < lowest:
        bound = f"greater than {lowest - 1}" if lowest else "greater than or equal to 0"
        yield UserError(
            (root, name), f"{words} must be {bound}", "GREATER_THAN" if lowest else "GREATER_THAN_OR_EQUAL_TO"
        )
    if value < MIN_INT:
        yield UserError((root, name), f"{words} must be greater than or equal to {MIN_INT}", "GREATER_THAN_OR_EQUAL_TO")
    if value > MAX_INT:
        yield UserError((root, name), f"{words} must be less than or equal to {MAX_INT}", "LESS_THAN_OR_EQUAL_TO")


def check_value(path: tuple[str, ...], value: Mapping[str, Any]) -> Iterator[UserError]:
    """Refuse a percentage outside 0..1 or an amount of the wrong size (the words are Shopify's, signs included)."""
    percentage = value.get("percentage")
    if percentage is not None and not 0 <= percentage <= 1:
        yield UserError((*path, "percentage"), "Value must be between 0.0 and 1.0", "VALUE_OUTSIDE_RANGE")
    amount = (value.get("discountAmount") or {}).get("amount")
    if amount is None:
        return
    at_amount = (*path, "discountAmount", "amount")
    if Decimal(amount) < 0:
        yield UserError(at_amount, "Value must be less than or equal to 0", "LESS_THAN_OR_EQUAL_TO")
    elif Decimal(amount) >= MAX_MONEY:
        yield UserError(at_amount, f"Value must be greater than -{MAX_MONEY:f}", "LESS_THAN")


def check_tags(root: str, tags: list[str]) -> Iterator[UserError]:
    """Refuse more than 5 tags or one beyond 255 characters (bounds from the schema's texts, words assumed)."""
    if len(tags) > MAX_TAGS:
        yield UserError((root, "tags"), f"The maximum number of tags is {MAX_TAGS}", "TOO_MANY_TAGS")
    if any(len(tag) > MAX_TEXT for tag in tags):
        yield UserError((root, "tags"), f"A tag can have at most {MAX_TEXT} characters", "INVALID_TAG_LENGTH")
