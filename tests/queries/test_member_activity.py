"""What happened to a member: every source, newest first, each once over all pages, and nothing of anybody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from offerwell.actions.change_offer_status import change_offer_status
from offerwell.actions.edit_member import draft_of, edit_member
from offerwell.actions.undo_bulk_change import undo_bulk_change
from offerwell.models import Message, MessageRecipient, MoveKind, OfferPart, StageMove, StageMoveItem
from offerwell.queries.member_activity import Happened, member_activity
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.member_draft import member_draft
from offerwell.rules.selection import MemberSelection
from tests import make

DAY = timedelta(days=1)


def deactivate(offer, *members, at, part=OfferPart.CODES):
    wish = Wish(offer, part, False, MemberSelection(ids=tuple(one.pk for one in members)))
    plan = plan_change(wish, at=at)
    return change_offer_status(
        workspace_id=offer.workspace_id, wish=wish, digest=plan.digest, key=f"k{offer.pk}{at}", by=make.ANA, at=at
    ).change


@pytest.fixture
def nora(acme):
    return make.member(acme, "Nora")


@pytest.fixture
def summer(acme):
    return make.offer(acme, "Summer")


def told(member, **asked):
    return [(one.kind, one.at) for one in member_activity(member, **asked).entries]


def test_joined_codes_changes_moves_messages_and_edits_newest_first(acme, nora, summer):
    elena = make.member(acme, "Elena")
    place = make.enrollment(summer, nora)
    code = make.code(place, "NORA20")
    make.history(code)
    make.link(place, "nora-1")
    theirs = make.enrollment(summer, elena)
    make.history(make.code(theirs, "ELENA20"))
    both = deactivate(summer, nora, elena, at=make.NOW + DAY)
    deactivate(summer, elena, at=make.NOW + 2 * DAY, part=OfferPart.LINKS)
    stages = make.project(acme, "Launch").stages.order_by("position")
    move = StageMove.objects.create(
        workspace=acme, project=stages[0].project, kind=MoveKind.ADDED, to_stage=stages[0], to_name="Welcome",
        members=1, at=make.NOW + 3 * DAY, actor_name="Ana Lopez", door="web",
    )  # fmt: skip
    StageMoveItem.objects.create(workspace=acme, move=move, member=nora)
    message = Message.objects.create(
        workspace=acme, audience={}, key="m", actor_name="Ana", door="web", created_at=make.NOW, changed_at=make.NOW
    )
    for who, state, handed in ((nora, "sent", make.NOW + 4 * DAY), (elena, "sent", make.NOW + 4 * DAY)):
        MessageRecipient.objects.create(
            workspace=acme,
            message=message,
            member=who,
            state=state,
            subject=f"For {who.first_name}",
            handed_over_at=handed,
        )
    draft = member_draft(first_name="Nina", last_name="", email=nora.email, country="", handles=[])
    edit_member(
        workspace_id=acme.pk,
        member=nora,
        draft=draft,
        seen=draft_of(nora).fingerprint,
        by=make.ANA,
        at=make.NOW + 5 * DAY,
    )
    page = member_activity(nora)
    assert [entry.kind for entry in page.entries] == [
        Happened.EDITED, Happened.MESSAGE, Happened.MOVED, Happened.CHANGED,
        Happened.LINK, Happened.CODE, Happened.JOINED, Happened.ADDED,
    ]  # fmt: skip
    edited, letter, moved, changed, link, made, joined, _ = page.entries
    assert (edited.who, edited.facts) == ("Ana Lopez", {"changed": ["first_name", "last_name", "country"]})
    assert (letter.text, letter.state, letter.message) == ("For Nora", "sent", message)
    assert (moved.move, moved.who) == (move, "Ana Lopez")
    assert (changed.change, changed.offer, [part.text for part in changed.parts]) == (both, summer, ["NORA20"])
    assert (link.text, made.text, joined.offer) == ("nora-1", "NORA20", summer)
    assert page.next is None


def test_every_entry_is_on_exactly_one_page(acme, nora):
    for n in range(9):
        offer = make.offer(acme)
        make.history(make.code(make.enrollment(offer, nora)))
        if n % 3 == 0:
            change = deactivate(offer, nora, at=make.NOW + n * DAY)
            undo_bulk_change(workspace_id=acme.pk, change=change, by=make.ANA, at=make.NOW + n * DAY)
    everything = told(nora, size=100)
    assert len(everything) == 1 + 9 + 9 + 6
    seen, before = [], None
    while True:
        page = member_activity(nora, before=before, size=4)
        assert len(page.entries) <= 4
        seen += [(one.kind, one.at) for one in page.entries]
        before = page.next
        if before is None:
            break
    assert seen == everything


def test_the_number_of_statements_does_not_grow(acme):
    counts = []
    for size in (1, 6):
        who = make.member(acme)
        for _ in range(size):
            offer = make.offer(acme)
            make.history(make.code(make.enrollment(offer, who)))
            deactivate(offer, who, at=make.NOW + size * DAY)
        with CaptureQueriesContext(connection) as statements:
            member_activity(who)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 14


def test_a_change_of_another_member_with_the_same_numbers_is_not_told(acme, rival, nora, summer):
    """Targets are numbers of codes, links or places: those of one kind must not be taken for another's."""
    place = make.enrollment(summer, nora)
    other = make.member(acme, "Elena")
    elsewhere = make.enrollment(summer, other)
    link = make.link(elsewhere, pk=place.pk)
    assert deactivate(summer, other, at=make.NOW + DAY, part=OfferPart.LINKS).changed == 1
    assert link.pk == place.pk
    assert [kind for kind, _ in told(nora)] == [Happened.JOINED, Happened.ADDED]
