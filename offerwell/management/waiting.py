"""Following a change until every store has answered, with or without a running worker."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from offerwell.management.answer import answer, answer_json, answer_table, note
from offerwell.management.refusal import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from offerwell.models import BulkChange
    from offerwell.queries.change_progress import Progress

waiting_options = (
    click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="With --wait: give up after."),
    click.option("--wait", is_flag=True, help="Wait until every store has answered."),
)
_LOOK_EVERY = 0.5
# The worker touches its heartbeat every few seconds; past this it is not there.
_HEARTBEAT_SECONDS = 15.0


def told_change(change: BulkChange, *, as_json: bool) -> Progress:
    """The change as it stands, as the answer."""
    from offerwell.queries.change_progress import progress_of

    progress = progress_of(change)
    if as_json:
        answer_json(progress.to_json())
    else:
        _show(progress)
    return progress


def follow(change: BulkChange, *, timeout: float | None, as_json: bool) -> ExitCode:
    """Wait for the stores, then answer. Without a worker this process does the syncing itself."""
    until = None if timeout is None else time.monotonic() + timeout
    try:
        finished = _waited(change, until)
    except KeyboardInterrupt:
        finished = False
    progress = told_change(change, as_json=as_json)
    if not finished and progress.waiting:
        note(f"The change goes on without you. Look again with `offerwell changes show {change.pk}`.")
        return ExitCode.STILL_WAITING
    return exit_code_of(progress)


def exit_code_of(progress: Progress) -> ExitCode:
    """3 once a change ended with failures."""
    return ExitCode.FAILURES if progress.state == "done_with_failures" else ExitCode.DONE


def _waited(change: BulkChange, until: float | None) -> bool:
    from offerwell.queries.change_progress import progress_of

    progress = progress_of(change)
    with _progress_bar(progress) as advance:
        while progress.waiting:
            if until is not None and time.monotonic() >= until:
                return False
            if not _worker_beats():
                _sync_here(change)
            time.sleep(_LOOK_EVERY)
            progress = progress_of(change)
            advance(progress.items - progress.waiting)
    return True


@contextmanager
def _progress_bar(progress: Progress) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, silence elsewhere."""
    if not progress.waiting or not sys.stderr.isatty():
        yield lambda _done: None
        return
    done = progress.items - progress.waiting
    with click.progressbar(length=progress.items, label="Stores follow", file=sys.stderr, show_pos=True) as bar:
        bar.update(done)
        yield lambda now_done: bar.update(now_done - bar.pos)


def _worker_beats() -> bool:
    from django.conf import settings

    try:
        return time.time() - (settings.DATA / "worker.heartbeat").stat().st_mtime < _HEARTBEAT_SECONDS
    except OSError:
        return False


def _sync_here(change: BulkChange) -> None:
    """Rows are leased, so this is safe even beside a worker on another machine that we cannot see."""
    from offerwell.models import ChangeProgress
    from offerwell.worker import run_job

    stores = ChangeProgress.objects.filter(change=change).values_list("store_id", flat=True)
    for store_id in list(stores):
        run_job("sync_store", store_id)


def _show(progress: Progress) -> None:
    from offerwell.ui.change_words import counted, words_of_change

    change = progress.change
    done = words_of_change(change).done
    state = progress.state.replace("_", " ")
    what = counted(change.changed, change.part) if change.kind != "status" else f"{change.changed:,} {change.part}"
    stores = f"; stores: {state}" if progress.stores or change.kind == "status" else ""
    answer(f"Change {change.pk}: {what} of “{change.offer.name}” {done}{stores}.")
    if progress.stores:
        head = ("Store", "Changed", "Already so", "Re-created", "Conflict", "Failed", "Superseded", "Waiting")
        answer_table(head, [_cells(store.to_json()) for store in progress.stores])
    if progress.bad:
        note(f"Next: `offerwell changes show {change.pk}` has the reasons; `offerwell changes retry {change.pk}`.")


def _cells(store: dict[str, object]) -> list[object]:
    names = ("store", "confirmed", "already_so", "recreated", "conflict", "failed", "superseded", "waiting")
    return [store[name] for name in names]
