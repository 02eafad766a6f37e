"""What happened to a member, in sentences; and places in that list as text for an address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.html import format_html, format_html_join

from offerwell.queries.member_activity import Happened, Moment
from offerwell.rules.bulk_changes import What
from offerwell.ui.change_words import words_of_change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.utils.safestring import SafeString

    from offerwell.models import BulkChange
    from offerwell.queries.member_activity import Entry

_ICONS = {
    Happened.ADDED: "user-plus", Happened.JOINED: "user-plus", Happened.CODE: "tag", Happened.LINK: "link",
    Happened.MOVED: "arrow-right", Happened.EDITED: "pencil", Happened.MESSAGE: "mail",
}  # fmt: skip
_FIELDS = {
    "first_name": "first name", "last_name": "last name", "email": "e-mail", "country": "country",
    "handles": "handles",
}  # fmt: skip
_TEXTS_NAMED = 3
_MOVES = {
    "added": "Added to <b>{project}</b> by {who}, in {new}",
    "moved": "Moved from {old} to <b>{new}</b> in <b>{project}</b> by {who}",
    "skipped": "Skipped from {old} to <b>{new}</b> in <b>{project}</b> by {who}",
    "removed": "Removed from <b>{project}</b> by {who}",
    "stage_deleted": "Moved to <b>{new}</b> in <b>{project}</b>: {who} deleted the stage {old}",
}
_LETTERS = {
    "sent": "Message sent", "handed_over": "Message being sent", "bounced": "Message bounced",
    "complained": "Message sent, and marked as spam", "failed": "Message not sent",
    "unknown": "Message may have been sent",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it is shown. `href` and `link_text` lead to the record of it, empty without one."""

    icon: str
    sentence: SafeString
    at: datetime
    href: str = ""
    link_text: str = ""


def lines_of(entries: Iterable[Entry]) -> list[Line]:
    """The lines, in order."""
    return [_line(entry) for entry in entries]


def _line(entry: Entry) -> Line:
    sentence = _SENTENCES[entry.kind](entry)
    if entry.change is not None:
        icon = {"codes": "tag", "links": "link"}.get(entry.change.part, "settings")
        return Line(icon, sentence, entry.at, reverse("change", args=[entry.change.pk]), f"Change {entry.change.pk}")
    href = _message_address(entry)
    return Line(_ICONS[entry.kind], sentence, entry.at, href, "Open message" if href else "")


def _message_address(entry: Entry) -> str:
    """The message's own screen."""
    return reverse("message", args=[entry.message.pk]) if entry.message else ""


def _added(_entry: Entry) -> SafeString:
    return format_html("{}", "Added to your members")


def _joined(entry: Entry) -> SafeString:
    return format_html("Joined <b>{}</b>", entry.offer)


def _got_code(entry: Entry) -> SafeString:
    return format_html('Got code <span class="mono">{}</span> in <b>{}</b>', entry.text, entry.offer)


def _got_link(entry: Entry) -> SafeString:
    return format_html('Got link <span class="mono">{}</span> in <b>{}</b>', entry.text, entry.offer)


def _moved(entry: Entry) -> SafeString:
    move = entry.move
    assert move is not None  # noqa: S101  entries of this kind have one
    return format_html(_MOVES[move.kind], project=move.project, old=move.from_name, new=move.to_name, who=entry.who)


def _edited(entry: Entry) -> SafeString:
    fields = [_FIELDS.get(name, name) for name in entry.facts.get("changed", ())]
    listed = ", ".join(fields[:-1]) + (" and " if fields[:-1] else "") + "".join(fields[-1:])
    return format_html("{} edited by {}", listed[:1].upper() + listed[1:] or "Details", entry.who)


def _message(entry: Entry) -> SafeString:
    return format_html("{}: <b>{}</b>", _LETTERS.get(entry.state, "Message"), entry.text)


def _changed(entry: Entry) -> SafeString:
    change = entry.change
    assert change is not None  # noqa: S101  entries of this kind have one
    return format_html("{} in <b>{}</b> by {}{}", _what(change, entry), entry.offer, entry.who, _undoing(change))


def _undoing(change: BulkChange) -> str:
    return f", undoing change {change.undoes_id}" if change.undoes_id else ""


def _what(change: BulkChange, entry: Entry) -> SafeString:
    if change.what == What.REFRESH:
        pairs = ((part.before, part.after) for part in entry.parts[:_TEXTS_NAMED])
        mono = '<span class="mono">{}</span> to <span class="mono">{}</span>'
        return format_html("Code changed from {}{}", format_html_join(", ", mono, pairs), _rest(entry))
    if change.what == What.PAYOUT:
        part = entry.parts[0] if entry.parts else None
        if part is None or not (part.before and part.after):
            return format_html("Payout changed{}", f" to {part.after}" if part and part.after else "")
        return format_html("Payout changed from <b>{}</b> to <b>{}</b>", part.before, part.after)
    texts = format_html_join(
        ", ", '<span class="mono">{}</span>', ((part.text,) for part in entry.parts[:_TEXTS_NAMED])
    )
    noun = "Code" if change.part == "codes" else "Link"
    named = format_html("{} {}", noun if len(entry.parts) == 1 else f"{noun}s", texts)
    return format_html("{}{} {}", named, _rest(entry), words_of_change(change).done)


def _rest(entry: Entry) -> str:
    more = len(entry.parts) - _TEXTS_NAMED
    return f" and {more:,} more" if more > 0 else ""


_SENTENCES: dict[Happened, Callable[[Entry], SafeString]] = {
    Happened.ADDED: _added, Happened.JOINED: _joined, Happened.CODE: _got_code, Happened.LINK: _got_link,
    Happened.MOVED: _moved, Happened.CHANGED: _changed, Happened.EDITED: _edited,
    Happened.MESSAGE: _message,
}  # fmt: skip


def moment_text(moment: Moment | None) -> str:
    """The place for an address; empty for none."""
    return "" if moment is None else f"{moment.at.isoformat()}_{moment.rank}_{moment.pk}"


def moment_from(text: str) -> Moment | None:
    """The place in an address. None when there is none or somebody mangled it: the list then starts anew."""
    try:
        at, rank, pk = text[:80].split("_")
        moment = Moment(datetime.fromisoformat(at.replace(" ", "+")), int(rank), int(pk))
    except ValueError:
        return None
    return moment if moment.at.tzinfo and abs(moment.pk) < 2**63 else None
