"""The demo's payout: approve the draft, note it as paid, read a statement; then as a creator, and without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.looking import Look

pytestmark = pytest.mark.slow


def test_from_the_draft_to_paid(page, new_context, watch):
    watch.expect_status(422)
    look = Look()
    page.goto("/reporting/payouts/")
    look.at(page, "payouts")
    page.get_by_role("row", name="Draft").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Statements", exact=True)).to_be_visible()
    look.at(page, "payout-draft")
    page.get_by_role("link", name="Approve").click()
    expect(page.get_by_role("heading", level=1, name="Approve")).to_be_visible()
    look.at(page, "payout-approve")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("The statements never change from now on").first).to_be_visible()
    look.at(page, "payout-to-pay")
    with page.expect_download() as download:
        page.get_by_role("link", name="PayPal USD").click()
    assert ",USD,OW" in download.value.path().read_text()

    plain = new_context(java_script_enabled=False).new_page()
    plain.goto(page.url)
    plain.get_by_role("link", name="Note as paid").click()
    plain.get_by_label("Day").fill("2099-01-01")
    plain.get_by_role("button", name="Confirm").click()
    expect(plain.get_by_role("alert")).to_contain_text("This day is still to come")
    plain.get_by_label("Day").fill("2026-01-31")
    plain.get_by_role("button", name="Confirm").click()
    expect(plain.get_by_text("Paid", exact=True).first).to_be_visible()

    page.goto(plain.url)
    page.get_by_role("table").last.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Payments")).to_be_visible()
    look.at(page, "statement-paid")
    page.goto("/reporting/payouts/rules/")
    look.at(page, "payout-rules")
    assert look.violations == []
