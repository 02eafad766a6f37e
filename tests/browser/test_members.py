"""The Members tab and a profile in a real browser: find, select, group, save a view; read and edit a member; axe."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.looking import Look


def search(page, text):
    page.get_by_label("Search members").fill(text)
    expect(page.locator(".pager")).to_contain_text("of")
    expect(page).to_have_url(re.compile(rf"q={text}"))


def more(page, label):
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name=label, exact=True).click()


def test_all_that_match_into_a_new_group_and_out_again(page, watch):
    watch.expect_status(422)
    page.goto("/members/")
    search(page, "nora")
    count = int(page.locator("#members .pill").first.text_content())
    page.get_by_label("Select all members on this page").check()
    page.get_by_role("button", name=f"Select all {count} members that match").click()
    expect(page.locator("[data-count]")).to_have_text(f"{count} selected")
    page.locator("#members tbody .cell-check input").first.uncheck()
    more(page, "Add to group")
    expect(steps.title(page)).to_have_text("Add to group")
    expect(page.get_by_role("dialog")).to_contain_text(f"{count - 1} members selected")
    group = page.get_by_role("dialog").get_by_label("Group", exact=True)
    group.fill("a,b")
    page.get_by_role("dialog").get_by_role("button", name="Add to group").click()
    expect(page.get_by_role("dialog")).to_contain_text("can’t hold a comma")
    group.fill("All Noras")
    page.get_by_role("dialog").get_by_role("button", name="Add to group").click()
    expect(page.locator("#toasts")).to_contain_text(f"{count - 1} members added to All Noras.")
    expect(page).to_have_url(re.compile(r"/members/\?q=nora"))
    page.get_by_role("button", name="Clear", exact=True).click()
    page.get_by_label("Group", exact=True).select_option("All Noras")
    expect(page.locator("#members .pill").first).to_have_text(str(count - 1))
    page.get_by_role("link", name="Save view").click()
    page.get_by_label("Name", exact=True).fill("Our Noras")
    page.get_by_role("dialog").get_by_role("button", name="Save view").click()
    expect(page.get_by_role("link", name="Our Noras")).to_have_attribute("aria-current", "page")
    page.goto("/members/groups/")
    page.get_by_role("link", name="Delete All Noras").click()
    expect(page.locator("main")).to_contain_text("Saved views go with it: Our Noras")
    page.get_by_role("button", name="Delete group").click()
    expect(page.locator("main")).not_to_contain_text("All Noras")


def test_ids_survive_paging_and_search_and_a_filter_clears_all(page):
    page.goto("/members/")
    page.locator("#members tbody .cell-check input").first.check()
    page.get_by_role("link", name="Next").click()
    expect(page.locator("[data-count]")).to_have_text("1 selected · 1 on other pages")
    page.get_by_label("Select all members on this page").check()
    page.locator("[data-select-all]").click()
    expect(page.locator("[data-strip-text]")).to_have_text("All 10,300 members are selected.")
    page.goto("/members/?country=FR")
    expect(page.locator("#announcer")).to_have_text("Selection cleared: the filters changed.")
    assert page.locator("#members tbody .cell-check input:checked").count() == 0


def test_the_selected_go_to_a_message_and_to_a_project(page):
    page.goto("/members/")
    for place in range(3):
        page.locator("#members tbody .cell-check input").nth(place).check()
    page.get_by_role("button", name="Compose message").click()
    expect(page.get_by_role("button", name="Send to 3 members")).to_be_visible()
    page.goto("/members/")
    more(page, "Add to project")
    expect(page.get_by_role("heading", name="Add 3 members to a project")).to_be_visible()
    assert page.locator("nav.sidebar").count() == 1  # a page of its own, not inside the dialog


def test_from_the_search_to_the_profile_and_an_edit(page, watch):
    watch.expect_status(422)
    page.goto("/members/")
    search(page, "aanya")
    page.locator("#members tbody .cell-main a").first.click()
    expect(page.get_by_role("heading", level=2, name="Member Details")).to_be_visible()
    expect(page.get_by_role("heading", name="Sales Tracking")).to_be_visible()
    profile = page.url
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("E-mail").fill("not an address")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("is not an e-mail address.")
    page.get_by_label("E-mail").fill("someone.new@example.com")
    page.get_by_label("First name").fill("👩🏽‍🎤 نورا")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(profile)
    expect(page.locator(".happened")).to_contain_text("First name and e-mail edited by Ana Lopez")
    expect(page.get_by_role("heading", level=1)).to_contain_text("👩🏽‍🎤 نورا")


def test_nothing_is_needed_but_pages(new_context):
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/members/?q=nora")
    page.locator("#members tbody .cell-check input").nth(1).check()
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Add tag", exact=True).click()
    page.get_by_label("Tag", exact=True).fill("By hand")
    page.get_by_role("button", name="Add tag", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("1 member tagged By hand.")
    page.goto("/members/?tag=by+hand")
    expect(page.locator("#members tbody tr")).to_have_count(1)


@pytest.mark.slow
def test_axe_finds_nothing(page):
    look = Look()
    page.goto("/members/")
    look.at(page, "members")
    page.locator("#members tbody .cell-check input").first.check()
    look.at(page, "members-selected")
    more(page, "Remove from group")
    expect(steps.title(page)).to_have_text("Remove from group")
    look.at(page, "members-ungroup")
    page.keyboard.press("Escape")
    for name, address in (
        ("members-none", "/members/?q=nothing+like+this"), ("profile", "/members/1/"), ("member-edit", "/members/1/edit/"),
        ("groups", "/members/groups/"), ("group", "/members/groups/1/"), ("group-delete", "/members/groups/1/delete/"),
        ("views", "/members/views/"), ("view-save", "/members/views/save/?country=FR"),
    ):  # fmt: skip
        page.goto(address)
        look.at(page, name)
    assert look.violations == []
