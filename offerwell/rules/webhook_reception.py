"""Where a store reaches us, and in one word whether it does: what Settings › Stores says of webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/webhooks/shopify/"
_NOT_OUTSIDE = ("localhost", ".local", ".localdomain", ".internal", ".test", ".example")


class Reception(StrEnum):
    """How well we hear a store."""

    ON = "on"
    PART = "part"
    WAITING = "waiting"
    OFF = "off"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Address:
    """Where webhooks go, or the sentence that says why nowhere."""

    url: str = ""
    problem: str = ""


NO_PUBLIC_URL = (
    "Offerwell does not know the address at which stores reach it. "
    "Whoever runs it sets OFFERWELL_PUBLIC_URL, for example https://offers.example.com."
)
UNVERIFIED = (
    "Webhooks of this store cannot be verified: it is connected by an access token, and only the app’s client secret "
    "proves who sent a webhook. Enter the secret below."
)


def address_of(key: str, public_url: str, *, is_sandbox: bool) -> Address:
    """The address for the store with this key. Shopify delivers by https to public names only."""
    if not public_url:
        return Address(problem=NO_PUBLIC_URL)
    try:
        parts = urlsplit(public_url)
        host = (parts.hostname or "").lower()
    except ValueError:
        host = ""
    if not host or parts.scheme not in {"http", "https"}:
        return Address(problem=f"OFFERWELL_PUBLIC_URL is {public_url[:80]}, which is no web address.")
    if not is_sandbox and (parts.scheme != "https" or not _is_outside(host)):
        return Address(
            problem=f"Shopify delivers webhooks only by https to a public name, and OFFERWELL_PUBLIC_URL is "
            f"{public_url[:80]}. Whoever runs Offerwell changes it."
        )
    return Address(url=f"{public_url}{PATH}{key}/")


def _is_outside(host: str) -> bool:
    if host.endswith(_NOT_OUTSIDE) or "." not in host:
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return True


STILL_LOOKED_AT = "Until then, changes made in the store are found only when Offerwell looks at a code by itself."
_REFUSED = {
    "signature": (
        "Webhooks arrive whose signature is wrong: the client secret kept here is not that of the app that sends them. "
        "Replace the credentials with those of the installed app."
    ),
    "shop": (
        "Webhooks arrive that name another shop. Remove the subscription or the address of this store from the app "
        "that sends them."
    ),
    "no_secret": UNVERIFIED,
}


@dataclass(frozen=True, slots=True)
class HookFacts:
    """What is known of one store's webhooks. `is_refusing`: the newest delivery was refused, `refused_why`."""

    is_on: bool = True
    is_installed: bool = True
    has_address: bool = True
    can_verify: bool = True
    address_problem: str = ""
    was_asked: bool = True
    problem: str = ""
    is_refusing: bool = False
    refused_why: str = ""
    has_refusals: bool = False


def standing(facts: HookFacts) -> tuple[Reception, str]:
    """How it stands, and the sentence with the next step: the first trouble that keeps webhooks away."""
    return next(_standings(facts))


def _standings(facts: HookFacts) -> Iterator[tuple[Reception, str]]:
    if not facts.is_installed:
        yield Reception.OFF, "The app is not installed in the shop, so the shop sends nothing."
    if not facts.is_on:
        yield Reception.OFF, "This store is off. What it tells is kept until you switch it on."
    if not facts.has_address:
        yield Reception.OFF, f"{NO_PUBLIC_URL} {STILL_LOOKED_AT}"
    if not facts.can_verify:
        yield Reception.PROBLEM, f"{UNVERIFIED} {STILL_LOOKED_AT}"
    if facts.address_problem:
        yield Reception.PROBLEM, f"{facts.address_problem} {STILL_LOOKED_AT}"
    if not facts.was_asked:
        yield Reception.WAITING, "Offerwell asks the store to send webhooks. This takes some seconds."
    if facts.problem:
        yield Reception.PROBLEM, f"The store could not be asked for webhooks: {facts.problem} {STILL_LOOKED_AT}"
    if facts.is_refusing:
        yield Reception.PROBLEM, f"{_REFUSED.get(facts.refused_why, _REFUSED['signature'])} {STILL_LOOKED_AT}"
    if facts.has_refusals:
        yield Reception.PART, "The store refused some webhooks. Press Test connection to ask again."
    yield Reception.ON, "The store tells Offerwell of changes within seconds."
