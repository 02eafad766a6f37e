"""Move members of a project, with one item each of who was moved: the one place where a placement changes.

Set-based: the items are selected by the database, and the placements follow the items, so that both are the same
members whatever their number.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import BigIntegerField, Value
from django.db.models.functions import Cast

from offerwell.actions.record_event import record_event
from offerwell.models import MoveKind, Placement, StageMove, StageMoveItem
from offerwell.models.insert_select import insert_select
from offerwell.models.statistics import refresh_statistics

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import Project, Stage
    from offerwell.rules.permissions import Actor
    from offerwell.rules.selection import MemberSelection


LARGE = 10_000


class MoveKeyReused(Exception):
    """The key belongs to another move. Nothing was done."""


@dataclass(frozen=True, slots=True)
class MoveWish:
    """A move as it is asked for. No `from_stage`: they come into the project; no `to_stage`: they leave it."""

    project: Project
    kind: MoveKind
    from_stage: Stage | None
    to_stage: Stage | None
    selection: MemberSelection | None
    key: str = ""

    @property
    def body_hash(self) -> str:
        """SHA-256 (hex) of what is asked for, which a repeat has too. Where Skip leads is not asked for."""
        to_stage = None if self.kind == MoveKind.SKIPPED else self.to_stage
        body = [
            self.project.pk, str(self.kind), self.from_stage and self.from_stage.pk, to_stage and to_stage.pk,
            self.selection and self.selection.to_json(),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def made_before(wish: MoveWish) -> StageMove | None:
    """The move that this key made already; None for a new key. Raises MoveKeyReused."""
    if not wish.key:
        return None
    made: StageMove | None = StageMove.objects.filter(key=wish.key).first()
    if made is not None and made.body_hash != wish.body_hash:
        raise MoveKeyReused("This form was used for another move. Select the members again. Nothing was done.")
    return made


def begin_move(wish: MoveWish, *, by: Actor, at: datetime) -> StageMove:
    """The move's own row, with nobody in it yet."""
    made: StageMove = StageMove.objects.create(
        workspace_id=wish.project.workspace_id, project=wish.project, kind=wish.kind, from_stage=wish.from_stage,
        from_name=wish.from_stage.name if wish.from_stage else "", to_stage=wish.to_stage,
        to_name=wish.to_stage.name if wish.to_stage else "", members=0, at=at, actor_id=by.user_id,
        actor_name=by.name, door=by.door, key=wish.key, body_hash=wish.body_hash,
    )  # fmt: skip
    return made


def list_members(move: StageMove, places: QuerySet[Placement, Any]) -> int:
    """One item for each of these placements. Gives how many."""
    move.members = insert_select(
        StageMoveItem,
        ("workspace_id", "move_id", "member_id"),
        places.values_list("workspace_id", Cast(Value(move.pk), BigIntegerField()), "member_id"),
    )
    move.save(update_fields=["members"])
    return move.members


def follow_move(move: StageMove) -> None:
    """The placements of the listed members go to the move's stage."""
    listed = StageMoveItem.objects.filter(move=move).values("member_id")
    Placement.objects.filter(project=move.project_id, member_id__in=listed).update(
        stage=move.to_stage_id, entered_at=move.at, entered_move_id=move.pk, is_skipped=move.kind == MoveKind.SKIPPED
    )


def tell_move(move: StageMove, *, by: Actor) -> None:
    """The event of the move. `kind` of a move and of its event are the same word.

    After a large one PostgreSQL counts again where members are: it would go on planning for where they were.
    """
    if move.members >= LARGE and connection.vendor == "postgresql":
        refresh_statistics(Placement)
    facts = {"from": move.from_name, "to": move.to_name, "members": move.members, "move": move.pk}
    record_event(
        workspace_id=move.workspace_id, kind=f"members_{move.kind}", subject=f"project:{move.project_id}", facts=facts,
        by=by, at=move.at,
    )  # fmt: skip
