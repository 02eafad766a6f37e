"""Add members to an offer. The database writes the rows: a million in seconds, none in Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import BigIntegerField, DateTimeField, Value
from django.db.models.functions import Cast

from offerwell.actions.record_event import record_event
from offerwell.models import Enrollment, Offer, lock_workspace
from offerwell.models.insert_select import insert_select
from offerwell.queries.enrollable_members import not_yet_in
from offerwell.queries.members import selected_members
from offerwell.queries.payouts import default_option_id

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor
    from offerwell.rules.selection import MemberSelection


class OfferArchived(Exception):
    """An archived offer takes no members. Nothing was done."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """How many joined, and how many of the selected belonged to the offer before."""

    added: int
    already: int


def enroll_members(*, workspace_id: int, offer: Offer, selection: MemberSelection, by: Actor, at: datetime) -> Enrolled:
    """Let the selected members belong to the offer; who does already stays as they are.

    `selection` is of members by their ids, or of a crowd outside the offer.
    Members of other workspaces never match. Raises OfferArchived.
    """
    if offer.status == "archived":
        raise OfferArchived(f"{offer.name} is archived. Set it to active before you add members.")
    with transaction.atomic():
        lock_workspace(workspace_id)
        already = Enrollment.objects.filter(offer=offer, member__in=selected_members(selection)).count()
        added = insert_select(
            Enrollment,
            ("workspace_id", "offer_id", "member_id", "name_key", "search_text", "enrolled_at", "payout_option_id"),
            not_yet_in(offer, selection).order_by("pk").values_list(
                "workspace_id", Cast(Value(offer.pk), BigIntegerField()), "pk", "name_key", "search_text",
                Cast(Value(at), DateTimeField()), Cast(Value(default_option_id(offer)), BigIntegerField()),
            ),
        )  # fmt: skip
        if added:
            facts = {"added": added, "already": already}
            record_event(
                workspace_id=workspace_id, kind="members_enrolled", subject=f"offer:{offer.pk}", facts=facts,
                by=by, at=at,
            )  # fmt: skip
    return Enrolled(added=added, already=already)
