"""Which members a person chose: some, or all that match a filter except some, up to a snapshot."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class View(StrEnum):
    """Saved views of an offer's members. `ANY_…` because a member may have parts of both kinds."""

    ALL = "all"
    ANY_ACTIVE = "active"
    ANY_DEACTIVATED = "deactivated"
    NEEDS_ATTENTION = "attention"


class InvalidSelection(ValueError):
    """The selection names nobody, or contradicts itself. The text is for a person."""


@dataclass(frozen=True, slots=True)
class MemberFilter:
    """What the members table was filtered by. Empty fields do not filter."""

    view: View = View.ALL
    text: str = ""
    country: str = ""
    tag: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class MemberSelection:
    """Either `ids` (members), or everything that matches `filter`, except `exclude` (members).

    `up_to` is the highest enrollment id when the person selected: later joiners are not swept in. Members chosen
    one by one have it only in a change for later.
    """

    ids: tuple[int, ...] | None = None
    filter: MemberFilter | None = None
    exclude: tuple[int, ...] = ()
    up_to: int | None = None

    def __post_init__(self) -> None:
        """Raises InvalidSelection unless it is exactly one of the two kinds and not empty."""
        if (self.ids is None) == (self.filter is None):
            raise InvalidSelection("Select members, or all that match a filter: one of the two.")
        if self.ids is not None and not self.ids:
            raise InvalidSelection("No members are selected. Select one or more members first.")
        if self.filter is not None and self.up_to is None:
            raise InvalidSelection("A selection of all members needs the snapshot it was made at.")

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `selection_from_json` reads back."""
        return asdict(self)


def selection_from_json(body: dict[str, Any]) -> MemberSelection:
    """The selection stored by `to_json`. Raises InvalidSelection when the object is not one."""
    try:
        filtered = body.get("filter")
        return MemberSelection(
            ids=None if body.get("ids") is None else tuple(int(i) for i in body["ids"]),
            filter=None if filtered is None else MemberFilter(**{**filtered, "view": View(filtered["view"])}),
            exclude=tuple(int(i) for i in body.get("exclude", ())),
            up_to=body.get("up_to"),
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InvalidSelection):
            raise
        raise InvalidSelection("The selection could not be read. Select the members again.") from error
