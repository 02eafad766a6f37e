"""The cast and the databases. `OFFERWELL_DATABASE_URL` runs the same tests on PostgreSQL."""

from __future__ import annotations

import pytest
from django_scopes import scope

from tests import make


@pytest.fixture
def acme(db):
    """Our brand. The scope stays open for the test."""
    workspace = make.workspace("Acme")
    with scope(workspace=workspace):
        yield workspace


@pytest.fixture
def rival(db):
    """A brand that must see nothing of Acme, and whose rows Acme must never touch."""
    return make.workspace("Rival")


@pytest.fixture(autouse=True)
def _no_wake_ups(monkeypatch, request):
    """Wake-ups are noted, not sent: no test needs a running worker by accident."""
    from offerwell import jobs

    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(jobs, "send_now", lambda name, subject_id: sent.append((name, subject_id)))
    make.wake_ups = sent
