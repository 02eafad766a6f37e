"""`--at` of `offers activate|deactivate`, and `changes scheduled` and `changes cancel`."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from offerwell.management.answer import answer, answer_json, answer_table, json_option, note
from offerwell.management.opened import acting_person, now, opened_workspace, workspace_option
from offerwell.management.refusal import ExitCode, Refused
from offerwell.rules.permissions import Action

if TYPE_CHECKING:
    from offerwell.models import Offer, ScheduledChange, Workspace
    from offerwell.queries.planned_change import Plan, Wish
    from offerwell.queries.scheduled_changes import Overlaps
    from offerwell.rules.schedule import ScheduleTimes

_ZONE_HELP = "Time zone of --at and --until, such as Europe/Paris; default: that of the offer's store."


def later_options(command: Any) -> Any:
    """The options that make a change one for later."""
    for option in (
        click.option("--zone", metavar="ZONE", help=_ZONE_HELP),
        click.option(
            "--until", "back", metavar="TIME", help="With --at: change back then, such as “2026-12-07 09:00”."
        ),
        click.option("--at", "start", metavar="TIME", help="Not now but then, such as “2026-12-03 00:00”."),
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Later:
    """The options as typed."""

    start: str | None
    back: str | None
    zone: str | None

    @property
    def is_asked(self) -> bool:
        """Whether the change is for later."""
        return self.start is not None

    def check(self, *, wait: bool) -> None:
        """Options that say nothing without --at, or with it."""
        if not self.is_asked and (self.back is not None or self.zone is not None):
            raise click.UsageError("--until and --zone go with --at.")
        if self.is_asked and wait:
            raise click.UsageError("--wait does not go with --at: a change for later is not waited for.")

    def times_for(self, offer: Offer, workspace: Workspace) -> ScheduleTimes:
        """The times, in the zone of the offer's first store unless --zone names another. Refuses nonsense."""
        from offerwell.rules.schedule import InvalidSchedule, read_times, zone_choices

        links = offer.store_links.select_related("store").order_by("store_id")
        zone = self.zone or zone_choices([link.store.timezone for link in links], workspace.timezone)[0]
        try:
            return read_times(self.start or "", self.back or "", zone)
        except InvalidSchedule as refused:
            raise _refusal(refused.field, str(refused)) from refused


def _refusal(field: str, sentence: str) -> Refused:
    option = {"start": "--at", "back": "--until", "zone": "--zone"}[field]
    return Refused(f"{option}: {sentence} Nothing was done.", f"Correct {option}.")


def made_before(workspace: Workspace, wish: Wish, times: ScheduleTimes, key: str | None) -> ScheduledChange | None:
    """The schedule of an equal, earlier request under this key; it needs no plan and no question."""
    from offerwell.models import ScheduledChange

    if key is None or not ScheduledChange.objects.filter(key=key).exists():
        return None
    return kept(workspace, wish, times, digest="", key=key)


def check_ahead(times: ScheduleTimes) -> None:
    """Refuse times that passed or are out of order before anything is asked."""
    from offerwell.rules.schedule import InvalidSchedule, check_times

    try:
        check_times(times, now=now())
    except InvalidSchedule as refused:
        raise _refusal(refused.field, str(refused)) from refused


def kept(workspace: Workspace, wish: Wish, times: ScheduleTimes, *, digest: str, key: str | None) -> ScheduledChange:
    """Schedule it."""
    from offerwell.actions.schedule_change import ScheduleKeyReused, schedule_change
    from offerwell.rules.schedule import InvalidSchedule

    try:
        return schedule_change(
            workspace_id=workspace.pk, wish=wish, times=times, digest=digest, key=key or f"cli-{secrets.token_hex(16)}",
            by=acting_person(), at=now(),
        ).schedule  # fmt: skip
    except ScheduleKeyReused as refused:
        raise Refused(
            f"The key was used for another scheduled change, number {refused.schedule.pk}. Nothing was done.",
            "Use a new key, or leave --key away.",
        ) from refused
    except InvalidSchedule as refused:
        raise _refusal(refused.field, str(refused)) from refused


def times_lines(plan: Plan, times: ScheduleTimes) -> list[str]:
    """When it will happen, for the question, with what a person should know first."""
    from offerwell.rules.schedule import local_time

    lines = [f"  At                {local_time(times.start.at, times.zone)}"]
    if times.back:
        lines.append(f"  Changed back      {local_time(times.back.at, times.zone)}")
    lines += [f"  {moment.remark}" for moment in (times.start, times.back) if moment and moment.remark]
    return lines + overlap_lines(plan, found_overlaps(plan, times))


def found_overlaps(plan: Plan, times: ScheduleTimes | None) -> Overlaps:
    """Other scheduled changes of some of the same codes or links around that time; for a change now: all."""
    from offerwell.queries.scheduled_changes import overlaps
    from offerwell.rules.schedule import Span, span_of

    at = now()
    return overlaps(plan.wish, span_of(times) if times else Span(at), at=at)


def overlap_lines(plan: Plan, found: Overlaps) -> list[str]:
    """One line each: who, when, what, how many in common."""
    from offerwell.queries.scheduled_changes import next_moment, wish_of
    from offerwell.rules.schedule import local_time

    lines = []
    for row in found.rows:
        wish = wish_of(row.schedule)
        word = "changes back" if wish.undoes else "activates" if wish.to_active else "deactivates"
        when = local_time(next_moment(row.schedule), row.schedule.zone)
        who = row.schedule.actor_name
        lines.append(
            f"  Scheduled change {row.schedule.pk} ({who}) {word} {row.codes:,} of these {plan.wish.part} on {when}."
        )
    return [*lines, *([f"  {found.unseen:,} more changes of this offer are scheduled."] if found.unseen else [])]


def told_schedule(schedule: ScheduledChange, *, as_json: bool) -> ExitCode:
    """The schedule as the answer."""
    from offerwell.queries.scheduled_changes import schedule_json

    if as_json:
        answer_json(schedule_json(schedule))
        return ExitCode.DONE
    count = schedule.planned["will_change"]
    word = "activated" if schedule.to_active else "deactivated"
    answer(
        f"Scheduled change {schedule.pk}: {count:,} {schedule.part} of “{schedule.offer.name}” will be {word} "
        f"{_when(schedule)}."
    )
    note(f"Next: `offerwell changes scheduled` lists it; `offerwell changes cancel {schedule.pk}` calls it off.")
    return ExitCode.DONE


def _when(schedule: ScheduledChange) -> str:
    from offerwell.rules.schedule import local_time

    back = f", back {local_time(schedule.return_at, schedule.zone)}" if schedule.return_at else ""
    return f"{local_time(schedule.run_at, schedule.zone)}{back}"


@click.command("scheduled")
@click.option("--past", is_flag=True, help="What is over: done, cancelled, failed or missed.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many.")
@workspace_option
@json_option
def scheduled(past: bool, limit: int, workspace_slug: str | None, as_json: bool) -> None:
    """Changes for later, soonest first; with --past the newest that are over."""
    with opened_workspace(workspace_slug, Action.VIEW):
        from offerwell.queries.scheduled_changes import open_page, past_page, schedule_json

        rows = (past_page if past else open_page)(size=limit).rows
        if as_json:
            answer_json([schedule_json(schedule) for schedule in rows])
            return
        answer_table(("ID", "When", "Offer", "Change", "State", "By", "Remark"), map(_row, rows))


def _row(schedule: ScheduledChange) -> list[object]:
    verb = "activate" if schedule.to_active else "deactivate"
    what = f"{verb} {schedule.planned['will_change']:,} {schedule.part}"
    state = schedule.get_state_display().lower()
    return [schedule.pk, _when(schedule), schedule.offer.name, what, state, schedule.actor_name, schedule.reason]


@click.command("cancel")
@click.argument("number", metavar="ID", type=click.IntRange(min=1, max=2**63 - 1))
@workspace_option
@json_option
def cancel(number: int, workspace_slug: str | None, as_json: bool) -> None:
    """Call off a scheduled change; after it was made, only its change back."""
    with opened_workspace(workspace_slug, Action.CHANGE_OFFER_STATUS) as workspace:
        from offerwell.actions.cancel_scheduled_change import NothingToCancel, cancel_scheduled_change
        from offerwell.queries.scheduled_changes import found_schedule, schedule_json

        if found_schedule(number) is None:
            raise Refused(
                f"There is no scheduled change {number} in this workspace.", "See `offerwell changes scheduled`."
            )
        try:
            cancelled = cancel_scheduled_change(
                workspace_id=workspace.pk, schedule_id=number, by=acting_person(), at=now()
            )
        except NothingToCancel as refused:
            raise Refused(str(refused), "See `offerwell changes scheduled --past`.") from refused
        if as_json:
            answer_json(schedule_json(cancelled))
            return
        answer(f"Scheduled change {number} is cancelled. {cancelled.reason}".strip())
