"""A shopper buys with a member's code in the sandbox shop; a person sees whose the order is and why, and rejects it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.looking import Look

pytestmark = pytest.mark.slow


def _bought(page, shop, code):
    page.goto(f"{shop}/discount/{code}")
    page.get_by_role("button", name="Place order").click()
    row = page.get_by_role("row", name=code).first
    expect(row).to_contain_text("Paid")
    return row.get_by_role("cell").first.inner_text()


def test_from_the_shop_to_the_ledger(page, new_context, product, watch):
    watch.expect_status(422)
    look, shop = Look(), f"http://127.0.0.1:{product.sandbox_port}"
    page.goto("/reporting/sales-tracking/1/")
    code = steps.active_rows(page, 1)[0].codes[0]
    name = _bought(page, shop, code)

    def listed():
        page.goto("/reporting/orders/")
        return page.get_by_role("link", name=name, exact=True).count() == 1

    steps.until(listed, f"order {name} on the page", seconds=90)
    look.at(page, "orders")
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=f"Order {name}")).to_be_visible()
    expect(page.get_by_text("Decides", exact=True)).to_be_visible()
    look.at(page, "order")

    page.get_by_role("button", name="Reject conversion").click()
    expect(page.get_by_role("alert").filter(has_text="Say why")).to_be_visible()
    page.get_by_label("Reject this conversion").fill("Bought by a colleague")
    page.get_by_role("button", name="Reject conversion").click()
    expect(page.get_by_text("Bought by a colleague").first).to_be_visible()
    look.at(page, "order-rejected")

    plain = new_context(java_script_enabled=False).new_page()
    plain.goto(page.url)
    plain.get_by_role("button", name="Accept conversion").click()
    expect(plain.get_by_role("button", name="Reject conversion")).to_be_visible()

    page.goto("/reporting/orders/rules/")
    look.at(page, "attribution-rules")
    page.get_by_label("Orders placed since").fill("2020-01-01")
    page.get_by_role("button", name="Show what would move").click()
    expect(page.get_by_text("Nothing has been changed.")).to_be_visible()
    look.at(page, "replay")
    page.goto("/reporting/leaks/")
    expect(page.get_by_text("Likely leaked")).to_be_visible()
    look.at(page, "leaks")
    expect(page.get_by_role("button", name="Manage Offer")).to_be_hidden()
    page.get_by_role("checkbox", name="Select GLOW").first.check()
    expect(page.get_by_text("1 selected", exact=True)).to_be_visible()
    look.at(page, "leaks-selected")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why this is fine")
    expect(page.get_by_text("1 selected", exact=True)).to_be_visible()
    plain.goto("/reporting/leaks/")
    plain.get_by_role("button", name="Manage Offer").click()
    expect(plain.get_by_role("alert")).to_contain_text("No codes are selected.")
    page.get_by_role("button", name="Manage Offer").click()
    expect(page.get_by_text("Refresh Promo Codes")).to_be_visible()
    page.goto("/settings/stores/1/")
    expect(page.get_by_role("heading", name="Orders", exact=True)).to_be_visible()
    look.at(page, "store-orders")
    assert look.violations == []
