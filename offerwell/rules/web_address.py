"""Web addresses that may stand in a redirect: one strict reading of them, used when saved and again at each click.

Browsers forgive much that a parser takes differently (backslashes, user names, control characters, letters of other
scripts in a host). What could be read in two ways is no address here, so nobody is sent where its owner did not mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_ADDRESS = 2000
LONGEST_HOST = 253
MOST_DOMAINS = 20
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ADDRESS = re.compile(
    r"(https?)://([A-Za-z0-9.-]+)(?::([0-9]{1,5}))?([/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?", re.ASCII
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HIGHEST_PORT = 65_535
# What may stay as it is after the host; anything else is percent-encoded.
_KEPT = "/?#[]@!$&'()*+,;=%:._~-"


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address taken apart. `domain` is the host, with the port where it is not the usual one; `rest` the others."""

    scheme: str
    domain: str
    path: str
    query: str = ""
    fragment: str = ""

    def __str__(self) -> str:
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{self.domain}{self.path}{query}{f'#{self.fragment}' if self.fragment else ''}"


def read_address(text: str) -> WebAddress | None:
    """The address, in ASCII; None where it is none or can be read in two ways."""
    if len(text) > LONGEST_ADDRESS or any(letter.isspace() or not letter.isprintable() for letter in text):
        return None
    scheme, mark, after = text.partition("://")
    found = _ADDRESS.fullmatch(f"{scheme.lower()}{mark}{_encoded(after)}")
    if found is None:
        return None
    host, rest = found[2].lower(), found[4] or "/"
    port = int(found[3]) if found[3] else _DEFAULT_PORTS[found[1]]
    if not is_host(host) or not 0 < port <= _HIGHEST_PORT:
        return None
    before, _, fragment = rest.partition("#")
    path, _, query = before.partition("?")
    shown = "" if port == _DEFAULT_PORTS[found[1]] else f":{port}"
    return WebAddress(found[1], f"{host}{shown}", path or "/", query, fragment)


def _encoded(after_scheme: str) -> str:
    """With letters beyond ASCII encoded after the host. In a host they stay, and are refused."""
    cut = min((place for sign in "/?#" if (place := after_scheme.find(sign)) >= 0), default=len(after_scheme))
    if "\\" in after_scheme:
        return ""
    return after_scheme[:cut] + quote(after_scheme[cut:], safe=_KEPT)


def is_host(text: str) -> bool:
    """Whether it is a lower-case host name, or numbers that every reader takes for the same IPv4 address."""
    if len(text) > LONGEST_HOST or not _HOST.fullmatch(text):
        return False
    labels = text.split(".")
    if not re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        return True
    return len(labels) == 4 and all(re.fullmatch(r"0|[1-9][0-9]{0,2}", one) and int(one) < 256 for one in labels)  # noqa: PLR2004  IPv4


def domain_of(text: str) -> str:
    """The domain a person wrote: `Shop.Example`, or a whole address of it. Empty where it is none."""
    text = text.strip()
    found = read_address(text if "://" in text else f"https://{text}")
    return found.domain if found else ""


def allowed_domains(destination: str, extra: Iterable[str]) -> frozenset[str]:
    """Where links of an offer may lead: the destination's own domain, and those that were added."""
    found = read_address(destination)
    return frozenset(extra) | ({found.domain} if found else frozenset())


def allowed_address(text: str, domains: frozenset[str]) -> WebAddress | None:
    """The address where it is on one of `domains`: exactly, a sub-domain is another one. Else None."""
    found = read_address(text)
    return found if found is not None and found.domain in domains else None


def address_problem(address: str) -> str:
    """What is wrong with a link's destination; empty when it is a web address."""
    if not address:
        return "Enter the page that the links open, for example https://shop.example/."
    if len(address) > LONGEST_ADDRESS:
        return f"The address is {len(address)} characters long. Use at most {LONGEST_ADDRESS}."
    if read_address(address) is not None:
        return ""
    host = address.partition("://")[2].partition("/")[0]
    if host and not host.isascii():
        return "Write the host with letters a–z: a name in other letters has a form that begins with xn--."
    return "Enter a whole web address that starts with https:// or http://."


def domains_problem(domains: Iterable[str]) -> str:
    """What is wrong with the added domains; empty when all can be used."""
    domains = tuple(domains)
    if len(domains) > MOST_DOMAINS:
        return f"These are {len(domains)} domains. Use at most {MOST_DOMAINS}."
    wrong = next((one for one in domains if not domain_of(one)), None)
    return "" if wrong is None else f"“{wrong}” is not a domain. Write it as in shop.example, one a line."


def page_problem(address: str, domains: frozenset[str]) -> str:
    """What is wrong with a page of an offer's own sites; empty when links may lead there."""
    if problem := address_problem(address):
        return problem
    if allowed_address(address, domains) is None:
        return f"Links of this offer lead only to {', '.join(sorted(domains))}. Choose a page there, or add its domain."
    return ""
