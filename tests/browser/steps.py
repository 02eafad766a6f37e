"""What a person does and sees on the screens, in the words of the screens."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from playwright.sync_api import Locator, Page

    from tests.browser.product import SignIn

SUMMER = "Summer Glow 20%"
FOUNDERS = "Founders Club"
HOLIDAY = "Holiday Sitewide"

_READ_ROWS = """rows => rows.map(row => {
  const texts = kind => [...row.querySelectorAll(`[id^="${kind}-"] .mono`)].map(one => one.textContent.trim());
  return {
    id: row.querySelector('.cell-check input')?.value ?? '',
    name: row.querySelector('.cell-main .name').textContent.trim(),
    codes: texts('code'), links: texts('link'),
    badges: [...row.querySelectorAll('[id^="status-"] .badge')].map(one => one.textContent.replace(/\\s+/g, ' ').trim()),
  };
})"""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the members table as it stands on the screen."""

    id: str
    name: str
    codes: tuple[str, ...]
    links: tuple[str, ...]
    badges: tuple[str, ...]


def sign_in(page: Page, who: SignIn) -> None:
    """Type e-mail and password on the sign-in page that is open."""
    page.get_by_label("Email").fill(who.email)
    page.get_by_label("Password").fill(who.password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def open_offer(page: Page, name: str) -> None:
    """Reporting › Sales Tracking, then the offer."""
    page.goto("/reporting/sales-tracking/")
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def rows(page: Page) -> list[Row]:
    """The rows of the members table."""
    read = page.locator("#members tbody tr").evaluate_all(_READ_ROWS)
    return [Row(one["id"], one["name"], tuple(one["codes"]), tuple(one["links"]), tuple(one["badges"])) for one in read]


def active_rows(page: Page, count: int, *, skip: int = 0) -> list[Row]:
    """So many members on this page with one code, and it is Active."""
    found = [row for row in rows(page) if len(row.codes) == 1 and {"Code: Active", "Active"} & set(row.badges)]
    assert len(found) >= skip + count, "the demo has too few such members on this page"
    return found[skip : skip + count]


def tick(page: Page, chosen: Iterable[Row]) -> None:
    """Tick their boxes."""
    for row in chosen:
        box(page, row).check()


def box(page: Page, row: Row) -> Locator:
    """The row's box."""
    return page.locator(f'#members .cell-check input[value="{row.id}"]')


def status_cell(page: Page, row: Row) -> Locator:
    """The row's Status cell."""
    tick_box = page.locator(f'.cell-check input[value="{row.id}"]')
    return page.locator("#members tbody tr", has=tick_box).locator('[id^="status-"]')


def manage(page: Page) -> Locator:
    """Manage Offer for members. Gives the dialog."""
    page.get_by_role("button", name="Manage Offer for members", exact=True).click()
    expect(title(page)).to_have_text("Manage Offer for members")
    return page.get_by_role("dialog")


def title(page: Page) -> Locator:
    """The heading of the dialog's step."""
    return page.locator("#dialog-title")


def choose(page: Page, part: str, target: str) -> None:
    """Codes or Links; Activate or Deactivate. The preview follows by itself."""
    for chosen in (f"Activate/Deactivate {part}", target):
        page.locator("label.option", has=page.get_by_text(chosen, exact=True)).click()
        expect(page.locator("label.option", has=page.get_by_text(chosen, exact=True)).locator("input")).to_be_checked()
    expect(page.locator("#preview .note").first).to_be_visible()


def to_confirm(page: Page, heading: str) -> None:
    """Update Offer, then the confirm step with its heading."""
    page.get_by_role("button", name="Update Offer").click()
    expect(title(page)).to_have_text(heading)


def figures(page: Page, within: str = "#dialog-content") -> dict[str, str]:
    """The figures of the step: their names and numbers."""
    found = page.locator(f"{within} dl.stats > div").evaluate_all(
        "all => all.map(one => [one.querySelector('dt').textContent.trim(), one.querySelector('dd').textContent.trim()])"
    )
    return dict(found)


def until(is_so: Callable[[], bool], what: str, seconds: float = 40) -> None:
    """Wait for something outside the browser."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"never happened: {what}"
        time.sleep(0.2)


def close(page: Page) -> None:
    """Close the dialog by the button of its foot."""
    page.locator(".dialog-foot [data-close]").click()
    expect(page.locator("#dialog-content")).to_be_empty()


def newest_change(page: Page) -> int:
    """The number of the newest bulk change, from the Activity page."""
    page.goto("/reporting/activity/")
    href = page.locator("table.index tbody a").first.get_attribute("href")
    assert href is not None
    return int(href.rstrip("/").rsplit("/", 1)[1])


def deactivate(page: Page, chosen: list[Row], *, part: str = "Codes") -> None:
    """Select and confirm. Ends when the dialog stands on its last step."""
    tick(page, chosen)
    manage(page)
    choose(page, part, "Deactivate")
    noun = part.lower().removesuffix("s") if len(chosen) == 1 else part.lower()
    to_confirm(page, f"Deactivate {len(chosen)} {noun}?")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator('#dialog-content [data-step^="done-"]')).to_be_visible()


def tab_to(page: Page, wanted: Locator, *, most: int = 250) -> None:
    """Press Tab until it has the focus."""
    press_until(page, "Tab", wanted, most=most)


def press_until(page: Page, key: str, wanted: Locator, *, most: int = 250) -> None:
    """Press a key until the wanted control has the focus."""
    for _ in range(most):
        page.keyboard.press(key)
        if wanted.evaluate("one => one === document.activeElement"):
            return
    message = f"{key} never reached {wanted}"
    raise AssertionError(message)
