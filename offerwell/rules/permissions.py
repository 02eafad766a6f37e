"""Who may do what: one policy table, deny by default (domain §7)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What a person can do. Every door asks `may` before it calls an action."""

    VIEW = "view"
    EXPORT = "export"
    CHANGE_OFFER_STATUS = "change_offer_status"
    EDIT_OFFERS = "edit_offers"
    EDIT_PAYOUTS = "edit_payouts"
    MAKE_PAYOUTS = "make_payouts"
    EDIT_MEMBERS = "edit_members"
    EDIT_PROJECTS = "edit_projects"
    MOVE_MEMBERS = "move_members"
    SEND_MESSAGES = "send_messages"
    SEE_AUDIT = "see_audit"
    EDIT_TEAM = "edit_team"
    EDIT_SETTINGS = "edit_settings"


_ANALYST = frozenset({Action.VIEW, Action.EXPORT})
_OPERATOR = _ANALYST | {Action.CHANGE_OFFER_STATUS, Action.MOVE_MEMBERS, Action.SEND_MESSAGES}
_MANAGER = _OPERATOR | {
    Action.EDIT_OFFERS, Action.EDIT_PAYOUTS, Action.MAKE_PAYOUTS, Action.EDIT_MEMBERS, Action.EDIT_PROJECTS,
    Action.SEE_AUDIT,
}  # fmt: skip
POLICY: dict[str, frozenset[Action]] = {
    "owner": frozenset(Action),
    "manager": _MANAGER,
    "operator": _OPERATOR,
    "analyst": _ANALYST,
}


def may(role: str, action: Action) -> bool:
    """Whether `role` may do `action`; an unknown role may do nothing."""
    return action in POLICY.get(role, frozenset())


def keeps_an_owner(*, owners: int, was: str, becomes: str | None) -> bool:
    """Whether a workspace with `owners` owners still has one after a role changes; None stands for leaving."""
    return was != "owner" or becomes == "owner" or owners > 1


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts and through which door (web, cli, worker, demo): goes into every record."""

    name: str
    door: str
    user_id: int | None = None
