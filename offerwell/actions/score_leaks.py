"""Score the codes of a workspace once a day. Nothing else is done: people look, then rotate, deactivate or dismiss."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef
from django_scopes import scope, scopes_disabled

from offerwell.models import CodeLeak, LeakCheck, Order, Workspace, lock_workspace
from offerwell.models.id_list import id_rows
from offerwell.queries.code_use import used_codes
from offerwell.rules.leak_score import leak_score, norm_of

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.queries.code_use import UsedCode

EVERY = timedelta(days=1)
_SCORED = ("text_key", "score", "orders", "parts", "scored_at")


def workspaces_to_score(*, at: datetime) -> list[int]:
    """Workspaces with orders whose codes were not scored for a day. For the sweep; looks into every workspace."""
    with scopes_disabled():
        fresh = LeakCheck.objects.filter(workspace=OuterRef("pk"), checked_at__gt=at - EVERY)
        orders = Order.objects.filter(workspace=OuterRef("pk"))
        due = Workspace.objects.filter(Exists(orders), ~Exists(fresh))
        return list(due.order_by("pk").values_list("pk", flat=True)[:100])


def score_leaks(*, workspace_id: int, at: datetime) -> int:
    """Score every active code that was used in the window. Gives how many have a score."""
    with scope(workspace=Workspace.objects.get(pk=workspace_id)):
        rows = [row for used in _by_offer(workspace_id, at) for row in _rows(workspace_id, used, at)]
        with transaction.atomic():
            lock_workspace(workspace_id)
            CodeLeak.objects.bulk_create(
                rows, update_conflicts=True, unique_fields=["code"], update_fields=_SCORED, batch_size=1_000
            )
            _forget(rows, at)
            LeakCheck.objects.update_or_create(workspace_id=workspace_id, defaults={"checked_at": at})
    return len(rows)


def _by_offer(workspace_id: int, at: datetime) -> list[list[UsedCode]]:
    return [list(used) for _offer, used in groupby(used_codes(workspace_id, at=at), key=attrgetter("offer_id"))]


def _rows(workspace_id: int, used: list[UsedCode], at: datetime) -> list[CodeLeak]:
    norm = norm_of([one.use for one in used])
    scored = [(one, leak_score(one.use, norm)) for one in used]
    return [
        CodeLeak(
            workspace_id=workspace_id, code_id=one.code_id, text_key=one.text_key, score=found.score,
            orders=one.use.orders, parts=[part.to_json() for part in found.parts], scored_at=at,
        )
        for one, found in scored
        if found.score
    ]  # fmt: skip


def _forget(rows: list[CodeLeak], at: datetime) -> None:
    """Codes without a score any more; what a person said of them goes with it."""
    CodeLeak.objects.filter(scored_at__lt=at).exclude(code__in=id_rows(row.code_id for row in rows)).delete()
