"""Editing a member: what lists and searches look through follows; what another member has is refused by name."""

from __future__ import annotations

import json

import pytest
from django_scopes import scope

from offerwell.actions.edit_member import MemberChanged, draft_of, edit_member
from offerwell.models import Enrollment, Event, Member, Placement, SocialHandle
from offerwell.queries.members import members_matching
from offerwell.queries.offer_members import enrollments_matching
from offerwell.rules.member_draft import MemberRefused, member_draft
from offerwell.rules.selection import MemberFilter
from tests import make

NORA = {"first_name": "Nora", "last_name": "Dubois", "email": "nora@x.example", "country": "FR", "handles": []}


@pytest.fixture
def nora(acme):
    made = make.member(acme, "Nora", "Dubois", email="nora@x.example")
    handle(made, "instagram", "Nora.D")
    return Member.objects.get(pk=made.pk)


def handle(member, network, text):
    with scope(workspace=member.workspace):
        SocialHandle.objects.create(
            workspace=member.workspace, member=member, network=network, handle=text, handle_key=text.lower()
        )


def edit(member, seen=None, **changes):
    before = draft_of(member)
    handles = [(one.network, one.text) for one in before.handles]
    typed = {**NORA, "handles": handles, **changes}
    return edit_member(
        workspace_id=member.workspace_id, member=member, draft=member_draft(**typed),
        seen=before.fingerprint if seen is None else seen, by=make.ANA, at=make.NOW,
    )  # fmt: skip


def stored(member):
    member = Member.objects.get(pk=member.pk)
    handles = list(member.handles.order_by("pk").values_list("network", "handle", "handle_key"))
    return member.first_name, member.last_name, member.email, member.email_key, member.country, handles


def test_everything_that_shows_or_finds_the_member_follows(acme, nora):
    offer, stage = make.offer(acme), make.project(acme).stages.order_by("position").first()
    place = make.enrollment(offer, nora)
    make.code(place, "NORA20")
    spot = make.placement(stage, nora)
    edit(
        nora,
        first_name="  Élodie ",
        email="E.Martin@X.example",
        country="Germany",
        handles=[("tiktok", "@Elo"), ("x", "")],
    )
    assert stored(nora) == (
        "Élodie", "Dubois", "E.Martin@X.example", "e.martin@x.example", "DE", [("tiktok", "Elo", "elo")],
    )  # fmt: skip
    assert Enrollment.objects.get(pk=place.pk).search_text == "élodie dubois e.martin@x.example elo nora20"
    assert Enrollment.objects.get(pk=place.pk).name_key == "élodie dubois"
    assert Placement.objects.get(pk=spot.pk).name_key == "élodie dubois"
    for text, found in (("élodie", 1), ("nora.d", 0), ("e.martin@", 1)):
        assert members_matching(MemberFilter(text=text)).count() == found
    assert enrollments_matching(offer, MemberFilter(text="élodie nora20")).count() == 1


def test_the_event_names_fields_and_holds_no_personal_data(acme, nora):
    edit(nora, email="new@x.example", country="")
    event = Event.objects.get()
    assert (event.kind, event.subject) == ("member_edited", f"member:{nora.pk}")
    assert json.loads(event.body) == {"changed": ["email", "country"]}
    edit(Member.objects.get(pk=nora.pk), email="new@x.example", country="")
    assert Event.objects.count() == 1


def test_an_address_another_member_has_is_refused_by_name_and_nothing_changes(acme, rival, nora):
    elena = make.member(acme, "Elena", "Rossi", email="elena@x.example")
    make.member(rival, "Rita", email="free@x.example")
    before = stored(nora)
    with pytest.raises(MemberRefused) as refused:
        edit(nora, first_name="Nina", email="ELENA@x.example")
    assert refused.value.problems == {"email": "Elena Rossi has this e-mail already. Two members can’t share one."}
    assert refused.value.owners == {"email": elena.pk}
    assert (stored(nora), Event.objects.count()) == (before, 0)
    assert edit(nora, email="free@x.example").email == "free@x.example"


def test_a_handle_another_member_has_is_refused_by_name(acme, nora):
    elena = make.member(acme, "Elena", "Rossi")
    handle(elena, "tiktok", "glows")
    with pytest.raises(MemberRefused) as refused:
        edit(nora, handles=[("instagram", "Nora.D"), ("tiktok", "@GLOWS")])
    assert refused.value.problems == {"handles": "Elena Rossi has @GLOWS (TikTok) already. Correct one of the two."}
    assert (refused.value.owners, Event.objects.count()) == ({"handles": elena.pk}, 0)
    edit(nora, handles=[("instagram", "glows")])
    assert [one.handle for one in nora.handles.all()] == ["glows"]


def test_who_was_slower_is_told_and_overwrites_nothing(acme, nora):
    seen = draft_of(nora).fingerprint
    edit(nora, country="DE")
    with pytest.raises(MemberChanged) as refused:
        edit(nora, seen=seen, first_name="Nina")
    assert refused.value.now.country == "DE"
    assert (Member.objects.get(pk=nora.pk).first_name, Event.objects.count()) == ("Nora", 1)


@pytest.mark.parametrize(
    ("typed", "problems"),
    [
        ({"email": "nope"}, {"email": "“nope” is not an e-mail address."}),
        ({"email": ""}, {"email": "Give an e-mail or a handle: a member is known by one of them."}),
        ({"country": "Atlantis"}, {"country": "“Atlantis” is not a country. Write its name or its two letters, such as FR."}),
        ({"first_name": "x" * 301, "email": "a b"}, {
            "first_name": f"The name “{'x' * 57}…” is longer than 300 characters.",
            "email": "“a b” is not an e-mail address.",
        }),
        ({"handles": [("moon", "nora")]}, {"handles": "Choose the network of each handle from the list."}),
        ({"handles": [("x", "a b")]}, {"handles": "“a b” is not a handle or a profile address."}),
        ({"handles": [("x", f"h{n}") for n in range(21)]}, {"handles": "That is 21 handles. 20 is the most."}),
    ],
)  # fmt: skip
def test_each_problem_is_told_at_its_field(typed, problems):
    with pytest.raises(MemberRefused) as refused:
        member_draft(**{**NORA, **typed})
    assert refused.value.problems == problems
