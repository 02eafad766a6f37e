"""Post what unique clicks earn where a member is paid per click: target − posted, for each link and day.

The option is the one that stood at the start of the day, in the workspace's zone: one chosen later counts from the next
day on. Bots and repeats are no unique clicks. A day's row is due while it has uniques that the ledger does not know,
so nothing is lost, and posting again finds no difference. Reports have it in the same transaction.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django_scopes import scope, scopes_disabled

from offerwell.actions.fold_sales import add_sales
from offerwell.models import NO_STORE, Account, ClickDay, ClickMark, LedgerEntry, Workspace, lock_workspace
from offerwell.models.id_list import id_rows
from offerwell.models.json_rows import insert_objects
from offerwell.queries.click_targets import click_targets, posted_for_clicks
from offerwell.rules.commission import postings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from offerwell.rules.commission import Posting

AT_ONCE = 1_000


def post_clicks(*, at: datetime) -> int:
    """Post for the next days of one workspace, AT_ONCE at most. Gives how many days that were; 0: none is due."""
    with scopes_disabled():
        first = ClickDay.objects.exclude(uniques=F("posted_uniques")).order_by("pk").first()
        workspace = first and Workspace.objects.get(pk=first.workspace_id)
    if workspace is None:
        return 0
    with transaction.atomic(), scope(workspace=workspace):
        lock_workspace(workspace.pk)
        # Whoever counts clicks holds it too: the days stand still meanwhile.
        ClickMark.objects.select_for_update().filter(pk=1).first()
        due = ClickDay.objects.exclude(uniques=F("posted_uniques")).order_by("pk")
        days = sorted(due[:AT_ONCE], key=lambda day: (day.day, day.pk))  # the ledger reads in the order of the days
        ids = [day.pk for day in days]
        ClickDay.objects.filter(pk__in=id_rows(ids)).update(posted_uniques=F("uniques"))
        _post(days, ids, at)
    return len(days)


def _post(days: Sequence[ClickDay], ids: Sequence[int], at: datetime) -> None:
    targets, posted = click_targets(ids), posted_for_clicks(ids)
    entries: list[LedgerEntry] = []
    earned: Counter[tuple[date, int, int, int, str]] = Counter()
    for day in days:
        before, last = posted.get(day.pk, ({}, 0))
        found = postings(targets.get(day.pk, {}), before)
        for seq, posting in enumerate(found, start=last + 1):
            entries += _sides(day, seq, posting, at)
            earned[day.day, day.offer_id, posting.member_id, NO_STORE, posting.currency] += posting.amount
    insert_objects(entries)
    if days:
        add_sales(days[0].workspace_id, {key: (0, 0, amount) for key, amount in earned.items()})


def _sides(day: ClickDay, seq: int, posting: Posting, at: datetime) -> list[LedgerEntry]:
    return [
        LedgerEntry(
            workspace_id=day.workspace_id, click_day=day, seq=seq, account=account, member_id=posting.member_id,
            currency=posting.currency, amount=amount, version=day.uniques, cause="clicks", at=at,
        )
        for account, amount in ((Account.MEMBER, posting.amount), (Account.BRAND, -posting.amount))
    ]  # fmt: skip
