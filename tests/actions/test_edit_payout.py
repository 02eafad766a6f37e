"""Edit Payout: another option for chosen members; options themselves; nothing goes to a store, nothing to a rival."""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django_scopes import scope

from offerwell.actions.add_payout_option import add_payout_option
from offerwell.actions.change_offer_status import PlanOutOfDate, change_offer_status
from offerwell.actions.create_offer import create_offer
from offerwell.actions.edit_payout_option import edit_payout_option
from offerwell.actions.enroll_members import enroll_members
from offerwell.actions.undo_bulk_change import NothingToUndo, undo_bulk_change
from offerwell.models import (
    BulkChange,
    BulkChangeItem,
    ChangeKind,
    ChangeProgress,
    Enrollment,
    Event,
    OfferPart,
    PayoutOption,
)
from offerwell.queries.change_progress import progress_of
from offerwell.queries.offer_members import enrollments_matching
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.offer_draft import OfferDraft
from offerwell.rules.payouts import PayoutDraft, PayoutRefused
from offerwell.rules.selection import MemberFilter, MemberSelection
from tests import make


@pytest.fixture
def summer(acme):
    return make.offer(acme, "Summer", type="promo_code")


@pytest.fixture
def standard(summer):
    return make.payout(summer, is_default=True)


@pytest.fixture
def gold(summer):
    return make.payout(summer, "Gold", basis_points=2000)


def everybody(offer):
    return MemberSelection(filter=MemberFilter(), up_to=Enrollment.objects.filter(offer=offer).latest("pk").pk)


def wish(offer, option, selection=None):
    return Wish(
        offer, OfferPart.MEMBERS, to_active=False, selection=selection or everybody(offer), kind=ChangeKind.PAYOUT,
        payout_option=option,
    )  # fmt: skip


def chosen(offer, option, selection=None, key="p1", digest=None):
    wanted = wish(offer, option, selection)
    return change_offer_status(
        workspace_id=offer.workspace_id, wish=wanted, digest=digest or plan_change(wanted, at=make.NOW).digest,
        key=key, by=make.ANA, at=make.NOW,
    ).change  # fmt: skip


def undo(change):
    return undo_bulk_change(workspace_id=change.workspace_id, change=change, by=make.ANA, at=make.NOW).change


def options(offer):
    return list(Enrollment.objects.filter(offer=offer).order_by("pk").values_list("payout_option__name", flat=True))


def test_a_plan_counts_members_and_why_some_are_left_out(acme, summer, standard, gold):
    for option in (standard, gold, standard):
        make.enrollment(summer, option=option)
    stranger = make.member(acme)
    ids = (*Enrollment.objects.values_list("member_id", flat=True), stranger.pk)
    plan = plan_change(wish(summer, gold, MemberSelection(ids=ids)), at=make.NOW)
    assert plan.to_json() | {"digest": ""} == {
        "offer": "Summer", "what": "payout", "target": "Gold", "part": "members", "selected": 4, "will_change": 2,
        "already_so": 1, "excluded": 1, "excluded_reasons": {"not_in_offer": 1}, "digest": "",
    }  # fmt: skip
    assert plan.members_changing == 2


def test_a_confirmed_change_gives_the_option_and_tells_no_store(
    acme, summer, standard, gold, django_capture_on_commit_callbacks
):
    first, second = make.enrollment(summer, option=standard), make.enrollment(summer, option=gold)
    make.code(first, stores=[make.store(acme)])
    make.wake_ups.clear()
    with django_capture_on_commit_callbacks(execute=True):
        change = chosen(summer, gold)
    assert options(summer) == ["Gold", "Gold"]
    assert (change.kind, change.part, change.payout_option_id, change.changed, change.already_so) == (
        "payout", "members", gold.pk, 1, 1,
    )  # fmt: skip
    item = BulkChangeItem.objects.get()
    assert (item.target_id, item.enrollment_id, item.member_id, item.was_option_id) == (
        first.pk, first.pk, first.member_id, standard.pk,
    )  # fmt: skip
    assert (ChangeProgress.objects.count(), make.wake_ups, progress_of(change).state) == (0, [], "done")
    assert Event.objects.get().kind == "payouts_changed"
    second.refresh_from_db()
    assert second.payout_change_id is None


def test_a_repeat_and_a_world_that_moved(acme, summer, standard, gold):
    make.enrollment(summer, option=standard)
    digest = plan_change(wish(summer, gold), at=make.NOW).digest
    first = chosen(summer, gold, digest=digest)
    assert chosen(summer, gold, digest=digest).pk == first.pk
    third = make.payout(summer, "Third", basis_points=1)
    shown = plan_change(wish(summer, third), at=make.NOW).digest
    chosen(summer, standard, key="between")
    with pytest.raises(PlanOutOfDate):  # it would still change, but no longer what was shown
        chosen(summer, third, key="late", digest=shown)
    assert (options(summer), BulkChange.objects.count()) == (["Standard"], 2)


def test_undo_gives_each_member_back_its_own_and_no_newer_one(acme, summer, standard, gold):
    silver = make.payout(summer, "Silver", basis_points=1500)
    for option in (standard, silver, standard):
        make.enrollment(summer, option=option)
    change = chosen(summer, gold)
    last = Enrollment.objects.filter(offer=summer).latest("pk")
    chosen(summer, silver, MemberSelection(ids=(last.member_id,)), key="p2")
    undone = undo(change)
    assert options(summer) == ["Standard", "Silver", "Silver"]
    assert (undone.payout_option_id, undone.changed, undone.excluded_reasons) == (None, 2, {"changed_since": 1})
    redone = undo(undone)
    assert (options(summer), redone.changed) == (["Gold", "Gold", "Silver"], 2)
    chosen(summer, standard, key="p3")
    with pytest.raises(NothingToUndo):
        undo(redone)
    assert options(summer) == ["Standard"] * 3


def test_a_rival_stays_as_it_is(acme, rival, summer, standard, gold):
    with scope(workspace=rival):
        theirs = make.offer(rival, "Summer")
        place = make.enrollment(theirs, option=make.payout(theirs, is_default=True))
    make.enrollment(summer, option=standard)
    change = chosen(summer, gold, MemberSelection(ids=(place.member_id,)))
    assert (change.selected, change.changed) == (0, 0)
    chosen(summer, gold, key="all")
    with scope(workspace=rival):
        place.refresh_from_db()
        assert (place.payout_option.name, place.payout_change_id) == ("Standard", None)


def test_statements_do_not_grow_with_the_members(acme, summer, standard, gold, django_assert_max_num_queries):
    for _ in range(40):
        make.enrollment(summer, option=standard)
    with django_assert_max_num_queries(25):
        chosen(summer, gold)


# -- the options themselves ---------------------------------------------------------------------------------


def add(offer, draft, **given):
    return add_payout_option(
        workspace_id=offer.workspace_id, offer=offer, draft=draft, by=make.ANA, at=make.NOW, **given
    )


def test_every_new_offer_has_an_option_and_new_members_get_it(acme):
    store = make.store(acme)
    draft = OfferDraft(name="Winter", type="promo_code", discount_value=Decimal(10), store_ids=(store.pk,))
    plain = create_offer(workspace_id=acme.pk, draft=draft, by=make.ANA, at=make.NOW)
    assert list(PayoutOption.objects.filter(offer=plain).values_list("name", "kind", "basis_points", "is_default")) == [
        ("Standard", "cps", 0, True)
    ]
    who = make.member(acme)
    enroll_members(
        workspace_id=acme.pk, offer=plain, selection=MemberSelection(ids=(who.pk,)), by=make.ANA, at=make.NOW
    )
    assert options(plain) == ["Standard"]
    two = (PayoutDraft("", "cpa", amount=500, currency="usd"), PayoutDraft("Share", "cps", basis_points=1250))
    other = create_offer(
        workspace_id=acme.pk, draft=OfferDraft(name="Spring", type="sales_link", destination="https://a.example/"),
        by=make.ANA, at=make.NOW, payouts=two,
    )  # fmt: skip
    assert list(PayoutOption.objects.filter(offer=other).order_by("pk").values_list("name", "is_default")) == [
        ("5.00 USD per conversion", True), ("Share", False),
    ]  # fmt: skip


def test_a_refused_option_leaves_no_offer_behind(acme):
    draft = OfferDraft(name="Spring", type="sales_link", destination="https://a.example/")
    with pytest.raises(PayoutRefused):
        create_offer(
            workspace_id=acme.pk, draft=draft, by=make.ANA, at=make.NOW, payouts=(PayoutDraft("X", "cpa", amount=5),)
        )
    assert (PayoutOption.objects.count(), Event.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (PayoutDraft("A", "cps"), "percent"),
        (PayoutDraft("A", "cps", basis_points=10_001), "percent"),
        (PayoutDraft("A", "cpa", currency="USD"), "amount"),
        (PayoutDraft("A", "cpa", amount=500, currency="US"), "currency"),
        (PayoutDraft("A", "cpc", amount=20, currency="USD"), "kind"),
        (PayoutDraft("A", "salary"), "kind"),
        (PayoutDraft("standard", "cps", basis_points=1), "name"),
        (PayoutDraft("A" * 61, "cps", basis_points=1), "name"),
    ],
)
def test_a_wrong_option_is_refused_at_its_field(acme, summer, standard, draft, field):
    with pytest.raises(PayoutRefused) as refused:
        add(summer, draft)
    assert list(refused.value.problems) == [field]
    assert (PayoutOption.objects.count(), Event.objects.count()) == (1, 0)


def test_clicks_are_paid_only_where_there_are_links(acme):
    links = make.offer(acme, "Links", type="sales_link")
    made = add(links, PayoutDraft("Clicks", "cpc", amount=20, currency="USD"))
    assert (made.amount, made.basis_points, made.is_default) == (20, None, False)


def test_another_default_takes_the_place_of_the_first(acme, summer, standard):
    made = add(summer, PayoutDraft("New", "cps", basis_points=1), is_default=True)
    assert list(PayoutOption.objects.filter(is_default=True)) == [made]
    edit_payout_option(
        workspace_id=acme.pk, option=standard, draft=PayoutDraft("Standard", "cps", basis_points=1000),
        makes_default=True, by=make.ANA, at=make.NOW,
    )  # fmt: skip
    assert list(PayoutOption.objects.filter(is_default=True)) == [standard]


def test_terms_that_members_were_promised_stay(acme, summer, standard, gold):
    make.enrollment(summer, option=standard)
    dearer = PayoutDraft("Renamed", "cps", basis_points=1100)

    def edit(option, draft):
        return edit_payout_option(workspace_id=acme.pk, option=option, draft=draft, by=make.ANA, at=make.NOW)

    with pytest.raises(PayoutRefused, match="stay as they were promised"):
        edit(standard, dearer)
    standard.refresh_from_db()
    assert (standard.name, standard.basis_points, Event.objects.count()) == ("Standard", 1000, 0)
    assert edit(standard, PayoutDraft("Renamed", "cps", basis_points=1000)).name == "Renamed"
    assert edit(gold, PayoutDraft("Gold", "cps", basis_points=2500)).basis_points == 2500
    chosen(summer, gold)
    with pytest.raises(PayoutRefused):  # an undo would give it back
        edit(standard, dearer)


def test_offers_from_before_get_an_option_that_pays_nothing_and_their_members_have_it(acme, rival):
    """What the migration does to the rows that it finds."""
    name = "0011_refresh_and_payout"
    old = [make.enrollment(make.offer(acme)), make.enrollment(make.offer(acme))]
    with scope(workspace=rival):
        old.append(make.enrollment(make.offer(rival)))
    for place in (acme, rival):
        with scope(workspace=place):
            Enrollment.objects.update(payout_option=None)
            PayoutOption.objects.all().delete()
    apps = MigrationLoader(connection).project_state(("offerwell", name)).apps
    import_module(f"offerwell.migrations.{name}").give_every_offer_an_option(apps, None)
    for row in old:
        with scope(workspace=row.workspace):
            row.refresh_from_db()
            option = PayoutOption.objects.get(offer=row.offer)
            assert (row.payout_option, option.name, option.kind, option.basis_points, option.is_default) == (
                option, "Standard", "cps", 0, True,
            )  # fmt: skip
            assert option.workspace == row.workspace


def test_history_still_cannot_be_rewritten_and_search_still_follows(acme, summer, standard, gold):
    """The migration rebuilt no table, so no trigger was lost."""
    place = make.enrollment(summer)
    change = chosen(summer, gold)
    for statement in (
        "UPDATE offerwell_bulkchange SET kind = 'status'",
        "DELETE FROM offerwell_bulkchange",
        f"UPDATE offerwell_bulkchangeitem SET was_option_id = {gold.pk}",
        "DELETE FROM offerwell_bulkchangeitem",
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert BulkChangeItem.objects.get(change_id=change.pk).was_option_id == standard.pk
    Enrollment.objects.filter(pk=place.pk).update(search_text="zebrafish")
    assert [row.pk for row in enrollments_matching(summer, MemberFilter(text="zebraf"))] == [place.pk]
