"""Which offers *Manage Offers* lists: the reference page's five sentences, each with data that could leak."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.queries.manageable_offers import manageable_in_project, manageable_of_member
from offerwell.queries.project_members import newest_move
from offerwell.queries.project_offers import shows_manage_offers
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within
from tests import make


@pytest.fixture
def autumn(acme, rival):
    """Nora and Liam in Welcome, Mia in Promo Code. A rival with the same names, and an offer connected."""
    project = make.project(acme, "Autumn")
    welcome, codes = list(project.stages.order_by("position"))[:2]
    for stage, name in ((welcome, "Nora"), (welcome, "Liam"), (codes, "Mia")):
        make.placement(stage, make.member(acme, name))
    with scope(workspace=rival):
        theirs = make.project(rival, "Autumn")
        offer = make.offer(rival, "Theirs")
        make.connected(theirs, offer)
        make.enrollment(offer, make.placement(theirs.stages.first(), make.member(rival, "Nora")).member)
    return project


def who(project, *names):
    found = dict(project.placements.values_list("member__first_name", "member"))
    return MemberSelection(ids=tuple(found[name] for name in names))


def member(project, name):
    return project.placements.get(member__first_name=name).member


def listed(project, selection):
    return [(row.offer.name, row.belong, row.selected) for row in manageable_in_project(project, selection)]


def joined(project, offer, *names):
    return [make.enrollment(offer, member(project, name)) for name in names]


def test_only_offers_that_are_connected_to_the_project_now(acme, autumn):
    connected, other = make.offer(acme, "Connected"), make.offer(acme, "Of another project")
    make.connected(autumn, connected)
    make.connected(make.project(acme, "Spring"), other)
    for offer in (connected, other):
        joined(autumn, offer, "Nora")
    assert listed(autumn, who(autumn, "Nora")) == [("Connected", 1, 1)]


def test_only_offers_that_a_selected_member_belongs_to_whatever_their_status(acme, autumn):
    names = ("Active", "Archived", "Draft", "Ended", "Paused")
    ended = {"ends_at": make.NOW - timedelta(days=1)}
    for name in names:
        fields = ended if name == "Ended" else {"status": name.lower()}
        offer = make.offer(acme, name, **fields)
        make.connected(autumn, offer)
        (place,) = joined(autumn, offer, "Nora")
        make.code(place, is_active=False)
    without_code = make.offer(acme, "No code yet")
    make.connected(autumn, without_code)
    joined(autumn, without_code, "Nora")
    of_others = make.offer(acme, "Of Mia only")
    make.connected(autumn, of_others)
    joined(autumn, of_others, "Mia")
    assert listed(autumn, who(autumn, "Nora", "Liam")) == [
        ("Active", 1, 2), ("Archived", 1, 2), ("Draft", 1, 2), ("Ended", 1, 2), ("No code yet", 1, 2), ("Paused", 1, 2),
    ]  # fmt: skip
    assert listed(autumn, who(autumn, "Mia")) == [("Of Mia only", 1, 1)]
    assert listed(autumn, who(autumn, "Liam")) == []


def test_never_offers_that_the_members_belong_to_outside_the_project(acme, autumn):
    outside = make.offer(acme, "Outside")
    joined(autumn, outside, "Nora", "Liam", "Mia")
    assert listed(autumn, who(autumn, "Nora", "Liam", "Mia")) == []


def test_never_offers_that_were_connected_formerly(acme, autumn):
    former, again = make.offer(acme, "Former"), make.offer(acme, "Connected again")
    make.connected(autumn, former, until=make.NOW)
    make.connected(autumn, again, until=make.NOW)
    make.connected(autumn, again)
    for offer in (former, again):
        joined(autumn, offer, "Nora")
    assert listed(autumn, who(autumn, "Nora")) == [("Connected again", 1, 1)]


def test_promo_code_and_link_offers_alike(acme, autumn):
    for name, kind in (("Both", "both"), ("Code", "promo_code"), ("Link", "sales_link")):
        offer = make.offer(acme, name, type=kind)
        make.connected(autumn, offer)
        joined(autumn, offer, "Nora", "Liam")
    assert listed(autumn, who(autumn, "Nora", "Liam", "Mia")) == [("Both", 2, 3), ("Code", 2, 3), ("Link", 2, 3)]


def test_all_of_a_stage_are_counted_like_ticked_members(acme, autumn):
    offer = make.offer(acme, "Summer")
    make.connected(autumn, offer)
    joined(autumn, offer, "Nora", "Mia")
    welcome = autumn.stages.get(kind="welcome")
    within = Within(Crowd.STAGE, welcome.pk, newest_move())
    (row,) = manageable_in_project(autumn, MemberSelection(filter=MemberFilter(), within=within))
    assert (row.belong, row.selected, row.outside) == (1, 2, 1)
    nobody = MemberSelection(filter=MemberFilter(text="zzz"), within=within)
    assert manageable_in_project(autumn, nobody) == []


def test_the_number_of_statements_does_not_grow(acme, autumn):
    counts = []
    for size in (1, 30):
        for _ in range(size):
            offer = make.offer(acme)
            make.connected(autumn, offer)
            joined(autumn, offer, "Nora")
        with CaptureQueriesContext(connection) as queries:
            manageable_in_project(autumn, who(autumn, "Nora"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_profile_lists_the_active_offers_of_the_member_in_and_outside_projects(acme, autumn):
    later, before = make.NOW + timedelta(days=1), make.NOW - timedelta(days=1)
    for name, fields in (
        ("Active", {}), ("Archived", {"status": "archived"}), ("Draft", {"status": "draft"}),
        ("Ended", {"ends_at": before}), ("Inside its dates", {"starts_at": before, "ends_at": later}),
        ("Paused", {"status": "paused"}), ("Scheduled", {"starts_at": later}),
    ):  # fmt: skip
        joined(autumn, make.offer(acme, name, **fields), "Nora")
    joined(autumn, make.offer(acme, "Of Mia"), "Mia")
    former = make.offer(acme, "Formerly connected")
    make.connected(autumn, former, until=make.NOW)
    joined(autumn, former, "Nora")
    nora = member(autumn, "Nora")
    rows = manageable_of_member(nora, MemberSelection(ids=(nora.pk,)), at=make.NOW)
    names = [(row.offer.name, row.belong, row.selected) for row in rows]
    assert names == [("Active", 1, 1), ("Formerly connected", 1, 1), ("Inside its dates", 1, 1)]


def test_the_entry_is_there_with_a_sales_tracking_stage_and_an_offer_connected_now(acme, autumn):
    plain = make.project(acme, "Plain", stages=("welcome", "completed"))
    offer = make.offer(acme)
    assert shows_manage_offers(autumn) is False
    make.connected(autumn, offer, until=make.NOW)
    assert shows_manage_offers(autumn) is False
    make.connected(autumn, offer)
    make.connected(plain, offer)
    assert (shows_manage_offers(autumn), shows_manage_offers(plain)) == (True, False)
