"""Where credentials may go: the store's own address, or this machine when it is a sandbox."""

from __future__ import annotations

import pytest

from offerwell.integrations.shopify.addresses import shop_origin
from offerwell.integrations.store import StoreError


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("glow-lab.myshopify.com", "https://glow-lab.myshopify.com"),
        ("  HTTPS://Glow-Lab.myshopify.com/ ", "https://glow-lab.myshopify.com"),
        ("https://admin.shopify.com/store/glow-lab/settings/apps", "https://glow-lab.myshopify.com"),
        ("admin.shopify.com/store/glow-lab", "https://glow-lab.myshopify.com"),
    ],
)
def test_what_people_paste(typed: str, origin: str) -> None:
    assert shop_origin(typed) == origin


REFUSED = [
    "", "glow-lab", "glow-lab.com", "myshopify.com", ".myshopify.com", "-x.myshopify.com",
    "evil.com/glow-lab.myshopify.com", "glow-lab.myshopify.com.evil.com", "a.b.myshopify.com",
    "glow-lab.myshopify.com@evil.com", "glow-lab.myshopify.com:8443", "glow-lab.myshopify.com/admin",
    "glow-lab.myshopify.com#", "glow-lab.myshopify.com?x=1", "http://glow-lab.myshopify.com",
    "glow\nlab.myshopify.com", "ﾇlow.myshopify.com", "glow-lab。myshopify.com",
    "127.0.0.1:8000", "http://127.0.0.1", "localhost", "http://[::1]:80", "169.254.169.254",
    "http://169.254.169.254/latest", "10.0.0.1", "0.0.0.0", "0x7f000001", "2130706433", "file:///etc/passwd",  # noqa: S104 - refused
]  # fmt: skip


@pytest.mark.parametrize("typed", REFUSED)
def test_no_other_address_is_a_store(typed: str) -> None:
    with pytest.raises(StoreError, match=r"Enter it as NAME\.myshopify\.com\.$") as caught:
        shop_origin(typed)
    assert caught.value.permanent is True


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("127.0.0.1:8801", "http://127.0.0.1:8801"),
        ("http://127.0.0.1:8801/", "http://127.0.0.1:8801"),
        ("localhost:8801", "http://127.0.0.1:8801"),
        ("https://127.0.0.9", "https://127.0.0.9"),
        ("http://[::1]:8801", "http://[::1]:8801"),
        ("glow-lab.myshopify.com", "https://glow-lab.myshopify.com"),
    ],
)
def test_a_sandbox_store_may_be_on_this_machine(typed: str, origin: str) -> None:
    assert shop_origin(typed, allow_loopback=True) == origin


@pytest.mark.parametrize(
    "typed",
    [
        "169.254.169.254", "http://10.0.0.1:80", "0.0.0.0:80", "[::]:80", "http://u:p@127.0.0.1:80", "http://127.0.0.1/x",
        "ftp://127.0.0.1", "127.0.0.1:99999", "127.0.0.1:80?x", "[::ffff:10.0.0.1]:80", "[::127.0.0.1]:80", "evil.com",
    ],
)  # fmt: skip
def test_even_a_sandbox_is_nowhere_else(typed: str) -> None:
    with pytest.raises(StoreError):
        shop_origin(typed, allow_loopback=True)
