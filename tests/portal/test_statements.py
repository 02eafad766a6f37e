"""A creator's own statements: what is paid and due, line by line; a draft, and somebody else's, are not there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_scopes import scope

from offerwell.actions.approve_payout import approve_payout
from offerwell.actions.draft_payout import draft_payout
from offerwell.actions.pay_statements import Proof, pay_statement, return_payment
from offerwell.models import Event, Order, PayoutAddress, Statement
from offerwell.queries.payout_digest import payout_digest
from tests import make
from tests.portal.conftest import now, portal_of, words


def coded(workspace, store, who, text, offer_name):
    with scope(workspace=workspace):
        offer = make.offer(workspace, offer_name, stores=[store])
        place = make.enrollment(offer, who, make.payout(offer, is_default=True))
        make.history(make.code(place, text))
        return place


def drawn(workspace):
    with scope(workspace=workspace):
        return draft_payout(workspace_id=workspace.pk, last_day=now().date(), by=make.ANA, at=now())


def approved(workspace):
    run = drawn(workspace)
    with scope(workspace=workspace):
        return approve_payout(
            workspace_id=workspace.pk, run_id=run.pk, digest=payout_digest(run), by=make.ANA, at=now()
        )


@pytest.fixture
def glow(acme):
    return make.store(acme, "Glow")


@pytest.fixture
def sold(acme, glow, stella):
    place = coded(acme, glow, stella, "STELLA20", "Summer Glow")
    coded(acme, glow, make.member(acme, "Zoe", email="zoe@example.com"), "ZOE20", "Zoe offer")
    at = now() - timedelta(minutes=1)
    make.recorded(
        glow, make.snapshot("1", net=8_000, codes=["STELLA20"], placed_at=at),
        make.snapshot("2", net=77_700, codes=["ZOE20"], placed_at=at), at=at,
    )  # fmt: skip
    return place


def own(place):
    return Statement.objects.get(member=place.member)


def test_from_due_to_paid_and_back(portal, acme, sold):
    assert "Earned in all 8.00 USD Paid – Due 8.00 USD" in words(portal.get("/portal/earnings/"))
    run = approved(acme)
    page = words(portal.get("/portal/earnings/"))
    assert "Statements Payout up to" in page
    assert "To pay 8.00 USD" in page
    said = {"workspace_id": acme.pk, "statement_id": own(sold).pk, "by": make.ANA, "at": now()}
    pay_statement(proof=Proof(now().date(), "B-7"), **said)
    assert "Earned in all 8.00 USD Paid 8.00 USD Due –" in words(portal.get("/portal/earnings/"))
    page = words(portal.get(f"/portal/earnings/statements/{own(sold).pk}/"))
    assert "Paid to you 8.00 USD" in page
    assert "reference B-7" in page
    assert (own(sold).hash in page, "#1" in page, run.pk > 0) == (True, True, True)
    return_payment(proof=Proof(now().date(), "account closed, ask Finance"), **said)
    page = words(portal.get(f"/portal/earnings/statements/{own(sold).pk}/"))
    assert ("Returned" in page, "Came back 8.00 USD" in page, "ask Finance" in page) == (True, True, False)
    assert "– due" not in words(portal.get("/portal/"))


def test_a_later_refund_is_told_and_does_not_change_the_statement(portal, acme, glow, sold):
    approved(acme)
    before = words(portal.get(f"/portal/earnings/statements/{own(sold).pk}/"))
    placed_at = Order.objects.get(ref="1").placed_at
    make.recorded(
        glow, make.snapshot("1", net=8_000, codes=["STELLA20"], minutes=9, given_back=3_000, placed_at=placed_at)
    )
    assert words(portal.get(f"/portal/earnings/statements/{own(sold).pk}/")) == before
    second = approved(acme)
    page = words(portal.get(f"/portal/earnings/statements/{Statement.objects.get(run=second).pk}/"))
    assert "Nothing is paid this time" in page
    assert "Carried forward −3.00 USD, to your next statement" in page


def test_a_draft_is_not_shown(portal, acme, sold):
    drawn(acme)
    assert portal.get(f"/portal/earnings/statements/{own(sold).pk}/").status_code == 404
    assert "Statements" not in words(portal.get("/portal/earnings/"))


def test_somebody_elses_statement_is_not_there(acme, rival, portal, sold):
    with scope(workspace=rival):
        store = make.store(rival, "Rival shop")
    coded(rival, store, make.member(rival, "Rita"), "RITA20", "Rival offer")
    make.recorded(store, make.snapshot("4", net=55_500, codes=["RITA20"]))
    approved(rival)
    approved(acme)
    with scope(workspace=rival):
        theirs = Statement.objects.get().pk
    zoe = Statement.objects.get(member__first_name="Zoe").pk
    assert [portal.get(f"/portal/earnings/statements/{pk}/").status_code for pk in (theirs, zoe)] == [404, 404]
    page = words(portal.get("/portal/earnings/"))
    assert [text for text in ("Zoe", "77.70", "Rival", "55.50") if text in page] == []
    assert words(portal_of("zoe@example.com").get(f"/portal/earnings/statements/{zoe}/")).count("77.70 USD") == 3


def test_an_order_that_became_somebody_elses_says_nothing_of_them(portal, acme, glow, sold):
    approved(acme)
    make.recorded(glow, make.snapshot("1", net=8_000, codes=["ZOE20"], minutes=9, placed_at=make.NOW))
    second = approved(acme)
    for statement in Statement.objects.filter(member=sold.member):
        page = words(portal.get(f"/portal/earnings/statements/{statement.pk}/"))
        assert ("#1" in page, "Zoe" in page) == (True, False)
    assert Statement.objects.get(run=second, member=sold.member).earned == -800


def test_the_payout_email_is_set_and_taken_back_in_settings(portal, acme, stella):
    page = portal.post("/portal/settings/payout/", {"payout_email": "stella@pay.example"}, follow=True)
    assert "Saved. Your next payments go there." in words(page)
    assert 'value="stella@pay.example"' in page.content.decode()
    assert list(PayoutAddress.objects.values_list("member_id", "email")) == [(stella.pk, "stella@pay.example")]
    assert list(Event.objects.values_list("kind", "actor_name", "door")) == [
        ("payout_address_set", "Stella Adeyemi", "portal")
    ]
    page = portal.post("/portal/settings/payout/", {"payout_email": "nonsense"})
    assert (page.status_code, "Enter one e-mail address" in words(page)) == (422, True)
    assert ('value="nonsense"' in page.content.decode(), PayoutAddress.objects.count()) == (True, 1)
    portal.post("/portal/settings/payout/", {"payout_email": ""})
    assert PayoutAddress.objects.count() == 0


def test_strangers_set_nothing(client, acme, stella):
    assert client.post("/portal/settings/payout/", {"payout_email": "x@y.example"}).status_code == 302
    assert PayoutAddress.objects.count() == 0


def test_the_own_data_has_statements_and_the_payout_email(portal, acme, sold):
    approved(acme)
    portal.post("/portal/settings/payout/", {"payout_email": "stella@pay.example"})
    brand = portal.get("/portal/settings/export.json").json()["brands"][0]
    assert brand["payout_email"] == "stella@pay.example"
    assert [(one["currency"], one["earned"], one["pays"], one["paid"]) for one in brand["statements"]] == [
        ("USD", "8.00", "8.00", "0.00")
    ]
