"""A message to n members: count who gets it, write its letters, hand over a thousand, show its page, call it back."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection
from django.db.models import Max
from django.utils import timezone
from django_scopes import scope

from benchmarks.crowd import NOW, make_crowd
from offerwell.actions.cancel_message import cancel_message
from offerwell.actions.confirm_message import confirm_message
from offerwell.actions.deliver_message import deliver_message
from offerwell.actions.keep_message_draft import keep_message_draft
from offerwell.models import Enrollment, Message, Offer
from offerwell.queries.message_audience import Audience, audience_of, neighbour, reach_of, review_rows
from offerwell.queries.messages import letter_page
from offerwell.rules.message_states import LetterState
from offerwell.rules.permissions import Actor
from offerwell.rules.selection import MemberFilter, MemberSelection

if TYPE_CHECKING:
    from collections.abc import Callable

BENCH = Actor(name="Benchmark", door="bench")
HANDED_OVER = 1_000


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds of each step, and megabytes of peak memory above the start."""

    engine: str
    rows: int
    steps: dict[str, float]
    memory_mb: float

    @property
    def line(self) -> str:
        """One row of the table in docs/performance.md."""
        cells = " | ".join(f"{seconds:.2f} s" for seconds in self.steps.values())
        return f"| {self.engine} | {self.rows:,} | {cells} | +{self.memory_mb:.0f} MB |"


HEAD = (
    "| engine | members | count | first preview | review | write letters | hand over 1,000 | page | call back | "
    "peak memory |\n" + "|---" * 10 + "|"
)  # fmt: skip


def measure(size: int, name: str = "Messages") -> Figures:
    """Each step once, one after the other. The carrier takes everything at once: ours is what is measured."""
    settings.OFFERWELL_PUBLIC_URL = "https://offers.example"
    settings.OFFERWELL_MAIL_PER_SECOND = 0
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    offer = make_crowd(size, name=name)
    with scope(workspace=offer.workspace):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        steps = _steps(offer)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Figures(connection.vendor, size, steps, (peak - before) / 1024)


def _steps(offer: Offer) -> dict[str, float]:
    newest = Enrollment.objects.filter(offer=offer).aggregate(n=Max("pk"))["n"]
    audience = Audience(MemberSelection(filter=MemberFilter(), up_to=newest), offer)
    draft = keep_message_draft(
        workspace_id=offer.workspace_id, audience=audience, key="bench", subject="About {offer}",
        body="Hi {first_name}, your code is {code}.", by=BENCH, at=NOW,
    )  # fmt: skip
    steps: dict[str, float] = {}
    reach_of(audience_of(draft), (draft.subject, draft.body))  # once before: a process reads its modules only once
    reach = _timed(steps, "count", lambda: reach_of(audience_of(draft), (draft.subject, draft.body)))
    _timed(steps, "first preview", lambda: neighbour(audience, None))
    _timed(steps, "review", lambda: review_rows(audience))
    at = timezone.now() - timedelta(minutes=1)
    message = _timed(steps, "write letters", lambda: confirm_message(
        workspace_id=offer.workspace_id, message_id=draft.pk, shown=reach, when=None, by=BENCH, at=at
    )).message  # fmt: skip
    _timed(steps, "hand over", lambda: deliver_message(message_id=message.pk, should_stop=_after(HANDED_OVER)))
    message = Message.objects.select_related("offer").get(pk=message.pk)
    _timed(steps, "page", lambda: letter_page(message, LetterState.WAITING))
    _timed(steps, "call back", lambda: cancel_message(
        workspace_id=offer.workspace_id, message_id=message.pk, by=BENCH, at=NOW
    ))  # fmt: skip
    return steps


def _after(letters: int) -> Callable[[], bool]:
    """Say stop after so many questions."""
    asked = iter(range(letters))
    return lambda: next(asked, None) is None


def _timed(steps: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    result = work()
    steps[name] = time.perf_counter() - start
    print(f"  {name}: {steps[name]:.2f} s", flush=True)
    return result
