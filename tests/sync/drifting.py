"""A connected sandbox store whose codes somebody edits in the shop's own admin, and the sweep that finds it."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from offerwell.actions.answer_drifts import answer_drifts
from offerwell.actions.audit_store import audit_next_batch, audit_store
from offerwell.actions.sync_store import sync_store
from offerwell.models import Store, StoreCode
from offerwell.queries.drift_plan import DriftWish, plan_drifts
from offerwell.queries.verify_counts import count_problems
from offerwell.rules.drift import DriftSelection
from tests import make

EVERYTHING = DriftSelection()


def connected(acme, sandbox, label="Glow"):
    info = sandbox.info()
    store = make.store(acme, label, client_id=info["client_id"], client_secret=info["client_secret"])
    Store.objects.filter(pk=store.pk).update(address=sandbox.address)
    store.refresh_from_db()
    return store


def seeded(sandbox, offer, store, texts, *, active=True, ends_at=None):
    """Codes that exist in the store, adopted and confirmed two days ago."""
    past = (timezone.now() - timedelta(days=9)).isoformat()
    end = ends_at.isoformat() if ends_at else None if active else (timezone.now() - timedelta(days=1)).isoformat()
    sandbox.seed([
        {"code": text, "title": offer.name, "startsAt": past, "endsAt": end, "percentage": 0.2} for text in texts
    ])  # fmt: skip
    shown = sandbox.discounts()
    for text in texts:
        code = make.code(make.enrollment(offer), text, stores=[store], is_active=active, ends_at=ends_at)
        StoreCode.objects.filter(code=code).update(
            ref=shown[text]["id"], observed_at=timezone.now() - timedelta(days=2)
        )
    sandbox.forget_requests()


def edit(sandbox, code, action, **more):
    sandbox.fault(kind="outside_edit", code=code, action=action, **more)


def swept(acme, store):
    """One sweep over the whole store, as when a person presses Audit now. Gives how many rows it read."""
    audit_store(workspace_id=acme.pk, store=store, by=make.ANA, at=timezone.now())
    marked = 0
    for _ in range(100):
        found = audit_next_batch(store_id=store.pk, at=timezone.now())
        if not found:
            break
        marked += found
        sync_store(store_id=store.pk)
    return marked


def wrong_counts(acme):
    """What `offerwell verify` would say, but for the history of names, which these builders do not write."""
    return [problem for problem in count_problems(acme) if problem.check != "code_history"]


def differing():
    rows = StoreCode.objects.filter(problem="drifted").select_related("drift", "code")
    return {row.code.text: row.drift.kind for row in rows}


def answer(acme, verb, selection=EVERYTHING, key="k1"):
    wish = DriftWish(verb, selection)
    digest = plan_drifts(wish).digest
    return answer_drifts(
        workspace_id=acme.pk, wish=wish, digest=digest, key=key, by=make.ANA, at=timezone.now()
    ).changes
