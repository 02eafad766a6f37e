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
    EDIT_MEMBERS = "edit_members"
    EDIT_SETTINGS = "edit_settings"


_ANALYST = frozenset({Action.VIEW, Action.EXPORT})
_OPERATOR = _ANALYST | {Action.CHANGE_OFFER_STATUS}
_MANAGER = _OPERATOR | {Action.EDIT_OFFERS, Action.EDIT_PAYOUTS, Action.EDIT_MEMBERS}
POLICY: dict[str, frozenset[Action]] = {
    "owner": frozenset(Action),
    "manager": _MANAGER,
    "operator": _OPERATOR,
    "analyst": _ANALYST,
}


def may(role: str, action: Action) -> bool:
    """Whether `role` may do `action`; an unknown role may do nothing."""
    return action in POLICY.get(role, frozenset())


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts and through which door (web, cli, worker, demo): goes into every record."""

    name: str
    door: str
    user_id: int | None = None
