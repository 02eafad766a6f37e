"""Looks at a state of a screen: axe in light and dark, wide and narrow; pictures when OFFERWELL_SHOTS is set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.product import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = ROOT / "assets/node_modules/axe-core/axe.min.js"
SIZES = {"1440": {"width": 1440, "height": 900}, "390": {"width": 390, "height": 844}}
SCHEMES = ("light", "dark")
# Only the colours differ between light and dark, so dark repeats only the rules about colours.
_RUN = """async scheme => {
  const options = { resultTypes: ['violations'] };
  if (scheme === 'dark') options.runOnly = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };
  const found = await axe.run(document, options);
  return found.violations.map(one => `${one.id}: ` + one.nodes.slice(0, 3).map(node => node.target.join(' ')).join(' | '));
}"""

# axe measures colours with styles of its own and leaves empty ones behind; htmx would carry them on, against the policy.
_TIDY_UP = """() => document.querySelectorAll('[style=""]').forEach(one => one.removeAttribute('style'))"""


class Look:
    """Collects violations of all states, so that one run tells of all of them."""

    def __init__(self) -> None:
        if not AXE.exists():
            pytest.skip("NO AXE: accessibility tests did NOT run. `npm --prefix assets ci` brings axe-core.")
        self.source = AXE.read_text()
        shots = os.environ.get("OFFERWELL_SHOTS")
        self.shots = Path(shots) if shots else None
        self.violations: list[str] = []
        self.states: list[str] = []

    def at(self, page: Page, name: str) -> None:
        """Look at what the page shows now, in each colour scheme and size; leaves it light and wide."""
        self.states.append(name)
        for size, viewport in SIZES.items():
            page.set_viewport_size(viewport)
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                self._picture(page, f"{scheme}-{size}-{name}")
                found = self._axe(page, scheme)
                self.violations += [f"{name} {scheme} {size} {violation}" for violation in found]
        page.set_viewport_size(SIZES["1440"])
        page.emulate_media(color_scheme="light")

    def _axe(self, page: Page, scheme: str) -> list[str]:
        # Evaluated through the debugger, which the page's Content-Security-Policy does not bind.
        if not page.evaluate("'axe' in window"):
            page.evaluate(self.source)
        found: list[str] = page.evaluate(_RUN, scheme)
        page.evaluate(_TIDY_UP)
        return found

    def _picture(self, page: Page, name: str) -> None:
        if self.shots:
            self.shots.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=self.shots / f"{name}.png")
