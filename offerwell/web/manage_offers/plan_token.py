"""The plan a person saw, signed: only what was shown can be confirmed, once, by the person who saw it."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from django.core import signing

if TYPE_CHECKING:
    from offerwell.models import StoredSelection, User
    from offerwell.queries.planned_change import Plan

_SALT = "offerwell.plan"
# A plan is looked at for minutes; the digest catches a changed world, this one a form found tomorrow.
_MAX_AGE_SECONDS = 3_600


class PlanNotShown(Exception):
    """There is no valid plan with the confirmation. Nothing was done. The text is for a person."""


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """What was shown, with the key that makes a second press harmless."""

    user_id: int
    selection_id: int
    part: str
    to_active: bool
    digest: str
    key: str
    seen_up_to: int
    will_change: int
    kind: str = "status"
    option_id: int | None = None
    batch_id: int | None = None


def plan_token(plan: Plan, stored: StoredSelection, user: User) -> str:
    """A signed token for the confirm form, with a fresh key."""
    shown = ShownPlan(
        user_id=user.pk,
        selection_id=stored.pk,
        part=str(plan.wish.part),
        to_active=plan.wish.to_active,
        digest=plan.digest,
        key=f"web-{secrets.token_urlsafe(18)}",
        seen_up_to=plan.seen_up_to,
        will_change=plan.will_change,
        kind=str(plan.wish.kind),
        option_id=None if plan.wish.payout_option is None else plan.wish.payout_option.pk,
        batch_id=None if plan.wish.batch is None else plan.wish.batch.pk,
    )
    return signing.dumps(asdict(shown), salt=_SALT)


def shown_plan(token: str, stored: StoredSelection, user: User) -> ShownPlan:
    """The plan of a confirmation. Raises PlanNotShown."""
    if not token:
        raise PlanNotShown("A change is confirmed after its plan was shown. Look at what will change, then confirm.")
    try:
        shown = ShownPlan(**signing.loads(token, salt=_SALT, max_age=_MAX_AGE_SECONDS))
    except signing.SignatureExpired as error:
        raise PlanNotShown("This plan is more than an hour old. Look at what will change now, then confirm.") from error
    except (signing.BadSignature, TypeError) as error:
        raise PlanNotShown("This plan could not be read. Look at what will change, then confirm.") from error
    if (shown.user_id, shown.selection_id) != (user.pk, stored.pk):
        raise PlanNotShown("This plan belongs to another selection. Look at what will change, then confirm.")
    return shown
