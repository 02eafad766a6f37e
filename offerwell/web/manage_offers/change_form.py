"""What a person chose in the dialog: what to change, and to what. Parsed once, with plain refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.models import ChangeKind, OfferPart, PayoutOption, ProposalBatch
from offerwell.ui.paging import number_from

if TYPE_CHECKING:
    from django.http import QueryDict

    from offerwell.models import Offer, StoredSelection

TARGETS = {"active": True, "deactivated": False}
# What the cards are called in addresses, and what each is about.
TASKS = {
    "codes": (ChangeKind.STATUS, OfferPart.CODES),
    "links": (ChangeKind.STATUS, OfferPart.LINKS),
    "refresh": (ChangeKind.REFRESH, OfferPart.CODES),
    "payout": (ChangeKind.PAYOUT, OfferPart.MEMBERS),
}
CHOOSE_WHAT = "Choose what to change: codes or links."
ONLY_MANAGERS = "Owners and managers choose payouts. Ask one of them."


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen so far; `refusal` says what is missing or cannot be."""

    part: OfferPart | None
    to_active: bool | None
    refusal: str
    kind: ChangeKind = ChangeKind.STATUS
    option: PayoutOption | None = None
    batch: ProposalBatch | None = None

    @property
    def task(self) -> str:
        """The card that is chosen; empty for none."""
        return next((task for task, what in TASKS.items() if what == (self.kind, self.part)), "")

    @property
    def is_complete(self) -> bool:
        """Whether a change can be planned from it."""
        target = {
            ChangeKind.STATUS: self.to_active is not None,
            ChangeKind.REFRESH: self.batch is not None,
            ChangeKind.PAYOUT: self.option is not None,
        }
        return self.part is not None and target[self.kind] and not self.refusal


def choice_from(
    fields: QueryDict, offer: Offer, *, may_pay: bool = True, stored: StoredSelection | None = None
) -> Choice:
    """The choice in an address or a form. The only part an offer has is chosen without asking."""
    asked = fields.get("part", "")
    if asked == "refresh":
        return _refresh(fields, offer, stored)
    if asked == "payout":
        return _payout(fields, offer, may_pay=may_pay)
    part, refusal = _part(asked, offer)
    target = fields.get("target", "")
    if part is not None and target not in TARGETS and not refusal:
        refusal = "Choose Activate or Deactivate." if not target else "The offer status is Activate or Deactivate."
    return Choice(part, TARGETS.get(target), refusal)


def parts_of_offer(offer: Offer) -> list[OfferPart]:
    """The parts an offer has."""
    has = {OfferPart.CODES: offer.has_codes, OfferPart.LINKS: offer.has_links}
    return [part for part, is_there in has.items() if is_there]


def own_batch(stored: StoredSelection, number: int | None) -> ProposalBatch | None:
    """The person's own proposals for this very selection, once they are complete; any others are not there."""
    own = ProposalBatch.objects.filter(offer=stored.offer_id, user=stored.user_id, is_complete=True)
    found: ProposalBatch | None = own.filter(pk=number or 0).first()
    return found if found is not None and found.selection == stored.body else None


def _refresh(fields: QueryDict, offer: Offer, stored: StoredSelection | None) -> Choice:
    if not offer.has_codes:
        return Choice(None, None, "This offer has no codes to refresh.")
    batch = own_batch(stored, number_from(fields.get("batch", ""))) if stored is not None else None
    refusal = "" if batch is not None else "Propose the new codes first."
    return Choice(OfferPart.CODES, None, refusal, ChangeKind.REFRESH, batch=batch)


def _payout(fields: QueryDict, offer: Offer, *, may_pay: bool) -> Choice:
    if not may_pay:
        return Choice(None, None, ONLY_MANAGERS)
    number = number_from(fields.get("option", "")) or 0
    option = PayoutOption.objects.filter(offer=offer, pk=number).first()
    refusal = "" if option is not None else "Choose a payout option."
    return Choice(OfferPart.MEMBERS, None, refusal, ChangeKind.PAYOUT, option=option)


def _part(asked: str, offer: Offer) -> tuple[OfferPart | None, str]:
    there = parts_of_offer(offer)
    if not asked:
        return (there[0], "") if len(there) == 1 else (None, CHOOSE_WHAT)
    if asked not in TASKS:
        return None, CHOOSE_WHAT
    part = OfferPart(asked)
    if part not in there:
        return None, f"This offer has no {part.value}. Choose {there[0].value}."
    return part, ""
