"""The days a report screen shows, as its address says: presets, or two dates, in the workspace's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from offerwell.rules.report_period import CUSTOM, DEFAULT_RANGE, NoPeriod, Period, day_of, period_of
from offerwell.rules.written_dates import days_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from offerwell.models import Workspace

PRESETS = {"7d": "Last 7 days", "30d": "Last 30 days", "90d": "Last 90 days", "12m": "Last 12 months"}
_FIELDS = ("range", "from", "to")


@dataclass(frozen=True, slots=True)
class Preset:
    """A range with a name."""

    value: str
    label: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class DateRange:
    """What `ui/components/date_range.html` shows. `problem` says why the dates asked for are none: then the default.

    `fields` name the range in other addresses of the screen; empty for the default.
    """

    period: Period
    label: str
    presets: tuple[Preset, ...]
    typed_first: str
    typed_last: str
    zone: str
    problem: str
    fields: Mapping[str, str]

    @property
    def before_label(self) -> str:
        """The period it is compared with: “previous 30 days”."""
        days = self.period.days
        return "previous day" if days == 1 else f"previous {days:,} days"

    @property
    def query(self) -> str:
        """The range as the query of an address; empty for the default."""
        return f"?{urlencode(self.fields)}" if self.fields else ""

    @property
    def status(self) -> int:
        """Of the answer."""
        return 422 if self.problem else 200


def date_range(query: Mapping[str, str], workspace: Workspace, *, at: datetime) -> DateRange:
    """The range that `query` asks for. Dates that are none say so in `problem`, and the default is shown."""
    asked = {name: query.get(name, "").strip()[:20] for name in _FIELDS}
    asked = {name: text for name, text in asked.items() if text}
    today = day_of(at, workspace.timezone)
    try:
        period, problem = period_of(asked, today), ""
    except NoPeriod as refusal:
        period, problem = period_of({}, today), str(refusal)
    kind = DEFAULT_RANGE if problem else asked.get("range") or (CUSTOM if asked else DEFAULT_RANGE)
    typed = (asked.get("from", ""), asked.get("to", "")) if problem else (str(period.first), str(period.last))
    return DateRange(
        period=period,
        label=PRESETS.get(kind) or days_text(period.first, period.last),
        presets=tuple(Preset(value, label, value == kind) for value, label in PRESETS.items()),
        typed_first=typed[0],
        typed_last=typed[1],
        zone=workspace.timezone,
        problem=problem,
        fields=_fields(kind, period),
    )


def _fields(kind: str, period: Period) -> Mapping[str, str]:
    if kind == CUSTOM:
        return {"range": CUSTOM, "from": str(period.first), "to": str(period.last)}
    return {} if kind == DEFAULT_RANGE else {"range": kind}
