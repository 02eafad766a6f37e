"""Plan and apply for n codes, against raw SQL that writes the same rows in the same run."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Max
from django_scopes import scope

from benchmarks.crowd import NOW, make_crowd
from offerwell.actions import change_offer_status as action
from offerwell.models import Enrollment, Offer, OfferPart
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.permissions import Actor
from offerwell.rules.selection import MemberFilter, MemberSelection

BENCH = Actor(name="Benchmark", door="bench")


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds, and megabytes of peak memory above the start."""

    engine: str
    rows: int
    raw: float
    plan: float
    apply: float
    memory_mb: float

    @property
    def line(self) -> str:
        """One row of the table in docs/performance.md."""
        return (
            f"| {self.engine} | {self.rows:,} | {self.raw:.2f} s | {self.apply:.2f} s | "
            f"**{self.apply / self.raw:.2f}** | {self.plan:.2f} s | **{self.plan / self.apply:.2f}** | "
            f"+{self.memory_mb:.0f} MB |"
        )


def measure(size: int, rounds: int = 1, name: str = "Crowd") -> Figures:
    """Raw and ours in turns on the same data, each from the same start; the medians."""
    offer = make_crowd(size, name=name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    raws, plans, applies = [], [], []
    with scope(workspace=offer.workspace):
        for number in range(rounds):
            for to_active in (False, True):
                raws.append(_raw(offer, to_active))
                _reset(offer, to_active=not to_active)
                plan_seconds, apply_seconds = _ours(offer, to_active, f"k{number}{to_active}")
                plans.append(plan_seconds)
                applies.append(apply_seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Figures(connection.vendor, size, _median(raws), _median(plans), _median(applies), (peak - before) / 1024)


def _ours(offer: Offer, to_active: bool, key: str) -> tuple[float, float]:
    newest = Enrollment.objects.filter(offer=offer).aggregate(n=Max("pk"))["n"]
    wish = Wish(offer, OfferPart.CODES, to_active, MemberSelection(filter=MemberFilter(), up_to=newest))
    start = time.perf_counter()
    plan = plan_change(wish, at=NOW)
    middle = time.perf_counter()
    action.change_offer_status(
        workspace_id=offer.workspace_id, wish=wish, digest=plan.digest, key=key, by=BENCH, at=NOW
    )
    return middle - start, time.perf_counter() - middle


def _raw(offer: Offer, to_active: bool) -> float:
    """The same rows by hand: items, intents, store rows, in one transaction. Rolled forward, then reset."""
    value, other = ("true", "false") if connection.vendor == "postgresql" else ("1", "0")
    if not to_active:
        value, other = other, value
    change = 900_000_000 + int(time.time() * 1000) % 90_000_000
    start = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO offerwell_bulkchangeitem (workspace_id, change_id, target_id, enrollment_id, member_id,"
            f" was_active) SELECT c.workspace_id, {change}, c.id, c.enrollment_id, e.member_id, c.is_active"
            f" FROM offerwell_promocode c JOIN offerwell_enrollment e ON e.id = c.enrollment_id"
            f" WHERE c.offer_id = {offer.pk} AND c.is_active = {other}"
        )
        cursor.execute(
            f"UPDATE offerwell_promocode SET is_active = {value}, last_change_id = {change},"
            f" changed_at = '2026-11-23 09:00:00' WHERE id IN (SELECT target_id FROM offerwell_bulkchangeitem"
            f" WHERE change_id = {change})"
        )
        cursor.execute(
            f"UPDATE offerwell_storecode SET generation = {change}, due_at = '2026-11-23 09:00:00', attempts = 0,"
            " next_attempt_at = NULL, problem = '', last_error = '' WHERE code_id IN"
            f" (SELECT target_id FROM offerwell_bulkchangeitem WHERE change_id = {change})"
        )
        cursor.execute(
            "UPDATE offerwell_storecode SET check_at = '2026-11-23 09:00:00', due_at = '2026-11-23 09:00:00'"
            f" WHERE code_id IN (SELECT id FROM offerwell_promocode WHERE offer_id = {offer.pk}"
            f" AND is_active = {value} AND last_change_id <> {change}) AND generation = observed_generation"
        )
    return time.perf_counter() - start


def _reset(offer: Offer, *, to_active: bool) -> None:
    """Back to where the raw run began, so that ours starts from the same rows."""
    value = ("true" if to_active else "false") if connection.vendor == "postgresql" else str(int(to_active))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE offerwell_promocode SET is_active = {value} WHERE offer_id = {offer.pk} AND last_change_id > 9e8"
        )
        cursor.execute(
            "UPDATE offerwell_storecode SET generation = 0, observed_generation = 0, due_at = NULL, check_at = NULL"
        )
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE offerwell_promocode")
            cursor.execute("VACUUM ANALYZE offerwell_storecode")


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
