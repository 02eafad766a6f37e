"""Which brands' messages come to a person, and whether the person can change that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.models import Suppression, SuppressionReason

if TYPE_CHECKING:
    from offerwell.models import Member
    from offerwell.queries.creator_session import SignedIn


@dataclass(frozen=True, slots=True)
class BrandMail:
    """One brand's messages. `is_own_choice`: the person stopped them, or nobody did."""

    member: Member
    comes: bool
    is_own_choice: bool


def brand_mails(person: SignedIn) -> list[BrandMail]:
    """For each brand. One statement."""
    rows = Suppression.objects.filter(address_key=person.creator.email_key)
    stopped = dict(rows.values_list("workspace_id", "reason"))
    own = {None, str(SuppressionReason.UNSUBSCRIBED)}
    return [
        BrandMail(member, member.workspace_id not in stopped, stopped.get(member.workspace_id) in own)
        for member in person.members
    ]
