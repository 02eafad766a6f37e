"""The same journey without a mouse: tab, space, the shortcuts, and the focus where a person expects it."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser import steps


def focused(page):
    return page.locator(":focus")


def test_the_main_journey_by_keyboard_alone(new_context, product, store):
    page = new_context(None).new_page()
    page.goto("/account/login/")
    page.get_by_label("Email").focus()
    page.keyboard.type(product.sign_in.email)
    page.keyboard.press("Tab")
    page.keyboard.type(product.sign_in.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sales Tracking")
    page.keyboard.press("Tab")
    expect(focused(page)).to_have_text("Skip to content")
    page.keyboard.press("Enter")
    expect(focused(page)).to_have_id("main")
    steps.tab_to(page, page.get_by_role("link", name=steps.SUMMER, exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(steps.SUMMER)

    before = store.statuses()
    chosen = steps.active_rows(page, 3, skip=4)
    for row in chosen:
        steps.press_until(page, "j", steps.box(page, row))
        page.keyboard.press("x")
        expect(steps.box(page, row)).to_be_checked()
    expect(page.locator("[data-count]")).to_have_text("3 selected")
    page.keyboard.press("m")
    expect(steps.title(page)).to_have_text("Manage Offer for members")
    expect(focused(page)).to_have_id("dialog-title")
    steps.tab_to(page, page.locator("#part-codes"))
    page.keyboard.press("Space")
    expect(page.locator("#part-codes")).to_be_checked()
    steps.tab_to(page, page.locator("#target-active"))
    page.keyboard.press("ArrowDown")
    expect(page.locator("#target-deactivated")).to_be_checked()
    expect(page.locator("#preview")).to_contain_text("3 codes will be deactivated.")
    expect(focused(page)).to_have_id("target-deactivated")
    page.keyboard.press("Control+Enter")
    expect(steps.title(page)).to_have_text("Deactivate 3 codes?")
    expect(focused(page)).to_have_id("dialog-title")
    page.keyboard.press("Control+Enter")
    expect(steps.title(page)).to_have_text("3 codes deactivated")
    expect(focused(page)).to_have_id("dialog-title")
    assert store.statuses() == before | {row.codes[0]: "EXPIRED" for row in chosen}
    page.keyboard.press("Escape")
    expect(page.locator("#dialog-content")).to_be_empty()
    expect(focused(page)).to_have_text("Manage Offer for members")
    steps.tab_to(page, page.locator("ow-toast").get_by_role("button", name="Undo"))
    page.keyboard.press("Enter")
    expect(page.locator("ow-toast", has_text="3 codes activated")).to_be_visible()
    assert store.statuses() == before
    page.keyboard.press("Escape")
    expect(page.locator("#members .cell-check input:checked")).to_have_count(0)


def test_shortcuts_go_places_range_and_can_be_switched_off(page):
    steps.open_offer(page, steps.SUMMER)
    shown = steps.rows(page)
    page.keyboard.press("/")
    expect(focused(page)).to_have_attribute("type", "search")
    page.keyboard.type("jx")
    expect(page.get_by_role("searchbox")).to_have_value("jx")
    page.get_by_role("searchbox").fill("")
    focused(page).blur()
    page.keyboard.press("j")
    expect(focused(page)).to_have_value(shown[0].id)
    page.keyboard.press("x")
    for _ in range(4):
        page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.locator("[data-count]")).to_have_text("5 selected")
    page.keyboard.press("k")
    expect(focused(page)).to_have_value(shown[3].id)
    page.keyboard.press("Escape")
    expect(page.locator("#members .cell-check input:checked")).to_have_count(0)

    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_visible()
    sheet.get_by_label("Use single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#members .cell-check input:checked")).to_have_count(0)
    page.get_by_role("button", name="Keyboard shortcuts").click()
    sheet.get_by_label("Use single-key shortcuts").check()
    page.keyboard.press("Escape")
    for keys, heading in (("ga", "Activity"), ("gm", "Members"), ("gs", "Sales Tracking")):
        for key in keys:
            page.keyboard.press(key)
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
