"""What a person sees when a store, the network, the session or another person gets in between."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.product import ANALYST


def test_a_code_the_store_refuses_has_its_reason_and_can_be_retried(page, store, watch):
    # The store tells of the deleted discount by a webhook: when that is heard first, nothing is left to retry.
    watch.expect_status(409)
    steps.open_offer(page, steps.SUMMER)
    bad, good = steps.active_rows(page, 2, skip=16)
    before = store.statuses()
    store.arm(kind="outside_edit", code=bad.codes[0], action="add_code", to=f"{bad.codes[0]}EXTRA")
    steps.deactivate(page, [bad, good])
    expect(steps.title(page)).to_have_text("1 code deactivated")
    assert steps.figures(page) == {"Deactivated": "1", "Skipped": "0", "Failed": "1"}
    expect(page.locator("#dialog-content")).to_contain_text("Let 1 member know.")
    failed = page.locator("#dialog-content .reason-row")
    expect(failed).to_have_count(1)
    expect(failed).to_contain_text(bad.name)
    expect(failed).to_contain_text(bad.codes[0])
    assert store.statuses() == before | {good.codes[0]: "EXPIRED", f"{bad.codes[0]}EXTRA": "ACTIVE"}
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV", exact=True).click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert f",{bad.codes[0]}," in text
    assert f",{good.codes[0]}," not in text

    _retry(page)
    expect(page.locator('#dialog-content [data-step^="done-"]')).to_be_visible()
    expect(failed).to_contain_text(bad.codes[0])

    store.arm(kind="outside_edit", code=bad.codes[0], action="delete")
    _retry(page)
    expect(steps.title(page)).to_have_text("2 codes deactivated")
    assert steps.figures(page)["Failed"] == "0"
    page.get_by_role("dialog").get_by_role("button", name="Undo").click()
    expect(steps.title(page)).to_have_text("2 codes activated")
    assert store.statuses() == before


def test_a_plan_that_is_out_of_date_shows_what_differs(page, new_context, store, watch):
    watch.expect_status(409)
    steps.open_offer(page, steps.SUMMER)
    two = steps.active_rows(page, 2, skip=18)
    steps.tick(page, two)
    steps.manage(page)
    steps.choose(page, "Codes", "Deactivate")
    steps.to_confirm(page, "Deactivate 2 codes?")

    other = new_context().new_page()
    steps.open_offer(other, steps.SUMMER)
    steps.deactivate(other, two[:1])
    between = store.statuses()
    page.get_by_role("button", name="Confirm").click()
    expect(steps.title(page)).to_have_text("Deactivate 1 code?")
    note = page.locator("#dialog-content .note.warn")
    expect(note).to_have_text(
        re.compile(
            r"Nothing was changed yet\. 1 code will be deactivated instead of 2; "
            r"1 was changed by Ana Lopez at \d\d:\d\d\. Look at the new numbers, then confirm again\."
        )
    )
    assert store.statuses() == between
    page.get_by_role("button", name="Confirm").click()
    expect(steps.title(page)).to_have_text("1 code deactivated")
    assert steps.figures(page) == {"Deactivated": "1", "Skipped": "1", "Failed": "0"}
    assert {store.statuses()[row.codes[0]] for row in two} == {"EXPIRED"}
    for one in (page, other):
        one.get_by_role("dialog").get_by_role("button", name="Undo").click()
        expect(steps.title(one)).to_have_text("1 code activated")
    assert {store.statuses()[row.codes[0]] for row in two} == {"ACTIVE"}


def test_a_session_that_ends_in_mid_dialog_goes_to_sign_in_and_back(page, product, store, watch):
    watch.expect_status(401)
    before = store.statuses()
    steps.open_offer(page, steps.SUMMER)
    here = page.url
    steps.tick(page, steps.active_rows(page, 2, skip=20))
    steps.manage(page)
    steps.choose(page, "Codes", "Deactivate")
    page.context.clear_cookies(name="offerwell")
    page.get_by_role("button", name="Update Offer").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    steps.sign_in(page, product.sign_in)
    page.wait_for_url(here)
    expect(page.get_by_role("heading", level=1, name=steps.SUMMER)).to_be_visible()
    assert store.statuses() == before


def test_without_a_connection_nothing_is_lost(page, store, watch):
    watch.expect_text("net::ERR_INTERNET_DISCONNECTED")
    watch.expect_text("htmx:error: Failed to fetch")
    steps.open_offer(page, steps.SUMMER)
    before = store.statuses()
    two = steps.active_rows(page, 2, skip=22)
    steps.tick(page, two)
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_have_text("You’re offline. Changes are safe; we’ll refresh when you’re back.")
    page.get_by_role("button", name="Manage Offer for members", exact=True).click()
    expect(page.locator("ow-toast")).to_contain_text(
        "No connection. Nothing was sent; try again when you’re back online."
    )
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    dialog = steps.manage(page)
    expect(dialog).to_contain_text("2 members selected")
    assert store.statuses() == before


def test_a_store_that_is_away_leaves_the_codes_updating_until_it_is_back(page, store):
    steps.open_offer(page, steps.SUMMER)
    (one,) = steps.active_rows(page, 1, skip=24)
    store.arm(kind="error_before_effect", status=503)
    steps.tick(page, [one])
    steps.manage(page)
    steps.choose(page, "Codes", "Deactivate")
    steps.to_confirm(page, "Deactivate 1 code?")
    page.get_by_role("button", name="Confirm").click()
    expect(steps.title(page)).to_have_text("Deactivating codes…")
    page.get_by_role("link", name="Close and keep running").click()
    expect(page.locator("ow-toast", has_text="Deactivating codes…")).to_be_visible()
    expect(steps.status_cell(page, one)).to_contain_text("Updating")
    assert store.statuses()[one.codes[0]] == "ACTIVE"
    store.heal()
    toast = page.locator("ow-toast", has_text="1 code deactivated")
    expect(toast).to_be_visible(timeout=90_000)
    assert store.statuses()[one.codes[0]] == "EXPIRED"
    expect(steps.status_cell(page, one)).to_contain_text("Code: Deactivated")
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator("ow-toast", has_text="1 code activated")).to_be_visible()
    assert store.statuses()[one.codes[0]] == "ACTIVE"


def test_who_may_only_look_has_no_controls_and_is_refused_in_plain_words(new_context, store, watch):
    watch.expect_status(403)
    before = store.statuses()
    page = new_context(ANALYST).new_page()
    steps.open_offer(page, steps.SUMMER)
    assert page.locator("#members .cell-check").count() == 0
    assert page.get_by_role("button", name="Manage Offer for members").count() == 0
    page.goto("/settings/stores/connect/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your role does not allow this")
    expect(page.locator("#main")).to_contain_text("Nothing was changed")
    assert store.statuses() == before


def test_what_is_not_there_says_where_to_go(page, watch):
    watch.expect_status(404)
    page.goto("/reporting/sales-tracking/999999/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
    page.get_by_role("link", name="Go to Sales Tracking").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sales Tracking")


def _retry(page):
    """Retry failed; the store may have answered before the dialog shows that it was asked."""
    with page.expect_response("**/retry/"):
        page.get_by_role("button", name="Retry failed").click()
    page.wait_for_timeout(500)
