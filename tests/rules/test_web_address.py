"""Redirect addresses: one strict reading; whatever is thrown at it, nobody leaves the allowed domains (G17)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from offerwell.rules.discount_link import LinkOwner, LinkPlan
from offerwell.rules.offer_status import OfferState
from offerwell.rules.redirect import LinkFacts, route_of
from offerwell.rules.web_address import (
    address_problem,
    allowed_address,
    allowed_domains,
    domain_of,
    domains_problem,
    is_host,
    page_problem,
    read_address,
)
from tests.proof.tier import IS_LARGE

SHOP = frozenset({"shop.example"})


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("https://shop.example", "https://shop.example/"),
        ("HTTPS://Shop.Example:443/a?b=c#d", "https://shop.example/a?b=c#d"),
        ("http://127.0.0.1:8077/", "http://127.0.0.1:8077/"),
        ("https://shop.example?x", "https://shop.example/?x"),
        ("https://shop.example/café", "https://shop.example/caf%C3%A9"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
    ],
)
def test_an_address_is_read_in_one_way(typed, read):
    assert str(read_address(typed)) == read
    assert str(read_address(read)) == read


@pytest.mark.parametrize(
    "typed",
    [
        "", "shop.example", "//shop.example/", "javascript:alert(1)", "data:text/html,x", "ftp://shop.example/",
        "https:/shop.example/", "https:///shop.example/", "https:\\\\shop.example\\", "https://evil.example\\@shop.example/",
        "https://shop.example@evil.example/", "https://user:pw@shop.example/", "https://shop.example:99999/",
        "https://shop.example:0/", "https://shop.example:/x", "https://bücher.example/", "https://ｓhop.example/",
        "https://shop.example\r\nSet-Cookie: a=b/", "https://shop.example/\r\nX: y", "https://shop.example/ a",
        "https://shop.example/\x00", "https://shop.example\t/", "https://shop..example/", "https://.shop.example/",
        "https://-shop.example/", "https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://127.0.0.01/",
        "https://[::1]/", "https://shop.example/" + "a" * 2000, "https://shop.example。evil.example/",
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_no_address(typed):
    assert read_address(typed) is None
    assert address_problem(typed) != ""
    assert allowed_address(typed, SHOP) is None


def test_a_sub_domain_or_a_port_is_another_domain():
    for other in (
        "https://www.shop.example/",
        "https://shop.example.evil.example/",
        "https://shop.example:8443/",
        "https://notshop.example/",
    ):
        assert read_address(other) is not None
        assert (
            page_problem(other, SHOP)
            == "Links of this offer lead only to shop.example. Choose a page there, or add its domain."
        )
    assert page_problem("https://shop.example/x", SHOP) == ""


def test_domains_are_written_as_people_do():
    assert [domain_of(one) for one in (" Blog.Shop.Example ", "https://blog.shop.example/x", "blog.shop.example:8443", "no domain", "*")] == [
        "blog.shop.example", "blog.shop.example", "blog.shop.example:8443", "", "",
    ]  # fmt: skip
    assert domains_problem(["blog.shop.example", "bad domain"]) == (
        "“bad domain” is not a domain. Write it as in shop.example, one a line."
    )
    assert domains_problem(f"s{n}.example" for n in range(21)) == "These are 21 domains. Use at most 20."
    assert (is_host("go.brand.example"), is_host("Go.brand.example"), is_host("256.1.1.1")) == (True, False, False)


PIECES = st.sampled_from([
    "https://", "http://", "//", "/", "\\", "@", ":", "shop.example", "evil.example", "shop.example.evil.example", "javascript:",
    "data:", "\r\n", "\n", "\t", " ", "%0d%0a", "%2f", "#", "?", "..", "。", "．", "bücher", "xn--", "127.0.0.1", "[::1]", ":443",
    "user:pw@", "\x00", "\u202e", "{creator_name}", "&", "=", "ſhop.example", "K", "é",
])  # fmt: skip
ADDRESSES = st.one_of(
    st.text(max_size=60),
    st.lists(PIECES, max_size=8).map("".join),
    st.lists(PIECES, max_size=6).map(lambda p: "https://shop.example" + "".join(p)),
)
NAMES = st.one_of(st.text(max_size=20), st.lists(PIECES, max_size=4).map("".join))
# What browsers make of an address before they look at its host (WHATWG URL): a second reading, not ours.
_STRIPPED = re.compile(r"[\t\r\n]")


def host_as_a_browser_reads(location):
    text = _STRIPPED.sub("", location).replace("\\", "/")
    parts = urlsplit(text)
    return parts.scheme, (parts.netloc.rpartition("@")[2]).lower()


@settings(max_examples=30_000 if IS_LARGE else 600, deadline=None)
@given(
    ADDRESSES,
    ADDRESSES,
    ADDRESSES,
    NAMES,
    NAMES,
    st.lists(ADDRESSES, max_size=2),
    st.sampled_from(["shop", "address", "page"]),
)
@example(
    "https://shop.example",
    "https://shop.example\\@evil.example",
    "//evil.example",
    "\r\nLocation: https://evil.example",
    "&",
    [],
    "address",
)
def test_no_redirect_ever_leaves_the_allowed_domains(destination, page, dead_to, name, utm, extra, dead):  # noqa: PLR0917
    """Saved past all checks: the click checks again. 30,000 in the large tier."""
    facts = LinkFacts(
        is_active=True, offer=OfferState(is_running=True), destination=destination,
        owner=LinkOwner(name, 7, name, name, name, name), utm=LinkPlan("", utm, "{creator_name}", "{offer_name}"),
        page=page, extra_domains=tuple(extra), dead_link=dead, dead_link_to=dead_to, shops=("shop.example", "http://127.0.0.1"),
    )  # fmt: skip
    route = route_of(facts)
    allowed = allowed_domains(destination, extra)
    for location in (route.head and f"{route.head}{'0' * 32}{route.tail}", route.untracked, route.dead_to):
        if location:
            scheme, host = host_as_a_browser_reads(location)
            assert scheme in {"http", "https"}
            assert host in allowed
            assert location.isascii()
            assert location.isprintable()
            assert " " not in location
            assert "\\" not in location
