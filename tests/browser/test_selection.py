"""Selection in a real browser: over pages, by range, and everything that matches."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import steps


def count(page):
    return page.locator("[data-count]")


def test_ids_survive_paging(page):
    steps.open_offer(page, steps.SUMMER)
    first = steps.active_rows(page, 2)
    # The tests share the offer, and some add members to it.
    total = re.search(r"of ([\d,]+)", page.locator(".pager").inner_text()).group(1)
    steps.tick(page, first)
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".pager")).to_contain_text(f"51–100 of {total}")
    expect(count(page)).to_have_text("2 selected · 2 on other pages")
    (third,) = steps.active_rows(page, 1)
    steps.tick(page, [third])
    expect(count(page)).to_have_text("3 selected · 2 on other pages")
    dialog = steps.manage(page)
    expect(dialog).to_contain_text("3 members selected")
    steps.choose(page, "Codes", "Deactivate")
    names = dialog.locator(".diff .name").all_text_contents()
    assert sorted(names) == sorted(row.name for row in (*first, third))
    expect(page.locator("#preview")).to_contain_text("3 codes will be deactivated.")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Previous").click()
    expect(page.locator(".pager")).to_contain_text(f"1–50 of {total}")
    expect(count(page)).to_have_text("3 selected · 1 on other pages")
    for row in first:
        expect(steps.box(page, row)).to_be_checked()
    page.get_by_role("button", name="Clear", exact=True).click()
    assert page.locator("#members .cell-check input:checked").count() == 0


def test_shift_click_selects_the_range(page):
    steps.open_offer(page, steps.SUMMER)
    shown = steps.rows(page)
    steps.box(page, shown[2]).click()
    steps.box(page, shown[7]).click(modifiers=["Shift"])
    expect(count(page)).to_have_text("6 selected")
    ticked = page.locator('#members .cell-check input[name="ids"]:checked').evaluate_all("all => all.map(b => b.value)")
    assert ticked == [row.id for row in shown[2:8]]


def test_everything_that_matches_is_cleared_when_the_filters_change(page):
    page.goto("/reporting/sales-tracking/")
    page.get_by_role("link", name=steps.FOUNDERS, exact=True).click()
    page.get_by_label("Select all members on this page").check()
    page.get_by_role("button", name="Select all 10,010 members").click()
    expect(count(page)).to_have_text("10,010 selected")
    page.get_by_role("navigation", name="Saved views").get_by_role("link", name="Active", exact=False).first.click()
    page.wait_for_url("**view=active**")
    expect(page.locator("#announcer")).to_have_text("Selection cleared: the filters changed.")
    assert page.locator("#members .cell-check input:checked").count() == 0


@pytest.mark.slow
def waiting_codes(store, product):
    """Codes of the offer that are active here and not yet in the store, from what tests before had switched."""
    active = product.run_python("""
from django_scopes import scopes_disabled
from offerwell.models import PromoCode
with scopes_disabled():
    print(*PromoCode.objects.filter(offer__name="Founders Club", is_active=True).values_list("text", flat=True))
""").split()
    statuses = store.statuses()
    return sorted(code for code in active if statuses[code] != "ACTIVE")


def test_all_founders_but_one_follow_and_come_back(page, store, product):
    steps.until(lambda: waiting_codes(store, product) == [], "every active code is on in the store", seconds=120)
    before = store.windows()
    steps.open_offer(page, steps.FOUNDERS)
    left_out = steps.active_rows(page, 1, skip=3)[0]
    page.get_by_label("Select all members on this page").check()
    expect(page.locator("[data-strip]")).to_contain_text("All 50 members on this page are selected.")
    page.get_by_role("button", name="Select all 10,010 members").click()
    expect(page.locator("[data-strip]")).to_contain_text("All 10,010 members are selected.")
    steps.box(page, left_out).uncheck()
    expect(count(page)).to_have_text("10,009 of 10,010 selected")
    page.evaluate("window.neverReloaded = true")

    dialog = steps.manage(page)
    expect(dialog).to_contain_text("10,009 members selected")
    steps.choose(page, "Codes", "Deactivate")
    expect(page.locator("#preview")).to_contain_text("10,009 codes will be deactivated.")
    steps.to_confirm(page, "Deactivate 10,009 codes?")
    assert steps.figures(page) == {"Deactivated": "10,009", "Skipped, already deactivated": "0"}
    assert store.windows() == before
    page.get_by_role("button", name="Confirm").click()
    expect(steps.title(page)).to_have_text("10,009 codes deactivated", timeout=120_000)
    assert steps.figures(page) == {"Deactivated": "10,009", "Skipped": "0", "Failed": "0"}
    after = store.statuses()
    changed = {code for code, status in after.items() if status != before[code][0]}
    assert len(changed) == 10_009
    assert {after[code] for code in changed} == {"EXPIRED"}
    assert left_out.codes[0] not in changed

    dialog.get_by_role("button", name="Undo").click()
    expect(steps.title(page)).to_have_text("10,009 codes activated", timeout=120_000)
    assert store.windows() == before, "statuses and planned ends are as they were"
    steps.close(page)
    expect(steps.status_cell(page, steps.rows(page)[0])).to_have_text("Active")
    assert page.evaluate("window.neverReloaded") is True
