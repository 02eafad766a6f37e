"""How each status looks and reads. Colour is never alone: every status has a word and a shape."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext


@dataclass(frozen=True, slots=True)
class Look:
    """`tone` is a class of assets/css/components.css (.badge); without an icon the shape is a dot or a ring."""

    word: str
    tone: str = ""
    icon: str = ""
    is_moving: bool = False

    @property
    def is_trouble(self) -> bool:
        """Whether the icon stays beside a part's icon: something moves or needs a person."""
        return self.is_moving or self.tone in {"warn", "bad"}


def look_of(status: str) -> Look:
    """The look of a status. One we do not know shows its own word, neutral, instead of failing a page."""
    return _looks().get(status) or Look(status.replace("_", " ").capitalize())


def _looks() -> dict[str, Look]:
    return _parts() | _offers() | _changes() | _stores()


def _parts() -> dict[str, Look]:
    """Effective status of a code or link (domain §3)."""
    return {
        "active": Look(gettext("Active"), "ok"),
        "deactivated": Look(gettext("Deactivated")),
        "scheduled": Look(gettext("Scheduled"), "info", "calendar"),
        "expired": Look(gettext("Expired"), "", "clock"),
        "paused": Look(gettext("Paused"), "warn", "circle-pause"),
        "updating": Look(gettext("Updating"), "info", "loader-circle", is_moving=True),
        "checking": Look(gettext("Checking"), "info", "refresh-cw", is_moving=True),
        "failed": Look(gettext("Failed"), "bad", "triangle-alert"),
        "drifted": Look(gettext("Differs in store"), "warn", "git-compare-arrows"),
    }


def _offers() -> dict[str, Look]:
    return {
        "draft": Look(gettext("Draft"), "", "pencil"),
        "archived": Look(gettext("Archived"), "", "archive"),
        "ended": Look(gettext("Ended"), "", "clock"),
    }


def _changes() -> dict[str, Look]:
    """States of a bulk change and outcomes of its items."""
    return {
        "pending": Look(gettext("Waiting"), "info", "clock"),
        "running": Look(gettext("Running"), "info", "loader-circle", is_moving=True),
        "done": Look(gettext("Done"), "ok", "circle-check"),
        "done_with_failures": Look(gettext("Done with failures"), "warn", "triangle-alert"),
        "confirmed": Look(gettext("Changed"), "ok", "check"),
        "already_so": Look(gettext("Already so"), "", "minus"),
        "recreated": Look(gettext("Re-created"), "ok", "rotate-ccw"),
        "conflict": Look(gettext("Conflict"), "bad", "triangle-alert"),
        "superseded": Look(gettext("Superseded"), "", "arrow-left-right"),
        "waiting": Look(gettext("Waiting"), "info", "clock"),
        "undone": Look(gettext("Undone"), "", "undo-2"),
    } | _schedules()


def _schedules() -> dict[str, Look]:
    """States of a change for later that no other thing has."""
    return {
        "returning": Look(gettext("Changes back"), "info", "undo-2"),
        "cancelled": Look(gettext("Cancelled"), "", "circle-x"),
        "missed": Look(gettext("Missed"), "bad", "clock"),
    }


def _stores() -> dict[str, Look]:
    return {
        "synced": Look(gettext("Synced"), "ok"),
        "connected": Look(gettext("Connected"), "ok", "plug"),
        "hooks_on": Look(gettext("Receiving"), "ok"),
        "hooks_part": Look(gettext("Partly"), "warn", "triangle-alert"),
        "hooks_off": Look(gettext("Off"), "", "circle-pause"),
        "trouble": Look(gettext("Needs attention"), "bad", "triangle-alert"),
    }
