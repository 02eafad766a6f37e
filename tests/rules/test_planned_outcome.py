"""The rule exists once: the SQL that plans and applies, and the plain Python, agree on random worlds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offerwell.models import OfferPart, PromoCode
from offerwell.queries.planned_change import Wish, plan_change, planned_rows
from offerwell.rules.offer_status import Intent, Planned, planned_outcome
from offerwell.rules.selection import MemberFilter, MemberSelection
from tests import make

MOMENTS = st.one_of(st.none(), st.integers(-3, 3).map(lambda days: make.NOW + timedelta(days=days)))
CODES = st.lists(st.tuples(st.booleans(), MOMENTS, st.integers(0, 2)), min_size=1, max_size=12)


@pytest.mark.parametrize("to_active", [True, False])
@given(codes=CODES, offer_ends=MOMENTS, undoing=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sql_and_python_agree(acme, to_active, codes, offer_ends, undoing):
    offer = make.offer(acme, ends_at=offer_ends)
    place = make.enrollment(offer)
    for is_active, ends_at, change_id in codes:
        make.code(place, is_active=is_active, ends_at=ends_at, last_change_id=change_id)
    undoes = _change(acme, offer, to_active) if undoing else None
    if undoes is not None:
        PromoCode.objects.filter(offer=offer, last_change_id=1).update(last_change_id=undoes.pk)
        _items(acme, undoes, offer)
    selection = None if undoing else MemberSelection(filter=MemberFilter(), up_to=place.pk)
    wish = Wish(offer, OfferPart.CODES, to_active, selection, undoes)
    in_sql = {row.pk: Planned(row.outcome) for row in planned_rows(wish, at=make.NOW)}
    in_python = {
        code.pk: planned_outcome(
            Intent(code.is_active, code.ends_at or offer.ends_at, code.last_change_id),
            to_active=to_active, at=make.NOW, undoing=undoes and undoes.pk,
        )
        for code in PromoCode.objects.filter(offer=offer)
    }  # fmt: skip
    assert in_sql == in_python
    plan = plan_change(wish, at=make.NOW)
    tally = {name: list(in_python.values()).count(name) for name in Planned}
    assert (plan.will_change, plan.already_so) == (tally[Planned.WILL_CHANGE], tally[Planned.ALREADY_SO])
    excluded = dict(plan.reasons)
    assert (excluded.get("ended", 0), excluded.get("changed_since", 0)) == (
        tally[Planned.ENDED], tally[Planned.CHANGED_SINCE],
    )  # fmt: skip
    assert plan.will_change + plan.already_so + plan.excluded == len(codes)


def _change(workspace, offer, to_active):
    from offerwell.models import BulkChange

    return BulkChange.objects.create(
        workspace=workspace, offer=offer, part="codes", to_active=not to_active, at=make.NOW, actor_name="Ana",
        door="web", key=f"k{offer.pk}", body_hash="", selection={}, selected=1, changed=1, already_so=0, excluded=0,
        members_changed=1, digest="",
    )  # fmt: skip


def _items(workspace, change, offer):
    from offerwell.models import BulkChangeItem

    for code in PromoCode.objects.filter(offer=offer):
        BulkChangeItem.objects.create(
            workspace=workspace, change_id=change.pk, target_id=code.pk, enrollment_id=code.enrollment_id, member_id=1,
            was_active=to_bool(code),
        )  # fmt: skip


def to_bool(code):
    return code.is_active
