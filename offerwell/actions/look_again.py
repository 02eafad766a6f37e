"""Have codes looked at now, because something says that the store may have changed them. Sets no status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Case, DateTimeField, F, Q, Value, When

from offerwell.models import PromoCode, StoreCode
from offerwell.models.json_rows import text_rows

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Store
    from offerwell.rules.webhook_payload import Named


def look_at_named(store: Store, named: Named, at: datetime) -> int:
    """The codes with these discounts or texts. Gives how many. Call under the workspace's lock."""
    rows = StoreCode.objects.filter(store=store)
    found = 0
    if named.refs:
        found += rows.exclude(ref="").filter(ref__in=text_rows(named.refs)).update(**_due(at))
    if named.codes:
        texts = PromoCode.objects.filter(text_key__in=text_rows(named.codes))
        found += rows.filter(code_id__in=texts.values("pk")).update(**_due(at))
    return found


def look_at_unsure(store: Store, at: datetime) -> int:
    """The codes a request of unknown fate may still change: a job of the store has ended. Call under the lock."""
    unsure = StoreCode.objects.filter(store=store, suspect_until__gt=at)
    return unsure.update(check_at=at, due_at=at)


def look_at_all(store: Store, at: datetime) -> int:
    """Every code with a discount there: hints about it were missing for a while. Call under the lock."""
    return StoreCode.objects.filter(store=store).exclude(ref="").update(**_due(at))


def _due(at: datetime) -> dict[str, Any]:
    """Due now; a code that is put off keeps its pause, so that hints cannot make anyone press a store in trouble."""
    keeps = Q(due_at__lte=at) | Q(due_at__isnull=False, next_attempt_at__gt=at)
    return {
        "check_at": at,
        "due_at": Case(When(keeps, then=F("due_at")), default=Value(at), output_field=DateTimeField()),
    }
