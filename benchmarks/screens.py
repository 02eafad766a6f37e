"""Lighthouse's four scores of the main screens, each as a desktop and as a phone loads it, signed in to the demo.

The product runs as `offerwell run` starts it, on the embedded default whatever engine was asked for. The scores of
Performance are of this machine at this moment: look at them, never let a test depend on them.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext

    from tests.browser.product import Product

FOLDER = Path(__file__).parent / "lighthouse"
HEAD = (
    "| screen | loaded by | performance | accessibility | best practices | SEO | below 90 |\n" + "|---" * 7 + "|"
)  # fmt: skip
SCREENS = {
    "Sales Tracking": "/reporting/sales-tracking/", "Offer": "/reporting/sales-tracking/1/", "Members": "/members/",
    "Member": "/members/1/", "Project": "/projects/1/", "Messages": "/messages/", "Orders": "/reporting/orders/",
    "Activity": "/reporting/activity/", "Payouts": "/reporting/payouts/", "Stores": "/settings/stores/",
    "Portal: home": "/portal/", "Portal: offer": "/portal/offers/1/", "Portal: earnings": "/portal/earnings/",
}  # fmt: skip
_CATEGORIES = ("performance", "accessibility", "best-practices", "seo")


@dataclass(frozen=True, slots=True)
class Scores:
    """0 to 100 each, of one screen in one form; `failed` are the ids of audits below 0.9."""

    screen: str
    form: str
    scores: dict[str, int]
    failed: list[str]

    @property
    def line(self) -> str:
        """One row of the table in docs/performance.md."""
        scores = " | ".join(str(self.scores[one]) for one in _CATEGORIES)
        return f"| {self.screen} | {self.form} | {scores} | {', '.join(self.failed) or '–'} |"


def measure_screens() -> Iterator[Scores]:
    """Every screen twice. Raises RuntimeError where a screen sent elsewhere: its scores would be another's."""
    from playwright.sync_api import sync_playwright

    from tests.browser.product import Product

    _install()
    with tempfile.TemporaryDirectory(prefix="offerwell-screens-") as folder:
        product = Product(Path(folder))
        product.start()
        port = _free_port()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch_persistent_context(
                    Path(folder) / "browser", executable_path=_chromium(),
                    args=["--no-sandbox", "--disable-gpu", f"--remote-debugging-port={port}"],
                )  # fmt: skip
                site = f"http://localhost:{product.port}"  # by name: passkeys belong to names
                _sign_in(browser, product, site)
                yield from _scores(port, site)
        finally:
            product.stop()


def _scores(port: int, site: str) -> Iterator[Scores]:
    asked = {f"{site}{path}": name for name, path in SCREENS.items()}
    done = subprocess.run(
        ["node", "run.js", str(port)], cwd=FOLDER, input="\n".join(asked), text=True, capture_output=True, check=True
    )
    for line in done.stdout.splitlines():
        found = json.loads(line)
        if found["address"] not in asked:
            raise RuntimeError(f"A screen sent to {found['address']}: nobody was signed in.")
        yield Scores(asked[found["address"]], found["form"], found["scores"], found["failed"])


def _sign_in(browser: BrowserContext, product: Product, site: str) -> None:
    from tests.browser import phone, steps

    page = browser.new_page()
    page.goto(f"{site}/account/login/")
    steps.sign_in(page, product.sign_in)
    page.wait_for_url("**/reporting/sales-tracking/")
    who = phone.Creator("matsweiss@example.com", "", "", site)
    phone.enter(page, product, who)
    page.close()


def _install() -> None:
    if not (FOLDER / "node_modules" / "lighthouse").exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=FOLDER, check=True)


def _chromium() -> str:
    found = os.environ.get("OFFERWELL_TEST_CHROMIUM") or shutil.which("chromium")
    if not found:
        raise RuntimeError("Chromium is not here: install it, or set OFFERWELL_TEST_CHROMIUM.")
    return found


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
