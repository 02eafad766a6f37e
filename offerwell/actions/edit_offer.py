"""Change an offer. What shoppers already hold stays true: terms of codes that are in a store do not change.

Dates do: every store is made to show the new ones.

A store that is added gets the codes there are; one that carries codes of the offer is not taken away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.create_offer import accepted, columns_of
from offerwell.actions.follow_dates import follow_dates
from offerwell.actions.record_event import record_event
from offerwell.actions.send_codes_to_store import send_codes_to_store
from offerwell.models import Offer, OfferStore, PromoCode, SalesLink, Store, StoreCode, lock_workspace
from offerwell.rules.offer_draft import OfferDraft, OfferRefused

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor

# Columns that are in each discount of a store, and the field of the draft that a person knows each by.
TERMS = {
    "discount_kind": "discount_kind", "discount_value": "discount_value", "minimum_purchase": "minimum",
    "minimum_quantity": "minimum_quantity", "usage_limit": "usage_limit", "once_per_customer": "once_per_customer",
    "applies_to": "applies_to", "item_ids": "item_ids", "buys_from": "buys_from", "buys_ids": "buys_ids",
    "buys_quantity": "buys_quantity", "gets_quantity": "gets_quantity", "uses_per_order": "uses_per_order",
    "combines_product": "combines", "combines_order": "combines", "combines_shipping": "combines",
    "purchase": "purchase", "title": "title", "tags": "tags",
}  # fmt: skip


def edit_offer(*, workspace_id: int, offer: Offer, draft: OfferDraft, by: Actor, at: datetime) -> Offer:
    """Store the changes. Raises OfferRefused with every problem, by field; nothing changes then."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        offer = Offer.objects.get(pk=offer.pk)
        draft = accepted(draft, other_than=offer)
        _refuse_what_is_in_use(offer, draft)
        changed = _changed_columns(offer, draft)
        added, removed = _changed_stores(offer, draft)
        Offer.objects.filter(pk=offer.pk).update(**columns_of(draft))
        OfferStore.objects.filter(offer=offer, store_id__in=removed).delete()
        for store_id in sorted(added):
            _add_store(offer, store_id, at=at)
        if {"starts_at", "ends_at"} & set(changed):
            _follow_dates(offer, at=at)
        facts = {"changed": changed, "stores_added": sorted(added), "stores_removed": sorted(removed)}
        record_event(
            workspace_id=workspace_id, kind="offer_edited", subject=f"offer:{offer.pk}", facts=facts,
            by=by, at=at,
        )  # fmt: skip
    offer.refresh_from_db()
    return offer


def _changed_columns(offer: Offer, draft: OfferDraft) -> list[str]:
    return sorted(column for column, value in columns_of(draft).items() if getattr(offer, column) != value)


def _changed_stores(offer: Offer, draft: OfferDraft) -> tuple[set[int], set[int]]:
    before = set(OfferStore.objects.filter(offer=offer).values_list("store_id", flat=True))
    return set(draft.store_ids) - before, before - set(draft.store_ids)


def _refuse_what_is_in_use(offer: Offer, draft: OfferDraft) -> None:
    problems = {"type": _type_problem(offer, draft), "stores": _stores_problem(offer, draft)}
    terms = columns_of(draft)
    moved = [field for column, field in TERMS.items() if getattr(offer, column) != terms[column]]
    if draft.has_codes and moved:
        problems[moved[0]] = _terms_problem(offer)
    problems = {field: sentence for field, sentence in problems.items() if sentence}
    if problems:
        raise OfferRefused(problems)


def _type_problem(offer: Offer, draft: OfferDraft) -> str:
    if not draft.has_codes and PromoCode.objects.filter(offer=offer).exists():
        return "Members have promo codes of this offer, so it keeps them. Deactivate the codes instead."
    if not draft.has_links and SalesLink.objects.filter(offer=offer).exists():
        return "Members have sales links of this offer, so it keeps them. Deactivate the links instead."
    return ""


def _stores_problem(offer: Offer, draft: OfferDraft) -> str:
    """A discount in a store that no offer names any more could never be switched off."""
    _, removed = _changed_stores(offer, draft)
    used = StoreCode.objects.filter(code__offer=offer, store_id__in=removed).values("store_id")
    labels = list(Store.objects.filter(pk__in=used).order_by("label").values_list("label", flat=True))
    if not draft.has_codes or not labels:
        return ""
    return f"Codes of this offer are in {', '.join(labels)}. Keep the store and deactivate the codes instead."


def _terms_problem(offer: Offer) -> str:
    if not StoreCode.objects.filter(code__offer=offer).exists():
        return ""
    return "Codes with this discount are in a store, so it stays. Create a new offer for another discount."


def _add_store(offer: Offer, store_id: int, *, at: datetime) -> None:
    """The offer's codes go to this store too: one row each, waiting to be created there."""
    OfferStore.objects.create(workspace_id=offer.workspace_id, offer=offer, store_id=store_id)
    send_codes_to_store(PromoCode.objects.filter(offer=offer), store_id, at=at)


def _follow_dates(offer: Offer, *, at: datetime) -> None:
    """The planned window changed: the stores of the codes that go by it must show it."""
    codes = PromoCode.objects.filter(offer=offer)
    follow_dates(codes.exclude(starts_at__isnull=False, ends_at__isnull=False), at=at)
