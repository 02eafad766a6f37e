"""Sales links in the browser: an offer says what they do, a member gets one to a single page, and it leads there."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.looking import Look

pytestmark = pytest.mark.slow


@pytest.fixture
def look():
    looking = Look()
    yield looking
    assert looking.states, "nothing was looked at"
    assert looking.violations == []


def test_from_the_offer_to_the_shop(page, look, watch, product):
    shop = product.store.url
    watch.expect_status(422)
    page.goto("/reporting/sales-tracking/?q=Holiday")
    page.get_by_role("link", name="Holiday Sitewide").click()
    expect(page.locator("[data-copy^='http://127.0.0.1:']").first).to_be_visible()
    look.at(page, "offer-links")
    page.get_by_role("link", name="Edit offer").click()
    expect(page.get_by_label("Goes to")).to_be_hidden()
    page.get_by_label("A link that is off").select_option("address")
    page.get_by_label("Goes to").fill("https://elsewhere.example/")
    page.get_by_label("utm_source").fill("{creator_handle}")
    page.get_by_role("button", name="Save offer").click()
    expect(page.locator("#id_dead_link_to-error")).to_contain_text(
        f"Links of this offer lead only to {shop.removeprefix('http://')}"
    )
    look.at(page, "offer-form-links-refused")
    page.get_by_label("Goes to").fill(f"{shop}/shop?ended")
    page.get_by_role("button", name="Save offer").click()
    page.locator("tbody a.name").first.click()
    page.locator("#id_page").fill("https://elsewhere.example/")
    page.get_by_role("button", name="Make link").click()
    expect(page.locator("#id_page-error")).to_contain_text(f"lead only to {shop.removeprefix('http://')}")
    page.locator("#id_page").fill(f"{shop}/shop?serum")
    page.get_by_role("button", name="Make link").click()
    expect(page.get_by_text(f"{shop}/shop?serum")).to_be_visible()
    look.at(page, "member-links")
    address = page.locator("button.chip").last.get_attribute("data-copy")
    reply = httpx.get(address, headers={"User-Agent": page.evaluate("navigator.userAgent")})
    assert reply.status_code == httpx.codes.FOUND
    assert reply.headers["location"].startswith(f"{shop}/shop?serum&utm_source=")


def test_settings_of_links(page, look, watch):
    watch.expect_status(422)
    page.goto("/settings/stores/")
    page.get_by_role("link", name="Sales links").click()
    look.at(page, "link-settings")
    page.get_by_label("Your own hosts optional").fill("not a host")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#id_hosts-error")).to_contain_text("“not a host” is not a host name.")
    expect(page.get_by_label("Your own hosts optional")).to_have_value("not a host")
    look.at(page, "link-settings-refused")
