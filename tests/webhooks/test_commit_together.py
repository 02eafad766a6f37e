"""Rows that share a commit: all are in, duplicates are told, and a bad one hurts nobody else."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from offerwell.models import Webhook
from offerwell.models.commit_together import CommitTogether, _Ticket
from tests.webhooks.deliveries import shopify_store


def row(store, key):
    return {
        "workspace_id": store.workspace_id, "store_id": store.pk, "topic": "x", "body": b"{}", "event_key": key,
        "event_id": "e", "triggered_at": "", "received_at": timezone.now(), "due_at": None, "state": "waiting",
        "attempts": 0, "note": "", "resource": "",
    }  # fmt: skip


def test_one_bad_row_of_a_batch_fails_alone(acme):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL shares commits by itself; nothing is batched there")
    store = shopify_store(acme)
    inbox = CommitTogether(Webhook, "test.lock")
    tickets = [_Ticket(row(store, "a")), _Ticket(row(store, None)), _Ticket(row(store, "b")), _Ticket(row(store, "a"))]
    inbox._commit(tickets)
    assert [ticket.is_new for ticket in tickets] == [True, False, True, False]
    assert [type(ticket.error) for ticket in tickets] == [type(None), IntegrityError, type(None), type(None)]
    assert set(Webhook.objects.values_list("event_key", flat=True)) == {"a", "b"}


def test_a_batch_is_in_whole_and_each_knows_whether_it_was_new(acme):
    store = shopify_store(acme)
    inbox = CommitTogether(Webhook, "test.lock")
    assert inbox.insert_once(row(store, "a"))
    tickets = [_Ticket(row(store, key)) for key in ("a", "b", "b", "c")]
    inbox._commit(tickets)
    assert [(ticket.is_new, ticket.error) for ticket in tickets] == [
        (False, None),
        (True, None),
        (False, None),
        (True, None),
    ]
    assert Webhook.objects.count() == 3


def test_an_error_goes_to_whose_row_it_is(acme):
    if connection.vendor != "sqlite":
        pytest.skip("an error spoils the test's own transaction there")
    store = shopify_store(acme)
    inbox = CommitTogether(Webhook, "test.lock")
    with pytest.raises(IntegrityError):
        inbox.insert_once(row(store, None))
    assert inbox.insert_once(row(store, "a"))
