"""Accept an invitation; and, with a login of several workspaces, choose which one to work in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offerwell.actions.accept_invitation import InvitationGone, NewLogin, accept_invitation
from offerwell.actions.add_team_member import TeamRefused
from offerwell.queries.team import Opened, invitation_of, places_of
from offerwell.rules.permissions import Action
from offerwell.web.needs import BrandRequest, needs
from offerwell.web.team.team_forms import JoinForm

if TYPE_CHECKING:
    from offerwell.models import TeamMember, User


@require_safe
@needs(Action.VIEW)
def workspaces(request: BrandRequest) -> HttpResponse:
    """The workspaces of this login."""
    return render(request, "web/team/workspaces.html", {"places": list(places_of(request.user))})


@require_POST
@needs(Action.VIEW)
def workspace_switch(request: BrandRequest, workspace_id: int) -> HttpResponse:
    """Work in another of one's own workspaces, in this session."""
    place = places_of(request.user).filter(workspace_id=workspace_id).first()
    if place is None:
        raise Http404
    _enter(request, place)
    messages.success(request, f"You are in {place.workspace} now.")
    return HttpResponseRedirect("/")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def join(request: HttpRequest, token: str) -> HttpResponse:
    """What an invitation's link opens. Looking changes nothing (mail scanners look); a POST accepts."""
    opened = invitation_of(token, at=timezone.now())
    if opened is None or opened.why_not:
        return render(request, "web/team/join_gone.html", {"why_not": opened.why_not if opened else ""}, status=404)
    if request.user.is_authenticated or opened.has_login:
        return _with_login(request, opened)
    return _with_new_login(request, opened)


def _with_login(request: HttpRequest, opened: Opened) -> HttpResponse:
    """The invited person has a login: theirs accepts, another one is told so, nobody signs in first."""
    is_theirs = request.user.is_authenticated and request.user.email == opened.invitation.email
    if request.method == "POST" and is_theirs:
        try:
            place = _accepted(opened, request.user)  # type: ignore[arg-type]  signed in, so a User
        except InvitationGone:
            return _gone(request)
        return _welcomed(request, place)
    sign_in = f"{reverse('account_login')}?{urlencode({'next': request.path})}"
    shown = {"invitation": opened.invitation, "is_theirs": is_theirs, "sign_in": sign_in}
    status = 403 if request.method == "POST" else 200
    return render(request, "web/team/join_with_login.html", shown, status=status)


def _with_new_login(request: HttpRequest, opened: Opened) -> HttpResponse:
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            place = _accepted(opened, NewLogin(**form.cleaned_data))
        except TeamRefused as refused:
            form.say(refused.problems)
        except InvitationGone:
            return _gone(request)
        else:
            # allauth's way in, so that the session is in the person's list and ends when they are removed.
            perform_login(request, place.user, email_verification="none")
            record_authentication(request, place.user, method="password")
            return _welcomed(request, place)
    status = 422 if request.method == "POST" else 200
    return render(request, "web/team/join.html", {"invitation": opened.invitation, "form": form}, status=status)


def _accepted(opened: Opened, who: User | NewLogin) -> TeamMember:
    return accept_invitation(invitation=opened.invitation, who=who, door="web", at=timezone.now())


def _welcomed(request: HttpRequest, place: TeamMember) -> HttpResponse:
    _enter(request, place)
    messages.success(request, f"Welcome to {place.workspace}. You are {place.get_role_display()}.")
    return HttpResponseRedirect("/")


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "web/team/join_gone.html", {"why_not": "This invitation was used already."}, status=404)


def _enter(request: HttpRequest, place: TeamMember) -> None:
    request.session["workspace"] = place.workspace_id
