"""Orders that a shop's own server tells: signed, once, with every wrong field named."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django_scopes import scope

from offerwell.actions import take_in_told_order as taking
from offerwell.actions.renew_shop_secret import renew_shop_secret
from offerwell.models import Conversion, LedgerEntry, Order, OtherShop, Store
from offerwell.rules.signed_call import signature_of
from tests import make


@pytest.fixture
def shop(acme):
    made = make.other_shop(acme)
    summer = make.offer(acme, "Summer")
    make.payout(summer, is_default=True)
    made.code = make.code(make.enrollment(summer), "NORA20")
    make.history(made.code)
    return made


def order(**fields):
    return {
        "ref": "1001", "placed_at": "2026-11-23T10:00:00Z", "updated_at": "2026-11-23T10:00:00Z", "currency": "USD",
        "lines": [{"net": "100.00"}], "codes": ["nora20"], **fields,
    }  # fmt: skip


def tell(shop, told, *, secret="ows_secret", seconds=0, key=None, **headers):
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    stamp = str(int(timezone.now().timestamp()) + seconds)
    given = {"Offerwell-Timestamp": stamp, "Offerwell-Signature": signature_of(secret, stamp, body), **headers}
    answer = Client().post(
        f"/conversions/{key or shop.key}/orders", body, content_type="application/json", headers=given
    )
    return answer.status_code, answer.json()


def earned():
    return sum(LedgerEntry.objects.filter(account="member").values_list("amount", flat=True))


def nothing():
    return (Order.objects.count(), Conversion.objects.count(), LedgerEntry.objects.count()) == (0, 0, 0)


def test_an_order_is_recorded_once_and_earns(shop):
    assert tell(shop, order()) == (200, {"order": "1001", "is_new": True})
    assert tell(shop, order(lines=[{"net": "900.00"}])) == (200, {"order": "1001", "is_new": False})
    found = Order.objects.get()
    assert (found.store, found.net, found.currency, found.codes, found.decided_by, earned()) == (
        shop.store, 10_000, "USD", ["nora20"], "code", 1000,
    )  # fmt: skip
    assert OtherShop.objects.get().heard_at is not None


def test_a_newer_state_takes_back_and_an_older_one_is_nothing(shop):
    tell(shop, order())
    refunded = order(updated_at="2026-11-23T11:00:00Z", refunds=[{"amount": "25.00", "at": "2026-11-23T11:00:00Z"}])
    assert tell(shop, refunded) == (200, {"order": "1001", "is_new": True})
    assert (Order.objects.get().refunded, earned()) == (2500, 750)
    assert tell(shop, order()) == (200, {"order": "1001", "is_new": False})
    cancelled = order(updated_at="2026-11-23T12:00:00Z", cancelled_at="2026-11-23T12:00:00Z")
    assert tell(shop, cancelled) == (200, {"order": "1001", "is_new": True})
    assert (Conversion.objects.get().status, earned()) == ("withdrawn", 0)


def test_the_same_number_in_two_shops_is_two_orders_and_stays_in_its_workspace(shop, acme, rival):
    theirs = make.other_shop(rival, secret="ows_other")
    second = make.other_shop(acme, secret="ows_second")
    assert tell(shop, order())[0] == tell(second, order(), secret="ows_second")[0] == 200
    assert tell(theirs, order(), secret="ows_other") == (200, {"order": "1001", "is_new": True})
    assert Order.objects.count() == 2
    with scope(workspace=rival):
        # Nora's code is no code of theirs.
        assert (Order.objects.get().decided_by, Conversion.objects.count()) == ("none", 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "ows_wrong"}, {"seconds": -301}, {"seconds": 301}, {"key": "nobody"},
        {"Offerwell-Signature": ""}, {"Offerwell-Timestamp": "yesterday"}, {"Offerwell-Signature": "v1=é"},
    ],
)  # fmt: skip
def test_who_is_not_the_shop_is_told_nothing(shop, wrong):
    status, said = tell(shop, order(), **wrong)
    assert (status, list(said)) == (401, ["problems"])
    assert nothing()


def test_the_shops_own_people_see_why(shop):
    tell(shop, order(), secret="ows_wrong")
    assert OtherShop.objects.get().refused_why == "The signature is wrong."
    OtherShop.objects.update(refused_at=None)
    tell(shop, order(), seconds=-400)
    assert OtherShop.objects.get().refused_why == "The time it was signed is more than five minutes off."


def test_an_old_secret_verifies_for_a_day(shop, acme):
    now = timezone.now()
    made = renew_shop_secret(workspace_id=acme.pk, store_id=shop.store_id, by=make.ANA, at=now)
    assert tell(shop, order(), secret="ows_secret")[0] == 200
    assert tell(shop, order(ref="2"), secret=made.secret)[0] == 200
    OtherShop.objects.update(previous_secret_until=now - timedelta(seconds=1))
    assert tell(shop, order(ref="3"), secret="ows_secret")[0] == 401
    assert set(Order.objects.values_list("ref", flat=True)) == {"1001", "2"}


@pytest.mark.parametrize(
    ("told", "problems"),
    [
        (b"{", {"": "The body is not JSON."}),
        (b"\xff", {"": "The body is not UTF-8."}),
        (b"[]", {"": "Send one order: a JSON object."}),
        (b"[" * 50_000, {"": "The body is not JSON."}),
        (b'{"ref": "1", "ref": "2"}', {"ref": "This field is there twice."}),
        (order(lines=[]), {"lines": "An order has at least one line. Send one for the whole where only the sum is known."}),
        (order(currency="XXX"), {"currency": "This shop sells in USD, not “XXX”. Convert the sums."}),
        (order(lines=[{"net": "-1.00"}]), {"lines.0.net": "A sum is never below zero. What went back stands in refunds."}),
        (order(lines=[{"net": "1.001"}]), {"lines.0.net": 'This is no sum of USD. Send it as "12.50".'}),
        (order(lines=[{"net": 10**400}]), {"lines.0.net": 'This is no sum of USD. Send it as "12.50".'}),
        (order(refunds=[{"amount": "100.01"}]),
         {"refunds": "More went back than the lines came to. Refunds are without tax and shipping."}),
        (order(refunds=[{"amount": "1.00", "at": "2026-11-23T09:59:59Z"}]), {"refunds.0.at": "This is before placed_at."}),
        (order(updated_at="2026-11-23T09:59:59Z"), {"updated_at": "This is before placed_at."}),
        (order(placed_at="2099-01-01T00:00:00Z", updated_at="2099-01-01T00:00:00Z"),
         dict.fromkeys(("placed_at", "updated_at"), "This is in the future. Look at the server’s clock.")),
        (order(placed_at="2026-11-23 10:00"), {"placed_at": "Send a time with its offset, as 2026-11-27T10:00:00Z."}),
        (order(ref=""), {"ref": "Send a text."}),
        (order(ref="x" * 81), {"ref": "This is 81 characters long. Send at most 80."}),
        (order(codes=["a\0b"]), {"codes": "Send a list of at most 20 texts of at most 255 characters."}),
        (order(lines=[{"net": "1.00", "quantity": 1, "refunded_quantity": 2}]),
         {"lines.0.refunded_quantity": "Send a whole number from 0 to 1."}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_kept(shop, told, problems):
    assert tell(shop, told) == (422, {"problems": problems})
    assert nothing()
    assert OtherShop.objects.get().refused_why


def test_a_misspelt_field_is_told(shop):
    status, said = tell(shop, order(cancelled="2026-11-23T10:00:00Z"))
    assert (status, list(said["problems"])) == (422, ["cancelled"])
    assert said["problems"]["cancelled"].startswith("No such field. There are cancelled_at, click, codes,")
    assert nothing()


def test_large_bodies_floods_and_other_verbs_are_refused(shop, monkeypatch):
    assert tell(shop, b"x" * (1024 * 1024 + 1))[0] == 413
    assert tell(shop, b"x" * 10_000_000)[0] == 413
    assert Client().get(f"/conversions/{shop.key}/orders").status_code == 405
    monkeypatch.setattr(taking, "MOST_A_MINUTE", 1)
    monkeypatch.setattr(taking, "count_call", _counted(taking.count_call))
    assert [tell(shop, order())[0], tell(shop, order(ref="2"))[0]] == [200, 429]
    assert Order.objects.count() == 1


def _counted(count):
    """In one minute, whatever the clock says."""
    return lambda sender, *, most, now: count(f"{sender}-flood", most=most, now=0)


def test_a_shop_that_is_off_is_told_so(shop):
    Store.objects.update(is_on=False)
    assert tell(shop, order()) == (403, {"problems": {"": "This store is switched off in Offerwell."}})
    assert nothing()
