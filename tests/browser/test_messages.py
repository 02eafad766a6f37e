"""Deactivate, let the members know: the mail is in a real mail server only after Send, Confirm and the undo window."""

from __future__ import annotations

import email
import json
import re
from email import policy

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.looking import Look
from tests.browser.product import Product
from tests.proof.ground import free_port


class PostOffice:
    def __init__(self):
        self.letters = []

    async def handle_DATA(self, _server, _session, envelope):
        self.letters.append((envelope.rcpt_tos[0], email.message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@pytest.fixture(scope="module")
def post_office():
    office = PostOffice()
    controller = Controller(office, hostname="127.0.0.1", port=free_port())
    controller.start()
    office.port = controller.port
    yield office
    controller.stop(no_assert=True)


@pytest.fixture(scope="module")
def product(tmp_path_factory, post_office):
    """One of our own: it has a mail server, where the others' mails are files."""
    running = Product(tmp_path_factory.mktemp("mailing"))
    running.environment |= {"OFFERWELL_SMTP_HOST": "127.0.0.1", "OFFERWELL_SMTP_PORT": str(post_office.port)}
    running.start()
    yield running
    running.stop()


@pytest.fixture
def page(browser, product, watch):
    context = browser.new_context(
        base_url=product.url, reduced_motion="reduce", viewport={"width": 1440, "height": 900}
    )
    context.set_default_timeout(30_000)
    watch.over(context)
    opened = context.new_page()
    opened.goto("/account/login/")
    steps.sign_in(opened, product.sign_in)
    opened.wait_for_url("**/reporting/sales-tracking/")
    yield opened
    context.close()


def test_deactivate_let_members_know_undo_then_send(page, post_office, watch):
    watch.expect_status(422)
    look = Look()
    steps.open_offer(page, steps.SUMMER)
    two = steps.active_rows(page, 2)
    steps.deactivate(page, two)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Let 2 members know.")
    dialog.get_by_role("link", name="Compose message").click()
    page.wait_for_url("**/messages/compose/?change=*")
    expect(page.locator(".to-chip")).to_have_count(2)
    expect(page.locator("#preview")).to_contain_text(two[0].codes[0])

    body = page.get_by_label("Message", exact=True)
    body.fill("Hi {first_name}, {frist_name} {code}")
    expect(page.locator("#body-problem")).to_contain_text("{frist_name} is no field.")
    expect(page.locator("#draft-state")).to_have_text("Draft saved")
    assert re.search(r"/messages/\d+/edit/$", page.url)
    page.locator("#send-button").click()
    expect(page.locator("#body-problem")).to_contain_text("{frist_name} is no field.")
    look.at(page, "messages-compose-problem")
    body.fill("Hi {first_name}, it is ")
    page.get_by_role("button", name="Insert field").click()
    page.locator("#fields").get_by_role("button", name="{code}", exact=False).first.click()
    expect(body).to_have_value("Hi {first_name}, it is {code}")
    expect(page.locator("#preview")).to_contain_text(f"it is {two[0].codes[0]}")
    page.get_by_role("button", name="Next member").click()
    expect(page.locator("#preview")).to_contain_text(f"it is {two[1].codes[0]}")
    page.reload()
    expect(body).to_have_value("Hi {first_name}, it is {code}")
    look.at(page, "messages-compose")

    page.locator("#send-button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Send to 2 members?")
    look.at(page, "messages-send")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("#standing")).to_contain_text("It goes in")
    page.get_by_role("button", name="Undo send").click()
    expect(page.locator("ow-toast", has_text="The message is a draft again.")).to_be_visible()
    assert post_office.letters == []

    page.locator("#send-button").click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("#standing")).to_contain_text("It goes in")
    assert post_office.letters == []
    expect(page.locator("#standing")).to_contain_text("Sent to 2 members", timeout=60_000)
    look.at(page, "messages-sent")
    got = dict(post_office.letters)
    assert len(post_office.letters) == len(got) == 2
    texts = sorted(letter.get_body(("plain",)).get_content() for letter in got.values())
    for row in two:
        assert sum(f"it is {row.codes[0]}" in text for text in texts) == 1
    stop = next(iter(got.values()))["List-Unsubscribe"].strip().strip("<>")
    page.goto(stop)
    look.at(page, "messages-unsubscribe")
    page.get_by_role("button", name="No more messages").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You get no more messages")
    for name, address in (
        ("messages", "/messages/"), ("templates", "/messages/templates/"), ("mail-settings", "/settings/messages/"),
        ("suppressions", "/settings/messages/suppressions/"),
    ):  # fmt: skip
        page.goto(address)
        look.at(page, name)
    assert look.violations == [], json.dumps(look.violations, indent=1)
