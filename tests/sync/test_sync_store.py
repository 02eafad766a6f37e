"""The product's sync against a real sandbox store over HTTP: every promise of trust §3 that one pass can show."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from offerwell.actions.change_offer_status import change_offer_status
from offerwell.actions.sync_store import sync_store
from offerwell.models import ItemOutcome, OfferPart, Store, StoreCode
from offerwell.queries.change_progress import progress_of
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.selection import MemberFilter, MemberSelection
from tests import make


@pytest.fixture
def glow(acme, sandbox, settings):
    """The connected sandbox store, with a Summer offer on it."""
    settings.OFFERWELL_SYNC_REPLICA_LAG = 0.0
    info = sandbox.info()
    store = make.store(acme, "Glow", client_id=info["client_id"], client_secret=info["client_secret"])
    Store.objects.filter(pk=store.pk).update(address=sandbox.address)
    store.refresh_from_db()
    return store


@pytest.fixture
def summer(acme, glow):
    return make.offer(acme, "Summer", stores=[glow])


def seeded(sandbox, summer, glow, texts, *, active=True, ends_at=None):
    """Codes that exist in the store already, adopted."""
    past = (timezone.now() - timedelta(days=9)).isoformat()
    end = ends_at.isoformat() if ends_at else None if active else (timezone.now() - timedelta(days=1)).isoformat()
    sandbox.seed([
        {"code": text, "title": "Summer", "startsAt": past, "endsAt": end, "percentage": 0.2} for text in texts
    ])  # fmt: skip
    shown = sandbox.discounts()
    codes = []
    for text in texts:
        code = make.code(make.enrollment(summer), text, stores=[glow], is_active=active, ends_at=ends_at)
        StoreCode.objects.filter(code=code).update(ref=shown[text]["id"])
        codes.append(code)
    sandbox.forget_requests()
    return codes


def change(acme, summer, *, to_active, key):
    newest = summer.enrollments.order_by("-pk").values_list("pk", flat=True)[0]
    wish = Wish(summer, OfferPart.CODES, to_active, MemberSelection(filter=MemberFilter(), up_to=newest))
    now = timezone.now()
    plan = plan_change(wish, at=now)
    return change_offer_status(workspace_id=acme.pk, wish=wish, digest=plan.digest, key=key, by=make.ANA, at=now).change


def counts(bulk_change):
    store = progress_of(bulk_change).to_json()["stores"][0]
    return {name: n for name, n in store.items() if n and name != "store"}


def test_deactivate_activate_and_repeat(acme, sandbox, summer, glow):
    texts = [f"GLOW{n}" for n in range(6)]
    seeded(sandbox, summer, glow, texts)
    off = change(acme, summer, to_active=False, key="off")
    assert sync_store(store_id=glow.pk) == 6
    assert sandbox.statuses() == dict.fromkeys(texts, "EXPIRED")
    assert (counts(off), progress_of(off).state) == ({"confirmed": 6}, "done")
    assert len(sandbox.mutations()) == 1
    sandbox.forget_requests()
    again = change(acme, summer, to_active=False, key="again")
    assert sync_store(store_id=glow.pk) == 6
    assert (sandbox.mutations(), again.changed, again.already_so) == ([], 0, 6)
    on = change(acme, summer, to_active=True, key="on")
    sync_store(store_id=glow.pk)
    assert sandbox.statuses() == dict.fromkeys(texts, "ACTIVE")
    assert counts(on) == {"confirmed": 6}


def test_codes_already_right_on_the_store_are_skipped(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["A1", "A2"])
    sandbox.fault(kind="outside_edit", code="A1", action="deactivate")
    off = change(acme, summer, to_active=False, key="off")
    sync_store(store_id=glow.pk)
    assert counts(off) == {"confirmed": 1, "already_so": 1}


def test_a_planned_end_is_restored_after_activation(acme, sandbox, summer, glow):
    end = (timezone.now() + timedelta(days=30)).replace(microsecond=0)
    seeded(sandbox, summer, glow, ["P1", "P2"], ends_at=end)
    change(acme, summer, to_active=False, key="off")
    sync_store(store_id=glow.pk)
    assert sandbox.statuses() == {"P1": "EXPIRED", "P2": "EXPIRED"}
    on = change(acme, summer, to_active=True, key="on")
    sync_store(store_id=glow.pk)
    shown = sandbox.discounts()
    assert {row["status"] for row in shown.values()} == {"ACTIVE"}
    assert {row["endsAt"] for row in shown.values()} == {end.strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert counts(on) == {"confirmed": 2}


def test_a_code_missing_on_the_store_is_recreated_and_nothing_else_is(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["M1", "M2"])
    before = {code: row["id"] for code, row in sandbox.discounts().items()}
    change(acme, summer, to_active=False, key="off")
    sync_store(store_id=glow.pk)
    sandbox.fault(kind="outside_edit", code="M1", action="delete")
    on = change(acme, summer, to_active=True, key="on")
    sync_store(store_id=glow.pk)
    after = {code: row["id"] for code, row in sandbox.discounts().items()}
    assert counts(on) == {"confirmed": 1, "recreated": 1}
    assert after["M2"] == before["M2"]
    assert after["M1"] != before["M1"]
    assert StoreCode.objects.get(code__text="M1").ref == after["M1"]


def test_a_code_owned_by_another_discount_is_a_conflict_with_its_reason(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["T1"])
    change(acme, summer, to_active=False, key="off")
    sync_store(store_id=glow.pk)
    sandbox.fault(kind="outside_edit", code="T1", action="delete")
    sandbox.seed([{"code": "T1", "title": "Somebody else", "startsAt": timezone.now().isoformat(), "percentage": 0.5}])
    theirs = sandbox.discounts()["T1"]
    sandbox.forget_requests()
    on = change(acme, summer, to_active=True, key="on")
    sync_store(store_id=glow.pk)
    assert (counts(on), progress_of(on).state) == ({"conflict": 1}, "done_with_failures")
    assert "belongs to another discount" in ItemOutcome.objects.get(result="conflict").reason
    assert (sandbox.mutations(), sandbox.discounts()["T1"]) == ([], theirs)


def test_new_codes_are_created_once(acme, sandbox, summer, glow):
    for n in range(3):
        make.code(make.enrollment(summer), f"NEW{n}", stores=[glow], settled=False)
    StoreCode.objects.update(due_at=timezone.now())
    assert sync_store(store_id=glow.pk) == 3
    assert sandbox.statuses() == dict.fromkeys(["NEW0", "NEW1", "NEW2"], "ACTIVE")
    assert {row["title"] for row in sandbox.discounts().values()} == {"Summer"}
    assert StoreCode.objects.filter(observed_generation=0, due_at=None).exclude(ref="").count() == 3


def test_a_create_whose_answer_was_lost_is_adopted_not_doubled(acme, sandbox, summer, glow):
    make.code(make.enrollment(summer), "LOST", stores=[glow], settled=False)
    StoreCode.objects.update(due_at=timezone.now())
    sandbox.fault(kind="error_after_effect", count=1, mutations=True)
    sync_store(store_id=glow.pk)
    row = StoreCode.objects.get()
    assert row.suspect_until is not None
    assert (row.ref, row.observed_generation) == ("", -1)
    StoreCode.objects.update(due_at=timezone.now())
    Store.objects.update(paused_until=None)
    sync_store(store_id=glow.pk)
    row.refresh_from_db()
    assert (row.ref, row.observed_generation) == (sandbox.discounts()["LOST"]["id"], 0)
    assert len(sandbox.discounts()) == 1
    assert row.due_at == row.suspect_until


def test_a_revoked_token_is_replaced_and_the_batch_goes_on(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["R1", "R2"])
    sync_store(store_id=glow.pk)
    off = change(acme, summer, to_active=False, key="off")
    sandbox.fault(kind="token_revoked", count=1)
    sync_store(store_id=glow.pk)
    assert counts(off) == {"confirmed": 2}


def test_an_unreachable_store_loses_nothing_and_says_so(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["U1"])
    off = change(acme, summer, to_active=False, key="off")
    Store.objects.update(address="http://127.0.0.1:9")
    sync_store(store_id=glow.pk)
    assert counts(off) == {"waiting": 1}
    row, store = StoreCode.objects.get(), Store.objects.get()
    assert (row.attempts, row.lease_owner, row.next_attempt_at) == (0, "", None)
    assert store.trouble.startswith("The store could not be reached")
    assert store.paused_until > store.trouble_since
    Store.objects.update(address=sandbox.address, paused_until=None)
    StoreCode.objects.update(due_at=timezone.now())
    sync_store(store_id=glow.pk)
    assert counts(off) == {"confirmed": 1}


def test_a_multi_code_discount_is_refused_before_any_write(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["MULTI"])
    sandbox.fault(kind="outside_edit", code="MULTI", action="add_code", to="MULTI2")
    sandbox.forget_requests()
    off = change(acme, summer, to_active=False, key="off")
    sync_store(store_id=glow.pk)
    assert (counts(off), sandbox.mutations()) == ({"failed": 1}, [])
    assert "holds 2 codes" in ItemOutcome.objects.get().reason


def test_half_failed_jobs_are_noticed_by_reading_back(acme, sandbox, summer, glow):
    texts = [f"H{n}" for n in range(8)]
    seeded(sandbox, summer, glow, texts)
    off = change(acme, summer, to_active=False, key="off")
    sandbox.fault(kind="half_failed_job", count=1)
    sync_store(store_id=glow.pk)
    first = counts(off)
    assert first["waiting"] > 0
    assert first["confirmed"] + first["waiting"] == 8
    StoreCode.objects.filter(observed_generation=0).update(due_at=timezone.now())
    sync_store(store_id=glow.pk)
    assert counts(off) == {"confirmed": 8}
    assert sandbox.statuses() == dict.fromkeys(texts, "EXPIRED")


def test_an_outside_edit_is_flagged_not_overwritten(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["D1"])
    sandbox.fault(kind="outside_edit", code="D1", action="deactivate")
    change(acme, summer, to_active=True, key="look")
    sandbox.forget_requests()
    sync_store(store_id=glow.pk)
    row = StoreCode.objects.get()
    assert (row.problem, row.observed_status, sandbox.mutations()) == ("drifted", "expired", [])
    change(acme, summer, to_active=True, key="repair")
    sync_store(store_id=glow.pk)
    row.refresh_from_db()
    assert (row.problem, sandbox.statuses()) == ("", {"D1": "ACTIVE"})


def test_a_lease_taken_over_makes_its_codes_suspect(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["L1"])
    off = change(acme, summer, to_active=False, key="off")
    StoreCode.objects.update(lease_owner="dead:1", lease_until=timezone.now() - timedelta(seconds=1))
    sync_store(store_id=glow.pk)
    row = StoreCode.objects.get()
    assert (counts(off), row.suspect_until is not None, row.lease_owner) == ({"confirmed": 1}, True, "")
    assert row.due_at == row.suspect_until


def test_a_live_lease_is_respected(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["L2"])
    off = change(acme, summer, to_active=False, key="off")
    StoreCode.objects.update(lease_owner="alive:1", lease_until=timezone.now() + timedelta(seconds=30))
    assert sync_store(store_id=glow.pk) == 0
    assert (counts(off), sandbox.requests()) == ({"waiting": 1}, [])


def test_many_planned_windows_travel_as_one_job(acme, sandbox, summer, glow):
    end = (timezone.now() + timedelta(days=30)).replace(microsecond=0)
    texts = [f"W{n}" for n in range(230)]
    seeded(sandbox, summer, glow, texts, ends_at=end)
    change(acme, summer, to_active=False, key="off")
    sync_store(store_id=glow.pk)
    sandbox.forget_requests()
    on = change(acme, summer, to_active=True, key="on")
    sync_store(store_id=glow.pk)
    shown = sandbox.discounts()
    assert {row["status"] for row in shown.values()} == {"ACTIVE"}
    assert {row["endsAt"] for row in shown.values()} == {end.strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert counts(on) == {"confirmed": 230}
    assert len(sandbox.mutations()) == 2
