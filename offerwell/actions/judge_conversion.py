"""Reject a conversion with a reason, or accept it again. The ledger follows in the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.attribute_order import settle
from offerwell.actions.fold_sales import folded_sales
from offerwell.actions.post_commission import post_commission
from offerwell.actions.record_event import record_event
from offerwell.models import Conversion, ConversionStatus, lock_workspace
from offerwell.queries.orders import AWAITS_SHOP
from offerwell.queries.settled_orders import why_settled

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor

LONGEST_REASON = 200


class JudgementRefused(Exception):
    """Nothing was done. The sentence says why and what to do."""


def judge_conversion(
    *, workspace_id: int, conversion_id: int, is_accepted: bool, reason: str = "", by: Actor, at: datetime
) -> bool:
    """Set what people say of the conversion. False when it said so already. Raises JudgementRefused."""
    reason = " ".join(reason.split())
    if not is_accepted and not reason:
        raise JudgementRefused("Say why: the member sees the reason.")
    if len(reason) > LONGEST_REASON:
        raise JudgementRefused(f"The reason is {len(reason)} characters long. Use at most {LONGEST_REASON}.")
    with transaction.atomic():
        lock_workspace(workspace_id)
        row = Conversion.objects.select_related("order").get(pk=conversion_id)
        if row.status == ConversionStatus.WITHDRAWN:
            raise JudgementRefused("This order earns nothing any more, so there is nothing to reject or accept.")
        if _says_so(row, is_accepted=is_accepted):
            return False
        if why := why_settled(row):
            raise JudgementRefused(why)
        row.rejected_reason, row.judged_at, row.judged_by = ("" if is_accepted else reason), at, by.name
        with folded_sales(workspace_id, [row.order], [row.order_id]):
            settle(row, row.order)
            row.save()
            post_commission(orders=[row.order], at=at, cause="accepted" if is_accepted else "rejected")
        record_event(
            workspace_id=workspace_id, kind="conversion_accepted" if is_accepted else "conversion_rejected",
            subject=f"order:{row.order_id}", facts={"order": str(row.order), "reason": reason}, by=by, at=at,
        )  # fmt: skip
    return True


def _says_so(row: Conversion, *, is_accepted: bool) -> bool:
    """Whether it counts, or is rejected, already. One that awaits its shop may still be rejected for good."""
    if (row.status == ConversionStatus.ACCEPTED) != is_accepted:
        return False
    return is_accepted or not Conversion.objects.filter(AWAITS_SHOP, pk=row.pk).exists()
