"""Refreshed codes against a real sandbox store over HTTP: renamed by id, never doubled, never silently taken."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from django.utils import timezone

from offerwell.actions.change_offer_status import change_offer_status
from offerwell.actions.look_up_proposals import look_up_proposals
from offerwell.actions.propose_texts import NameWish, propose_texts
from offerwell.actions.retry_failed_items import retry_failed_items
from offerwell.actions.retry_in_store import retry_in_store
from offerwell.actions.sync_store import sync_store
from offerwell.actions.undo_bulk_change import undo_bulk_change
from offerwell.models import (
    ChangeKind,
    CodeProposal,
    Enrollment,
    ItemOutcome,
    OfferPart,
    PromoCode,
    Store,
    StoreCode,
)
from offerwell.queries.change_progress import progress_of
from offerwell.queries.member_in_offer import member_in_offer
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.selection import MemberFilter, MemberSelection
from tests import make


@pytest.fixture
def glow(acme, sandbox, settings):
    settings.OFFERWELL_SYNC_REPLICA_LAG = 0.0
    info = sandbox.info()
    store = make.store(acme, "Glow", client_id=info["client_id"], client_secret=info["client_secret"])
    Store.objects.filter(pk=store.pk).update(address=sandbox.address)
    store.refresh_from_db()
    return store


@pytest.fixture
def summer(acme, glow):
    return make.offer(acme, "Summer", type="promo_code", stores=[glow])


def seeded(sandbox, summer, glow, texts, *, active=True, ends_at=None):
    """Codes that exist in the store already, adopted."""
    past = (timezone.now() - timedelta(days=9)).isoformat()
    end = ends_at.isoformat() if ends_at else None if active else (timezone.now() - timedelta(days=1)).isoformat()
    sandbox.seed([
        {"code": text, "title": "Summer", "startsAt": past, "endsAt": end, "percentage": 0.2} for text in texts
    ])  # fmt: skip
    shown = sandbox.discounts()
    for text in texts:
        code = make.code(make.enrollment(summer), text, stores=[glow], is_active=active, ends_at=ends_at)
        make.history(code)
        StoreCode.objects.filter(code=code).update(ref=shown[text]["id"])
    sandbox.forget_requests()


def everybody(offer):
    return MemberSelection(filter=MemberFilter(), up_to=Enrollment.objects.filter(offer=offer).latest("pk").pk)


def propose(summer, *texts):
    """Proposals for all codes, by hand where texts are given."""
    batch = propose_texts(
        workspace_id=summer.workspace_id, offer=summer, selection=everybody(summer), names=NameWish("NEW{first_name}"),
        by=make.ANA, at=timezone.now(),
    )  # fmt: skip
    for row, text in zip(CodeProposal.objects.filter(batch=batch).order_by("code_id"), texts, strict=False):
        CodeProposal.objects.filter(pk=row.pk).update(text=text, text_key=text)
    return batch


def refresh(summer, *texts, key="refresh"):
    return refresh_as(propose(summer, *texts), key)


def refresh_as(batch, key):
    wish = Wish(
        batch.offer, OfferPart.CODES, to_active=False, selection=everybody(batch.offer), kind=ChangeKind.REFRESH,
        batch=batch,
    )  # fmt: skip
    now = timezone.now()
    digest = plan_change(wish, at=now).digest
    return change_offer_status(
        workspace_id=batch.workspace_id, wish=wish, digest=digest, key=key, by=make.ANA, at=now
    ).change


def switch(summer, *, to_active, key):
    wish = Wish(summer, OfferPart.CODES, to_active, everybody(summer))
    now = timezone.now()
    digest = plan_change(wish, at=now).digest
    return change_offer_status(
        workspace_id=summer.workspace_id, wish=wish, digest=digest, key=key, by=make.ANA, at=now
    ).change


def again(glow):
    """Let what waits be due, and follow."""
    Store.objects.update(paused_until=None)
    StoreCode.objects.filter(due_at__isnull=False).update(due_at=timezone.now(), next_attempt_at=None)
    sync_store(store_id=glow.pk)


def counts(change):
    store = progress_of(change).to_json()["stores"][0]
    return {name: n for name, n in store.items() if n and name != "store"}


def undo(change):
    return undo_bulk_change(
        workspace_id=change.workspace_id, change=change, by=make.ANA, at=timezone.now()
    ).change  # fmt: skip


def test_codes_are_renamed_by_their_id_and_keep_everything_else(acme, sandbox, summer, glow):
    end = (timezone.now() + timedelta(days=30)).replace(microsecond=0)
    seeded(sandbox, summer, glow, ["ONE1", "TWO2"], ends_at=end)
    before = {row["id"]: row for row in sandbox.discounts().values()}
    change = refresh(summer, "EINS1", "ZWEI2")
    sync_store(store_id=glow.pk)
    after = {row["id"]: row for row in sandbox.discounts().values()}
    assert {row["code"] for row in after.values()} == {"EINS1", "ZWEI2"}
    for ref, row in after.items():
        moved = ("code", "updatedAt")
        assert {k: v for k, v in row.items() if k not in moved} == {
            k: v for k, v in before[ref].items() if k not in moved
        }
    assert (counts(change), progress_of(change).state) == ({"confirmed": 2}, "done")
    assert len(sandbox.mutations()) == 1
    sandbox.forget_requests()
    StoreCode.objects.update(check_at=timezone.now(), due_at=timezone.now())
    sync_store(store_id=glow.pk)
    assert (sandbox.mutations(), StoreCode.objects.exclude(problem="").count()) == ([], 0)


def test_deactivated_codes_stay_deactivated(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["OFF1"], active=False)
    change = refresh(summer, "STILL1")
    sync_store(store_id=glow.pk)
    assert (sandbox.statuses(), counts(change)) == ({"STILL1": "EXPIRED"}, {"confirmed": 1})


def test_a_bxgy_discount_is_renamed_as_what_it_is(acme, sandbox, summer, glow):
    """Shopify's update for plain discounts would turn it into a plain one."""
    info = sandbox.info()
    token = httpx.post(
        f"{sandbox.address}/admin/oauth/access_token",
        data={"grant_type": "client_credentials", "client_id": info["client_id"],
              "client_secret": info["client_secret"]},
    ).json()["access_token"]  # fmt: skip
    made = httpx.post(
        f"{sandbox.address}/admin/api/2026-10/graphql.json", headers={"X-Shopify-Access-Token": token},
        json={"query": BXGY},
    ).json()  # fmt: skip
    ref = made["data"]["discountCodeBxgyCreate"]["codeDiscountNode"]["id"]
    code = make.code(make.enrollment(summer), "BOGO1", stores=[glow])
    make.history(code)
    StoreCode.objects.update(ref=ref)
    change = refresh(summer, "BOGO2")
    sync_store(store_id=glow.pk)
    assert (sandbox.statuses(), counts(change)) == ({"BOGO2": "ACTIVE"}, {"confirmed": 1})
    assert "discountCodeBxgyUpdate" in str(sandbox.requests()) or "UpdateBxgy" in str(sandbox.mutations())
    assert sandbox.discounts()["BOGO2"]["id"] == ref


BXGY = """mutation { discountCodeBxgyCreate(bxgyCodeDiscount: {title: "Summer", code: "BOGO1",
  startsAt: "2026-01-01T00:00:00Z", context: {all: ALL},
  customerBuys: {value: {quantity: "1"}, items: {products: {productsToAdd: ["gid://shopify/Product/11"]}}},
  customerGets: {value: {discountOnQuantity: {quantity: "1", effect: {percentage: 1.0}}}, items: {products: {productsToAdd: ["gid://shopify/Product/11"]}}}})
  { codeDiscountNode { id } userErrors { field message } } }"""


def test_a_rename_and_a_deactivation_are_followed_together(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["ONE1"])
    rename = refresh(summer, "EINS1")
    off = switch(summer, to_active=False, key="off")
    sync_store(store_id=glow.pk)
    assert sandbox.statuses() == {"EINS1": "EXPIRED"}
    assert (counts(rename), counts(off)) == ({"superseded": 1}, {"confirmed": 1})
    assert PromoCode.objects.get().text == "EINS1"


def test_a_lost_answer_is_asked_again_and_renames_once(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["ONE1"])
    ref = sandbox.discounts()["ONE1"]["id"]
    change = refresh(summer, "EINS1")
    sandbox.fault(kind="error_after_effect", count=1, mutations=True)
    sync_store(store_id=glow.pk)
    assert counts(change) == {"waiting": 1}
    assert StoreCode.objects.get().suspect_until is not None
    again(glow)
    assert (sandbox.statuses(), counts(change)) == ({"EINS1": "ACTIVE"}, {"confirmed": 1})
    assert sandbox.discounts()["EINS1"]["id"] == ref


def test_a_lost_request_is_sent_again(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["ONE1"])
    change = refresh(summer, "EINS1")
    sandbox.fault(kind="error_before_effect", count=1, mutations=True)
    sync_store(store_id=glow.pk)
    assert (sandbox.statuses(), counts(change)) == ({"ONE1": "ACTIVE"}, {"waiting": 1})
    again(glow)
    assert (sandbox.statuses(), counts(change)) == ({"EINS1": "ACTIVE"}, {"confirmed": 1})


def test_a_rename_that_lands_late_is_repaired(acme, sandbox, summer, glow):
    """An old request that lands after we confirmed a newer text: suspicion finds it, and puts the wanted one back."""
    seeded(sandbox, summer, glow, ["ONE1"])
    refresh(summer, "EINS1")
    sandbox.fault(kind="error_before_effect", count=1, mutations=True)
    sync_store(store_id=glow.pk)
    newer = refresh(summer, "UNO1", key="second")
    again(glow)
    assert (sandbox.statuses(), counts(newer)) == ({"UNO1": "ACTIVE"}, {"confirmed": 1})
    sandbox.fault(kind="outside_edit", code="UNO1", action="rename", to="EINS1")  # the lost request, at last
    again(glow)
    assert sandbox.statuses() == {"UNO1": "ACTIVE"}
    assert StoreCode.objects.get().problem == ""


def test_a_text_that_somebody_took_is_a_conflict_with_its_reason(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["ONE1", "TWO2"])
    sandbox.seed([{"code": "TAKEN1", "title": "Black Friday", "percentage": 0.5}])
    change = refresh(summer, "TAKEN1", "ZWEI2")
    sync_store(store_id=glow.pk)
    assert (counts(change), progress_of(change).state) == ({"confirmed": 1, "conflict": 1}, "done_with_failures")
    assert (
        "TAKEN1 belongs to another discount in the store (“Black Friday”)"
        in ItemOutcome.objects.get(result="conflict").reason
    )
    assert set(sandbox.statuses()) == {"ONE1", "ZWEI2", "TAKEN1"}
    sandbox.fault(kind="outside_edit", code="TAKEN1", action="delete")
    assert retry_failed_items(workspace_id=acme.pk, change=change, by=make.ANA, at=timezone.now()) == 1
    sync_store(store_id=glow.pk)
    assert (counts(change), set(sandbox.statuses())) == ({"confirmed": 2}, {"TAKEN1", "ZWEI2"})


def test_one_members_refresh_is_asked_again_where_it_was_refused(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["ONE1", "TWO2"])
    sandbox.seed([{"code": "TAKEN1", "title": "Black Friday", "percentage": 0.5}])
    change = refresh(summer, "TAKEN1", "ZWEI2")
    sync_store(store_id=glow.pk)
    sandbox.fault(kind="outside_edit", code="TAKEN1", action="delete")
    place = Enrollment.objects.get(promocodes__text="TAKEN1")
    seen = member_in_offer(place, at=timezone.now())
    assert [store.label for store in seen.stores_to_retry] == ["Glow"]
    assert [row.text for row in seen.codes[0].earlier] == ["ONE1"]
    asked = {"workspace_id": acme.pk, "store": glow, "by": make.ANA, "at": timezone.now()}
    assert retry_in_store(**asked, enrollment=Enrollment.objects.get(promocodes__text="ZWEI2")) == 0
    assert retry_in_store(**asked, enrollment=place) == 1
    assert counts(change) == {"confirmed": 1, "waiting": 1}
    sync_store(store_id=glow.pk)
    assert (counts(change), set(sandbox.statuses())) == ({"confirmed": 2}, {"TAKEN1", "ZWEI2"})


def test_an_activation_gives_the_new_text_before_the_code_works(acme, sandbox, summer, glow):
    """A leaked code, off and refreshed while the store was away, must not work for a moment under its old text."""
    seeded(sandbox, summer, glow, ["LEAK1"], active=False)
    refresh(summer, "FRESH1")
    on = switch(summer, to_active=True, key="on")
    sync_store(store_id=glow.pk)
    again(glow)
    assert (sandbox.statuses(), counts(on)) == ({"FRESH1": "ACTIVE"}, {"confirmed": 1})
    writes = sandbox.mutations()
    assert ["Update" in writes[0], "Activate" in writes[-1], len(writes)] == [True, True, 2], writes


def test_a_conflict_undone_needs_no_store_to_agree(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["ONE1"])
    sandbox.seed([{"code": "TAKEN1", "title": "Black Friday", "percentage": 0.5}])
    change = refresh(summer, "TAKEN1")
    sync_store(store_id=glow.pk)
    undone = undo(change)
    sandbox.forget_requests()
    sync_store(store_id=glow.pk)
    assert (counts(undone), sandbox.mutations()) == ({"already_so": 1}, [])
    assert PromoCode.objects.get().text == "ONE1"


def test_a_text_that_another_code_of_ours_is_about_to_leave_is_waited_for(acme, sandbox, summer, glow):
    """The second code gets the text the first one had; the store hears of the second first."""
    seeded(sandbox, summer, glow, ["ONE1", "TWO2"])
    one, two = PromoCode.objects.order_by("pk")
    PromoCode.objects.filter(pk=one.pk).update(text="EINS1", text_key="EINS1")
    PromoCode.objects.filter(pk=two.pk).update(text="ONE1", text_key="ONE1")
    StoreCode.objects.filter(code=two).update(generation=1, due_at=timezone.now())
    sync_store(store_id=glow.pk)
    row = StoreCode.objects.get(code=two)
    assert (row.problem, row.last_error) == ("", "Another code still has the text ONE1 in the store.")
    StoreCode.objects.filter(code=one).update(generation=1, due_at=timezone.now())
    again(glow)
    again(glow)
    assert set(sandbox.statuses()) == {"EINS1", "ONE1"}
    assert set(StoreCode.objects.values_list("observed_generation", "problem")) == {(1, "")}


def test_a_discount_that_is_gone_is_created_under_the_new_text(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["ONE1"])
    sandbox.fault(kind="outside_edit", code="ONE1", action="delete")
    change = refresh(summer, "EINS1")
    sync_store(store_id=glow.pk)
    assert (sandbox.statuses(), counts(change)) == ({"EINS1": "ACTIVE"}, {"recreated": 1})


def test_a_deactivated_discount_that_is_gone_is_not_created(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["ONE1"], active=False)
    sandbox.fault(kind="outside_edit", code="ONE1", action="delete")
    change = refresh(summer, "EINS1")
    sync_store(store_id=glow.pk)
    assert (sandbox.statuses(), counts(change)) == ({}, {"already_so": 1})


def test_a_create_that_was_lost_before_the_refresh_is_found_by_its_former_text(acme, sandbox, summer, glow):
    lost(sandbox, summer, glow, "LOST1", "error_after_effect")
    assert (StoreCode.objects.get().ref, set(sandbox.discounts())) == ("", {"LOST1"})
    ref = sandbox.discounts()["LOST1"]["id"]
    change = refresh(summer, "FOUND1")
    again(glow)
    assert (StoreCode.objects.get().ref, set(sandbox.discounts())) == (ref, {"LOST1"})
    nothing_lands_any_more()
    again(glow)
    assert (sandbox.statuses(), counts(change)) == ({"FOUND1": "ACTIVE"}, {"confirmed": 1})
    assert StoreCode.objects.get().ref == ref == sandbox.discounts()["FOUND1"]["id"]


def lost(sandbox, summer, glow, text, kind):
    """A code whose creation was asked for and not answered."""
    make.history(make.code(make.enrollment(summer), text, stores=[glow], settled=False))
    StoreCode.objects.update(due_at=timezone.now())
    sandbox.fault(kind=kind, count=1, mutations=True)
    sync_store(store_id=glow.pk)


def nothing_lands_any_more():
    """A quarter of an hour later."""
    past = timezone.now() - timedelta(seconds=1)
    StoreCode.objects.filter(suspect_until__isnull=False).update(suspect_until=past)
    StoreCode.objects.filter(create_until__isnull=False).update(create_until=past)


def test_no_second_discount_while_a_lost_create_may_still_land(acme, sandbox, summer, glow):
    lost(sandbox, summer, glow, "LOST1", "error_before_effect")
    change = refresh(summer, "FOUND1")
    again(glow)
    assert (sandbox.statuses(), counts(change)) == ({}, {"waiting": 1})
    assert StoreCode.objects.get().due_at <= StoreCode.objects.get().create_until
    nothing_lands_any_more()
    again(glow)
    assert (sandbox.statuses(), counts(change)) == ({"FOUND1": "ACTIVE"}, {"recreated": 1})


def test_a_text_is_kept_until_a_lost_create_cannot_take_it(acme, sandbox, summer, glow):
    """The code was created by a second request; the first could still make another discount of the old text."""
    lost(sandbox, summer, glow, "LEAK1", "error_before_effect")
    again(glow)
    assert sandbox.statuses() == {"LEAK1": "ACTIVE"}
    change = refresh(summer, "FRESH1")
    off = switch(summer, to_active=False, key="off")
    again(glow)
    assert (sandbox.statuses(), counts(off)) == ({"LEAK1": "EXPIRED"}, {"waiting": 1})
    nothing_lands_any_more()
    again(glow)
    assert (sandbox.statuses(), counts(off)) == ({"FRESH1": "EXPIRED"}, {"confirmed": 1})
    assert counts(change) == {"superseded": 1}


@pytest.mark.parametrize("question", range(1, 9))
def test_told_to_stop_it_takes_nothing_for_looked_up(acme, sandbox, summer, glow, question):
    """Between two questions to the store: a discount nobody asked about may be there, working."""
    lost(sandbox, summer, glow, "LOST1", "error_after_effect")
    ref = sandbox.discounts()["LOST1"]["id"]
    refresh(summer, "FOUND1")
    off = switch(summer, to_active=False, key="off")
    nothing_lands_any_more()
    Store.objects.update(paused_until=None)
    StoreCode.objects.update(due_at=timezone.now(), next_attempt_at=None)
    asked = iter([False] * (question - 1))
    sync_store(store_id=glow.pk, should_stop=lambda: next(asked, True))
    assert counts(off) == {"waiting": 1} or sandbox.statuses() == {"FOUND1": "EXPIRED"}
    again(glow)
    assert (sandbox.statuses(), counts(off)) == ({"FOUND1": "EXPIRED"}, {"confirmed": 1})
    assert StoreCode.objects.get().ref == ref


def test_a_lost_create_is_found_though_the_new_text_is_somebody_elses(acme, sandbox, summer, glow):
    """A conflict about the new text must not leave the old one working, held by nobody."""
    lost(sandbox, summer, glow, "LOST1", "error_after_effect")
    ref = sandbox.discounts()["LOST1"]["id"]
    sandbox.seed([{"code": "TAKEN1", "title": "Black Friday", "percentage": 0.5}])
    refresh(summer, "TAKEN1")
    off = switch(summer, to_active=False, key="off")
    again(glow)
    nothing_lands_any_more()
    again(glow)
    assert StoreCode.objects.get().ref == ref
    assert (sandbox.statuses(), counts(off)) == ({"LOST1": "EXPIRED", "TAKEN1": "ACTIVE"}, {"conflict": 1})


def test_a_code_renamed_in_the_store_is_flagged_not_renamed_back(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["ONE1"])
    sandbox.fault(kind="outside_edit", code="ONE1", action="rename", to="THEIRS1")
    switch(summer, to_active=True, key="look")
    sandbox.forget_requests()
    sync_store(store_id=glow.pk)
    row = StoreCode.objects.get()
    assert (row.problem, sandbox.mutations(), set(sandbox.statuses())) == ("drifted", [], {"THEIRS1"})
    assert row.last_error == "We want Active, its discount has another code now. Someone changed it there."
    assert row.drift.text == "THEIRS1"
    switch(summer, to_active=True, key="repair")
    sync_store(store_id=glow.pk)
    assert (sandbox.statuses(), StoreCode.objects.get().problem) == ({"ONE1": "ACTIVE"}, "")


def test_a_discount_with_several_codes_is_left_alone(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["ONE1"], active=True)
    sandbox.fault(kind="outside_edit", code="ONE1", action="add_code", to="MORE1")
    switch(summer, to_active=False, key="off")
    change = refresh(summer, "EINS1")
    sandbox.forget_requests()
    sync_store(store_id=glow.pk)
    assert (counts(change), sandbox.mutations()) == ({"failed": 1}, [])
    assert "holds 2 codes" in ItemOutcome.objects.get(result="failed").reason


def test_many_renames_travel_as_one_job_and_a_taken_one_is_found(acme, sandbox, summer, glow):
    texts = [f"M{n}X" for n in range(230)]
    seeded(sandbox, summer, glow, texts)
    sandbox.seed([{"code": "N7Y", "title": "Black Friday", "percentage": 0.5}])
    change = refresh(summer, *[f"N{n}Y" for n in range(230)])
    sync_store(store_id=glow.pk)
    assert len(sandbox.mutations()) == 2
    assert counts(change) == {"confirmed": 229, "waiting": 1}
    again(glow)
    assert counts(change) == {"confirmed": 229, "conflict": 1}
    assert {row["status"] for row in sandbox.discounts().values()} == {"ACTIVE"}
    assert len(sandbox.discounts()) == 231


def test_undo_renames_back(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["ONE1"])
    change = refresh(summer, "EINS1")
    sync_store(store_id=glow.pk)
    undone = undo(change)
    sync_store(store_id=glow.pk)
    assert (sandbox.statuses(), counts(undone)) == ({"ONE1": "ACTIVE"}, {"confirmed": 1})


def test_a_stale_read_after_an_undo_is_not_believed(acme, sandbox, summer, glow, settings):
    """The text of before is wanted again while reads may still show it from before the first rename."""
    settings.OFFERWELL_SYNC_REPLICA_LAG = 60.0
    seeded(sandbox, summer, glow, ["ONE1"])
    change = refresh(summer, "EINS1")
    sync_store(store_id=glow.pk)
    StoreCode.objects.update(observed_generation=change.pk)
    undone = undo(change)
    sandbox.fault(kind="outside_edit", code="EINS1", action="rename", to="ONE1")  # what a stale read would show
    sync_store(store_id=glow.pk)
    assert counts(undone) == {"waiting": 1}
    assert StoreCode.objects.get().last_error == "Waiting for the store to show its own change."


def test_proposals_are_looked_up_in_the_store(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["ONE1", "TWO2", "TRE3"])
    sandbox.seed([{"code": "TAKEN1", "title": "Black Friday", "percentage": 0.5}])
    batch = propose(summer, "TAKEN1", "ONE1", "FREE1")
    sandbox.forget_requests()
    assert look_up_proposals(batch=batch) == ()
    rows = CodeProposal.objects.filter(batch=batch).order_by("code_id")
    assert list(rows.values_list("on_store", "is_looked_up")) == [("Glow", True), ("Glow", True), ("", True)]
    assert len(sandbox.requests()) <= 3
    wish = Wish(summer, OfferPart.CODES, False, everybody(summer), kind=ChangeKind.REFRESH, batch=batch)
    plan = plan_change(wish, at=timezone.now())
    assert (plan.will_change, dict(plan.reasons)) == (1, {"taken": 2})
    sandbox.forget_requests()
    assert (look_up_proposals(batch=batch), sandbox.requests()) == ((), [])


def test_a_store_that_does_not_answer_is_said_and_the_proposals_stay(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["ONE1"])
    Store.objects.update(address="http://127.0.0.1:9")
    batch = propose(summer, "EINS1")
    [trouble] = look_up_proposals(batch=batch)
    assert trouble.startswith("Glow could not be asked: ")
    assert list(CodeProposal.objects.values_list("text", "is_looked_up", "on_store")) == [("EINS1", False, "")]
