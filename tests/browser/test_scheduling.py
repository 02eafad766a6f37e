"""Later instead of now, in a real browser: with scripts, without, and on a phone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.test_narrow import SMALL, _all_in_sight

DAY = (datetime.now(UTC) + timedelta(days=120)).date()
SCHEDULED = "/reporting/activity/scheduled/"


def shown(day, clock):
    return f"{day:%a} {day.day} {day:%b %Y}, {clock} "


def to_the_confirm_step(page, skip):
    steps.open_offer(page, steps.SUMMER)
    (one,) = steps.active_rows(page, 1, skip=skip)
    steps.tick(page, [one])
    steps.manage(page)
    steps.choose(page, "Codes", "Deactivate")
    steps.to_confirm(page, "Deactivate 1 code?")
    return one


def later(page, day, clock):
    page.locator("#when-later").check()
    page.get_by_label("Date", exact=True).fill(f"{day}")
    page.get_by_label("Time", exact=True).fill(clock)


def cancel_all(page):
    while True:
        page.goto(SCHEDULED)
        if not page.get_by_role("link", name="Cancel").count():
            return
        page.get_by_role("link", name="Cancel").first.click()
        page.get_by_role("button", name="Cancel the change").click()
        expect(page.locator("#main")).to_contain_text("Cancelled by")


def test_schedule_with_a_return_see_it_everywhere_and_cancel(page, store):
    before = store.statuses()
    to_the_confirm_step(page, 16)
    expect(page.get_by_label("Date", exact=True)).not_to_be_visible()
    page.locator("#when-later").check()
    schedule = page.get_by_role("button", name="Schedule", exact=True)
    expect(schedule).to_be_disabled()
    expect(page.locator("#when-summary")).to_have_text("Choose a date and a time.")
    later(page, DAY, "00:00")
    page.keyboard.press("Tab")
    expect(steps.title(page)).to_have_text("Deactivate 1 code later?")
    expect(page.locator("#when-summary")).to_contain_text(f"1 code will be deactivated on {shown(DAY, '00:00')}")
    page.get_by_label("Change back on").fill(f"{DAY}")
    page.get_by_label("Change back at").fill("00:00")
    page.keyboard.press("Tab")
    expect(page.locator("#when-summary")).to_contain_text("The change back must come after the change.")
    expect(schedule).to_be_disabled()
    page.get_by_label("Change back on").fill(f"{DAY + timedelta(days=4)}")
    page.keyboard.press("Tab")
    expect(page.locator("#when-summary")).to_contain_text(f"changed back on {shown(DAY + timedelta(days=4), '00:00')}")
    schedule.click()
    expect(steps.title(page)).to_have_text("Scheduled")
    expect(page.get_by_role("dialog")).to_contain_text("1 code will be deactivated on")
    steps.close(page)
    expect(page.locator("ow-toast", has_text="Deactivate 1 code")).to_be_visible()
    page.reload()
    expect(page.locator(".note", has_text="1 code will be deactivated on")).to_be_visible()

    page.get_by_role("link", name="Activity", exact=True).click()
    page.get_by_role("link", name=re.compile("^Scheduled")).click()
    row = page.locator("tbody tr", has_text=shown(DAY, "00:00"))
    expect(row).to_contain_text("Scheduled")
    expect(row).to_contain_text("your time")
    row.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cancel this scheduled change?")
    page.get_by_role("button", name="Cancel the change").click()
    expect(page.locator("#main")).to_contain_text("Cancelled by")
    assert store.statuses() == before


def test_it_happens_while_the_page_is_open(page, store, product):
    """Scheduled by hand for the next minutes, then made due: the Status column follows by itself."""
    before = store.statuses()
    one = to_the_confirm_step(page, 17)
    later(page, DAY, "00:00")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Schedule", exact=True).click()
    expect(steps.title(page)).to_have_text("Scheduled")
    steps.close(page)
    product.run_python(
        "from django.utils import timezone\nfrom django_scopes import scopes_disabled\n"
        "from offerwell.models import ScheduledChange\n"
        "with scopes_disabled():\n"
        "    ScheduledChange.objects.filter(state='waiting').update(run_at=timezone.now(), due_at=timezone.now())\n"
    )
    steps.until(lambda: store.statuses()[one.codes[0]] == "EXPIRED", "the scheduled change")
    expect(steps.status_cell(page, one)).to_contain_text("Code: Deactivated", timeout=60_000)
    page.goto(f"{SCHEDULED}?show=past")
    page.get_by_role("link", name="Deactivate 1 code").first.click()
    page.get_by_role("link", name=re.compile("^Change ")).click()
    expect(page.locator("#main")).to_contain_text("Made by scheduled change")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1 code activated", timeout=60_000)
    steps.until(lambda: store.statuses() == before, "the undo")


def test_without_javascript_times_are_previewed_before_anything_is_kept(new_context, product, store):
    page = new_context(java_script_enabled=False).new_page()
    before = store.statuses()
    steps.open_offer(page, steps.SUMMER)
    steps.tick(page, steps.active_rows(page, 1, skip=18))
    page.get_by_role("button", name="Manage Offer for members", exact=True).click()
    page.get_by_label("Activate/Deactivate Codes").check()
    page.get_by_label("Deactivate", exact=False).last.check()
    page.get_by_role("button", name="Update Offer").click()
    later(page, DAY, "06:30")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#when-summary")).to_contain_text(f"1 code will be deactivated on {shown(DAY, '06:30')}")
    later(page, DAY, "07:30")
    page.get_by_role("button", name="Schedule", exact=True).click()
    expect(page.locator("#when-summary")).to_contain_text(shown(DAY, "07:30"))
    page.get_by_role("button", name="Schedule", exact=True).click()
    page.wait_for_url(f"**{SCHEDULED}*/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Deactivate 1 code")
    expect(page.locator("#main")).to_contain_text(shown(DAY, "07:30"))
    assert store.statuses() == before
    cancel_all(page)


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone(new_context, store, width):
    page = new_context(viewport=SMALL | {"width": width}, has_touch=True, is_mobile=True).new_page()
    before = store.statuses()
    to_the_confirm_step(page, 19)
    later(page, DAY, "05:00")
    page.keyboard.press("Tab")
    expect(page.locator("#when-summary")).to_contain_text(shown(DAY, "05:00"))
    _all_in_sight(page) if width == SMALL["width"] else None
    page.get_by_role("button", name="Schedule", exact=True).click()
    expect(steps.title(page)).to_have_text("Scheduled")
    steps.close(page)
    page.goto(SCHEDULED)
    _all_in_sight(page) if width == SMALL["width"] else None
    cancel_all(page)
    assert store.statuses() == before
