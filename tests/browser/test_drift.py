"""A person finds what somebody changed in the shop, restores it or takes it over; also without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.looking import Look

pytestmark = pytest.mark.slow


@pytest.fixture
def edited(page, store):
    """Five codes of Summer Glow that somebody changed in the shop's own admin; put back by the test or here."""
    page.goto("/reporting/sales-tracking/1/?sort=-member")
    chosen = [row.codes[0] for row in steps.active_rows(page, 5, skip=10)]
    for code, action, more in (
        (chosen[0], "deactivate", {}), (chosen[1], "deactivate", {}), (chosen[2], "deactivate", {}),
        (chosen[3], "rename", {"to": f"{chosen[3]}X"}), (chosen[4], "add_code", {"to": f"{chosen[4]}X"}),
    ):  # fmt: skip
        store.arm(kind="outside_edit", code=code, action=action, **more)
    yield chosen
    store.arm(kind="outside_edit", code=chosen[4], action="delete")


def _audited(page, codes):
    """Each of them has its row. Others may be there too: what tests before changed in the store is noticed."""
    page.goto("/settings/stores/1/")
    page.get_by_role("button", name="Audit now").click()
    expect(page.locator("ow-toast", has_text="codes are read in")).to_be_visible()

    def shown():
        page.goto("/reporting/drift/")
        return all(page.get_by_label(f"Select {code} in").count() == 1 for code in codes)

    steps.until(shown, f"{codes} on the drift page", seconds=120)


def test_found_restored_and_adopted(page, new_context, store, edited):
    look = Look()
    off, gone, other, renamed, shared = edited
    _audited(page, edited)
    look.at(page, "drift")
    expect(page.get_by_role("link", name="Drift", exact=True).first).to_be_visible()
    page.get_by_label(f"Select {off} in").check()
    page.get_by_label(f"Select {renamed} in").check()
    expect(page.locator("[data-count]")).to_have_text("2 selected")
    look.at(page, "drift-selected")
    page.get_by_role("button", name="Restore ours").click()
    expect(page.get_by_role("heading", level=1, name="Restore 2 codes in the store?")).to_be_visible()
    look.at(page, "drift-preview-restore")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", level=1, name="Activity")).to_be_visible()
    steps.until(lambda: store.statuses().get(renamed) == "ACTIVE", "the renamed code has its name again")
    steps.until(lambda: store.statuses()[off] == "ACTIVE", "the code is on again")

    page.goto("/reporting/sales-tracking/1/")
    expect(page.get_by_text("codes differ in a store.")).to_be_visible()
    look.at(page, "offer-with-drift")

    plain = new_context(java_script_enabled=False).new_page()
    plain.goto("/reporting/drift/")
    for code in (gone, other, shared):
        plain.get_by_label(f"Select {code} in").check()
    plain.get_by_role("button", name="Adopt the store’s state").click()
    expect(plain.get_by_role("heading", level=1, name="Adopt the store’s state of 2 codes?")).to_be_visible()
    expect(plain.get_by_text("1 discount holds other codes too.")).to_be_visible()
    plain.get_by_role("button", name="Confirm").click()
    expect(plain.get_by_role("heading", level=1, name="Deactivating codes…")).to_be_visible()
    steps.until(lambda: store.statuses()[gone] == "EXPIRED", "the adopted code stays off")
    page.goto(plain.url)
    expect(page.get_by_role("heading", level=1, name="2 codes deactivated")).to_be_visible()
    expect(page.get_by_text("This took over what the store showed.")).to_be_visible()
    look.at(page, "drift-adopted")
    page.get_by_role("button", name="Undo").click()
    steps.until(lambda: store.statuses()[gone] == "ACTIVE", "undo switched it on again")
    assert look.violations == []


def test_by_keyboard(page, store, edited):
    off = edited[0]
    _audited(page, edited)
    box = page.get_by_label(f"Select {off} in")
    box.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Restore ours").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Restore 1 code in the store?")).to_be_visible()
    page.get_by_role("button", name="Confirm").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="1 code activated")).to_be_visible(timeout=60_000)
    for code in edited[1:3]:
        store.arm(kind="outside_edit", code=code, action="activate")
    store.arm(kind="outside_edit", code=f"{edited[3]}X", action="rename", to=edited[3])
