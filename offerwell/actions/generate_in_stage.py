"""Generate in a sales tracking stage: the members join the chosen offers, and get the codes and links they lack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.enroll_members import enroll_members
from offerwell.actions.generate_codes import CannotGenerate, generate_codes
from offerwell.actions.project_state import open_project, stage_now
from offerwell.models import lock_workspace
from offerwell.queries.stage_generation import fitting_offers, obstacle_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from offerwell.models import Offer, Stage
    from offerwell.rules.permissions import Actor
    from offerwell.rules.selection import MemberSelection


@dataclass(frozen=True, slots=True)
class GeneratedInStage:
    """How many joined an offer, and how many codes and links were made, in all the offers together."""

    joined: int
    codes: int
    links: int


def generate_in_stage(
    *, workspace_id: int, stage: Stage, offers: Sequence[Offer], selection: MemberSelection, by: Actor, at: datetime,
    at_most: int | None = None,
) -> GeneratedInStage:  # fmt: skip
    """Make what is missing, all or nothing; what is there already stays. A repeat makes nothing.

    `at_most` bounds the members named in one go, as in `generate_codes`. Nobody is told: sending is another step.
    Raises CannotGenerate (also for an offer that is not connected any more), InvalidPattern, ProjectArchived,
    StageGone.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        stage = stage_now(open_project(stage.project), stage)
        fitting = {offer.pk for offer in fitting_offers(stage)}
        joined = codes = links = 0
        for offer in offers:
            _refuse(offer, fitting)
            joined += enroll_members(
                workspace_id=workspace_id, offer=offer, selection=selection, by=by, at=at
            ).added  # fmt: skip
            made = generate_codes(
                workspace_id=workspace_id, offer=offer, texts=None, by=by, at=at, at_most=at_most, among=selection
            )
            codes, links = codes + made.codes, links + made.links
    return GeneratedInStage(joined, codes, links)


def _refuse(offer: Offer, fitting: set[int]) -> None:
    if offer.pk not in fitting:
        raise CannotGenerate(f"{offer.name} is not connected to this project any more. Nothing was generated.")
    if obstacle := obstacle_of(offer):
        raise CannotGenerate(f"{offer.name}: {obstacle} Nothing was generated.")
