"""Members: everybody in the brand's database, found by name, e-mail, handle, tag, group, country or offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_safe

from offerwell.queries.member_export import exported_members
from offerwell.queries.members import members_matching
from offerwell.rules.permissions import Action
from offerwell.ui.csv_download import csv_download
from offerwell.ui.selection_form import filter_from
from offerwell.web.members.member_screen import members_page
from offerwell.web.members.members_csv import HEADINGS, member_lines
from offerwell.web.needs import BrandRequest, needs

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_safe
@needs(Action.VIEW)
def members(request: BrandRequest) -> HttpResponse:
    """One page of the members."""
    return members_page(request, request.GET)


@require_safe
@needs(Action.EXPORT)
def members_csv(request: BrandRequest) -> HttpResponse:
    """The members that match the filter, streamed, as our import reads them."""
    rows = members_matching(filter_from(request.GET))
    batches = (member_lines(batch) for batch in exported_members(rows))
    return csv_download("members", HEADINGS, batches, workspace=request.place.workspace)
