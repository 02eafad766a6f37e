"""DOOR: job name → one action; the loop that listens for wake-ups, and the sweep that needs none."""

from __future__ import annotations

import logging
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from offerwell import jobs
from offerwell.actions.audit_store import audit_next_batch, stores_to_audit
from offerwell.actions.count_clicks import count_clicks
from offerwell.actions.count_offer_tallies import count_tallies_of
from offerwell.actions.deliver_message import deliver_message, give_up_cancelled, messages_due
from offerwell.actions.finish_approval import approvals_due, finish_approval
from offerwell.actions.follow_collections import follow_collections, workspaces_to_follow
from offerwell.actions.forget_webhooks import forget_webhooks
from offerwell.actions.keep_subscriptions import keep_subscriptions, stores_to_subscribe
from offerwell.actions.post_clicks import post_clicks
from offerwell.actions.process_webhooks import process_webhooks, stores_with_webhooks
from offerwell.actions.pull_orders import pull_orders, stores_to_pull
from offerwell.actions.read_orders import read_orders, stores_with_order_hints
from offerwell.actions.run_import import imports_due, run_import
from offerwell.actions.run_replay import replays_due, run_replay
from offerwell.actions.run_scheduled_change import run_scheduled_change, schedules_due
from offerwell.actions.score_leaks import score_leaks, workspaces_to_score
from offerwell.actions.send_sign_in_mail import forget_sign_ins, send_sign_in_mail, sign_in_mails_due
from offerwell.actions.sync_store import stores_with_due_codes, sync_store
from offerwell.models.statistics import keep_statistics

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

log = logging.getLogger("offerwell.worker")
stopping = threading.Event()
SWEEP_EVERY = 1.0
STATISTICS_EVERY = 600  # sweeps; a sample of 1,000 rows an index, some milliseconds
COUNT_CLICKS_EVERY = 3  # sweeps: figures follow a click within five seconds
FORGET_EVERY = 60  # sweeps; a few thousand rows at once
# Whoever stops us (systemd, a container engine) waits 25 to 30 seconds before it kills.
LEAVE_WITHIN = 20.0
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

HANDLERS: dict[str, Callable[[int], object]] = {
    "sync_store": lambda store_id: sync_store(store_id=store_id, should_stop=stopping.is_set),
    "audit_store": lambda store_id: audit_next_batch(store_id=store_id, at=timezone.now()),
    "run_import": lambda import_id: run_import(import_id=import_id),
    "process_webhooks": lambda store_id: process_webhooks(store_id=store_id, should_stop=stopping.is_set),
    "keep_subscriptions": lambda store_id: keep_subscriptions(store_id=store_id),
    "send_sign_in_mail": lambda request_id: send_sign_in_mail(request_id=request_id, at=timezone.now()),
    "read_orders": lambda store_id: read_orders(store_id=store_id, should_stop=stopping.is_set),
    "pull_orders": lambda store_id: pull_orders(store_id=store_id, should_stop=stopping.is_set),
    "run_replay": lambda replay_id: run_replay(replay_id=replay_id, should_stop=stopping.is_set),
    "finish_approval": lambda run_id: finish_approval(run_id=run_id, should_stop=stopping.is_set),
    "count_tallies": lambda offer_id: count_tallies_of(offer_id=offer_id, at=timezone.now()),
}
# Nobody wakes these: their time comes by itself, and only the sweep sees it.
TIMED: dict[str, Callable[[int], object]] = {
    "run_schedule": lambda schedule_id: run_scheduled_change(schedule_id=schedule_id, at=timezone.now()),
    "deliver_message": lambda message_id: deliver_message(message_id=message_id, should_stop=stopping.is_set),
    "count_clicks": lambda _: count_all_clicks(),
    "follow_collections": lambda workspace_id: follow_collections(
        workspace_id=workspace_id, at=timezone.now(), should_stop=stopping.is_set
    ),
    "score_leaks": lambda workspace_id: score_leaks(workspace_id=workspace_id, at=timezone.now()),
}


def count_all_clicks() -> None:
    """Batch after batch, until all are counted; then post what they earned."""
    for step in (count_clicks, post_clicks):
        while not stopping.is_set() and step(at=timezone.now()):
            pass


def run_job(name: str, subject_id: int) -> None:
    """Do one job now. An error is logged: the rows stay due, and the sweep brings them back."""
    close_old_connections()
    try:
        (HANDLERS | TIMED)[name](subject_id)
    except Exception:
        log.exception("job %s %s failed; its rows stay due", name, subject_id)
    finally:
        close_old_connections()


Job = tuple[str, int]


def sweep_once(pool: Executor, running: dict[Job, Future[None]]) -> None:
    """Follow every store that has due codes nobody holds, hear what stores told, read orders, look at what is overdue.

    This, not the queue, is what promises rest on, so it does not go through the queue, which may be
    away. `running` keeps one sweep job per subject.
    """
    now = timezone.now()
    due: list[Job] = [("sync_store", store_id) for store_id in stores_with_due_codes(at=now)]
    due += [("audit_store", store_id) for store_id in stores_to_audit(at=now)]
    due += [("run_import", import_id) for import_id in imports_due(at=now)]
    due += [("process_webhooks", store_id) for store_id in stores_with_webhooks(at=now)]
    due += [("read_orders", store_id) for store_id in stores_with_order_hints(at=now)]
    due += [("pull_orders", store_id) for store_id in stores_to_pull(at=now)]
    due += [("run_replay", replay_id) for replay_id in replays_due(at=now)]
    due += [("finish_approval", run_id) for run_id in approvals_due(at=now)]
    due += [("keep_subscriptions", store_id) for store_id in stores_to_subscribe(at=now)]
    _submit(due, pool, running)


def sweep_schedules(pool: Executor, running: dict[Job, Future[None]]) -> None:
    """What people wait for, in a pool of its own: a store keeps the other for minutes.

    Every scheduled change whose time has come; sign-in mails whose wake-up was lost or that were not taken.
    """
    now = timezone.now()
    due: list[Job] = [("run_schedule", schedule_id) for schedule_id in schedules_due(at=now)]
    _submit(due + [("send_sign_in_mail", asked) for asked in sign_in_mails_due(at=now)], pool, running)


def sweep_messages(pool: Executor, running: dict[Job, Future[None]]) -> None:
    """Send the confirmed messages whose time has come, in a pool of its own: a long one keeps a thread for hours."""
    _submit([("deliver_message", message_id) for message_id in messages_due(at=timezone.now())], pool, running)


def _submit(due: list[Job], pool: Executor, running: dict[Job, Future[None]]) -> None:
    for job in due:
        if job not in running or running[job].done():
            running[job] = pool.submit(run_job, *job)


def serve_worker(*, threads: int = 2) -> None:
    """Listen for wake-ups and sweep until SIGTERM or SIGINT; then finish the requests in hand and leave."""
    jobs.serve_jobs(run_job)
    consumer = jobs.queue().create_consumer(
        workers=threads, worker_type="thread", periodic=False, initial_delay=0.05, max_delay=0.3, backoff=1.3
    )
    # The consumer sets handlers of its own, which nobody would look at: hold signals back until ours stand.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    consumer.start()
    for signum in _STOP_SIGNALS:
        signal.signal(signum, lambda *_: stopping.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
    with (
        ThreadPoolExecutor(threads, "sweep") as pool,
        ThreadPoolExecutor(2, "schedule") as timed,
        ThreadPoolExecutor(2, "mail") as mail,
    ):
        _sweep_until_stopped(pool, timed, mail)
        _leave_at_last()
        consumer.stop(graceful=True)


def _sweep_until_stopped(pool: Executor, timed: Executor, mail: Executor) -> None:
    running: dict[Job, Future[None]] = {}
    for turn in count():
        if stopping.is_set():
            return
        try:
            if turn % STATISTICS_EVERY == 0:
                keep_statistics()
            if turn % FORGET_EVERY == 0:
                forget_webhooks(at=timezone.now())
                forget_sign_ins(at=timezone.now())
                give_up_cancelled(at=timezone.now())
                due = [("follow_collections", pk) for pk in workspaces_to_follow(at=timezone.now())]
                _submit(due, pool, running)
                _submit([("score_leaks", pk) for pk in workspaces_to_score(at=timezone.now())], timed, running)
            if turn % COUNT_CLICKS_EVERY == 0:
                _submit([("count_clicks", 0)], timed, running)
            sweep_schedules(timed, running)
            sweep_messages(mail, running)
            sweep_once(pool, running)
            _beat()
        except Exception:
            log.exception("sweep failed; trying again")
        close_old_connections()
        stopping.wait(SWEEP_EVERY)


def _leave_at_last() -> None:
    """A request that hangs must not keep us: leaving without it is a kill, which costs one lease, never data."""
    timer = threading.Timer(LEAVE_WITHIN, os._exit, [0])
    timer.daemon = True
    timer.start()


def _beat() -> None:
    """/readyz looks at this file's time."""
    (settings.DATA / "worker.heartbeat").write_text(str(os.getpid()))
