"""The cast and the databases. `OFFERWELL_DATABASE_URL` runs the same tests on PostgreSQL."""

from __future__ import annotations

import pytest
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django_scopes import scope

from offerwell.models import Event
from offerwell.ui.event_words import WORDS
from tests import make

# Long ones beside those that are marked where they stand: they run in CI, or with OFFERWELL_TEST_SLOW=1 (tests/run).
LONG = (
    "actions/test_finish_approval.py", "browser/", "management/test_sign_in_limits.py", "management/test_stores.py",
    "proof/test_bad_weather.py", "proof/test_history.py", "proof/test_kill_", "proof/test_schedule.py",
    "proof/test_ten_thousand.py", "proof/test_token_turns.py", "proof/test_worker.py", "shopify/test_create_many.py",
    "shopify/test_on_sandbox.py", "shopify/test_redate.py", "sync/test_create_many.py", "sync/test_rename.py",
    "sync/test_subscriptions.py", "tracking/test_kill_door.py", "vendure/",
)  # fmt: skip
CORE = ("browser/test_reference_page.py", "browser/test_without_javascript.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what is long, before it is left out."""
    for item in items:
        path = item.nodeid.removeprefix("tests/")
        if path.startswith(LONG) and not path.startswith(CORE):
            item.add_marker(pytest.mark.slow)


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


@receiver(pre_save, sender=Event)
def _events_have_words(sender, instance, **_):
    """Whatever any test makes happen can be told in words (tests/guards/test_event_words.py looks at the code)."""
    if instance.kind not in WORDS and instance.kind != "noted":  # of tests that are about records as such
        message = f"The event “{instance.kind}” has no words: add it to WORDS in ui/event_words.py."
        raise AssertionError(message)


@pytest.fixture(autouse=True)
def _no_wake_ups(monkeypatch, request):
    """Wake-ups are noted, not sent: no test needs a running worker by accident."""
    from offerwell import jobs

    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(jobs, "send_now", lambda name, subject_id: sent.append((name, subject_id)))
    make.wake_ups = sent
