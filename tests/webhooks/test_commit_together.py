"""Calls that share a commit: all are in, duplicates are told, and a bad one hurts nobody else."""

from __future__ import annotations

import threading

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from offerwell.actions.store_connection import DatabaseTokens
from offerwell.models import Webhook, insert_once
from offerwell.models.commit_together import CommitTogether
from offerwell.models.insert_once import insert_each
from offerwell.models.live_connection import on_live_connection
from tests.webhooks.deliveries import shopify_store

TOLD_BY = ("store_id", "event_key")


def row(store, key):
    return {
        "workspace_id": store.workspace_id, "store_id": store.pk, "topic": "x", "body": b"{}", "event_key": key,
        "event_id": "e", "triggered_at": "", "received_at": timezone.now(), "due_at": None, "state": "waiting",
        "attempts": 0, "note": "", "resource": "",
    }  # fmt: skip


@pytest.fixture
def _spared(monkeypatch):
    """A failed statement spoils the test's own transaction on PostgreSQL; outside tests each is its own."""
    insert_new = insert_once.insert_new

    def spared(*args, **named):
        with transaction.atomic():
            return insert_new(*args, **named)

    monkeypatch.setattr(insert_once, "insert_new", spared)


@pytest.mark.usefixtures("_spared")
def test_one_bad_row_of_a_batch_fails_alone(acme):
    store = shopify_store(acme)
    told = insert_each(Webhook, [row(store, key) for key in ("a", None, "b", "a")], told_by=TOLD_BY)
    assert [one if isinstance(one, bool) else type(one) for one in told] == [True, IntegrityError, True, False]
    assert set(Webhook.objects.values_list("event_key", flat=True)) == {"a", "b"}


def test_a_batch_is_in_whole_and_each_knows_whether_it_was_new(acme):
    store = shopify_store(acme)
    assert insert_each(Webhook, [row(store, "a")], told_by=TOLD_BY) == [True]
    told = insert_each(Webhook, [row(store, key) for key in ("a", "b", "b", "c")], told_by=TOLD_BY)
    assert (told, Webhook.objects.count()) == ([False, True, False, True], 3)


def ask_all(together, asked):
    """Each by a thread of its own; gives answers and errors by what was asked."""
    told = {}

    def ask(one):
        try:
            told[one] = together.tell(one)
        except ValueError as error:
            told[one] = str(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(one,)) for one in asked]
    for thread in threads:
        thread.start()
    return threads, told


@pytest.fixture
def inbox(settings, tmp_path):
    """Its first commit is held until `go`; `batches` are what was committed together."""
    settings.DATA = tmp_path

    class Held:
        def __init__(self):
            self.batches, self.go, self.begun = [], threading.Event(), threading.Event()
            self.together = CommitTogether(self.commit, "test.lock")

        def commit(self, asked):
            self.begun.set()
            assert self.go.wait(10)
            self.batches.append(sorted(asked))
            if "broken" in asked:
                raise ValueError("nobody")
            return [ValueError("bad") if one == "bad" else f"{one}!" for one in asked]

    return Held()


def waited(inbox, first, others):
    """One that is being committed, while the others arrive."""
    leading, told_first = ask_all(inbox.together, [first])
    assert inbox.begun.wait(10)
    threads, told = ask_all(inbox.together, others)
    while len(inbox.together._waiting) < len(others):
        threading.Event().wait(0.01)
    inbox.go.set()
    for thread in [*leading, *threads]:
        thread.join(10)
        assert not thread.is_alive()
    return told_first | told


def test_those_who_wait_share_the_next_commit_and_each_hears_its_own_answer(inbox):
    told = waited(inbox, "a", ["b", "bad", "c"])
    assert told == {"a": "a!", "b": "b!", "bad": "bad", "c": "c!"}
    assert inbox.batches == [["a"], ["b", "bad", "c"]]
    assert inbox.together.tell("later") == "later!"


def test_a_commit_that_fails_is_told_to_all_of_it_and_stops_nobody_else(inbox):
    assert waited(inbox, "a", ["b", "broken"]) == {"a": "a!", "b": "nobody", "broken": "nobody"}
    assert inbox.together.tell("later") == "later!"


def test_without_a_turn_everybody_hears_of_it(inbox, settings, tmp_path):
    """The data folder is gone: no lock, no commit, and nobody waits for ever."""
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite takes turns among processes")
    settings.DATA = tmp_path / "gone"
    for _twice in range(2):
        with pytest.raises(FileNotFoundError):
            inbox.together.tell("a")
    assert inbox.batches == []


def test_a_store_whose_token_is_dropped_lets_rows_in_that_name_it(acme):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite locks no rows")
    store = shopify_store(acme)
    with CaptureQueriesContext(connection) as queries:
        DatabaseTokens(store.pk).drop("", "no such token")
    assert [query["sql"].partition(" FOR ")[2] for query in queries if " FOR " in query["sql"]] == ["NO KEY UPDATE"]


@pytest.mark.django_db(transaction=True)
def test_a_broken_connection_is_replaced_and_the_work_done_once_more():
    connection.ensure_connection()
    broken, calls = connection.connection, []

    def work():
        calls.append(connection.connection)
        if connection.connection is broken:
            broken.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone()

    if connection.vendor == "sqlite":
        pytest.skip("a file has no connection to lose")
    assert on_live_connection(work) == (1,)
    assert calls == [broken, None]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_refuses_is_not_asked_twice():
    calls = []

    def full():
        calls.append(1)
        raise OperationalError("disk full")

    for connect in (connection.close, connection.ensure_connection):
        connect()
        calls.clear()
        with pytest.raises(OperationalError):
            on_live_connection(full)
        assert len(calls) == 1
