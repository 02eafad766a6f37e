"""Members: everybody in the brand's database, found by name, e-mail, handle, tag, group or country."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_safe

from offerwell.rules.permissions import Action, may
from offerwell.web.members.member_screen import member_screen
from offerwell.web.needs import BrandRequest, needs

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_safe
@needs(Action.VIEW)
def members(request: BrandRequest) -> HttpResponse:
    """One page of the members."""
    shown = member_screen(request.GET) | {"may_edit": may(request.place.role, Action.EDIT_MEMBERS)}
    return render(request, "web/members/members.html", shown)
