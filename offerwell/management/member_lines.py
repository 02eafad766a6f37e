"""Members as people name them: an e-mail or a handle, on the command line or one a line in a file."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from offerwell.management.answer import note, some_of
from offerwell.management.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HEADINGS = {"email", "e-mail", "email address", "handle", "member"}


@dataclass(frozen=True, slots=True)
class MemberLine:
    """What was typed, where. `place` is "line 3" of a file or "--member"."""

    place: str
    text: str

    @property
    def key(self) -> str:
        """E-mail or handle as the tables keep it."""
        return self.text.lower().removeprefix("@")

    @property
    def is_email(self) -> bool:
        """Whether there is an @ inside: handles only begin with one."""
        return "@" in self.text[1:]


def lines_of_file(path: str) -> list[MemberLine]:
    """One member a line; blank lines and a heading are skipped. `-` is standard input."""
    texts = [text.strip() for text in _text_of(path).splitlines()]
    return [
        MemberLine(f"line {number}", text)
        for number, text in enumerate(texts, start=1)
        if text and not (number == 1 and text.lower() in _HEADINGS)
    ]


def _text_of(path: str) -> str:
    raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def member_ids(lines: Sequence[MemberLine]) -> tuple[int, ...]:
    """The members the lines name, each once. Refuses, naming every bad line, unless all are known."""
    found = _by_email(lines) | _by_handle(lines)
    _refuse_unknown(lines, found)
    first: dict[int, MemberLine] = {}
    repeats = []
    for line in lines:
        (member_id,) = found[line.key]
        before = first.setdefault(member_id, line)
        if before is not line:
            repeats.append(f"{line.place}: {line.text} is the same member as {before.place}, counted once.")
    for repeat in some_of(repeats):
        note(repeat)
    return tuple(first)


def _by_email(lines: Iterable[MemberLine]) -> dict[str, set[int]]:
    from django.db.models import Q

    from offerwell.models import Member
    from offerwell.models.json_rows import text_rows

    keys = text_rows(_askable(line.key for line in lines if line.is_email))
    rows = Member.objects.filter(~Q(email_key=""), email_key__in=keys)  # as in its index
    return _grouped(rows.values_list("email_key", "pk"))


def _by_handle(lines: Iterable[MemberLine]) -> dict[str, set[int]]:
    """A handle on two networks may be two people: then it names nobody for certain."""
    from offerwell.models import SocialHandle
    from offerwell.models.json_rows import text_rows

    keys = text_rows(_askable(line.key for line in lines if not line.is_email))
    return _grouped(SocialHandle.objects.filter(handle_key__in=keys).values_list("handle_key", "member_id"))


def _askable(keys: Iterable[str]) -> Iterable[str]:
    """A NUL fits into no column: PostgreSQL refuses to be asked for one."""
    return (key for key in keys if "\0" not in key)


def _grouped(rows: Iterable[tuple[str, int]]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for key, member_id in rows:
        found.setdefault(key, set()).add(member_id)
    return found


def _refuse_unknown(lines: Sequence[MemberLine], found: dict[str, set[int]]) -> None:
    bad = [(line, reason) for line in lines if (reason := _reason(line, found.get(line.key, set())))]
    if not bad:
        return
    count = "1 line names" if len(bad) == 1 else f"{len(bad):,} lines name"
    raise Refused(
        f"Nothing was done: {count} no member of this workspace.",
        "Correct these lines, or add the members first with `offerwell members import`.",
        lines=some_of([f"{line.place}: {line.text}: {reason}" for line, reason in bad]),
        facts={"rows": [{"place": line.place, "text": line.text, "reason": reason} for line, reason in bad]},
    )


def _reason(line: MemberLine, members: set[int]) -> str:
    if len(members) == 1:
        return ""
    if members:
        return f"{len(members)} members have this handle on different networks; use the e-mail"
    return "no member has this e-mail" if line.is_email else "no member has this handle"
