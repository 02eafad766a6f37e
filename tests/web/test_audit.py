"""Settings › Audit: every event in words, filters, pages, exports, and the chain."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.actions.record_event import record_event
from offerwell.models import Event
from offerwell.models.event import event_hash
from offerwell.rules.permissions import Actor
from tests import make
from tests.web.page_words import csv_lines, words

AUDIT = "/settings/audit/"
BEA = Actor(name="Bea Moreau", door="cli")


@pytest.fixture
def ana(acme, client):
    user = make.user(acme)
    make.sign_in(client, user)
    return user


def event(workspace, kind="codes_deactivated", subject="bulk_change:1", facts=None, *, by=make.ANA, at=make.NOW):
    with scope(workspace=workspace):
        return record_event(workspace_id=workspace.pk, kind=kind, subject=subject, facts=facts or {}, by=by, at=at)


def seqs(answer):
    return [line.seq for line in answer.context["lines"]]


def after(days):
    return make.NOW + timedelta(days=days)


@pytest.fixture
def week(acme, rival):
    """An event a day for six days; Rival has its own."""
    offer = make.offer(acme, "Summer Glow")
    event(acme, "offer_created", f"offer:{offer.pk}", {"name": "Summer Glow"}, at=after(0))
    event(acme, facts={"changed": 5, "already_so": 1, "offer": offer.pk}, at=after(1))
    event(acme, "codes_activated", "bulk_change:2", {"changed": 1, "undoes": 1}, by=BEA, at=after(2))
    event(
        acme,
        "team_role_changed",
        "user:9",
        {"email": "eve@example.com", "before": "analyst", "after": "owner"},
        at=after(3),
    )
    event(acme, "store_switched_off", "store:3", {"label": "Glow"}, by=BEA, at=after(4))
    event(acme, "codes_deactivated", f"bulk_change:{offer.pk}0", {"changed": 2}, at=after(5))
    event(rival, "offer_created", f"offer:{offer.pk}", {"name": "Rival secret"}, by=Actor(name="Rival Ron", door="api"))
    return offer


def test_events_are_told_newest_first_with_their_facts(ana, client, week):
    answer = client.get(AUDIT)
    page = words(answer)
    assert seqs(answer) == [6, 5, 4, 3, 2, 1]
    assert [line.sentence for line in answer.context["lines"]] == [
        "deactivated 2 codes", "switched the store Glow off", "made eve@example.com owner, before analyst",
        "activated 1 code, to undo change 1", "deactivated 5 codes, 1 already so", "created the offer Summer Glow",
    ]  # fmt: skip
    assert [about.words for about in answer.context["lines"][4].about] == ["Change 1", "Summer Glow"]
    assert ("already so 1" in page, "before analyst after owner" in page) == (True, False)
    assert dict(answer.context["lines"][2].facts) == {"after": "owner", "before": "analyst", "email": "eve@example.com"}
    assert "Unbroken up to event 6. Every event was checked just now." in page
    assert ("Rival" in page, "Rival Ron" in answer.context["people"], "api" in dict(answer.context["doors"])) == (
        False, False, False,
    )  # fmt: skip


@pytest.mark.parametrize(("query", "found"), [
    ("person=Bea Moreau", [5, 3]),
    ("person=Bea", []),
    ("person=Rival Ron", []),
    ("kind=codes_deactivated", [6, 2]),
    ("door=cli", [5, 3]),
    ("subject=bulk_change", []),
    ("subject=bulk_change:1", [2]),
    ("since=2026-11-25", [6, 5, 4, 3]),
    ("until=2026-11-24", [2, 1]),
    ("since=2026-11-24&until=2026-11-26&door=web", [4, 2]),
    ("person=%00", [6, 5, 4, 3, 2, 1]),
    ("before=nonsense&after=1-", [6, 5, 4, 3, 2, 1]),
    (f"before={'9' * 30}-1", [6, 5, 4, 3, 2, 1]),
])  # fmt: skip
def test_filters_find_exactly_what_they_say(ana, client, week, query, found):
    assert seqs(client.get(f"{AUDIT}?{query}")) == found


def test_days_are_those_of_the_workspace(ana, client, acme):
    acme.timezone = "Pacific/Auckland"
    acme.save()
    event(acme, at=make.NOW.replace(hour=10, minute=59, second=59))
    event(acme, at=make.NOW.replace(hour=11))  # midnight there, of the 24th
    assert (seqs(client.get(f"{AUDIT}?until=2026-11-23")), seqs(client.get(f"{AUDIT}?since=2026-11-24"))) == ([1], [2])


def test_a_day_that_is_none_is_told_at_its_field_and_kept(ana, client, week):
    answer = client.get(f"{AUDIT}?since=soon&until=2026-11-24&door=cli")
    assert (answer.status_code, seqs(answer)) == (422, [])
    assert "“soon” is not a day. Write it like 2026-11-23." in words(answer)
    assert all(f'value="{kept}"' in answer.content.decode() for kept in ("soon", "2026-11-24"))
    backwards = client.get(f"{AUDIT}?since=2026-11-25&until=2026-11-24")
    assert "The last day lies before the first. Choose a later one." in words(backwards)
    assert client.get(f"{AUDIT}?until=9999-12-31").status_code == 422


def test_pages_go_there_and_back_without_a_gap(ana, client, acme):
    """Also where many events share a moment, and a filter holds on the way."""
    for n in range(120):
        event(acme, subject=f"bulk_change:{n + 1}", at=after(n // 40), by=BEA if n % 2 else make.ANA)
    first = client.get(f"{AUDIT}?person=Bea Moreau")
    second = client.get(f"{AUDIT}?person=Bea Moreau&before={first.context['older']}")
    assert (seqs(first), seqs(second)) == (list(range(120, 20, -2)), list(range(20, 0, -2)))
    assert (first.context["newer"], second.context["older"]) == ("", "")
    back = client.get(f"{AUDIT}?person=Bea Moreau&after={second.context['newer']}")
    assert seqs(back) == seqs(first)
    assert f"person=Bea+Moreau&amp;before={first.context['older']}" in first.content.decode()


def test_a_page_costs_the_same_for_few_and_many(ana, client, acme):
    def statements():
        with CaptureQueriesContext(connection) as asked:
            client.get(AUDIT)
        return len(asked)

    event(acme, "offer_created", "offer:1")
    event(acme, "store_connected", "store:1")
    few = statements()
    for n in range(60):
        event(
            acme,
            ("store_connected", "offer_edited")[n % 2],
            ("store:1", f"offer:{n}")[n % 2],
            by=(BEA, make.ANA)[n % 2],
        )
    assert (statements(), few <= 12) == (few, True)


@pytest.mark.parametrize("role", ["operator", "analyst"])
def test_only_owners_and_managers_see_it(acme, client, week, role):
    make.sign_in(client, make.user(acme, role=role))
    for path in ("", "events.csv", "events.jsonl"):
        assert client.get(AUDIT + path).status_code == 403
    assert 'href="/settings/audit/"' not in client.get("/settings/team/").content.decode()


def test_the_exports_hold_everything_of_the_filter_and_the_chain(ana, client, acme, week):
    answer = client.get(f"{AUDIT}events.jsonl?person=Ana Lopez&before=5-5")
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert [line["seq"] for line in lines] == [6, 4, 2, 1]
    for line in lines:
        stored = Event.objects.get(seq=line["seq"])
        assert (line["hash"], line["body"], line["at"]) == (event_hash(stored), stored.body, stored.at.isoformat())
    rows = csv_lines(client.get(f"{AUDIT}events.csv"))
    assert (rows[0][:4], [row[0] for row in rows[1:]]) == (["seq", "at", "actor_id", "actor_name"], list("654321"))
    assert client.get(f"{AUDIT}events.csv?since=soon").status_code == 422


@pytest.mark.parametrize(("subject", "facts"), [
    ("offer:99999999999999999999", {"offer": 10**30, "store": -1, "project": True, "member": None}),
    ("offer:x:1", {"offer": "1"}), (":", {}), ("nothing", {"": {"": [{}]}}), ("offer:٣", {"label": "\u202e"}),
])  # fmt: skip
def test_a_page_stands_whatever_an_event_is_about(ana, client, acme, subject, facts):
    event(acme, "offer_edited", subject, facts)
    assert seqs(client.get(AUDIT)) == [1]


def test_cells_of_the_export_run_nothing(ana, client, acme):
    event(acme, "offer_created", "offer:1", {"name": "=1+1"}, by=Actor(name="=cmd()", door="web"))
    row = csv_lines(client.get(f"{AUDIT}events.csv"))[1]
    assert (row[3], row[7]) == ("'=cmd()", "created the offer =1+1")


def test_texts_of_people_are_shown_as_text(ana, client, acme):
    event(acme, "offer_created", "offer:1", {"name": "<script>alert(1)</script>"}, by=Actor(name="<b>x", door="web"))
    page = client.get(AUDIT).content.decode()
    assert ("<script>alert" in page, "<b>x" in page, "&lt;script&gt;alert(1)" in page) == (False, False, True)


def _altered(statement):
    """As somebody with the database's password would: the triggers gone for a moment."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER offerwell_event_no_update")
            cursor.execute("DROP TRIGGER offerwell_event_no_delete")
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE offerwell_event DISABLE TRIGGER USER")
        cursor.execute(statement)


@pytest.mark.parametrize(("statement", "where", "wrong"), [
    ("UPDATE offerwell_event SET body = '{\"changed\": 500}' WHERE seq = 2", "event 2", "altered"),
    ("UPDATE offerwell_event SET actor_name = 'Eve' WHERE seq = 6", "event 6", "altered"),
    ("DELETE FROM offerwell_event WHERE seq = 3", "event 4", "event 3 missing before it"),
    ("DELETE FROM offerwell_event WHERE seq = 1", "event 2", "event 1 missing before it"),
    ("UPDATE offerwell_event SET body = 'not json' WHERE seq = 4", "event 4", "altered"),
])  # fmt: skip
@pytest.mark.usefixtures("ana", "week")
def test_a_record_that_was_tampered_with_says_where(client, acme, statement, where, wrong):
    _altered(statement + f" AND workspace_id = {acme.pk}")
    page = words(client.get(AUDIT))
    assert (f"The record was tampered with at {where}:" in page, wrong in page, "Unbroken" in page) == (
        True,
        True,
        False,
    )


def test_the_page_looks_at_the_newest_of_many_and_says_so(ana, client, acme, monkeypatch):
    monkeypatch.setattr("offerwell.web.audit.views.CHAIN_CHECKED", 3)
    for n in range(5):
        event(acme, subject=f"bulk_change:{n + 1}")
    said = "Events 3 to 5 were checked just now; offerwell verify checks all."
    assert said in words(client.get(AUDIT))
    _altered(f"UPDATE offerwell_event SET body = '[]' WHERE seq = 1 AND workspace_id = {acme.pk}")
    assert said in words(client.get(AUDIT))
