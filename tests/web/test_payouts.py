"""Reporting › Payouts: draw up, look, approve, files, payments; nothing of a rival's, nothing for other roles."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_scopes import scope

from offerwell.actions.approve_payout import approve_payout
from offerwell.actions.draft_payout import draft_payout
from offerwell.actions.finish_approval import CHANGED, finish_approval
from offerwell.actions.pay_statements import Proof, pay_statement
from offerwell.actions.set_payout_address import set_payout_address
from offerwell.models import Event, Order, Payment, PayoutPolicy, PayoutRun, Statement
from offerwell.queries.payout_digest import payout_digest
from offerwell.queries.payout_runs import LeftOut, left_out, run_row, statement_page
from tests import make
from tests.web.page_words import words

LIST = "/reporting/payouts/"
AT = make.NOW + timedelta(days=1)
DAY = make.NOW.date()


@pytest.fixture(autouse=True)
def _later(monkeypatch):
    """The clock of the tests' orders."""
    for name in ("list_views", "run_views", "pay_views"):
        monkeypatch.setattr(f"offerwell.web.payouts.{name}.timezone.now", lambda: AT)


@pytest.fixture
def glow(acme):
    return make.store(acme, "Glow")


@pytest.fixture
def offer(acme, glow):
    offer = make.offer(acme, "Summer", stores=[glow])
    make.payout(offer, "Ten", is_default=True)
    return offer


def joined(offer, first, code, email=None):
    place = make.enrollment(offer, make.member(offer.workspace, first, email=email))
    make.history(make.code(place, code))
    return place


@pytest.fixture
def sold(glow, offer):
    joined(offer, "Nora", "NORA10", "nora@example.com")
    joined(offer, "Omar", "OMAR10", "")
    return make.recorded(glow, make.snapshot("1", codes=["NORA10"]), make.snapshot("2", codes=["OMAR10"], net=5_000))


@pytest.fixture
def signed_in(acme, client):
    def as_a(role):
        make.sign_in(client, make.user(acme, role=role))
        return client

    return as_a


def drawn(workspace):
    return draft_payout(workspace_id=workspace.pk, last_day=DAY, by=make.ANA, at=AT)


def approved(workspace):
    run = drawn(workspace)
    return approve_payout(workspace_id=workspace.pk, run_id=run.pk, digest=payout_digest(run), by=make.ANA, at=AT)


def digest_in(page):
    return re.search(r'name="digest" value="(\w+)"', page.content.decode())[1]


def test_a_manager_draws_up_looks_and_approves(signed_in, acme, sold):
    client = signed_in("manager")
    page = client.get(LIST)
    assert 'value="2026-10-31"' in page.content.decode()
    page = client.post(LIST, {"last_day": DAY.isoformat()}, follow=True)
    run = PayoutRun.objects.get()
    assert "Payout up to 23 Nov 2026 Draft" in words(page)
    assert "1 member cannot be paid by file." in words(page)
    assert "Nora Dubois nora@example.com Draft – 10.00 USD – 10.00 USD" in words(page)
    page = client.get(reverse("payout_approve", args=[run.pk]))
    assert "Approve 2 payments?" in words(page)
    page = client.post(reverse("payout_approve", args=[run.pk]), {"digest": digest_in(page)}, follow=True)
    run.refresh_from_db()
    assert (run.state, "Payout up to 23 Nov 2026 To pay" in words(page)) == ("approved", True)
    assert f'/{run.pk}/paypal/USD-1.csv"' in page.content.decode()


@pytest.fixture
def approving(monkeypatch, signed_in, acme, sold):
    """Confirmed on the page, and left to a worker; with the page that follows."""
    monkeypatch.setattr("offerwell.actions.approve_payout.AT_ONCE", 0)
    client, run = signed_in("manager"), drawn(acme)
    shown = digest_in(client.get(reverse("payout_approve", args=[run.pk])))
    page = client.post(reverse("payout_approve", args=[run.pk]), {"digest": shown}, follow=True)
    return client, run, page


def test_very_many_are_approved_by_a_worker_while_the_page_tells_how_far_it_is(approving):
    client, run, page = approving
    assert "Payout up to 23 Nov 2026 Approving" in words(page)
    assert "0 of 2 statements You can leave this page: it goes on." in words(page)
    assert "confirmed by Ana Lopez" in words(page)
    assert "Nora Dubois nora@example.com Approving – 10.00 USD – 10.00 USD" in words(page)
    listed = words(client.get(LIST))
    assert "Approving confirmed by Ana Lopez · 0 of 2 statements" in listed
    assert "Payout up to 23 Nov 2026 is being approved. The next one can be drawn up when that is done." in listed
    address = reverse("payout_run", args=[run.pk])
    fragment = client.get(address, headers={"HX-Request": "true"})
    assert ("<html" in fragment.content.decode(), fragment.headers.get("HX-Refresh")) == (False, None)
    finish_approval(run_id=run.pk)
    assert client.get(address, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    page = words(client.get(address))
    assert ("Payout up to 23 Nov 2026 To pay" in page, "approved by Ana Lopez" in page, "2 of 2" in page) == (
        True, True, False,
    )  # fmt: skip


def test_nothing_of_it_is_paid_exported_or_changed_before(approving, acme):
    client, run, page = approving
    statement = Statement.objects.filter(run=run).first()
    texts = [text for text in ("Export statements", "Update draft", "Cancel draft", "paypal", "Fingerprint")
             if text in page.content.decode()]  # fmt: skip
    assert texts == []
    one = client.get(reverse("statement", args=[statement.pk])).content.decode()
    assert ("Note as paid" in one, "Fingerprint" in one, "#1" in one) == (False, False, True)
    for route, *more in (("payout_csv",), ("payment_csv", "paypal", "USD", 1)):
        assert client.get(reverse(route, args=[run.pk, *more])).status_code == 404
    for address, fields, said in (
        (LIST, {"last_day": DAY.isoformat()}, "is being approved. Draw up the next one when that is done."),
        (reverse("payout_approve", args=[run.pk]), {"digest": run.digest}, "is being approved already"),
        (reverse("payout_pay", args=[run.pk]), {"shown": 1, "sent_on": DAY.isoformat()}, "is not approved"),
        (reverse("statement_payment", args=[statement.pk]), {"sent_on": DAY.isoformat()}, "is not approved"),
    ):  # fmt: skip
        refused = client.post(address, fields)
        assert (refused.status_code, said in words(refused)) == (422, True)
    cancelled = client.post(reverse("payout_cancel", args=[run.pk]), follow=True)
    assert "is being approved: only a draft can be cancelled" in words(cancelled)
    run.refresh_from_db()
    assert (run.state, Payment.objects.count(), PayoutRun.objects.count()) == ("approving", 0, 1)


def test_what_could_not_be_approved_says_so_on_the_draft_until_it_is_drawn_up(approving, acme):
    client, run, _ = approving
    Order.objects.filter(ref="2").update(placed_at=AT + timedelta(days=2))
    finish_approval(run_id=run.pk)
    page = words(client.get(reverse("payout_run", args=[run.pk])))
    assert (f"Not approved. {CHANGED}" in page, "Payout up to 23 Nov 2026 Draft" in page) == (True, True)
    drawn(acme)
    assert "Not approved." not in words(client.get(reverse("payout_run", args=[run.pk])))


@pytest.mark.parametrize("role", ["operator", "analyst"])
def test_other_roles_cannot_have_it_approved(signed_in, acme, sold, role, monkeypatch):
    monkeypatch.setattr("offerwell.actions.approve_payout.AT_ONCE", 0)
    run = drawn(acme)
    answer = signed_in(role).post(reverse("payout_approve", args=[run.pk]), {"digest": run.digest})
    run.refresh_from_db()
    assert (answer.status_code, run.state, run.approved_by, make.wake_ups) == (403, "draft", "", [])


def test_orders_that_changed_meanwhile_are_shown_before_anything_is_approved(signed_in, acme, glow, sold):
    client, run = signed_in("owner"), drawn(acme)
    shown = digest_in(client.get(reverse("payout_approve", args=[run.pk])))
    make.recorded(glow, make.snapshot("1", codes=["NORA10"], minutes=9, given_back=4_000))
    page = client.post(reverse("payout_approve", args=[run.pk]), {"digest": shown})
    run.refresh_from_db()
    assert (page.status_code, run.state) == (409, "draft")
    assert "Nothing was approved yet. Orders changed since you looked." in words(page)
    assert "11.00 USD" in words(page)


@pytest.mark.parametrize("day", ["", "yesterday", "2030-01-01", "0000-00-00"])
def test_a_bad_day_is_refused_where_it_stands(signed_in, acme, day):
    page = signed_in("manager").post(LIST, {"last_day": day})
    assert (page.status_code, PayoutRun.objects.count(), Event.objects.count()) == (422, 0, 0)
    assert f'value="{day}"' in page.content.decode()
    assert re.search(r"Choose (a day|today)", words(page))


def test_whoever_drew_it_up_cannot_be_the_second_person(signed_in, acme, sold):
    PayoutPolicy.objects.create(workspace=acme, needs_second=True)
    client = signed_in("owner")
    client.post(LIST, {"last_day": DAY.isoformat()})
    run = PayoutRun.objects.get()
    page = client.get(reverse("payout_approve", args=[run.pk]))
    assert ("another owner or manager has to approve it" in words(page), ">Confirm<" in page.content.decode()) == (
        True, False,
    )  # fmt: skip
    page = client.post(reverse("payout_approve", args=[run.pk]), {"digest": digest_in(page)})
    run.refresh_from_db()
    assert (page.status_code, run.state) == (422, "draft")


def test_an_old_session_proves_again_who_it_is(acme, sold, client):
    run = drawn(acme)
    make.sign_in(client, make.user(acme), seconds_ago=3_700)
    digest = payout_digest(run)
    for route, fields in (("payout_approve", {"digest": digest}), ("payout_pay", {"shown": "1"})):
        answer = client.post(reverse(route, args=[run.pk]), fields)
        assert answer.url.startswith("/account/reauthenticate/")
    run.refresh_from_db()
    assert (run.state, Payment.objects.count()) == ("draft", 0)


def test_cancelling_a_draft(signed_in, acme, sold):
    client, run = signed_in("manager"), drawn(acme)
    page = client.post(reverse("payout_cancel", args=[run.pk]), follow=True)
    assert ("Cancelled" in words(page), Statement.objects.count()) == (True, 0)
    page = client.post(reverse("payout_cancel", args=[run.pk]), follow=True)
    assert "only a draft can be cancelled" in words(page)


def test_payments_are_noted_together_and_one_by_one(signed_in, acme, sold):
    client, run = signed_in("manager"), approved(acme)
    pay = reverse("payout_pay", args=[run.pk]) + "?currency=USD"
    assert "Note 1 payment as paid?" in words(client.get(pay))
    page = client.post(pay, {"shown": "2", "sent_on": "2026-11-24"})
    assert (page.status_code, Payment.objects.count()) == (422, 0)
    assert "2 payments were meant, 1 are to be paid now" in words(page)
    page = client.post(pay, {"shown": "1", "sent_on": "2026-11-24", "reference": "B-7"}, follow=True)
    assert "Payout up to 23 Nov 2026 Partly paid" in words(page)
    omar = Statement.objects.get(member__first_name="Omar")
    at = reverse("statement", args=[omar.pk])
    page = client.post(f"{at}payment/", {"what": "paid", "sent_on": "2026-11-24"}, follow=True)
    assert "Paid 24 Nov 2026 – Ana Lopez" in words(page)
    page = client.post(
        f"{at}payment/", {"what": "returned", "sent_on": "2026-11-25", "reference": "closed"}, follow=True
    )
    assert "Omar Dubois Returned" in words(page)
    assert "Came back 25 Nov 2026 closed" in words(page)
    page = client.post(f"{at}payment/", {"what": "returned", "sent_on": "2026-11-25"})
    assert (page.status_code, Payment.objects.count()) == (422, 3)
    page = client.post(f"{at}payment/", {"what": "paid", "sent_on": "no day"})
    assert ("Choose the day" in words(page), Payment.objects.count()) == (True, 3)


def test_a_statement_shows_its_lines_and_sums(signed_in, acme, glow, sold):
    approved(acme)
    make.recorded(glow, make.snapshot("1", codes=["NORA10"], minutes=9, given_back=4_000))
    approved(acme)
    first, second = Statement.objects.filter(member__first_name="Nora").order_by("pk")
    client = signed_in("manager")
    page = words(client.get(reverse("statement", args=[first.pk])))
    assert "Opening – Earned 10.00 USD Pays 10.00 USD Carried forward –" in page
    assert "#1 23 Nov 2026 Summer Order 10.00 USD" in page
    assert first.hash in page
    page = words(client.get(reverse("statement", args=[second.pk])))
    assert "Nora Dubois Carried forward" in page
    assert "#1 23 Nov 2026 Summer Refund −4.00 USD" in page


def test_the_files_for_providers_and_for_the_books(signed_in, acme, sold):
    client, run = signed_in("manager"), approved(acme)
    statement = Statement.objects.get(member__first_name="Nora")
    paypal = client.get(reverse("payment_csv", args=[run.pk, "paypal", "USD", 1]))
    assert paypal.content.decode() == (
        f"nora@example.com,10.00,USD,OW{statement.pk},Acme: commission up to 2026-11-23,PAYPAL\r\n"
    )
    wise = client.get(reverse("payment_csv", args=[run.pk, "wise", "USD", 1])).content.decode()
    assert list(csv.reader(StringIO(wise)))[1] == [
        "Nora Dubois", "nora@example.com", f"OW{statement.pk}", "PERSON", "target", "10.00", "USD", "USD",
    ]  # fmt: skip
    for wrong in (("paypal", "EUR", 1), ("paypal", "USD", 2), ("bank", "USD", 1), ("wise", "USD", 0)):
        assert client.get(reverse("payment_csv", args=[run.pk, *wrong])).status_code == 404
    books = b"".join(client.get(reverse("payout_csv", args=[run.pk])).streaming_content).decode()
    rows = list(csv.DictReader(StringIO(books.lstrip("\ufeff"))))
    assert [(row["Member"], row["Paid to"], row["Earned"], row["Pays"]) for row in rows] == [
        ("Nora Dubois", "nora@example.com", "10.00", "10.00"), ("Omar Dubois", "", "5.00", "5.00"),
    ]  # fmt: skip


def test_payments_go_to_the_address_the_creator_set(signed_in, acme, sold):
    run = approved(acme)
    nora = Statement.objects.get(member__first_name="Nora").member
    set_payout_address(members=[nora], email="nora@pay.example", at=AT)
    page = signed_in("manager").get(reverse("payment_csv", args=[run.pk, "paypal", "USD", 1]))
    assert page.content.decode().startswith("nora@pay.example,10.00,")


@pytest.fixture
def forints(glow, offer):
    """Nora earned 598.00 HUF, Omar (no address) 1.01, Pia 598.80 and 12 JPY."""
    for first, email in (("Nora", "nora@example.com"), ("Omar", ""), ("Pia", "pia@example.com")):
        joined(offer, first, f"{first.upper()}10", email)
    make.recorded(
        glow, make.snapshot("1", codes=["NORA10"], currency="HUF", net=598_000),
        make.snapshot("2", codes=["OMAR10"], currency="HUF", net=1_010),
        make.snapshot("3", codes=["PIA10"], currency="HUF", net=598_800),
        make.snapshot("4", codes=["PIA10"], currency="JPY", net=120),
    )  # fmt: skip


NOT_FOR_PAYPAL = "2 payments cannot be in PayPal’s file. PayPal takes no decimals of HUF, JPY and TWD"


def file_of(client, run, *which):
    page = client.get(reverse("payment_csv", args=[run.pk, *which])).content.decode()
    return [row[:3] for row in csv.reader(StringIO(page))]


def test_what_paypal_cannot_take_stays_out_of_its_file_and_is_listed(signed_in, acme, forints):
    client, run = signed_in("manager"), approved(acme)
    assert file_of(client, run, "paypal", "HUF", 1) == [["nora@example.com", "598", "HUF"]]
    assert file_of(client, run, "paypal", "JPY", 1) == [["pia@example.com", "12", "JPY"]]
    wise = client.get(reverse("payment_csv", args=[run.pk, "wise", "HUF", 1])).content.decode()
    assert [row[5] for row in csv.reader(StringIO(wise))] == ["amount", "598.00", "598.80"]
    at = reverse("payout_run", args=[run.pk])
    page = client.get(at)
    assert (NOT_FOR_PAYPAL in words(page), "1 member cannot be paid by file." in words(page)) == (True, True)
    listed = client.get(at, {"view": "not_whole"}).content.decode()
    assert re.findall(r"<bdi>(\w+) Dubois</bdi>", listed) == ["Omar", "Pia"]


def test_only_what_was_in_paypals_file_can_be_noted(signed_in, acme, forints):
    client, run = signed_in("manager"), approved(acme)
    at = reverse("payout_pay", args=[run.pk])
    everything = client.get(at, {"currency": "HUF"})
    assert "Note 2 payments as paid?" in words(everything)
    assert "1 payment of these is in no file for PayPal" in words(everything)
    assert "?currency=HUF&amp;file=paypal" in everything.content.decode()
    of_paypal = f"{at}?currency=HUF&file=paypal"
    page = client.get(of_paypal)
    assert ("Note 1 payment as paid?" in words(page), "1 payment 598.00 HUF" in words(page)) == (True, True)
    assert "1 payment with decimals, which PayPal’s file leaves out, stays to be paid." in words(page)
    refused = client.post(of_paypal, {"shown": 2, "sent_on": DAY.isoformat()})
    assert (refused.status_code, Payment.objects.count()) == (422, 0)
    client.post(of_paypal, {"shown": 1, "sent_on": DAY.isoformat()})
    assert list(Payment.objects.values_list("statement__member__first_name", "amount")) == [("Nora", 59_800)]
    gone = client.get(reverse("payment_csv", args=[run.pk, "paypal", "HUF", 1]), follow=True)
    assert "Nothing is left for this file" in words(gone)
    assert NOT_FOR_PAYPAL in words(gone)


def test_what_files_leave_out_is_one_statement_and_none_once_all_is_paid(acme, forints):
    run = approved(acme)
    row = run_row(run)
    with CaptureQueriesContext(connection) as seen:
        assert left_out(row) == LeftOut(no_address=1, not_whole=2)
    assert len(seen) == 1
    for one in Statement.objects.filter(run=run):
        pay_statement(workspace_id=acme.pk, statement_id=one.pk, proof=Proof(DAY), by=make.ANA, at=AT)
    with CaptureQueriesContext(connection) as seen:
        assert left_out(run_row(run)) == LeftOut()
    assert len(seen) == 1


def test_who_has_no_address_and_is_paid_is_not_missed_any_more(acme, forints):
    run = approved(acme)
    pays = Statement.objects.get(member__first_name="Omar")
    pay_statement(workspace_id=acme.pk, statement_id=pays.pk, proof=Proof(DAY), by=make.ANA, at=AT)
    assert left_out(run_row(run)) == LeftOut(not_whole=1)


def test_a_payout_of_whole_sums_has_no_list_for_paypal(signed_in, acme, sold):
    page = signed_in("manager").get(reverse("payout_run", args=[approved(acme).pk]))
    assert ("PayPal’s file" in words(page), "Not for PayPal" in words(page)) == (False, False)


def test_a_draft_has_no_files(signed_in, acme, sold):
    run = drawn(acme)
    client = signed_in("owner")
    assert client.get(reverse("payment_csv", args=[run.pk, "paypal", "USD", 1])).status_code == 404
    assert "Payment files" not in words(client.get(reverse("payout_run", args=[run.pk])))


def test_views_and_the_search_narrow_the_statements(signed_in, acme, sold):
    client, run = signed_in("manager"), approved(acme)
    at = reverse("payout_run", args=[run.pk])

    def shown(**asked):
        return re.findall(r"<bdi>(\w+) Dubois</bdi>", client.get(at, asked).content.decode())

    assert shown() == shown(view="to_pay") == shown(view="nonsense", after="x") == ["Nora", "Omar"]
    assert (shown(view="no_address"), shown(view="paid"), shown(view="carried")) == (["Omar"], [], [])
    assert (shown(q="omar"), shown(q="nobody")) == (["Omar"], [])


def test_pages_follow_one_another_and_cost_the_same(acme, glow, offer, signed_in):
    for n in range(7):
        joined(offer, f"M{n}", f"M{n}X10")
    make.recorded(glow, *[make.snapshot(str(n), codes=[f"M{n}X10"]) for n in range(7)])
    run = approved(acme)
    seen, after = [], 0
    while after is not None:
        page = statement_page(run, "all", after=after, size=3)
        seen, after = seen + [one.member.first_name for one in page.rows], page.next
    assert seen == [f"M{n}" for n in range(7)]
    client, counts = signed_in("manager"), []
    for q in ("M1", ""):
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("payout_run", args=[run.pk]), {"q": q} if q else {})
        counts.append(len(queries))
    assert counts[0] - counts[1] in {0, 1, 2}


@pytest.mark.parametrize("role", ["operator", "analyst"])
def test_other_roles_see_nothing_of_it(signed_in, acme, sold, role):
    client, run = signed_in(role), approved(acme)
    for route in ("payout_run", "payout_csv", "payout_approve", "payout_pay"):
        assert client.get(reverse(route, args=[run.pk])).status_code == 403
    assert client.post(LIST, {"last_day": DAY.isoformat()}).status_code == 403
    assert "Payouts" not in words(client.get("/reporting/orders/"))
    assert PayoutRun.objects.count() == 1


def test_nothing_of_a_rival_is_found_or_changed(signed_in, acme, rival, sold):
    with scope(workspace=rival):
        store = make.store(rival)
        theirs_offer = make.offer(rival, "Secret offer")
        make.payout(theirs_offer, is_default=True)
        joined(theirs_offer, "Rita", "RITA10")
        make.recorded(store, make.snapshot("secret-77", codes=["RITA10"]))
        theirs = approved(rival)
        statement = Statement.objects.get()
    mine, client = approved(acme), signed_in("owner")
    for route in ("payout_run", "payout_approve", "payout_pay", "payout_csv"):
        assert client.get(reverse(route, args=[theirs.pk])).status_code == 404
    assert client.get(reverse("statement", args=[statement.pk])).status_code == 404
    assert client.get(reverse("payment_csv", args=[theirs.pk, "paypal", "USD", 1])).status_code == 404
    posted = client.post(reverse("statement_payment", args=[statement.pk]), {"what": "paid", "sent_on": "2026-11-24"})
    assert posted.status_code == 404
    pages = words(client.get(LIST)) + words(client.get(reverse("payout_run", args=[mine.pk])))
    assert [text for text in ("Rita", "secret-77", "Secret offer") if text in pages] == []
    with scope(workspace=rival):
        assert Payment.objects.count() == 0


def test_the_rules_are_for_owners_and_kept_in_the_form(signed_in, acme):
    client = signed_in("owner")
    page = client.post(f"{LIST}rules/", {"needs_second": "on", "minimums": "20 USD, many"})
    assert (page.status_code, PayoutPolicy.objects.count()) == (422, 0)
    assert 'value="20 USD, many"' in page.content.decode()
    client.post(f"{LIST}rules/", {"needs_second": "on", "minimums": "20 USD, 2000 JPY"})
    assert PayoutPolicy.objects.values_list("needs_second", "minimums").get() == (True, {"JPY": 2_000, "USD": 2_000})
    assert 'value="2000 JPY, 20.00 USD"' in client.get(f"{LIST}rules/").content.decode()
    assert list(Event.objects.values_list("kind", flat=True)) == ["payout_policy_set"]


def test_a_manager_may_not_set_the_rules(signed_in, acme):
    client = signed_in("manager")
    assert client.post(f"{LIST}rules/", {"minimums": ""}).status_code == 403
    assert "Payout rules" not in words(client.get(LIST))
