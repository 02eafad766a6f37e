"""The same product with scripts switched off: plain pages, and nothing on them that does nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import steps

# A control that a person sees and that does nothing without a script.
_DEAD = """() => [...document.querySelectorAll('button, a, input, select, summary')].filter(one => {
  if (!one.checkVisibility({visibilityProperty: true}) || one.disabled) return false;
  if (one.matches('a')) return !one.getAttribute('href') || one.getAttribute('href') === '#';
  if (one.matches('button')) return !(one.hasAttribute('popovertarget') || (one.type === 'submit' && one.form));
  if (one.matches('input, select')) return !one.form;
  return false;
}).map(one => one.outerHTML.slice(0, 160))"""
SCREENS = (
    "/reporting/sales-tracking/",
    "/reporting/sales-tracking/new/",
    "/reporting/sales-tracking/2/",
    "/reporting/sales-tracking/2/edit/",
    "/reporting/sales-tracking/2/add-members/",
    "/reporting/sales-tracking/2/generate/",
    "/reporting/sales-tracking/2/payouts/",
    "/reporting/sales-tracking/2/payouts/3/",
    "/reporting/activity/",
    "/reporting/activity/1/",
    "/reporting/activity/scheduled/",
    "/members/",
    "/members/1/",
    "/members/1/edit/",
    "/members/groups/",
    "/members/groups/1/",
    "/members/groups/1/delete/",
    "/members/views/",
    "/members/views/save/?country=FR",
    "/members/1/manage-offers/",
    "/projects/",
    "/projects/new/",
    "/projects/1/",
    "/projects/1/stages/3/",
    "/projects/1/stages/3/generate/",
    "/projects/1/workflow/",
    "/projects/1/workflow/3/delete/",
    "/projects/1/offers/",
    "/projects/1/add-members/",
    "/projects/1/edit/",
    "/import/members/",
    "/import/codes/2/",
    "/settings/stores/",
    "/settings/stores/1/",
    "/settings/stores/connect/",
    "/settings/stores/1/credentials/",
    "/settings/team/",
    "/settings/team/invite/",
    "/settings/team/1/",
    "/settings/team/1/remove/",
    "/settings/audit/",
    "/workspaces/",
    "/account/password/change/",
    "/account/sessions/",
)
SIGNED_OUT = ("/account/login/", "/account/login/code/", "/account/password/reset/")


@pytest.fixture
def plain(new_context):
    """A page without JavaScript, of nobody yet."""
    return new_context(None, java_script_enabled=False).new_page()


def test_the_main_journey_and_undo_from_activity(plain, product, store):
    page = plain
    page.goto("/reporting/sales-tracking/")
    steps.sign_in(page, product.sign_in)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sales Tracking")
    steps.open_offer(page, steps.SUMMER)
    before = store.statuses()
    chosen = steps.active_rows(page, 3, skip=8)
    steps.tick(page, chosen)
    page.get_by_role("button", name="Manage Offer for members", exact=True).click()
    expect(page.locator("#dialog-title")).to_have_text("Manage Offer for members")
    expect(page.locator("#main")).to_contain_text("3 members selected")
    page.get_by_label("Activate/Deactivate Codes").check()
    page.get_by_label("Deactivate", exact=False).last.check()
    page.get_by_role("button", name="Show what will change").click()
    expect(page.locator("#preview")).to_contain_text("3 codes will be deactivated.")
    page.get_by_role("button", name="Update Offer").click()
    expect(page.locator("#dialog-title")).to_have_text("Deactivate 3 codes?")
    assert steps.figures(page, "#main") == {"Deactivated": "3", "Skipped, already deactivated": "0"}
    assert store.statuses() == before
    page.get_by_role("button", name="Confirm").click()
    _look_until(page, "3 codes deactivated")
    assert store.statuses() == before | {row.codes[0]: "EXPIRED" for row in chosen}
    assert sorted(page.locator("#main tbody .mono").all_text_contents()) == sorted(row.codes[0] for row in chosen)

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Activity").click()
    page.get_by_role("link", name="3 codes deactivated").first.click()
    page.get_by_role("button", name="Undo").click()
    _look_until(page, "3 codes activated")
    assert store.statuses() == before


def test_update_offer_without_a_choice_is_refused_in_words(plain, product, store, watch):
    watch.expect_status(422)
    page = plain
    page.goto("/reporting/sales-tracking/")
    steps.sign_in(page, product.sign_in)
    before = store.statuses()
    steps.open_offer(page, steps.SUMMER)
    page.get_by_role("button", name="Manage Offer for members", exact=True).click()
    expect(page.locator("#selection-refusal")).not_to_be_empty()
    steps.tick(page, steps.active_rows(page, 1, skip=12))
    page.get_by_role("button", name="Manage Offer for members", exact=True).click()
    page.get_by_role("button", name="Update Offer").click()
    expect(page.get_by_role("alert")).to_have_text("Choose what to change: codes or links.")
    page.get_by_label("Activate/Deactivate Codes").check()
    page.get_by_role("button", name="Update Offer").click()
    expect(page.get_by_role("alert")).to_have_text("Choose Activate or Deactivate.")
    assert store.statuses() == before


def test_no_control_is_dead(new_context):
    signed_in, stranger = new_context(java_script_enabled=False), new_context(None, java_script_enabled=False)
    dead = _dead_controls(signed_in.new_page(), SCREENS) | _dead_controls(stranger.new_page(), SIGNED_OUT)
    assert dead == {}


def _dead_controls(page, addresses):
    found = {}
    for address in addresses:
        answer = page.goto(address)
        assert answer.status == 200, address
        # Playwright's own evaluate still runs where the page's scripts do not.
        if dead := page.evaluate(_DEAD):
            found[address] = dead
    return found


def _look_until(page, heading):
    """What a person does without scripts: look again until it is done."""
    for _ in range(60):
        if page.get_by_role("heading", level=1).text_content() == heading:
            return
        page.wait_for_timeout(500)
        page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
