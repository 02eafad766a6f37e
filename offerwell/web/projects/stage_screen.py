"""What a stage shows as a list: search, one page of members, the bulk bar, and what may be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.shortcuts import render
from django.utils import timezone

from offerwell.models import Stage
from offerwell.queries.few_or_many import FEW
from offerwell.queries.keyset_page import ListWish
from offerwell.queries.offer_list import marks
from offerwell.queries.project_list import members_by_stage
from offerwell.queries.project_members import (
    EVERYBODY,
    count_in_stage,
    newest_move,
    stage_matches,
    stage_page,
)
from offerwell.queries.project_offers import connected_offers
from offerwell.ui.paging import pager_text, place_from, place_text
from offerwell.ui.selection_form import filter_fields, filter_from
from offerwell.ui.selection_table import SelectionTable
from offerwell.web.projects.board_screen import frame, stage_key
from offerwell.web.projects.cells import cells_of
from offerwell.web.projects.polling import poll_address
from offerwell.web.sales_tracking.polling import poll_after

if TYPE_CHECKING:
    from django.http import HttpResponse, QueryDict

    from offerwell.queries.few_or_many import Matches
    from offerwell.queries.keyset_page import ListPage
    from offerwell.queries.project_members import StageRow
    from offerwell.web.needs import BrandRequest


@dataclass(frozen=True, slots=True)
class Pager:
    """Say "1–50 of 248", and the pages beside it (empty: none)."""

    text: str
    previous: str
    next: str


def stage_screen(
    request: BrandRequest, stage: Stage, fields: QueryDict, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    """The screen for the filter and place in `fields`; `refusal` says why a selection was not taken."""
    wish = ListWish(
        filter=filter_from(fields),
        after=place_from(fields.get("after", "")),
        until=place_from(fields.get("before", "")) if not fields.get("after") else None,
    )
    offers = connected_offers(stage.project)
    stages = list(Stage.objects.filter(project=stage.project_id).order_by("position", "pk"))
    counts = members_by_stage([one.pk for one in stages])
    in_stage = counts.get(stage.pk, 0)
    matches = stage_matches(stage, wish.filter, in_stage=in_stage)
    page = stage_page(matches.rows, offers, wish, at=timezone.now())
    newest, poll = newest_move(), poll_after(page.rows, turn=0)
    total, is_exact = _total(matches, wish, page, in_stage)
    shown = {
        **frame(request, stage.project, offers, stages),
        "stage": stage,
        "tabs": [(one, counts.get(one.pk, 0), one.pk == stage.pk) for one in stages],
        "is_last": stages[-1].pk == stage.pk,
        "members_in_stage": in_stage,
        "rows": cells_of(page.rows),
        "page": page,
        "pager": _pager(wish, page, total, is_exact=is_exact),
        "cut_at": f"{FEW:,}" if matches.are_cut else "",
        "wanted": wish.filter,
        "is_filtered": wish.filter != EVERYBODY,
        "marks": marks(),
        "selection": SelectionTable(
            key=stage_key(request, stage, newest), fields=filter_fields(wish.filter), total=total if is_exact else None,
            up_to=newest, is_narrowed=wish.filter != EVERYBODY,
        ),
        "poll": poll,
        "poll_href": poll_address(stage.project, page.rows, poll),
        "refusal": refusal,
    }  # fmt: skip
    return render(request, "web/projects/stage.html", shown, status=status)


def _total(matches: Matches, wish: ListWish, page: ListPage[StageRow], in_stage: int) -> tuple[int | None, bool]:
    """How many the list has, and whether that was counted to the end. A short list counts itself; a cut one nobody."""
    if matches.are_cut:
        return None, False
    if page.previous is None and page.next is None:
        return len(page.rows), True
    return (in_stage, True) if wish.filter == EVERYBODY else count_in_stage(matches)


def _pager(wish: ListWish, page: ListPage[StageRow], total: int | None, *, is_exact: bool) -> Pager:
    previous, following, fields = place_text(page.previous), place_text(page.next), filter_fields(wish.filter)
    return Pager(
        text=pager_text(page, total, is_capped=not is_exact),
        previous="?" + urlencode({**fields, "before": previous}) if previous else "",
        next="?" + urlencode({**fields, "after": following}) if following else "",
    )
