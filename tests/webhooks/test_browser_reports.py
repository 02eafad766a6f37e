"""What browsers report: kept as evidence, credited only after a person's or the shop's own word, from listed pages alone."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from offerwell.actions import take_in_browser_report as taking
from offerwell.actions.judge_conversion import judge_conversion
from offerwell.actions.set_attribution_rules import set_attribution_rules
from offerwell.models import BrowserReport, Click, Conversion, LedgerEntry, Order, OtherShop
from offerwell.ui.snippet import INTEGRITY
from tests import make
from tests.webhooks.test_told_orders import order, tell


@pytest.fixture
def shop(acme):
    made = make.other_shop(acme)
    summer = make.offer(acme, "Summer")
    make.payout(summer, is_default=True)
    made.nora = make.enrollment(summer)
    make.history(make.code(made.nora, "NORA20"))
    made.max = make.enrollment(summer, make.member(acme, "Max", "Weber"))
    return made


def clicked(place, *, days=1.0, at=None):
    link = make.link(place)
    at = at or timezone.now() - timedelta(days=days)
    return str(
        Click.objects.create(
            workspace=place.workspace, link_id=link.pk, offer_id=link.offer_id, member_id=place.member_id, key=uuid4(),
            at=at, day=at.date(), outcome="click", visitor="v", origin="o",
        ).key
    )  # fmt: skip


def report(shop, *, origin="https://shop.example", key=None, method="post", body=None, **fields):
    told = {"ref": "1001", "net": "100.00", "currency": "USD", "codes": [], "clicks": [], **fields}
    return getattr(Client(), method)(
        f"/conversions/{key or shop.key}/browser", body or json.dumps(told), content_type="text/plain",
        headers={"Origin": origin},
    )  # fmt: skip


def earned():
    return sum(LedgerEntry.objects.filter(account="member").values_list("amount", flat=True))


def nothing():
    return (Order.objects.count(), BrowserReport.objects.count(), LedgerEntry.objects.count()) == (0, 0, 0)


def test_a_report_waits_until_a_person_accepts_it(shop, acme):
    answer = report(shop, clicks=[clicked(shop.nora)])
    assert (answer.status_code, answer.json()) == (200, {"is_new": True})
    assert (answer["Access-Control-Allow-Origin"], answer["Vary"]) == ("https://shop.example", "Origin")
    found, conversion = Order.objects.get(), Conversion.objects.get()
    assert (found.is_unconfirmed, found.net, found.decided_by, conversion.member) == (
        True, 10_000, "browser", shop.nora.member,
    )  # fmt: skip
    assert (conversion.status, conversion.rejected_reason, earned()) == (
        "rejected", "Only a browser told of this order; the shop has not confirmed it yet.", 0,
    )  # fmt: skip
    judge_conversion(
        workspace_id=acme.pk, conversion_id=conversion.pk, is_accepted=True, by=make.ANA, at=timezone.now()
    )
    assert (Conversion.objects.get().status, earned()) == ("accepted", 1000)


def test_the_shops_own_word_confirms_and_its_sums_count(shop):
    report(shop, clicks=[clicked(shop.nora)])
    now = timezone.now().isoformat()
    assert tell(shop, order(codes=[], placed_at=now, updated_at=now))[0] == 200
    found = Order.objects.get()
    assert (found.is_unconfirmed, found.decided_by, Conversion.objects.get().status, earned()) == (
        False, "browser", "accepted", 1000,
    )  # fmt: skip


def test_a_report_after_the_shops_word_adds_the_click(shop):
    now = timezone.now().isoformat()
    tell(shop, order(codes=[], placed_at=now, updated_at=now))
    assert (Order.objects.get().decided_by, earned()) == ("none", 0)
    assert report(shop, clicks=[clicked(shop.max), clicked(shop.nora, days=2)]).json() == {"is_new": True}
    assert (Conversion.objects.get().member, Order.objects.get().net, earned()) == (shop.max.member, 10_000, 1000)


def test_whoever_guesses_numbers_before_the_buyer_gains_nothing(shop):
    report(shop, net="1.00", clicks=[clicked(shop.max)])
    now = timezone.now().isoformat()
    tell(shop, order(codes=[], placed_at=now, updated_at=now))
    assert (Order.objects.get().decided_by, earned()) == ("none", 0)
    assert report(shop, clicks=[clicked(shop.nora)]).json() == {"is_new": True}
    assert (Conversion.objects.get().member, earned()) == (shop.nora.member, 1000)
    assert report(shop, clicks=[clicked(shop.max)]).json() == {"is_new": False}
    assert Conversion.objects.get().member == shop.nora.member


def test_only_the_window_counts_and_the_last_click_wins(shop):
    report(shop, clicks=[clicked(shop.nora, days=3), clicked(shop.max, days=29)])
    verdicts = [(one["way"], one["member"], one["verdict"]) for one in Order.objects.get().candidates]
    assert verdicts == [
        ("browser", shop.nora.member_id, "decides"), ("browser", shop.max.member_id, "too_old"),
    ]  # fmt: skip


def test_a_workspace_may_take_a_browsers_word(shop, acme):
    set_attribution_rules(
        workspace_id=acme.pk, first="code", window_days=28, trusts_browsers=True, by=make.ANA, at=timezone.now()
    )
    report(shop, codes=["nora20"])
    assert (Order.objects.get().is_unconfirmed, Conversion.objects.get().status, earned()) == (False, "accepted", 1000)


def test_the_same_order_again_is_nothing(shop):
    assert report(shop, codes=["NORA20"]).json() == {"is_new": True}
    assert report(shop, net="900.00", codes=["NORA20"]).json() == {"is_new": False}
    assert (Order.objects.get().net, BrowserReport.objects.count()) == (10_000, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"}, {"origin": "https://shop.example.evil.example"}, {"origin": "null"},
        {"origin": ""}, {"origin": "https://sub.shop.example"}, {"origin": "https://shop.example:444"}, {"key": "nobody"},
    ],
)  # fmt: skip
def test_other_pages_are_not_heard(shop, wrong):
    for method in ("post", "options"):
        answer = report(shop, method=method, **wrong)
        assert (answer.status_code, answer.get("Access-Control-Allow-Origin")) == (403, None)
    assert nothing()


def test_a_neighbours_click_and_key_credit_nobody_here(shop, rival):
    make.other_shop(rival, key="theirs")
    theirs = clicked(make.enrollment(make.offer(rival, "Theirs")))
    report(shop, clicks=[theirs])
    assert (Order.objects.get().decided_by, Conversion.objects.count()) == ("none", 0)


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"net": "-1"}, {"net"}), ({"currency": "EUR"}, {"currency"}), ({"ref": ""}, {"ref"}), ({"clicks": ["x"] * 6}, {"clicks"}),
        ({"email": "n@example.com"}, {"email"}), ({"body": "{"}, {""}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(shop, fields, problems):
    answer = report(shop, **fields)
    assert (answer.status_code, set(answer.json()["problems"])) == (422, problems)
    assert nothing()


def test_floods_and_large_bodies_are_refused(shop, monkeypatch):
    assert report(shop, body="x" * 8193).status_code == 413
    count = taking.count_call
    monkeypatch.setattr(taking, "count_call", lambda sender, *, most, now: count(f"{sender}-flood", most=most, now=0))
    answers = [report(shop, ref=str(number)).status_code for number in range(32)]
    assert answers == [200] * 30 + [429] * 2
    assert BrowserReport.objects.count() == 30


def test_pages_that_ask_first_are_told(shop):
    answer = report(shop, method="options")
    assert (answer.status_code, answer["Access-Control-Allow-Methods"]) == (204, "POST")
    assert OtherShop.objects.get().browser_heard_at is None


def test_the_snippet_never_changes():
    answer = Client().get("/conversions/offerwell.1.js")
    assert "immutable" in answer["Cache-Control"]
    assert len(answer.content) < 2048
    # Shops hold the file to this hash. Something to change? Make it offerwell.2.js, and keep this one.
    assert hashlib.sha384(answer.content).digest() == base64.b64decode(INTEGRITY.removeprefix("sha384-"))
    assert INTEGRITY == "sha384-fsyzrm6P7dFDvAWI/Pd1NuOTRkyQeOg16o7fCmhQhOAPjuIRKJoyLLz5jiVJgMml"
    assert Client().post("/conversions/offerwell.1.js").status_code == 405
