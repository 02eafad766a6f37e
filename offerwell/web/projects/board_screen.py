"""What the board shows, and what may be done on it and in the stages as lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.utils import timezone

from offerwell.models import ProjectStatus
from offerwell.queries.project_board import board_of
from offerwell.queries.project_members import newest_move
from offerwell.queries.project_offers import connected_offers
from offerwell.rules.permissions import Action, may
from offerwell.rules.workflow import StageKind, offers_manage_offers
from offerwell.ui.selection_table import SelectionTable
from offerwell.web.projects.cells import cards_of
from offerwell.web.projects.polling import poll_address
from offerwell.web.sales_tracking.polling import poll_after

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponse

    from offerwell.models import Offer, Project, Stage
    from offerwell.web.needs import BrandRequest


def board_screen(
    request: BrandRequest, project: Project, *, refusal: str = "", refused_stage: int = 0, status: int = 200
) -> HttpResponse:
    """The stages with their first members; `refusal` says why a selection in `refused_stage` was not taken."""
    at = timezone.now()
    offers = connected_offers(project)
    columns = board_of(project, offers, at=at)
    newest = newest_move()
    shown = {
        **frame(request, project, offers, [column.stage for column in columns]),
        "columns": [
            {
                "stage": column.stage,
                "members": column.members,
                "cards": cards_of(column.rows, with_parts=column.stage.is_sales_tracking),
                "is_last": place == len(columns) - 1,
                "refusal": refusal if column.stage.pk == refused_stage else "",
                "selection": SelectionTable(
                    key=stage_key(request, column.stage, newest), fields={}, total=column.members, up_to=newest,
                    is_narrowed=False,
                ),
            }
            for place, column in enumerate(columns)
        ],
        "members": sum(column.members for column in columns),
    }  # fmt: skip
    rows = [row for column in columns if column.stage.is_sales_tracking for row in column.rows]
    poll = poll_after(rows, turn=0)
    shown |= {"poll": poll, "poll_href": poll_address(project, rows, poll, is_board=True)}
    return render(request, "web/projects/project.html", shown, status=status)


def frame(
    request: BrandRequest, project: Project, offers: Sequence[Offer], stages: Sequence[Stage]
) -> dict[str, Any]:  # fmt: skip
    """What every screen of a project shows around its content, and who may do what there."""
    role, is_open = request.place.role, project.status == ProjectStatus.ACTIVE
    shows = offers_manage_offers([StageKind(stage.kind) for stage in stages], len(offers))
    return {
        "project": project,
        "offers": offers,
        "stages": stages,
        "is_open": is_open,
        "may_edit": may(role, Action.EDIT_PROJECTS),
        "may_move": is_open and may(role, Action.MOVE_MEMBERS),
        "may_mark": may(role, Action.EDIT_MEMBERS),
        "may_select": may(role, Action.MOVE_MEMBERS),
        "may_generate": is_open and may(role, Action.EDIT_OFFERS),
        "may_send": may(role, Action.SEND_MESSAGES),
        "shows_manage_offers": shows and may(role, Action.CHANGE_OFFER_STATUS),
    }


def stage_key(request: BrandRequest, stage: Stage, newest: int) -> str:
    """Under what a browser remembers the selection: forgotten once somebody was moved."""
    return f"{request.user.pk}-stage-{stage.pk}-{newest}"
