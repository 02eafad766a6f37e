"""A project as an action finds it inside its transaction: current, and open for changes."""

from __future__ import annotations

from offerwell.models import Project, ProjectStatus, Stage
from offerwell.rules.workflow import StageKind, Step, Workflow


class ProjectArchived(Exception):
    """An archived project keeps everything and changes nothing. Nothing was done."""


class StageGone(Exception):
    """Somebody deleted the stage meanwhile. Nothing was done."""


def open_project(project: Project) -> Project:
    """The project as it is now. Raises ProjectArchived."""
    found: Project = Project.objects.get(pk=project.pk)
    if found.status == ProjectStatus.ARCHIVED:
        raise ProjectArchived(f"{found.name} is archived. Bring it back before you change it.")
    return found


def stage_now(project: Project, stage: Stage) -> Stage:
    """The stage of this project as it is now. Raises StageGone."""
    found: Stage | None = Stage.objects.filter(pk=stage.pk, project=project).first()
    if found is None:
        raise StageGone(f"The stage {stage.name} is not there any more: somebody deleted it. Nothing was done.")
    return found


def workflow_of(project: Project) -> Workflow:
    """The stages in order, as the rules see them."""
    rows = Stage.objects.filter(project=project).order_by("position", "pk")
    return tuple(Step(stage.name, StageKind(stage.kind), stage.pk) for stage in rows)


def store_workflow(project: Project, workflow: Workflow) -> list[Stage]:
    """Make the stored stages these: new ones are made, names, kinds and places follow. Nothing is deleted here."""
    stages = []
    for position, step in enumerate(workflow):
        columns = {"name": step.name, "kind": str(step.kind), "position": position}
        if step.pk:
            Stage.objects.filter(pk=step.pk, project=project).update(**columns)
            stages.append(Stage(pk=step.pk, workspace_id=project.workspace_id, project=project, **columns))
        else:
            stages.append(Stage.objects.create(workspace_id=project.workspace_id, project=project, **columns))
    return stages
