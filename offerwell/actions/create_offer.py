"""Create an offer: its terms, its window, the stores its codes go to, where its links lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from offerwell.actions.add_payout_option import FIRST, stored_option
from offerwell.actions.record_event import record_event
from offerwell.models import PLAIN_KINDS, SPOKEN_KINDS, Offer, OfferStore, Store, lock_workspace
from offerwell.rules.offer_draft import OfferDraft, OfferRefused, problems_of, stores_problem, tidied

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.rules.payouts import PayoutDraft
    from offerwell.rules.permissions import Actor


def create_offer(
    *, workspace_id: int, draft: OfferDraft, by: Actor, at: datetime, payouts: Sequence[PayoutDraft] = (FIRST,)
) -> Offer:
    """Store the offer with its payout options, of which the first is the default.

    Raises OfferRefused with every problem, by field, or PayoutRefused; nothing is stored then.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        draft = accepted(draft, other_than=None)
        offer: Offer = Offer.objects.create(workspace_id=workspace_id, created_at=at, **columns_of(draft))
        for store_id in draft.store_ids:
            OfferStore.objects.create(workspace_id=workspace_id, offer=offer, store_id=store_id)
        options = [stored_option(offer, payout, at=at) for payout in payouts or (FIRST,)]
        facts = {
            "name": offer.name, "type": offer.type, "stores": sorted(draft.store_ids),
            "payouts": [option.name for option in options],
        }  # fmt: skip
        record_event(
            workspace_id=workspace_id, kind="offer_created", subject=f"offer:{offer.pk}", facts=facts,
            by=by, at=at,
        )  # fmt: skip
    return offer


def accepted(draft: OfferDraft, *, other_than: Offer | None) -> OfferDraft:
    """The tidied draft. Raises OfferRefused; `other_than` is the offer that may keep its own name."""
    draft = tidied(draft)
    problems = problems_of(draft)
    same = Offer.objects.filter(name_key=draft.name.lower())
    if other_than is not None:
        same = same.exclude(pk=other_than.pk)
    if "name" not in problems and (taken := same.first()):
        problems["name"] = f"There is an offer named {taken.name} already. Choose another name."
    stores = Store.objects.filter(pk__in=draft.store_ids)
    currencies = dict(stores.values_list("pk", "currency"))
    silent = stores.exclude(kind__in=SPOKEN_KINDS).order_by("label").values_list("label", flat=True).first()
    if silent is not None:
        problems["stores"] = f"No codes go to {silent}: it is a shop of another kind. Make them there yourself."
    elif len(currencies) != len(draft.store_ids):
        problems["stores"] = "A chosen store is not connected any more. Choose the stores again."
    elif not problems and (misfit := stores_problem(draft, currencies, _plain(stores))):
        problems["stores"] = misfit
    if problems:
        raise OfferRefused(problems)
    return draft


def _plain(stores: QuerySet[Store]) -> list[str]:
    return list(stores.filter(kind__in=PLAIN_KINDS).order_by("label").values_list("label", flat=True))


def columns_of(draft: OfferDraft) -> dict[str, Any]:
    """The draft as columns of Offer."""
    return {
        "name": draft.name, "name_key": draft.name.lower(), "description": draft.description,
        "type": draft.type, "status": draft.status, "starts_at": draft.starts_at, "ends_at": draft.ends_at,
        "discount_kind": draft.discount_kind, "discount_value": draft.discount_value,
        "minimum_purchase": draft.minimum, "usage_limit": draft.usage_limit,
        "once_per_customer": draft.once_per_customer, "code_pattern": draft.code_pattern,
        "destination": draft.destination, "minimum_quantity": draft.minimum_quantity,
        "applies_to": draft.applies_to, "item_ids": list(draft.item_ids), "buys_from": draft.buys_from,
        "buys_ids": list(draft.buys_ids), "buys_quantity": draft.buys_quantity, "gets_quantity": draft.gets_quantity,
        "uses_per_order": draft.uses_per_order, "combines_product": draft.combines_product,
        "combines_order": draft.combines_order, "combines_shipping": draft.combines_shipping,
        "purchase": draft.purchase, "title": draft.title, "tags": list(draft.tags),
        "discount_links": draft.discount_links, "redirect": draft.redirect, "utm_source": draft.utm_source,
        "utm_medium": draft.utm_medium, "utm_campaign": draft.utm_campaign, "extra_domains": list(draft.extra_domains),
        "deep_links": draft.deep_links, "dead_link": str(draft.dead_link), "dead_link_to": draft.dead_link_to,
    }  # fmt: skip
