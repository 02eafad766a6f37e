"""How fast this process hands letters over: what the mail provider allows (OFFERWELL_MAIL_PER_SECOND)."""

from __future__ import annotations

import threading
import time

from django.conf import settings


class MailPace:
    """Gives each letter its moment, for all threads of this process together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Return when the next letter may go. Without a limit at once."""
        rate = settings.OFFERWELL_MAIL_PER_SECOND
        if rate <= 0:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + 1 / rate
        time.sleep(max(0.0, turn - now))


PACE = MailPace()
