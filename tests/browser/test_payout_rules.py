"""A person gives a payout option a rule and a tier, with and without JavaScript; the page tells what it now pays."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.looking import Look

pytestmark = pytest.mark.slow

RULES = "/reporting/sales-tracking/1/payouts/"


def test_a_rule_about_a_collection_of_the_shop(page, product, watch):
    watch.expect_status(422)
    look = Look()
    page.goto(RULES)
    page.get_by_role("link", name="Rules of Founding partner").click()
    page.get_by_label("% of the sale", exact=True).fill("18")
    page.get_by_label("Collections").fill("Gift set")
    page.get_by_role("button", name="Add rule").click()
    expect(page.get_by_text("There is no collection “Gift set” at Glow Lab shop.")).to_be_visible()
    look.at(page, "payout-collection-refused")
    page.get_by_label("Collections").fill("gift sets")
    page.get_by_role("button", name="Add rule").click()
    row = page.get_by_role("row", name="18% on the collection Gift sets")
    expect(row).to_contain_text("Collection Gift sets (2 products, read just now at Glow Lab shop)")
    changed = httpx.get(f"{product.store.url}/_sandbox/collections").json()[1]
    more = {"id": changed["number"], "products": [*changed["products"], "Lip balm"]}
    httpx.post(f"{product.store.url}/_sandbox/collections", json=more).raise_for_status()
    page.get_by_role("button", name="Read collections again").click()
    expect(row).to_contain_text("Collection Gift sets (3 products")
    look.at(page, "payout-collection")
    page.get_by_role("button", name="Remove rule 1").click()
    expect(row).to_have_count(0)
    assert look.violations == []


def test_a_rule_and_a_tier(page, new_context, product, watch):
    watch.expect_status(422)
    look = Look()
    page.goto(RULES)
    page.get_by_role("link", name="Rules of Standard").click()
    page.get_by_role("button", name="Add rule").click()
    expect(page.get_by_text("Say for what: products")).to_be_visible()
    look.at(page, "payout-rule-refused")
    page.get_by_label("% of the sale", exact=True).fill("15")
    page.get_by_label("Products").fill("Glow serum")
    page.get_by_role("button", name="Add rule").click()
    expect(page.get_by_role("row", name="15% on Glow serum")).to_be_visible()
    look.at(page, "payout-rules")

    plain = new_context(java_script_enabled=False).new_page()
    plain.goto(page.url)
    plain.get_by_label("Tier 1 from").fill("1000")
    plain.get_by_label("Tier 1 pays, % of the sale").fill("12")
    plain.get_by_role("button", name="Save tiers").click()
    expect(plain.get_by_text("12% after 1,000.00 USD of sales since the member joined")).to_be_visible()
    plain.get_by_role("button", name="Remove rule 1").click()
    expect(plain.get_by_role("row", name="on Glow serum")).to_have_count(0)
    assert look.violations == []
