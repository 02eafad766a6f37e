"""Settings › Team: people and their roles, invitations, leaving."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offerwell.actions.add_team_member import TeamRefused
from offerwell.actions.change_role import change_role
from offerwell.actions.invite_person import invite_person, revoke_invitation, send_invitation_again
from offerwell.actions.remove_team_member import remove_team_member
from offerwell.models import Invitation, Role, TeamMember
from offerwell.queries.team import open_invitations, sessions_here, team_seen
from offerwell.rules.permissions import Action, may
from offerwell.web.confirmed import confirmed
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.team.team_forms import ROLE_CARDS, InviteForm, RoleForm, permissions_table


@require_safe
@needs(Action.VIEW)
def team(request: BrandRequest) -> HttpResponse:
    """Everybody in the team; for owners also how they sign in, and who is invited."""
    may_edit = may(request.place.role, Action.EDIT_TEAM)
    shown = {
        "people": team_seen(request.place.workspace_id),
        "invitations": list(open_invitations()) if may_edit else [],
        "permissions": permissions_table(),
        "roles": [role.label for role in Role],
        "may_edit": may_edit,
        "at": timezone.now(),
    }
    return render(request, "web/team/team.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_TEAM)
@confirmed()
def team_invite(request: BrandRequest) -> HttpResponse:
    """Invite somebody by e-mail."""
    if request.method != "POST":
        return _invite_form(request, InviteForm(initial={"role": Role.OPERATOR}))
    form = InviteForm(request.POST)
    if form.is_valid():
        try:
            invitation = invite_person(
                workspace_id=request.place.workspace_id, join_address=lambda token: _join_address(request, token),
                by=actor_of(request), at=timezone.now(), **form.cleaned_data,
            )  # fmt: skip
        except TeamRefused as refused:
            form.say(refused.problems)
        else:
            _tell_sent(request, invitation)
            return HttpResponseRedirect(reverse("team"))
    return _invite_form(request, form, status=422)


@require_POST
@needs(Action.EDIT_TEAM)
@confirmed(back="team")
def invitation_send(request: BrandRequest, invitation_id: int) -> HttpResponse:
    """Send an invitation's letter again, with a new link."""
    get_object_or_404(Invitation, pk=invitation_id)
    try:
        invitation = send_invitation_again(
            workspace_id=request.place.workspace_id, invitation_id=invitation_id,
            join_address=lambda token: _join_address(request, token), by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except TeamRefused as refused:
        messages.error(request, str(refused))
    else:
        _tell_sent(request, invitation)
    return HttpResponseRedirect(reverse("team"))


@require_POST
@needs(Action.EDIT_TEAM)
@confirmed(back="team")
def invitation_revoke(request: BrandRequest, invitation_id: int) -> HttpResponse:
    """Take an invitation back."""
    get_object_or_404(Invitation, pk=invitation_id)
    try:
        invitation = revoke_invitation(
            workspace_id=request.place.workspace_id, invitation_id=invitation_id, by=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
    except TeamRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"The invitation of {invitation.email} was taken back. Its link works no more.")
    return HttpResponseRedirect(reverse("team"))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_TEAM)
@confirmed()
def team_person(request: BrandRequest, place_id: int) -> HttpResponse:
    """One person: another role, or out of the team."""
    place = _place(request, place_id)
    if request.method != "POST":
        return _role_form(request, place, RoleForm(initial={"role": place.role}))
    form = RoleForm(request.POST)
    if form.is_valid():
        try:
            changed = change_role(
                workspace_id=request.place.workspace_id, place_id=place_id, by=actor_of(request), at=timezone.now(),
                **form.cleaned_data,
            )  # fmt: skip
        except TeamRefused as refused:
            form.say(refused.problems)
        else:
            role = Role(form.cleaned_data["role"]).label
            messages.success(request, f"{place.user} is {role} {'now' if changed else 'already'}.")
            return HttpResponseRedirect(reverse("team"))
    return _role_form(request, place, form, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_TEAM)
@confirmed()
def team_remove(request: BrandRequest, place_id: int) -> HttpResponse:
    """Say what removing somebody means, then do it."""
    place = _place(request, place_id)
    return _removal(request, place, told=f"{place.user} is not in the team any more, and signed out of it.")


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.VIEW)
@confirmed()
def team_leave(request: BrandRequest) -> HttpResponse:
    """Leave the team oneself."""
    return _removal(request, _place(request, request.place.pk), told="")


def _removal(request: BrandRequest, place: TeamMember, *, told: str) -> HttpResponse:
    shown = {"place": place, "is_own": place.user_id == request.user.pk}
    if request.method != "POST":
        return render(request, "web/team/remove.html", shown)
    try:
        remove_team_member(
            workspace_id=request.place.workspace_id, place_id=place.pk, by=actor_of(request), at=timezone.now()
        )
    except TeamRefused as refused:
        return render(request, "web/team/remove.html", {**shown, "refusal": str(refused)}, status=422)
    if told:
        messages.success(request, told)
    return HttpResponseRedirect(reverse("team") if told else "/")


def _place(request: BrandRequest, place_id: int) -> TeamMember:
    found = TeamMember.objects.select_related("user", "workspace").filter(workspace_id=request.place.workspace_id)
    return get_object_or_404(found, pk=place_id)


def _join_address(request: BrandRequest, token: str) -> str:
    """The page a token opens, where people reach us: as set, else as this request came in."""
    page = reverse("join", args=[token])
    public = settings.OFFERWELL_PUBLIC_URL
    return f"{public}{page}" if public else request.build_absolute_uri(page)


def _tell_sent(request: BrandRequest, invitation: Invitation) -> None:
    if invitation.sent_at:
        messages.success(request, f"Invitation sent to {invitation.email}. Its link is good for seven days.")
    else:
        messages.error(
            request, f"{invitation.email} is invited, but the letter was not sent. {invitation.mail_problem}"
        )


def _invite_form(request: BrandRequest, form: InviteForm, *, status: int = 200) -> HttpResponse:
    return render(request, "web/team/invite.html", {"form": form, "role_cards": ROLE_CARDS}, status=status)


def _role_form(request: BrandRequest, place: TeamMember, form: RoleForm, *, status: int = 200) -> HttpResponse:
    shown = {
        "form": form, "place": place, "role_cards": ROLE_CARDS, "is_own": place.user_id == request.user.pk,
        "sessions": sessions_here(place, at=timezone.now()), "current_key": request.session.session_key,
    }  # fmt: skip
    return render(request, "web/team/person.html", shown, status=status)
