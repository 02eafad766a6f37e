"""Propose, plan, apply and undo new texts for n codes, and another payout for n members."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Max
from django_scopes import scope

from benchmarks.crowd import NOW, make_crowd
from offerwell.actions.add_payout_option import add_payout_option
from offerwell.actions.change_offer_status import change_offer_status
from offerwell.actions.propose_texts import NameWish, propose_texts
from offerwell.actions.undo_bulk_change import undo_bulk_change
from offerwell.models import ChangeKind, Enrollment, Offer, OfferPart
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.payouts import PayoutDraft
from offerwell.rules.permissions import Actor
from offerwell.rules.selection import MemberFilter, MemberSelection

if TYPE_CHECKING:
    from collections.abc import Callable

BENCH = Actor(name="Benchmark", door="bench")


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds of each step, and megabytes of peak memory above the start."""

    engine: str
    rows: int
    steps: dict[str, float]
    memory_mb: float

    @property
    def line(self) -> str:
        """One row of the table in docs/performance.md."""
        cells = " | ".join(f"{seconds:.1f} s" for seconds in self.steps.values())
        return f"| {self.engine} | {self.rows:,} | {cells} | +{self.memory_mb:.0f} MB |"


def measure(size: int, name: str = "Refreshed") -> Figures:
    """Each step once, one after the other, on the same crowd."""
    offer = make_crowd(size, name=name)
    with scope(workspace=offer.workspace):
        _begin_history(offer)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        steps = _steps(offer)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Figures(connection.vendor, size, steps, (peak - before) / 1024)


def _steps(offer: Offer) -> dict[str, float]:
    newest = Enrollment.objects.filter(offer=offer).aggregate(n=Max("pk"))["n"]
    everybody = MemberSelection(filter=MemberFilter(), up_to=newest)
    steps: dict[str, float] = {}
    batch = _timed(steps, "propose", lambda: propose_texts(
        workspace_id=offer.workspace_id, offer=offer, selection=everybody,
        names=NameWish("GLOW{first_name}{last_name}"), by=BENCH, at=NOW,
    ))  # fmt: skip
    wish = Wish(offer, OfferPart.CODES, to_active=False, selection=everybody, kind=ChangeKind.REFRESH, batch=batch)
    plan = _timed(steps, "plan", lambda: plan_change(wish, at=NOW))
    change = _timed(steps, "apply", lambda: _applied(offer, wish, plan.digest, "refresh"))
    _timed(steps, "undo", lambda: undo_bulk_change(
        workspace_id=offer.workspace_id, change=change, by=BENCH, at=NOW
    ))  # fmt: skip
    option = add_payout_option(
        workspace_id=offer.workspace_id, offer=offer, draft=PayoutDraft("Gold", "cps", 2000), by=BENCH, at=NOW
    )
    paid = Wish(
        offer, OfferPart.MEMBERS, to_active=False, selection=everybody, kind=ChangeKind.PAYOUT, payout_option=option
    )
    plan = _timed(steps, "plan payout", lambda: plan_change(paid, at=NOW))
    _timed(steps, "apply payout", lambda: _applied(offer, paid, plan.digest, "payout"))
    return steps


def _applied(offer: Offer, wish: Wish, digest: str, key: str) -> Any:
    return change_offer_status(
        workspace_id=offer.workspace_id, wish=wish, digest=digest, key=key, by=BENCH, at=NOW
    ).change


def _timed(steps: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    result = work()
    steps[name] = time.perf_counter() - start
    print(f"  {name}: {steps[name]:.1f} s", flush=True)
    return result


def _begin_history(offer: Offer) -> None:
    now = NOW.strftime("%Y-%m-%d %H:%M:%S")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO offerwell_codehistory (workspace_id, code_id, member_id, text, text_key, from_at)"
            f" SELECT c.workspace_id, c.id, e.member_id, c.text, c.text_key, '{now}' FROM offerwell_promocode c"
            f" JOIN offerwell_enrollment e ON e.id = c.enrollment_id WHERE c.offer_id = {offer.pk}"
        )
        cursor.execute("ANALYZE")
