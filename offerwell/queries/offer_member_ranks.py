"""Who comes first where an offer's members are sorted by a figure of some days: those who have any, the most first.

A page is found by its key, rank and member: each time the database adds up the days and returns no more than a page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Exists, OuterRef, Sum

from offerwell.queries.sales_report import Figure, clicks_by_member, sales_by_member

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from offerwell.models import Enrollment, Offer
    from offerwell.rules.report_period import Period

# Member and rank.
Rank = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Ranks:
    """Rows of `member_id` and `n` (`parts`), whose sums put members in order; ties by id."""

    parts: tuple[QuerySet[Any, Any], ...]

    def after(self, place: Rank | None, limit: int) -> list[Rank]:
        """The next, the most first; None: from the first on. One statement."""
        return self._ranked(place, limit, "rank < %s OR (rank = %s AND member_id > %s)", "rank DESC, member_id")

    def until(self, place: Rank | None, limit: int) -> list[Rank]:
        """Those before it, the nearest first; None: from the last on. One statement."""
        return self._ranked(place, limit, "rank > %s OR (rank = %s AND member_id < %s)", "rank, member_id DESC")

    def has_none(self, enrollments: QuerySet[Enrollment]) -> QuerySet[Enrollment]:
        """Of these, who has no rank. Each is looked up by itself: a list of them ends after a page."""
        for rows in self.parts:
            own = rows.filter(member_id=OuterRef("member_id")).values("member_id").annotate(rank=Sum("n"))
            enrollments = enrollments.filter(~Exists(own.filter(rank__gt=0)))
        return enrollments

    def _ranked(self, place: Rank | None, limit: int, beyond: str, order: str) -> list[Rank]:
        told = [rows.values_list("member_id", "n").query.sql_with_params() for rows in self.parts]
        rows = " UNION ALL ".join(sql for sql, _ in told)
        params = [one for _, some in told for one in some]
        where = f" WHERE {beyond}" if place else ""
        at = [place[1], place[1], place[0]] if place else []
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT member_id, rank FROM (SELECT member_id, sum(n) AS rank FROM ({rows}) AS counted"  # noqa: S608
                f" GROUP BY member_id HAVING sum(n) > 0) AS ranked{where} ORDER BY {order} LIMIT %s",
                [*params, *at, limit],
            )
            return [(member_id, int(rank)) for member_id, rank in cursor.fetchall()]


def member_ranks(offer: Offer, period: Period, figure: Figure, matching: QuerySet[Enrollment] | None = None) -> Ranks:
    """By one figure. `matching` (`page_matches`): only these are ranked; None: all members of the offer."""
    if figure == Figure.CLICKS:
        parts = clicks_by_member(offer.workspace, period, offer.pk)
    else:
        parts = (sales_by_member(offer.workspace, period, offer.pk, figure),)
    if matching is not None:
        listed = matching.order_by().values("member_id")
        parts = tuple(rows.filter(member_id__in=listed) for rows in parts)
    return Ranks(parts)
