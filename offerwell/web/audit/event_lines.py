"""An event as the audit shows it: a sentence, what it is about with where to see it, and its facts in rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html_join

from offerwell.queries.audit_subjects import subject_names, subjects_of
from offerwell.ui.event_words import event_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.utils.safestring import SafeString

    from offerwell.queries.audit_page import EventRow

DOORS = {
    "web": "Pages", "cli": "Command line", "worker": "By itself", "schedule": "By schedule", "webhooks": "Store",
    "webhook": "Store", "demo": "Demo", "portal": "Creator Portal", "unsubscribe": "Unsubscribe link", "api": "API",
}  # fmt: skip
# Kinds of subjects: how one is called, and the route of its page where that is not the kind's own name.
SUBJECTS = {
    "offer": "Offer", "store": "Store", "bulk_change": "Change", "scheduled_change": "Scheduled change",
    "project": "Project", "member": "Member", "message": "Message", "message_template": "Template", "group": "Group",
    "tag": "Tag", "view": "Saved view", "user": "Person", "invitation": "Invitation", "members": "Members",
    "workspace": "Workspace",
}  # fmt: skip
_ROUTES = {"bulk_change": "change"}


@dataclass(frozen=True, slots=True)
class About:
    """Something that an event is about, and where it can be seen ("" for nowhere)."""

    words: str
    href: str


@dataclass(frozen=True, slots=True)
class Line:
    """One event. `facts` are pairs of words; `terms` the same as the inside of a <dl>."""

    seq: int
    at: datetime
    who: str
    door: str
    sentence: str
    about: tuple[About, ...]
    kind: str
    subject: str
    facts: tuple[tuple[str, str], ...]
    hash: str

    @property
    def terms(self) -> SafeString:
        """Made here: a loop in the template took a third of the page's time."""
        return format_html_join("", '<dt>{}</dt><dd class="break-all">{}</dd>', self.facts)


def lines_of(rows: Sequence[EventRow]) -> list[Line]:
    """The events of a page. Two statements for the names."""
    names = subject_names(rows)
    return [_line(row, names) for row in rows]


def _line(row: EventRow, names: dict[str, str]) -> Line:
    event = row.event
    return Line(
        seq=event.seq, at=event.at, who=event.actor_name, door=DOORS.get(event.door, event.door),
        sentence=event_sentence(event.kind, row.facts), about=tuple(_about(row, names)), kind=event.kind,
        subject=event.subject, facts=tuple(_flat(row.facts)), hash=event.hash,
    )  # fmt: skip


def _about(row: EventRow, names: dict[str, str]) -> Iterator[About]:
    for subject in subjects_of(row):
        kind, _, number = subject.partition(":")
        if kind in SUBJECTS and kind not in {"user", "invitation", "workspace"}:
            yield About(names.get(subject) or f"{SUBJECTS[kind]} {number}", _address(kind, int(number)))


def _address(kind: str, number: int) -> str:
    try:
        return reverse(_ROUTES.get(kind, kind), args=[number])
    except NoReverseMatch:
        return ""


def _flat(facts: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Facts inside facts become rows of their own: "found · selected"."""
    for name, value in facts.items():
        words = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, dict):
            yield from _flat(value, f"{words} · ")
        else:
            yield words, _shown(value)


def _shown(value: Any) -> str:
    if value is None or value in ("", []):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value)
