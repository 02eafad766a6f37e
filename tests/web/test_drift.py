"""Reporting › Drift and Settings › Sync: what is shown, to whom, and what a confirmation does."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.models import BulkChange, Drift, Event, PromoCode, StoreAudit, StoreCode
from tests import make

URL = "/reporting/drift/"


def drifted(code, store, kind="switched_off", **shown):
    with scope(workspace=code.workspace):
        row = make.store_code(code, store, problem="drifted")
        fields = {"status": "expired", "adopts": "off", "text": code.text, "codes_count": 1} | shown
        Drift.objects.create(
            workspace=code.workspace, store_code=row, kind=kind, found_at=make.NOW, seen_at=make.NOW, **fields
        )
    return row


@pytest.fixture
def world(acme, rival):
    """Two offers on one store, three differences; and Rival has one too."""
    store = make.store(acme, "Glow")
    summer, winter = make.offer(acme, "Summer", stores=[store]), make.offer(acme, "Winter", stores=[store])
    nora, elena, hana = (
        make.code(make.enrollment(offer, make.member(acme, first)), text, is_active=active)
        for offer, first, text, active in (
            (summer, "Nora", "NORA20", True), (summer, "Elena", "ELENA20", False), (winter, "Hana", "HANA20", True),
        )
    )  # fmt: skip
    rows = (
        drifted(nora, store),
        drifted(elena, store, "switched_on", status="active", adopts="active/None"),
        drifted(hana, store, "renamed", status="active", text="HANA30", adopts="renamed"),
    )
    with scope(workspace=rival):
        shop = make.store(rival, "Theirs")
        foreign = make.code(make.enrollment(make.offer(rival, "Foreign", stores=[shop])), "FOREIGN")
    return store, summer, rows, drifted(foreign, shop)


@pytest.fixture
def operator(client, acme):
    client.force_login(make.user(acme, role="operator"))
    return client


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def previewed(client, **fields):
    answer = client.post(f"{URL}preview/", fields)
    assert answer.status_code == 200
    return answer


def confirmed(client, answer):
    context = answer.context
    return client.post(f"{URL}confirm/", {**context["fields"], "plan": context["token"]})


def test_the_table_shows_both_states_and_only_ours(operator, world):
    page = text_of(operator.get(URL))
    for said in ("NORA20", "ELENA20", "HANA20", "Its code is HANA30 now", "Summer", "Winter", "Glow"):
        assert said in page
    assert "FOREIGN" not in page
    assert "Theirs" not in page


def test_filters_and_pages(operator, world, acme, monkeypatch):
    store, summer, rows, foreign = world
    assert [row.row.pk for row, *_ in operator.get(f"{URL}?offer={summer.pk}").context["rows"]] == [
        rows[0].pk, rows[1].pk,
    ]  # fmt: skip
    assert operator.get(f"{URL}?store={foreign.store_id}").context["rows"] == []
    for number in range(60):
        drifted(make.code(make.enrollment(summer), f"MORE{number}"), store)
    seen, address = [], URL
    while address:
        answer = operator.get(URL + address.removeprefix(URL))
        seen += [row.row.pk for row, *_ in answer.context["rows"]]
        address = answer.context["next_href"]
    assert seen == list(StoreCode.objects.order_by("store_id", "code_id").values_list("pk", flat=True))
    assert operator.get(f"{URL}?after=x-y&offer=abc&store=%00").status_code == 200


def test_the_number_of_statements_does_not_grow(operator, world):
    store, summer, *_ = world

    def statements(address):
        with CaptureQueriesContext(connection) as queries:
            assert operator.get(address).status_code == 200
        return len(queries)

    statements(URL)
    few, few_on_offer = statements(URL), statements(f"/reporting/sales-tracking/{summer.pk}/")
    for number in range(40):
        drifted(make.code(make.enrollment(summer), f"MORE{number}"), store)
    assert (statements(URL), statements(f"/reporting/sales-tracking/{summer.pk}/")) == (few, few_on_offer)
    assert few <= 12


def test_restore_of_some_is_previewed_and_applied_exactly(operator, world):
    rows = world[2]
    answer = previewed(operator, verb="restore", ids=[rows[0].pk, rows[1].pk])
    page = text_of(answer)
    assert "Restore 2 codes in the store?" in page
    assert "1 code is activated in the store again" in page
    assert (BulkChange.objects.count(), StoreCode.objects.filter(problem="drifted").count()) == (0, 3)
    done = confirmed(operator, answer)
    assert (done.status_code, done["Location"]) == (302, "/reporting/activity/")
    changes = BulkChange.objects.order_by("to_active")
    assert [(change.offer.name, change.to_active, change.changed) for change in changes] == [
        ("Summer", False, 1), ("Summer", True, 1),
    ]  # fmt: skip
    assert dict(StoreCode.objects.values_list("pk", "problem")) == {
        rows[0].pk: "", rows[1].pk: "", rows[2].pk: "drifted",
    }  # fmt: skip
    assert set(PromoCode.objects.values_list("text", "is_active")) == {
        ("NORA20", True), ("ELENA20", False), ("HANA20", True),
    }  # fmt: skip
    confirmed(operator, answer)
    assert BulkChange.objects.count() == 2


def test_adopt_of_all_that_match_leaves_out_what_cannot_be_adopted_and_says_why(operator, world, rival):
    rows = world[2]
    answer = previewed(operator, verb="adopt", all="1", exclude=str(rows[1].pk))
    assert "1 code was renamed in the store." in text_of(answer)
    done = confirmed(operator, answer)
    change = BulkChange.objects.get()
    assert done["Location"] == f"/reporting/activity/{change.pk}/"
    assert (change.to_active, change.changed) == (False, 1)
    assert "This took over what the store showed." in text_of(operator.get(done["Location"]))
    assert set(PromoCode.objects.values_list("text", "is_active")) == {
        ("NORA20", False), ("ELENA20", False), ("HANA20", True),
    }  # fmt: skip
    with scope(workspace=rival):
        assert StoreCode.objects.get().problem == "drifted"


def test_ids_of_a_rival_are_nobody(operator, world, rival):
    foreign = world[3]
    answer = previewed(operator, verb="adopt", ids=[foreign.pk])
    assert "do not differ in the store any more" in text_of(answer)
    confirmed(operator, answer)
    with scope(workspace=rival):
        assert (StoreCode.objects.get().problem, BulkChange.objects.count()) == ("drifted", 0)
    assert BulkChange.objects.count() == 0


def test_what_drifted_again_in_between_is_shown_again_and_nothing_is_done(operator, world):
    rows = world[2]
    answer = previewed(operator, verb="restore", ids=[rows[0].pk])
    Drift.objects.filter(store_code=rows[0]).update(kind="missing", status="missing", version=2)
    again = confirmed(operator, answer)
    assert (again.status_code, "Nothing was changed yet." in text_of(again)) == (409, True)
    assert BulkChange.objects.count() == 0
    assert confirmed(operator, again).status_code == 302


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"verb": "adopt"}, "No codes are selected."),
        ({"ids": "1"}, "Choose Adopt the store’s state or Restore ours."),
        ({"verb": "adopt", "ids": "1;DROP"}, "The selection could not be read."),
    ],
)
def test_a_selection_of_nothing_is_refused_where_it_was_made(operator, world, fields, said):
    answer = operator.post(f"{URL}preview/", fields)
    assert (answer.status_code, said in text_of(answer)) == (422, True)
    assert BulkChange.objects.count() == 0


def test_a_confirmation_without_its_own_plan_does_nothing(operator, acme, world):
    rows = world[2]
    answer = previewed(operator, verb="restore", ids=[rows[0].pk])
    other = {**answer.context["fields"], "verb": "adopt", "plan": answer.context["token"]}
    for fields in (other, {**other, "plan": "x"}, {**answer.context["fields"]}):
        assert operator.post(f"{URL}confirm/", fields).status_code == 409
    operator.force_login(make.user(acme, role="operator"))
    assert confirmed(operator, answer).status_code == 409
    assert BulkChange.objects.count() == 0


def test_analysts_see_and_change_nothing(client, acme, world):
    client.force_login(make.user(acme, role="analyst"))
    page = client.get(URL)
    assert ("NORA20" in text_of(page), "Restore ours" in text_of(page)) == (True, False)
    store, _, rows, _ = world
    for address, fields in (
        (f"{URL}preview/", {"verb": "adopt", "ids": rows[0].pk}),
        (f"{URL}confirm/", {"verb": "adopt", "ids": rows[0].pk}),
        (f"/settings/stores/{store.pk}/audit/", {}),
        ("/settings/sync/", {"policy": "enforce"}),
    ):
        assert client.post(address, fields).status_code == 403
    acme.refresh_from_db()
    assert (BulkChange.objects.count(), Event.objects.count(), StoreAudit.objects.count()) == (0, 0, 0)
    assert acme.enforces_since is None


def test_the_policy_is_the_owners_and_recorded(client, acme, operator):
    assert operator.get("/settings/sync/").status_code == 403
    client.force_login(make.user(acme, role="owner"))
    assert client.get("/settings/sync/").context["enforces"] is False
    for _ in range(2):
        assert client.post("/settings/sync/", {"policy": "enforce"}).status_code == 302
    acme.refresh_from_db()
    assert acme.enforces_since is not None
    assert list(Event.objects.values_list("kind", "body")) == [("drift_policy_set", '{"policy": "enforce"}')]
    client.post("/settings/sync/", {"policy": "flag"})
    acme.refresh_from_db()
    assert acme.enforces_since is None
    assert client.post("/settings/sync/", {"policy": "nonsense"}).status_code == 422
    assert Event.objects.count() == 2


def test_audit_now_is_asked_for_by_an_operator(operator, acme, world, rival):
    store, _, _, foreign = world
    assert operator.post(f"/settings/stores/{store.pk}/audit/").status_code == 302
    assert StoreAudit.objects.get().asked_at is not None
    assert Event.objects.get().kind == "store_audit_asked"
    assert "Reading every code" in text_of(operator.get(f"/settings/stores/{store.pk}/"))
    assert operator.post(f"/settings/stores/{foreign.store_id}/audit/").status_code == 404
    with scope(workspace=rival):
        assert StoreAudit.objects.count() == 0


def test_the_navigation_names_drift_only_when_there_is_any(operator, acme, world):
    _, summer, _, _ = world
    link = 'href="/reporting/drift/"'
    assert link in operator.get("/members/").content.decode()
    assert "2 codes differ in a store." in text_of(operator.get(f"/reporting/sales-tracking/{summer.pk}/"))
    StoreCode.objects.update(problem="")
    assert link not in operator.get("/members/").content.decode()
    assert "differ in a store." not in text_of(operator.get(f"/reporting/sales-tracking/{summer.pk}/"))
    assert "Every code is as you want it" in text_of(operator.get(URL))
