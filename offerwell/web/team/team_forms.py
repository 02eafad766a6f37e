"""The forms of the team, and the words for roles and permissions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django import forms

from offerwell.models import Role
from offerwell.rules.permissions import POLICY, Action

if TYPE_CHECKING:
    from collections.abc import Mapping

ROLE_CARDS = (
    (Role.OWNER, "Everything, with team and settings."),
    (Role.MANAGER, "Offers, members, projects, messages, payouts; sees the audit."),
    (Role.OPERATOR, "Activates, deactivates, moves and messages; no payouts, no settings."),
    (Role.ANALYST, "Reads and exports. Changes nothing."),
)
ACTION_WORDS = {
    Action.VIEW: "See members, offers, projects, reports",
    Action.EXPORT: "Export as files",
    Action.CHANGE_OFFER_STATUS: "Activate, deactivate, refresh and schedule codes and links",
    Action.MOVE_MEMBERS: "Move members between stages of a project",
    Action.SEND_MESSAGES: "Compose and send messages",
    Action.EDIT_OFFERS: "Create and edit offers, add members, generate codes",
    Action.EDIT_PAYOUTS: "Change payout options and who has which",
    Action.MAKE_PAYOUTS: "See payouts and statements, approve them, note payments",
    Action.EDIT_MEMBERS: "Edit and import members",
    Action.EDIT_PROJECTS: "Create and edit projects",
    Action.SEE_AUDIT: "See the audit",
    Action.EDIT_TEAM: "Invite people, change roles, remove people",
    Action.EDIT_SETTINGS: "Connect stores and change settings",
}


@dataclass(frozen=True, slots=True)
class Permission:
    """One row of the table of roles. `roles` says for each role, in the order of `Role`, whether it may."""

    words: str
    roles: tuple[tuple[str, bool], ...]


def permissions_table() -> list[Permission]:
    """What POLICY says, in words."""
    return [
        Permission(words, tuple((role.label, action in POLICY[role]) for role in Role))
        for action, words in ACTION_WORDS.items()
    ]


class _Said(forms.Form):
    """What is wrong is the action's to say."""

    def say(self, problems: Mapping[str, str]) -> None:
        """Put each sentence at its field, the others on top."""
        for field, sentence in problems.items():
            self.add_error(field if field in self.fields else None, sentence)


class InviteForm(_Said):
    """Whom to invite, and as what."""

    email = forms.CharField(
        required=False, max_length=254, label="E-mail",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    role = forms.CharField(required=False, max_length=16)


class RoleForm(_Said):
    """Another role for somebody."""

    role = forms.CharField(required=False, max_length=16)


class JoinForm(_Said):
    """A login to make. allauth's validators look at the password, in the action."""

    name = forms.CharField(
        required=False, max_length=200, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        required=False, max_length=128, strip=False, label="Password",
        help_text="At least 12 characters; not a common one.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
