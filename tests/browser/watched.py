"""Watches what the browser complains about: console errors, errors of scripts, violations of the CSP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, WebError

_SAY_VIOLATIONS = """document.addEventListener("securitypolicyviolation",
  (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));"""


class Watch:
    """Collects complaints of every page of the contexts it is over."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.expected: set[int] = set()
        self.expected_texts: set[str] = set()

    def over(self, context: BrowserContext) -> None:
        """Watch all pages of this context."""
        context.add_init_script(_SAY_VIOLATIONS)
        context.on("console", self._said)
        context.on("weberror", self._threw)

    def expect_status(self, *statuses: int) -> None:
        """The browser writes refused requests to its console: those with these statuses belong to the test."""
        self.expected |= set(statuses)

    def expect_text(self, text: str) -> None:
        """Complaints with these words belong to the test."""
        self.expected_texts.add(text)

    def assert_clean(self) -> None:
        """Nothing was complained about but the announced."""
        unexpected = "\n".join(one for one in self.complaints if not self._is_expected(one))
        if unexpected:
            pytest.fail(f"The browser complained:\n{unexpected}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def _threw(self, thrown: WebError) -> None:
        self.complaints.append(f"script error: {thrown.error}")

    def _is_expected(self, complaint: str) -> bool:
        if any(text in complaint for text in self.expected_texts):
            return True
        found = re.match(r"Failed to load resource: the server responded with a status of (\d+)", complaint)
        return found is not None and int(found.group(1)) in self.expected
