"""From an invitation to the audit of it, by two people; everything they see looked at by axe."""

from __future__ import annotations

import re
from email import message_from_bytes, policy

import pytest
from playwright.sync_api import expect

from tests.browser.looking import Look

pytestmark = pytest.mark.slow
PASSWORD = "plain sailing over water"


def link_of_newest_letter(product, to):
    for path in sorted((product.data / "mail").glob("*.eml"), reverse=True):
        letter = message_from_bytes(path.read_bytes(), policy=policy.default)
        if letter["To"] == to:
            return re.search(r"/join/\S+/", letter.get_body(("plain",)).get_content())[0]
    raise AssertionError(f"no letter to {to}")


def test_invite_join_change_remove_and_read_about_it(page, new_context, product, watch):
    watch.expect_status(401, 403, 404, 422)
    look = Look()
    page.goto("/settings/team/")
    look.at(page, "team")
    page.locator("#permissions summary").click()
    expect(page.get_by_role("row", name="Invite people, change roles, remove people")).to_be_visible()
    look.at(page, "team-permissions")
    page.get_by_role("link", name="Invite").click()
    page.get_by_label("E-mail").fill("not an address")
    page.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_text("“not an address” is not an e-mail.")).to_be_visible()
    look.at(page, "team-invite-refused")
    page.get_by_label("E-mail").fill("bea@glowlab.example")
    page.get_by_role("radio", name="Analyst").check()
    page.get_by_role("button", name="Send invitation").click()
    expect(page.locator("ow-toast", has_text="Invitation sent to bea@glowlab.example")).to_be_visible()
    look.at(page, "team-invited")

    bea = new_context(None, java_script_enabled=False).new_page()  # no script is needed to join
    bea.goto(link_of_newest_letter(product, "bea@glowlab.example"))
    bea.get_by_label("Your name").fill("Bea Moreau")
    bea.get_by_label("Password").fill(PASSWORD)
    bea.get_by_role("button", name="Join").click()
    expect(bea.get_by_role("heading", name="Sales Tracking")).to_be_visible()
    bea.goto("/settings/team/")
    expect(bea.get_by_role("link", name="Invite")).to_have_count(0)
    bea.goto("/settings/audit/")
    expect(bea.get_by_role("heading", name="Your role does not allow this")).to_be_visible()

    page.goto("/settings/team/")
    page.get_by_role("link", name="Change Bea Moreau").click()
    look.at(page, "team-person")
    page.get_by_role("radio", name="Manager").check()
    page.get_by_role("button", name="Save role").click()
    expect(page.locator("ow-toast", has_text="Bea Moreau is Manager now.")).to_be_visible()
    bea.goto("/settings/audit/")
    expect(bea.get_by_role("heading", name="Audit")).to_be_visible()

    page.get_by_role("link", name="Change Bea Moreau").click()
    page.get_by_role("link", name="Remove…").click()
    look.at(page, "team-remove")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("ow-toast", has_text="Bea Moreau is not in the team any more")).to_be_visible()
    bea.goto("/settings/audit/")
    expect(bea).to_have_url(re.compile("/account/login/"))

    page.goto("/settings/audit/")
    expect(page.get_by_role("cell", name="Ana Lopez removed bea@glowlab.example, who was manager")).to_be_visible()
    look.at(page, "audit")
    page.get_by_label("Kind").select_option("team_role_changed")
    row = page.locator("#events tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("made bea@glowlab.example manager, before analyst")
    expect(page).to_have_url(re.compile("kind=team_role_changed"))
    row.get_by_text("Facts").click()
    expect(row.get_by_text("before", exact=True)).to_be_visible()
    look.at(page, "audit-facts")
    page.goto("/account/sessions/")
    look.at(page, "sessions")
    assert look.violations == []


def test_the_link_of_a_letter_by_everybody_it_may_meet(page, new_context, product, watch):
    watch.expect_status(404)
    look = Look()
    page.goto("/settings/team/invite/")
    page.get_by_label("E-mail").fill("nina@glowlab.example")
    page.get_by_role("button", name="Send invitation").click()
    link = link_of_newest_letter(product, "nina@glowlab.example")
    page.goto(link)
    expect(page.get_by_text("You are signed in as ana@glowlab.example.")).to_be_visible()
    look.at(page, "join-as-another")
    stranger = new_context(None).new_page()
    stranger.goto(link)
    look.at(stranger, "join")
    page.goto("/settings/team/")
    page.get_by_role("button", name="Take back the invitation of nina@glowlab.example").click()
    stranger.reload()
    expect(stranger.get_by_text("This invitation was taken back.")).to_be_visible()
    look.at(stranger, "join-gone")
    assert look.violations == []
