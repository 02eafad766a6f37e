"""The reference page, section by section and answer by answer; the creator's phone stands beside.

`design/reference`: each test names the sentences it follows. The first section (from Sales Tracking) with the phone is
`test_portal.test_a_deactivation_reaches_the_phone_at_once`; its mail after Send is `test_messages`.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.phone import PHONE, Creator, enter, mails, part
from tests.browser.test_projects import PROJECT, manage_offers, open_stage

_WHO = """
from django_scopes import scopes_disabled
from offerwell.models import Enrollment, Offer, Placement
with scopes_disabled():
    summer = Offer.objects.get(name="Summer Glow 20%")
    inside = Placement.objects.filter(stage__name="Code and link").values("member_id")
    places = Enrollment.objects.filter(offer=summer, member_id__in=inside).exclude(member__email="")
    place = next(one for one in places.order_by("-pk") if [code.is_active for code in one.promocodes.all()] == [True])
    print(place.member.email, place.promocodes.get().text, place.pk, place.member_id)
"""


@pytest.fixture
def creator(product):
    """In the project's sales tracking stage and in Summer Glow, with one active code; and the member's number."""
    address, code, place, member = product.run_python(_WHO).split()
    return Creator(address, code, place, product.url.replace("127.0.0.1", "localhost")), member


@pytest.fixture
def phone(new_context, product, creator):
    """The creator looks at the code."""
    opened = new_context(None, viewport=PHONE).new_page()
    enter(opened, product, creator[0])
    opened.goto(f"{creator[0].site}/portal/offers/{creator[0].place}/")
    expect(part(opened).get_by_text("Active", exact=True)).to_be_visible()
    return opened


def deactivate_summer(page, product, store, code):
    """Steps 4 to 7 of both sections. Ends at the prompt to compose a message; nobody was written to."""
    before, letters = store.statuses(), len(mails(product))
    page.get_by_role("dialog").locator(".choice", has_text=steps.SUMMER).click()
    steps.choose(page, "Codes", "Deactivate")
    details = page.locator("#current-status")
    expect(details).to_contain_text(code)
    steps.to_confirm(page, "Deactivate 1 code?")
    assert store.statuses() == before, "nothing may happen before Confirm"
    page.get_by_role("button", name="Confirm").click()
    expect(steps.title(page)).to_have_text("1 code deactivated")
    assert store.statuses() == before | {code: "EXPIRED"}
    assert len(mails(product)) == letters, "no automatic notification"


def phone_shows(phone, status):
    phone.reload()
    expect(part(phone).get_by_text(status, exact=True)).to_be_visible()


def compose_and_undo(page, phone, store, code):
    """Step 8, which sends nothing by itself; then all is put back."""
    dialog = page.get_by_role("dialog")
    where = page.url
    dialog.get_by_role("link", name="Compose message").click()
    page.wait_for_url("**/messages/compose/?change=*")
    expect(page.locator(".to-chip")).to_have_count(1)
    expect(page.locator("#preview")).to_contain_text(code)
    change = page.url.rsplit("=", 1)[1]
    page.goto(f"/reporting/activity/{change}/")
    page.get_by_role("button", name="Undo").first.click()
    steps.until(lambda: store.statuses()[code] == "ACTIVE", "the code is active in the store again")
    phone_shows(phone, "Active")
    page.goto(where)


def test_within_a_project(page, phone, product, store, creator):
    """Click into any stage, select, three dots, Manage Offers, choose the offer, Update Offer, Confirm, compose."""
    who, member = creator
    open_stage(page)
    page.goto(f"{page.url}?q={who.address}")
    page.locator(f'#members .cell-check input[value="{member}"]').check()
    expect(manage_offers(page)).to_contain_text(f"{PROJECT} · 1 member selected")
    deactivate_summer(page, product, store, who.code)
    phone_shows(phone, "Deactivated")
    compose_and_undo(page, phone, store, who.code)


def test_for_an_individual_member(page, phone, product, store, creator):
    """Search in the Members tab, Sales Tracking on the right under Member Details, Manage Offers, an active offer."""
    who, _member = creator
    page.goto(f"/members/?q={who.address}")
    page.locator("#members tbody a.name").first.click()
    page.get_by_role("heading", level=2, name="Member Details").wait_for()
    page.get_by_role("link", name="Manage Offers", exact=True).click()
    deactivate_summer(page, product, store, who.code)
    phone_shows(phone, "Deactivated")
    compose_and_undo(page, phone, store, who.code)


def nothing_to_change(page, rows, target, word):
    assert len(rows) == 2
    steps.tick(page, rows)
    steps.manage(page)
    steps.choose(page, "Codes", target)
    expect(page.locator("#preview")).to_contain_text(f"Nothing to change: every selected code is already {word}.")
    expect(page.get_by_role("button", name="Update Offer")).to_be_disabled()
    page.keyboard.press("Escape")


def test_activating_recreates_nothing_and_what_was_deactivated_stays(page, store):
    """FAQ: "our system will skip any codes that are currently active"; "deactivated codes will remain deactivated"."""
    before, writes = store.statuses(), store.writes()
    steps.open_offer(page, steps.SUMMER)
    page.get_by_role("navigation", name="Saved views").get_by_role("link", name="deactivated").click()
    nothing_to_change(page, [row for row in steps.rows(page) if len(row.codes) == 1][:2], "Deactivate", "deactivated")
    page.get_by_role("button", name="Clear", exact=True).click()
    page.goto(page.url.split("?", maxsplit=1)[0])
    nothing_to_change(page, steps.active_rows(page, 2), "Activate", "active")
    assert (store.statuses(), store.writes()) == (before, writes)


def test_an_offer_is_not_deleted_for_a_creator(page, creator):
    """FAQ: "It is not currently possible to delete an offer for creators, but you can deactivate"."""
    who, member = creator
    steps.open_offer(page, steps.SUMMER)
    page.goto(f"{page.url}?q={who.code}")
    for address in (page.url, f"/members/{member}/"):
        page.goto(address)
        words = " ".join(page.locator("main button, main a").all_inner_texts()).lower()
        assert "manage offer" in words or address == page.url
        assert not [word for word in ("delete", "remove from offer") if word in words]


def test_offers_shown_within_a_project(page, creator):
    """FAQ: connected now and of the selected members, whatever the status; neither others' nor formerly connected."""
    open_stage(page)
    page.locator(f'#members .cell-check input[value="{creator[1]}"]').or_(
        page.locator("#members .cell-check input")
    ).first.check()
    dialog = manage_offers(page)
    shown = dialog.locator(".choice b").all_inner_texts()
    assert steps.HOLIDAY not in " ".join(shown), "it was connected formerly"
    assert set(shown) <= {steps.SUMMER, steps.FOUNDERS}
    assert shown
