"""What a person chose in the dialog: codes or links, Activate or Deactivate. Parsed once, with plain refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.models import OfferPart

if TYPE_CHECKING:
    from django.http import QueryDict

    from offerwell.models import Offer

TARGETS = {"active": True, "deactivated": False}


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen so far; `refusal` says what is missing or cannot be."""

    part: OfferPart | None
    to_active: bool | None
    refusal: str

    @property
    def is_complete(self) -> bool:
        """Whether a change can be planned from it."""
        return self.part is not None and self.to_active is not None and not self.refusal


def choice_from(fields: QueryDict, offer: Offer) -> Choice:
    """The choice in an address or a form. The only part an offer has is chosen without asking."""
    part, refusal = _part(fields.get("part", ""), offer)
    target = fields.get("target", "")
    if part is not None and target not in TARGETS and not refusal:
        refusal = "Choose Activate or Deactivate." if not target else "The offer status is Activate or Deactivate."
    return Choice(part, TARGETS.get(target), refusal)


def parts_of_offer(offer: Offer) -> list[OfferPart]:
    """The parts an offer has."""
    has = {OfferPart.CODES: offer.has_codes, OfferPart.LINKS: offer.has_links}
    return [part for part, is_there in has.items() if is_there]


def _part(asked: str, offer: Offer) -> tuple[OfferPart | None, str]:
    there = parts_of_offer(offer)
    if not asked:
        return (there[0], "") if len(there) == 1 else (None, "Choose what to change: codes or links.")
    if asked not in OfferPart.values:
        return None, "Choose what to change: codes or links."
    part = OfferPart(asked)
    if part not in there:
        return None, f"This offer has no {part.value}. Choose {there[0].value}."
    return part, ""
