"""A creator's phone: signing in to the Creator Portal by the mail, and what it shows of an offer."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from email import policy
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser import steps

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.browser.product import Product

PHONE = {"width": 390, "height": 844}


@dataclass(frozen=True, slots=True)
class Creator:
    """Somebody with an active code in an offer, and where the portal is: by name, because passkeys belong to names."""

    address: str
    code: str
    place: str
    site: str


def mails(product: Product) -> list[Path]:
    """All that was ever mailed, oldest first."""
    return sorted((product.data / "mail").glob("*.eml"))


def ask(phone: Page, product: Product, creator: Creator) -> str:
    """Ask for a mail; gives its text."""
    before = len(mails(product))
    phone.goto(f"{creator.site}/portal/")
    phone.get_by_label("E-mail").fill(creator.address)
    phone.get_by_role("button", name="E-mail me a code").click()
    expect(phone.get_by_role("heading", name="Check your mail")).to_be_visible()
    steps.until(lambda: len(mails(product)) > before, "the sign-in mail")
    letter = email.message_from_bytes(mails(product)[-1].read_bytes(), policy=policy.default)
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def enter(phone: Page, product: Product, creator: Creator) -> None:
    """Sign in by the code of the mail."""
    code = re.search(r": (\d{6})", ask(phone, product, creator))
    assert code is not None
    phone.get_by_label("Code").fill(code[1])
    phone.get_by_role("button", name="Sign in", exact=True).click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Hi")


def part(phone: Page) -> Locator:
    """The code, or the first of codes and links, of the offer that is open."""
    return phone.locator(".portal-part").first
