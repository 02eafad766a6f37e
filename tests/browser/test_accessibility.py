"""axe finds nothing on any screen and dialog state, light and dark, at 1440 and 390 pixels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.looking import Look
from tests.browser.product import ANALYST, NEWCOMER

pytestmark = pytest.mark.slow


@pytest.fixture
def look():
    looking = Look()
    yield looking
    assert looking.states, "nothing was looked at"
    assert looking.violations == []


def test_signed_out(new_context, look, product):
    page = new_context(None).new_page()
    for name, address in (
        ("sign-in", "/account/login/"),
        ("sign-in-code", "/account/login/code/"),
        ("password-reset", "/account/password/reset/"),
    ):
        page.goto(address)
        look.at(page, name)
    page.goto("/account/login/")
    steps.sign_in(page, type(product.sign_in)(product.sign_in.email, "not the password"))
    expect(page.get_by_text("not correct")).to_be_visible()
    look.at(page, "sign-in-refused")


def test_offers_and_the_dialog(page, look, store):
    page.goto("/reporting/sales-tracking/")
    look.at(page, "offers")
    page.goto("/reporting/sales-tracking/?q=nothing+like+this")
    look.at(page, "offers-none-match")
    steps.open_offer(page, steps.SUMMER)
    look.at(page, "offer")
    chosen = steps.active_rows(page, 3, skip=5)
    steps.tick(page, chosen)
    look.at(page, "selected")
    steps.manage(page)
    look.at(page, "choose")
    steps.choose(page, "Codes", "Activate")
    look.at(page, "choose-nothing")
    steps.choose(page, "Codes", "Deactivate")
    look.at(page, "choose-preview")
    steps.to_confirm(page, "Deactivate 3 codes?")
    look.at(page, "confirm")
    store.arm(kind="error_before_effect", status=503)
    page.get_by_role("button", name="Confirm").click()
    expect(steps.title(page)).to_have_text("Deactivating codes…")
    look.at(page, "progress")
    page.get_by_role("link", name="Close and keep running").click()
    expect(page.locator("ow-toast")).to_be_visible()
    look.at(page, "progress-toast")
    store.heal()
    expect(page.locator("ow-toast", has_text="3 codes deactivated")).to_be_visible(timeout=90_000)
    look.at(page, "done-toast")
    page.locator("ow-toast").get_by_role("button", name="Undo").click()
    expect(page.locator("ow-toast", has_text="3 codes activated")).to_be_visible(timeout=60_000)


def test_an_offer_of_every_kind_of_discount(page, look, watch):
    watch.expect_status(422)
    page.goto("/reporting/sales-tracking/new/")
    look.at(page, "offer-form-percent")
    page.get_by_label("Name", exact=True).fill("Three for two")
    page.get_by_label("Amount off", exact=False).check()
    page.locator("#id_discount_value").fill("10")
    page.get_by_label("Once per customer").check()
    expect(page.locator("#discount-summary")).to_contain_text("off your order. Once per customer.")
    look.at(page, "offer-form-amount")
    page.get_by_label("Free shipping", exact=False).check()
    expect(page.locator("#discount-summary")).to_contain_text("Free shipping.")
    expect(page.locator("#id_discount_value")).to_be_hidden()
    look.at(page, "offer-form-free-shipping")
    page.get_by_label("Buy X Get Y", exact=False).check()
    page.get_by_label("Members get a link that applies their code").check()
    page.get_by_label("Goes on to").fill("//elsewhere.example")
    page.get_by_role("button", name="Create offer").click()
    expect(page.locator("#id_buys_ids-error")).to_contain_text("Paste at least one of the products")
    expect(page.locator("#id_redirect-error")).to_be_visible()
    look.at(page, "offer-form-bxgy-refused")
    page.get_by_label("How many items", exact=True).fill("2")
    page.get_by_label("Which ones", exact=True).fill("11")
    page.get_by_label("How many items they get").fill("1")
    page.get_by_label("What it applies to").select_option("collections")
    page.get_by_label("Which ones it applies to").fill("22")
    page.locator("#id_discount_value").fill("100")
    page.get_by_label("Goes on to").fill("/collections/new")
    page.get_by_role("button", name="Create offer").click()
    expect(page.get_by_text("buy 2, get 1 free")).to_be_visible()
    look.at(page, "offer-bxgy")


def test_refresh_and_payout(page, look, store, watch):
    watch.expect_status(422)
    page.goto("/reporting/sales-tracking/2/?sort=-member")
    chosen = steps.active_rows(page, 2, skip=9)
    steps.tick(page, chosen)
    steps.manage(page)
    page.locator("label.option", has=page.get_by_text("Refresh Promo Codes", exact=True)).click()
    expect(page.get_by_role("link", name="Choose new codes")).to_be_visible()
    look.at(page, "choose-refresh")
    page.get_by_role("link", name="Choose new codes").click()
    expect(steps.title(page)).to_have_text("Refresh Promo Codes")
    look.at(page, "refresh-names")
    page.get_by_label("Add eight random letters").check()
    page.get_by_role("button", name="Propose new codes").click()
    fields = page.locator(".proposal input")
    expect(fields).to_have_count(2)
    look.at(page, "refresh-proposals")
    fields.first.fill("no good")
    page.get_by_role("button", name="Update Offer").click()
    expect(page.get_by_text("Use only letters A–Z and digits.")).to_be_visible()
    look.at(page, "refresh-refused")
    fields.first.fill("browserone")
    fields.first.press("Enter")
    expect(steps.title(page)).to_have_text("Refresh 2 codes?")
    look.at(page, "refresh-confirm")
    page.get_by_role("button", name="Confirm").click()
    expect(steps.title(page)).to_have_text("2 codes refreshed", timeout=60_000)
    look.at(page, "refresh-done")
    assert "BROWSERONE" in store.statuses()
    page.get_by_role("dialog").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("dialog").get_by_text("This undoes")).to_be_visible()
    expect(page.locator('#dialog-content [data-step^="done-"]')).to_be_visible(timeout=60_000)
    steps.close(page)
    page.goto(f"/reporting/activity/{steps.newest_change(page)}/")
    look.at(page, "change-refresh")

    page.goto("/reporting/sales-tracking/2/?sort=-member")
    steps.tick(page, steps.active_rows(page, 2, skip=9))
    steps.manage(page)
    page.locator("label.option", has=page.get_by_text("Edit Payout", exact=True)).click()
    page.locator("label.option", has=page.get_by_text("Top seller", exact=True)).click()
    expect(page.locator("#preview .note").first).to_contain_text("2 payouts will be changed to Top seller")
    look.at(page, "choose-payout")
    steps.to_confirm(page, "Change the payout of 2 members?")
    look.at(page, "payout-confirm")
    page.get_by_role("button", name="Confirm").click()
    expect(steps.title(page)).to_have_text("2 payouts changed")
    look.at(page, "payout-done")
    page.get_by_role("dialog").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("dialog").get_by_text("This undoes")).to_be_visible()
    steps.close(page)
    page.goto(f"/reporting/activity/{steps.newest_change(page)}/")
    look.at(page, "change-payout")


def test_the_dialog_when_it_is_done_failed_or_out_of_date(page, look, store, watch):
    watch.expect_status(409)
    # From the end of the list: one discount is deleted at last, and no other test may meet it.
    page.goto("/reporting/sales-tracking/2/?sort=-member")
    bad, good, other = steps.active_rows(page, 3)
    store.arm(kind="outside_edit", code=bad.codes[0], action="add_code", to=f"{bad.codes[0]}MORE")
    steps.deactivate(page, [bad, good])
    expect(steps.title(page)).to_have_text("1 code deactivated")
    look.at(page, "some-failed")
    steps.close(page)
    look.at(page, "some-failed-toast")
    page.goto("/reporting/sales-tracking/2/?view=attention")
    look.at(page, "needs-attention")
    page.locator("tbody a.name").first.click()
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    look.at(page, "member-in-offer-failed")
    page.goto("/settings/stores/1/")
    look.at(page, "store-failed")
    page.goto("/reporting/activity/")
    page.get_by_role("link", name="1 code deactivated").first.click()
    look.at(page, "change-failed")

    second = page.context.new_page()
    second.goto("/reporting/sales-tracking/2/?sort=-member")
    steps.tick(second, [good, other])
    steps.manage(second)
    steps.choose(second, "Codes", "Activate")
    steps.to_confirm(second, "Activate 1 code?")
    look.at(second, "confirm-activate")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1, name="activated")).to_be_visible()
    look.at(page, "change-done")
    second.get_by_role("button", name="Confirm").click()
    expect(second.get_by_role("alert")).to_be_visible()
    look.at(second, "out-of-date")
    second.keyboard.press("Escape")
    second.get_by_role("button", name="Clear", exact=True).click()
    steps.deactivate(second, [other])
    look.at(second, "done")
    second.get_by_role("dialog").get_by_role("button", name="Undo").click()
    expect(steps.title(second)).to_have_text("1 code activated")
    store.arm(kind="outside_edit", code=bad.codes[0], action="delete")


def test_changes_for_later(page, look):
    day, back = (datetime.now(UTC).date() + timedelta(days=n) for n in (150, 154))
    for _ in range(2):
        steps.open_offer(page, steps.SUMMER)
        steps.tick(page, steps.active_rows(page, 3, skip=2))
        steps.manage(page)
        steps.choose(page, "Codes", "Deactivate")
        steps.to_confirm(page, "Deactivate 3 codes?")
        page.locator("#when-later").check()
        expect(page.locator("#when-summary")).to_contain_text("Choose a date and a time.")
        page.get_by_label("Date", exact=True).fill(f"{day}")
        page.get_by_label("Time", exact=True).fill("00:00")
        page.get_by_label("Change back on").fill(f"{day}")
        page.get_by_label("Change back at").fill("00:00")
        expect(page.locator("#when-refusal")).to_be_visible()
        look.at(page, "later-refused")
        page.get_by_label("Change back on").fill(f"{back}")
        expect(page.locator("#when-summary")).to_contain_text("changed back on")
        look.at(page, "later")
        page.get_by_role("button", name="Schedule", exact=True).click()
        expect(steps.title(page)).to_have_text("Scheduled")
        look.at(page, "later-scheduled")
        steps.close(page)
    page.reload()
    look.at(page, "offer-with-a-schedule")
    page.goto("/reporting/activity/scheduled/")
    look.at(page, "scheduled")
    for _ in range(2):
        page.goto("/reporting/activity/scheduled/")
        page.get_by_role("link", name="Deactivate 3 codes").first.click()
        look.at(page, "scheduled-change")
        page.get_by_role("link", name="Cancel", exact=True).click()
        look.at(page, "scheduled-cancel")
        page.get_by_role("button", name="Cancel the change").click()
        expect(page.locator("#main")).to_contain_text("Cancelled by")
    look.at(page, "scheduled-cancelled")
    page.goto("/reporting/activity/scheduled/?show=past")
    look.at(page, "scheduled-past")


def test_selection_of_everything(page, look):
    steps.open_offer(page, steps.FOUNDERS)
    page.get_by_label("Select all members on this page").check()
    look.at(page, "page-selected")
    page.get_by_role("button", name="Select all 10,010 members").click()
    look.at(page, "all-selected")
    steps.manage(page)
    steps.choose(page, "Codes", "Deactivate")
    page.locator("#current-status summary").click()
    look.at(page, "choose-10010")
    page.keyboard.press("Escape")
    page.locator("#members tbody tr").first.get_by_role("button", name="More actions").click()
    look.at(page, "row-menu")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    look.at(page, "shortcuts")


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("activity", "/reporting/activity/"),
        ("sync", "/settings/sync/"),
        ("members", "/members/"),
        ("members-none-match", "/members/?q=nothing+like+this"),
        ("create-offer", "/reporting/sales-tracking/new/"),
        ("edit-offer", "/reporting/sales-tracking/2/edit/"),
        ("add-members", "/reporting/sales-tracking/2/add-members/"),
        ("generate-nothing", "/reporting/sales-tracking/2/generate/"),
        ("payouts", "/reporting/sales-tracking/2/payouts/"),
        ("payout-edit", "/reporting/sales-tracking/2/payouts/3/"),
        ("import-members", "/import/members/"),
        ("import-codes", "/import/codes/2/"),
        ("stores", "/settings/stores/"),
        ("store", "/settings/stores/1/"),
        ("connect-store", "/settings/stores/connect/"),
        ("store-credentials", "/settings/stores/1/credentials/"),
        ("account-password", "/account/password/change/"),
        ("account-second-factor", "/account/2fa/"),
        ("account-sessions", "/account/sessions/"),
        ("account-email", "/account/email/"),
    ],
)
def test_screen(page, look, name, address):
    assert page.goto(address).status == 200
    look.at(page, name)


def test_connecting_shows_what_is_needed_for_the_chosen_kind(page, look):
    page.goto("/settings/stores/connect/")
    form = page.locator("form", has=page.locator("#kind-vendure"))
    app = ("Client ID", "Client secret", "Use an access token instead")
    login = ("User name", "Password", "Use an API key instead")
    notes = {"shopify": "Where to find them in Shopify", "vendure": "For Vendure", "sandbox": "offerwell sandbox"}
    for kind, words in notes.items():
        page.locator(f"#kind-{kind}").check()
        for others in notes.values():
            expect(page.get_by_text(others, exact=others != "offerwell sandbox")).to_be_visible(visible=others == words)
        places = ("label[for=id_client_id]", "label[for=id_client_secret]", "summary")
        for place, said in zip(places, login if kind == "vendure" else app, strict=True):
            expect(form.locator(place)).to_have_text(said, use_inner_text=True)
        expect(page.locator("#access-install")).to_be_visible(visible=kind != "vendure")
        look.at(page, f"connect-{kind}")


def test_a_way_in_chosen_before_hides_nothing_of_a_kind_that_has_none(page):
    page.goto("/settings/stores/connect/")
    page.get_by_role("radio", name="Install by authorization").check()
    token = page.locator("form", has=page.locator("#kind-vendure")).locator("summary")
    expect(token).to_be_hidden()
    page.locator("#kind-vendure").check()
    token.click()
    expect(page.locator("#id_static_token")).to_be_visible()


def test_refusals(page, new_context, look, watch):
    watch.expect_status(403, 404, 422)
    page.goto("/reporting/sales-tracking/999999/")
    look.at(page, "not-found")
    analyst = new_context(ANALYST).new_page()
    analyst.goto("/settings/stores/connect/")
    look.at(analyst, "not-allowed")
    analyst.goto("/reporting/sales-tracking/2/")
    look.at(analyst, "offer-of-an-analyst")
    page.goto("/reporting/sales-tracking/new/")
    page.get_by_role("button", name="Create offer").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look.at(page, "create-offer-refused")
    page.goto("/settings/stores/connect/")
    page.get_by_role("button", name="Connect store").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look.at(page, "connect-store-refused")


def test_a_workspace_where_nothing_is_yet(new_context, look):
    page = new_context(NEWCOMER).new_page()
    for name, address in (
        ("empty-offers", "/reporting/sales-tracking/"),
        ("empty-activity", "/reporting/activity/"),
        ("empty-drift", "/reporting/drift/"),
        ("empty-scheduled", "/reporting/activity/scheduled/"),
        ("empty-members", "/members/"),
        ("empty-stores", "/settings/stores/"),
    ):
        page.goto(address)
        look.at(page, name)


def test_menus_on_a_phone(page, look):
    page.goto("/reporting/sales-tracking/")
    page.get_by_role("button", name="Your account").click()
    look.at(page, "account-menu")


def test_installing_a_store(page, look, store, watch):
    """There and back through the sandbox store's own page, by links and forms that the CSP lets through."""
    watch.expect_status(422, 404)  # 404: the sandbox has no favicon
    keys = store.info()
    page.goto("/settings/stores/connect/")
    page.locator("#access-install").check()
    look.at(page, "connect-store-install")
    page.locator("#kind-sandbox").check()
    page.get_by_label("Name", exact=True).fill("Agency store")
    # Another name of the same machine: the demo has connected the first.
    page.get_by_label("Address").fill(store.url.replace("127.0.0.1", "127.0.0.2"))
    page.get_by_label("Client ID").fill(keys["client_id"])
    page.get_by_label("Client secret").fill(keys["client_secret"])
    page.get_by_role("button", name="Connect store").click()
    expect(page.get_by_role("heading", name="Install at the store")).to_be_visible()
    look.at(page, "store-install")
    there = page.get_by_role("link", name="Continue to").get_attribute("href")
    page.goto(there.replace("127.0.0.2", "127.0.0.1"))
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text("was declined at")
    look.at(page, "store-install-declined")
