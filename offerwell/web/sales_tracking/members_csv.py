"""The lines of an offer's members as a spreadsheet reads them: one line for each code or link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.rules.redirect import link_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from offerwell.queries.member_statuses import SeenPart
    from offerwell.queries.offer_member_page import MemberRow
    from offerwell.web.sales_tracking.discount_links import DiscountLinks

HEADINGS = (
    "Member",
    "First name",
    "Last name",
    "E-mail",
    "Handle",
    "Country",
    "Part",
    "Code or link",
    "Status",
    "Why",
    "Last change",
    "Payout option",
)


def headings(links: DiscountLinks) -> tuple[str, ...]:
    """The columns; one more for each store whose discount links members have."""
    return HEADINGS + tuple(f"Discount link ({label})" for label, _ in links.shops)


def member_lines(
    rows: Iterable[MemberRow], links: DiscountLinks, options: Mapping[int, str], base: str
) -> list[tuple[str, ...]]:
    """A line for each part of each row; a member without one has a line without.

    `options` are names by id, `base` the origin of sales links.
    """
    return [line for row in rows for line in _lines(row, links, options.get(row.payout_option_id or 0, ""), base)]


def _lines(row: MemberRow, links: DiscountLinks, option: str, base: str) -> list[tuple[str, ...]]:
    member = row.member
    who = (str(member.pk), member.first_name, member.last_name, member.email, row.handle, member.country)
    none = ("",) * len(links.shops)
    return [(*who, *_part(part, base), option, *(_links(row, part, links) or none)) for part in row.parts] or [
        (*who, *("",) * 5, option, *none)
    ]


def _links(row: MemberRow, part: SeenPart, links: DiscountLinks) -> tuple[str, ...]:
    return tuple(link for _, link in links.of(row, part.text)) if part.part == "codes" else ()


def _part(part: SeenPart, base: str) -> tuple[str, ...]:
    is_code = part.part == "codes"
    word, text = ("Code", part.text) if is_code else ("Link", link_address(base, part.text))
    return (word, text, part.seen.status.capitalize(), part.seen.why, part.changed_at.isoformat())
