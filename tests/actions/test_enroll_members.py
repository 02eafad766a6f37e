"""Adding members to an offer: exactly the chosen ones, once each, of this workspace."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.actions.enroll_members import Enrolled, OfferArchived, enroll_members
from offerwell.models import Enrollment, Event, Group, GroupMember, Member, MemberTag, SocialHandle, Tag
from offerwell.queries.enrollable_members import BadLine, Joining, members_in_lines, who_would_join
from offerwell.queries.members import members_matching, newest_member_id
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within
from tests import make


def enroll(workspace, offer, selection):
    return enroll_members(workspace_id=workspace.pk, offer=offer, selection=selection, by=make.ANA, at=make.NOW)


def test_chosen_members_join_with_what_lists_need(acme, rival):
    offer = make.offer(acme)
    nora, elena = make.member(acme, "Nora"), make.member(acme, "Elena")
    theirs = make.member(rival, "Foreign")
    make.enrollment(offer, elena)
    make.enrollment(make.offer(acme), nora)
    selection = MemberSelection(ids=(nora.pk, elena.pk, theirs.pk))
    assert who_would_join(offer, selection) == Joining(will_join=1, already=1)
    assert enroll(acme, offer, selection) == Enrolled(added=1, already=1)
    joined = Enrollment.objects.get(offer=offer, member=nora)
    assert (joined.name_key, joined.search_text, joined.enrolled_at) == (
        nora.name_key,
        nora.search_text,
        make.NOW,
    )
    assert Event.objects.get().body == '{"added": 1, "already": 1}'
    with scope(workspace=rival):
        assert Enrollment.objects.count() == 0


def test_a_repeat_adds_nobody_and_records_nothing(acme):
    offer, nora = make.offer(acme), make.member(acme)
    enroll(acme, offer, MemberSelection(ids=(nora.pk,)))
    assert enroll(acme, offer, MemberSelection(ids=(nora.pk,))) == Enrolled(added=0, already=1)
    assert (Enrollment.objects.count(), Event.objects.count()) == (1, 1)


def test_all_that_match_except_some_up_to_the_snapshot(acme, rival):
    offer = make.offer(acme)
    nora, elena, german = (
        make.member(acme, "Nora"),
        make.member(acme, "Elena"),
        make.member(acme, country="DE"),
    )
    make.member(rival, "Foreign")
    up_to = newest_member_id()
    make.member(acme, "Later")
    enroll(
        acme,
        offer,
        MemberSelection(
            filter=MemberFilter(country="FR"), exclude=(elena.pk,), within=Within(Crowd.WORKSPACE, up_to=up_to)
        ),
    )
    assert list(Enrollment.objects.values_list("member_id", flat=True)) == [nora.pk]
    assert german.country == "DE"


def test_an_archived_offer_takes_nobody(acme):
    offer, nora = make.offer(acme, "Old", status="archived"), make.member(acme)
    with pytest.raises(OfferArchived) as refused:
        enroll(acme, offer, MemberSelection(ids=(nora.pk,)))
    assert str(refused.value) == "Old is archived. Set it to active before you add members."
    assert (Enrollment.objects.count(), Event.objects.count()) == (0, 0)


def test_the_number_of_queries_does_not_grow(acme):
    counts = []
    for size in (1, 30):
        offer = make.offer(acme)
        chosen = MemberSelection(ids=tuple(make.member(acme).pk for _ in range(size)))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert enroll(acme, offer, chosen).added == size
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (MemberFilter(text="nor dub"), ["Nora"]), (MemberFilter(text="no"), ["Nora"]),
        (MemberFilter(text='"'), []), (MemberFilter(country="DE"), ["Elena"]), (MemberFilter(tag="VIP"), ["Nora"]),
        (MemberFilter(group="paris"), ["Elena"]), (MemberFilter(), ["Nora", "Elena"]),
    ],
)  # fmt: skip
def test_the_filter_of_the_workspaces_members(acme, rival, wanted, names):
    nora, elena = make.member(acme, "Nora"), make.member(acme, "Elena", "Rossi", country="DE")
    make.member(rival, "Nora")
    tag = Tag.objects.create(workspace=acme, name="VIP", key="vip")
    MemberTag.objects.create(workspace=acme, member=nora, tag=tag)
    group = Group.objects.create(workspace=acme, name="Paris", key="paris")
    GroupMember.objects.create(workspace=acme, member=elena, group=group)
    assert list(members_matching(wanted).order_by("pk").values_list("first_name", flat=True)) == names


def test_a_pasted_list_says_which_lines_name_nobody(acme, rival):
    nora, elena = make.member(acme, "Nora", email="Nora@x.example"), make.member(acme, "Elena")
    foreign = make.member(rival, email="theirs@x.example")
    for network, owner, handle in (
        ("instagram", nora, "glow"),
        ("tiktok", elena, "glow"),
        ("tiktok", nora, "nora"),
    ):
        SocialHandle.objects.create(workspace=acme, member=owner, network=network, handle=handle, handle_key=handle)
    lines = ["nora@X.example", "", "@Nora; @glow", "who@x.example", foreign.email, elena.email]
    found = members_in_lines(lines)
    assert found.ids == (nora.pk, elena.pk)
    assert found.bad == (
        BadLine(3, "@Nora", "This member is in the list twice, also as nora@X.example. Nothing to do."),
        BadLine(3, "@glow", "Several members have this handle. Use the e-mail instead."),
        BadLine(4, "who@x.example", "No member has this e-mail. Check the spelling, or import the member first."),
        BadLine(
            5,
            "theirs@x.example",
            "No member has this e-mail. Check the spelling, or import the member first.",
        ),
    )
    assert Member.objects.count() == 2
