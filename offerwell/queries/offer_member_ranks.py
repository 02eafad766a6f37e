"""Who comes first where an offer's members are sorted by a figure of some days: those who have any, the most first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.models import Enrollment
from offerwell.models.id_list import id_rows
from offerwell.queries.offer_member_page import Ranked
from offerwell.queries.sales_report import Scope, member_ranks

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from offerwell.models import Offer
    from offerwell.queries.sales_report import Figure
    from offerwell.rules.report_period import Period

RANKED_UP_TO = 1_000


def ranked_members(
    offer: Offer, period: Period, figure: Figure, matching: QuerySet[Enrollment] | None = None, *, most: int = 0
) -> Ranked:
    """The first `most` (else `RANKED_UP_TO`) of them, ties by name, in at most three statements and those of rates.

    `matching` (`page_matches`): only these are ranked; None: all members of the offer. A page is asked for by its
    place in this list, so it is made anew for each; the database adds up the days of the period and returns the top.
    """
    most = most or RANKED_UP_TO
    of_all = member_ranks(offer.workspace, period, Scope(offer_id=offer.pk), figure)
    ranks = of_all
    if matching is not None:
        ranks = of_all.filter(member_id__in=matching.order_by().values("member_id"))
    found = list(ranks.order_by("-rank")[: most + 1].values_list("member_id", "rank"))
    if len(found) <= most:
        return Ranked(_named(offer, dict(found)), is_cut=False)
    last = found[-1][1]
    above = _named(offer, {member_id: rank for member_id, rank in found if rank > last})
    rows = Enrollment.objects.filter(offer=offer) if matching is None else matching
    tied = rows.filter(member_id__in=of_all.filter(rank=last).values("member_id"))
    by_name = tied.order_by("name_key", "pk").values_list("pk", flat=True)
    return Ranked((*above, *by_name[: most - len(above)]), is_cut=True)


def _named(offer: Offer, ranks: dict[int, int]) -> tuple[int, ...]:
    """The enrollments of these members, highest rank first; the database orders names as it does in the list."""
    if not ranks:
        return ()
    rows = Enrollment.objects.filter(offer=offer, member_id__in=id_rows(ranks)).order_by("name_key", "pk")
    named = rows.values_list("pk", "member_id")
    return tuple(pk for pk, _member in sorted(named, key=lambda one: -ranks[one[1]]))
