"""A payout of many entries is approved by a worker: batch by batch, once, whoever dies; or it is a draft as before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_scopes import scope
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offerwell.actions import finish_approval as finishing
from offerwell.actions import freeze_statements as freezing
from offerwell.actions.approve_payout import DraftOutOfDate, approve_payout
from offerwell.actions.draft_payout import cancel_payout, draft_payout
from offerwell.actions.finish_approval import approvals_due, finish_approval
from offerwell.actions.judge_conversion import JudgementRefused, judge_conversion
from offerwell.actions.pay_statements import Proof, pay_run
from offerwell.actions.set_payout_policy import set_payout_policy
from offerwell.models import (
    Conversion,
    Event,
    LedgerEntry,
    Offer,
    Order,
    Payment,
    PayoutRun,
    Statement,
    StatementEntry,
    User,
)
from offerwell.queries.attribution_replay import staying
from offerwell.queries.creator_statements import own_statements
from offerwell.queries.payout_digest import payout_digest
from offerwell.queries.payout_runs import lines_of
from offerwell.queries.verify_orders import order_problems
from offerwell.queries.verify_payouts import payout_problems
from offerwell.rules.permissions import Actor
from offerwell.rules.statements import InvalidPayout
from tests import make

AT = make.NOW + timedelta(days=1)
TODAY = AT.date()
ANA = Actor(name="Ana Lopez", door="web", user_id=9001)
NAMES = ("Nora", "Omar", "Pia", "Quin", "Rosa")


@pytest.fixture(autouse=True)
def _batches(monkeypatch, db):
    """A worker freezes two statements at a time."""
    User.objects.create(pk=ANA.user_id, email="ana@example.com", name=ANA.name)
    monkeypatch.setattr("offerwell.actions.approve_payout.AT_ONCE", 0)
    monkeypatch.setattr(freezing, "MOST_STATEMENTS", 2)


def opened(place):
    """A store, and a member with a code for each name."""
    store = make.store(place)
    offer = make.offer(place, stores=[store])
    make.payout(offer, "Ten", is_default=True)
    for name in NAMES:
        make.history(make.code(make.enrollment(offer, make.member(place, name)), f"{name.upper()}{place.pk}"))
    return store


@pytest.fixture
def glow(acme):
    return opened(acme)


def sold(store, *names, start=1, **fields):
    return make.recorded(store, *[
        make.snapshot(str(start + n), codes=[f"{name.upper()}{store.workspace_id}"], **fields)
        for n, name in enumerate(names)
    ])  # fmt: skip


def drafted(place, *, at=AT):
    return draft_payout(workspace_id=place.pk, last_day=TODAY, by=ANA, at=at)


def approve(run, *, by=ANA, digest=None):
    return approve_payout(
        workspace_id=run.workspace_id, run_id=run.pk, digest=run.digest if digest is None else digest, by=by, at=AT
    )


def confirmed(place):
    run = approve(drafted(place))
    assert run.state == "approving"
    return run


def finished(run):
    """As the next worker, after the lease of the one before."""
    PayoutRun.objects.filter(pk=run.pk, state="approving").update(beat_at=None)
    finish_approval(run_id=run.pk)
    run.refresh_from_db()
    return run


def kinds():
    return list(Event.objects.order_by("seq").values_list("kind", flat=True))


def shown(run):
    columns = ("member__first_name", "currency", "opening", "earned", "pays", "lines")
    return list(Statement.objects.filter(run=run).order_by("pk").values_list(*columns))


def linked(run):
    rows = StatementEntry.objects.filter(statement__run=run).order_by("pk")
    return list(rows.values_list("statement__member__first_name", "entry__amount"))


def problems(place):
    return payout_problems(place) + order_problems(place)


def frozen_lines(run):
    """What stands in the database of it: changed by nothing that is refused."""
    return (
        list(PayoutRun.objects.values()), list(Statement.objects.order_by("pk").values()),
        list(StatementEntry.objects.order_by("pk").values()), kinds(),
    )  # fmt: skip


def test_many_are_confirmed_at_once_and_approved_by_a_worker(acme, glow):
    sold(glow, *NAMES)
    run = drafted(acme)
    before = shown(run)
    run = approve(run)
    assert (run.state, run.approved_by, run.approved_at, run.done_statements) == ("approving", "Ana Lopez", AT, 0)
    assert (StatementEntry.objects.count(), kinds()) == (0, ["payout_drafted", "payout_confirmed"])
    assert approvals_due(at=AT) == [run.pk]
    finish_approval(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, run.beat_at, run.done_statements, shown(run)) == ("approved", None, 5, before)
    assert linked(run) == [(name, 1_000) for name in NAMES]
    assert kinds() == ["payout_drafted", "payout_confirmed", "payout_approved"]
    event = Event.objects.get(kind="payout_approved")
    assert (event.actor_name, event.actor_id, event.door) == ("Ana Lopez", ANA.user_id, "worker")
    assert (problems(acme), approvals_due(at=AT)) == ([], [])
    finish_approval(run_id=run.pk)
    assert (linked(run), len(kinds())) == ([(name, 1_000) for name in NAMES], 3)


def test_a_worker_is_woken_after_the_commit(acme, glow, django_capture_on_commit_callbacks):
    sold(glow, "Nora")
    run = drafted(acme)
    with django_capture_on_commit_callbacks(execute=True):
        approve(run)
    assert make.wake_ups == [("finish_approval", run.pk)]


def test_a_little_needs_no_worker(acme, glow, monkeypatch):
    """One statement and one line are two."""
    sold(glow, "Nora")
    monkeypatch.setattr("offerwell.actions.approve_payout.AT_ONCE", 1)
    assert approve(drafted(acme)).state == "approving"
    finished(PayoutRun.objects.get())
    sold(glow, "Nora", start=2)
    monkeypatch.setattr("offerwell.actions.approve_payout.AT_ONCE", 2)
    run = approve(drafted(acme))
    assert (run.state, run.beat_at, kinds()[-2:]) == ("approved", None, ["payout_drafted", "payout_approved"])
    assert Event.objects.order_by("-seq").values_list("door", "at").first() == ("web", AT)


class Killed(Exception):
    """The process died here."""


@pytest.mark.parametrize("name", ["update_rows", "insert_rows"])
@pytest.mark.parametrize("batch", [1, 2, 3])
def test_a_kill_in_any_batch_costs_that_batch_and_nothing_is_done_twice(acme, glow, monkeypatch, name, batch):
    sold(glow, *NAMES)
    run, real, calls = confirmed(acme), getattr(freezing, name), []

    def dying(*said):
        real(*said)
        calls.append(said)
        if len(calls) == batch:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(freezing, name, dying)
        with pytest.raises(Killed):
            finish_approval(run_id=run.pk)
    run.refresh_from_db()
    done = 2 * (batch - 1)
    assert (run.state, run.done_statements, len(linked(run))) == ("approving", done, done)
    assert Statement.objects.exclude(hash="").count() == done
    assert (problems(acme), kinds()[-1]) == ([], "payout_confirmed")
    assert approvals_due(at=run.beat_at + timedelta(minutes=1)) == []
    assert approvals_due(at=run.beat_at + timedelta(minutes=3)) == [run.pk]
    finish_approval(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, run.done_statements) == ("approving", done), "another worker has it"
    finished(run)
    assert (run.state, linked(run)) == ("approved", [(name, 1_000) for name in NAMES])
    assert (problems(acme), kinds()) == ([], ["payout_drafted", "payout_confirmed", "payout_approved"])


@pytest.mark.parametrize("dies_at", ["is_as_confirmed", "record_event"])
def test_a_kill_before_the_last_word_leaves_it_to_the_next_worker(acme, glow, monkeypatch, dies_at):
    sold(glow, *NAMES)
    run = confirmed(acme)

    def dying(*_args, **_said):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(finishing, dies_at, dying)
        with pytest.raises(Killed):
            finish_approval(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, run.done_statements, kinds()[-1]) == ("approving", 5, "payout_confirmed")
    finished(run)
    assert (run.state, kinds().count("payout_approved"), problems(acme)) == ("approved", 1, [])


def test_a_worker_told_to_stop_leaves_between_batches_and_gives_the_lease_back(acme, glow):
    sold(glow, *NAMES)
    run, asked = confirmed(acme), iter([False, False, True])
    finish_approval(run_id=run.pk, should_stop=lambda: next(asked))
    run.refresh_from_db()
    assert (run.state, run.done_statements, run.beat_at) == ("approving", 4, None)
    assert approvals_due(at=AT) == [run.pk]


@pytest.mark.parametrize("overtaken", ["_lines", "_moved"])
def test_two_workers_on_the_same_batch_freeze_it_once(acme, glow, monkeypatch, overtaken):
    """One lost its lease while it read, or just before it wrote."""
    sold(glow, *NAMES)
    run, real, calls = confirmed(acme), getattr(freezing, overtaken), []

    def late(*said, **where):
        calls.append(said)
        if len(calls) == 1:
            assert freezing.freeze_next(PayoutRun.objects.get())
        return real(*said, **where)

    monkeypatch.setattr(freezing, overtaken, late)
    finish_approval(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, run.done_statements, run.problem) == ("approved", 5, "")
    assert (linked(run), problems(acme)) == ([(name, 1_000) for name in NAMES], [])
    assert kinds() == ["payout_drafted", "payout_confirmed", "payout_approved"]


def test_what_is_posted_meanwhile_is_on_the_next_statement(acme, glow):
    """A new order, and a refund, of members already frozen and not yet frozen."""
    sold(glow, *NAMES)
    run = confirmed(acme)
    freezing.freeze_next(run)
    sold(glow, "Nora", "Rosa", start=20, net=500)
    sold(glow, *NAMES, minutes=5, given_back=3_000)
    finished(run)
    assert (run.state, linked(run)) == ("approved", [(name, 1_000) for name in NAMES])
    assert problems(acme) == []
    second = finished(confirmed(acme))
    assert shown(second) == [
        ("Nora", "USD", 0, -250, 0, 2), ("Omar", "USD", 0, -300, 0, 1), ("Pia", "USD", 0, -300, 0, 1),
        ("Quin", "USD", 0, -300, 0, 1), ("Rosa", "USD", 0, -250, 0, 2),
    ]  # fmt: skip
    assert problems(acme) == []


@pytest.mark.parametrize(
    ("moved", "left"),
    [
        ("1", "Omar Quin Rosa"),
        ("4", "Nora Omar Quin"),
        ("8", "Nora Omar Pia Quin Rosa"),
        ("9", "Nora Omar Quin Rosa Zoe"),
    ],
)
def test_an_order_that_moved_ends_it_as_a_draft_with_nothing_half_done(acme, glow, moved, left):
    """Out of the days, frozen others or none yet; or into them, of somebody without a statement: between others, last."""
    zoe = make.enrollment(Offer.objects.get(), make.member(acme, "Zoe"))
    make.history(make.code(zoe, f"ZOE{acme.pk}"))
    after = AT + timedelta(days=3)
    sold(glow, "Pia", "Zoe", start=8, placed_at=after)
    sold(glow, "Nora", "Omar", "Quin", "Rosa")
    run = confirmed(acme)
    if moved != "1":
        freezing.freeze_next(run)
    Order.objects.filter(ref=moved).update(placed_at=after if moved in "14" else make.NOW)
    finished(run)
    assert (run.state, run.problem, run.approved_by, run.approved_at, run.approved_by_id, run.beat_at) == (
        "draft", finishing.CHANGED, "", None, None, None,
    )  # fmt: skip
    assert (StatementEntry.objects.count(), set(Statement.objects.values_list("hash", flat=True))) == (0, {""})
    assert shown(run) == [(name, "USD", 0, 1_000, 1_000, 1) for name in left.split()]
    assert (run.digest, kinds()[1:]) == (payout_digest(run), ["payout_confirmed", "payout_not_approved"])
    approve(run)
    finished(run)
    assert (run.state, run.problem, sorted(name for name, _ in linked(run))) == ("approved", "", left.split())
    assert problems(acme) == []


def test_a_kill_while_it_is_taken_back_goes_on_there(acme, glow, monkeypatch):
    sold(glow, *NAMES)
    run, real, calls = confirmed(acme), finishing.take_back_next, []
    for _ in range(2):
        freezing.freeze_next(run)
        run.refresh_from_db()
    Order.objects.filter(ref="5").update(placed_at=AT + timedelta(days=3))

    def dying(run):
        calls.append(real(run))
        if len(calls) in {1, 3}:
            raise Killed
        return calls[-1]

    monkeypatch.setattr(finishing, "take_back_next", dying)
    for left in (2, 0):
        with pytest.raises(Killed):
            finished(run)
        run.refresh_from_db()
        assert (run.state, run.done_statements, len(linked(run))) == ("approving", left, left)
        assert (Statement.objects.exclude(hash="").count(), problems(acme)) == (left, [])
    finished(run)
    assert (run.state, StatementEntry.objects.count(), len(shown(run))) == ("draft", 0, 4)
    assert kinds()[-1:] == ["payout_not_approved"]


def test_a_statement_that_was_tampered_with_is_not_approved(acme, glow):
    """Its hash is right for what it says now: only the digest knows."""
    sold(glow, *NAMES)
    run = confirmed(acme)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE offerwell_statement SET pays = pays + 1 WHERE run_id = %s", [run.pk])
    finished(run)
    assert (run.state, run.problem, StatementEntry.objects.count()) == ("draft", finishing.CHANGED, 0)
    assert {row[4] for row in shown(run)} == {1_000}


def test_a_draft_from_before_digests_were_kept_is_drawn_up_first(acme, glow):
    sold(glow, *NAMES)
    run = drafted(acme)
    PayoutRun.objects.update(digest="")
    for digest in ("", payout_digest(run)):
        PayoutRun.objects.update(digest="")
        with pytest.raises(DraftOutOfDate):
            approve(run, digest=digest)
    run.refresh_from_db()
    assert (run.state, kinds()) == ("draft", ["payout_drafted"])
    assert approve(run).state == "approving"


def test_while_it_is_approved_nobody_draws_up_cancels_approves_or_pays(acme, glow):
    sold(glow, *NAMES)
    run = confirmed(acme)
    freezing.freeze_next(run)
    sold(glow, "Nora", start=20)
    before = frozen_lines(run)
    said = {"workspace_id": acme.pk, "by": ANA, "at": AT}
    with pytest.raises(InvalidPayout, match=r"is being approved\. Draw up the next one when that is done"):
        drafted(acme)
    with pytest.raises(InvalidPayout, match="is being approved: only a draft can be cancelled"):
        cancel_payout(run_id=run.pk, **said)
    with pytest.raises(InvalidPayout, match="being approved already, confirmed by Ana Lopez"):
        approve(run)
    with pytest.raises(InvalidPayout, match="is not approved, so nothing of it can be paid"):
        pay_run(run_id=run.pk, proof=Proof(TODAY), **said)
    with pytest.raises(DatabaseError), transaction.atomic():
        PayoutRun.objects.create(workspace=acme, last_day=TODAY, until=AT, drawn_at=AT, drawn_by="Ana")
    assert (frozen_lines(run), Payment.objects.count()) == (before, 0)


def test_members_see_nothing_of_it_before_it_is_approved(acme, glow):
    sold(glow, *NAMES)
    run = confirmed(acme)
    freezing.freeze_next(run)
    ids = list(Statement.objects.values_list("member_id", flat=True))
    assert own_statements(ids) == ()
    finished(run)
    assert len(own_statements(ids)) == 5


@pytest.mark.parametrize(
    ("approver", "said"),
    [(ANA, "You drew this payout up"), (Actor("root (command line)", "cli"), "name one with OFFERWELL_AS")],
)
def test_a_second_person_is_needed_before_anything_begins(acme, glow, approver, said):
    set_payout_policy(workspace_id=acme.pk, needs_second=True, minimums={}, by=ANA, at=AT)
    sold(glow, *NAMES)
    run = drafted(acme)
    before = frozen_lines(run)
    with pytest.raises(InvalidPayout, match=said):
        approve(run, by=approver)
    assert (frozen_lines(run), approvals_due(at=AT)) == (before, [])


@pytest.mark.parametrize("frozen", [0, 1])
def test_its_orders_are_settled_from_the_confirmation_on(acme, glow, frozen):
    """Frozen or not yet; an order of later days, or that came in meanwhile, is not."""
    orders = sold(glow, *NAMES)
    later = sold(glow, "Nora", start=20, placed_at=AT + timedelta(days=2))["20"]
    run = confirmed(acme)
    for _ in range(frozen):
        freezing.freeze_next(run)
    newer = sold(glow, "Rosa", start=30)["30"]
    ids = [one.pk for one in Order.objects.all()]
    assert staying(ids) == {orders[str(n + 1)].pk for n in range(5)}
    before = (LedgerEntry.objects.count(), *frozen_lines(run))
    for name in ("1", "5"):
        with pytest.raises(JudgementRefused, match="on a statement that is being approved"):
            judged(acme, orders[name])
    assert (LedgerEntry.objects.count(), *frozen_lines(run)) == before
    assert set(Conversion.objects.values_list("status", flat=True)) == {"accepted"}
    assert all(judged(acme, order) for order in (later, newer))
    finished(run)
    assert run.state == "approved"
    with pytest.raises(JudgementRefused, match=f"on an approved statement \\(Payout {run.pk}\\)"):
        judged(acme, orders["5"])
    assert problems(acme) == []


def judged(place, order):
    return judge_conversion(
        workspace_id=place.pk, conversion_id=Conversion.objects.get(order=order).pk, is_accepted=False,
        reason="Bought by a colleague", by=ANA, at=AT,
    )  # fmt: skip


def test_lines_are_those_that_were_confirmed_frozen_or_not(acme, glow):
    sold(glow, *NAMES)
    run = confirmed(acme)
    freezing.freeze_next(run)
    sold(glow, *NAMES, start=20, net=500)
    of = [[entry.amount for entry in lines_of(one)] for one in Statement.objects.select_related("run").order_by("pk")]
    assert of == [[1_000]] * 5


@pytest.mark.parametrize(
    ("sql", "is_refused"),
    [("UPDATE offerwell_statemententry SET statement_id = 0", True), ("DELETE FROM offerwell_statemententry", False)],
)
def test_lines_are_only_taken_off_before_it_is_approved(acme, glow, sql, is_refused):
    sold(glow, *NAMES)
    first = finished(confirmed(acme))
    sold(glow, *NAMES, start=20)
    freezing.freeze_next(confirmed(acme))
    of_second = f" WHERE statement_id NOT IN (SELECT id FROM offerwell_statement WHERE run_id = {first.pk})"

    def tried(statement):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    with pytest.raises(DatabaseError, match="append-only"):
        tried(sql)
    assert StatementEntry.objects.count() == 7
    if is_refused:
        with pytest.raises(DatabaseError, match="append-only"):
            tried(sql + of_second)
    else:
        tried(sql + of_second)
    assert StatementEntry.objects.count() == 7 if is_refused else 5


def test_one_member_with_very_many_lines_is_a_batch(acme, glow, monkeypatch):
    monkeypatch.setattr(freezing, "MOST_STATEMENTS", 100)
    monkeypatch.setattr(freezing, "MOST_LINES", 3)
    sold(glow, *["Nora"] * 5, "Omar", "Pia", "Quin", "Quin")
    run, places = confirmed(acme), []
    while freezing.freeze_next(run):
        run.refresh_from_db()
        places.append((run.done_statements, len(linked(run))))
    assert places == [(1, 5), (3, 7), (4, 9)]


def test_statements_of_a_batch_do_not_grow_with_it(acme, glow, monkeypatch):
    counts = []
    for start, names in ((1, NAMES[:1]), (20, NAMES)):
        monkeypatch.setattr(freezing, "MOST_STATEMENTS", 100)
        sold(glow, *names, start=start)
        run = confirmed(acme)
        with CaptureQueriesContext(connection) as seen:
            freezing.freeze_next(run)
        counts.append(len(seen))
        finished(run)
    assert counts[0] == counts[1]


def test_a_rivals_approval_is_its_own(acme, rival, glow):
    sold(glow, *NAMES)
    run = confirmed(acme)
    with scope(workspace=rival):
        theirs_store = opened(rival)
        orders = sold(theirs_store, *NAMES)
        assert staying([one.pk for one in orders.values()]) == frozenset()
        theirs = finished(confirmed(rival))
        assert (theirs.state, len(linked(theirs)), problems(rival)) == ("approved", 5, [])
    run.refresh_from_db()
    assert (run.state, linked(run)) == ("approving", [])
    with pytest.raises(PayoutRun.DoesNotExist):
        approve_payout(workspace_id=acme.pk, run_id=theirs.pk, digest=theirs.digest, by=ANA, at=AT)


_order = st.fixed_dictionaries({
    "who": st.integers(0, 4), "net": st.integers(0, 10**6), "currency": st.sampled_from(["USD", "USD", "JPY"]),
    "given_back": st.sampled_from([0, 0, 1, 999, 10**7]), "days": st.sampled_from([0, 0, 0, 1, 9]),
})  # fmt: skip


def test_in_batches_is_at_once_to_the_cent(db, monkeypatch):
    """Three payouts of two brands with the same orders, minimum and refunds: the one at once, the other killed on the way."""
    numbers = iter(range(10**6))

    @settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.lists(_order, max_size=6), min_size=3, max_size=3), st.integers(1, 4), st.integers(1, 5),
        st.sampled_from([0, 5_000]),
    )  # fmt: skip
    def holds(periods, statements, lines, minimum):
        monkeypatch.setattr(freezing, "MOST_STATEMENTS", statements)
        monkeypatch.setattr(freezing, "MOST_LINES", lines)
        at_once, in_batches = (books(periods, minimum, most) for most in (10**6, 0))
        assert at_once == in_batches

    def books(periods, minimum, at_once):
        monkeypatch.setattr("offerwell.actions.approve_payout.AT_ONCE", at_once)
        place = make.workspace(f"Brand{next(numbers)}")
        with scope(workspace=place):
            store = opened(place)
            set_payout_policy(workspace_id=place.pk, needs_second=False, minimums={"USD": minimum}, by=ANA, at=AT)
            runs = [settled(place, store, n, orders) for n, orders in enumerate(periods)]
            assert problems(place) == []
            lines = StatementEntry.objects.order_by("pk")
            return runs, list(lines.values_list("entry__order__ref", "entry__amount", "statement__member__first_name"))

    def settled(place, store, n, orders):
        for ref, one in enumerate(orders):
            told = {"net": one["net"], "currency": one["currency"], "placed_at": make.NOW + timedelta(days=one["days"])}
            for minutes, back in ((0, 0), (5, one["given_back"])):
                sold(store, NAMES[one["who"]], start=100 * n + ref, minutes=minutes, given_back=back, **told)
        run = draft_payout(workspace_id=place.pk, last_day=TODAY, by=ANA, at=AT + timedelta(days=n))
        try:
            approve(run)
        except InvalidPayout:
            cancel_payout(workspace_id=place.pk, run_id=run.pk, by=ANA, at=AT)
            return None
        run.refresh_from_db()
        while run.state == "approving":
            PayoutRun.objects.filter(pk=run.pk).update(beat_at=None)
            finish_approval(run_id=run.pk, should_stop=iter([False, True]).__next__)
            run.refresh_from_db()
        return run.state, shown(run)

    holds()
