"""Products and collections as people name them: a number, Shopify's global id, or the address of the admin page.

The shop is not asked: only the shape is checked, and the store refuses what it does not have.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from offerwell.rules.discount_terms import ItemKind

if TYPE_CHECKING:
    from collections.abc import Sequence

# What a store takes in one list.
MOST_ITEMS = 250
_WORDS = {ItemKind.PRODUCTS: ("Product", "products"), ItemKind.COLLECTIONS: ("Collection", "collections")}
_NUMBER = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_GID = re.compile(r"gid://shopify/([A-Za-z]+)/([1-9][0-9]{0,18})", re.ASCII)
_ADMIN_PAGE = re.compile(
    r"https://(?:admin\.shopify\.com/store/[a-z0-9-]+|[a-z0-9-]+\.myshopify\.com/admin)/([a-z]+)/([1-9][0-9]{0,18})"
    r"(?:[/?#].*)?",
    re.ASCII,
)


def split_items(text: str) -> tuple[str, ...]:
    """What a person pasted, apart: by lines, commas, semicolons or spaces."""
    return tuple(part for part in re.split(r"[\s,;]+", text) if part)


def item_number(text: str, kind: ItemKind) -> str | None:
    """The store's number in `text`, if it can be one of a product or collection."""
    if _NUMBER.fullmatch(text):
        return text
    type_name, folder = _WORDS[kind]
    if (found := _GID.fullmatch(text)) and found[1] == type_name:
        return found[2]
    if (found := _ADMIN_PAGE.fullmatch(text)) and found[1] == folder:
        return found[2]
    return None


def normal_items(texts: Sequence[str], kind: ItemKind) -> tuple[str, ...]:
    """The numbers, each once; what is none stays as it was typed, for the problem to name it."""
    return tuple(dict.fromkeys(item_number(text.strip(), kind) or text.strip() for text in texts if text.strip()))


def items_problem(ids: Sequence[str], kind: ItemKind) -> str:
    """What is wrong with the products or collections; empty when they can be used."""
    _, folder = _WORDS[kind]
    wrong = next((text for text in ids if item_number(text, kind) is None), None)
    if wrong is not None:
        return (
            f"“{wrong[:60]}” names none of the {folder}. Paste the address of its page in the Shopify admin, or its "
            "number."
        )
    if not ids:
        return f"Paste at least one of the {folder}: the address of its page in the Shopify admin, or its number."
    if len(ids) > MOST_ITEMS:
        return f"These are {len(ids):,}. Use at most {MOST_ITEMS}."
    return ""
