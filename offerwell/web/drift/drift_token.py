"""The plan a person saw, signed: only what was shown can be confirmed, once, by the person who saw it."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from django.core import signing

from offerwell.actions.answer_drifts import drift_wish_hash

if TYPE_CHECKING:
    from offerwell.models import User
    from offerwell.queries.drift_plan import DriftPlan, DriftWish

_SALT = "offerwell.drift"
_MAX_AGE_SECONDS = 3_600


class DriftPlanNotShown(Exception):
    """There is no valid plan with the confirmation. Nothing was done. The text is for a person."""


@dataclass(frozen=True, slots=True)
class ShownDriftPlan:
    """What was shown, with the key that makes a second press harmless."""

    user_id: int
    wish: str
    digest: str
    key: str


def drift_token(plan: DriftPlan, user: User) -> str:
    """A signed token for the confirm form, with a fresh key."""
    shown = ShownDriftPlan(user.pk, drift_wish_hash(plan.wish), plan.digest, f"web-{secrets.token_urlsafe(18)}")
    return signing.dumps(asdict(shown), salt=_SALT)


def shown_drift_plan(token: str, wish: DriftWish, user: User) -> ShownDriftPlan:
    """The plan of a confirmation. Raises DriftPlanNotShown."""
    try:
        shown = ShownDriftPlan(**signing.loads(token, salt=_SALT, max_age=_MAX_AGE_SECONDS))
    except signing.SignatureExpired as error:
        raise DriftPlanNotShown("This plan is more than an hour old.") from error
    except (signing.BadSignature, TypeError) as error:
        raise DriftPlanNotShown("This plan could not be read.") from error
    if (shown.user_id, shown.wish) != (user.pk, drift_wish_hash(wish)):
        raise DriftPlanNotShown("This plan belongs to another selection.")
    return shown
