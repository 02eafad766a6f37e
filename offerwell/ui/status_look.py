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
    return _parts() | _offers() | _changes() | _stores() | _messages() | _orders() | _payouts()


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
        "hooks_none": Look(gettext("None"), "", "minus"),
        "trouble": Look(gettext("Needs attention"), "bad", "triangle-alert"),
    }


def _messages() -> dict[str, Look]:
    """States of a message, and of its letters, that no other thing has."""
    return {
        "sending": Look(gettext("Sending"), "info", "loader-circle", is_moving=True),
        "sent": Look(gettext("Sent"), "ok", "check"),
        "skipped": Look(gettext("Skipped"), "", "minus"),
        "handed_over": Look(gettext("Handed over"), "info", "loader-circle", is_moving=True),
        "bounced": Look(gettext("Bounced"), "bad", "undo-2"),
        "complained": Look(gettext("Complained"), "bad", "triangle-alert"),
        "unknown": Look(gettext("Unknown"), "warn", "circle-alert"),
        "unsubscribed": Look(gettext("Unsubscribed"), "", "bell-off"),
        "by_hand": Look(gettext("Added by hand"), "", "pencil"),
    }


def _orders() -> dict[str, Look]:
    return {
        "conversion_accepted": Look(gettext("Credited"), "ok", "circle-check"),
        "leak_likely": Look(gettext("Likely leaked"), "bad", "triangle-alert"),
        "leak_possible": Look(gettext("Worth a look"), "warn", "eye"),
        "conversion_rejected": Look(gettext("Rejected"), "bad", "circle-x"),
        "conversion_withdrawn": Look(gettext("Withdrawn"), "", "undo-2"),
        "order_nobodys": Look(gettext("Nobody’s"), "", "minus"),
        "order_cancelled": Look(gettext("Cancelled"), "", "circle-x"),
        "order_unconfirmed": Look(gettext("Not confirmed"), "warn", "clock"),
        "order_test": Look(gettext("Test order"), "", "circle-pause"),
    }


def _payouts() -> dict[str, Look]:
    """States of a payout and of its statements."""
    return {
        "payout_draft": Look(gettext("Draft"), "", "pencil"),
        "payout_approving": Look(gettext("Approving"), "info", "loader-circle", is_moving=True),
        "payout_to_pay": Look(gettext("To pay"), "info", "clock"),
        "payout_partly_paid": Look(gettext("Partly paid"), "info", "clock"),
        "payout_paid": Look(gettext("Paid"), "ok", "circle-check"),
        "payout_returned": Look(gettext("Returned"), "bad", "undo-2"),
        "payout_carried": Look(gettext("Carried forward"), "", "skip-forward"),
        "payout_cancelled": Look(gettext("Cancelled"), "", "circle-x"),
    }
