"""Add a payout option to an offer. The first one is the default: every offer pays its new members something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import PayoutOption, lock_workspace
from offerwell.rules.payouts import PayoutDraft, PayoutRefused, problems_of, terms_text, tidied

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Offer
    from offerwell.rules.permissions import Actor

# What an offer pays until somebody decides: nothing, and it says so.
FIRST = PayoutDraft(name="Standard", kind="cps", basis_points=0)


def add_payout_option(
    *, workspace_id: int, offer: Offer, draft: PayoutDraft, is_default: bool = False, by: Actor, at: datetime
) -> PayoutOption:
    """Store the option. Raises PayoutRefused with every problem, by field; nothing is stored then."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        option = stored_option(offer, draft, is_default=is_default, at=at)
        terms = terms_text(tidied(draft))
        facts = {"option": option.pk, "name": option.name, "terms": terms, "is_default": option.is_default}
        record_event(
            workspace_id=workspace_id, kind="payout_option_added", subject=f"offer:{offer.pk}", facts=facts,
            by=by, at=at,
        )  # fmt: skip
    return option


def stored_option(offer: Offer, draft: PayoutDraft, *, is_default: bool = False, at: datetime) -> PayoutOption:
    """The option, within a transaction that tells of it. Raises PayoutRefused."""
    draft = accepted(offer, draft)
    others = PayoutOption.objects.filter(offer=offer)
    is_default = is_default or not others.exists()
    if is_default:
        others.filter(is_default=True).update(is_default=False)
    return PayoutOption.objects.create(
        workspace_id=offer.workspace_id, offer=offer, name=draft.name, name_key=draft.name.lower(), kind=draft.kind,
        basis_points=draft.basis_points, amount=draft.amount, currency=draft.currency, is_default=is_default,
        created_at=at,
    )  # fmt: skip


def accepted(offer: Offer, draft: PayoutDraft, *, other_than: int | None = None) -> PayoutDraft:
    """The tidied draft. Raises PayoutRefused; `other_than` is the option that may keep its own name."""
    draft = tidied(draft)
    problems = problems_of(draft, has_links=offer.has_links)
    same = PayoutOption.objects.filter(offer=offer, name_key=draft.name.lower()).exclude(pk=other_than)
    if same.exists():
        problems.setdefault("name", f"This offer has an option named {draft.name} already. Choose another name.")
    if problems:
        raise PayoutRefused(problems)
    return draft
