"""Creation of many codes by a file against a real sandbox store over HTTP, and dates that are pushed."""
# ruff: noqa: PLR0917  fixtures are asked for by position

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from offerwell.actions.edit_offer import edit_offer
from offerwell.actions.sync_store import sync_store
from offerwell.models import Enrollment, Member, PromoCode, Store, StoreCode
from offerwell.rules.offer_draft import OfferDraft
from tests import make
from tests.sync.test_sync_store import change, glow, seeded, summer

__all__ = ["glow", "summer"]
MANY = 320


def new_codes(summer, glow, count=MANY, prefix="NEW"):
    """So many members with a code that no store knows yet, in five statements."""
    place = {"workspace_id": summer.workspace_id}
    members = Member.objects.bulk_create([
        Member(**place, first_name=f"M{n}", email=f"{prefix}{n}@example.com", email_key=f"{prefix}{n}@example.com".lower(),
               name_key=f"m{n}", search_text=f"m{n}", created_at=make.NOW)
        for n in range(count)
    ])  # fmt: skip
    places = Enrollment.objects.bulk_create([
        Enrollment(**place, offer=summer, member=who, name_key=who.name_key, search_text="", enrolled_at=make.NOW)
        for who in members
    ])  # fmt: skip
    codes = PromoCode.objects.bulk_create([
        PromoCode(**place, offer=summer, enrollment=spot, text=f"{prefix}{n}", text_key=f"{prefix}{n}", created_at=make.NOW,
                  changed_at=make.NOW)
        for n, spot in enumerate(places)
    ])  # fmt: skip
    now = timezone.now()
    StoreCode.objects.bulk_create([StoreCode(**place, store=glow, code=code, due_at=now) for code in codes])


def follow(glow, passes=1):
    for _ in range(passes):
        Store.objects.update(paused_until=None)
        StoreCode.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
        sync_store(store_id=glow.pk)


def all_made_once(sandbox, count=MANY):
    shown = {code: row["id"] for code, row in sandbox.discounts().items()}
    assert dict(StoreCode.objects.values_list("code__text", "ref")) == shown
    assert len(shown) == len(set(shown.values())) == count
    assert set(StoreCode.objects.values_list("observed_generation", "problem", "lease_owner")) == {(0, "", "")}


def operations(sandbox):
    return Counter(row["operation"] for row in sandbox.requests())


def test_many_codes_are_created_by_one_file(acme, sandbox, summer, glow):
    new_codes(summer, glow)
    assert sync_store(store_id=glow.pk) == MANY
    all_made_once(sandbox)
    seen = operations(sandbox)
    del seen["BulkPoll"], seen["access_token"]
    assert seen == {"StageUpload": 1, "BulkRun": 1, "BulkResult": 1, "NodeStatuses": 2}
    assert {tuple(row["tags"]) for row in sandbox.discounts().values()} == {(f"offerwell-offer-{summer.pk}",)}


@pytest.mark.parametrize("operation", ["StageUpload", "BulkRun", "BulkPoll", "BulkResult"])
@pytest.mark.parametrize("kind", ["error_after_effect", "error_before_effect", "truncated_json", "timeout"])
def test_trouble_at_any_call_loses_and_doubles_nothing(
    acme, sandbox, summer, glow, settings, kind, operation, monkeypatch
):
    monkeypatch.setattr("offerwell.integrations.graphql.wire.TIMEOUTS", 1.0)
    settings.OFFERWELL_SYNC_LATE_LANDING = 0.0
    new_codes(summer, glow)
    sandbox.fault(kind=kind, operation=operation, count=1, **({"seconds": 3} if kind == "timeout" else {}))
    follow(glow, passes=3)
    all_made_once(sandbox)


def test_a_report_that_is_lost_costs_a_look_up(acme, sandbox, summer, glow):
    new_codes(summer, glow)
    sandbox.fault(kind="error_before_effect", operation="Results", count=4)
    follow(glow)
    assert StoreCode.objects.filter(ref="", attempts=1, suspect_until=None).count() == MANY
    sandbox.forget_requests()
    follow(glow)
    assert (operations(sandbox)["CodeLookup"], sandbox.mutations()) == (2, [])
    all_made_once(sandbox)


def test_half_a_file_is_done_and_the_other_half_follows(acme, sandbox, summer, glow):
    new_codes(summer, glow)
    sandbox.fault(kind="half_failed_job", operation="import", count=1)
    follow(glow)
    assert StoreCode.objects.exclude(ref="").count() == MANY // 2
    assert len(sandbox.discounts()) == MANY // 2
    sandbox.forget_requests()
    follow(glow)
    all_made_once(sandbox)
    assert operations(sandbox)["CodeLookup"] == 1


def test_codes_that_are_there_already_are_adopted_or_told(acme, sandbox, summer, glow):
    new_codes(summer, glow)
    now = timezone.now().isoformat()
    sandbox.seed(
        [{"code": "new1", "title": "Summer", "startsAt": now}, {"code": "NEW2", "title": "Theirs", "startsAt": now}]
    )
    theirs = sandbox.discounts()["NEW2"]
    follow(glow, passes=2)
    ours, other = (StoreCode.objects.get(code__text=text) for text in ("NEW1", "NEW2"))
    assert (ours.ref, ours.problem) == (sandbox.discounts()["new1"]["id"], "")
    assert (other.ref, other.problem, sandbox.discounts()["NEW2"]) == ("", "conflict", theirs)
    assert len(sandbox.discounts()) == MANY


def test_a_store_busy_with_other_files_gets_the_codes_all_the_same(acme, sandbox, summer, glow):
    new_codes(summer, glow)
    sandbox.fault(kind="slow_job", operation="import", seconds=5)
    store = Store.objects.get()
    from offerwell.actions.store_connection import open_store
    from tests.shopify.test_create_many import specs

    for n in range(5):
        open_store(store).create_many(specs(f"OTHER{n}", 1))
    sandbox.forget_requests()
    follow(glow)
    assert operations(sandbox)["CreateBasic"] == 4
    assert set(StoreCode.objects.values_list("attempts", "problem", "observed_generation")) == {(0, "", 0)}


# -- dates ----------------------------------------------------------------------------------------------------


def draft_of(summer, **fields):
    return OfferDraft(
        name=summer.name, type=summer.type, discount_value=summer.discount_value, destination=summer.destination,
        store_ids=tuple(summer.store_links.values_list("store_id", flat=True)), **fields,
    )  # fmt: skip


def edited(acme, summer, **fields):
    edit_offer(workspace_id=acme.pk, offer=summer, draft=draft_of(summer, **fields), by=make.ANA, at=timezone.now())
    assert StoreCode.objects.filter(is_redated=True).count() == StoreCode.objects.count()


def stamped(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_new_dates_of_an_offer_are_pushed_to_its_codes(acme, sandbox, summer, glow):
    """A read alone would show the difference as if somebody else had made it."""
    seeded(sandbox, summer, glow, ["E1", "E2"])
    end = (timezone.now() + timedelta(days=20)).replace(microsecond=0)
    edited(acme, summer, ends_at=end)
    sync_store(store_id=glow.pk)
    assert {row["endsAt"] for row in sandbox.discounts().values()} == {stamped(end)}
    assert set(StoreCode.objects.values_list("problem", "is_redated", "due_at")) == {("", False, None)}
    edited(acme, summer)
    sync_store(store_id=glow.pk)
    assert {(row["endsAt"], row["status"]) for row in sandbox.discounts().values()} == {(None, "ACTIVE")}
    begin = end - timedelta(days=10)
    edited(acme, summer, starts_at=begin, ends_at=end)
    sync_store(store_id=glow.pk)
    shown = sandbox.discounts().values()
    assert {(row["startsAt"], row["endsAt"], row["status"]) for row in shown} == {
        (stamped(begin), stamped(end), "SCHEDULED")
    }
    edited(acme, summer)
    sync_store(store_id=glow.pk)
    assert {(row["endsAt"], row["status"]) for row in sandbox.discounts().values()} == {(None, "ACTIVE")}


def test_new_dates_leave_a_deactivated_code_off(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["F1"])
    change(acme, summer, to_active=False, key="off")
    sync_store(store_id=glow.pk)
    edited(acme, summer, ends_at=(timezone.now() + timedelta(days=20)).replace(microsecond=0))
    sandbox.forget_requests()
    sync_store(store_id=glow.pk)
    assert (sandbox.mutations(), sandbox.statuses()) == ([], {"F1": "EXPIRED"})
    assert StoreCode.objects.get().is_redated is False


def test_new_dates_do_not_overwrite_what_somebody_did_in_the_store(acme, sandbox, summer, glow):
    seeded(sandbox, summer, glow, ["G1"])
    StoreCode.objects.update(problem="drifted")
    sandbox.fault(kind="outside_edit", code="G1", action="deactivate")
    draft = replace(draft_of(summer), ends_at=timezone.now() + timedelta(days=20))
    edit_offer(workspace_id=acme.pk, offer=summer, draft=draft, by=make.ANA, at=timezone.now())
    sandbox.forget_requests()
    sync_store(store_id=glow.pk)
    assert (sandbox.mutations(), sandbox.statuses()) == ([], {"G1": "EXPIRED"})
    assert StoreCode.objects.get().problem == "drifted"


def test_dates_that_move_while_a_pass_confirms_are_not_forgotten(acme, sandbox, summer, glow, monkeypatch):
    from offerwell.actions.sync_rows import DatabaseRows

    seeded(sandbox, summer, glow, ["H1"])
    ends = [(timezone.now() + timedelta(days=days)).replace(microsecond=0) for days in (20, 30)]
    edited(acme, summer, ends_at=ends[0])
    plain, moved = DatabaseRows.confirm, []

    def confirm(self, settled):
        if not moved:
            moved.append(True)
            edited(acme, summer, ends_at=ends[1])
        plain(self, settled)

    monkeypatch.setattr(DatabaseRows, "confirm", confirm)
    follow(glow, passes=2)
    assert sandbox.discounts()["H1"]["endsAt"] == stamped(ends[1])
    assert StoreCode.objects.get().is_redated is False
