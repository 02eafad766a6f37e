"""Which codes a refresh is about, the text each would get, and the rule of `rules/code_refresh.py` as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q

from offerwell.models import CodeHistory, PromoCode
from offerwell.rules.offer_status import Planned

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from offerwell.queries.planned_change import Wish


def refresh_rows(wish: Wish) -> QuerySet[Any]:
    """The codes, each joined with what it would be called as `wanted`: a proposal, or the text that undo gives back.

    Both have `text` and `text_key`, so all that follows is the same.
    """
    if wish.undoes is not None:
        relation = FilteredRelation("history", condition=Q(history__closed_by=wish.undoes.pk))
    else:
        assert wish.batch is not None  # noqa: S101  a refresh has proposals or undoes a change
        relation = FilteredRelation("proposals", condition=Q(proposals__batch=wish.batch.pk))
    codes = PromoCode.objects.filter(offer=wish.offer).annotate(wanted=relation)
    return codes.filter(wanted__isnull=False)


def refresh_rule(wish: Wish) -> list[tuple[Q, Planned]]:
    """The conditions of the rule, in the rule's order; what meets none will change."""
    since = Q(text_change_id=wish.undoes.pk) if wish.undoes is not None else _as_proposed()
    return [
        (~since, Planned.CHANGED_SINCE),
        (Q(text_key=F("wanted__text_key")), Planned.ALREADY_SO),
        (_taken(on_store=wish.undoes is None), Planned.TAKEN),
    ]


def _as_proposed() -> Q:
    return Q(text_change_id=F("wanted__seen_change_id")) | Q(text_change_id=None, wanted__seen_change_id=0)


def _taken(*, on_store: bool) -> Q:
    """Another code has the text, another member ever had it, or a store was seen to have it."""
    key = OuterRef("wanted__text_key")
    others = PromoCode.objects.filter(text_key=key).exclude(pk=OuterRef("pk"))
    had = CodeHistory.objects.filter(text_key=key).exclude(member_id=OuterRef("enrollment__member_id"))
    found = Q(Exists(others)) | Q(Exists(had))
    return found | ~Q(wanted__on_store="") if on_store else found
