"""A creator wants no more messages: one press, by the address that came with a letter, without signing in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django_scopes import scope, scopes_disabled

from offerwell.actions.suppress_address import suppress_address
from offerwell.actions.write_letter import letter_of_token
from offerwell.models import MessageRecipient, Suppression, SuppressionReason
from offerwell.rules.permissions import Actor

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Stop:
    """Whose messages would stop, at which address. `is_test`: of a test mail, where there is nothing to stop."""

    brand: str = ""
    address: str = ""
    is_stopped: bool = False
    is_test: bool = False


def stop_of(token: str) -> Stop | None:
    """What the address of an unsubscribe link is about; None when it is not one of ours."""
    letter = _letter(token)
    if letter is None:
        return Stop(is_test=True) if letter_of_token(token) == 0 else None
    with scope(workspace=letter.workspace):
        is_stopped = Suppression.objects.filter(address_key=letter.to.lower()).exists()
    return Stop(letter.workspace.name, letter.to, is_stopped)


def unsubscribe(*, token: str, at: datetime) -> Stop | None:
    """Stop all messages of that workspace to that address; again is as good."""
    letter = _letter(token)
    if letter is None:
        return stop_of(token)
    by = Actor(name=letter.to, door="unsubscribe")
    with scope(workspace=letter.workspace):
        suppress_address(
            workspace_id=letter.workspace_id, address=letter.to, reason=SuppressionReason.UNSUBSCRIBED,
            note=f"Message {letter.message_id}", by=by, at=at,
        )  # fmt: skip
    return Stop(letter.workspace.name, letter.to, is_stopped=True)


def _letter(token: str) -> MessageRecipient | None:
    letter_id = letter_of_token(token)
    if not letter_id:
        return None
    with scopes_disabled():
        return MessageRecipient.objects.select_related("workspace").filter(pk=letter_id).first()
