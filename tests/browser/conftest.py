"""One product and one Chromium for all browser tests; a fresh browser context for each of them.

Chromium is OFFERWELL_TEST_CHROMIUM or `chromium` on the PATH. OFFERWELL_SHOTS is a folder for pictures of every state.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.product import ANALYST, NEWCOMER, Product, SignIn
from tests.browser.steps import sign_in
from tests.browser.watched import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 30_000
DESKTOP = {"width": 1440, "height": 900}
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs a service: Chromium."""
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.service)


@pytest.fixture(scope="session")
def product(tmp_path_factory) -> Iterator[Product]:
    running = Product(tmp_path_factory.mktemp("product"))
    running.start()
    yield running
    running.stop()


# Of the package, not the session: Playwright's loop in this process would make Django refuse other tests' queries.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("OFFERWELL_TEST_CHROMIUM") or shutil.which("chromium")
    if not chromium or not Path(chromium).exists():
        pytest.skip("NO CHROMIUM: browser tests did NOT run. Install it or set OFFERWELL_TEST_CHROMIUM.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--headless", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture(scope="package")
def signed_in_states(browser, product) -> dict[str, object]:
    """Cookies of each person, by the real sign-in page once: every test starts from them."""
    password = product.sign_in.password
    return {
        email: _sign_in_once(browser, product, SignIn(email, password))
        for email in (product.sign_in.email, ANALYST, NEWCOMER)
    }


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Fails the test for every console error, page error and CSP violation it did not announce."""
    seen = Watch()
    yield seen
    seen.assert_clean()


@pytest.fixture
def new_context(browser, product, signed_in_states, watch) -> Iterator[Callable[..., BrowserContext]]:
    """Makes contexts: `new_context()` is Ana's, `new_context(None)` nobody's."""
    made: list[BrowserContext] = []

    def make(person: str | None = product.sign_in.email, **options: object) -> BrowserContext:
        options.setdefault("viewport", DESKTOP)
        context = browser.new_context(
            base_url=product.url,
            storage_state=signed_in_states[person] if person else None,
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE)
        watch.over(context)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture
def page(new_context) -> Page:
    """Ana's page, signed in."""
    return new_context().new_page()


@pytest.fixture
def store(product):
    """The sandbox store; without a fault before and after."""
    yield product.store
    product.store.heal()


def _sign_in_once(browser: Browser, product: Product, who: SignIn) -> object:
    context = browser.new_context(base_url=product.url)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto("/account/login/")
    sign_in(page, who)
    page.wait_for_url("**/reporting/sales-tracking/")
    state = context.storage_state()
    context.close()
    return state
