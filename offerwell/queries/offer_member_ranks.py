"""Who comes first where an offer's members are sorted by a figure of some days: those who have any, the most first.

A page is found by its key, rank and member: each time the database adds up the days and returns no more than a page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Exists, OuterRef, Sum
from django.db.models.expressions import RawSQL

from offerwell.models.id_list import id_rows
from offerwell.queries.few_or_many import are_few
from offerwell.queries.sales_report import Figure, clicks_by_member, sales_by_member

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from offerwell.models import Enrollment, Offer
    from offerwell.rules.report_period import Period

# Member and rank.
Rank = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Ranks:
    """Rows of `member_id` and `n` (`parts`), whose sums put members in order; ties by id.

    `among`: only these enrollments are meant, very many, so that each who has a rank is looked up in them.
    """

    parts: tuple[QuerySet[Any, Any], ...]
    among: QuerySet[Enrollment] | None = None

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
        wheres, params = ["rank > 0"], [one for _, some in told for one in some]
        if place:
            wheres, params = [*wheres, f"({beyond})"], [*params, place[1], place[1], place[0]]
        if self.among is not None:
            own = self.among.order_by().filter(member_id=RawSQL("ranked.member_id", [])).values("pk")
            sql, more = own.query.sql_with_params()
            wheres, params = [*wheres, f"EXISTS ({sql})"], [*params, *more]
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT member_id, rank FROM (SELECT member_id, sum(n) AS rank FROM ({rows}) AS counted"  # noqa: S608
                f" GROUP BY member_id) AS ranked WHERE {' AND '.join(wheres)} ORDER BY {order} LIMIT %s",
                [*params, limit],
            )
            return [(member_id, int(rank)) for member_id, rank in cursor.fetchall()]


def member_ranks(offer: Offer, period: Period, figure: Figure, matching: QuerySet[Enrollment] | None = None) -> Ranks:
    """By one figure. `matching` (`page_matches`): only these are ranked; None: all members of the offer.

    Of few the figures alone are added up; that asks first whether they are few.
    """
    if figure == Figure.CLICKS:
        parts = clicks_by_member(offer.workspace, period, offer.pk)
    else:
        parts = (sales_by_member(offer.workspace, period, offer.pk, figure),)
    if matching is None or not are_few(matching):
        return Ranks(parts, among=matching)
    listed = id_rows(matching.order_by().values_list("member_id", flat=True))
    return Ranks(tuple(rows.filter(member_id__in=listed) for rows in parts))
