"""A small phone, 320 pixels wide: nothing is cut off and nothing scrolls sideways."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.test_without_javascript import SCREENS, SIGNED_OUT

_WIDER = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll('body *')]
    .filter(one => one.checkVisibility() && one.getBoundingClientRect().right > width + 1)
    .slice(0, 5).map(one => one.outerHTML.slice(0, 120));
}"""
SMALL = {"width": 320, "height": 640}


def test_no_screen_scrolls_sideways(new_context):
    wider = {}
    for person_page, addresses in (
        (new_context(viewport=SMALL).new_page(), SCREENS),
        (new_context(None, viewport=SMALL).new_page(), SIGNED_OUT),
    ):
        for address in addresses:
            person_page.goto(address)
            if found := person_page.evaluate(_WIDER):
                wider[address] = found
    assert wider == {}


def test_the_journey_on_a_phone(new_context, store):
    page = new_context(viewport=SMALL, has_touch=True, is_mobile=True).new_page()
    before = store.statuses()
    steps.open_offer(page, steps.SUMMER)
    (one,) = steps.active_rows(page, 1, skip=14)
    steps.tick(page, [one])
    steps.manage(page)
    steps.choose(page, "Codes", "Deactivate")
    _all_in_sight(page)
    steps.to_confirm(page, "Deactivate 1 code?")
    _all_in_sight(page)
    page.get_by_role("button", name="Confirm").click()
    expect(steps.title(page)).to_have_text("1 code deactivated")
    _all_in_sight(page)
    steps.close(page)
    page.locator("ow-toast").get_by_role("button", name="Undo").click()
    expect(page.locator("ow-toast", has_text="1 code activated")).to_be_visible()
    _all_in_sight(page)
    assert store.statuses() == before


def test_members_are_sorted_without_column_headings_and_without_javascript(new_context):
    page = new_context(viewport=SMALL, java_script_enabled=False).new_page()
    page.goto("/reporting/sales-tracking/2/")
    page.get_by_role("combobox", name="Sort").select_option("Most sales")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("combobox", name="Sort")).to_have_value("-sales")
    shown = page.locator("#members td.cell-num:not(.cell-wide)")
    shown.first.scroll_into_view_if_needed()
    expect(shown.first).to_be_visible()
    sales = [float(text.removesuffix(" USD").replace(",", "")) for text in shown.all_text_contents()]
    assert len(sales) > 1
    assert sales == sorted(sales, reverse=True)


def _all_in_sight(page):
    assert page.evaluate(_WIDER) == []
    for button in page.locator(".dialog-foot:visible :is(a, button):visible").all():
        box = button.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= SMALL["width"]
        assert box["y"] + box["height"] <= SMALL["height"]
