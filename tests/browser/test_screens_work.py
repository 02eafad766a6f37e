"""The other screens open and do their work once: an offer made, filled, its codes generated and imported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.looking import Look

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def look():
    looking = Look()
    yield looking
    assert looking.violations == []


def create_offer(page: Page, name: str) -> None:
    """Create a Promo Code offer of 10 percent in the demo's store."""
    page.goto("/reporting/sales-tracking/")
    page.get_by_role("link", name="Create offer").click()
    page.locator("#type-promo_code").check()
    page.get_by_label("Name", exact=False).first.fill(name)
    page.get_by_role("textbox", name="Discount", exact=True).fill("10")
    page.get_by_role("checkbox", name=re.compile("Glow Lab shop")).check()
    page.get_by_role("button", name="Create offer").click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def test_create_an_offer_add_members_generate_and_import_codes(page, store, look, tmp_path):
    create_offer(page, "Autumn Ten")
    look.at(page, "offer-without-members")
    page.locator(".page-head").get_by_role("link", name="Add members").click()
    boxes = page.locator("#members .cell-check input[name=ids]")
    for n in (0, 1, 2):
        boxes.nth(n).check()
    page.get_by_role("button", name="Add members").click()
    expect(page.get_by_role("heading", name="Add 3 members?")).to_be_visible()
    assert steps.figures(page, "#main") == {"Will join": "3", "Belong to it already": "0"}
    look.at(page, "add-members-preview")
    page.get_by_role("button", name="Add 3 members").click()
    expect(page.locator("ow-toast")).to_contain_text("3 members added to Autumn Ten.")

    expect(page.get_by_role("heading", level=1)).to_have_text("Generate codes")
    fields = page.get_by_role("textbox", name=re.compile("^Code of"))
    expect(fields).to_have_count(3)
    fields.nth(0).fill("AUTUMNFIRST")
    codes = [field.input_value() for field in fields.all()]
    look.at(page, "generate")
    before = store.statuses()
    assert not set(codes) & set(before)
    page.get_by_role("button", name="Generate codes").click()
    expect(page.locator("ow-toast")).to_contain_text("3 codes generated. They are being created in Glow Lab shop.")
    for row in steps.rows(page):
        expect(steps.status_cell(page, row)).to_have_text("Active")
    assert store.statuses() == before | dict.fromkeys(codes, "ACTIVE")

    page.goto("/members/?q=zoe")
    emails = [text for text in page.locator("#members tbody td.small bdi").all_text_contents() if "@" in text][:2]
    file = tmp_path / "codes.csv"
    file.write_text(f"E-mail;Code\n{emails[0]};AUTUMNZOE1\n{emails[1]};AUTUMNZOE2\nnobody@nowhere.example;AUTUMNZOE3\n")
    steps.open_offer(page, "Autumn Ten")
    page.get_by_role("link", name="Import codes").click()
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="What will happen")).to_be_visible()
    assert steps.figures(page, "#main") == {"New codes": "2", "Join the offer": "2", "Unchanged": "0", "Rejected": "1"}
    look.at(page, "import-preview")
    page.get_by_role("button", name="Import codes").click()
    expect(page.get_by_role("heading", name="2 codes imported")).to_be_visible()
    expect(page.locator(".reason-row")).to_contain_text("Line 4")
    look.at(page, "import-report")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download rejected rows").click()
    assert "nobody@nowhere.example" in download.value.path().read_text(encoding="utf-8-sig")
    page.get_by_role("link", name="Open Autumn Ten").click()
    for row in steps.rows(page):
        expect(steps.status_cell(page, row)).to_have_text("Active")
    assert store.statuses() == before | dict.fromkeys([*codes, "AUTUMNZOE1", "AUTUMNZOE2"], "ACTIVE")


def test_a_code_that_is_taken_is_refused_at_its_row(page, store, look, watch):
    watch.expect_status(422)
    create_offer(page, "Winter Ten")
    page.locator(".page-head").get_by_role("link", name="Add members").click()
    page.locator("#members .cell-check input[name=ids]").first.check()
    page.get_by_role("button", name="Add members").click()
    page.get_by_role("button", name="Add 1 member").click()
    before = store.statuses()
    page.get_by_role("textbox", name=re.compile("^Code of")).fill(next(iter(before)))
    page.get_by_role("button", name="Generate codes").click()
    expect(page.get_by_role("alert")).to_contain_text("1 code cannot be used. Nothing was generated")
    look.at(page, "generate-refused")
    assert store.statuses() == before


def test_members_are_found_as_one_types(page):
    page.goto("/members/")
    page.evaluate("window.neverReloaded = true")
    page.get_by_role("searchbox").press_sequentially("girard")
    expect(page).to_have_url(re.compile(r"q=girard"))
    names = page.locator("#members .cell-main .name")
    expect(names.first).to_contain_text("Girard")
    assert all("Girard" in name for name in names.all_text_contents())
    assert page.evaluate("window.neverReloaded") is True


def test_a_store_is_tested_switched_off_and_on(page, store):
    page.goto("/settings/stores/")
    page.get_by_role("link", name="Glow Lab shop").click()
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("ow-toast")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="Switch off").click()
    expect(page.locator("#main")).to_contain_text("This store is off.")
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("button", name="Switch off")).to_be_visible()


def test_a_second_sandbox_address_that_does_not_answer_is_refused(page, watch):
    watch.expect_status(422)
    page.goto("/settings/stores/connect/")
    page.locator("#kind-sandbox").check()
    page.get_by_label("Name", exact=False).first.fill("Another")
    page.get_by_label("Address").fill("http://127.0.0.1:9")
    page.get_by_label("Client ID").fill("id")
    page.get_by_label("Client secret").fill("secret")
    page.get_by_role("button", name="Connect store").click()
    expect(page.get_by_role("alert").first).to_contain_text("The store is not connected.")
    page.goto("/settings/stores/")
    assert page.locator("table.index tbody tr").count() == 1


def test_colours_are_switched_and_kept(page):
    page.goto("/reporting/sales-tracking/")
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
