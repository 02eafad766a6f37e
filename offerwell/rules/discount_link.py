"""A discount link: an address of the shop that applies a member's code and goes on to a page.

`https://SHOP/discount/CODE?redirect=/path&utm_source=…` (shopify.md §4). The page is one of the same shop: a link
that led elsewhere would lend the shop's name to anybody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

LONGEST_REDIRECT = 500
LONGEST_UTM = 100
VARIABLES = ("creator_name", "creator_handle", "member_id", "offer_name", "project_name", "code")
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_UTM = ("utm_source", "utm_medium", "utm_campaign")


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """How an offer's discount links are made. Empty: left out. UTM values may hold variables."""

    redirect: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""


@dataclass(frozen=True, slots=True)
class LinkOwner:
    """Whose link it is: what the variables stand for."""

    code: str
    member_id: int
    creator_name: str = ""
    creator_handle: str = ""
    offer_name: str = ""
    project_name: str = ""


def discount_link(shop: str, plan: LinkPlan, owner: LinkOwner) -> str:
    """The address for one code on one shop. `shop` is a host, or an origin such as a sandbox store's."""
    origin = shop.rstrip("/") if "://" in shop else f"https://{shop}"
    query = {"redirect": plan.redirect} if plan.redirect else {}
    told = urlencode(query | filled_utm(plan, owner), quote_via=quote, safe="/")
    return f"{origin}/discount/{quote(owner.code, safe='')}{f'?{told}' if told else ''}"


def filled_utm(plan: LinkPlan, owner: LinkOwner) -> dict[str, str]:
    """The UTM values for one owner; those that come out empty are left out."""
    filled = {name: _filled(getattr(plan, name), owner) for name in _UTM}
    return {name: value for name, value in filled.items() if value}


def redirect_problem(path: str) -> str:
    """What is wrong with the page that links go on to; empty when it is one of the shop itself."""
    if not path:
        return ""
    if len(path) > LONGEST_REDIRECT:
        return f"The page is {len(path)} characters long. Use at most {LONGEST_REDIRECT}."
    is_odd = any(letter.isspace() or not letter.isprintable() for letter in path) or "\\" in path
    if is_odd or not path.startswith("/") or path.startswith("//"):
        return "Enter a page of the shop that starts with one slash, for example /collections/new."
    try:
        parts = urlsplit(path)
    except ValueError:
        parts = None
    if parts is None or parts.scheme or parts.netloc:
        return "Enter a page of the shop that starts with one slash, for example /collections/new."
    return ""


def utm_problem(text: str) -> str:
    """What is wrong with a UTM value; empty when it can be used."""
    if len(text) > LONGEST_UTM:
        return f"This is {len(text)} characters long. Use at most {LONGEST_UTM}."
    if any(not letter.isprintable() for letter in text):
        return "Use only letters, digits and signs that can be seen."
    unknown = next((name for name in _VARIABLE.findall(text) if name not in VARIABLES), None)
    if unknown is not None:
        return f"{{{unknown}}} is not a variable. Use {', '.join(f'{{{name}}}' for name in VARIABLES)}."
    return ""


def _filled(text: str, owner: LinkOwner) -> str:
    return _VARIABLE.sub(lambda found: str(getattr(owner, found[1])) if found[1] in VARIABLES else found[0], text)
