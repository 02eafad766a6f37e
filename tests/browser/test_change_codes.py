"""The main job in a real browser: select, manage, confirm, watch the store follow, undo."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser import steps


def test_deactivate_six_members_codes_and_undo(page, store):
    before = store.statuses()
    steps.open_offer(page, steps.SUMMER)
    six = steps.active_rows(page, 6)
    codes = {row.codes[0] for row in six}
    steps.tick(page, six)
    expect(page.locator("[data-count]")).to_have_text("6 selected")
    page.evaluate("window.neverReloaded = true")

    dialog = steps.manage(page)
    expect(dialog).to_contain_text("Summer Glow 20% · 6 members selected")
    steps.choose(page, "Codes", "Deactivate")
    expect(page.locator("#preview")).to_contain_text("6 codes will be deactivated.")
    steps.to_confirm(page, "Deactivate 6 codes?")
    assert steps.figures(page) == {"Deactivated": "6", "Skipped, already deactivated": "0"}
    assert store.statuses() == before, "nothing may happen before Confirm"

    page.get_by_role("button", name="Confirm").click()
    expect(steps.title(page)).to_have_text("6 codes deactivated")
    assert steps.figures(page) == {"Deactivated": "6", "Skipped": "0", "Failed": "0"}
    assert store.statuses() == before | dict.fromkeys(codes, "EXPIRED")

    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    toast = page.locator("ow-toast", has_text="6 codes deactivated")
    expect(toast).to_be_visible()
    for row in six:
        expect(steps.status_cell(page, row)).to_contain_text("Code: Deactivated")
    expect(page.locator("[data-count]")).to_have_text("6 selected")

    toast.get_by_role("button", name="Undo").click()
    expect(page.locator("ow-toast", has_text="6 codes activated")).to_be_visible()
    assert store.statuses() == before
    for row in six:
        expect(steps.status_cell(page, row)).to_contain_text(re.compile("Code: Active"))
    assert page.evaluate("window.neverReloaded") is True, "the Status column must follow without a reload"
