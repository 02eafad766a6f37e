"""`offerwell drift` and `offerwell stores audit`: JSON, exit codes, refusals."""

from __future__ import annotations

import pytest

from offerwell.models import BulkChange, Drift, PromoCode, Store, StoreAudit, StoreCode
from tests import make


@pytest.fixture
def world(acme):
    glow, other = make.store(acme, "Glow"), make.store(acme, "Other")
    summer = make.offer(acme, "Summer", stores=[glow, other])
    codes = [make.code(make.enrollment(summer, make.member(acme, "Nora", "Dubois")), f"C{n}") for n in range(3)]
    for code, store, kind in (
        (codes[0], glow, "switched_off"),
        (codes[1], other, "missing"),
        (codes[2], glow, "renamed"),
    ):
        row = make.store_code(code, store, problem="drifted")
        Drift.objects.create(
            workspace=acme, store_code=row, kind=kind, status="expired", text="X9", adopts="off", found_at=make.NOW,
            seen_at=make.NOW,
        )  # fmt: skip
    return summer


def test_list_by_offer_and_store(told, command, world):
    rows, code = told("drift", "list", "--offer", "Summer", "--store", "glow")
    assert [(row["code"], row["store"], row["wanted"], row["difference"]) for row in rows] == [
        ("C0", "Glow", "active", "switched_off"), ("C2", "Glow", "active", "renamed"),
    ]  # fmt: skip
    assert code == 0
    assert command("drift", "list").stdout.count("Nora Dubois") == 3


def test_plan_yes_and_a_repeat(told, world):
    plan, code = told("drift", "adopt", "--plan")
    assert (plan["selected"], plan["will_change"], plan["left_out_reasons"], code) == (3, 2, {"renamed": 1}, 0)
    assert BulkChange.objects.count() == 0
    done, code = told("drift", "adopt", "--yes")
    assert ([row["changed"] for row in done], code) == ([2], 0)
    assert dict(PromoCode.objects.values_list("text", "is_active")) == {"C0": False, "C1": False, "C2": True}
    again, code = told("drift", "adopt", "--yes")
    assert (again["will_change"], code, BulkChange.objects.count()) == (0, 0, 1)


def test_restore_one_store_changes_no_intent(told, world):
    done, code = told("drift", "restore", "--store", "Glow", "--yes")
    assert ([(row["what"], row["changed"]) for row in done], code) == ([("names", 1), ("status", 1)], 0)
    assert set(PromoCode.objects.values_list("is_active", flat=True)) == {True}
    assert set(StoreCode.objects.filter(problem="drifted").values_list("store__label", flat=True)) == {"Other"}
    assert BulkChange.objects.first().door == "cli"


def test_without_yes_nothing_is_done(told, world):
    body, code = told("drift", "restore")
    assert (body["error"], body["plan"]["will_change"], code) == ("Nothing was done: this needs a confirmation.", 3, 1)
    assert (BulkChange.objects.count(), StoreCode.objects.filter(problem="drifted").count()) == (0, 3)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["drift", "list", "--store", "Nope"], "There is no store “Nope” in this workspace."),
        (["drift", "adopt", "--offer", "Nope", "--yes"], "There is no offer “Nope” in this workspace."),
        (["stores", "audit", "Nope"], "There is no store “Nope” in this workspace."),
    ],
)
def test_unknown_names_are_refused(told, world, arguments, sentence):
    body, code = told(*arguments)
    assert (body["error"], code) == (sentence, 1)
    assert (BulkChange.objects.count(), StoreAudit.objects.count()) == (0, 0)


def test_audit(told, command, world):
    assert told("stores", "audit", "glow") == ({"store": "Glow", "codes": 2}, 0)
    assert StoreAudit.objects.get().store.label == "Glow"
    Store.objects.update(is_on=False)
    body, code = told("stores", "audit", "Other")
    assert (body["error"], code, StoreAudit.objects.count()) == ("Other is off.", 1, 1)
