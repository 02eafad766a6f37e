"""The Creator Portal on a phone, while the brand works on its own screens; axe on every page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.looking import Look
from tests.browser.phone import PHONE, Creator, ask, enter, part

_WHO = """
from django_scopes import scopes_disabled
from offerwell.models import Enrollment, Offer
with scopes_disabled():
    founders = Offer.objects.get(name="Founders Club")
    Offer.objects.filter(pk=founders.pk).update(discount_links={links})
    places = Enrollment.objects.filter(offer=founders, promocodes__is_active=True).exclude(member__email="")
    place = places.order_by("-pk").first()
    print(place.member.email, place.promocodes.get().text, place.pk)
"""


@pytest.fixture
def creator(product):
    """In Founders Club, which has discount links meanwhile."""
    site = product.url.replace("127.0.0.1", "localhost")
    yield Creator(*product.run_python(_WHO.format(links=True)).split(), site)
    product.run_python(_WHO.format(links=False))


def test_a_deactivation_reaches_the_phone_at_once(page, new_context, product, creator, store):
    code, site = creator.code, creator.site
    phone = new_context(None, viewport=PHONE, permissions=["clipboard-read", "clipboard-write"]).new_page()
    enter(phone, product, creator)
    phone.goto(f"{site}/portal/offers/{creator.place}/")
    expect(part(phone).get_by_text("Active", exact=True)).to_be_visible()
    phone.get_by_role("button", name=f"{code} Copy").click()
    expect(phone.get_by_role("button", name=f"{code} Copied")).to_be_visible()
    assert phone.evaluate("navigator.clipboard.readText()") == code
    expect(phone.locator("#announcer")).to_have_text(f"{code} copied")
    assert phone.get_by_role("button", name=f"{code} Copied").bounding_box()["height"] >= 52
    phone.get_by_text("QR code of the link").click()
    drawn = phone.locator(".portal-qr img")
    expect(drawn).to_be_visible()
    steps.until(lambda: drawn.evaluate("one => one.complete && one.naturalWidth > 0"), "the QR code is drawn")

    steps.open_offer(page, steps.FOUNDERS)
    page.goto(f"{page.url}?q={code}")
    expect(page.locator("#members tbody tr")).to_have_count(1)
    with store.slow(20):
        steps.deactivate(page, steps.rows(page))
        phone.reload()
        expect(part(phone).get_by_text("Deactivated", exact=True)).to_be_visible()
    expect(part(phone).locator(".struck")).to_have_text(code)
    expect(part(phone)).to_contain_text("by Glow Lab. Orders placed until then count.")
    expect(phone.get_by_role("button", name=f"{code} Copy")).to_have_count(0)
    page.locator("#dialog-content").get_by_role("button", name="Undo").click()
    steps.until(lambda: store.statuses()[code] == "ACTIVE", "the code is active in the store again")
    phone.reload()
    expect(part(phone).get_by_text("Active", exact=True)).to_be_visible()


def test_the_link_of_the_mail_and_sharing(new_context, product, creator, watch):
    watch.expect_status(422)
    code, site = creator.code, creator.site
    context = new_context(None, viewport=PHONE, has_touch=True, is_mobile=True)
    context.add_init_script("navigator.share = async what => { window.shared = what; };")
    phone = context.new_page()
    text = ask(phone, product, creator)
    link = re.search(r"http://\S+/link/\S+", text)[0]
    elsewhere = new_context(None, viewport=PHONE).new_page()
    elsewhere.goto(link)
    expect(elsewhere.get_by_role("heading", level=1)).to_have_text("This link does not work here")
    phone.goto(link)
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Hi")
    phone.goto(f"{site}/portal/offers/{creator.place}/")
    phone.get_by_role("button", name="Share").click()
    phone.wait_for_function("window.shared")
    assert f"/discount/{code}" in phone.evaluate("window.shared.url")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_passkey_is_added_and_signs_in(new_context, product, creator):
    site = creator.site
    phone = new_context(None, viewport=PHONE).new_page()
    devices = phone.context.new_cdp_session(phone)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }})  # fmt: skip
    enter(phone, product, creator)
    phone.goto(f"{site}/portal/settings/")
    phone.get_by_role("button", name="Add a passkey").click()
    expect(phone.get_by_text("Your passkey was added.")).to_be_visible()
    phone.get_by_role("button", name="Sign out here").click()
    phone.get_by_role("button", name="Sign in with a passkey").click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Hi")
    phone.goto(f"{site}/portal/settings/")
    phone.get_by_role("button", name="Remove passkey").click()
    expect(phone.get_by_text("The passkey was removed.")).to_be_visible()


def test_without_javascript(new_context, product, creator):
    code, site = creator.code, creator.site
    phone = new_context(None, viewport=PHONE, java_script_enabled=False).new_page()
    enter(phone, product, creator)
    phone.goto(f"{site}/portal/offers/{creator.place}/")
    expect(phone.locator(".select-all", has_text=code).first).to_be_visible()
    expect(phone.get_by_role("button", name="Copy")).to_have_count(0)
    phone.goto(f"{site}/portal/settings/")
    expect(phone.get_by_text("Passkeys need JavaScript.")).to_be_visible()
    before = phone.get_by_label("First name").input_value()
    for name in ("Renamed", before):
        phone.get_by_label("First name").fill(name)
        phone.get_by_role("button", name="Save name").click()
        expect(phone.get_by_text("Your name was saved.")).to_be_visible()
        expect(phone.get_by_label("First name")).to_have_value(name)
    phone.get_by_role("button", name="Sign out here").click()
    expect(phone.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.slow
def test_axe_finds_nothing(page, new_context, product, creator, watch):
    watch.expect_status(422)
    look, site = Look(), creator.site
    phone = new_context(None, viewport=PHONE).new_page()
    phone.goto(f"{site}/portal/sign-in/")
    look.at(phone, "portal-sign-in")
    phone.get_by_label("E-mail").evaluate("one => one.form.noValidate = true")
    phone.get_by_label("E-mail").fill("nobody")
    phone.get_by_role("button", name="E-mail me a code").click()
    look.at(phone, "portal-sign-in-refused")
    text = ask(phone, product, creator)
    look.at(phone, "portal-code")
    phone.get_by_label("Code").fill("1")
    phone.get_by_role("button", name="Sign in", exact=True).click()
    look.at(phone, "portal-code-refused")
    link = re.search(r"http://\S+/link/\S+", text)[0]
    phone.goto(link)
    look.at(phone, "portal-link")
    phone.get_by_role("button", name="Sign in").click()
    phone.goto(link)
    look.at(phone, "portal-link-over")
    for name, path in (("home", ""), ("offers", "offers/"), ("earnings", "earnings/"), ("inbox", "inbox/"),
                       ("settings", "settings/?said=name-saved")):  # fmt: skip
        phone.goto(f"{site}/portal/{path}")
        look.at(phone, f"portal-{name}")
    phone.goto(f"{site}/portal/offers/{creator.place}/")
    phone.get_by_text("QR code of the link").click()
    look.at(phone, "portal-offer")
    page.goto("/settings/creator-portal/")
    look.at(page, "settings-creator-portal")
    assert look.violations == []
