"""A project of n members: adding and moving all of them beside raw SQL, and the server time of its pages."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction
from django_scopes import scope

from benchmarks.crowd import NOW, make_crowd
from benchmarks.pages import PageTime, signed_in, timed
from offerwell.actions.add_to_project import add_to_project
from offerwell.actions.connect_offer import connect_offer
from offerwell.actions.create_project import create_project
from offerwell.actions.move_members import move_members
from offerwell.models import Project, Stage, StageMove
from offerwell.queries.members import newest_member_id
from offerwell.queries.project_members import newest_move
from offerwell.rules.permissions import Actor
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within
from offerwell.rules.workflow_templates import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from offerwell.models import Offer

BENCH = Actor(name="Benchmark", door="bench")
EVERYBODY = MemberFilter()
HEAD = "| engine | members | add | raw SQL move | our move | **÷ raw** |\n" + "|---" * 6 + "|"


@dataclass(frozen=True, slots=True)
class MoveTimes:
    """Seconds: adding all, and the best of two moves of all, by two hand-written statements and by the action."""

    engine: str
    members: int
    add: float
    raw: float
    ours: float

    @property
    def line(self) -> str:
        """One row of the table in docs/performance.md."""
        times = f"{self.add:.2f} s | {self.raw:.2f} s | {self.ours:.2f} s"
        return f"| {self.engine} | {self.members:,} | {times} | {self.ours / self.raw:.2f} |"


def measure_projects(size: int) -> tuple[MoveTimes, list[PageTime]]:
    """Everybody is added, moved there and back twice each way, and left in the stage that gives codes."""
    settings.ALLOWED_HOSTS = ["testserver"]
    offer = make_crowd(size, name=f"Projects {size}")
    with scope(workspace=offer.workspace):
        project = _project(offer)
        first, codes = Stage.objects.select_related("project").filter(project=project).order_by("position")[1:3]
        add = _seconds(lambda: add_to_project(
            workspace_id=offer.workspace_id, stage=first, selection=_all_members(), by=BENCH, at=NOW
        ))  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        raw, ours = [], []
        for turn in range(2):
            raw.append(_seconds(lambda: _raw_move(project, first, codes)))
            ours.append(_seconds(lambda turn=turn: _move(codes, first, f"there-{turn}")))
        _raw_move(project, first, codes)
    times = MoveTimes(connection.vendor, size, add, min(raw), min(ours))
    return times, _pages(signed_in(offer, f"bench-{size}@example.com"), project, codes)


def _project(offer: Offer) -> Project:
    by: dict[str, Any] = {"workspace_id": offer.workspace_id, "by": BENCH, "at": NOW}
    project = create_project(name="Autumn", workflow=TEMPLATES[0].workflow, **by)
    connect_offer(project=project, offer=offer, **by)
    return project


def _all_members() -> MemberSelection:
    return MemberSelection(filter=EVERYBODY, within=Within(Crowd.WORKSPACE, up_to=newest_member_id()))


def _move(stage: Stage, to_stage: Stage, key: str) -> None:
    everybody = MemberSelection(filter=EVERYBODY, within=Within(Crowd.STAGE, stage.pk, newest_move()))
    move_members(
        workspace_id=stage.workspace_id, stage=stage, to_stage=to_stage, selection=everybody, key=key, by=BENCH, at=NOW
    )


def _raw_move(project: Project, stage: Stage, to_stage: Stage) -> None:
    """What cannot be done with less: who was moved, and where they are now."""
    with transaction.atomic(), connection.cursor() as cursor:
        move = StageMove.objects.create(
            workspace_id=project.workspace_id, project=project, kind="moved", members=0, at=NOW, actor_name="", door=""
        )
        cursor.execute(
            "INSERT INTO offerwell_stagemoveitem (workspace_id, move_id, member_id)"
            " SELECT workspace_id, %s, member_id FROM offerwell_placement WHERE stage_id = %s",
            [move.pk, stage.pk],
        )
        cursor.execute(
            "UPDATE offerwell_placement SET stage_id = %s, entered_at = %s, entered_move_id = %s WHERE stage_id = %s",
            [to_stage.pk, NOW, move.pk, stage.pk],
        )


def _pages(client: Client, project: Project, stage: Stage) -> list[PageTime]:
    board, listed = f"/projects/{project.pk}/", f"/projects/{project.pk}/stages/{stage.pk}/"
    selection = f"{listed}selection/"
    offers = client.post(selection, {"all": "1", "do": "offers"}).headers["Location"]
    move = client.post(selection, {"all": "1", "do": "move"}).headers["Location"]
    with scope(workspace=project.workspace_id):
        offer_id = project.offer_links.get().offer_id
    dialog = client.post(offers, {"offer": offer_id}).headers["Location"]
    pages = {
        "projects": "/projects/", "board": board, "stage: first page": listed,
        "stage: one in twelve": f"{listed}?q=nora",
        "stage: nobody": f"{listed}?q=zzzqq", "stage: two letters": f"{listed}?q=ze", "move to stage: all": move,
        "generate: all": f"{listed}generate/", "manage offers: all": offers,
        "manage offers: plan of all": f"{dialog}?part=codes&target=deactivated",
    }  # fmt: skip
    return [timed(client, name, address, rounds=3) for name, address in pages.items()]


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
