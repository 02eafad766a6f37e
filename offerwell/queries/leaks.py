"""The codes to look at: those whose use departs most first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F, Q

from offerwell.models import CodeLeak, LeakCheck, Offer
from offerwell.rules.leak_score import GROWN, LISTED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

PAGE = 50


@dataclass(frozen=True, slots=True)
class LeakPage:
    """One page, and the place where the next begins: score and code of its last row (None: there is none)."""

    rows: Sequence[CodeLeak]
    next: tuple[int, int] | None


def leak_page(*, offer_id: int = 0, is_dismissed: bool = False, after: tuple[int, int] | None = None) -> LeakPage:
    """Codes from LISTED on that are active and still have the text that was scored. Keyset by score and code."""
    rows = _seen(offer_id=offer_id, is_dismissed=is_dismissed)
    if after is not None:
        score, code_id = after
        rows = rows.filter(score__lte=score).filter(Q(score__lt=score) | Q(code__gt=code_id))
    found = list(rows[: PAGE + 1])
    more = len(found) > PAGE
    return LeakPage(found[:PAGE], (found[PAGE - 1].score, found[PAGE - 1].code_id) if more else None)


def every_leak(*, offer_id: int = 0, is_dismissed: bool = False, least: int = LISTED) -> list[CodeLeak]:
    """All of them with that score or more, the highest first. One statement."""
    return list(_seen(offer_id=offer_id, is_dismissed=is_dismissed).filter(score__gte=least))


def leak_offers(*, is_dismissed: bool = False) -> list[Offer]:
    """Offers with codes in the list, for its filter."""
    named = _listed(is_dismissed=is_dismissed).values("code__offer")
    return list(Offer.objects.filter(pk__in=named).order_by("name_key", "pk"))


def last_scored() -> datetime | None:
    """When the codes were last scored."""
    return LeakCheck.objects.values_list("checked_at", flat=True).first()


def _seen(*, offer_id: int, is_dismissed: bool) -> QuerySet[CodeLeak]:
    """As people see them: with their offer and member, in the order of the list."""
    rows = _listed(is_dismissed=is_dismissed).select_related("code__offer", "code__enrollment__member")
    return (rows.filter(code__offer=offer_id) if offer_id else rows).order_by("-score", "code_id")


def _listed(*, is_dismissed: bool) -> QuerySet[CodeLeak]:
    """A dismissed code comes back when its score has grown."""
    stands = Q(dismissed_score__isnull=False, score__lt=F("dismissed_score") + GROWN)
    rows = CodeLeak.objects.filter(score__gte=LISTED, code__is_active=True, text_key=F("code__text_key"))
    return rows.filter(stands if is_dismissed else ~stands)
