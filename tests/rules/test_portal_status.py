"""What a creator is shown; what a typed code, an address and a notice period are read as."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from offerwell.rules.creator_notice import InvalidReason, checked_reason, first_moment, notice_words
from offerwell.rules.offer_status import OfferState, StoreView
from offerwell.rules.portal_status import PortalStatus, Switch, portal_status
from offerwell.rules.sign_in import browser_words, looks_like_email, typed_code

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
RUNNING = OfferState(is_running=True)
AGREES = StoreView("", "", is_behind=False, is_suspect=False)
BEHIND = StoreView("", "", is_behind=True, is_suspect=False)
REFUSES = StoreView("", "failed", is_behind=True, is_suspect=False)


def shown(*stores, on=True, offer=RUNNING, is_archived=False, **dates):
    switch = Switch(on, NOW - DAY, **dates)
    return portal_status(switch, offer, stores, is_archived=is_archived, at=NOW).status


@pytest.mark.parametrize("stores", [(), (AGREES,), (BEHIND,), (REFUSES,), (AGREES, BEHIND)])
def test_a_wanted_deactivation_is_shown_whatever_stores_and_dates_say(stores):
    for archived in (True, False):
        assert shown(*stores, on=False, is_archived=archived, ends_at=NOW - DAY) == PortalStatus.DEACTIVATED


def test_active_takes_every_store():
    assert shown(AGREES, AGREES) == PortalStatus.ACTIVE
    assert shown(AGREES, BEHIND) == PortalStatus.COMING_ON
    assert shown(BEHIND, REFUSES) == PortalStatus.ON_HOLD
    assert shown() == PortalStatus.ACTIVE
    assert shown(has_address=False) == PortalStatus.COMING_ON


def test_own_dates_count_before_the_offers_and_ends_before_starts():
    past = OfferState(is_running=True, starts_at=NOW + DAY, ends_at=NOW - DAY)
    assert shown(AGREES, offer=past) == PortalStatus.EXPIRED
    assert shown(AGREES, offer=past, ends_at=NOW + DAY) == PortalStatus.SCHEDULED
    assert shown(AGREES, offer=past, starts_at=NOW - DAY, ends_at=NOW + DAY) == PortalStatus.ACTIVE
    assert shown(AGREES, ends_at=NOW) == PortalStatus.EXPIRED
    assert shown(AGREES, starts_at=NOW) == PortalStatus.ACTIVE


def test_an_archived_offer_is_over_a_paused_one_waits():
    stopped = OfferState(is_running=False)
    assert shown(AGREES, offer=stopped, is_archived=True) == PortalStatus.ENDED
    assert shown(AGREES, offer=stopped) == PortalStatus.PAUSED


def test_only_active_is_usable_and_only_what_is_over_is_struck():
    usable = {one for one in PortalStatus if one == PortalStatus.ACTIVE}
    over = {PortalStatus.DEACTIVATED, PortalStatus.EXPIRED, PortalStatus.ENDED}
    states = [
        type(portal_status(Switch(True, NOW), RUNNING, (), is_archived=False, at=NOW))(one) for one in PortalStatus
    ]
    assert {one.status for one in states if one.is_usable} == usable
    assert {one.status for one in states if one.is_over} == over


@pytest.mark.parametrize(
    ("typed", "read"),
    [("123456", "123456"), (" 123 456 ", "123456"), ("123-456", "123456"), ("12345", ""), ("1234567", ""), ("١٢٣٤٥٦", ""), ("12345a", "")],
)  # fmt: skip
def test_a_typed_code(typed, read):
    assert typed_code(typed) == read


def test_words_of_people_and_browsers():
    assert looks_like_email("stella@example.com")
    assert not looks_like_email("stella@exam ple.com")
    safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile Safari/604.1"
    assert browser_words(safari) == "Safari on iPhone"
    assert browser_words("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140") == "Edge on Windows"
    assert browser_words("") == "A browser"


def test_a_reason_is_one_line_and_a_notice_has_words():
    assert checked_reason(" It leaked.\r\n Sorry\x00 ") == "It leaked. Sorry"
    assert checked_reason("x" * 200) == "x" * 200
    with pytest.raises(InvalidReason):
        checked_reason("x" * 201)
    assert [notice_words(hours) for hours in (1, 24, 36, 48)] == ["1 hour", "1 day", "36 hours", "2 days"]


def test_the_first_moment_is_never_short_of_the_notice():
    for seconds in (0, 1, 59):
        now = NOW + timedelta(seconds=seconds)
        moment = first_moment(now, 24, "Europe/Paris")
        assert timedelta(0) <= moment - (now + DAY) <= timedelta(minutes=1)
        assert (moment.second, moment.tzname()) == (0, "CET")
