"""What may become of a letter that a carrier did not simply take."""

from __future__ import annotations


class MailError(Exception):
    """The carrier did not take the letter. `reason` is for a person; `is_permanent`: trying again cannot help.

    `stops_all`: it is not about this letter; the next one would be refused as well.
    """

    def __init__(self, reason: str, *, is_permanent: bool, stops_all: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.is_permanent, self.stops_all = reason, is_permanent, stops_all


class MailFateUnknown(Exception):
    """The connection broke after the letter was handed over: it may be on its way. Never send it again by yourself."""
