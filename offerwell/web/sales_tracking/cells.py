"""The cells of the members table that change by themselves, as the page and its polls both show them.

Drawn here and not by nested templates: fifty rows cost a third of the time that way (ui.md §1.6), and
most rows share the same few badges, so each badge is drawn once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from offerwell.queries.sales_links import link_base
from offerwell.rules.offer_status import EffectiveStatus
from offerwell.rules.redirect import link_address
from offerwell.ui.templatetags.offerwell import ago, icon, status_badge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offerwell.models import Offer
    from offerwell.queries.member_statuses import SeenPart
    from offerwell.queries.offer_member_page import MemberRow
    from offerwell.web.sales_tracking.discount_links import DiscountLinks

# A member may have many codes: these many are shown, the rest is a number with the texts in its title.
_TEXTS_SHOWN = 3
_BADGES_SHOWN = 6


@dataclass(frozen=True, slots=True)
class RowCells:
    """A row with what its cells hold."""

    row: MemberRow
    codes: SafeString
    links: SafeString
    statuses: SafeString
    changed: str


def cells_of(offer: Offer, rows: Sequence[MemberRow], links: DiscountLinks) -> list[RowCells]:
    """The cells of each row, in order. `links` are the offer's discount links, where it has them on."""
    base = link_base() if offer.has_links else ""
    drawn: dict[tuple[str, str, str], SafeString] = {}
    of_two = offer.has_codes and offer.has_links
    return [
        RowCells(
            row=row,
            codes=_codes(row, links) if links.shops else _texts(row.codes),
            links=_sales_links(row, base) if base else _texts(row.links),
            statuses=_statuses(offer, row, drawn, of_two=of_two),
            changed=ago(row.changed_at),
        )
        for row in rows
    ]


def _texts(parts: Sequence[SeenPart]) -> SafeString:
    if not parts:
        return SafeString("–")
    shown = format_html_join(
        "",
        '<span class="mono{}" title="{}">{}</span>',
        ((_strike(part), part.text, part.text) for part in parts[:_TEXTS_SHOWN]),
    )
    return format_html("{}{}", shown, _rest([part.text for part in parts[_TEXTS_SHOWN:]]))


def _codes(row: MemberRow, links: DiscountLinks) -> SafeString:
    """The codes, each with its links to follow or to copy. A code that is off has none to give away."""
    if not row.codes:
        return SafeString("–")
    shown = format_html_join(
        "",
        '<span class="row"><span class="mono{}" title="{}">{}</span>{}</span>',
        ((_strike(part), part.text, part.text, _links(row, part, links)) for part in row.codes[:_TEXTS_SHOWN]),
    )
    return format_html("{}{}", shown, _rest([part.text for part in row.codes[_TEXTS_SHOWN:]]))


def _links(row: MemberRow, part: SeenPart, links: DiscountLinks) -> SafeString:
    if not part.is_active:
        return SafeString("")
    of_many = len(links.shops) > 1
    return format_html_join(
        "",
        '<span class="row"><a class="link small" href="{}" rel="noreferrer">{}</a>'
        '<button class="btn ghost icon-only sm needs-script" type="button" data-copy="{}" data-copied="Copied"'
        ' aria-label="Copy discount link of {}{}">{}</button></span>',
        (
            (
                link,
                f"Link · {label}" if of_many else "Link",
                link,
                part.text,
                f" in {label}" if of_many else "",
                icon("copy"),
            )
            for label, link in links.of(row, part.text)
        ),
    )


def _sales_links(row: MemberRow, base: str) -> SafeString:
    """The links, each with its whole address to copy."""
    if not row.links:
        return SafeString("–")
    shown = format_html_join(
        "",
        '<span class="row one-line"><span class="mono{}" title="{}">{}</span>'
        '<button class="btn ghost icon-only sm needs-script" type="button" data-copy="{}" data-copied="Copied"'
        ' aria-label="Copy sales link {}">{}</button></span>',
        (
            (
                _strike(part),
                link_address(base, part.text),
                part.text,
                link_address(base, part.text),
                part.text,
                icon("copy"),
            )
            for part in row.links[:_TEXTS_SHOWN]
        ),
    )
    return format_html("{}{}", shown, _rest([part.text for part in row.links[_TEXTS_SHOWN:]]))


def _strike(part: SeenPart) -> str:
    """Only what a shopper can no longer use is struck through: not a code that a store has yet to follow."""
    return " struck" if part.seen.status == EffectiveStatus.DEACTIVATED else ""


def _statuses(
    offer: Offer, row: MemberRow, drawn: dict[tuple[str, str, str], SafeString], *, of_two: bool
) -> SafeString:
    if not row.parts:
        return format_html('<span class="muted">No {} yet</span>', "code" if offer.has_codes else "link")
    badges = [_badge(part, drawn, of_two=of_two) for part in row.parts[:_BADGES_SHOWN]]
    shown = format_html_join("", "{}", ((badge,) for badge in badges))
    return format_html("{}{}", shown, _rest([part.text for part in row.parts[_BADGES_SHOWN:]]))


def _badge(part: SeenPart, drawn: dict[tuple[str, str, str], SafeString], *, of_two: bool) -> SafeString:
    """The badge of a part. Where an offer has both parts it says which of them it means."""
    key = (str(part.seen.status), str(part.part) if of_two else "", part.seen.why)
    if key not in drawn:
        drawn[key] = status_badge(key[0], key[1], "", key[2])
    return drawn[key]


def _rest(texts: list[str]) -> SafeString:
    if not texts:
        return SafeString("")
    return format_html('<span class="pill" title="{}">+{}</span>', ", ".join(texts), len(texts))
