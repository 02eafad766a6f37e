"""The one place where what a person ticked becomes a `MemberSelection` (design: architecture, "One parameter")."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from offerwell.rules.selection import InvalidSelection, MemberFilter, MemberSelection, View, Within

if TYPE_CHECKING:
    from django.http import QueryDict

# More ticked boxes than anybody ticks by hand; "select all" says the same with one word.
MOST_IDS = 20_000


def filter_from(fields: QueryDict) -> MemberFilter:
    """The filter of an address or a form. An unknown view shows all."""
    view = fields.get("view", "")
    return MemberFilter(
        view=View(view) if view in set(View) else View.ALL,
        text=" ".join(fields.get("q", "").replace("\0", "").split())[:200],
        country=fields.get("country", "").strip().upper()[:2],
        tag=fields.get("tag", "").strip()[:80],
        group=fields.get("group", "").strip()[:80],
        offer=_id_in(fields.get("offer", "")),
    )


def filter_fields(wanted: MemberFilter) -> dict[str, str]:
    """The filter as fields that `filter_from` reads back; only those that say something."""
    fields = {
        "view": "" if wanted.view == View.ALL else str(wanted.view),
        "q": wanted.text, "country": wanted.country, "tag": wanted.tag, "group": wanted.group,
        "offer": str(wanted.offer or ""),
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value}


def selection_from(fields: QueryDict, *, newest: int, within: Within | None = None) -> MemberSelection:
    """The selection of a submitted form. `newest` is the newest enrollment, the bound of "all" without one.

    Outside an offer `within` names the crowd, and `newest` is the newest that its bound counts.
    Raises InvalidSelection with a sentence for the place where the person selected.
    """
    if fields.get("all") == "1":
        return _all_matching(fields, newest=newest, within=within)
    return MemberSelection(ids=ids_from(fields, "ids"))


def _all_matching(fields: QueryDict, *, newest: int, within: Within | None) -> MemberSelection:
    bound = fields.get("up_to", "")
    if bound and not _is_id(bound):
        raise InvalidSelection("The selection could not be read. Select the members again.")
    up_to = min(int(bound), newest) if bound else newest
    wanted, left_out = filter_from(fields), ids_from(fields, "exclude")
    if within is None:
        return MemberSelection(filter=wanted, exclude=left_out, up_to=up_to)
    return MemberSelection(filter=wanted, exclude=left_out, within=replace(within, up_to=up_to))


def ids_from(fields: QueryDict, name: str) -> tuple[int, ...]:
    """Ids from repeated fields, from one field with commas, or both; each once, in order."""
    listed = [word for value in fields.getlist(name) for word in value.replace(",", " ").split()]
    if len(listed) > MOST_IDS:
        raise InvalidSelection(
            f"{len(listed):,} members are ticked one by one; the most is {MOST_IDS:,}. "
            "Use Select all, then untick the members to leave out."
        )
    if not all(_is_id(word) for word in listed):
        raise InvalidSelection("The selection could not be read. Select the members again.")
    return tuple(dict.fromkeys(int(word) for word in listed))


def _id_in(text: str) -> int:
    return int(text) if _is_id(text) else 0


def _is_id(word: str) -> bool:
    """Whether the word is a number that fits a database id (isdigit() alone takes "²")."""
    return word.isascii() and word.isdigit() and len(word) <= 18  # noqa: PLR2004  below 2**63
