"""Who is meant by a selection that was not made among the members of one offer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django_scopes import scope

from offerwell.models import BulkChangeItem, Member, OfferPart, Placement
from offerwell.queries.members import newest_member_id, selected_members
from offerwell.queries.offer_member_page_selected import selected_count, selected_page
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.offer_status import Exclusion
from offerwell.rules.selection import (
    Crowd,
    InvalidSelection,
    MemberFilter,
    MemberSelection,
    Within,
    selection_from_json,
)
from tests import make

EVERYBODY = MemberFilter()


def names(selection):
    return sorted(selected_members(selection).values_list("first_name", flat=True))


def crowd(kind, of=0, up_to=0, **more):
    return MemberSelection(filter=EVERYBODY, within=Within(kind, of, up_to), **more)


@pytest.fixture
def launch(acme, rival):
    """Nora and Liam in the first stage, Mia in the second; a rival's project with somebody in it."""
    project = make.project(acme, "Launch")
    first, second = list(project.stages.order_by("position"))[:2]
    for stage, name in ((first, "Nora"), (first, "Liam"), (second, "Mia")):
        make.placement(stage, make.member(acme, name))
    with scope(workspace=rival):
        theirs = make.project(rival, "Launch")
        make.placement(theirs.stages.order_by("position")[0], make.member(rival, "Rita"))
    return project


def newest_placement():
    return Placement.objects.order_by("-pk").values_list("pk", flat=True)[0]


def test_a_stage_is_those_in_it_now(launch):
    first, second = list(launch.stages.order_by("position"))[:2]
    in_first = crowd(Crowd.STAGE, first.pk, newest_placement())
    assert names(in_first) == ["Liam", "Nora"]
    Placement.objects.filter(member__first_name="Nora").update(stage=second)
    assert names(in_first) == ["Liam"]


def test_a_project_is_all_of_its_stages_and_nobody_who_came_later(acme, launch):
    everybody = crowd(Crowd.PROJECT, launch.pk, newest_placement())
    make.placement(launch.stages.order_by("position")[0], make.member(acme, "Late"))
    assert names(everybody) == ["Liam", "Mia", "Nora"]


def test_filter_and_exceptions_count_in_a_crowd(acme, launch):
    nora = Member.objects.get(first_name="Nora")
    everybody = crowd(Crowd.PROJECT, launch.pk, newest_placement(), exclude=(nora.pk,))
    assert names(everybody) == ["Liam", "Mia"]
    assert names(replace(everybody, filter=MemberFilter(text="mia"))) == ["Mia"]


def test_the_workspace_is_its_members_up_to_the_newest_then(acme, launch):
    everybody = crowd(Crowd.WORKSPACE, up_to=newest_member_id())
    make.member(acme, "Late")
    assert names(everybody) == ["Liam", "Mia", "Nora"]


def test_a_change_is_those_it_changed(acme, launch):
    nora = Member.objects.get(first_name="Nora")
    BulkChangeItem.objects.create(
        workspace=acme, change_id=7, target_id=1, enrollment_id=1, member_id=nora.pk, was_active=True
    )
    assert names(crowd(Crowd.CHANGE, 7)) == ["Nora"]


@pytest.mark.parametrize("kind", [Crowd.STAGE, Crowd.PROJECT, Crowd.CHANGE])
def test_a_crowd_of_another_workspace_is_nobody(acme, rival, launch, kind):
    with scope(workspace=rival):
        place = Placement.objects.get()
        BulkChangeItem.objects.create(
            workspace=rival, change_id=8, target_id=1, enrollment_id=1, member_id=place.member_id, was_active=True
        )
    of = {Crowd.STAGE: place.stage_id, Crowd.PROJECT: place.project_id, Crowd.CHANGE: 8}[kind]
    assert names(crowd(kind, of, 10**9)) == []
    with scope(workspace=rival):
        assert names(crowd(kind, of, 10**9)) == ["Rita"]


def test_whoever_of_a_crowd_is_not_in_the_offer_is_left_out_and_counted(acme, launch):
    offer = make.offer(acme, "Summer", type="promo_code")
    for who in Member.objects.filter(first_name__in=["Nora", "Mia"]):
        make.code(make.enrollment(offer, who))
    make.code(make.enrollment(offer, make.member(acme, "Elsewhere")))
    everybody = crowd(Crowd.PROJECT, launch.pk, newest_placement())
    wish = Wish(offer, OfferPart.CODES, to_active=False, selection=everybody)
    plan = plan_change(wish, at=make.NOW)
    assert (plan.selected, plan.will_change, plan.reasons) == (3, 2, ((Exclusion.NOT_IN_OFFER, 1),))
    assert selected_count(offer, everybody) == 3
    assert [row.member.first_name for row in selected_page(wish, at=make.NOW).rows] == ["Mia", "Nora"]


def test_it_is_kept_and_read_back(acme):
    selection = crowd(Crowd.STAGE, 4, 9, exclude=(1,))
    assert selection_from_json(selection.to_json()) == selection
    assert "within" not in MemberSelection(ids=(1,)).to_json()


@pytest.mark.parametrize(
    "body", [{"filter": {"view": "all"}, "within": {"crowd": "moon", "of": 1, "up_to": 1}},
             {"ids": [1], "within": {"crowd": "stage", "of": 1, "up_to": 1}}],
)  # fmt: skip
def test_what_is_no_selection_is_refused(body):
    with pytest.raises(InvalidSelection):
        selection_from_json(body)
