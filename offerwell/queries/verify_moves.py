"""Do the moves of projects agree with who was moved, and the members with the move that brought them where they are?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, Exists, F, OuterRef, Q

from offerwell.models import Placement, StageMove, StageMoveItem
from offerwell.queries.verify_problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offerwell.models import Workspace


def move_problems(workspace: Workspace) -> Iterable[Problem]:
    """What does not agree in one workspace."""
    counted = dict(StageMoveItem.objects.order_by().values_list("move_id").annotate(n=Count("pk")))
    for pk, members in StageMove.objects.order_by("pk").values_list("pk", "members"):
        if counted.get(pk, 0) != members:
            wrong = f"it says {members} members, {counted.get(pk, 0)} are there"
            yield Problem(workspace.slug, "stage_move", f"move {pk}", wrong)
    listed = StageMoveItem.objects.filter(move_id=OuterRef("entered_move_id"), member=OuterRef("member"))
    led = StageMove.objects.filter(pk=OuterRef("entered_move_id"), to_stage=OuterRef("stage"))
    moved = Q(entered_move_id__gt=0) & (~Exists(listed) | ~Exists(led))
    for place in Placement.objects.filter(~Q(stage__project=F("project")) | moved).order_by("pk"):
        wrong = "its stage is not the one that its last move led to"
        yield Problem(workspace.slug, "placement", f"member {place.member_id} in project {place.project_id}", wrong)
