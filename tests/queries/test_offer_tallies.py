"""Counts of saved views: exact for most offers, counted in the background for the largest."""

from __future__ import annotations

from datetime import timedelta

import pytest

from offerwell.actions.count_offer_tallies import count_offer_tallies
from offerwell.models import BulkChange, OfferTally
from offerwell.queries import offer_tallies
from offerwell.queries.offer_tallies import tallies_of
from offerwell.rules.selection import View
from tests import make

LATER = make.NOW + timedelta(hours=1)


@pytest.fixture
def offer(acme):
    """Three members; one has an active and a deactivated part, so it is in both views."""
    offer = make.offer(acme)
    for n in range(3):
        place = make.enrollment(offer)
        make.code(place, is_active=n != 0)
        make.link(place)
    return offer


def counts(tallies):
    return {str(count.view): count.members for count in tallies.counts}


def test_small_offers_are_counted_now(offer):
    tallies = tallies_of(offer)
    assert counts(tallies) == {"all": 3, "active": 3, "deactivated": 1, "attention": 0}
    assert (tallies.are_stale, OfferTally.objects.count()) == (False, 0)


def test_a_large_offer_shows_nothing_until_it_was_counted_and_then_the_counts(offer, monkeypatch):
    monkeypatch.setattr(offer_tallies.tallies_of, "__kwdefaults__", {"live_up_to": 2})
    before = tallies_of(offer)
    assert (counts(before)["all"], before.are_stale) == (None, True)
    assert count_offer_tallies(offer, at=LATER) is True
    after = tallies_of(offer)
    assert counts(after) == {"all": 3, "active": 3, "deactivated": 1, "attention": 0}
    assert (after.are_stale, after.counted_at) == (False, LATER)
    assert count_offer_tallies(offer, at=LATER) is False


def test_a_bulk_change_makes_the_counts_stale_and_a_new_count_replaces_them(acme, offer, monkeypatch):
    monkeypatch.setattr(offer_tallies.tallies_of, "__kwdefaults__", {"live_up_to": 2})
    count_offer_tallies(offer, at=LATER)
    BulkChange.objects.create(
        workspace=acme, offer=offer, part="codes", to_active=False, at=LATER + timedelta(minutes=1), actor_name="Ana",
        door="web", key="k", body_hash="", selection={}, selected=1, changed=1, already_so=0, excluded=0,
        members_changed=1, digest="",
    )  # fmt: skip
    make.link(make.enrollment(offer))
    assert tallies_of(offer).are_stale is True
    assert count_offer_tallies(offer, at=LATER + timedelta(minutes=5)) is True
    assert (counts(tallies_of(offer))["all"], tallies_of(offer).are_stale) == (4, False)
    assert OfferTally.objects.count() == len(View)
