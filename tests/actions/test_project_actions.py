"""Projects, their stages and their offers: what is stored, what is refused, and that each is told once."""

from __future__ import annotations

import json

import pytest
from django_scopes import scope

from offerwell.actions.add_stage import add_stage
from offerwell.actions.archive_project import archive_project
from offerwell.actions.connect_offer import CannotConnect, connect_offer
from offerwell.actions.create_project import ProjectRefused, create_project
from offerwell.actions.disconnect_offer import disconnect_offer
from offerwell.actions.edit_project import edit_project
from offerwell.actions.edit_stage import edit_stage
from offerwell.actions.project_state import ProjectArchived
from offerwell.actions.shift_stage import shift_stage
from offerwell.models import Event, Placement, Project, ProjectOffer, Stage
from offerwell.queries.project_offers import connectable_offers, connected_offers, connections
from offerwell.rules.workflow import StageKind, WorkflowRefused
from offerwell.rules.workflow_templates import TEMPLATES
from tests import make


def by(workspace):
    return {"workspace_id": workspace.pk, "by": make.ANA, "at": make.NOW}


def create(workspace, name="Autumn", template=TEMPLATES[0]):
    return create_project(name=name, workflow=template.workflow, **by(workspace))


def stages(project):
    return list(Stage.objects.filter(project=project).order_by("position").values_list("name", "kind", "position"))


def told():
    return [(event.kind, json.loads(event.body)) for event in Event.objects.order_by("seq")]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
def test_a_project_has_the_stages_of_its_template(acme, template):
    project = create(acme, "  Autumn   push ", template)
    assert (project.name, project.name_key, project.created_at) == ("Autumn push", "autumn push", make.NOW)
    wanted = [(step.name, str(step.kind), place) for place, step in enumerate(template.workflow)]
    assert stages(project) == wanted
    assert told() == [("project_created", {"name": "Autumn push", "stages": [name for name, _, _ in wanted]})]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (" \x00 ", "Give the project a name."), ("x" * 121, "A name has at most 120 characters."),
        ("AUTUMN", "There is a project named Autumn already. Choose another name."),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be(acme, name, sentence):
    create(acme)
    with pytest.raises(ProjectRefused) as refused:
        create(acme, name)
    assert str(refused.value) == sentence
    assert (Project.objects.count(), Stage.objects.count(), Event.objects.count()) == (1, 6, 1)


def test_another_brand_may_use_the_name(acme, rival):
    with scope(workspace=rival):
        create(rival)
    assert create(acme).name == "Autumn"


def test_rename_archive_and_bring_back(acme):
    project = create(acme)
    edit_project(project=project, name="Winter", description=" For the team ", **by(acme))
    edit_project(project=project, name="Winter", description="For the team", **by(acme))
    assert archive_project(project=project, is_archived=True, **by(acme)) is True
    assert archive_project(project=project, is_archived=True, **by(acme)) is False
    assert archive_project(project=project, is_archived=False, **by(acme)) is True
    project.refresh_from_db()
    assert (project.name, project.name_key, project.description) == ("Winter", "winter", "For the team")
    assert project.status == "active"
    kinds = [kind for kind, _ in told()]
    assert kinds == ["project_created", "project_edited", "project_archived", "project_brought_back"]
    other = create(acme, "Spring")
    with pytest.raises(ProjectRefused):
        edit_project(project=other, name="winter", description="", **by(acme))


def test_stages_are_added_renamed_moved_and_each_is_told_once(acme):
    project = create(acme, template=TEMPLATES[4])
    first = Stage.objects.select_related("project").get()
    place = make.placement(first)
    added = add_stage(project=project, name="Codes", kind=StageKind.PROMO_CODE, **by(acme))
    assert (added.position, added.kind) == (1, "promo_code")
    assert edit_stage(stage=first, name="Everybody", kind=StageKind.WELCOME, **by(acme)) is True
    assert edit_stage(stage=first, name="Everybody", kind=StageKind.WELCOME, **by(acme)) is False
    assert shift_stage(stage=first, places=1, **by(acme)) is True
    assert shift_stage(stage=first, places=1, **by(acme)) is False
    assert stages(project) == [("Codes", "promo_code", 0), ("Everybody", "welcome", 1)]
    assert Placement.objects.get(pk=place.pk).stage_id == first.pk
    assert [kind for kind, _ in told()] == ["project_created", "stage_added", "stage_edited", "stages_reordered"]
    with pytest.raises(WorkflowRefused):
        add_stage(project=project, name="codes", kind=StageKind.BRIEF, **by(acme))
    with pytest.raises(WorkflowRefused):
        edit_stage(stage=first, name="Codes", kind=StageKind.BRIEF, **by(acme))
    assert stages(project) == [("Codes", "promo_code", 0), ("Everybody", "welcome", 1)]
    assert Event.objects.count() == 4


def test_stages_of_an_archived_project_stay(acme):
    project = create(acme)
    archive_project(project=project, is_archived=True, **by(acme))
    stage = Stage.objects.select_related("project").order_by("position").first()
    before = stages(project)
    for attempt in (
        lambda: add_stage(project=project, name="New", kind=StageKind.BRIEF, **by(acme)),
        lambda: edit_stage(stage=stage, name="New", kind=StageKind.BRIEF, **by(acme)),
        lambda: shift_stage(stage=stage, places=1, **by(acme)),
        lambda: connect_offer(project=project, offer=make.offer(acme), **by(acme)),
    ):
        with pytest.raises(ProjectArchived):
            attempt()
    assert stages(project) == before
    assert (ProjectOffer.objects.count(), Event.objects.count()) == (0, 2)


def test_connections_keep_who_and_when(acme, rival):
    project, summer = create(acme), make.offer(acme, "Summer")
    with scope(workspace=rival):
        make.connected(make.project(rival), make.offer(rival, "Theirs"))
    assert connect_offer(project=project, offer=summer, **by(acme)) is True
    assert connect_offer(project=project, offer=summer, **by(acme)) is False
    assert connected_offers(project) == [summer]
    assert connectable_offers(project) == []
    assert disconnect_offer(project=project, offer=summer, **by(acme)) is True
    assert disconnect_offer(project=project, offer=summer, **by(acme)) is False
    assert connect_offer(project=project, offer=summer, **by(acme)) is True
    present, former = connections(project)
    assert [(link.offer, link.connected_by) for link in present] == [(summer, "Ana Lopez")]
    assert [(link.offer, link.disconnected_at, link.disconnected_by) for link in former] == [
        (summer, make.NOW, "Ana Lopez")
    ]
    facts = {"offer": summer.pk, "name": "Summer"}
    assert told()[1:] == [("offer_connected", facts), ("offer_disconnected", facts), ("offer_connected", facts)]


def test_an_archived_offer_is_not_connected(acme):
    project, old = create(acme), make.offer(acme, "Old", status="archived")
    with pytest.raises(CannotConnect) as refused:
        connect_offer(project=project, offer=old, **by(acme))
    assert str(refused.value) == "Old is archived. Set it to active, then connect it."
    assert (ProjectOffer.objects.count(), Event.objects.count()) == (0, 1)
    assert connectable_offers(project) == []
