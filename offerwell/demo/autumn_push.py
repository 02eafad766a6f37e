"""Autumn Creator Push: the sample project, made by the product's own actions, some of its members at every stage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from offerwell.actions.add_to_project import add_to_project
from offerwell.actions.connect_offer import connect_offer
from offerwell.actions.create_project import create_project
from offerwell.actions.disconnect_offer import disconnect_offer
from offerwell.actions.move_members import move_members, skip_stage
from offerwell.models import Enrollment, Stage
from offerwell.rules.selection import MemberSelection
from offerwell.rules.workflow import StageKind, Step

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Offer, Project
    from offerwell.rules.permissions import Actor

NAME = "Autumn Creator Push"
_WORKFLOW = (
    Step("Application", StageKind.WELCOME),
    Step("Onboarding", StageKind.BRIEF),
    Step("Code and link", StageKind.BOTH),
    Step("Content Review", StageKind.CONTENT),
    Step("Payment", StageKind.PAYMENT),
    Step("Completed", StageKind.COMPLETED),
)
# How many of the summer offer's members are in the project, and how many others with them in each early stage.
_FROM_SUMMER = 120
_OTHERS = {"Application": 18, "Onboarding": 11, "Code and link": 6}


@dataclass(frozen=True, slots=True)
class _Push:
    """The project as it comes to be, in the order of its days."""

    project: Project
    by: Actor
    at: datetime

    def add(self, stage: str, ids: tuple[int, ...], days: int) -> None:
        """These members come into the stage so many days ago."""
        if ids:
            add_to_project(
                workspace_id=self.project.workspace_id, stage=self.stage(stage), selection=MemberSelection(ids=ids),
                by=self.by, at=self.at - timedelta(days=days),
            )  # fmt: skip

    def move(self, stage: str, to: str, ids: tuple[int, ...], days: int) -> None:
        """These members go on."""
        if ids:
            move_members(
                workspace_id=self.project.workspace_id, stage=self.stage(stage), to_stage=self.stage(to),
                selection=MemberSelection(ids=ids), key=f"demo-{stage}-{to}-{days}", by=self.by,
                at=self.at - timedelta(days=days),
            )  # fmt: skip

    def skip(self, stage: str, ids: tuple[int, ...], days: int) -> None:
        """These members skip the stage."""
        if ids:
            skip_stage(
                workspace_id=self.project.workspace_id, stage=self.stage(stage), selection=MemberSelection(ids=ids),
                key=f"demo-skip-{stage}-{days}", by=self.by, at=self.at - timedelta(days=days),
            )  # fmt: skip

    def stage(self, name: str) -> Stage:
        """The stage of this name."""
        found: Stage = Stage.objects.select_related("project").get(project=self.project, name=name)
        return found


def push_in_autumn(*, workspace_id: int, offers: tuple[Offer, Offer, Offer], by: Actor, at: datetime) -> Project:
    """Two of the offers (founders, summer, holiday) are connected, the third was."""
    founders, summer, holiday = offers
    began = at - timedelta(days=24)
    about = "Creators for the autumn line: a code for the cart, a link for the story."
    project = create_project(
        workspace_id=workspace_id, name=NAME, description=about, workflow=_WORKFLOW, by=by, at=began
    )
    for offer in (founders, summer, holiday):
        connect_offer(workspace_id=workspace_id, project=project, offer=offer, by=by, at=began)
    disconnect_offer(workspace_id=workspace_id, project=project, offer=holiday, by=by, at=at - timedelta(days=9))
    _fill(_Push(project, by, at), _first_of(summer, _FROM_SUMMER), _only_in(founders, summer, sum(_OTHERS.values())))
    return project


def _fill(push: _Push, summer: tuple[int, ...], others: tuple[int, ...]) -> None:
    push.add("Application", summer + others, 23)
    waiting, onboarding, early = _OTHERS.values()
    push.move("Application", "Onboarding", summer + others[waiting:], 20)
    push.move("Onboarding", "Code and link", summer + others[waiting + onboarding :][:early], 17)
    push.move("Code and link", "Content Review", summer[54:], 12)
    push.move("Content Review", "Payment", summer[88:], 6)
    push.skip("Content Review", summer[84:88], 5)
    push.move("Payment", "Completed", summer[108:], 2)


def _first_of(offer: Offer, count: int) -> tuple[int, ...]:
    rows = Enrollment.objects.filter(offer=offer).order_by("pk").values_list("member_id", flat=True)
    return tuple(rows[:count])


def _only_in(offer: Offer, other: Offer, count: int) -> tuple[int, ...]:
    elsewhere = Enrollment.objects.filter(offer=other).values("member_id")
    rows = Enrollment.objects.filter(offer=offer).exclude(member_id__in=elsewhere).order_by("pk")
    return tuple(rows.values_list("member_id", flat=True)[:count])
