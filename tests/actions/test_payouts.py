"""Statements: what is due is drawn up, approved once, never changed; later refunds come on the next one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.actions.approve_payout import DraftOutOfDate, approve_payout
from offerwell.actions.draft_payout import cancel_payout, draft_payout
from offerwell.actions.judge_conversion import JudgementRefused, judge_conversion
from offerwell.actions.pay_statements import Proof, pay_run, pay_statement, return_payment
from offerwell.actions.set_payout_address import InvalidAddress, set_payout_address
from offerwell.actions.set_payout_policy import set_payout_policy
from offerwell.models import (
    Conversion,
    Event,
    LedgerEntry,
    Member,
    Order,
    Payment,
    PayoutAddress,
    PayoutPolicy,
    PayoutRun,
    PayoutTotal,
    Statement,
    StatementEntry,
    User,
)
from offerwell.queries.payout_digest import payout_digest
from offerwell.queries.sales_report import owed
from offerwell.rules.money import Money
from offerwell.rules.permissions import Actor
from offerwell.rules.statements import InvalidPayout
from tests import make

AT = make.NOW + timedelta(days=1)
TODAY = AT.date()
OMAR = Actor(name="Omar Haddad", door="web", user_id=9002)
ANA = Actor(name="Ana Lopez", door="web", user_id=9001)


@pytest.fixture(autouse=True)
def _people(db):
    for who in (ANA, OMAR):
        User.objects.create(pk=who.user_id, email=f"{who.user_id}@example.com", name=who.name)


@pytest.fixture
def glow(acme):
    return make.store(acme)


@pytest.fixture
def offer(acme, glow):
    offer = make.offer(acme, "Summer", stores=[glow])
    make.payout(offer, "Ten", is_default=True)
    return offer


def joined(offer, first, code):
    place = make.enrollment(offer, make.member(offer.workspace, first))
    make.history(make.code(place, code))
    return place


@pytest.fixture
def nora(offer):
    return joined(offer, "Nora", "NORA10")


@pytest.fixture
def omar(offer):
    return joined(offer, "Omar", "OMAR10")


def sold(glow, *snapshots):
    return make.recorded(glow, *[make.snapshot(**one) for one in snapshots])


def drafted(acme, *, day=TODAY, by=ANA):
    return draft_payout(workspace_id=acme.pk, last_day=day, by=by, at=AT)


def approved(acme, *, day=TODAY, at=AT):
    run = draft_payout(workspace_id=acme.pk, last_day=day, by=ANA, at=at)
    return approve_payout(workspace_id=acme.pk, run_id=run.pk, digest=payout_digest(run), by=ANA, at=at)


def shown(run):
    columns = ("member__first_name", "currency", "opening", "earned", "pays", "lines")
    return list(Statement.objects.filter(run=run).order_by("pk").values_list(*columns))


def totals(run):
    columns = ("currency", "statements", "payable", "pays", "carries", "paid_count", "paid")
    return list(PayoutTotal.objects.filter(run=run).order_by("currency").values_list(*columns))


def kinds():
    return list(Event.objects.order_by("seq").values_list("kind", flat=True))


def paid(acme, run, **asked):
    return pay_run(workspace_id=acme.pk, run_id=run.pk, proof=Proof(TODAY, "B-1"), by=ANA, at=AT, **asked)


def test_a_draft_has_a_statement_for_each_member_and_currency_by_name(acme, glow, omar, nora):
    sold(
        glow, {"ref": "1", "codes": ["OMAR10"]}, {"ref": "2", "codes": ["NORA10"], "net": 5_000},
        {"ref": "3", "codes": ["NORA10"], "net": 2_000}, {"ref": "4", "codes": ["NORA10"], "currency": "JPY"},
        {"ref": "5", "codes": ["SPRING"]},
    )  # fmt: skip
    run = drafted(acme)
    assert shown(run) == [
        ("Nora", "JPY", 0, 1_000, 1_000, 1), ("Nora", "USD", 0, 700, 700, 2), ("Omar", "USD", 0, 1_000, 1_000, 1),
    ]  # fmt: skip
    assert totals(run) == [("JPY", 1, 1, 1_000, 0, 0, 0), ("USD", 2, 2, 1_700, 0, 0, 0)]
    assert (StatementEntry.objects.count(), kinds()) == (0, ["payout_drafted"])


def test_orders_count_by_the_day_they_were_placed_in_the_workspaces_zone(acme, glow, nora):
    acme.timezone = "Pacific/Auckland"  # 13 hours ahead: this day began at 11:00 UTC the day before
    acme.save()
    first = make.NOW.replace(day=20, hour=10, minute=59)
    sold(
        glow, {"ref": "1", "codes": ["NORA10"], "placed_at": first},
        {"ref": "2", "codes": ["NORA10"], "placed_at": first + timedelta(minutes=1)},
    )  # fmt: skip
    assert shown(drafted(acme, day=date(2026, 11, 20))) == [("Nora", "USD", 0, 1_000, 1_000, 1)]
    assert shown(drafted(acme, day=date(2026, 11, 21))) == [("Nora", "USD", 0, 2_000, 2_000, 2)]
    assert PayoutRun.objects.count() == 1


@pytest.mark.parametrize("day", [TODAY + timedelta(days=1), date.max])
def test_a_day_to_come_is_refused(acme, glow, nora, day):
    with pytest.raises(InvalidPayout, match="Choose today or an earlier day"):
        drafted(acme, day=day)
    assert (PayoutRun.objects.count(), kinds()) == (0, [])


def test_what_was_approved_stays_and_a_later_refund_is_on_the_next_statement(acme, glow, nora):
    """G12: close, refund, compare."""
    order = sold(glow, {"codes": ["NORA10"]})["1"]
    run = approved(acme)
    before = Statement.objects.values().get()
    assert (len(before["hash"]), list(StatementEntry.objects.values_list("entry__order", flat=True))) == (
        64,
        [order.pk],
    )
    make.recorded(glow, make.snapshot(codes=["NORA10"], minutes=5, given_back=4_000), make.snapshot("2", net=100))
    assert Statement.objects.values().get() == before
    second = approved(acme)
    assert shown(second) == [("Nora", "USD", 0, -400, 0, 1)]
    make.recorded(glow, make.snapshot("3", codes=["NORA10"], net=9_000))
    third = approved(acme)
    assert shown(third) == [("Nora", "USD", -400, 900, 500, 1)]
    assert (shown(run), Statement.objects.values().get(run=run)) == ([("Nora", "USD", 0, 1_000, 1_000, 1)], before)
    assert StatementEntry.objects.count() == LedgerEntry.objects.filter(account="member").count() == 3


def test_nothing_new_means_no_statement_and_nothing_to_approve(acme, glow, nora):
    sold(glow, {"codes": ["NORA10"]})
    approved(acme)
    run = drafted(acme)
    assert (shown(run), totals(run)) == ([], [])
    with pytest.raises(InvalidPayout, match="nothing to pay"):
        approve_payout(workspace_id=acme.pk, run_id=run.pk, digest=payout_digest(run), by=ANA, at=AT)
    run.refresh_from_db()
    assert (run.state, kinds()[-1]) == ("draft", "payout_drafted")


def test_below_the_minimum_waits_and_comes_with_the_next_or_when_the_minimum_falls(acme, glow, nora, omar):
    set_payout_policy(workspace_id=acme.pk, needs_second=False, minimums={"USD": 1_500}, by=ANA, at=AT)
    sold(glow, {"ref": "1", "codes": ["NORA10"]}, {"ref": "2", "codes": ["OMAR10"], "net": 15_000})
    assert shown(approved(acme)) == [("Nora", "USD", 0, 1_000, 0, 1), ("Omar", "USD", 0, 1_500, 1_500, 1)]
    assert shown(drafted(acme)) == []
    set_payout_policy(workspace_id=acme.pk, needs_second=False, minimums={"USD": 1_000}, by=ANA, at=AT)
    assert shown(approved(acme)) == [("Nora", "USD", 1_000, 0, 1_000, 0)]


def test_an_order_that_changed_since_it_was_shown_is_not_approved(acme, glow, nora):
    sold(glow, {"codes": ["NORA10"]})
    run = drafted(acme)
    digest = payout_digest(run)
    make.recorded(glow, make.snapshot(codes=["NORA10"], minutes=5, given_back=4_000))
    with pytest.raises(DraftOutOfDate):
        approve_payout(workspace_id=acme.pk, run_id=run.pk, digest=digest, by=ANA, at=AT)
    run.refresh_from_db()
    assert (run.state, shown(run), StatementEntry.objects.count()) == ("draft", [("Nora", "USD", 0, 600, 600, 2)], 0)
    approve_payout(workspace_id=acme.pk, run_id=run.pk, digest=payout_digest(run), by=ANA, at=AT)
    assert kinds() == ["payout_drafted", "payout_approved"]
    with pytest.raises(InvalidPayout, match="approved already, by Ana Lopez"):
        approve_payout(workspace_id=acme.pk, run_id=run.pk, digest=digest, by=ANA, at=AT)
    assert kinds() == ["payout_drafted", "payout_approved"]


def test_what_was_drawn_up_is_approved_as_it_stands(acme, glow, nora):
    """Nothing is drawn up again where nothing changed: the statements are the very rows that were shown."""
    sold(glow, {"codes": ["NORA10"]})
    run = drafted(acme)
    before = list(Statement.objects.values_list("pk", flat=True))
    approve_payout(workspace_id=acme.pk, run_id=run.pk, digest=payout_digest(run), by=ANA, at=AT)
    assert list(Statement.objects.values_list("pk", flat=True)) == before


@pytest.mark.parametrize("codes", [("NORA10", "OMAR10"), ("OMAR10", "NORA10")])
def test_an_order_of_somebody_without_a_statement_is_noticed(acme, glow, nora, omar, codes):
    """Whether the somebody comes before or after those who have one."""
    sold(glow, {"ref": "1", "codes": [codes[0]]})
    run = drafted(acme)
    digest = payout_digest(run)
    sold(glow, {"ref": "2", "codes": [codes[1]], "net": 5_000})
    with pytest.raises(DraftOutOfDate):
        approve_payout(workspace_id=acme.pk, run_id=run.pk, digest=digest, by=ANA, at=AT)
    run.refresh_from_db()
    hashes = set(Statement.objects.values_list("hash", flat=True))
    assert (run.state, len(shown(run)), hashes, StatementEntry.objects.count()) == ("draft", 2, {""}, 0)


def test_an_order_whose_day_moved_out_of_the_period_is_noticed(acme, glow, nora, omar):
    sold(glow, {"ref": "1", "codes": ["NORA10"]}, {"ref": "2", "codes": ["OMAR10"]})
    run = drafted(acme)
    digest = payout_digest(run)
    Order.objects.filter(ref="2").update(placed_at=AT + timedelta(days=2))
    with pytest.raises(DraftOutOfDate):
        approve_payout(workspace_id=acme.pk, run_id=run.pk, digest=digest, by=ANA, at=AT)
    run.refresh_from_db()
    assert (run.state, shown(run), StatementEntry.objects.count()) == (
        "draft",
        [("Nora", "USD", 0, 1_000, 1_000, 1)],
        0,
    )


@pytest.mark.parametrize(
    ("people", "said"),
    [((ANA, ANA), "You drew this payout up"), ((ANA, Actor("root (command line)", "cli")), "name one with OFFERWELL_AS"),
     ((Actor("root (command line)", "cli"), ANA), "without a login")],
)  # fmt: skip
def test_a_second_person_is_needed_where_the_workspace_wants_it(acme, glow, nora, people, said):
    drawer, approver = people
    set_payout_policy(workspace_id=acme.pk, needs_second=True, minimums={}, by=ANA, at=AT)
    sold(glow, {"codes": ["NORA10"]})
    run = drafted(acme, by=drawer)
    with pytest.raises(InvalidPayout, match=said):
        approve_payout(workspace_id=acme.pk, run_id=run.pk, digest=payout_digest(run), by=approver, at=AT)
    run.refresh_from_db()
    assert (run.state, StatementEntry.objects.count(), kinds()) == ("draft", 0, ["payout_policy_set", "payout_drafted"])


def test_another_person_may_approve(acme, glow, nora):
    set_payout_policy(workspace_id=acme.pk, needs_second=True, minimums={}, by=ANA, at=AT)
    sold(glow, {"codes": ["NORA10"]})
    run = drafted(acme)
    done = approve_payout(workspace_id=acme.pk, run_id=run.pk, digest=payout_digest(run), by=OMAR, at=AT)
    assert (done.state, done.drawn_by, done.approved_by, done.approved_by_id) == (
        "approved", "Ana Lopez", "Omar Haddad", OMAR.user_id,
    )  # fmt: skip


def test_a_cancelled_draft_leaves_all_due(acme, glow, nora):
    sold(glow, {"codes": ["NORA10"]})
    run = cancel_payout(workspace_id=acme.pk, run_id=drafted(acme).pk, by=ANA, at=AT)
    assert (run.state, Statement.objects.count(), totals(run)) == ("cancelled", 0, [])
    done = approved(acme)
    assert done.pk != run.pk
    for wrong in (run, done):
        with pytest.raises(InvalidPayout, match="only a draft can be cancelled"):
            cancel_payout(workspace_id=acme.pk, run_id=wrong.pk, by=ANA, at=AT)
    with pytest.raises(InvalidPayout, match="was cancelled"):
        approve_payout(workspace_id=acme.pk, run_id=run.pk, digest="", by=ANA, at=AT)
    assert (shown(done), kinds()[-1]) == ([("Nora", "USD", 0, 1_000, 1_000, 1)], "payout_approved")


@pytest.mark.parametrize(
    ("sql", "said"),
    [("UPDATE offerwell_statement SET pays = 1", "frozen"), ("DELETE FROM offerwell_statement", "frozen"),
     ("UPDATE offerwell_payoutrun SET state = 'draft'", "frozen"), ("DELETE FROM offerwell_payoutrun", "frozen"),
     ("UPDATE offerwell_statemententry SET statement_id = 0", "append-only"),
     ("DELETE FROM offerwell_statemententry", "append-only"),
     ("UPDATE offerwell_payment SET amount = 1", "append-only"), ("DELETE FROM offerwell_payment", "append-only")],
)  # fmt: skip
def test_an_approved_payout_cannot_be_rewritten_even_by_sql(acme, glow, nora, sql, said):
    sold(glow, {"codes": ["NORA10"]})
    run = approved(acme)
    paid(acme, run)
    before = [list(model.objects.values()) for model in (PayoutRun, Statement, StatementEntry, Payment)]
    with pytest.raises(DatabaseError, match=said), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert [list(model.objects.values()) for model in (PayoutRun, Statement, StatementEntry, Payment)] == before


def test_a_draft_can_be_drawn_again_beside_an_approved_one(acme, glow, nora):
    """The guards are about the row's own payout."""
    sold(glow, {"ref": "1", "codes": ["NORA10"]})
    first = approved(acme)
    sold(glow, {"ref": "2", "codes": ["NORA10"], "net": 500})
    assert shown(drafted(acme)) == shown(drafted(acme)) == [("Nora", "USD", 0, 50, 50, 1)]
    assert shown(first) == [("Nora", "USD", 0, 1_000, 1_000, 1)]


def test_payments_go_and_come_back_and_go_again(acme, glow, nora, omar):
    sold(glow, {"ref": "1", "codes": ["NORA10"]}, {"ref": "2", "codes": ["OMAR10"], "net": 5_000})
    run = approved(acme)
    assert owed(acme) == (Money(1_500, "USD"),)
    assert paid(acme, run) == 2
    assert (totals(run), owed(acme)) == ([("USD", 2, 2, 1_500, 0, 2, 1_500)], ())
    statement = Statement.objects.get(member=nora.member)
    said = {"workspace_id": acme.pk, "statement_id": statement.pk, "by": ANA, "at": AT}
    return_payment(proof=Proof(TODAY, "account closed"), **said)
    assert (totals(run), owed(acme)) == ([("USD", 2, 2, 1_500, 0, 1, 500)], (Money(1_000, "USD"),))
    with pytest.raises(InvalidPayout, match="nothing can have come back"):
        return_payment(proof=Proof(TODAY), **said)
    assert pay_statement(proof=Proof(TODAY, "by bank"), **said) == 1
    with pytest.raises(InvalidPayout, match="paid already"):
        pay_statement(proof=Proof(TODAY), **said)
    rows = Payment.objects.filter(statement=statement).order_by("seq").values_list("seq", "amount", "reference", "by")
    assert list(rows) == [(1, 1_000, "B-1", "Ana Lopez"), (2, -1_000, "account closed", "Ana Lopez"),
                          (3, 1_000, "by bank", "Ana Lopez")]  # fmt: skip
    assert totals(run) == [("USD", 2, 2, 1_500, 0, 2, 1_500)]
    assert kinds() == ["payout_drafted", "payout_approved", "payout_paid", "payment_returned", "payout_paid"]
    with pytest.raises(InvalidPayout, match="Nothing is left to pay"):
        paid(acme, run)
    assert Payment.objects.count() == 4


def test_whoever_has_no_address_is_left_out_and_can_be_paid_by_hand(acme, glow, offer):
    place = make.enrollment(offer, make.member(acme, "Mute", email=""))
    make.history(make.code(place, "MUTE10"))
    formula = make.enrollment(offer, make.member(acme, "Odd", email="=odd@example.com"))
    make.history(make.code(formula, "ODD10"))
    sold(glow, {"ref": "1", "codes": ["MUTE10"]}, {"ref": "2", "codes": ["ODD10"]})
    run = approved(acme)
    with pytest.raises(InvalidPayout, match="Nothing is left to pay"):
        paid(acme, run)
    mute, odd = Statement.objects.order_by("pk")
    pay_statement(workspace_id=acme.pk, statement_id=mute.pk, proof=Proof(TODAY), by=ANA, at=AT)
    set_payout_address(members=[odd.member], email="odd@example.org", at=AT)
    assert paid(acme, run) == 1


def test_one_currency_can_be_paid_alone_and_only_what_was_shown(acme, glow, nora):
    sold(glow, {"ref": "1", "codes": ["NORA10"]}, {"ref": "2", "codes": ["NORA10"], "currency": "EUR"})
    run = approved(acme)
    with pytest.raises(InvalidPayout, match="2 payments were meant, 1 are to be paid now"):
        paid(acme, run, currency="EUR", shown=2)
    assert Payment.objects.count() == 0
    assert paid(acme, run, currency="EUR", shown=1) == 1
    assert [row[:1] + row[-2:] for row in totals(run)] == [("EUR", 1, 1_000), ("USD", 0, 0)]


@pytest.mark.parametrize(
    ("proof", "said"),
    [(Proof(TODAY + timedelta(days=2)), "still to come"), (Proof(TODAY, "x" * 121), "Use at most 120")],
)
def test_a_bad_payment_is_refused(acme, glow, nora, proof, said):
    sold(glow, {"codes": ["NORA10"]})
    run = approved(acme)
    with pytest.raises(InvalidPayout, match=said):
        pay_run(workspace_id=acme.pk, run_id=run.pk, proof=proof, by=ANA, at=AT)
    assert (Payment.objects.count(), kinds()[-1]) == (0, "payout_approved")


def test_a_draft_cannot_be_paid(acme, glow, nora):
    sold(glow, {"codes": ["NORA10"]})
    run = drafted(acme)
    with pytest.raises(InvalidPayout, match="is not approved"):
        paid(acme, run)
    statement = Statement.objects.get()
    for act in (pay_statement, return_payment):
        with pytest.raises(InvalidPayout):
            act(workspace_id=acme.pk, statement_id=statement.pk, proof=Proof(TODAY), by=ANA, at=AT)
    assert Payment.objects.count() == 0


def judged(acme, order, *, is_accepted):
    conversion = Conversion.objects.get(order=order)
    return judge_conversion(
        workspace_id=acme.pk, conversion_id=conversion.pk, is_accepted=is_accepted, reason="Bought by a colleague",
        by=ANA, at=AT,
    )  # fmt: skip


def test_a_settled_conversion_cannot_be_rejected_any_more(acme, glow, nora):
    order = sold(glow, {"codes": ["NORA10"]})["1"]
    run = approved(acme)
    with pytest.raises(JudgementRefused, match=f"on an approved statement \\(Payout {run.pk}\\)"):
        judged(acme, order, is_accepted=False)
    paid(acme, run)
    with pytest.raises(JudgementRefused, match="was paid on 24 Nov 2026"):
        judged(acme, order, is_accepted=False)
    assert (Conversion.objects.get().status, LedgerEntry.objects.count(), kinds()[-1]) == ("accepted", 2, "payout_paid")


def test_one_rejected_before_it_was_approved_may_be_accepted_later(acme, glow, nora):
    order = sold(glow, {"codes": ["NORA10"]})["1"]
    judged(acme, order, is_accepted=False)
    assert shown(approved(acme)) == [("Nora", "USD", 0, 0, 0, 2)]
    assert judged(acme, order, is_accepted=True)
    assert shown(approved(acme)) == [("Nora", "USD", 0, 1_000, 1_000, 1)]


def test_a_rejection_after_the_period_but_before_approval_is_in_it(acme, glow, nora):
    order = sold(glow, {"codes": ["NORA10"]})["1"]
    drafted(acme, day=make.NOW.date())
    judged(acme, order, is_accepted=False)
    assert shown(drafted(acme, day=make.NOW.date())) == [("Nora", "USD", 0, 0, 0, 2)]


def test_a_rivals_entries_and_statements_are_never_touched(acme, rival, glow, nora):
    with scope(workspace=rival):
        store = make.store(rival)
        place = make.enrollment(make.offer(rival), make.member(rival, "Rita"), None)
        make.payout(place.offer, basis_points=1_000, is_default=True)
        place.payout_option = place.offer.payout_options.get(is_default=True)
        place.save()
        make.history(make.code(place, "RITA10"))
        make.recorded(store, make.snapshot(codes=["RITA10"]))
        theirs = approved(rival)
        assert shown(theirs) == [("Rita", "USD", 0, 1_000, 1_000, 1)]
        make.recorded(store, make.snapshot("2", codes=["RITA10"]))
    sold(glow, {"codes": ["NORA10"]})
    assert shown(approved(acme)) == [("Nora", "USD", 0, 1_000, 1_000, 1)]
    with pytest.raises(PayoutRun.DoesNotExist):
        paid(acme, theirs)
    with scope(workspace=rival):
        assert (Statement.objects.count(), StatementEntry.objects.count(), Payment.objects.count()) == (1, 1, 0)


def test_statements_do_not_grow_with_the_members(acme, glow, offer):
    def asked(count, start):
        for n in range(start, start + count):
            joined(offer, f"M{n}", f"M{n}X10")
        sold(glow, *[{"ref": str(n), "codes": [f"M{n}X10"]} for n in range(start, start + count)])
        with CaptureQueriesContext(connection) as seen:
            paid(acme, approved(acme))
        return len(seen)

    assert asked(2, 0) == asked(12, 100)


def test_the_rules_are_kept_once(acme):
    said = {"workspace_id": acme.pk, "needs_second": True, "minimums": {"USD": 2_000}, "by": ANA, "at": AT}
    assert (set_payout_policy(**said), set_payout_policy(**said)) == (True, False)
    assert (PayoutPolicy.objects.values_list("needs_second", "minimums").get(), kinds()) == (
        (True, {"USD": 2_000}), ["payout_policy_set"],
    )  # fmt: skip


def test_a_creator_sets_an_address_for_every_brand_and_takes_it_back(acme, rival):
    members = [make.member(acme, "Stella", email="s@example.com"), make.member(rival, "Stella", email="s@example.com")]
    assert set_payout_address(members=members, email=" Pay.Me@example.com ", at=AT)
    assert not set_payout_address(members=members, email="Pay.Me@example.com", at=AT)
    for brand in (acme, rival):
        with scope(workspace=brand):
            assert list(PayoutAddress.objects.values_list("email", flat=True)) == ["Pay.Me@example.com"]
            assert kinds() == ["payout_address_set"]
    assert set_payout_address(members=members, email="", at=AT)
    with scope(workspace=rival):
        assert (PayoutAddress.objects.count(), Member.objects.get().email) == (0, "s@example.com")


@pytest.mark.parametrize("email", ["nonsense", "a@b.c, d@e.f", "+33@example.com", "=cmd@example.com", "-x@example.com"])
def test_an_address_that_cannot_be_paid_is_refused(acme, email):
    with pytest.raises(InvalidAddress):
        set_payout_address(members=[make.member(acme)], email=email, at=AT)
    assert (PayoutAddress.objects.count(), kinds()) == (0, [])
