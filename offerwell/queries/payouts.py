"""The payout options of an offer, with how many members have each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count

from offerwell.models import Enrollment, PayoutOption
from offerwell.rules.payouts import PayoutDraft, terms_text

if TYPE_CHECKING:
    from offerwell.models import Offer


@dataclass(frozen=True, slots=True)
class OptionRow:
    """An option as a person reads it."""

    option: PayoutOption
    terms: str
    members: int = 0


def options_of(offer: Offer) -> list[OptionRow]:
    """The default first, then by name. Not counted."""
    found = PayoutOption.objects.filter(offer=offer).order_by("-is_default", "name_key")
    return [OptionRow(option, option_terms(option)) for option in found]


def counted_options(offer: Offer) -> list[OptionRow]:
    """The options with their members, in two statements."""
    places = Enrollment.objects.filter(offer=offer).order_by().values_list("payout_option_id")
    members = dict(places.annotate(n=Count("pk")))
    return [OptionRow(row.option, row.terms, members.get(row.option.pk, 0)) for row in options_of(offer)]


def default_option_id(offer: Offer) -> int | None:
    """The option that new members of the offer get."""
    return PayoutOption.objects.filter(offer=offer, is_default=True).values_list("pk", flat=True).first()


def option_terms(option: PayoutOption) -> str:
    """What the option pays, in words."""
    return terms_text(draft_of(option))


def draft_of(option: PayoutOption) -> PayoutDraft:
    """The option as it is filled in."""
    return PayoutDraft(option.name, option.kind, option.basis_points, option.amount, option.currency)


def option_names(offer: Offer) -> dict[int, str]:
    """Names by id, for rows that carry the id."""
    return dict(PayoutOption.objects.filter(offer=offer).values_list("pk", "name"))
