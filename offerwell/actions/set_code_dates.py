"""Give the codes of some members dates of their own, or the offer's again. Every store follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from offerwell.actions.follow_dates import follow_dates
from offerwell.actions.record_event import record_event
from offerwell.models import Offer, PromoCode, lock_workspace
from offerwell.models.id_list import id_rows
from offerwell.queries.offer_members import selected_enrollments

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.rules.permissions import Actor
    from offerwell.rules.selection import MemberSelection


class DatesRefused(Exception):
    """Some codes would end before they start. Nothing was changed; the text says which and what to do."""


@dataclass(frozen=True, slots=True)
class OwnDates:
    """What to set. A date that is None means the offer's, where `sets_…` says that it is to be set at all."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    sets_start: bool = True
    sets_end: bool = True

    @property
    def columns(self) -> dict[str, datetime | None]:
        """The columns of a code that change."""
        wanted = {}
        if self.sets_start:
            wanted["starts_at"] = self.starts_at
        if self.sets_end:
            wanted["ends_at"] = self.ends_at
        return wanted


def set_code_dates(
    *, workspace_id: int, offer: Offer, selection: MemberSelection, dates: OwnDates, by: Actor, at: datetime
) -> int:
    """Set the dates of the selected members' codes in `offer`. Gives how many codes changed.

    Members of other workspaces never match. Raises DatesRefused; then nothing has changed.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        offer = Offer.objects.get(pk=offer.pk)
        chosen = PromoCode.objects.filter(offer=offer, enrollment__in=selected_enrollments(offer, selection))
        ids = list(chosen.filter(_differs(dates)).order_by("pk").values_list("pk", flat=True))
        codes = PromoCode.objects.filter(pk__in=id_rows(ids))
        codes.update(**dates.columns)
        _refuse_backwards(offer, codes)
        if ids:
            follow_dates(codes, at=at)
            _record(offer, dates, len(ids), by=by, at=at)
    return len(ids)


def _differs(dates: OwnDates) -> Q:
    """Codes that have these dates already are left alone: no store is asked for nothing."""
    wanted = Q(pk__in=[])
    for column, value in dates.columns.items():
        same = Q(**{f"{column}__isnull": True}) if value is None else Q(**{f"{column}__isnull": False, column: value})
        wanted |= ~same
    return wanted


def _refuse_backwards(offer: Offer, codes: QuerySet[PromoCode]) -> None:
    """The code's own dates, and the offer's where it has none, must make a window together."""
    planned = codes.annotate(begin=Coalesce("starts_at", "offer__starts_at"), end=Coalesce("ends_at", "offer__ends_at"))
    wrong = planned.filter(end__lte=F("begin")).order_by("pk").values_list("text", flat=True).first()
    if wrong is not None:
        raise DatesRefused(
            f"{wrong} would end before it starts (own dates count before those of {offer.name}). Choose a later end or "
            "an earlier start."
        )


def _record(offer: Offer, dates: OwnDates, codes: int, *, by: Actor, at: datetime) -> None:
    facts: dict[str, object] = {
        name: None if value is None else value.isoformat() for name, value in dates.columns.items()
    }
    record_event(
        workspace_id=offer.workspace_id, kind="code_dates_set", subject=f"offer:{offer.pk}",
        facts={"codes": codes, **facts}, by=by, at=at,
    )  # fmt: skip
