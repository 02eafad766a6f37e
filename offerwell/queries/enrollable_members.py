"""Members that could join an offer: who is chosen, who of them belongs to it already, and pasted lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from offerwell.models import Enrollment, Member, Offer, SocialHandle
from offerwell.models.json_rows import text_rows
from offerwell.queries.members import selected_members

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from offerwell.rules.selection import MemberSelection


@dataclass(frozen=True, slots=True)
class Joining:
    """What adding a selection would do, in members."""

    will_join: int
    already: int


def not_yet_in(offer: Offer, selection: MemberSelection) -> QuerySet[Member]:
    """The selected members that do not belong to the offer yet."""
    belongs = Enrollment.objects.filter(offer=offer, member=OuterRef("pk"))
    return selected_members(selection).filter(~Exists(belongs))


def who_would_join(offer: Offer, selection: MemberSelection) -> Joining:
    """The counts a person sees before adding."""
    selected = selected_members(selection).count()
    joining = not_yet_in(offer, selection).count()
    return Joining(will_join=joining, already=selected - joining)


@dataclass(frozen=True, slots=True)
class BadLine:
    """A pasted line that names nobody, and why. `number` counts from 1."""

    number: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class PastedMembers:
    """The members a pasted list names, and the lines that name none."""

    ids: tuple[int, ...]
    bad: tuple[BadLine, ...]


def members_in_lines(lines: Iterable[str]) -> PastedMembers:
    """One e-mail or @handle per line (or cell): who is meant. Two queries, however many lines."""
    wanted = [(number, cell) for number, line in enumerate(lines, start=1) for cell in _cells(line)]
    # A NUL fits into no column: PostgreSQL refuses to be asked for one.
    keys = text_rows({cell.lower().removeprefix("@") for _, cell in wanted if "\0" not in cell})
    known = Member.objects.filter(~Q(email_key=""), email_key__in=keys)  # as in its index
    by_email = dict(known.values_list("email_key", "pk"))
    by_handle: dict[str, set[int]] = {}
    handles = SocialHandle.objects.filter(handle_key__in=keys)
    for key, member_id in handles.values_list("handle_key", "member_id"):
        by_handle.setdefault(key, set()).add(member_id)
    ids: dict[int, str] = {}
    bad = []
    for number, cell in wanted:
        found, reason = _meant(cell, by_email, by_handle, ids)
        if reason:
            bad.append(BadLine(number, cell, reason))
        else:
            ids[found] = cell
    return PastedMembers(tuple(ids), tuple(bad))


def _cells(line: str) -> list[str]:
    """People paste columns and lists: commas, semicolons and tabs separate too."""
    return [cell.strip() for cell in line.replace(";", ",").replace("\t", ",").split(",") if cell.strip()]


def _meant(
    cell: str, by_email: dict[str, int], by_handle: dict[str, set[int]], seen: dict[int, str]
) -> tuple[int, str]:
    key = cell.lower()
    owners = {by_email[key]} if key in by_email else by_handle.get(key.removeprefix("@"), set())
    if not owners:
        what = "e-mail" if "@" in key[1:] else "handle"
        return 0, f"No member has this {what}. Check the spelling, or import the member first."
    if len(owners) > 1:
        return 0, "Several members have this handle. Use the e-mail instead."
    (found,) = owners
    if found in seen:
        return 0, f"This member is in the list twice, also as {seen[found]}. Nothing to do."
    return found, ""
