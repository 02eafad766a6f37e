"""Manage Offers from a project as the reference page says it, step by step; and moving members on the board."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.looking import Look

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PROJECT = "Autumn Creator Push"
STAGE = "Code and link"
_READ = """rows => rows.map(row => ({
  id: row.querySelector('.cell-check input').value,
  pairs: [...row.querySelectorAll('.pair')].map(one => [
    one.querySelector('.mono').textContent.trim(), one.querySelector('.badge').textContent.replace(/\\s+/g, ' ').trim(),
  ]),
}))"""


@pytest.fixture
def look():
    looking = Look()
    yield looking
    assert looking.violations == []


def open_stage(page: Page) -> None:
    """Projects, then the project, then the stage."""
    page.goto("/projects/")
    page.get_by_role("link", name=PROJECT, exact=True).click()
    page.get_by_role("link", name=STAGE, exact=True).click()
    expect(page.get_by_role("heading", level=2, name=STAGE)).to_be_visible()


def box(page: Page, pk: str) -> Locator:
    """The box of a member in the list."""
    return page.locator(f'#members .cell-check input[value="{pk}"]')


def chosen_three(page: Page) -> tuple[list[tuple[str, str]], str]:
    """Two members with one active code of the summer offer, as (id, code), and one who is not in it."""
    rows = page.locator("#members tbody tr").evaluate_all(_READ)
    inside = []
    for row in rows:
        summer = [(text, status) for text, status in row["pairs"] if text.startswith("GLOW")]
        if len(summer) == 1 and summer[0][1] == "Active":
            inside.append((row["id"], summer[0][0]))
    outside = [row["id"] for row in rows if not any(text.startswith("GLOW") for text, _ in row["pairs"])]
    return inside[:2], outside[0]


def manage_offers(page: Page) -> Locator:
    """The three dots, then Manage Offers. Gives the dialog."""
    page.get_by_role("button", name=re.compile("^More actions for the selected")).click()
    page.get_by_role("button", name="Manage Offers", exact=True).click()
    expect(steps.title(page)).to_have_text("Manage Offers")
    return page.get_by_role("dialog")


def test_deactivate_within_a_project_and_undo(page, store, look):
    before = store.statuses()
    open_stage(page)
    inside, outside = chosen_three(page)
    for pk in (*(pk for pk, _ in inside), outside):
        box(page, pk).check()
    expect(page.locator("[data-count]")).to_have_text("3 selected")
    page.evaluate("window.neverReloaded = true")
    look.at(page, "project-stage-selected")

    dialog = manage_offers(page)
    expect(dialog).to_contain_text(f"{PROJECT} · 3 members selected")
    offers = dialog.locator(".choice")
    expect(offers).to_have_count(2)
    expect(offers.nth(0)).to_contain_text("Founders Club")
    expect(offers.nth(0)).to_contain_text("3 of 3 belong")
    expect(offers.nth(1)).to_contain_text("2 of 3 belong · others excluded")
    expect(dialog).not_to_contain_text(steps.HOLIDAY)
    look.at(page, "project-choose-offer")
    offers.nth(1).click()

    expect(dialog).to_contain_text(f"{steps.SUMMER} · 3 members selected")
    dialog.get_by_role("link", name="Back to offers").click()
    expect(steps.title(page)).to_have_text("Manage Offers")
    dialog.locator(".choice").nth(1).click()
    steps.choose(page, "Codes", "Deactivate")
    expect(page.locator("#preview")).to_contain_text("2 codes will be deactivated.")
    expect(page.locator("#preview")).to_contain_text("1 member is not in this offer, excluded.")
    page.get_by_text("Not in this offer", exact=True).click()
    expect(page.locator("#outside .reason-row")).to_have_count(1)
    look.at(page, "project-manage-offer")
    steps.to_confirm(page, "Deactivate 2 codes?")
    assert store.statuses() == before, "nothing may happen before Confirm"
    page.get_by_role("button", name="Confirm").click()
    expect(steps.title(page)).to_have_text("2 codes deactivated")
    steps.close(page)

    assert page.evaluate("window.neverReloaded") is True, "the statuses must follow without a reload"
    assert store.statuses() == before | dict.fromkeys((code for _, code in inside), "EXPIRED")
    for pk, code in inside:
        row = page.locator("#members tbody tr", has=page.locator(f'input[value="{pk}"]'))
        expect(row.locator(".pair", has_text=code)).to_contain_text("Deactivated")
    expect(page.locator("[data-count]")).to_have_text("3 selected")
    page.locator("ow-toast", has_text="2 codes deactivated").get_by_role("button", name="Undo").click()
    expect(page.locator("ow-toast", has_text="2 codes activated")).to_be_visible()
    assert store.statuses() == before


def test_the_board_moves_one_column_at_a_time_and_a_sales_tracking_stage_offers_generate(page, store, look):
    before = store.statuses()
    page.goto("/projects/1/")
    look.at(page, "project-board")
    columns = page.locator(".board-column")
    columns.nth(0).locator("input[type=checkbox]").first.check()
    columns.nth(1).locator("input[type=checkbox]").first.check()
    expect(columns.nth(0).locator("input[type=checkbox]").first).not_to_be_checked()
    bars = page.locator(".bulk-bar:visible")
    expect(bars).to_have_count(1)
    expect(bars).to_contain_text("1 selected")
    expect(bars).to_contain_text("in Onboarding")
    name = columns.nth(1).locator(".board-card .name").first.text_content()
    look.at(page, "project-board-selected")

    bars.get_by_role("button", name="Move to Stage").click()
    expect(steps.title(page)).to_have_text("Move to Stage")
    page.locator("label.option", has=page.get_by_text(STAGE, exact=True)).click()
    look.at(page, "project-move")
    page.get_by_role("button", name="Move 1 member").click()
    expect(steps.title(page)).to_have_text(f"1 member now in {STAGE}")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 member joins the offer · 1 code, 1 link to make")
    expect(columns.nth(1).locator(".board-head .num")).to_have_text("10")
    assert store.statuses() == before, "nothing may be made without a press"
    look.at(page, "project-generate")
    dialog.get_by_role("button", name="Generate").click()
    expect(steps.title(page)).to_have_text("1 code and 1 link generated")
    look.at(page, "project-generated")
    steps.until(lambda: len(store.statuses()) == len(before) + 1, "the code is created in the store")
    dialog.get_by_role("link", name="Close").click()
    expect(dialog).to_be_hidden()
    page.goto("/projects/1/stages/3/")
    page.get_by_label("Search name, handle or e-mail").fill(name)
    page.keyboard.press("Enter")
    expect(page.locator("#members tbody tr").first).to_contain_text(name)


def test_from_a_profile_one_member(page, store, look):
    before = store.statuses()
    open_stage(page)
    inside, _outside = chosen_three(page)
    pk, code = inside[1]
    page.locator("#members tbody tr", has=page.locator(f'input[value="{pk}"]')).locator("a.name").click()
    page.get_by_role("heading", level=2, name="Member Details").wait_for()
    page.evaluate("window.neverReloaded = true")
    page.get_by_role("link", name="Manage Offers", exact=True).click()
    expect(steps.title(page)).to_have_text("Manage Offers")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 member selected")
    look.at(page, "profile-choose-offer")
    dialog.locator(".choice", has_text=steps.SUMMER).click()
    steps.choose(page, "Codes", "Deactivate")
    expect(page.locator("#current-status")).to_have_attribute("open", "")
    expect(dialog).to_contain_text(code)
    steps.to_confirm(page, "Deactivate 1 code?")
    page.get_by_role("button", name="Confirm").click()
    expect(steps.title(page)).to_have_text("1 code deactivated")
    assert store.statuses() == before | {code: "EXPIRED"}
    dialog.get_by_role("button", name="Undo").click()
    expect(steps.title(page)).to_have_text("1 code activated")
    steps.close(page)
    assert page.evaluate("window.neverReloaded") is True
    assert store.statuses() == before


def test_from_a_profile_without_javascript(new_context):
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/members/1/manage-offers/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Manage Offers")
    page.locator(".choice", has_text="Founders Club").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Manage Offer for members")
    expect(page.locator("#current-status")).to_have_attribute("open", "")
    page.get_by_role("link", name="Back to offers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Manage Offers")


def test_the_other_screens_of_projects(page, look):
    for name, address in (
        ("projects", "/projects/"), ("project-new", "/projects/new/"), ("project-workflow", "/projects/1/workflow/"),
        ("project-offers", "/projects/1/offers/"), ("project-delete-stage", "/projects/1/workflow/3/delete/"),
    ):  # fmt: skip
        page.goto(address)
        look.at(page, name)
