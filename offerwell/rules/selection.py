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
    """What the members table was filtered by. Empty fields do not filter; `offer` is the id of one they belong to."""

    view: View = View.ALL
    text: str = ""
    country: str = ""
    tag: str = ""
    group: str = ""
    offer: int = 0

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `filter_from_json` reads back; without an offer, as it was before there was one."""
        body = asdict(self)
        return body if self.offer else {name: value for name, value in body.items() if name != "offer"}


def filter_from_json(body: dict[str, Any]) -> MemberFilter:
    """The filter stored by `to_json`. Raises KeyError, TypeError, ValueError when the object is not one."""
    return MemberFilter(**{**body, "view": View(body["view"]), "offer": int(body.get("offer", 0))})


class Crowd(StrEnum):
    """Among whom "all that match" was said, where it was not said among the members of an offer."""

    WORKSPACE = "workspace"
    PROJECT = "project"
    STAGE = "stage"
    CHANGE = "change"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Within:
    """A crowd outside an offer: the workspace's members, those in a project or stage, those a bulk change changed.

    `of` is the id of the project, stage, bulk change or stage move. `up_to` is the newest member of the workspace, the
    newest placement of the project, or of a stage the newest stage move, when the person selected: later comers are
    not swept in, nor are those who come from another stage. A bulk change and a stage move need none.
    """

    crowd: Crowd
    of: int = 0
    up_to: int = 0


@dataclass(frozen=True, slots=True)
class MemberSelection:
    """Either `ids` (members), or everything that matches `filter`, except `exclude` (members).

    The filter is over the members of an offer, or over those `within` a crowd outside it. `up_to` is the highest
    enrollment id when the person selected: later joiners are not swept in. Members chosen one by one have it only
    in a change for later, a crowd once an offer is chosen.
    """

    ids: tuple[int, ...] | None = None
    filter: MemberFilter | None = None
    exclude: tuple[int, ...] = ()
    up_to: int | None = None
    within: Within | None = None

    def __post_init__(self) -> None:
        """Raises InvalidSelection unless it is exactly one of the two kinds and not empty."""
        if (self.ids is None) == (self.filter is None):
            raise InvalidSelection("Select members, or all that match a filter: one of the two.")
        if self.ids is not None and not self.ids:
            raise InvalidSelection("No members are selected. Select one or more members first.")
        if self.ids is not None and self.within is not None:
            raise InvalidSelection("Members chosen one by one are meant wherever they are.")
        if self.filter is not None and self.up_to is None and self.within is None:
            raise InvalidSelection("A selection of all members needs the snapshot it was made at.")

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `selection_from_json` reads back."""
        body = asdict(self) | {"filter": self.filter.to_json() if self.filter else None}
        return body if self.within else {name: value for name, value in body.items() if name != "within"}


def selection_from_json(body: dict[str, Any]) -> MemberSelection:
    """The selection stored by `to_json`. Raises InvalidSelection when the object is not one."""
    try:
        filtered = body.get("filter")
        return MemberSelection(
            ids=None if body.get("ids") is None else tuple(int(i) for i in body["ids"]),
            filter=None if filtered is None else filter_from_json(filtered),
            exclude=tuple(int(i) for i in body.get("exclude", ())),
            up_to=body.get("up_to"),
            within=_within_from_json(body.get("within")),
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InvalidSelection):
            raise
        raise InvalidSelection("The selection could not be read. Select the members again.") from error


def _within_from_json(body: dict[str, Any] | None) -> Within | None:
    return None if body is None else Within(Crowd(body["crowd"]), int(body["of"]), int(body["up_to"]))
