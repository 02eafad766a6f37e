"""Moving members of a project: exactly those meant, once, with their history; nobody is ever lost."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.actions import record_move
from offerwell.actions.add_to_project import add_to_project
from offerwell.actions.archive_project import archive_project
from offerwell.actions.delete_stage import delete_stage
from offerwell.actions.move_members import NobodyToMove, NoStageAfter, move_members, skip_stage
from offerwell.actions.project_state import ProjectArchived, StageGone
from offerwell.actions.record_move import MoveKeyReused
from offerwell.actions.remove_from_project import remove_from_project
from offerwell.models import Enrollment, Event, Placement, Stage, StageMove, StageMoveItem
from offerwell.queries.members import newest_member_id, selected_members
from offerwell.queries.project_members import newest_move
from offerwell.queries.verify_counts import count_problems
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within
from offerwell.rules.workflow import WorkflowRefused
from tests import make

EVERYBODY = MemberFilter()


@pytest.fixture
def autumn(acme, rival):
    """Nora, Liam and Mia in Welcome, Zoe in Content; a rival's project with somebody in it."""
    project = make.project(acme, "Autumn", stages=("welcome", "promo_code", "content"))
    for kind, name in (("welcome", "Nora"), ("welcome", "Liam"), ("welcome", "Mia"), ("content", "Zoe")):
        make.placement(stage(project, kind), make.member(acme, name))
    with scope(workspace=rival):
        make.placement(make.project(rival, "Autumn").stages.get(kind="welcome"), make.member(rival, "Rita"))
    return project


def stage(project, kind):
    return Stage.objects.select_related("project").get(project=project, kind=kind)


def ids(*names):
    found = dict(Placement.objects.values_list("member__first_name", "member_id"))
    return MemberSelection(ids=tuple(found[name] for name in names))


def everybody_in(which, **more):
    return MemberSelection(filter=EVERYBODY, within=Within(Crowd.STAGE, which.pk, newest_move()), **more)


def move(project, selection, *, start="welcome", to="promo_code", key="k1"):
    return move_members(
        workspace_id=project.workspace_id, stage=stage(project, start), to_stage=stage(project, to),
        selection=selection, key=key, by=make.ANA, at=make.NOW,
    )  # fmt: skip


def skip(project, selection, *, start="welcome", key="k1"):
    return skip_stage(
        workspace_id=project.workspace_id, stage=stage(project, start), selection=selection, key=key, by=make.ANA,
        at=make.NOW,
    )  # fmt: skip


def where(project):
    rows = Placement.objects.filter(project=project).values_list("stage__kind", "member__first_name")
    found = {}
    for kind, name in rows:
        found.setdefault(kind, set()).add(name)
    return found


AT_FIRST = {"welcome": {"Nora", "Liam", "Mia"}, "content": {"Zoe"}}


def history(member):
    """The member's moves, newest first: kind, from, to."""
    moves = StageMove.objects.filter(items__member=member).order_by("-pk")
    return list(moves.values_list("kind", "from_name", "to_name"))


def nothing_happened(project):
    assert where(project) == AT_FIRST
    assert (StageMove.objects.count(), StageMoveItem.objects.count(), Event.objects.count()) == (0, 0, 0)


def test_selected_members_move_with_one_event_and_their_history(autumn):
    made = move(autumn, ids("Nora", "Mia"))
    assert where(autumn) == {"welcome": {"Liam"}, "promo_code": {"Nora", "Mia"}, "content": {"Zoe"}}
    moved = Placement.objects.get(member__first_name="Nora")
    assert (moved.entered_at, moved.entered_move_id, moved.is_skipped) == (make.NOW, made.pk, False)
    assert (made.kind, made.members, made.from_name, made.to_name) == ("moved", 2, "Welcome", "Promo Code")
    event = Event.objects.get()
    assert (event.kind, event.subject) == ("members_moved", f"project:{autumn.pk}")
    assert json.loads(event.body) == {"from": "Welcome", "to": "Promo Code", "members": 2, "move": made.pk}
    assert history(moved.member) == [("moved", "Welcome", "Promo Code")]
    assert history(Placement.objects.get(member__first_name="Liam").member) == []


def test_a_repeat_with_the_same_key_is_the_same_move(autumn):
    first = move(autumn, ids("Nora"))
    assert move(autumn, ids("Nora")).pk == first.pk
    assert (StageMove.objects.count(), StageMoveItem.objects.count(), Event.objects.count()) == (1, 1, 1)
    skipped = skip(autumn, ids("Liam"), key="k2")
    assert skip(autumn, ids("Liam"), key="k2").pk == skipped.pk
    assert Placement.objects.get(member__first_name="Liam").stage.kind == "promo_code"


def test_the_key_of_another_move_is_refused(autumn):
    move(autumn, ids("Nora"))
    with pytest.raises(MoveKeyReused):
        move(autumn, ids("Liam"))
    assert where(autumn)["promo_code"] == {"Nora"}
    assert Event.objects.count() == 1


def test_skip_goes_to_the_next_stage_and_is_marked(autumn):
    made = skip(autumn, ids("Nora"))
    place = Placement.objects.get(member__first_name="Nora")
    assert (place.stage.kind, place.is_skipped, made.kind) == ("promo_code", True, "skipped")
    assert history(place.member) == [("skipped", "Welcome", "Promo Code")]
    move(autumn, ids("Nora"), start="promo_code", to="content", key="k2")
    assert Placement.objects.get(member__first_name="Nora").is_skipped is False


def test_the_last_stage_cannot_be_skipped(autumn):
    with pytest.raises(NoStageAfter) as refused:
        skip(autumn, ids("Zoe"), start="content")
    assert str(refused.value) == "Content is the last stage: there is none to skip to. Nothing was done."
    nothing_happened(autumn)


def test_all_in_the_stage_except_some_and_nobody_who_came_later(acme, autumn):
    welcome = stage(autumn, "welcome")
    everybody = everybody_in(welcome, exclude=ids("Mia").ids)
    move(autumn, ids("Zoe"), start="content", to="welcome", key="back")
    add_to_project(
        workspace_id=acme.pk, stage=welcome, selection=MemberSelection(ids=(make.member(acme, "Late").pk,)),
        by=make.ANA, at=make.NOW,
    )  # fmt: skip
    assert move(autumn, everybody).members == 2
    assert where(autumn) == {"welcome": {"Mia", "Zoe", "Late"}, "promo_code": {"Nora", "Liam"}}


def test_all_that_match_a_filter_move_and_a_large_move_lets_the_database_count_again(monkeypatch, autumn):
    monkeypatch.setattr(record_move, "LARGE", 1)
    within = Within(Crowd.STAGE, stage(autumn, "welcome").pk, newest_move())
    selection = MemberSelection(filter=MemberFilter(text="nora dub"), within=within)
    assert move(autumn, selection).members == 1
    assert where(autumn)["promo_code"] == {"Nora"}


def test_a_crowd_of_another_stage_means_those_of_it_who_are_here_now(autumn):
    everybody = everybody_in(stage(autumn, "content"))
    with pytest.raises(NobodyToMove):
        move(autumn, everybody)
    nothing_happened(autumn)


def test_who_left_the_stage_meanwhile_stays_where_they_are(autumn):
    chosen = ids("Nora", "Liam")
    move(autumn, ids("Nora"), to="content", key="other")
    assert move(autumn, chosen).members == 1
    assert where(autumn) == {"welcome": {"Mia"}, "promo_code": {"Liam"}, "content": {"Zoe", "Nora"}}
    with pytest.raises(NobodyToMove) as refused:
        move(autumn, chosen, key="k2")
    assert str(refused.value) == "None of the selected members is in Welcome any more. Nothing was moved."
    assert StageMove.objects.count() == 2


def test_members_of_others_never_move(acme, rival, autumn):
    with scope(workspace=rival):
        theirs = Placement.objects.get()
        before = (theirs.stage_id, theirs.entered_move_id)
    outside = make.member(acme, "Outside")
    with pytest.raises(NobodyToMove):
        move(autumn, MemberSelection(ids=(theirs.member_id, outside.pk)))
    nothing_happened(autumn)
    move(autumn, MemberSelection(ids=(theirs.member_id, *ids("Nora").ids)), key="k2")
    with scope(workspace=rival):
        theirs.refresh_from_db()
        assert (theirs.stage_id, theirs.entered_move_id) == before
        assert StageMoveItem.objects.count() == 0


def test_nobody_moves_in_an_archived_project(acme, autumn):
    archive_project(workspace_id=acme.pk, project=autumn, is_archived=True, by=make.ANA, at=make.NOW)
    newcomer = MemberSelection(ids=(make.member(acme, "New").pk,))
    for attempt in (
        lambda: move(autumn, ids("Nora")),
        lambda: skip(autumn, ids("Nora")),
        lambda: remove(autumn, ids("Nora")),
        lambda: add(autumn, newcomer),
        lambda: delete_stage(
            workspace_id=acme.pk, stage=stage(autumn, "welcome"), to_stage=stage(autumn, "content"), by=make.ANA,
            at=make.NOW,
        ),
    ):  # fmt: skip
        with pytest.raises(ProjectArchived) as refused:
            attempt()
        assert str(refused.value) == "Autumn is archived. Bring it back before you change it."
    assert where(autumn) == AT_FIRST
    assert (StageMove.objects.count(), Event.objects.count()) == (0, 1)


def test_a_stage_that_is_gone_takes_nobody(acme, autumn):
    gone = stage(autumn, "promo_code")
    delete_stage(workspace_id=acme.pk, stage=gone, to_stage=None, by=make.ANA, at=make.NOW)
    with pytest.raises(StageGone):
        move_members(
            workspace_id=acme.pk, stage=stage(autumn, "welcome"), to_stage=gone, selection=ids("Nora"), key="k",
            by=make.ANA, at=make.NOW,
        )  # fmt: skip
    assert where(autumn) == AT_FIRST


def test_the_number_of_statements_does_not_grow(acme, autumn):
    counts = []
    for size in (1, 40):
        welcome = stage(autumn, "welcome")
        selection = MemberSelection(ids=tuple(make.placement(welcome).member_id for _ in range(size)))
        with CaptureQueriesContext(connection) as queries:
            assert move(autumn, selection, key=f"k{size}").members == size
        counts.append(len(queries))
    assert counts[0] == counts[1]


def remove(project, selection, *, start="welcome", key="r1"):
    return remove_from_project(
        workspace_id=project.workspace_id, stage=stage(project, start), selection=selection, key=key, by=make.ANA,
        at=make.NOW,
    )  # fmt: skip


def test_who_is_removed_keeps_offers_and_history(acme, autumn):
    offer = make.offer(acme, "Summer")
    nora = Placement.objects.get(member__first_name="Nora").member
    make.code(make.enrollment(offer, nora))
    made = remove(autumn, ids("Nora"))
    assert remove(autumn, MemberSelection(ids=(nora.pk,))).pk == made.pk
    assert where(autumn) == {"welcome": {"Liam", "Mia"}, "content": {"Zoe"}}
    assert Enrollment.objects.filter(member=nora).count() == 1
    assert history(nora) == [("removed", "Welcome", "")]
    with pytest.raises(NobodyToMove):
        remove(autumn, MemberSelection(ids=(nora.pk,)), key="r2")
    assert Event.objects.count() == 1


def add(project, selection, *, to="welcome"):
    return add_to_project(
        workspace_id=project.workspace_id, stage=stage(project, to), selection=selection, by=make.ANA, at=make.NOW
    )


def test_members_come_in_once_and_stay_in_their_stage(acme, rival, autumn):
    ada, theirs = make.member(acme, "Ada"), make.member(rival, "Foreign")
    zoe = ids("Zoe").ids
    added = add(autumn, MemberSelection(ids=(ada.pk, *zoe, theirs.pk)), to="promo_code")
    assert (added.added, added.already) == (1, 1)
    assert where(autumn) == {**AT_FIRST, "promo_code": {"Ada"}}
    place = Placement.objects.get(member=ada)
    assert (place.name_key, place.added_at, place.entered_move_id) == ("ada dubois", make.NOW, added.move.pk)
    assert history(ada) == [("added", "", "Promo Code")]
    again = add(autumn, MemberSelection(ids=(ada.pk, *zoe)))
    assert (again.added, again.already, again.move) == (0, 2, None)
    assert (StageMove.objects.count(), Event.objects.count()) == (1, 1)


def test_all_members_that_match_come_in(acme, autumn):
    make.member(acme, "Berlin", country="DE")
    everybody = MemberSelection(
        filter=MemberFilter(country="DE"), within=Within(Crowd.WORKSPACE, up_to=newest_member_id())
    )
    make.member(acme, "Later", country="DE")
    assert add(autumn, everybody).added == 1
    assert where(autumn)["welcome"] == AT_FIRST["welcome"] | {"Berlin"}


def test_those_a_move_moved_are_a_crowd(autumn):
    made = move(autumn, ids("Nora", "Mia"))
    moved = MemberSelection(filter=EVERYBODY, within=Within(Crowd.MOVE, made.pk))
    assert set(selected_members(moved).values_list("first_name", flat=True)) == {"Nora", "Mia"}


def test_a_deleted_stage_gives_its_members_to_the_one_named_and_history_keeps_its_name(acme, autumn):
    welcome, content = stage(autumn, "welcome"), stage(autumn, "content")
    with pytest.raises(WorkflowRefused):
        delete_stage(workspace_id=acme.pk, stage=welcome, to_stage=None, by=make.ANA, at=make.NOW)
    nothing_happened(autumn)
    assert delete_stage(workspace_id=acme.pk, stage=welcome, to_stage=content, by=make.ANA, at=make.NOW) == 3
    assert where(autumn) == {"content": {"Nora", "Liam", "Mia", "Zoe"}}
    assert list(Stage.objects.order_by("position").values_list("kind", "position")) == [
        ("promo_code", 0),
        ("content", 1),
    ]
    nora = Placement.objects.get(member__first_name="Nora").member
    assert history(nora) == [("stage_deleted", "Welcome", "Content")]
    kinds = list(Event.objects.order_by("seq").values_list("kind", flat=True))
    assert kinds == ["members_stage_deleted", "stage_deleted"]


def test_what_verify_says_of_moves(acme, autumn):
    made = move(autumn, ids("Nora"))
    assert count_problems(acme) == []
    StageMove.objects.filter(pk=made.pk).update(members=2)
    Placement.objects.filter(member__first_name="Nora").update(stage=stage(autumn, "content"))
    nora = Placement.objects.get(member__first_name="Nora")
    assert [(one.check, one.where, one.wrong) for one in count_problems(acme)] == [
        ("stage_move", f"move {made.pk}", "it says 2 members, 1 are there"),
        (
            "placement", f"member {nora.member_id} in project {autumn.pk}",
            "its stage is not the one that its last move led to",
        ),
    ]  # fmt: skip


def test_a_stage_is_not_emptied_into_another_project_and_the_only_one_stays(acme, autumn):
    other = make.project(acme, "Other", stages=("custom",))
    with pytest.raises(WorkflowRefused):
        delete_stage(
            workspace_id=acme.pk, stage=stage(autumn, "welcome"), to_stage=stage(other, "custom"), by=make.ANA,
            at=make.NOW,
        )  # fmt: skip
    with pytest.raises(WorkflowRefused):
        delete_stage(workspace_id=acme.pk, stage=stage(other, "custom"), to_stage=None, by=make.ANA, at=make.NOW)
    nothing_happened(autumn)
    assert Stage.objects.filter(project=other).count() == 1
