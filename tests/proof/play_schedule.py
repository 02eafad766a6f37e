"""What the processes of tests/proof/test_schedule.py do: `python -m tests.proof.play_schedule VERB JSON`."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from datetime import timedelta


def main():
    import django

    django.setup()
    verb, given = sys.argv[1], json.loads(sys.argv[2])
    print(json.dumps(VERBS[verb](**given)), flush=True)


def _scope(ground):
    from django_scopes import scope

    from offerwell.models import Workspace

    return scope(workspace=Workspace.objects.get(pk=ground["workspace"]))


def schedule(ground, *, wait, back=None, members=None, key="s", to_active=False):
    """Schedule a change of all codes, or of these members', so many seconds from now. Gives its id."""
    from django.utils import timezone

    from offerwell.actions.schedule_change import schedule_change
    from offerwell.queries.planned_change import plan_change
    from offerwell.rules.schedule import ScheduleTimes, Shift, ZonedTime
    from tests import make
    from tests.proof.play import real_wish

    now = timezone.now()

    def moment(seconds):
        at = now + timedelta(seconds=seconds)
        return ZonedTime(at, "UTC", at.replace(tzinfo=None), Shift.NONE)

    with _scope(ground):
        chosen = {"ids": members} if members else {"except": []}
        wish = real_wish(ground, {"to_active": to_active, **chosen})
        return schedule_change(
            workspace_id=ground["workspace"], wish=wish, digest=plan_change(wish, at=now).digest, key=key, by=make.ANA,
            times=ScheduleTimes(moment(wait), None if back is None else moment(back)), at=now,
        ).schedule.pk  # fmt: skip


def schedule_each(ground, groups):
    """One schedule for each group of members, due at once."""
    return [schedule(ground, wait=0.05, members=group, key=f"s{n}") for n, group in enumerate(groups)]


def run_at_once(ids, start_at):
    """Make these schedules at a moment that other processes wait for too."""
    from django.utils import timezone

    from offerwell.actions.run_scheduled_change import run_scheduled_change

    time.sleep(max(0.0, start_at - time.time()))
    for schedule_id in ids:
        run_scheduled_change(schedule_id=schedule_id, at=timezone.now())
    return True


def die_before_the_mark(schedule_id):
    """The change is written, then the process is killed before the schedule is marked and the transaction ends."""
    from django.utils import timezone

    from offerwell.actions import run_scheduled_change as module
    from offerwell.models import BulkChange

    def killed(*_given, **_more):
        assert BulkChange.objects.count() == 1
        print("written", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

    module._record = killed
    module.run_scheduled_change(schedule_id=schedule_id, at=timezone.now())


def cancel_against_run(ground, ids):
    """Each is cancelled and run at the same moment by two threads. Gives who was refused."""
    from django.db import connection
    from django.utils import timezone

    from offerwell.actions.cancel_scheduled_change import NothingToCancel, cancel_scheduled_change
    from offerwell.actions.run_scheduled_change import run_scheduled_change
    from tests import make

    refused = []

    def cancel(schedule_id, barrier):
        with _scope(ground):
            barrier.wait()
            try:
                cancel_scheduled_change(
                    workspace_id=ground["workspace"], schedule_id=schedule_id, by=make.ANA, at=timezone.now()
                )
            except NothingToCancel:
                refused.append(schedule_id)
        connection.close()

    def run(schedule_id, barrier):
        barrier.wait()
        run_scheduled_change(schedule_id=schedule_id, at=timezone.now())
        connection.close()

    for schedule_id in ids:
        barrier = threading.Barrier(2)
        threads = [threading.Thread(target=one, args=(schedule_id, barrier)) for one in (cancel, run)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return refused


def stored(ground):
    """Every schedule with what it made, and how late."""
    from offerwell.models import BulkChange, BulkChangeItem, PromoCode, ScheduledChange, Workspace
    from offerwell.queries.verify_events import chain_problem

    with _scope(ground):
        chain = chain_problem(Workspace.objects.get(pk=ground["workspace"]))
        rows = [
            {
                "id": row.pk, "state": row.state, "change": row.change_id, "back": row.return_change_id,
                "late": row.change and (row.change.at - row.run_at).total_seconds(),
                "back_late": row.return_change and (row.return_change.at - row.return_at).total_seconds(),
            }
            for row in ScheduledChange.objects.select_related("change", "return_change").order_by("pk")
        ]  # fmt: skip
        return {
            "schedules": rows, "changes": BulkChange.objects.count(), "items": BulkChangeItem.objects.count(),
            "active": PromoCode.objects.filter(is_active=True).count(), "chain": chain and str(chain),
        }  # fmt: skip


VERBS = {
    "schedule": schedule, "schedule_each": schedule_each, "run_at_once": run_at_once, "die_before_the_mark": die_before_the_mark,
    "cancel_against_run": cancel_against_run, "stored": stored,
}  # fmt: skip

if __name__ == "__main__":
    main()
