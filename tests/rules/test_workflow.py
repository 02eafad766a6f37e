"""What a workflow may be, whatever people do to it: names, one *Completed* at the end, never without a stage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerwell.rules.workflow import (
    LONGEST_STAGE_NAME,
    MOST_STAGES,
    StageKind,
    Step,
    WorkflowRefused,
    fits_stage,
    following,
    offers_manage_offers,
    refuse_heir,
    with_added,
    with_edited,
    with_shifted,
    without,
)
from offerwell.rules.workflow_templates import TEMPLATES, template_of

K = StageKind
NAMES = st.text(alphabet="abAB \x00é", max_size=4)
KINDS = st.sampled_from(list(StageKind))
DOINGS = st.lists(
    st.tuples(
        st.sampled_from(["add", "edit", "shift", "delete"]), NAMES, KINDS, st.integers(-40, 40), st.integers(0, 40)
    ),
    max_size=40,
)


def steps(*kinds):
    return tuple(Step(f"Stage {number}", kind, number) for number, kind in enumerate(kinds, start=1))


def do(workflow, doing, fresh):
    what, name, kind, by, pick = doing
    pk = workflow[pick % len(workflow)].pk
    if what == "add":
        return with_added(workflow, Step(name, kind, fresh))
    if what == "edit":
        return with_edited(workflow, Step(name, kind, pk))
    if what == "shift":
        return with_shifted(workflow, pk, by=by)
    return without(workflow, pk)


@given(DOINGS)
def test_whatever_is_done_a_workflow_stays_sound(doings):
    workflow, refusals = steps(K.CUSTOM), []
    for fresh, doing in enumerate(doings, start=2):
        before = workflow
        try:
            workflow = do(before, doing, fresh)
        except WorkflowRefused as refused:
            refusals.append(str(refused))
        assert 1 <= len(workflow) <= MOST_STAGES
        names = [step.name.casefold() for step in workflow]
        assert len(set(names)) == len(names)
        assert all(name == " ".join(name.split()) and name for name in names)
        assert [step.kind for step in workflow[:-1]].count(K.COMPLETED) == 0
        gone, come = {step.pk for step in before} - {step.pk for step in workflow}, len(workflow) - len(before)
        assert (len(gone), come) in {(0, 0), (0, 1), (1, -1)}
    assert all(sentence.endswith(".") for sentence in refusals)


@given(st.integers(1, 8), st.data())
def test_shifting_there_and_back_changes_nothing(size, data):
    workflow = steps(*[K.CUSTOM] * size)
    pk = data.draw(st.integers(1, size))
    place = pk - 1
    by = data.draw(st.integers(-place, size - 1 - place))
    there = with_shifted(workflow, pk, by=by)
    assert [step.pk for step in there].index(pk) == place + by
    assert with_shifted(there, pk, by=-by) == workflow


def test_a_stage_is_added_before_completed_and_completed_cannot_be_passed():
    workflow = with_added(steps(K.WELCOME, K.COMPLETED), Step("  New   one ", K.BRIEF, 3))
    assert [(step.name, step.pk) for step in workflow] == [("Stage 1", 1), ("New one", 3), ("Stage 2", 2)]
    assert with_shifted(workflow, 3, by=1) == workflow
    assert with_shifted(workflow, 2, by=-1) == workflow
    assert [step.pk for step in with_shifted(workflow, 3, by=-9)] == [3, 1, 2]


def test_a_stage_that_becomes_completed_goes_to_the_end():
    edited = with_edited(steps(K.WELCOME, K.BRIEF), Step("Done", K.COMPLETED, 1))
    assert [step.name for step in edited] == ["Stage 2", "Done"]


@pytest.mark.parametrize(
    ("step", "sentence", "field"),
    [
        (Step(" \x00", K.BRIEF), "Give the stage a name.", "name"),
        (Step("x" * (LONGEST_STAGE_NAME + 1), K.BRIEF), "A name has at most 80 characters.", "name"),
        (Step("stage 1", K.BRIEF), "There is a stage named Stage 1 already. Choose another name.", "name"),
        (Step("Done", K.COMPLETED), "A project has one Completed stage. Choose another kind.", "kind"),
    ],
)
def test_what_cannot_be_a_stage(step, sentence, field):
    with pytest.raises(WorkflowRefused) as refused:
        with_added(steps(K.WELCOME, K.COMPLETED), step)
    assert (str(refused.value), refused.value.field) == (sentence, field)


def test_there_is_an_end_to_the_number_of_stages():
    with pytest.raises(WorkflowRefused) as refused:
        with_added(steps(*[K.CUSTOM] * MOST_STAGES), Step("One more", K.CUSTOM))
    assert str(refused.value) == "A project has at most 30 stages."


def test_skip_leads_to_the_next_and_from_the_last_nowhere():
    workflow = steps(K.WELCOME, K.BRIEF, K.COMPLETED)
    assert following(workflow, 1) == workflow[1]
    assert following(workflow, 3) is None


@pytest.mark.parametrize(
    ("kinds", "to", "members", "sentence"),
    [
        ([K.WELCOME], None, 0, "A project keeps at least one stage. Rename this one, or add another one first."),
        ([K.WELCOME], 1, 4, "A project keeps at least one stage. Rename this one, or add another one first."),
        ([K.WELCOME, K.BRIEF], None, 1, "Choose the stage its members move to."),
        ([K.WELCOME, K.BRIEF], 1, 1, "Choose the stage its members move to."),
        ([K.WELCOME, K.BRIEF], 99, 1, "Choose the stage its members move to."),
    ],
)
def test_a_stage_with_members_is_deleted_only_in_favour_of_another_one_of_the_project(kinds, to, members, sentence):
    with pytest.raises(WorkflowRefused) as refused:
        refuse_heir(steps(*kinds), 1, to=to, members=members)
    assert str(refused.value) == sentence


def test_an_empty_stage_or_one_with_an_heir_can_go():
    refuse_heir(steps(K.WELCOME, K.BRIEF), 1, to=None, members=0)
    refuse_heir(steps(K.WELCOME, K.BRIEF), 1, to=2, members=5)


@pytest.mark.parametrize(
    ("kind", "codes", "links", "both"),
    [
        (K.PROMO_CODE, True, False, True), (K.SALES_LINK, False, True, True), (K.BOTH, True, True, True),
        (K.CONTENT, False, False, False), (K.COMPLETED, False, False, False),
    ],
)  # fmt: skip
def test_which_offers_give_what_members_get_in_a_stage(kind, codes, links, both):
    assert fits_stage(kind, has_codes=True, has_links=False) is codes
    assert fits_stage(kind, has_codes=False, has_links=True) is links
    assert fits_stage(kind, has_codes=True, has_links=True) is both


@pytest.mark.parametrize("kind", list(StageKind))
def test_manage_offers_needs_a_sales_tracking_stage_and_a_connected_offer(kind):
    shows = kind in {K.PROMO_CODE, K.SALES_LINK, K.BOTH}
    assert offers_manage_offers([K.WELCOME, kind], 1) is shows
    assert offers_manage_offers([K.WELCOME, kind], 0) is False


def test_templates_are_sound_and_each_sales_tracking_kind_is_in_one():
    for template in TEMPLATES:
        again = ()
        for number, step in enumerate(template.workflow, start=1):
            again = with_added(again, Step(step.name, step.kind, number))
        assert [(step.name, step.kind) for step in again] == [(step.name, step.kind) for step in template.workflow]
    kinds = {step.kind for template in TEMPLATES for step in template.workflow}
    assert {K.PROMO_CODE, K.SALES_LINK, K.BOTH} <= kinds
    assert template_of("codes") is TEMPLATES[0]
    assert template_of("nonsense") is None
