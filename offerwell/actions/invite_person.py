"""Invite somebody into the team by e-mail; send the letter again; take the invitation back.

The letter leaves after the row is stored, with a token of which only the hash is kept. A mail server that does not
take it loses nothing: the invitation says so, and a new letter (with a new token) can be sent.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.add_team_member import TeamRefused, login_problems, role_problems, tidied_email
from offerwell.actions.record_event import record_event
from offerwell.integrations.mail import Letter, MailError, MailFateUnknown, hand_over, rendered
from offerwell.models import Invitation, TeamMember, lock_workspace
from offerwell.models.invitation import token_hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from offerwell.rules.permissions import Actor

GOOD_FOR = timedelta(days=7)
_TOKEN_BYTES = 32
_LONGEST_PROBLEM = 300
FATE_UNKNOWN = "The connection to the mail server broke: the letter may be on its way. Ask, before you send it again."


def invite_person(
    *, workspace_id: int, email: str, role: str, join_address: Callable[[str], str], by: Actor, at: datetime
) -> Invitation:
    """Store the invitation and send its letter. Raises TeamRefused. Not inside a transaction.

    `join_address` gives the address of the page that a token opens.
    """
    email = tidied_email(email)
    if problems := login_problems(email, "") | role_problems(role):
        raise TeamRefused(problems)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with transaction.atomic():
        lock_workspace(workspace_id)
        _refuse_twice(workspace_id, email, at)
        invitation = Invitation.objects.create(
            workspace_id=workspace_id, email=email, role=role, token_hash=token_hash(token), invited_by=by.name,
            invited_at=at, expires_at=at + GOOD_FOR,
        )  # fmt: skip
        _record(invitation, "team_member_invited", by=by, at=at)
    return _send(invitation, join_address(token), at)


def send_invitation_again(
    *, workspace_id: int, invitation_id: int, join_address: Callable[[str], str], by: Actor, at: datetime
) -> Invitation:
    """A new letter with a new link, good for another week; the old link works no more. Raises TeamRefused."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with transaction.atomic():
        lock_workspace(workspace_id)
        invitation = _open(invitation_id)
        invitation.token_hash, invitation.expires_at = token_hash(token), at + GOOD_FOR
        invitation.sent_at, invitation.mail_problem = None, ""
        invitation.save(update_fields=["token_hash", "expires_at", "sent_at", "mail_problem"])
        _record(invitation, "invitation_sent_again", by=by, at=at)
    return _send(invitation, join_address(token), at)


def revoke_invitation(*, workspace_id: int, invitation_id: int, by: Actor, at: datetime) -> Invitation:
    """The link works no more. Raises TeamRefused."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        invitation = _open(invitation_id)
        invitation.revoked_at = at
        invitation.save(update_fields=["revoked_at"])
        _record(invitation, "invitation_revoked", by=by, at=at)
    return invitation


def _refuse_twice(workspace_id: int, email: str, at: datetime) -> None:
    place = TeamMember.objects.filter(workspace_id=workspace_id, user__email=email).first()
    if place is not None:
        raise TeamRefused({"email": f"{email} is in the team already, as {place.role}. Change the role there."})
    waiting = Invitation.objects.filter(email=email, accepted_at=None, revoked_at=None).first()
    if waiting is not None:
        how = "is open" if waiting.expires_at > at else "ran out"
        raise TeamRefused({"email": f"{email} is invited already, and the invitation {how}. Send it again instead."})


def _open(invitation_id: int) -> Invitation:
    found: Invitation | None = Invitation.objects.filter(pk=invitation_id).first()
    if found is None or found.accepted_at or found.revoked_at:
        raise TeamRefused({"email": "This invitation is not open any more: it was accepted or taken back meanwhile."})
    return found


def _record(invitation: Invitation, kind: str, *, by: Actor, at: datetime) -> None:
    record_event(
        workspace_id=invitation.workspace_id, kind=kind, subject=f"invitation:{invitation.pk}",
        facts={"email": invitation.email, "role": invitation.role}, by=by, at=at,
    )  # fmt: skip


def _send(invitation: Invitation, address: str, at: datetime) -> Invitation:
    shown = {"invitation": invitation, "workspace": invitation.workspace, "address": address}
    subject, text, html = rendered("invitation", shown)
    try:
        hand_over(Letter(to=invitation.email, subject=subject, text=text, html=html))
    except MailError as refused:
        invitation.mail_problem = refused.reason[:_LONGEST_PROBLEM]
    except MailFateUnknown:
        invitation.mail_problem = FATE_UNKNOWN
    else:
        invitation.sent_at = at
    invitation.save(update_fields=["sent_at", "mail_problem"])
    return invitation
