"""The projects of the workspace, with how many members and stages each has."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from offerwell.models import Placement, Project, ProjectOffer, ProjectStatus, Stage


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """One project of the list."""

    project: Project
    members: int
    stages: int
    offers: int


def project_rows(*, text: str = "", is_archived: bool = False) -> list[ProjectRow]:
    """Projects whose name holds `text`, by name. Four statements."""
    rows = Project.objects.filter(status=ProjectStatus.ARCHIVED if is_archived else ProjectStatus.ACTIVE)
    for word in text.lower().split():
        rows = rows.filter(name_key__contains=word)
    listed = list(rows.order_by("name_key"))
    ids = [project.pk for project in listed]
    stages = dict(Stage.objects.filter(project_id__in=ids).values_list("pk", "project_id"))
    members = members_by_stage(list(stages))
    offers = dict(
        ProjectOffer.objects.filter(project_id__in=ids, disconnected_at=None)
        .order_by().values_list("project_id").annotate(n=Count("pk"))
    )  # fmt: skip
    return [
        ProjectRow(
            project,
            sum(members.get(stage, 0) for stage, owner in stages.items() if owner == project.pk),
            sum(owner == project.pk for owner in stages.values()),
            offers.get(project.pk, 0),
        )
        for project in listed
    ]


def members_by_stage(stage_ids: list[int]) -> dict[int, int]:
    """How many members are in each of these stages: by stage, because that index holds nothing else."""
    rows = Placement.objects.filter(stage_id__in=stage_ids).order_by()
    return dict(rows.values_list("stage_id").annotate(n=Count("pk")))
