"""The confirm step's When: now, or later with an optional return. Read once, told in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from offerwell.queries.scheduled_changes import next_moment, overlaps, wish_of
from offerwell.rules.creator_notice import first_moment
from offerwell.rules.schedule import InvalidSchedule, Span, local_time, schedule_times, span_of, zone_choices
from offerwell.web.manage_offers.sentences import counted, done_word, verb

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import QueryDict

    from offerwell.models import Offer
    from offerwell.queries.planned_change import Plan
    from offerwell.queries.scheduled_changes import Overlap
    from offerwell.rules.schedule import ScheduleTimes

_TYPED = ("start_date", "start_time", "back_date", "back_time", "zone")
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class When:
    """What is chosen. `times` are None while they are not complete or cannot be; `refusal` says why."""

    is_later: bool
    zones: tuple[str, ...]
    zone: str
    typed: dict[str, str]
    shown: str
    times: ScheduleTimes | None = None
    refusal: str = ""
    refused_field: str = ""

    @property
    def as_shown(self) -> str:
        """What of it was shown when it is confirmed: anything else is previewed first."""
        return "|".join(self.typed[name] for name in _TYPED)

    @property
    def was_shown(self) -> bool:
        """Whether the person saw these very times in words."""
        return self.shown == self.as_shown and self.times is not None


def asks_for_later(fields: QueryDict) -> bool:
    """Whether a confirmation means later, or only asks to see its times. Nothing of it may happen now."""
    return fields.get("when") == "later" or "preview" in fields


def zones_of(offer: Offer, workspace_zone: str) -> tuple[str, ...]:
    """The zones to choose from: those of the offer's stores; the workspace's for an offer without one."""
    links = offer.store_links.select_related("store").order_by("store_id")
    return zone_choices([link.store.timezone for link in links], workspace_zone)


def when_now(zones: tuple[str, ...]) -> When:
    """The confirm step as it is first shown."""
    return When(False, zones, zones[0], dict.fromkeys(_TYPED, "") | {"zone": zones[0]}, "")


def when_after_notice(zones: tuple[str, ...], hours: int, *, now: datetime) -> When:
    """The confirm step as it is first shown where creators get notice: later by so many hours, with its summary."""
    start = first_moment(now, hours, zones[0])
    typed = dict.fromkeys(_TYPED, "") | {
        "zone": zones[0], "start_date": f"{start:%Y-%m-%d}", "start_time": f"{start:%H:%M}",
    }  # fmt: skip
    return _with_times(When(True, zones, zones[0], typed, ""), now)


def when_from(fields: QueryDict, zones: tuple[str, ...], *, now: datetime) -> When:
    """What a submitted form chose."""
    typed = {name: fields.get(name, "").strip()[:_LONGEST] for name in _TYPED}
    zone = typed["zone"] if typed["zone"] in zones else zones[0]
    typed["zone"] = zone
    chosen = When(fields.get("when") == "later", zones, zone, typed, fields.get("shown", ""))
    if not chosen.is_later or not (typed["start_date"] or typed["start_time"]):
        return chosen
    return _with_times(chosen, now)


def _with_times(chosen: When, now: datetime) -> When:
    typed = chosen.typed
    given = (chosen.is_later, chosen.zones, chosen.zone, typed, chosen.shown)
    for field, side, what in (("start_date", "start", "the change"), ("back_date", "back", "the change back")):
        if bool(typed[field]) != bool(typed[f"{side}_time"]):
            missing = "time" if typed[field] else "date"
            return When(*given, refusal=f"Choose the {missing} of {what} too.", refused_field=side)
    try:
        start, back = (f"{typed[f'{side}_date']} {typed[f'{side}_time']}".strip() for side in ("start", "back"))
        return When(*given, times=schedule_times(start, back, chosen.zone, now=now))
    except InvalidSchedule as refusal:
        return When(*given, refusal=str(refusal), refused_field=refusal.field)


def when_shown(when: When, plan: Plan, *, at: datetime) -> dict[str, Any]:
    """What the confirm step shows of it: the summary, what a changed clock means, other schedules of the same codes."""
    times = when.times
    found = overlaps(plan.wish, span_of(times) if times else Span(at), at=at)
    remarks = [moment.remark for moment in (times.start, times.back) if moment and moment.remark] if times else []
    return {
        "when": when,
        "summary": summary(plan, times) if times else "",
        "remarks": remarks,
        "overlapping": [overlap_sentence(row) for row in found.rows],
        "more_overlapping": found.unseen,
    }


def summary(plan: Plan, times: ScheduleTimes) -> str:
    """Say "5 codes will be deactivated on Thu 3 Dec 2026, 00:00 Europe/Paris and changed back on …."."""
    word = done_word(to_active=plan.wish.to_active)
    told = f"{counted(plan.will_change, plan.wish.part)} will be {word} on {local_time(times.start.at, times.zone)}"
    back = f" and changed back on {local_time(times.back.at, times.zone)}" if times.back else ""
    return f"{told}{back}."


def later_consequence(plan: Plan, times: ScheduleTimes) -> str:
    """What it means for shoppers and members, from then on or until it changes back."""
    noun, to_active = str(plan.wish.part), plan.wish.to_active
    until = " until they change back" if times.back else ""
    if noun == "codes":
        return f"From then on shoppers {'can' if to_active else 'can’t'} use these codes at checkout{until}."
    return f"From then on these links are {'Active' if to_active else 'Deactivated'}{until}."


def later_question(plan: Plan) -> str:
    """The heading when it is for later."""
    return f"{verb(to_active=plan.wish.to_active)} {counted(plan.will_change, plan.wish.part)} later?"


def overlap_sentence(row: Overlap) -> str:
    """Say "4 of these codes will be deactivated on … by a change that Ana Lopez scheduled."."""
    schedule = row.schedule
    wish = wish_of(schedule)
    when = local_time(next_moment(schedule), schedule.zone)
    word = "changed back" if wish.undoes else done_word(to_active=wish.to_active)
    noun = str(schedule.part)
    return f"{row.codes:,} of these {noun} will be {word} on {when}, scheduled by {schedule.actor_name}."
