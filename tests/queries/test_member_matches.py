"""Who matches a filter of the members list: the same whether few or many, on pages, in counts and in selections."""

from __future__ import annotations

import pytest
from django_scopes import scope

from offerwell.models import Group, GroupMember, MemberTag, Tag
from offerwell.queries.member_list import count_up_to
from offerwell.queries.members import member_matches, members_matching
from offerwell.rules.selection import MemberFilter
from tests import make


def tagged(workspace, *members):
    tag = Tag.objects.create(workspace=workspace, name="VIP", key="vip")
    group = Group.objects.create(workspace=workspace, name="Paris", key="paris")
    for one in members:
        MemberTag.objects.create(workspace=workspace, tag=tag, member=one)
        GroupMember.objects.create(workspace=workspace, group=group, member=one)


@pytest.fixture
def summer(acme, rival):
    """Nora and Elena are tagged, in the group and in the offer; Mia is not; the rival has the same names."""
    offer = make.offer(acme, "Summer")
    nora, elena = make.member(acme, "Nora"), make.member(acme, "Elena", country="DE")
    make.member(acme, "Mia")
    tagged(acme, nora, elena)
    for one in (nora, elena):
        make.enrollment(offer, one)
    with scope(workspace=rival):
        theirs = make.member(rival, "Nora")
        tagged(rival, theirs)
        make.enrollment(make.offer(rival, "Summer"), theirs)
    return offer


CASES = [
    ({"tag": "VIP"}, ["Elena", "Nora"]), ({"group": "paris"}, ["Elena", "Nora"]), ({"tag": "none"}, []),
    ({"tag": "vip", "group": "paris", "country": "FR"}, ["Nora"]), ({"text": "nora"}, ["Nora"]), ({"text": "no"}, ["Nora"]),
    ({"text": "dub no", "tag": "vip"}, ["Nora"]), ({"text": "mia", "tag": "vip"}, []), ({"text": "zq\0b"}, []),
    ({}, ["Elena", "Mia", "Nora"]),
]  # fmt: skip


@pytest.mark.parametrize("few", [2_000, 1])
@pytest.mark.parametrize(("fields", "expected"), CASES)
def test_pages_counts_and_selections_mean_the_same_members(summer, monkeypatch, fields, expected, few):
    monkeypatch.setattr("offerwell.queries.few_or_many.FEW", few)
    for offer in (0, summer.pk):
        wanted = MemberFilter(**fields, offer=offer)
        meant = [name for name in expected if not offer or name != "Mia"]
        assert sorted(members_matching(wanted).values_list("first_name", flat=True)) == meant
        matches = member_matches(wanted)
        if not matches.are_cut:
            assert sorted(matches.rows.values_list("first_name", flat=True)) == meant
            assert count_up_to(matches) == len(meant)


def test_an_offer_of_another_workspace_has_none_of_our_members(summer, rival):
    with scope(workspace=rival):
        theirs = make.offer(rival, "Theirs")
        make.enrollment(theirs)
    assert list(members_matching(MemberFilter(offer=theirs.pk))) == []
    assert list(members_matching(MemberFilter(offer=10**15))) == []


def test_among_very_many_a_short_word_begins_the_name(summer, monkeypatch):
    monkeypatch.setattr("offerwell.queries.few_or_many.LARGE", 2)
    assert [one.first_name for one in members_matching(MemberFilter(text="no"))] == ["Nora"]
    assert [one.first_name for one in members_matching(MemberFilter(text="ia"))] == []
