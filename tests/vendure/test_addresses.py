"""Which addresses a login may be sent to."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import httpx
import pytest

from offerwell.integrations.store import StoreError
from offerwell.integrations.vendure.addresses import Address, admin_address, http_for, is_public, public_address


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://shop.example.com/admin-api", "https://shop.example.com/admin-api"),
        (" https://Shop.Example.com/ ", "https://shop.example.com/admin-api"),
        ("shop.example.com", "https://shop.example.com/admin-api"),
        ("shop.example.com:8443/my/api#eu-token_1", "https://shop.example.com:8443/my/api#eu-token_1"),
        ("http://localhost:3000", "http://127.0.0.1:3000/admin-api"),
        ("http://[::1]:3000/admin-api", "http://[::1]:3000/admin-api"),
        ("http://vendure:3000", "http://vendure:3000/admin-api"),
    ],
)
def test_what_people_paste_is_understood(text, kept):
    assert admin_address(text, own_hosts=("vendure",)).kept == kept
    assert admin_address(kept, own_hosts=("vendure",)).kept == kept


@pytest.mark.parametrize(
    "text",
    [
        "", "http://shop.example.com/admin-api", "https://10.0.0.4/admin-api", "https://[fd00::1]/admin-api", "vendure:3000",
        "https://me:secret@shop.example.com/", "https://shop.example.com/?a=1", "https://shop.example.com/../x",
        "ftp://shop.example.com/", "https://2130706433/", "https://127.1/", "https://0x7f.1/", "https://shop.example.com:99999/",
        "https://shop.example.com/#two words", "https://shop_.example.com\n/", "https://169.254.169.254/latest",
        "https://пример.example/x y",
    ],
)  # fmt: skip
def test_other_addresses_are_refused(text):
    with pytest.raises(StoreError) as refused:
        admin_address(text)
    assert refused.value.permanent


@pytest.mark.parametrize(
    ("address", "public"),
    [("93.184.216.34", True), ("2606:2800:220:1::1", True), ("10.1.2.3", False), ("127.0.0.1", False), ("169.254.169.254", False),
     ("100.64.0.1", False), ("224.0.0.1", False), ("::1", False), ("fd00::1", False), ("fe80::1", False),
     ("::ffff:10.0.0.1", False), ("::127.0.0.1", False), ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False)],
)  # fmt: skip
def test_the_public_internet(address, public):
    assert is_public(ip_address(address)) is public


def test_a_name_with_a_private_address_is_not_connected_to(monkeypatch):
    """Also where only one of its addresses is private, and also when it changed since it was looked at."""

    def leads_to(*addresses):
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)

    leads_to("93.184.216.34")
    assert public_address("shop.example.com", 443) == "93.184.216.34"
    for addresses in (("10.0.0.1",), ("93.184.216.34", "127.0.0.1"), ()):
        leads_to(*addresses)
        with pytest.raises(httpx.ConnectError):
            public_address("shop.example.com", 443)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    leads_to("127.0.0.1")
    with (
        http_for(Address("https://shop.example.com/admin-api")) as http,
        pytest.raises(httpx.ConnectError, match="not on the public"),
    ):
        http.post("https://shop.example.com/admin-api")


def test_the_name_is_what_the_certificate_is_held_against(monkeypatch):
    seen = []
    monkeypatch.setattr("urllib.request.getproxies", dict)
    monkeypatch.setattr("offerwell.integrations.vendure.addresses.public_address", lambda *_: "93.184.216.34")
    monkeypatch.setattr(
        httpx.HTTPTransport, "handle_request", lambda _self, request: seen.append(request) or httpx.Response(200)
    )
    with http_for(Address("https://shop.example.com/admin-api")) as http:
        http.post("https://shop.example.com/admin-api")
    [request] = seen
    assert (request.url.host, request.headers["Host"], request.extensions["sni_hostname"]) == (
        "93.184.216.34", "shop.example.com", "shop.example.com",
    )  # fmt: skip
