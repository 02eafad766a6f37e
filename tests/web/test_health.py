"""/healthz and /readyz: each part turns red by itself."""

from __future__ import annotations

import os
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from offerwell.models import StoreCode
from tests import make


@pytest.fixture
def folder(settings, tmp_path):
    settings.DATA = tmp_path
    (tmp_path / "worker.heartbeat").touch()
    return tmp_path


def states(client=None):
    answer = (client or Client()).get("/readyz")
    return answer.status_code, {check["name"]: check["state"] for check in answer.json()["checks"]}


GREEN = {"database": "ok", "migrations": "ok", "worker": "ok", "due_rows": "ok", "disk": "ok"}


def test_healthz_asks_nothing():
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"state": "ok"})


def test_ready_when_all_is_well_and_nothing_is_left_behind(db, folder):
    assert states() == (200, GREEN)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        assert cursor.fetchone() == (0,)


def test_a_silent_worker(db, folder):
    old = time.time() - 61
    os.utime(folder / "worker.heartbeat", (old, old))
    assert states() == (503, GREEN | {"worker": "wrong"})


def test_no_worker_here(db, folder):
    (folder / "worker.heartbeat").unlink()
    on_postgresql = connection.vendor == "postgresql"
    expected = "unknown" if on_postgresql else "wrong"
    assert states() == (200 if on_postgresql else 503, GREEN | {"worker": expected})


def test_a_missing_migration(db, folder):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'offerwell' AND name = '0002_guards_and_search'")
    assert states() == (503, GREEN | {"migrations": "wrong"})


def test_a_database_that_cannot_be_written(db, folder):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_session RENAME TO gone")
    assert states(Client()) == (503, GREEN | {"database": "wrong", "migrations": "unknown", "due_rows": "unknown"})


def test_rows_that_nobody_works_on(acme, folder):
    store = make.store(acme)
    code = make.code(make.enrollment(make.offer(acme, stores=[store])), stores=[store], settled=False)
    rows = StoreCode.objects.filter(code=code)
    rows.update(due_at=timezone.now() - timedelta(minutes=6))
    assert states() == (503, GREEN | {"due_rows": "wrong"})
    store.last_answer_at = timezone.now()
    store.save()
    assert states() == (200, GREEN)
    store.last_answer_at, store.trouble = None, "The token was revoked."
    store.save()
    assert states() == (200, GREEN)
