"""Generate in a sales tracking stage: what members lack in the connected offers, made when pressed; then Send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from offerwell.actions.generate_codes import CannotGenerate
from offerwell.actions.generate_in_stage import GeneratedInStage, generate_in_stage
from offerwell.actions.project_state import ProjectArchived, StageGone
from offerwell.actions.store_selection import store_selection
from offerwell.models import Offer, StageMove, StoredSelection
from offerwell.queries.project_members import newest_move
from offerwell.queries.stage_generation import planned_generation
from offerwell.rules.code_names import InvalidPattern
from offerwell.rules.permissions import Action, may
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within
from offerwell.ui.paging import number_from
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.projects.stage_views import found_stage

if TYPE_CHECKING:
    from django.http import HttpResponse, QueryDict

    from offerwell.models import Stage

# About five seconds of one transaction for each offer.
MOST_AT_ONCE = 100_000


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_OFFERS)
def stage_generate(request: BrandRequest, project_id: int, stage_id: int) -> HttpResponse:
    """What would be made, for those of one move or all in the stage; posted, it is made."""
    stage = found_stage(project_id, stage_id)
    if not stage.is_sales_tracking:
        raise Http404
    fields = request.POST if request.method == "POST" else request.GET
    selection = _selection(stage, fields)
    if request.method != "POST":
        return _preview(request, stage, selection, fields)
    offers = list(Offer.objects.filter(pk__in=_numbers(fields.getlist("offer"))).order_by("name_key"))
    if not offers:
        return _preview(request, stage, selection, fields, refusal="Choose an offer to generate for.", status=422)
    try:
        made = generate_in_stage(
            workspace_id=request.place.workspace_id, stage=stage, offers=offers, selection=selection,
            by=actor_of(request), at=timezone.now(), at_most=MOST_AT_ONCE,
        )  # fmt: skip
    except (CannotGenerate, InvalidPattern, ProjectArchived, StageGone) as refused:
        return _preview(request, stage, selection, fields, refusal=str(refused), status=422)
    return _done(request, stage, selection, fields, made)


def _selection(stage: Stage, fields: QueryDict) -> MemberSelection:
    """Those a move brought here; without one all in the stage, up to the move that was the newest then."""
    move_id = number_from(fields.get("move"))
    if move_id is not None:
        move = get_object_or_404(StageMove, pk=move_id, to_stage=stage)
        return MemberSelection(filter=MemberFilter(), within=Within(Crowd.MOVE, move.pk))
    newest = newest_move()
    up_to = min(number_from(fields.get("up_to")) or newest, newest)
    return MemberSelection(filter=MemberFilter(), within=Within(Crowd.STAGE, stage.pk, up_to))


def _numbers(words: list[str]) -> list[int]:
    return [number for word in words if (number := number_from(word)) is not None]


def _preview(
    request: BrandRequest, stage: Stage, selection: MemberSelection, fields: QueryDict, *, refusal: str = "",
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    members, plans = planned_generation(stage, selection)
    shown = _base(request, stage, selection, fields) | {
        "members": members,
        "plans": plans,
        "can_generate": any(plan.makes_anything for plan in plans),
        "is_large": members > MOST_AT_ONCE,
        "most_at_once": MOST_AT_ONCE,
        "refusal": refusal,
    }
    return _answer(request, "generate", shown, status=status)


def _done(
    request: BrandRequest, stage: Stage, selection: MemberSelection, fields: QueryDict, made: GeneratedInStage
) -> HttpResponse:
    shown = _base(request, stage, selection, fields)
    stored = store_selection(
        workspace_id=stage.workspace_id, offer=None, selection=selection, by=actor_of(request), at=timezone.now(),
        origin=shown["back_href"],
    )  # fmt: skip
    shown |= {"made": made, "stored": stored, "may_send": may(request.place.role, Action.SEND_MESSAGES)}
    return _answer(request, "generated", shown)


def _base(request: BrandRequest, stage: Stage, selection: MemberSelection, fields: QueryDict) -> dict[str, Any]:
    back = StoredSelection.objects.filter(user=request.user, pk=number_from(fields.get("back")) or 0).first()
    assert selection.within is not None  # noqa: S101  both kinds have one
    move = StageMove.objects.filter(pk=number_from(fields.get("move")) or 0).first()
    return {
        "project": stage.project,
        "stage": stage,
        "move": move,
        "up_to": selection.within.up_to,
        "back": back.pk if back else "",
        "back_href": (back.origin if back else "") or reverse("stage", args=[stage.project_id, stage.pk]),
    }


def _answer(request: BrandRequest, step: str, shown: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """The fragment for the dialog, or the same as a page. The page behind hears that members were moved."""
    if not request.htmx:  # type: ignore[attr-defined]  django-htmx
        return render(request, f"web/projects/{step}_page.html", shown, status=status)
    response = render(request, f"web/projects/{step}.html", shown, status=status)
    response["HX-Trigger"] = "stage-changed"
    return response
