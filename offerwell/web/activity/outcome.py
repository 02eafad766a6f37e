"""How a bulk change stands, in the words and figures of the progress step and its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.queries.activity import bad_codes
from offerwell.rules.bulk_changes import What
from offerwell.ui.change_words import NOUNS, counted, words_of_change

if TYPE_CHECKING:
    from offerwell.queries.change_progress import Progress

# Progress is asked for this often, and after the patience more seldom.
_SOON_MILLISECONDS = 800
_BACKED_OFF_MILLISECONDS = 3_000
_PATIENCE = 38
# What was set while the status stayed.
_SET = {What.DATES: "Dates", What.NAMES: "Names"}


@dataclass(frozen=True, slots=True)
class Standing:
    """`checked` of `total` are settled. `changed` counts codes or links whose stores all followed."""

    heading: str
    part: str
    done_word: str
    is_running: bool
    checked: int
    total: int
    changed: int
    skipped: int
    failed: int
    superseded: int
    poll_milliseconds: int
    turn: int

    @property
    def percent(self) -> int:
        """Whole percent, 100 only when everything is settled."""
        return 100 if self.checked >= self.total else self.checked * 100 // self.total

    @property
    def bar_total(self) -> int:
        """Length of the bar; an empty change is a full one."""
        return max(self.total, 1)

    @property
    def bar_checked(self) -> int:
        """How much of the bar is filled."""
        return self.checked if self.total else 1

    @property
    def failed_totally(self) -> bool:
        """Whether it is over and nothing was changed because everything failed."""
        return not self.is_running and not self.changed and self.failed > 0

    @property
    def tone(self) -> str:
        """The bar's colour: running, ok, warn or bad."""
        if self.is_running:
            return "running"
        if self.failed_totally:
            return "bad"
        return "warn" if self.failed else "ok"


def standing(progress: Progress, *, turn: int = 0) -> Standing:
    """The standing now, after `turn` looks."""
    change = progress.change
    failed = bad_codes(change) if progress.bad else 0
    superseded = max((store.superseded for store in progress.stores), default=0)
    is_running = progress.waiting > 0
    items = progress.items or change.changed  # links have no store to answer for them
    changed = max(change.changed - failed - superseded, 0)
    if is_running:
        changed = min(_followed(progress), changed)
    return Standing(
        heading=_heading(progress, changed, superseded),
        part=change.part,
        done_word="Changed" if change.what in _SET else words_of_change(change).done.capitalize(),
        is_running=is_running,
        checked=items - progress.waiting + change.already_so,
        total=items + change.already_so,
        changed=changed,
        skipped=change.already_so,
        failed=failed,
        superseded=superseded,
        poll_milliseconds=_SOON_MILLISECONDS if turn < _PATIENCE else _BACKED_OFF_MILLISECONDS,
        turn=turn + 1,
    )


def _followed(progress: Progress) -> int:
    """Codes that the slowest store has followed."""
    return min((store.confirmed + store.already_so + store.recreated for store in progress.stores), default=0)


def _heading(progress: Progress, changed: int, superseded: int) -> str:
    change = progress.change
    words = words_of_change(change)
    if change.what in _SET:
        told = counted(change.changed if progress.waiting else changed, change.part)
        return f"{_SET[change.what]} of {told} set in the store"
    if progress.waiting:
        return f"{words.doing} {change.part}…"
    word = words.done
    if not change.changed and change.already_so and change.what == What.STATUS:
        return f"{counted(change.already_so, change.part)} already {word}, checked again"
    if not changed and not superseded:
        return f"No {NOUNS[change.part][1]} were {word}"
    return f"{counted(changed, change.part)} {word}"
