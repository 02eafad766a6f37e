"""The main job in a real browser: select, manage, confirm, watch the store follow, undo."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser import steps

# The answer to the first choice, which names no target yet, takes longer.
_SLOW = """() => {
  const ask = window.fetch;
  window.fetch = async (what, how) => {
    const late = !String(what.url ?? what).includes("target=");
    if (late) await new Promise((go) => setTimeout(go, 1500));
    return ask(what, how);
  };
}"""


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

    with store.slow(2.5):
        page.get_by_role("button", name="Confirm").click()
        expect(steps.title(page)).to_have_text("Deactivating codes…")
        expect(page.locator("#dialog-content")).to_contain_text("You can close this.")
        expect(steps.title(page)).to_have_text("6 codes deactivated")
    assert steps.figures(page) == {"Deactivated": "6", "Skipped": "0", "Failed": "0"}
    assert store.statuses() == before | dict.fromkeys(codes, "EXPIRED")

    steps.close(page)
    toast = page.locator("ow-toast", has_text="6 codes deactivated")
    expect(toast).to_be_visible()
    for row in six:
        expect(steps.status_cell(page, row)).to_contain_text("Code: Deactivated")
    expect(page.locator("[data-count]")).to_have_text("6 selected")

    toast.get_by_role("button", name="Undo").click()
    expect(page.locator("ow-toast", has_text="6 codes activated")).to_be_visible()
    assert store.statuses() == before
    for row in six:
        expect(steps.status_cell(page, row)).to_contain_text("Code: Active")
    assert page.evaluate("window.neverReloaded") is True, "the Status column must follow without a reload"


def test_codes_already_so_are_skipped_and_nothing_to_change_cannot_be_confirmed(page, store):
    before = store.statuses()
    steps.open_offer(page, steps.SUMMER)
    chosen = steps.active_rows(page, 3, skip=6)
    steps.tick(page, chosen)
    steps.manage(page)
    steps.choose(page, "Codes", "Activate")
    expect(page.locator("#preview")).to_contain_text("Nothing to change: every selected code is already active.")
    expect(page.get_by_role("button", name="Update Offer")).to_be_disabled()
    expect(page.get_by_role("dialog").locator(".diff")).to_have_count(3)
    expect(page.get_by_role("dialog").get_by_text("No change", exact=True)).to_have_count(3)
    page.keyboard.press("Escape")
    expect(page.locator("#dialog-content")).to_be_empty()
    expect(page.locator("[data-count]")).to_have_text("3 selected")
    assert store.statuses() == before


def test_deactivate_links_and_undo_in_the_dialog(page, store):
    before = store.statuses()
    writes = store.writes()
    steps.open_offer(page, steps.HOLIDAY)
    three = steps.rows(page)[:3]
    assert [row.badges for row in three] == [("Active",)] * 3
    steps.tick(page, three)
    dialog = steps.manage(page)
    expect(dialog.get_by_text("This offer has no codes").first).to_be_visible()
    expect(dialog.locator("#part-codes")).to_be_disabled()
    expect(dialog.locator("#part-links")).to_be_checked()
    steps.choose(page, "Links", "Deactivate")
    steps.to_confirm(page, "Deactivate 3 links?")
    expect(dialog).to_contain_text("until you activate them again.")
    page.get_by_role("button", name="Confirm").click()
    expect(steps.title(page)).to_have_text("3 links deactivated")
    dialog.get_by_role("button", name="Undo").click()
    expect(steps.title(page)).to_have_text("3 links activated")
    steps.close(page)
    for row in three:
        expect(steps.status_cell(page, row)).to_have_text("Active")
    assert store.statuses() == before
    assert store.writes() == writes, "links are not in the store"


def test_a_double_click_on_confirm_is_one_change(page, store):
    steps.open_offer(page, steps.SUMMER)
    (one,) = steps.active_rows(page, 1, skip=10)
    steps.tick(page, [one])
    newest = steps.newest_change(page)
    steps.open_offer(page, steps.SUMMER)
    steps.manage(page)
    steps.choose(page, "Codes", "Deactivate")
    steps.to_confirm(page, "Deactivate 1 code?")
    page.get_by_role("button", name="Confirm").dblclick()
    expect(steps.title(page)).to_have_text("1 code deactivated")
    assert store.statuses()[one.codes[0]] == "EXPIRED"
    assert steps.newest_change(page) == newest + 1
    page.get_by_role("link", name="1 code deactivated").first.click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1 code activated")
    assert store.statuses()[one.codes[0]] == "ACTIVE"


def test_the_change_of_another_person_appears_by_itself(page, new_context, store):
    steps.open_offer(page, steps.SUMMER)
    (one,) = steps.active_rows(page, 1, skip=12)
    page.evaluate("window.neverReloaded = true")
    other = new_context().new_page()
    steps.open_offer(other, steps.SUMMER)
    steps.tick(other, [one])
    steps.manage(other)
    steps.choose(other, "Codes", "Deactivate")
    steps.to_confirm(other, "Deactivate 1 code?")
    other.get_by_role("button", name="Confirm").click()
    expect(steps.title(other)).to_have_text("1 code deactivated")
    expect(steps.status_cell(page, one)).to_contain_text("Code: Deactivated")
    assert page.evaluate("window.neverReloaded") is True
    expect(page.locator("[data-count]")).not_to_be_visible()
    other.get_by_role("dialog").get_by_role("button", name="Undo").click()
    expect(steps.title(other)).to_have_text("1 code activated")
    expect(steps.status_cell(page, one)).to_contain_text("Code: Active")
    assert store.statuses()[one.codes[0]] == "ACTIVE"


def test_a_slow_preview_takes_no_choice_back(page):
    """Whoever is quicker than the server: the answer to the first choice must not undo the second."""
    steps.open_offer(page, steps.SUMMER)
    steps.tick(page, steps.active_rows(page, 2))
    steps.manage(page)

    page.evaluate(_SLOW)
    for chosen in ("Activate/Deactivate Codes", "Deactivate"):
        page.locator("label.option", has=page.get_by_text(chosen, exact=True)).click()
    expect(page.locator("#preview")).to_contain_text("2 codes will be deactivated.")
    page.wait_for_timeout(2_000)
    expect(page.locator("#target-deactivated")).to_be_checked()
