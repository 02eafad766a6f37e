"""Undo pressed twice at the same moment, and undo against a key that somebody else took."""

from __future__ import annotations

import pytest

from offerwell.actions import undo_bulk_change as undo_module
from offerwell.actions.change_offer_status import KeyReused, change_offer_status
from offerwell.actions.undo_bulk_change import undo_bulk_change
from offerwell.models import BulkChange, OfferPart, PromoCode
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.selection import MemberSelection
from tests import make


@pytest.fixture
def off(acme):
    """A change that switched one code off."""
    offer = make.offer(acme, "Summer")
    code = make.code(make.enrollment(offer), "GLOW")
    return changed(acme, offer, code.enrollment.member_id, to_active=False, key="off")


def changed(acme, offer, member_id, *, to_active, key):
    wish = Wish(offer, OfferPart.CODES, to_active, MemberSelection(ids=(member_id,)))
    digest = plan_change(wish, at=make.NOW).digest
    return change_offer_status(workspace_id=acme.pk, wish=wish, digest=digest, key=key, by=make.ANA, at=make.NOW).change


def test_a_twin_that_was_faster_is_answered_not_nothing_to_undo(acme, off, monkeypatch):
    """The other request commits while ours makes its plan."""
    real, twins = undo_module.plan_undo, []

    def slow(change, *, at):
        if not twins:
            twins.append(None)
            twins[0] = undo_bulk_change(workspace_id=acme.pk, change=change, by=make.ANA, at=at)
        return real(change, at=at)

    monkeypatch.setattr(undo_module, "plan_undo", slow)
    ours = undo_bulk_change(workspace_id=acme.pk, change=off, by=make.ANA, at=make.NOW)
    assert (ours.change, ours.was_replayed, twins[0].was_replayed) == (twins[0].change, True, False)
    assert BulkChange.objects.count() == 2


def test_another_change_under_the_key_of_the_undo_is_not_taken_for_it(acme, off):
    member_id = PromoCode.objects.get().enrollment.member_id
    other = changed(acme, off.offer, member_id, to_active=False, key=f"undo-{off.pk}")
    with pytest.raises(KeyReused) as refused:
        undo_bulk_change(workspace_id=acme.pk, change=off, by=make.ANA, at=make.NOW)
    assert refused.value.change == other
    assert (PromoCode.objects.get().is_active, BulkChange.objects.count()) == (False, 2)
