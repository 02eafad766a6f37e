"""End to end with software nobody here wrote: what Offerwell switches is what a shopper gets at the checkout."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from offerwell.actions.set_drift_policy import set_drift_policy
from offerwell.actions.sync_store import sync_store
from offerwell.models import Drift, ItemOutcome, Offer, Store, StoreCode
from offerwell.queries.change_progress import progress_of
from offerwell.queries.drift_plan import DriftWish, plan_drifts
from offerwell.rules.drift import Verb
from tests import make
from tests.sync.drifting import EVERYTHING, answer, differing
from tests.vendure.conftest import Brand, counts
from tests.vendure.real_vendure import RealVendure, needs_vendure

INVALID, EXPIRED = "COUPON_CODE_INVALID_ERROR", "COUPON_CODE_EXPIRED_ERROR"


def reason():
    return ItemOutcome.objects.order_by("-pk")[0].reason


def as_kept(server):
    """Everything the server keeps of its promotions, to compare."""
    return {row["id"]: row for row in server.promotions()}


def test_on_discounts_off_refuses_on_discounts_and_the_order_is_paid(brand):
    brand.codes("NORA20", "MAX20")
    assert brand.server.customer().apply("NORA20") == 4000
    off = brand.change(to_active=False, key="off")
    brand.sync()
    assert (counts(off), progress_of(off).state) == ({"confirmed": 2}, "done")
    shopper = brand.server.customer()
    assert [shopper.apply("NORA20"), shopper.apply("max20")] == [INVALID, INVALID]
    on = brand.change(to_active=True, key="on")
    brand.sync()
    assert counts(on) == {"confirmed": 2}
    assert shopper.apply("nora20") == 4000
    assert shopper.pay() == {"state": "PaymentSettled", "total": 4000, "couponCodes": ["NORA20"]}


def test_a_repeat_writes_nothing(brand):
    brand.codes("A1", "A2")
    brand.change(to_active=False, key="off")
    brand.sync()
    query = "{ promotions { items { id updatedAt } } }"
    before = brand.server.admin(query)
    again = brand.change(to_active=False, key="again")
    brand.look()
    assert (again.changed, again.already_so) == (0, 2)
    assert brand.server.admin(query) == before


def test_a_code_already_off_in_the_store_is_left_as_it_is(brand):
    brand.codes("S1", "S2")
    brand.server.edit(brand.server.by_code()["S1"]["id"], enabled=False)
    off = brand.change(to_active=False, key="off")
    brand.sync()
    assert counts(off) == {"confirmed": 1, "already_so": 1}


def test_a_planned_end_stays_through_off_and_on(brand):
    end = (timezone.now() + timedelta(days=30)).replace(microsecond=0)
    brand.codes("P1", ends_at=end)
    for key, active in (("off", False), ("on", True)):
        change = brand.change(to_active=active, key=key)
        brand.sync()
        row = brand.server.by_code()["P1"]
        assert counts(change) == {"confirmed": 1}
        assert (row["enabled"], datetime.fromisoformat(row["endsAt"])) == (active, end)


def test_switching_on_opens_a_window_that_someone_closed(brand):
    brand.codes("W1", "W2")
    past, ahead = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
    rows = brand.server.by_code()
    brand.server.edit(rows["W1"]["id"], startsAt="2019-01-01T00:00:00Z", endsAt=past)
    brand.server.edit(rows["W2"]["id"], startsAt=ahead)
    assert brand.server.customer().apply("W1") == EXPIRED
    brand.look()
    assert set(StoreCode.objects.values_list("problem", flat=True)) == {"drifted"}
    brand.change(to_active=True, key="on")  # asking again repairs
    brand.sync()
    assert set(StoreCode.objects.values_list("problem", flat=True)) == {""}
    shown = brand.server.by_code()
    assert (shown["W1"]["endsAt"], shown["W1"]["startsAt"]) == (None, "2019-01-01T00:00:00.000Z")
    assert datetime.fromisoformat(shown["W2"]["startsAt"]) <= datetime.now(UTC)


def test_a_promotion_deleted_in_the_admin_is_created_again_and_nothing_else_is(brand):
    brand.codes("D1", "D2")
    before = brand.server.by_code()
    brand.change(to_active=False, key="off")
    brand.sync()
    brand.server.delete(before["D1"]["id"])
    on = brand.change(to_active=True, key="on")
    brand.sync()
    after = brand.server.by_code()
    assert counts(on) == {"confirmed": 1, "recreated": 1}
    assert after["D2"]["id"] == before["D2"]["id"]
    assert after["D1"]["id"] not in {before["D1"]["id"], before["D2"]["id"]}
    assert StoreCode.objects.get(code__text="D1").ref == after["D1"]["id"]
    assert brand.server.customer().apply("D1") == 4000


def test_a_promotion_disabled_in_the_admin_is_flagged_not_overwritten(brand):
    brand.codes("F1")
    brand.server.edit(brand.server.by_code()["F1"]["id"], enabled=False)
    before = as_kept(brand.server)
    brand.look()
    row = StoreCode.objects.get()
    assert (row.problem, row.observed_status, row.due_at) == ("drifted", "expired", None)
    assert as_kept(brand.server) == before
    brand.change(to_active=True, key="restore")
    brand.sync()
    row.refresh_from_db()
    assert (row.problem, brand.server.statuses()) == ("", {"F1": True})


def test_a_promotion_edited_to_another_code_is_flagged_and_gets_its_own_back_on_restore(brand):
    brand.codes("E1", "E2")
    ref = brand.server.by_code()["E1"]["id"]
    brand.server.edit(ref, couponCode="OTHER")
    before = as_kept(brand.server)
    brand.look()
    assert (differing(), Drift.objects.get().text) == ({"E1": "renamed"}, "OTHER")
    assert as_kept(brand.server) == before
    [change] = answer(brand.acme, Verb.RESTORE)
    brand.sync()
    assert (change.what, counts(change), differing()) == ("names", {"confirmed": 1}, {})
    assert (brand.server.by_code()["E1"]["id"], brand.server.statuses()) == (ref, {"E1": True, "E2": True})
    assert (brand.server.customer().apply("OTHER"), brand.server.customer().apply("E1")) == (INVALID, 4000)


def test_switching_on_what_was_edited_to_another_code_gives_it_its_own_back(brand):
    brand.codes("E1")
    ref = brand.server.by_code()["E1"]["id"]
    brand.change(to_active=False, key="off")
    brand.sync()
    brand.server.edit(ref, couponCode="OTHER")
    brand.look()
    assert StoreCode.objects.get().problem == ""  # a code that is off may have any shape
    on = brand.change(to_active=True, key="on")
    brand.sync()
    assert (counts(on), brand.server.statuses()) == ({"confirmed": 1}, {"E1": True})
    assert brand.server.by_code()["E1"]["id"] == ref


@pytest.mark.parametrize("enabled", [True, False])
def test_a_code_that_another_promotion_took_meanwhile_is_not_given_to_two(brand, enabled):
    brand.codes("E1")
    brand.server.edit(brand.server.by_code()["E1"]["id"], couponCode="OTHER")
    brand.server.promote("e1", enabled=enabled)
    before = as_kept(brand.server)
    brand.look()
    assert differing() == {"E1": "renamed"}
    [change] = answer(brand.acme, Verb.RESTORE)
    brand.sync()
    assert counts(change) == {"conflict": 1}
    assert "The text E1 belongs to another discount in the store (“Somebody else”)." in reason()
    assert as_kept(brand.server) == before


def test_a_promotion_whose_code_was_taken_away_is_not_switched_on_for_everybody(brand):
    brand.codes("N1")
    ref = brand.server.by_code()["N1"]["id"]
    brand.change(to_active=False, key="off")
    brand.sync()
    minimum = {"code": "minimum_order_amount", "arguments": [
        {"name": "amount", "value": "1"}, {"name": "taxInclusive", "value": "false"}]}  # fmt: skip
    brand.server.edit(ref, couponCode="", conditions=[minimum])
    on = brand.change(to_active=True, key="on")
    brand.sync()
    assert counts(on) == {"failed": 1}
    assert "it would apply to every order" in reason()
    assert brand.server.statuses() == {"": False}


def test_a_code_that_another_promotion_has_is_a_conflict(brand):
    theirs = brand.server.promote("taken", percent=50)
    brand_code(brand, "TAKEN")
    before = as_kept(brand.server)
    brand.look()
    row = StoreCode.objects.get()
    assert (row.problem, row.ref) == ("conflict", "")
    assert "belongs to another discount in the store (“Somebody else”)" in row.last_error
    assert (as_kept(brand.server), list(before)) == (before, [theirs])


def brand_code(brand, text):
    make.code(make.enrollment(brand.summer), text, stores=[brand.store], settled=False)


def test_two_promotions_with_our_code_are_a_conflict_with_both_named(brand):
    brand.server.promote("TWICE", name="Summer")
    brand.server.promote("Twice", name="Winter")
    before = as_kept(brand.server)
    brand_code(brand, "TWICE")
    brand.look()
    row = StoreCode.objects.get()
    assert (row.problem, row.ref) == ("conflict", "")
    assert "More than one promotion in the store has the code TWICE: also “Winter”" in row.last_error
    assert as_kept(brand.server) == before


@pytest.mark.parametrize("to_active", [False, True])
def test_a_second_promotion_with_our_code_is_seen_and_neither_is_switched(brand, to_active):
    brand.codes("R1")
    if to_active:
        brand.change(to_active=False, key="before")
        brand.sync()
    theirs = brand.server.promote("r1", percent=50)
    before = as_kept(brand.server)
    change = brand.change(to_active=to_active, key="then")
    brand.sync()
    assert counts(change) == {"failed": 1}
    assert f"also “Somebody else” (id {theirs})" in reason()
    assert as_kept(brand.server) == before
    brand.server.delete(theirs)
    brand.change(to_active=to_active, key="again")
    brand.sync()
    assert (StoreCode.objects.get().problem, brand.server.statuses()) == ("", {"R1": to_active})


def test_a_deactivated_code_that_someone_gave_another_promotion_is_told(brand):
    """Ours is off, and shoppers get a discount all the same: that must not read as Deactivated.

    Nobody here can put it right, the policy neither: which of the two goes is a person's to say.
    """
    brand.codes("G1")
    brand.change(to_active=False, key="off")
    brand.sync()
    set_drift_policy(workspace_id=brand.acme.pk, enforces=True, by=make.ANA, at=timezone.now())
    brand.server.promote("G1")
    assert brand.server.customer().apply("G1") == 2500
    before = as_kept(brand.server)
    brand.look()
    row = StoreCode.objects.get()
    assert (row.problem, "More than one promotion" in row.last_error) == ("drifted", True)
    assert differing() == {"G1": "by_hand"}
    for verb in Verb:
        plan = plan_drifts(DriftWish(verb, EVERYTHING))
        assert (plan.will_change, dict(plan.reasons)) == (0, {"by_hand": 1})
        assert answer(brand.acme, verb, key=f"k-{verb}") == ()
    assert (as_kept(brand.server), differing()) == (before, {"G1": "by_hand"})


def test_a_disabled_promotion_with_our_code_does_no_harm(brand):
    brand.codes("Q1")
    brand.server.promote("Q1", enabled=False)
    off = brand.change(to_active=False, key="off")
    brand.sync()
    assert counts(off) == {"confirmed": 1}
    assert brand.server.customer().apply("Q1") == INVALID


def test_amount_minimum_and_limits_are_what_the_offer_says(brand):
    Offer.objects.filter(pk=brand.summer.pk).update(
        discount_kind="amount", discount_value=Decimal("12.50"), minimum_purchase=Decimal("49.99"),
        usage_limit=3, once_per_customer=True,
    )  # fmt: skip
    brand.codes("AMOUNT")
    row = brand.server.by_code()["AMOUNT"]
    assert (row["name"], row["usageLimit"], row["perCustomerUsageLimit"]) == ("Summer", 3, 1)
    assert [(one["code"], {a["name"]: a["value"] for a in one["args"]}) for one in row["conditions"] + row["actions"]] == [
        ("minimum_order_amount", {"amount": "4999", "taxInclusive": "false"}),
        ("order_fixed_discount", {"discount": "1250"}),
    ]  # fmt: skip
    assert brand.server.customer().apply("AMOUNT") == 3750


def test_a_hundred_and_more_codes_go_both_ways(brand):
    texts = [f"MANY{n}" for n in range(130)]
    brand.codes(*texts)
    assert set(brand.server.statuses()) == set(texts)
    off = brand.change(to_active=False, key="off")
    brand.sync()
    assert counts(off) == {"confirmed": 130}
    assert set(brand.server.statuses().values()) == {False}
    on = brand.change(to_active=True, key="on")
    brand.sync()
    assert counts(on) == {"confirmed": 130}
    assert set(brand.server.statuses().values()) == {True}


def test_killed_in_mid_batch_and_started_again_it_converges(acme, settings, tmp_path):
    """The server dies under a change; what it had kept and what it had not is found out by reading."""
    needs_vendure()
    settings.OFFERWELL_SYNC_REPLICA_LAG = 0.0
    server = RealVendure(state=tmp_path / "state")
    try:
        brand = Brand(acme, server)
        texts = [f"KILL{n}" for n in range(30)]
        brand.codes(*texts)
        off = brand.change(to_active=False, key="off")
        _killed_while(server, brand)
        assert counts(off).get("confirmed", 0) < 30
        kept_waiting = counts(off).get("waiting", 0)
        server.start()
        half = [code for code, enabled in server.statuses().items() if enabled]
        assert 0 < len(half) < 30, "the server was not killed in mid-batch"
        assert kept_waiting > 0
        StoreCode.objects.filter(observed_generation__lt=off.pk).update(due_at=timezone.now(), next_attempt_at=None)
        brand.sync()
        assert sum(counts(off).values()) == counts(off)["confirmed"] + counts(off).get("already_so", 0) == 30
        assert set(server.statuses().values()) == {False}
        assert set(StoreCode.objects.values_list("suspect_until", flat=True)) != {None}
    finally:
        server.end()


def _killed_while(server, brand):
    """Kill the server once it has carried out some of the batch; the sync meets that."""
    from threading import Thread

    def watch():
        watcher = RealVendureEyes(server)
        watcher.wait_for_some_off()
        server.process.kill()

    killer = Thread(target=watch)
    killer.start()
    Store.objects.update(paused_until=None)
    sync_store(store_id=brand.store.pk)
    killer.join(60)
    server.kill()


class RealVendureEyes:
    """Sees the state file, so that the watching does not wait in the server's queue."""

    def __init__(self, server):
        self.path = server.state

    def wait_for_some_off(self):
        import sqlite3
        import time

        for _ in range(6000):
            try:
                with sqlite3.connect(f"file:{self.path}?mode=ro&immutable=1", uri=True) as kept:
                    if kept.execute("SELECT count(*) FROM promotion WHERE enabled = 0").fetchone()[0] >= 3:
                        return
            except sqlite3.DatabaseError:
                pass
            time.sleep(0.01)
