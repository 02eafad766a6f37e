"""Activate and deactivate, as one transaction that applies exactly the plan."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django_scopes import scope

from offerwell.actions.change_offer_status import KeyReused, PlanOutOfDate, change_offer_status
from offerwell.actions.retry_failed_items import retry_failed_items
from offerwell.actions.undo_bulk_change import NothingToUndo, undo_bulk_change
from offerwell.models import (
    BulkChange,
    BulkChangeItem,
    ChangeProgress,
    Event,
    ItemOutcome,
    OfferPart,
    PromoCode,
    SalesLink,
    StoreCode,
)
from offerwell.queries.change_progress import progress_of
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.queries.verify_counts import count_problems
from offerwell.rules.selection import MemberFilter, MemberSelection
from tests import make


def apply(workspace, offer, selection, *, part=OfferPart.CODES, to_active=False, key="k1", digest=None):
    wish = Wish(offer=offer, part=part, to_active=to_active, selection=selection)
    digest = digest or plan_change(wish, at=make.NOW).digest
    return change_offer_status(
        workspace_id=workspace.pk, wish=wish, digest=digest, key=key, by=make.ANA, at=make.NOW
    ).change


@pytest.fixture
def world(acme, rival):
    """Three members with a code each (one deactivated), one without a code, one not in the offer, and Rival's."""
    store = make.store(acme, "Glow")
    offer = make.offer(acme, "Summer", stores=[store])
    places = [make.enrollment(offer, make.member(acme, first)) for first in ("Nora", "Elena", "Hana", "Nocode")]
    codes = [make.code(place, f"C{n}", stores=[store], is_active=n != 2) for n, place in enumerate(places[:3])]
    outside = make.member(acme, "Out")
    theirs = make.enrollment(make.offer(rival, "Summer"), make.member(rival, "Foreign"))
    foreign = make.code(theirs, "C0")
    members = [place.member_id for place in places] + [outside.pk, theirs.member_id]
    return store, offer, codes, members, foreign


def test_a_plan_puts_every_selected_code_into_one_class(acme, world):
    _, offer, _, members, _ = world
    wish = Wish(offer=offer, part=OfferPart.CODES, to_active=False, selection=MemberSelection(ids=tuple(members)))
    plan = plan_change(wish, at=make.NOW).to_json()
    del plan["digest"]
    assert plan == {
        "offer": "Summer", "what": "status", "target": "deactivated", "part": "codes", "selected": 5, "will_change": 2,
        "already_so": 1, "excluded": 2, "excluded_reasons": {"not_in_offer": 1, "no_code": 1},
    }  # fmt: skip


def test_apply_changes_exactly_the_planned_codes(acme, rival, world):
    _, offer, codes, members, foreign = world
    change = apply(acme, offer, MemberSelection(ids=tuple(members)))
    assert list(PromoCode.objects.order_by("pk").values_list("is_active", "last_change_id")) == [
        (False, change.pk), (False, change.pk), (False, 0),
    ]  # fmt: skip
    assert list(BulkChangeItem.objects.order_by("pk").values_list("target_id", "was_active")) == [
        (codes[0].pk, True), (codes[1].pk, True),
    ]  # fmt: skip
    assert list(StoreCode.objects.order_by("pk").values_list("generation", "observed_generation", "check_at")) == [
        (change.pk, 0, None), (change.pk, 0, None), (0, 0, make.NOW),
    ]  # fmt: skip
    assert progress_of(change).to_json()["stores"] == [{
        "store": "Glow", "confirmed": 0, "already_so": 0, "recreated": 0, "conflict": 0, "failed": 0,
        "superseded": 0, "waiting": 2,
    }]  # fmt: skip
    assert Event.objects.get().kind == "codes_deactivated"
    with scope(workspace=rival):
        assert PromoCode.objects.get(pk=foreign.pk).is_active is True


def test_the_same_key_gives_the_same_change_and_does_nothing_again(acme, world):
    _, offer, codes, members, _ = world
    first = apply(acme, offer, MemberSelection(ids=tuple(members)))
    PromoCode.objects.filter(pk=codes[0].pk).update(is_active=True)
    again = apply(acme, offer, MemberSelection(ids=tuple(members)))
    assert again.pk == first.pk
    assert (BulkChange.objects.count(), BulkChangeItem.objects.count(), Event.objects.count()) == (1, 2, 1)
    assert PromoCode.objects.get(pk=codes[0].pk).is_active is True


def test_a_key_reused_with_another_body_is_refused_and_nothing_happens(acme, world):
    _, offer, _, members, _ = world
    apply(acme, offer, MemberSelection(ids=tuple(members)))
    with pytest.raises(KeyReused):
        apply(acme, offer, MemberSelection(ids=tuple(members)), to_active=True)
    assert BulkChange.objects.count() == 1
    assert PromoCode.objects.filter(is_active=True).count() == 0


def test_a_plan_out_of_date_is_refused_with_the_new_plan_and_nothing_happens(acme, world):
    _, offer, codes, members, _ = world
    selection = MemberSelection(ids=tuple(members))
    wish = Wish(offer=offer, part=OfferPart.CODES, to_active=False, selection=selection)
    shown = plan_change(wish, at=make.NOW)
    PromoCode.objects.filter(pk=codes[0].pk).update(is_active=False)
    with pytest.raises(PlanOutOfDate) as refused:
        apply(acme, offer, selection, digest=shown.digest)
    assert (refused.value.plan.will_change, refused.value.plan.already_so) == (1, 2)
    assert (BulkChange.objects.count(), Event.objects.count()) == (0, 0)
    assert PromoCode.objects.filter(is_active=True).count() == 1


def test_two_codes_swapping_status_is_another_plan_though_the_counts_agree(acme, world):
    _, offer, codes, members, _ = world
    wish = Wish(offer=offer, part=OfferPart.CODES, to_active=False, selection=MemberSelection(ids=tuple(members)))
    before = plan_change(wish, at=make.NOW)
    PromoCode.objects.filter(pk=codes[0].pk).update(is_active=False)
    PromoCode.objects.filter(pk=codes[2].pk).update(is_active=True)
    after = plan_change(wish, at=make.NOW)
    assert (before.will_change, before.already_so) == (after.will_change, after.already_so)
    assert before.digest != after.digest


def test_undo_puts_back_only_what_nobody_changed_since(acme, world):
    _, offer, codes, members, _ = world
    first = apply(acme, offer, MemberSelection(ids=tuple(members)))
    apply(acme, offer, MemberSelection(ids=(members[0],)), to_active=True, key="k2")
    second = apply(acme, offer, MemberSelection(ids=(members[0],)), to_active=False, key="k3")
    undone = undo_bulk_change(workspace_id=acme.pk, change=first, by=make.ANA, at=make.NOW).change
    assert list(PromoCode.objects.order_by("pk").values_list("is_active", "last_change_id")) == [
        (False, second.pk), (True, undone.pk), (False, 0),
    ]  # fmt: skip
    assert (undone.changed, undone.excluded_reasons) == (1, {"changed_since": 1})
    again = undo_bulk_change(workspace_id=acme.pk, change=first, by=make.ANA, at=make.NOW)
    assert (again.was_replayed, again.change.pk) == (True, undone.pk)
    assert codes[1].pk


def test_undo_of_what_was_all_changed_since_is_refused(acme, world):
    _, offer, _, members, _ = world
    first = apply(acme, offer, MemberSelection(ids=tuple(members)))
    apply(acme, offer, MemberSelection(ids=tuple(members)), to_active=True, key="k2")
    with pytest.raises(NothingToUndo):
        undo_bulk_change(workspace_id=acme.pk, change=first, by=make.ANA, at=make.NOW)
    assert BulkChange.objects.count() == 2


def test_a_later_change_supersedes_what_the_store_has_not_followed(acme, world):
    _, offer, _, members, _ = world
    first = apply(acme, offer, MemberSelection(ids=tuple(members)))
    apply(acme, offer, MemberSelection(ids=(members[0],)), to_active=True, key="k2")
    store = progress_of(first).stores[0]
    assert (store.superseded, store.waiting) == (1, 1)
    assert ItemOutcome.objects.get().result == "superseded"


def test_all_matching_leaves_out_later_joiners_and_the_unticked(acme, world):
    store, offer, _, members, _ = world
    newest = offer.enrollments.order_by("-pk").values_list("pk", flat=True)[0]
    make.code(make.enrollment(offer), "LATER", stores=[store])
    selection = MemberSelection(filter=MemberFilter(), exclude=(members[0],), up_to=newest)
    apply(acme, offer, selection)
    active = PromoCode.objects.filter(is_active=True).order_by("pk").values_list("text", flat=True)
    assert list(active) == ["C0", "LATER"]


def test_codes_past_their_end_are_not_activated(acme, world):
    _, offer, codes, members, _ = world
    PromoCode.objects.update(is_active=False)
    PromoCode.objects.filter(pk=codes[0].pk).update(ends_at=make.NOW)
    change = apply(acme, offer, MemberSelection(ids=tuple(members)), to_active=True)
    assert (change.changed, change.excluded_reasons) == (2, {"not_in_offer": 1, "no_code": 1, "ended": 1})
    assert PromoCode.objects.get(pk=codes[0].pk).is_active is False


def test_links_change_at_once_and_tell_no_store(acme, world):
    _, offer, _, members, _ = world
    link = make.link(offer.enrollments.order_by("pk").first())
    change = apply(acme, offer, MemberSelection(ids=tuple(members)), part=OfferPart.LINKS)
    assert SalesLink.objects.get(pk=link.pk).is_active is False
    assert (progress_of(change).state, progress_of(change).stores) == ("done", ())
    assert PromoCode.objects.filter(is_active=True).count() == 2


def test_retry_makes_failed_items_due_again(acme, world):
    _, offer, _, members, _ = world
    change = apply(acme, offer, MemberSelection(ids=tuple(members)))
    StoreCode.objects.filter(generation=change.pk).update(problem="failed", due_at=None)
    assert retry_failed_items(workspace_id=acme.pk, change=change, by=make.ANA, at=make.NOW) == 2
    assert StoreCode.objects.filter(generation=change.pk, problem="", due_at=make.NOW).count() == 2
    assert retry_failed_items(workspace_id=acme.pk, change=change, by=make.ANA, at=make.NOW) == 0


def test_retried_items_wait_for_their_store_again(acme, world):
    _, offer, _, members, _ = world
    change = apply(acme, offer, MemberSelection(ids=tuple(members)))
    row = StoreCode.objects.filter(generation=change.pk).first()
    StoreCode.objects.filter(pk=row.pk).update(problem="failed", due_at=None)
    ItemOutcome.objects.create(
        workspace=acme,
        change_id=change.pk,
        store_id=row.store_id,
        code_id=row.code_id,
        result="failed",
        reason="",
        at=make.NOW,
    )
    ChangeProgress.objects.filter(change=change).update(failed=1)
    assert (progress_of(change).bad, progress_of(change).waiting) == (1, 1)
    assert retry_failed_items(workspace_id=acme.pk, change=change, by=make.ANA, at=make.NOW) == 1
    assert (progress_of(change).bad, progress_of(change).waiting) == (0, 2)
    assert not ItemOutcome.objects.filter(change_id=change.pk).exists()
    assert [one for one in count_problems(acme) if one.check == "change_progress"] == []


@pytest.mark.parametrize("table", ["bulkchange", "bulkchangeitem", "event"])
@pytest.mark.parametrize("statement", ["UPDATE offerwell_{} SET id = id", "DELETE FROM offerwell_{}"])
def test_history_cannot_be_rewritten_even_by_sql(acme, world, table, statement):
    _, offer, _, members, _ = world
    apply(acme, offer, MemberSelection(ids=tuple(members)))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))
    assert BulkChangeItem.objects.count() == 2
