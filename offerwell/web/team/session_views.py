"""Signing out elsewhere: one of one's own sessions, or one of somebody in the team."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from offerwell.actions.end_session import end_own_session, end_team_session
from offerwell.models import TeamMember
from offerwell.rules.permissions import Action
from offerwell.web.confirmed import confirmed
from offerwell.web.needs import BrandRequest, actor_of, needs


@require_POST
@needs(Action.VIEW)
def session_end(request: BrandRequest, session_id: int) -> HttpResponse:
    """Sign out of one other browser of one's own."""
    if not end_own_session(user_id=request.place.user_id, session_id=session_id, current_key=_current(request)):
        raise Http404
    messages.success(request, "Signed out there.")
    return HttpResponseRedirect(reverse("usersessions_list"))


@require_POST
@needs(Action.EDIT_TEAM)
@confirmed(back="team_person")
def team_session_end(request: BrandRequest, place_id: int, session_id: int) -> HttpResponse:
    """Sign somebody of the team out of one browser."""
    place = get_object_or_404(TeamMember, pk=place_id, workspace_id=request.place.workspace_id)
    if not end_team_session(
        workspace_id=place.workspace_id, place_id=place.pk, session_id=session_id, current_key=_current(request),
        by=actor_of(request), at=timezone.now(),
    ):  # fmt: skip
        raise Http404
    messages.success(request, f"{place.user} is signed out there.")
    return HttpResponseRedirect(reverse("team_person", args=[place.pk]))


def _current(request: BrandRequest) -> str:
    return request.session.session_key or ""
