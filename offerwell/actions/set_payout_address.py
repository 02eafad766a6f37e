"""A creator says to which e-mail address payments go, for every brand; without one the own e-mail counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django_scopes import scope

from offerwell.actions.record_event import record_event
from offerwell.models import PayoutAddress, lock_workspace
from offerwell.rules.imported_cells import BadCell, email_in
from offerwell.rules.permissions import Actor
from offerwell.rules.spreadsheet_cell import spreadsheet_cell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from offerwell.models import Member


class InvalidAddress(ValueError):
    """The address cannot be. Nothing was changed. The text is for a person."""


def set_payout_address(*, members: Sequence[Member], email: str, at: datetime) -> bool:
    """Give all the person's members this address; empty: none. Gives whether that changed anything.

    One transaction for each brand, each with its own record. Raises InvalidAddress.
    """
    address = _checked(email)
    changed = [_change(member, address, at) for member in members]
    return any(changed)


def _checked(email: str) -> str:
    try:
        address = email_in(email)
    except BadCell:
        raise InvalidAddress("Enter one e-mail address, like name@example.com.") from None
    if spreadsheet_cell(address) != address:
        raise InvalidAddress(f"Payments cannot go to an address that begins with “{address[:1]}”. Use another one.")
    return address


def _change(member: Member, address: str, at: datetime) -> bool:
    with scope(workspace=member.workspace), transaction.atomic():
        lock_workspace(member.workspace_id)
        now = PayoutAddress.objects.filter(member=member).first()
        if (now.email if now else "") == address:
            return False
        if address:
            PayoutAddress.objects.update_or_create(
                member=member, defaults={"workspace_id": member.workspace_id, "email": address, "at": at}
            )
        else:
            PayoutAddress.objects.filter(member=member).delete()
        record_event(
            workspace_id=member.workspace_id, kind="payout_address_set", subject=f"member:{member.pk}",
            facts={"address": [now.email if now else "", address]}, by=Actor(name=member.name, door="portal"), at=at,
        )  # fmt: skip
    return True
