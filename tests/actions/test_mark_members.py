"""Groups and tags: exactly the selected members get or lose them; names stay one; deleting deletes no member."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.actions.delete_mark import delete_mark
from offerwell.actions.mark_members import mark_members
from offerwell.actions.rename_mark import rename_mark
from offerwell.actions.save_view import save_view
from offerwell.actions.unmark_members import unmark_members
from offerwell.models import Event, Group, GroupMember, Member, MemberTag, SavedView, ScheduledChange, Tag
from offerwell.queries.members import members_matching, newest_member_id
from offerwell.queries.saved_views import filter_of
from offerwell.rules.marks import MarkKind, MarkRefused
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within
from tests import make

BY = {"by": make.ANA, "at": make.NOW}


def mark(workspace, name, *members, kind=MarkKind.GROUP, selection=None):
    selection = selection or MemberSelection(ids=tuple(one.pk for one in members))
    return mark_members(workspace_id=workspace.pk, kind=kind, name=name, selection=selection, **BY)


def unmark(workspace, mark_id, *members, kind=MarkKind.GROUP):
    selection = MemberSelection(ids=tuple(one.pk for one in members))
    return unmark_members(workspace_id=workspace.pk, kind=kind, mark_id=mark_id, selection=selection, **BY)


def everybody(**fields):
    return MemberSelection(filter=MemberFilter(**fields), within=Within(Crowd.WORKSPACE, 0, newest_member_id()))


def facts():
    return [(one.kind, one.subject, json.loads(one.body)) for one in Event.objects.order_by("seq")]


def carrying(model):
    return sorted(model.objects.values_list("member__first_name", flat=True))


@pytest.fixture
def nora(acme):
    return make.member(acme, "Nora")


@pytest.fixture
def elena(acme):
    return make.member(acme, "Elena")


def test_a_new_group_holds_exactly_the_selected_of_this_workspace(acme, rival, nora, elena):
    make.member(acme, "Mia")
    theirs = make.member(rival, "Rita")
    done = mark(acme, "  Paris   event ", nora, elena, theirs)
    assert (done.mark.name, done.mark.key, done.added, done.already) == ("Paris event", "paris event", 2, 0)
    assert carrying(GroupMember) == ["Elena", "Nora"]
    assert facts() == [(
        "members_grouped", f"group:{done.mark.pk}",
        {"name": "Paris event", "added": 2, "already": 0, "is_new": True},
    )]  # fmt: skip
    with scope(workspace=rival):
        assert (Group.objects.count(), GroupMember.objects.count()) == (0, 0)


def test_the_same_name_without_case_is_the_same_tag_and_a_repeat_records_nothing(acme, nora, elena):
    first = mark(acme, "VIP", nora, kind=MarkKind.TAG)
    again = mark(acme, "vip", nora, elena, kind=MarkKind.TAG)
    assert (again.mark.pk, again.mark.name, again.added, again.already) == (first.mark.pk, "VIP", 1, 1)
    once_more = mark(acme, "VIP", nora, elena, kind=MarkKind.TAG)
    assert (once_more.added, once_more.already, Event.objects.count()) == (0, 2, 2)
    assert (carrying(MemberTag), Group.objects.count()) == (["Elena", "Nora"], 0)


def test_all_that_match_up_to_the_snapshot_in_as_many_statements_as_one(acme):
    counts = []
    for size in (1, 30):
        for _ in range(size):
            make.member(acme, country="FR")
        make.member(acme, country="DE")
        chosen = everybody(country="FR")
        make.member(acme, "Later")
        with CaptureQueriesContext(connection) as statements:
            group = mark(acme, f"Group {size}", selection=chosen).mark
        with CaptureQueriesContext(connection) as taken:
            kept = MemberSelection(filter=MemberFilter(country="DE"), within=chosen.within)
            unmark_members(workspace_id=acme.pk, kind=MarkKind.GROUP, mark_id=group.pk, selection=kept, **BY)
        counts.append((len(statements), len(taken)))
    assert counts[0] == counts[1]
    assert GroupMember.objects.filter(group__key="group 30").count() == 32  # the first later one is from France too
    assert not GroupMember.objects.filter(group__key="group 30", member__country="DE").exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("", "Give the group a name."), (" \0 ", "Give the group a name."), ("x" * 81, "The name has 81 characters. 80 is the most."),
     ("a, b", "A group’s name can’t hold a comma, semicolon or bar: files separate groups by them.")],
)  # fmt: skip
def test_an_unfit_name_is_refused_and_nothing_is_done(acme, nora, name, sentence):
    with pytest.raises(MarkRefused) as refused:
        mark(acme, name, nora)
    assert str(refused.value) == sentence
    assert (Group.objects.count(), GroupMember.objects.count(), Event.objects.count()) == (0, 0, 0)


def test_taking_off_leaves_the_members_the_tag_and_the_others(acme, rival, nora, elena):
    done = mark(acme, "VIP", nora, elena, kind=MarkKind.TAG)
    mark(acme, "Micro", nora, kind=MarkKind.TAG)
    assert unmark(acme, done.mark.pk, nora, kind=MarkKind.TAG) == 1
    assert list(MemberTag.objects.order_by("pk").values_list("member__first_name", "tag__name")) == [
        ("Elena", "VIP"), ("Nora", "Micro"),
    ]  # fmt: skip
    assert facts()[-1] == ("members_untagged", f"tag:{done.mark.pk}", {"name": "VIP", "removed": 1})
    assert (unmark(acme, done.mark.pk, nora, kind=MarkKind.TAG), Event.objects.count()) == (0, 3)
    with scope(workspace=rival):
        theirs = Tag.objects.create(workspace=rival, name="VIP", key="vip")
        link = MemberTag.objects.create(workspace=rival, tag=theirs, member=make.member(rival))
    with pytest.raises(MarkRefused, match=r"This tag is not there any more\. Nothing was done\."):
        unmark(acme, theirs.pk, nora, link.member, kind=MarkKind.TAG)
    with scope(workspace=rival):
        assert MemberTag.objects.count() == 1


def rename(workspace, mark_id, name, kind=MarkKind.GROUP):
    return rename_mark(workspace_id=workspace.pk, kind=kind, mark_id=mark_id, name=name, **BY)


def test_a_rename_takes_saved_views_along_and_keeps_the_members(acme, nora):
    group = mark(acme, "Paris", nora).mark
    view = save_view(workspace_id=acme.pk, name="In Paris", wanted=MemberFilter(group="paris", country="FR"), **BY)
    rename(acme, group.pk, "Lyon")
    view.refresh_from_db()
    assert filter_of(view) == MemberFilter(group="lyon", country="FR")
    assert list(members_matching(filter_of(view))) == [nora]
    assert facts()[-1] == ("group_renamed", f"group:{group.pk}", {"before": "Paris", "name": "Lyon"})
    assert rename(acme, group.pk, "LYON").name == "LYON"


def test_a_name_that_is_taken_is_refused(acme, nora):
    paris, lyon = mark(acme, "Paris", nora).mark, mark(acme, "Lyon", nora).mark
    with pytest.raises(MarkRefused, match=r"There is a group named paris already\. Choose another name\."):
        rename(acme, lyon.pk, "paris")
    lyon.refresh_from_db()
    assert (lyon.name, paris.name, Event.objects.count()) == ("Lyon", "Paris", 2)


def scheduled(workspace, **wanted):
    return ScheduledChange.objects.create(
        workspace=workspace, offer=make.offer(workspace), part="codes", to_active=False,
        selection=MemberSelection(filter=MemberFilter(**wanted), up_to=9).to_json(), planned={}, zone="UTC",
        run_at=make.NOW, due_at=make.NOW, actor_name="Ana", door="web", key=f"k{wanted}", body_hash="",
        scheduled_at=make.NOW,
    )  # fmt: skip


def test_a_mark_that_a_scheduled_change_means_keeps_its_name_and_stays(acme, nora):
    """It would mean nobody under another name: the change would silently not happen."""
    tag = mark(acme, "VIP", nora, kind=MarkKind.TAG).mark
    waits = scheduled(acme, tag="vip")
    for attempt in (
        lambda: rename(acme, tag.pk, "Gold", MarkKind.TAG),
        lambda: delete_mark(workspace_id=acme.pk, kind=MarkKind.TAG, mark_id=tag.pk, **BY),
    ):
        with pytest.raises(MarkRefused, match=rf"members of this tag \(number {waits.pk}\). Cancel it first"):
            attempt()
    assert (Tag.objects.get().name, carrying(MemberTag)) == ("VIP", ["Nora"])
    ScheduledChange.objects.update(state="cancelled", due_at=None)
    assert rename(acme, tag.pk, "Gold", MarkKind.TAG).key == "gold"


def test_deleting_a_group_deletes_no_member_and_the_views_that_would_show_nobody(acme, rival, nora, elena):
    group = mark(acme, "Paris", nora, elena).mark
    mark(acme, "Lyon", nora)
    save_view(workspace_id=acme.pk, name="In Paris", wanted=MemberFilter(group="paris"), **BY)
    save_view(workspace_id=acme.pk, name="French", wanted=MemberFilter(country="FR"), **BY)
    assert delete_mark(workspace_id=acme.pk, kind=MarkKind.GROUP, mark_id=group.pk, **BY) == 2
    assert (Member.objects.count(), carrying(GroupMember)) == (2, ["Nora"])
    assert list(SavedView.objects.values_list("name", flat=True)) == ["French"]
    assert facts()[-1] == (
        "group_deleted", f"group:{group.pk}", {"name": "Paris", "members": 2, "views": ["In Paris"]},
    )  # fmt: skip
    with scope(workspace=rival):
        theirs = Group.objects.create(workspace=rival, name="Lyon", key="lyon")
    with pytest.raises(MarkRefused):
        delete_mark(workspace_id=acme.pk, kind=MarkKind.GROUP, mark_id=theirs.pk, **BY)
    with scope(workspace=rival):
        assert Group.objects.count() == 1
