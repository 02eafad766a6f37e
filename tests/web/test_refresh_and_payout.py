"""Refresh Promo Codes and Edit Payout by plain pages and forms; who may; nothing of a rival."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib.auth import get_user
from django.urls import reverse
from django_scopes import scope

from offerwell.models import (
    BulkChange,
    CodeProposal,
    Enrollment,
    Event,
    PayoutOption,
    PromoCode,
    ProposalBatch,
    ScheduledChange,
    Store,
    StoredSelection,
    TeamMember,
)
from tests import make
from tests.web.page_words import csv_lines, words


@pytest.fixture
def world(acme, client):
    """Three members with codes in one store; Ana signed in as manager."""
    store = make.store(acme, "Glow", is_on=False)
    offer = make.offer(acme, "Summer", type="promo_code", stores=[store])
    for first in ("Nora", "Mia", "Zoe"):
        code = make.code(make.enrollment(offer, make.member(acme, first, "Lind")), f"{first.upper()}20", stores=[store])
        make.history(code)
    client.force_login(make.user(acme, role="manager"))
    return offer


def at(offer, stored, step=""):
    return f"/reporting/sales-tracking/{offer.pk}/manage/{stored.pk}/{step}"


def payouts(offer):
    return reverse("offer_payouts", args=[offer.pk])


def everybody(client, offer):
    ids = list(Enrollment.objects.filter(offer=offer).values_list("member_id", flat=True))
    client.post(f"/reporting/sales-tracking/{offer.pk}/selection/", {"ids": ids})
    return StoredSelection.objects.latest("pk")


def propose(client, offer, stored, **fields):
    asked = {"pattern": "own", "own_pattern": "GLOW{first_name}", "do": "propose", **fields}
    return client.post(at(offer, stored, "refresh/"), asked)


def inputs(response):
    found = re.findall(r'name="(text-\d+)" value="([^"]*)"', response.content.decode())
    return {name: unescape(text) for name, text in found}


def token(response):
    return {"plan": unescape(re.search(r'name="plan" value="([^"]+)"', response.content.decode())[1])}


def texts():
    return list(PromoCode.objects.order_by("pk").values_list("text", flat=True))


def nothing_happened():
    return (texts(), BulkChange.objects.count(), Event.objects.count()) == (["NORA20", "MIA20", "ZOE20"], 0, 0)


def become(client, role):
    TeamMember.objects.filter(user=get_user(client)).update(role=role)


def test_the_four_cards_and_why_one_cannot_be_chosen(client, acme, world):
    choose = client.get(at(world, everybody(client, world)))
    page = words(choose)
    for card in ("Activate/Deactivate Codes", "Activate/Deactivate Links", "Refresh Promo Codes", "Edit Payout"):
        assert card in page
    assert "This offer has no links" in page
    become(client, "operator")
    page = client.get(at(world, StoredSelection.objects.get()))
    assert "Only owners and managers choose payouts" in words(page)
    assert re.search(r'id="part-payout"[^>]*disabled', page.content.decode())


def test_a_refresh_without_javascript(client, acme, world):
    stored = everybody(client, world)
    choose = client.get(at(world, stored), {"part": "refresh"})
    assert "Each selected member gets a new code." in words(choose)
    assert "NORA20" in words(choose)
    asked = client.get(at(world, stored, "confirm/"), {"part": "refresh"})
    assert (asked.status_code, asked.url) == (302, at(world, stored, "refresh/"))
    assert "Propose new codes" in words(client.get(asked.url))

    proposed = client.get(propose(client, world, stored).url)
    assert list(inputs(proposed).values()) == ["GLOWNORA", "GLOWMIA", "GLOWZOE"]
    assert nothing_happened()
    typed = dict(zip(inputs(proposed), ["NORASTAR", "GLOWMIA", ""], strict=True))
    batch = ProposalBatch.objects.get()
    went_on = client.post(at(world, stored, "refresh/"), {"batch": batch.pk, "do": "continue", **typed})
    confirm = client.get(went_on.url)
    told = words(confirm)
    assert "Refresh 2 codes?" in told
    assert "Orders by an old code still belong to its member." in told
    assert "3 new texts were not looked up in Glow." in told
    assert nothing_happened()
    assert CodeProposal.objects.get(code__text="NORA20").text == "NORASTAR"

    done = client.post(at(world, stored, "confirm/"), token(confirm))
    change = BulkChange.objects.get()
    assert done.url == f"/reporting/activity/{change.pk}/"
    assert texts() == ["NORASTAR", "GLOWMIA", "ZOE20"]
    page = client.get(done.url)
    assert "NORA20 NORASTAR" in words(page)
    assert "Refreshing codes…" in words(page)
    lines = csv_lines(client.get(f"{done.url}items.csv"))
    assert {(line[0], line[3], line[4]) for line in lines[1:]} == {
        ("Nora Lind", "NORA20", "NORASTAR"), ("Mia Lind", "MIA20", "GLOWMIA"),
    }  # fmt: skip
    client.post(f"{done.url}undo/")
    assert texts() == ["NORA20", "MIA20", "ZOE20"]
    listed = words(client.get("/reporting/activity/"))
    assert "Refreshing codes…" in listed
    assert f"Undoes change {change.pk}" in listed


def test_a_typed_code_that_cannot_be_is_marked_and_kept_on_the_page(client, acme, world):
    stored = everybody(client, world)
    proposed = client.get(propose(client, world, stored).url)
    batch = ProposalBatch.objects.get()
    first, second, third = inputs(proposed)
    typed = {first: "NO GOOD", second: "MIANEW", third: "NORA20"}
    refused = client.post(at(world, stored, "refresh/"), {"batch": batch.pk, "do": "continue", **typed})
    assert refused.status_code == 422
    told = words(refused)
    assert "2 codes cannot be used." in told
    assert "Use only letters A–Z and digits." in told
    assert "NORA20 is already the code of Nora Lind in Summer. Choose another one." in told
    assert inputs(refused) == typed
    assert list(CodeProposal.objects.order_by("code_id").values_list("text", flat=True)) == [
        "GLOWNORA", "GLOWMIA", "GLOWZOE",
    ]  # fmt: skip
    assert nothing_happened()


def test_pages_keep_what_was_typed(client, acme, world):
    for n in range(60):
        make.history(make.code(make.enrollment(world, make.member(acme, f"Ada{n}", "Lind")), f"ADA{n}"))
    stored = everybody(client, world)
    first = client.get(propose(client, world, stored).url)
    assert len(inputs(first)) == 50
    batch, name = ProposalBatch.objects.get(), next(iter(inputs(first)))
    following = re.search(r'name="next" value="(\d+)"', first.content.decode())[1]
    moved = client.post(
        at(world, stored, "refresh/"), {"batch": batch.pk, "do": "next", "next": following, name: "TYPED1"}
    )
    second = client.get(moved.url)
    assert len(inputs(second)) == 13
    assert CodeProposal.objects.get(pk=name.removeprefix("text-")).text == "TYPED1"
    assert "First page" in words(second)


def test_bad_patterns_and_too_many_codes_are_said_and_nothing_is_proposed(client, acme, world, monkeypatch):
    stored = everybody(client, world)
    refused = propose(client, world, stored, own_pattern="{nonsense}")
    assert (refused.status_code, "{nonsense} is not a field." in words(refused)) == (422, True)
    monkeypatch.setattr("offerwell.web.manage_offers.refresh_views.MOST_AT_ONCE", 2)
    refused = propose(client, world, stored)
    assert (refused.status_code, "These are 3 codes, more than the 2" in words(refused)) == (422, True)
    assert ProposalBatch.objects.count() == 0


def test_a_random_suffix_is_asked_for_by_a_tick(client, acme, world):
    proposed = client.get(propose(client, world, everybody(client, world), random="on").url)
    assert {len(text) for text in inputs(proposed).values()} == {15, 16}
    assert 'name="random" value="on" checked' in proposed.content.decode()


def test_an_edit_in_another_tab_shows_the_plan_again(client, acme, world):
    stored = everybody(client, world)
    propose(client, world, stored)
    batch = ProposalBatch.objects.get()
    confirm = client.get(at(world, stored, "confirm/"), {"part": "refresh", "batch": batch.pk})
    row = CodeProposal.objects.first()
    client.post(at(world, stored, "refresh/"), {"batch": batch.pk, "do": "next", f"text-{row.pk}": "OTHER1"})
    late = client.post(at(world, stored, "confirm/"), token(confirm))
    assert (late.status_code, "Nothing was changed yet." in words(late)) == (409, True)
    assert nothing_happened()
    client.post(at(world, stored, "confirm/"), token(late))
    assert "OTHER1" in texts()


def test_proposals_of_somebody_else_are_not_there(client, acme, rival, world):
    stored = everybody(client, world)
    propose(client, world, stored)
    batch, row = ProposalBatch.objects.get(), CodeProposal.objects.first()
    client.force_login(make.user(acme, role="manager"))
    own = everybody(client, world)
    asked = client.get(at(world, own, "confirm/"), {"part": "refresh", "batch": batch.pk})
    assert asked.url == at(world, own, "refresh/")
    client.post(at(world, own, "refresh/"), {"batch": batch.pk, "do": "next", f"text-{row.pk}": "STOLEN"})
    row.refresh_from_db()
    assert row.text != "STOLEN"
    assert client.get(at(world, stored, "refresh/")).status_code == 404
    client.force_login(make.user(rival, role="owner"))
    assert client.get(at(world, stored, "refresh/"), {"batch": batch.pk}).status_code == 404
    assert propose(client, world, stored).status_code == 404
    assert client.get(payouts(world)).status_code == 404
    with scope(workspace=acme):
        assert nothing_happened()


def test_proposals_belong_to_the_selection_they_were_made_for(client, acme, world):
    """Else a person would confirm codes of members that are not selected any more."""
    all_of_them = everybody(client, world)
    propose(client, world, all_of_them)
    batch = ProposalBatch.objects.get()
    one = Enrollment.objects.first().member_id
    client.post(f"/reporting/sales-tracking/{world.pk}/selection/", {"ids": [one]})
    other = StoredSelection.objects.latest("pk")
    asked = client.get(at(world, other, "confirm/"), {"part": "refresh", "batch": batch.pk})
    assert asked.url == at(world, other, "refresh/")
    assert client.get(at(world, all_of_them, "confirm/"), {"part": "refresh", "batch": batch.pk}).status_code == 200


def test_an_analyst_refreshes_nothing(client, acme, world):
    stored = everybody(client, world)
    become(client, "analyst")
    assert client.get(at(world, stored, "refresh/")).status_code == 403
    assert propose(client, world, stored).status_code == 403
    assert ProposalBatch.objects.count() == 0


# -- payout -------------------------------------------------------------------------------------------------


def test_a_payout_is_chosen_without_javascript(client, acme, world):
    gold = make.payout(world, "Gold", basis_points=2000)
    stored = everybody(client, world)
    choose = words(client.get(at(world, stored), {"part": "payout"}))
    assert "20% of each sale" in choose
    preview = words(client.get(at(world, stored), {"part": "payout", "option": gold.pk}))
    assert "3 payouts will be changed to Gold: 20% of each sale." in preview
    missing = client.get(at(world, stored, "confirm/"), {"part": "payout"})
    assert (missing.status_code, "Choose a payout option." in words(missing)) == (422, True)
    confirm = client.get(at(world, stored, "confirm/"), {"part": "payout", "option": gold.pk})
    assert "Change the payout of 3 members?" in words(confirm)
    assert nothing_happened()
    done = client.post(at(world, stored, "confirm/"), token(confirm))
    page = words(client.get(done.url))
    assert "3 payouts changed" in page
    assert "Nora Lind Standard Gold" in page
    assert set(Enrollment.objects.values_list("payout_option__name", flat=True)) == {"Gold"}
    client.post(f"{done.url}undo/")
    assert set(Enrollment.objects.values_list("payout_option__name", flat=True)) == {"Standard"}
    again = words(client.get(at(world, stored), {"part": "payout", "option": PayoutOption.objects.first().pk}))
    assert "Nothing to change: every selected member of the offer has Standard already." in again


@pytest.mark.parametrize("part", ["refresh", "payout"])
def test_only_a_status_can_wait_for_later_and_who_forces_it_is_told(client, acme, world, part):
    stored = everybody(client, world)
    if part == "payout":
        option = make.payout(world, "Gold")
        confirm = client.get(at(world, stored, "confirm/"), {"part": "payout", "option": option.pk})
    else:
        propose(client, world, stored)
        confirm = client.get(
            at(world, stored, "confirm/"), {"part": "refresh", "batch": ProposalBatch.objects.get().pk}
        )
    assert confirm.status_code == 200
    assert 'name="when"' not in confirm.content.decode()
    later = {"when": "later", "start_date": "2031-12-03", "start_time": "00:00", "shown": ""}
    for fields in (later, {"preview": "1"}):
        refused = client.post(at(world, stored, "confirm/"), {**token(confirm), **fields})
        assert refused.status_code == 422
        assert "Only activating and deactivating can wait for a later time." in words(refused)
    assert nothing_happened()
    assert ScheduledChange.objects.count() == 0
    client.post(at(world, stored, "confirm/"), token(confirm))
    assert BulkChange.objects.get().kind == part


def test_an_option_of_another_offer_is_none(client, acme, rival, world):
    stored = everybody(client, world)
    other = make.payout(make.offer(acme, "Winter"), "Gold")
    with scope(workspace=rival):
        theirs = make.payout(make.offer(rival, "Summer"), "Gold")
    for option in (other, theirs):
        asked = client.get(at(world, stored, "confirm/"), {"part": "payout", "option": option.pk})
        assert asked.status_code == 422
    assert nothing_happened()


def test_an_operator_chooses_no_payout_not_even_with_a_plan_from_before(client, acme, world):
    gold = make.payout(world, "Gold", basis_points=2000)
    stored = everybody(client, world)
    confirm = client.get(at(world, stored, "confirm/"), {"part": "payout", "option": gold.pk})
    become(client, "operator")
    asked = client.get(at(world, stored, "confirm/"), {"part": "payout", "option": gold.pk})
    assert (asked.status_code, "Owners and managers choose payouts." in words(asked)) == (422, True)
    late = client.post(at(world, stored, "confirm/"), token(confirm))
    assert (late.status_code, "Owners and managers choose payouts." in words(late)) == (403, True)
    assert nothing_happened()
    become(client, "manager")
    done = client.post(at(world, stored, "confirm/"), token(confirm))
    become(client, "operator")
    client.post(f"{done.url}undo/")
    assert BulkChange.objects.count() == 1
    assert "Undo" not in words(client.get(done.url))
    assert client.get(payouts(world)).status_code == 403


def test_options_are_added_edited_and_refused_at_their_field(client, acme, world):
    address = payouts(world)
    assert "0% of each sale" in words(client.get(address))
    refused = client.post(address, {"kind": "cpa", "name": "Flat", "amount": "x", "currency": "usd"})
    assert (refused.status_code, PayoutOption.objects.count()) == (422, 1)
    assert "Enter the amount as a number above 0" in words(refused)
    assert 'value="Flat"' in refused.content.decode()
    client.post(address, {"kind": "cpa", "name": "Flat", "amount": "5.50", "currency": "usd", "is_default": "on"})
    flat = PayoutOption.objects.get(name="Flat")
    assert (flat.amount, flat.currency, flat.is_default) == (550, "USD", True)
    edit = f"{address}{flat.pk}/"
    assert 'value="5.50"' in client.get(edit).content.decode()
    client.post(edit, {"kind": "cpa", "name": "Flat rate", "amount": "6", "currency": "USD"})
    flat.refresh_from_db()
    assert (flat.name, flat.amount) == ("Flat rate", 600)
    standard = PayoutOption.objects.get(name="Standard")
    kept = client.post(f"{address}{standard.pk}/", {"kind": "cps", "name": "Standard", "percent": "5"})
    assert (kept.status_code, "stay as they were promised" in words(kept)) == (422, True)
    standard.refresh_from_db()
    assert standard.basis_points == 0
    assert client.get(f"{payouts(make.offer(acme))}{flat.pk}/").status_code == 404


def test_a_new_offer_is_created_with_its_first_option(client, acme, world):
    fields = {
        "name": "Winter", "type": "promo_code", "status": "active", "discount_value": "10", "discount_kind": "percent",
        "pattern": "{first_name}{discount}", "stores": [Store.objects.get().pk],
        "payout_kind": "cps", "payout_percent": "12.5", "payout_name": "Base",
    }  # fmt: skip
    assert "Payout" in words(client.get(reverse("offer_create")))
    refused = client.post(reverse("offer_create"), fields | {"payout_percent": "900"})
    assert (refused.status_code, "from 0 to 100" in words(refused)) == (422, True)
    assert PayoutOption.objects.count() == 1
    client.post(reverse("offer_create"), fields)
    made = PayoutOption.objects.get(offer__name="Winter")
    assert (made.name, made.basis_points, made.is_default) == ("Base", 1250, True)
