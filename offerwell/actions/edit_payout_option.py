"""Change a payout option: its name at any time, its terms while no member has it, or make it the default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.add_payout_option import accepted
from offerwell.actions.record_event import record_event
from offerwell.models import BulkChangeItem, Enrollment, PayoutOption, lock_workspace
from offerwell.queries.payout_rules import rules_now
from offerwell.rules.payouts import PayoutDraft, PayoutRefused, terms_text

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor

_TERMS = ("kind", "basis_points", "amount", "currency")
IN_USE = (
    "Members have or had this option, so its terms stay as they were promised. "
    "Add another option and choose it for them with Edit Payout."
)

HAS_RULES = "The rules and tiers of this option are written for its kind and currency. Remove them first."


def edit_payout_option(
    *,
    workspace_id: int,
    option: PayoutOption,
    draft: PayoutDraft,
    makes_default: bool = False,
    by: Actor,
    at: datetime,
) -> PayoutOption:
    """Store the changes. Raises PayoutRefused with every problem, by field; nothing changes then."""
    with transaction.atomic():
        lock_workspace(workspace_id)
        option = PayoutOption.objects.select_related("offer").get(pk=option.pk)
        draft = accepted(option.offer, draft, other_than=option.pk)
        changed = [column for column in _TERMS if getattr(option, column) != getattr(draft, column)]
        if changed and _is_in_use(option):
            raise PayoutRefused({"kind": IN_USE})
        if {"kind", "currency"} & set(changed) and not rules_now(option.pk).is_empty:
            raise PayoutRefused({"kind": HAS_RULES})
        if option.name == draft.name and not changed and not (makes_default and not option.is_default):
            return option
        if makes_default:
            PayoutOption.objects.filter(offer=option.offer, is_default=True).update(is_default=False)
        PayoutOption.objects.filter(pk=option.pk).update(
            name=draft.name, name_key=draft.name.lower(), is_default=option.is_default or makes_default,
            **{column: getattr(draft, column) for column in _TERMS},
        )  # fmt: skip
        facts = {"option": option.pk, "name": draft.name, "terms": terms_text(draft), "makes_default": makes_default}
        record_event(
            workspace_id=workspace_id, kind="payout_option_edited", subject=f"offer:{option.offer_id}", facts=facts,
            by=by, at=at,
        )  # fmt: skip
    option.refresh_from_db()
    return option


def _is_in_use(option: PayoutOption) -> bool:
    """Whether a member has it, or had it before a change that may be undone."""
    has = Enrollment.objects.filter(offer=option.offer_id, payout_option=option)
    return has.exists() or BulkChangeItem.objects.filter(was_option_id=option.pk).exists()
