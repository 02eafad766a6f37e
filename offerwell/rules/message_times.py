"""When a confirmed message goes, how long it can be called back, and how long the worker waits after an error."""

from __future__ import annotations

from datetime import timedelta

# Gmail's longest is 30 s; the reader who presses Send by mistake notices at once or never.
UNDO_WINDOW = timedelta(seconds=20)
# A message that a worker could not send for so long surprises people: they look instead.
LATE_LIMIT = timedelta(hours=24)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=10)
# A mailbox that is full or a server that is busy: asked again for a day.
_LETTER_PAUSES = tuple(timedelta(minutes=n) for n in (5, 15, 60, 240, 480, 720))


def pause_after(attempts: int) -> timedelta:
    """How long a message waits after the mail server failed `attempts` times in a row (from 1)."""
    return min(_FIRST_PAUSE * 2 ** min(max(attempts, 1) - 1, 10), _LONGEST_PAUSE)


def letter_pause(attempts: int) -> timedelta | None:
    """How long one letter waits after its refusal number `attempts` (from 1) that passes; None: give it up."""
    return _LETTER_PAUSES[attempts - 1] if attempts <= len(_LETTER_PAUSES) else None
