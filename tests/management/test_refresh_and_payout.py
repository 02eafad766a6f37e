"""`offers refresh` and `offers payout`: plan, confirm, repeat, refusals, undo; JSON and words."""

from __future__ import annotations

import pytest

from offerwell.models import (
    BulkChange,
    CodeProposal,
    Enrollment,
    Event,
    PayoutOption,
    PayoutRules,
    PromoCode,
    ProposalBatch,
    Store,
)
from tests import make
from tests.actions.collection_shops import shops

__all__ = ["shops"]


@pytest.fixture
def summer(acme):
    store = make.store(acme, "Glow", is_on=False)
    offer = make.offer(acme, "Summer", type="promo_code", stores=[store])
    for first in ("Nora", "Mia"):
        place = make.enrollment(offer, make.member(acme, first, "Lind", email=f"{first.lower()}@example.com"))
        make.history(make.code(place, f"{first.upper()}20", stores=[store]))
    return offer


NO_FIELD = "{x} is not a field. Use {first_name}, {last_name}, {first_initial}, {last_initial}, {handle} or {discount}."


def texts():
    return list(PromoCode.objects.order_by("pk").values_list("text", flat=True))


def nothing_happened():
    return (texts(), BulkChange.objects.count(), Event.objects.count(), CodeProposal.objects.count()) == (
        ["NORA20", "MIA20"], 0, 0, 0,
    )  # fmt: skip


def test_a_refresh_is_planned_with_its_proposals_and_changes_nothing(told, command, summer):
    plan, code = told("offers", "refresh", "Summer", "--all", "--pattern", "GLOW{first_name}", "--plan")
    assert len(plan.pop("digest")) == 64
    assert (plan, code) == ({
        "offer": "Summer", "what": "refresh", "target": "new_text", "part": "codes", "selected": 2, "will_change": 2,
        "already_so": 0, "excluded": 0, "excluded_reasons": {},
        "proposals": [
            {"code": "NORA20", "new": "GLOWNORA", "member": "Nora Lind"},
            {"code": "MIA20", "new": "GLOWMIA", "member": "Mia Lind"},
        ],
    }, 0)  # fmt: skip
    said = command("offers", "refresh", "Summer", "--all", "--pattern", "GLOW{first_name}", "--plan").stdout
    assert "Refresh codes of “Summer”" in said
    assert nothing_happened()
    assert ProposalBatch.objects.count() == 0


def test_a_refresh_with_yes_is_applied_and_a_repeat_of_its_key_is_the_same(told, summer):
    ask = ("offers", "refresh", "Summer", "--member", "nora@example.com", "--pattern", "GLOW{first_name}", "--yes")
    change, code = told(*ask, "--key", "k1")
    kept = BulkChange.objects.get()
    assert (change["id"], change["what"], change["target"], change["changed"], code) == (
        kept.pk, "refresh", "new_text", 1, 0,
    )  # fmt: skip
    assert texts() == ["GLOWNORA", "MIA20"]
    again, code = told(*ask, "--key", "k1")
    assert (again["id"], code, BulkChange.objects.count(), texts()) == (kept.pk, 0, 1, ["GLOWNORA", "MIA20"])
    other, code = told("offers", "refresh", "Summer", "--all", "--yes", "--key", "k1")
    assert (other["error"], code) == (f"The key was used for another change, number {kept.pk}. Nothing was done.", 1)
    undone, code = told("changes", "undo", kept.pk, "--yes")
    assert (undone["target"], undone["changed"], code, texts()) == ("as_before", 1, 0, ["NORA20", "MIA20"])
    listed, _ = told("changes", "list")
    assert [(row["what"], row["undoes"]) for row in listed] == [("refresh", kept.pk), ("refresh", None)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["Summer", "--all"], "Nothing was done: a change needs a confirmation."),
        (["Summer", "--all", "--pattern", "{x}", "--yes"], NO_FIELD),
        (["Links", "--all", "--yes"], "“Links” has no codes."),
    ],
)  # fmt: skip
def test_a_refresh_that_cannot_be_is_refused_and_nothing_happens(told, acme, summer, arguments, sentence):
    make.offer(acme, "Links", type="sales_link")
    body, code = told("offers", "refresh", *arguments)
    assert (body["error"], code) == (sentence, 1)
    assert nothing_happened()


def test_payout_options_are_added_and_listed(told, command, summer):
    made, code = told("offers", "payout", "add", "Summer", "Gold=cpa+cps:5USD+3", "--default")
    assert ({k: made[k] for k in ("name", "kind", "basis_points", "amount", "currency", "is_default")}, code) == (
        {"name": "Gold", "kind": "cpa_cps", "basis_points": 300, "amount": 500, "currency": "USD", "is_default": True},
        0,
    )
    rows, _ = told("offers", "payout", "list", "Summer")
    assert [(row["name"], row["members"], row["is_default"]) for row in rows] == [
        ("Gold", 0, True), ("Standard", 2, False),
    ]  # fmt: skip
    assert "5.00 USD per conversion + 3% of each sale" in command("offers", "payout", "list", "Summer").stdout


def test_rules_and_tiers_are_set_told_and_taken_away(told, command, summer):
    ask = ("offers", "payout", "rules", "Summer", "Standard")
    assert told(*ask)[0]["rules"] == []
    body, code = told(
        *ask, "--add", "15: product=Serum", "--add", "20: value=5000USD", "--tiers", "conversions/month:10=12"
    )
    assert (code, body["terms"]) == (
        0,
        "0% of each sale · 15% on Serum · 20% from 5,000.00 USD · 12% after 10 conversions in the calendar month",
    )
    body, _ = told(*ask, "--remove", "1", "--tiers", "none")
    assert (body["rules"], body["tiers"]) == ([{"basis_points": 2000, "at_least": 500_000, "currency": "USD"}], {})
    assert "Everything else: 0% of each sale.\n1. 20% from 5,000.00 USD\n" in command(*ask).stdout
    assert (PayoutRules.objects.count(), Event.objects.count()) == (2, 2)


def test_a_rule_about_a_collection_is_set_and_read_again(told, command, summer, shops):
    Store.objects.update(is_on=True)
    store = summer.store_links.get().store
    shops.of(store).put("77", "Sun", "Serum", "Oil")
    ask = ("offers", "payout", "rules", "Summer", "Standard")
    body, code = told(*ask, "--add", "15: collection=sun; collection=77; product=Mist")
    assert (code, body["terms"]) == (0, "0% of each sale · 15% on Mist, the collection Sun")
    assert f"Collection Sun: 2 products at {store.label}, read " in command(*ask).stdout
    shops.of(store).put("77", "Sun", "Serum")
    body, code = told(*ask, "--read-again")
    assert (code, body["rules"][0]["collections"][0]["parts"][0][2]) == (0, 1)
    del shops.of(store).collections["77"]
    body, code = told(*ask, "--read-again")
    assert (code, body["error"]) == (1, "Not every collection could be read.")
    assert "not read since" in command(*ask).stdout
    assert (PayoutRules.objects.count(), Event.objects.count()) == (2, 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--add", "15: collection=Winter"],
        ["--add", "15"],
        ["--add", "15: colour=red"],
        ["--remove", "3"],
        ["--tiers", "sales:3"],
        ["--add", "101: buyer=new"],
    ],
)
def test_rules_that_cannot_be_are_refused_and_nothing_is_stored(told, summer, arguments):
    body, code = told("offers", "payout", "rules", "Summer", "Standard", *arguments)
    assert (body["error"], code, bool(body["problems"])) == ("The rules were not stored.", 1, True)
    assert (PayoutRules.objects.count(), Event.objects.count()) == (0, 0)


@pytest.mark.parametrize("text", ["Gold=10", "cps:200", "cpc:0.20USD", "Standard=cps:1"])
def test_a_wrong_option_is_refused_and_nothing_is_stored(told, summer, text):
    body, code = told("offers", "payout", "add", "Summer", text)
    assert (body["error"], code, bool(body["problems"])) == ("The payout option was not stored.", 1, True)
    assert (PayoutOption.objects.count(), Event.objects.count()) == (1, 0)


def test_a_payout_is_set_repeated_and_undone(told, command, summer):
    make.payout(summer, "Gold", basis_points=2000)
    plan, _ = told("offers", "payout", "set", "Summer", "gold", "--all", "--plan")
    assert (plan["what"], plan["target"], plan["part"], plan["will_change"]) == ("payout", "Gold", "members", 2)
    assert (BulkChange.objects.count(), Event.objects.count()) == (0, 0)
    ask = ("offers", "payout", "set", "Summer", "Gold", "--all", "--yes", "--key", "k")
    change, code = told(*ask, "--digest", plan["digest"])
    assert (change["changed"], change["state"], code) == (2, "done", 0)
    assert told(*ask)[0]["id"] == change["id"]
    assert set(Enrollment.objects.values_list("payout_option__name", flat=True)) == {"Gold"}
    assert "payouts changed" in command("changes", "list").stdout
    assert command("changes", "show", change["id"]).stdout.startswith(
        f"Change {change['id']}: 2 payouts of “Summer” changed."
    )
    told("changes", "undo", change["id"], "--yes")
    assert set(Enrollment.objects.values_list("payout_option__name", flat=True)) == {"Standard"}


def test_an_unknown_option_is_told_with_those_there_are(told, summer):
    body, code = told("offers", "payout", "set", "Summer", "Platinum", "--all", "--yes")
    assert (body["error"], code) == ("“Summer” has no payout option “Platinum”.", 1)
    assert (body["next"], BulkChange.objects.count()) == ("Use one of: Standard.", 0)


def test_an_offer_is_created_with_its_options(told, acme):
    make.store(acme, "Glow")
    told("offers", "create", "Winter", "--percent", "10", "--payout", "cps:12", "--payout", "VIP=cpa:5USD")
    assert list(PayoutOption.objects.order_by("pk").values_list("name", "is_default")) == [
        ("12% of each sale", True), ("VIP", False),
    ]  # fmt: skip
    body, code = told("offers", "create", "Spring", "--percent", "10", "--payout", "cps:1000")
    assert (body["error"], code, PayoutOption.objects.count()) == ("The payout option was not stored.", 1, 2)
