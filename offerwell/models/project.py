"""A campaign: ordered stages that members move through, and the offers connected to it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from offerwell.models.member import Member
from offerwell.models.offer import Offer
from offerwell.models.workspace import WorkspaceOwned
from offerwell.rules.workflow import StageKind

STAGE_KINDS = [(str(kind), kind.label) for kind in StageKind]


class ProjectStatus(models.TextChoices):
    """Archived projects keep everything; nobody moves in them."""

    ACTIVE = "active", "Active"
    ARCHIVED = "archived", "Archived"


class Project(WorkspaceOwned):
    """A project. `name_key` is the name lower-cased, by which lists are ordered."""

    name = models.CharField(max_length=120)
    name_key = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=ProjectStatus, default=ProjectStatus.ACTIVE)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "name_key"], name="project_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Stage(WorkspaceOwned):
    """One step of a project, in the order of `position` (from 0, without gaps)."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="stages")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=24, choices=STAGE_KINDS)
    position = models.PositiveIntegerField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["project", "position"], name="stage_in_order")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_sales_tracking(self) -> bool:
        """Whether members get codes or links here."""
        return StageKind(self.kind).is_sales_tracking


class Placement(WorkspaceOwned):
    """A member in a project, in exactly one of its stages. `name_key` is a copy, as in Enrollment.

    `entered_move_id` is the stage move that brought the member here (0: none); `is_skipped` says that it was a Skip.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, db_index=False, related_name="placements")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, db_index=False, related_name="placements")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="placements")
    name_key = models.CharField(max_length=600, blank=True)
    added_at = models.DateTimeField()
    entered_at = models.DateTimeField()
    entered_move_id = models.BigIntegerField(default=0)
    is_skipped = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "member"], name="placement_once")]
        indexes: ClassVar = [
            # The workspace first: every query names it, and so the index alone counts the members of stages.
            models.Index(fields=["workspace", "stage", "name_key", "id"], name="placement_in_stage"),
        ]


class MoveKind(models.TextChoices):
    """Why members came into a stage or left one."""

    ADDED = "added", "Added to the project"
    MOVED = "moved", "Moved"
    SKIPPED = "skipped", "Skipped"
    REMOVED = "removed", "Removed from the project"
    STAGE_DELETED = "stage_deleted", "Moved: the stage was deleted"


class StageMove(WorkspaceOwned):
    """One move of members of a project, with one item each. Ids rise in the order the moves happened.

    The names are those of that day: stages are renamed and deleted, history is not. `key` makes a repeat harmless
    (empty: a repeat does nothing by itself).
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="moves")
    kind = models.CharField(max_length=16, choices=MoveKind)
    from_stage = models.ForeignKey(Stage, on_delete=models.SET_NULL, null=True, related_name="+")
    from_name = models.CharField(max_length=80, blank=True)
    to_stage = models.ForeignKey(Stage, on_delete=models.SET_NULL, null=True, related_name="+")
    to_name = models.CharField(max_length=80, blank=True)
    members = models.PositiveIntegerField()
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=160)
    door = models.CharField(max_length=16)
    key = models.CharField(max_length=80, blank=True)
    body_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "key"], condition=~models.Q(key=""), name="stage_move_once")
        ]


class StageMoveItem(WorkspaceOwned):
    """This member was moved by this move."""

    move = models.ForeignKey(StageMove, on_delete=models.PROTECT, db_index=False, related_name="items")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="stage_moves")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["move", "member"], name="stage_move_item_once")]


class ProjectOffer(WorkspaceOwned):
    """An offer was connected to a project, from when to when. Open rows are connected now; the others are history."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="offer_links")
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="project_links")
    connected_at = models.DateTimeField()
    connected_by = models.CharField(max_length=160)
    disconnected_at = models.DateTimeField(null=True, blank=True)
    disconnected_by = models.CharField(max_length=160, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "offer"],
                condition=models.Q(disconnected_at=None),
                name="project_offer_connected_once",
            )
        ]
