"""The board of a project: its stages in order, each with its number of members and the first of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from offerwell.models import Placement, Stage
from offerwell.queries.project_list import members_by_stage
from offerwell.queries.project_members import rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from offerwell.models import Offer, Project
    from offerwell.queries.project_members import StageRow

CARDS = 5


@dataclass(frozen=True, slots=True)
class Column:
    """A stage with how many members it has and the first of them by name."""

    stage: Stage
    members: int
    rows: tuple[StageRow, ...]


def board_of(project: Project, offers: Sequence[Offer], *, at: datetime, cards: int = CARDS) -> list[Column]:
    """The columns, in a constant number of statements whatever the numbers of members, stages and offers."""
    stages = list(Stage.objects.filter(project=project).order_by("position", "pk"))
    ids = [stage.pk for stage in stages]
    members = members_by_stage(ids)
    places = Placement.objects.select_related("member").in_bulk(_first_places(ids, cards))
    rows = rows_of(sorted(places.values(), key=lambda place: (place.name_key, place.pk)), offers, at=at)
    return [
        Column(stage, members.get(stage.pk, 0), tuple(row for row in rows if row.placement.stage_id == stage.pk))
        for stage in stages
    ]


def _first_places(stage_ids: list[int], cards: int) -> list[int]:
    """Ids of the first placements of each stage: one short walk of the index a stage, all in one statement."""
    if not stage_ids:
        return []
    parts, params = [], []
    for number, stage_id in enumerate(stage_ids):
        first = Placement.objects.filter(stage_id=stage_id).order_by("name_key", "pk").values("pk")[:cards]
        sql, values = first.query.sql_with_params()
        parts.append(f"SELECT * FROM ({sql}) AS column_{number}")  # noqa: S608  Django's own text
        params += values
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), params)
        return [row[0] for row in cursor.fetchall()]
