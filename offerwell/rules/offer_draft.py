"""What a person wants an offer to be, and what is wrong with it, field by field.

Source: domain §4. Only what can be told from the draft alone; whether a name is free or a store exists
is asked by the actions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from offerwell.rules.code_names import InvalidPattern, NamePattern, parse_pattern

if TYPE_CHECKING:
    from datetime import datetime

TYPES = ("promo_code", "sales_link", "both")
STATUSES = ("draft", "active", "paused", "archived")
DISCOUNT_KINDS = ("percent", "amount")
LONGEST_NAME = 120
LONGEST_PATTERN = 80
LONGEST_ADDRESS = 2000
# What the columns hold: numeric(12, 2), and a 32-bit count.
LARGEST_SUM = Decimal("9999999999.99")
LARGEST_LIMIT = 2_147_483_647


@dataclass(frozen=True, slots=True)
class OfferDraft:
    """An offer as filled in. `discount_value` is 20 for 20 %, or a sum in the store's currency."""

    name: str
    type: str
    discount_kind: str = "percent"
    discount_value: Decimal | None = None
    minimum: Decimal | None = None
    usage_limit: int | None = None
    once_per_customer: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    destination: str = ""
    code_pattern: str = str(NamePattern.FIRST_NAME_DISCOUNT)
    store_ids: tuple[int, ...] = ()
    description: str = ""
    status: str = "active"

    @property
    def has_codes(self) -> bool:
        """Whether members get promo codes."""
        return self.type in {"promo_code", "both"}

    @property
    def has_links(self) -> bool:
        """Whether members get sales links."""
        return self.type in {"sales_link", "both"}


class OfferRefused(Exception):
    """The draft cannot become an offer. Nothing was stored. `problems` maps a field to a sentence."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


def tidied(draft: OfferDraft) -> OfferDraft:
    """The draft without spaces around texts, and without what its type has no use for."""
    draft = replace(
        draft, name=" ".join(draft.name.split()), destination=draft.destination.strip(),
        code_pattern=draft.code_pattern.strip(), description=draft.description.strip(),
        store_ids=tuple(dict.fromkeys(draft.store_ids)),
    )  # fmt: skip
    if not draft.has_links:
        draft = replace(draft, destination="")
    if not draft.has_codes:
        draft = replace(
            draft, discount_kind="", discount_value=None, minimum=None, usage_limit=None,
            once_per_customer=False, code_pattern="", store_ids=(),
        )  # fmt: skip
    return draft


def problems_of(draft: OfferDraft) -> dict[str, str]:
    """Field → sentence with the next step, for every field that is wrong. Expects a tidied draft."""
    found = {"name": _name_problem(draft), "type": _type_problem(draft), "ends_at": _window_problem(draft)}
    if draft.status not in STATUSES:
        found["status"] = "Choose one of the statuses."
    if draft.has_codes:
        found |= _code_problems(draft)
    if draft.has_links:
        found["destination"] = address_problem(draft.destination)
    return {field: sentence for field, sentence in found.items() if sentence}


def _name_problem(draft: OfferDraft) -> str:
    if not draft.name:
        return "Give the offer a name."
    if len(draft.name) > LONGEST_NAME:
        return f"The name is {len(draft.name)} characters long. Use at most {LONGEST_NAME}."
    return ""


def _type_problem(draft: OfferDraft) -> str:
    return "" if draft.type in TYPES else "Choose Promo Code, Sales Link or both."


def _window_problem(draft: OfferDraft) -> str:
    if draft.starts_at and draft.ends_at and draft.ends_at <= draft.starts_at:
        return "The offer ends before it starts. Choose a later end."
    return ""


def _code_problems(draft: OfferDraft) -> dict[str, str]:
    return {
        "discount_value": _discount_problem(draft),
        "minimum": _minimum_problem(draft.minimum),
        "usage_limit": _limit_problem(draft.usage_limit),
        "code_pattern": _pattern_problem(draft),
        "stores": "" if draft.store_ids else "Choose at least one store for the codes.",
    }


def _discount_problem(draft: OfferDraft) -> str:
    value = draft.discount_value
    if draft.discount_kind not in DISCOUNT_KINDS:
        return "Choose a percentage or an amount off."
    if value is None or not value.is_finite() or value <= 0:
        return "Enter the discount as a number above 0."
    if draft.discount_kind == "percent" and value > 100:  # noqa: PLR2004  per cent
        return "A percentage goes up to 100."
    return _decimals_problem(value)


def _minimum_problem(value: Decimal | None) -> str:
    if value is None:
        return ""
    if not value.is_finite() or value <= 0:
        return "Enter the minimum purchase as a number above 0, or leave it empty."
    return _decimals_problem(value)


def _decimals_problem(value: Decimal) -> str:
    if value > LARGEST_SUM:
        return f"Use at most {LARGEST_SUM:,}."
    return "" if value == value.quantize(Decimal("0.01")) else "Use at most two decimals."


def _limit_problem(limit: int | None) -> str:
    if limit is None or 1 <= limit <= LARGEST_LIMIT:
        return ""
    return "Enter a whole number above 0, or leave it empty for no limit."


def _pattern_problem(draft: OfferDraft) -> str:
    if len(draft.code_pattern) > LONGEST_PATTERN:
        return f"Use at most {LONGEST_PATTERN} characters for prefix, pattern and suffix together."
    try:
        parse_pattern(draft.code_pattern, discount=None if _discount_problem(draft) else draft.discount_value)
    except InvalidPattern as error:
        return str(error)
    return ""


def address_problem(address: str) -> str:
    """What is wrong with a link's destination; empty when it is a web address."""
    if not address:
        return "Enter the page that the links open, for example https://shop.example/."
    try:
        parts = urlsplit(address)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web or any(letter.isspace() or not letter.isprintable() for letter in address):
        return "Enter a whole web address that starts with https:// or http://."
    if len(address) > LONGEST_ADDRESS:
        return f"The address is {len(address)} characters long. Use at most {LONGEST_ADDRESS}."
    return ""
