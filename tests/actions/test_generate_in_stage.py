"""Generate in a sales tracking stage: what is missing for exactly these members, in the offers that were chosen."""

from __future__ import annotations

import pytest
from django_scopes import scope

from offerwell.actions.generate_codes import CannotGenerate, Generated, generate_codes
from offerwell.actions.generate_in_stage import GeneratedInStage, generate_in_stage
from offerwell.models import Enrollment, Event, Placement, PromoCode, SalesLink, Stage
from offerwell.queries.project_members import newest_move
from offerwell.queries.stage_generation import Generation, planned_generation
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within
from tests import make


@pytest.fixture
def world(acme, rival):
    """Three members in a Sales Link + Promo Code stage; an offer with both and one with links are connected."""
    project = make.project(acme, "Autumn", stages=("welcome", "both", "sales_link"))
    stage = Stage.objects.select_related("project").get(project=project, kind="both")
    for name in ("Nora", "Liam", "Mia"):
        make.placement(stage, make.member(acme, name))
    make.placement(project.stages.get(kind="welcome"), make.member(acme, "Zoe"))
    both = make.offer(acme, "Both", type="both", stores=[make.store(acme)])
    links = make.offer(acme, "Links", type="sales_link")
    for offer in (both, links):
        make.connected(project, offer)
    with scope(workspace=rival):
        make.enrollment(make.offer(rival, "Theirs", type="sales_link"))
    return stage, both, links


def everybody_in(stage):
    return MemberSelection(filter=MemberFilter(), within=Within(Crowd.STAGE, stage.pk, newest_move()))


def generate(stage, offers, selection, **more):
    return generate_in_stage(
        workspace_id=stage.workspace_id, stage=stage, offers=offers, selection=selection, by=make.ANA, at=make.NOW,
        **more,
    )  # fmt: skip


def owners(offer, model=PromoCode):
    return sorted(model.objects.filter(offer=offer).values_list("enrollment__member__first_name", flat=True))


def nothing_happened(enrollments=0):
    counted = (Enrollment.objects.count(), PromoCode.objects.count(), SalesLink.objects.count(), Event.objects.count())
    assert counted == (enrollments, 0, 0, 0)


def test_members_join_and_get_what_they_lack_and_a_repeat_makes_nothing(world):
    stage, both, links = world
    nora = Placement.objects.get(member__first_name="Nora").member
    make.code(make.enrollment(both, nora), "NORAKEEPS")
    members, plans = planned_generation(stage, everybody_in(stage))
    assert (members, plans) == (3, [Generation(both, 2, 2, 3), Generation(links, 3, 0, 3)])
    assert generate(stage, [both, links], everybody_in(stage)) == GeneratedInStage(joined=5, codes=2, links=6)
    assert owners(both) == owners(both, SalesLink) == owners(links, SalesLink) == ["Liam", "Mia", "Nora"]
    assert PromoCode.objects.get(enrollment__member=nora).text == "NORAKEEPS"
    assert Enrollment.objects.filter(member__first_name="Zoe").count() == 0
    kinds = list(Event.objects.order_by("seq").values_list("kind", flat=True))
    assert kinds == ["members_enrolled", "codes_generated"] * 2
    assert generate(stage, [both, links], everybody_in(stage)) == GeneratedInStage(0, 0, 0)
    assert Event.objects.count() == 4
    assert [plan.makes_anything for plan in planned_generation(stage, everybody_in(stage))[1]] == [False, False]


def test_only_the_members_that_are_meant(world):
    stage, both, links = world
    waiting = make.enrollment(links)
    nora = Placement.objects.get(member__first_name="Nora").member
    assert generate(stage, [links], MemberSelection(ids=(nora.pk,))) == GeneratedInStage(1, 0, 1)
    assert owners(links, SalesLink) == ["Nora"]
    assert SalesLink.objects.filter(enrollment=waiting).count() == 0
    assert Enrollment.objects.filter(offer=both).count() == 0


def test_an_offer_that_is_not_connected_or_does_not_fit_is_refused_and_nothing_is_made(acme, world):
    stage, _both, links = world
    outside = make.offer(acme, "Outside", type="sales_link")
    with pytest.raises(CannotGenerate) as refused:
        generate(stage, [links, outside], everybody_in(stage))
    assert str(refused.value) == "Outside is not connected to this project any more. Nothing was generated."
    nothing_happened()
    sales_link = Stage.objects.select_related("project").get(kind="sales_link")
    codes = make.offer(acme, "Codes", type="promo_code")
    make.connected(stage.project, codes)
    assert [plan.offer.name for plan in planned_generation(sales_link, everybody_in(stage))[1]] == ["Both", "Links"]
    with pytest.raises(CannotGenerate):
        generate(sales_link, [codes], everybody_in(stage))
    nothing_happened()


@pytest.mark.parametrize(
    ("fields", "obstacle"),
    [
        ({"status": "archived"}, "The offer is archived. Set it to active first."),
        ({}, "The offer has no store for its codes. Choose one in the offer first."),
    ],
)
def test_an_offer_that_cannot_give_says_why(acme, world, fields, obstacle):
    stage, both, _links = world
    codes = make.offer(acme, "Codes", type="promo_code", **fields)
    make.connected(stage.project, codes)
    plan = planned_generation(stage, everybody_in(stage))[1][1]
    assert (plan.offer, plan.obstacle, plan.makes_anything) == (codes, obstacle, False)
    with pytest.raises(CannotGenerate) as refused:
        generate(stage, [both, codes], everybody_in(stage))
    assert str(refused.value) == f"Codes: {obstacle} Nothing was generated."
    nothing_happened()


def test_a_bound_leaves_the_rest_for_the_next_press(world):
    stage, _both, links = world
    assert generate(stage, [links], everybody_in(stage), at_most=2) == GeneratedInStage(3, 0, 2)
    assert generate(stage, [links], everybody_in(stage), at_most=2) == GeneratedInStage(0, 0, 1)


def test_generating_for_a_selection_leaves_the_others_of_the_offer(acme):
    offer = make.offer(acme, type="sales_link")
    nora, liam = make.enrollment(offer, make.member(acme, "Nora")), make.enrollment(offer, make.member(acme, "Liam"))
    made = generate_codes(
        workspace_id=acme.pk, offer=offer, texts=None, by=make.ANA, at=make.NOW,
        among=MemberSelection(ids=(nora.member_id,)),
    )  # fmt: skip
    assert made == Generated(codes=0, links=1, skipped=0)
    assert SalesLink.objects.filter(enrollment=liam).count() == 0
