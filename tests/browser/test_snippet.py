"""A visitor comes by a member's link to a shop of its own make; its pages keep the click and report the order."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.looking import Look

pytestmark = pytest.mark.slow
CLICK = "0d4f7c1e-5a52-4c27-9f3c-0a0f6c0c7f11"


@contextmanager
def shop():
    """A shop on an origin of its own; its pages hold whatever line stands in `pages["line"]`."""
    pages = {"line": ""}

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self):
            body = f"<!doctype html><html lang=en><title>Shop</title>{pages['line']}<h1>Shop</h1>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", pages
    finally:
        server.shutdown()
        server.server_close()


def report(page, ref, code=""):
    told = f'{{ref: "{ref}", net: "80.00", currency: "USD", codes: ["{code}"]}}'
    return page.evaluate(f"offerwell.order({told})")


def kept(page):
    return page.evaluate(
        "[sessionStorage.ow_clicks, localStorage.ow_clicks].map((one) => one ? JSON.parse(one).length : 0)"
    )


def test_from_a_shop_of_any_make_to_the_orders(page, new_context, watch):
    look = Look()
    with shop() as (address, pages):
        page.goto("/reporting/sales-tracking/1/")
        code = steps.active_rows(page, 1)[0].codes[0]
        page.goto("/settings/stores/connect/other/")
        page.get_by_label("Name").fill("Corner shop")
        page.get_by_label("Address").fill(address)
        page.get_by_label("Currency").fill("USD")
        look.at(page, "other-shop-connect")
        page.get_by_role("button", name="Connect shop").click()
        expect(page.get_by_text("Copy it now")).to_be_visible()
        page.get_by_role("link", name="I have it").click()
        expect(page.get_by_role("heading", level=1, name="Corner shop")).to_be_visible()
        look.at(page, "other-shop")
        pages["line"] = page.locator("[data-copy^='<script']").get_attribute("data-copy")

        visitor = new_context(None).new_page()
        visitor.goto(f"{address}/?ow_click={CLICK}")
        assert (kept(visitor), visitor.evaluate("offerwell.click()")) == ([1, 0], CLICK)
        visitor.goto(f"{address}/basket")
        visitor.evaluate("offerwell.consent(true)")
        assert kept(visitor) == [0, 1]
        visitor.goto(f"{address}/thanks")
        assert report(visitor, "CORNER-1", code) is True
        visitor.evaluate("offerwell.consent(false)")
        assert kept(visitor) == [1, 0]

        page.goto("/reporting/orders/?view=unconfirmed")
        row = page.get_by_role("row", name="CORNER-1")
        expect(row).to_contain_text("Not confirmed")
        look.at(page, "orders-unconfirmed")
        row.get_by_role("link", name="CORNER-1").click()
        expect(page.get_by_text("Only a browser told of this order")).to_be_visible()
        page.get_by_role("button", name=re.compile("Accept")).click()
        page.goto("/reporting/orders/?view=unconfirmed")
        expect(page.get_by_role("row", name="CORNER-1")).to_have_count(0)


def test_pages_of_others_are_not_heard(page, new_context, watch):
    watch.expect_status(403)
    watch.expect_text("CORS")
    watch.expect_text("ERR_FAILED")
    page.goto("/settings/stores/")
    page.get_by_role("link", name="Corner shop").click()
    line = page.locator("[data-copy^='<script']").get_attribute("data-copy")
    with shop() as (address, pages):
        pages["line"] = line
        visitor = new_context(None).new_page()
        visitor.goto(address)
        assert report(visitor, "CORNER-2") is False
    page.goto("/reporting/orders/?q=CORNER-2")
    expect(page.get_by_text("No such orders")).to_be_visible()
