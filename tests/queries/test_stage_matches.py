"""Who matches in a stage: the same whether a word is rare or frequent, in a small stage or a large one."""

from __future__ import annotations

import pytest
from django_scopes import scope

from offerwell.models import Placement
from offerwell.queries import few_or_many, project_members
from offerwell.queries.project_members import count_in_stage, selected_places, stage_matches
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within
from tests import make

CASES = [
    ({"text": "nora"}, ["Nora", "Nora"]), ({"text": "nora", "country": "DE"}, ["Nora"]), ({"text": "no"}, ["Nora", "Nora"]),
    ({"text": "dubois no"}, ["Nora", "Nora"]), ({"text": "dubois"}, ["Mia", "Nora", "Nora"]), ({"text": "zzz"}, []),
    ({"country": "FR"}, ["Mia", "Nora"]), ({"text": 'nora" OR "mia'}, []), ({"text": "nora%"}, []),
    ({}, ["Mia", "Nora", "Nora"]),
]  # fmt: skip


@pytest.fixture
def stage(acme, rival):
    """Two Noras and Mia are in the stage; another Nora in the next one, another in no project, another is a rival's."""
    project = make.project(acme)
    here, there = project.stages.order_by("position")[:2]
    for name, country in (("Nora", "FR"), ("Nora", "DE"), ("Mia", "FR")):
        make.placement(here, make.member(acme, name, country=country))
    make.placement(there, make.member(acme, "Nora"))
    make.member(acme, "Nora")
    with scope(workspace=rival):
        make.placement(make.project(rival).stages.first(), make.member(rival, "Nora"))
    return here


@pytest.mark.parametrize(("few", "in_stage"), [(2_000, 3), (4, 3), (4, few_or_many.LARGE)])
@pytest.mark.parametrize(("fields", "expected"), CASES)
def test_a_search_finds_in_the_stage_whom_a_selection_means(stage, monkeypatch, fields, expected, few, in_stage):  # noqa: PLR0917
    monkeypatch.setattr(few_or_many, "FEW", few)
    monkeypatch.setattr(project_members, "FEW", few)
    wanted = MemberFilter(**fields)
    matches = stage_matches(stage, wanted, in_stage=in_stage)
    assert sorted(matches.rows.values_list("member__first_name", flat=True)) == expected
    assert (count_in_stage(matches), matches.are_cut) == ((len(expected), True), False)
    meant = selected_places(stage, MemberSelection(filter=wanted, within=Within(Crowd.STAGE, stage.pk, 0)))
    assert set(meant.values_list("pk", flat=True)) == set(matches.rows.values_list("pk", flat=True))


@pytest.mark.parametrize("in_stage", [3, few_or_many.LARGE])
def test_more_hits_than_pages_look_through_are_cut_and_that_is_told(stage, monkeypatch, in_stage):
    monkeypatch.setattr(few_or_many, "FEW", 2)
    monkeypatch.setattr(project_members, "FEW", 2)
    matches = stage_matches(stage, MemberFilter(text="dubois"), in_stage=in_stage)
    assert (matches.rows.count(), matches.are_cut) == (2, True)
    assert set(matches.rows) <= set(Placement.objects.filter(stage=stage))
