"""A person reads the dashboard: chooses days, reads the chart by keys, goes on to an offer and the report."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.looking import Look

pytestmark = pytest.mark.slow


def test_from_the_dashboard_to_the_report(page, new_context, watch):
    watch.expect_status(422)
    look = Look()
    page.goto("/reporting/sales-tracking/")
    expect(page.get_by_role("heading", name="Sales per day")).to_be_visible()
    plot = page.get_by_role("group", name="Sales per day: Last 30 days").first
    plot.focus()
    page.keyboard.press("End")
    tip = plot.get_by_role("status")
    expect(tip).to_have_text(re.compile(r"^\d+ \w+[\d,.]+ USD"))
    last = tip.inner_text()
    page.keyboard.press("ArrowLeft")
    expect(tip).not_to_have_text(last)
    page.get_by_text("Show as table").click()
    expect(page.get_by_role("table", name="Sales per day").get_by_role("row")).to_have_count(31)
    look.at(page, "sales-tracking")

    page.locator("summary", has_text="Last 30 days").click()
    look.at(page, "sales-tracking-days")
    page.get_by_role("link", name="Last 90 days").click()
    expect(page.get_by_role("heading", name="Sales per day")).to_be_visible()
    page.get_by_role("link", name="Summer Glow 20%").click()
    expect(page.locator("summary", has_text="Last 90 days")).to_be_visible()
    page.get_by_role("link", name="Sales Tracking").last.click()
    page.get_by_role("link", name="Report", exact=True).click()
    page.get_by_role("link", name="Projects").last.click()
    expect(page.get_by_role("row", name="Autumn Creator Push")).to_be_visible()
    look.at(page, "report")

    plain = new_context(java_script_enabled=False).new_page()
    plain.goto("/reporting/sales-tracking/")
    plain.locator("summary", has_text="Last 30 days").click()
    plain.get_by_label("From", exact=True).fill("2026-02-03")
    plain.get_by_label("To", exact=True).fill("2026-02-01")
    plain.get_by_role("button", name="Show these days").click()
    expect(plain.get_by_role("alert")).to_contain_text("is before the first day")
    assert look.violations == []
