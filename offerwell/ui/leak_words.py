"""The evidence of a score in plain words, with its numbers, the same on screens and on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.rules.leak_score import LONG_AFTER_DAYS, Sign

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIKELY = 60


def evidence_text(part: Mapping[str, int | str]) -> str:
    """One part of a score. Empty for one that is not known any more."""
    count, of, usual = int(part["count"]), int(part["of"]), int(part["usual"])
    share = f"{count:,} of {of:,} orders ({100 * count // of if of else 0}%"
    return {
        Sign.NO_CLICK: f"{share}) came without a click. Usual in this offer: {usual}%.",
        Sign.BURST: f"{count:,} orders in the last 7 days. Expected from its earlier weeks: {usual:,}.",
        Sign.LATE: f"{share}) came more than {LONG_AFTER_DAYS} days after the member’s last click."
        f" Usual in this offer: {usual}%.",
        Sign.RETURNING: f"{share}) are of buyers who had bought before. Usual in this offer: {usual}%.",
        Sign.STORES: f"Used in {count} stores. Usual in this offer: {usual}.",
    }.get(Sign(part["sign"]), "")


def score_badge(score: int) -> tuple[str, str]:
    """Status and words of a score, for `status_badge`."""
    return ("leak_likely", "Likely leaked") if score >= _LIKELY else ("leak_possible", "Worth a look")
