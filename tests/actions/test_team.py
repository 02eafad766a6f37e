"""Invitations, joining, roles, leaving: what is stored, and what is refused without a trace."""

from __future__ import annotations

import json
import re
import smtplib
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django_scopes import scope

from offerwell.actions.accept_invitation import InvitationGone, NewLogin, accept_invitation
from offerwell.actions.add_team_member import TeamRefused
from offerwell.actions.change_role import change_role
from offerwell.actions.invite_person import FATE_UNKNOWN, invite_person, revoke_invitation, send_invitation_again
from offerwell.actions.remove_team_member import remove_team_member
from offerwell.integrations.mail_smtp import Unanswered
from offerwell.models import Event, Invitation, TeamMember, User
from offerwell.queries.team import invitation_of
from offerwell.rules.permissions import Actor, keeps_an_owner
from tests import make

PASSWORD = "plain sailing over water"
BEA = NewLogin("  Bea   Moreau ", PASSWORD)


def invite(place, email="bea@example.com", role="operator", at=make.NOW, tokens=None):
    return invite_person(
        workspace_id=place.pk, email=email, role=role, join_address=_address(tokens), by=make.ANA, at=at
    )


def _address(tokens):
    def address(token):
        if tokens is not None:
            tokens.append(token)
        return f"https://offerwell.example/join/{token}/"

    return address


def accept(invitation, who=BEA, at=make.NOW):
    return accept_invitation(invitation=invitation, who=who, door="web", at=at)


def told():
    return [(event.kind, event.actor_name, json.loads(event.body)) for event in Event.objects.order_by("seq")]


def place_of(user, workspace):
    return TeamMember.objects.get(user=user, workspace=workspace)


def test_an_invitation_is_stored_sent_and_told(acme):
    tokens = []
    made = invite(acme, "  Bea@Example.com ", tokens=tokens)
    assert (made.email, made.role, made.invited_by, made.sent_at, made.mail_problem) == (
        "bea@example.com", "operator", "Ana Lopez", make.NOW, "",
    )  # fmt: skip
    assert made.expires_at == make.NOW + timedelta(days=7)
    assert told() == [("team_member_invited", "Ana Lopez", {"email": "bea@example.com", "role": "operator"})]
    letter = mail.outbox[0]
    assert (letter.to, letter.subject) == (["bea@example.com"], "Ana Lopez invites you to Acme on Offerwell")
    link = f"https://offerwell.example/join/{tokens[0]}/"
    assert (letter.body.count(link), letter.alternatives[0][0].count(f'href="{link}"')) == (1, 1)


def test_the_token_is_nowhere_in_the_database(acme):
    tokens = []
    made = invite(acme, tokens=tokens)
    send_invitation_again(
        workspace_id=acme.pk, invitation_id=made.pk, join_address=_address(tokens), by=make.ANA, at=make.NOW
    )
    rows = [repr(row) for model in (Invitation, Event) for row in model.objects.values()]
    assert len(set(tokens)) == 2
    assert [token for token in tokens for row in rows if token in row] == []


def test_names_in_a_letter_run_nothing_and_break_no_line(acme):
    evil = Actor(name="<b>Ana</b>\r\nBcc: x@example.com", door="web")
    invite_person(
        workspace_id=acme.pk, email="bea@example.com", role="analyst", join_address=_address(None), by=evil, at=make.NOW
    )
    letter = mail.outbox[0]
    assert letter.subject == "<b>Ana</b> Bcc: x@example.com invites you to Acme on Offerwell"
    assert (letter.recipients(), "<b>Ana" in letter.alternatives[0][0]) == (["bea@example.com"], False)


@pytest.mark.parametrize(("email", "role", "problem"), [
    ("bea", "operator", "“bea” is not an e-mail. Write it like ana@example.com."),
    ("", "operator", "“” is not an e-mail. Write it like ana@example.com."),
    ("bea@example.com", "boss", "There is no role “boss”. Use one of: owner, manager, operator, analyst."),
    ("in@example.com", "owner", "in@example.com is in the team already, as analyst. Change the role there."),
    ("off@example.com", "owner", "The login off@example.com is switched off. Use another e-mail."),
])  # fmt: skip
def test_a_wrong_invitation_is_refused(acme, email, role, problem):
    make.user(acme, role="analyst", email="in@example.com")
    User.objects.filter(pk=make.user(email="off@example.com").pk).update(is_active=False)
    with pytest.raises(TeamRefused, match=f"^{re.escape(problem)}$"):
        invite(acme, email, role)
    assert (Invitation.objects.count(), Event.objects.count(), len(mail.outbox)) == (0, 0, 0)


def test_nobody_is_invited_twice_but_in_two_workspaces(acme, rival):
    invite(acme)
    with pytest.raises(TeamRefused, match="is invited already, and the invitation is open"):
        invite(acme, "BEA@example.com")
    with pytest.raises(TeamRefused, match=r"and the invitation ran out\. Send it again"):
        invite(acme, at=make.NOW + timedelta(days=8))
    with scope(workspace=rival):
        invite(rival)
        assert Invitation.objects.count() == 1
    assert (Invitation.objects.count(), Event.objects.count(), len(mail.outbox)) == (1, 1, 2)


@pytest.mark.parametrize(("error", "problem"), [
    (ConnectionRefusedError("refused"), "The mail server could not be reached: refused"),
    (smtplib.SMTPDataError(550, b"no such user"), "The mail server refused: 550 no such user"),
    (Unanswered("gone"), FATE_UNKNOWN),
])  # fmt: skip
def test_a_letter_that_does_not_leave_is_told_and_sent_again(acme, monkeypatch, error, problem):
    def refuse(self, messages):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", refuse)
        made = invite(acme)
    assert (made.sent_at, made.mail_problem) == (None, problem)
    again = send_invitation_again(
        workspace_id=acme.pk, invitation_id=made.pk, join_address=_address(None), by=make.ANA,
        at=make.NOW + timedelta(days=9),
    )  # fmt: skip
    assert (again.sent_at, again.mail_problem, again.expires_at) == (
        make.NOW + timedelta(days=9), "", make.NOW + timedelta(days=16),
    )  # fmt: skip


def test_joining_makes_a_login_and_uses_the_invitation_up(acme):
    made = invite(acme, role="manager")
    place = accept(made)
    user = User.objects.get(email="bea@example.com")
    assert (place.user, place.role, user.name, user.check_password(PASSWORD)) == (user, "manager", "Bea Moreau", True)
    made.refresh_from_db()
    assert (made.accepted_at, made.accepted_by) == (make.NOW, user)
    assert told()[1] == (
        "team_member_joined", "Bea Moreau",
        {"email": "bea@example.com", "role": "manager", "invitation": made.pk, "was_in": False},
    )  # fmt: skip
    assert Event.objects.get(seq=2).actor_id == user.pk
    with pytest.raises(InvitationGone):
        accept(made, user)
    assert (TeamMember.objects.count(), Event.objects.count()) == (1, 2)


def test_an_existing_login_joins_unchanged_and_no_other_may(acme, rival):
    bea, eve = make.user(rival, email="bea@example.com"), make.user(rival, email="eve@example.com")
    made = invite(acme, role="analyst")
    with pytest.raises(TeamRefused, match=r"This invitation is for bea@example\.com, and you are eve@example\.com"):
        accept(made, eve)
    with pytest.raises(TeamRefused, match=r"There is a login for bea@example\.com already\. Sign in to accept"):
        accept(made, BEA)
    assert TeamMember.objects.filter(workspace=acme).count() == 0
    accept(made, bea)
    assert [(place.workspace_id, place.role) for place in bea.places.order_by("pk")] == [
        (rival.pk, "owner"), (acme.pk, "analyst"),
    ]  # fmt: skip


@pytest.mark.parametrize(("new", "field", "problem"), [
    (NewLogin("Bea", "short"), "password", "This password is too short. It must contain at least 12 characters."),
    (NewLogin("Bea", "password1234"), "password", "This password is too common."),
    (NewLogin("Bea", "bea@example.com"), "password", "The password is too similar to the email."),
    (NewLogin("  ", PASSWORD), "name", "Enter your name, as your team knows it."),
    (NewLogin("B" * 121, PASSWORD), "name", "The person’s name is 121 characters long. Use at most 120."),
])  # fmt: skip
def test_a_poor_name_or_password_is_refused_and_the_invitation_stays(acme, new, field, problem):
    made = invite(acme)
    with pytest.raises(TeamRefused) as refused:
        accept(made, new)
    assert refused.value.problems == {field: problem}
    assert (User.objects.count(), TeamMember.objects.count(), Event.objects.count()) == (0, 0, 1)
    assert accept(made).role == "operator"


def test_what_ran_out_was_taken_back_or_sent_anew_opens_nothing(acme):
    tokens = []
    made = invite(acme, tokens=tokens)
    with pytest.raises(InvitationGone):
        accept(made, at=make.NOW + timedelta(days=7))
    send_invitation_again(
        workspace_id=acme.pk, invitation_id=made.pk, join_address=_address(tokens), by=make.ANA, at=make.NOW
    )
    with pytest.raises(InvitationGone):
        accept(made)  # as the first letter's page still has it
    revoke_invitation(workspace_id=acme.pk, invitation_id=made.pk, by=make.ANA, at=make.NOW)
    found = [invitation_of(token, at=make.NOW) for token in tokens]
    assert (found[0], found[1].why_not) == (None, "This invitation was taken back. Ask who invited you.")
    with pytest.raises(InvitationGone):
        accept(found[1].invitation)
    with pytest.raises(TeamRefused, match="not open any more"):
        revoke_invitation(workspace_id=acme.pk, invitation_id=made.pk, by=make.ANA, at=make.NOW)
    assert (User.objects.count(), [kind for kind, _, _ in told()]) == (
        0, ["team_member_invited", "invitation_sent_again", "invitation_revoked"],
    )  # fmt: skip


def test_a_role_is_changed_once_and_told(acme):
    make.user(acme)
    bea = make.user(acme, role="analyst", email="bea@example.com")
    place = place_of(bea, acme)
    asked = {"workspace_id": acme.pk, "place_id": place.pk, "by": make.ANA, "at": make.NOW}
    assert (change_role(role="manager", **asked), change_role(role="manager", **asked)) == (True, False)
    place.refresh_from_db()
    assert place.role == "manager"
    assert told() == [
        ("team_role_changed", "Ana Lopez", {"email": "bea@example.com", "before": "analyst", "after": "manager"})
    ]
    with pytest.raises(TeamRefused, match="There is no role “boss”"):
        change_role(role="boss", **asked)


@pytest.mark.parametrize("others", [(), ("manager",), ("off",)])
def test_the_last_owner_stays_owner(acme, rival, others):
    """Also beside an owner whose login is switched off, and whatever owners a neighbour has."""
    ana = make.user(acme)
    make.user(rival)
    for role in others:
        other = make.user(acme, role="owner" if role == "off" else role)
        User.objects.filter(pk=other.pk).update(is_active=role != "off")
    place = place_of(ana, acme)
    asked = {"workspace_id": acme.pk, "place_id": place.pk, "by": make.ANA, "at": make.NOW}
    with pytest.raises(TeamRefused, match=r"is the last owner\. Make somebody else owner first"):
        change_role(role="manager", **asked)
    with pytest.raises(TeamRefused, match=r"is the last owner\. Make somebody else owner first"):
        remove_team_member(**asked)
    place.refresh_from_db()
    assert (place.role, Event.objects.count()) == ("owner", 0)


def test_keeps_an_owner_in_every_case():
    cases = [
        (owners, was, becomes) for owners in (1, 2) for was in ("owner", "analyst") for becomes in ("owner", "x", None)
    ]
    assert [case for case in cases if not keeps_an_owner(owners=case[0], was=case[1], becomes=case[2])] == [
        (1, "owner", "x"), (1, "owner", None),
    ]  # fmt: skip


def test_removing_ends_the_sessions_here_and_no_other(acme, rival, client):
    make.user(acme)
    bea = make.user(acme, role="manager", email="bea@example.com")
    TeamMember.objects.create(workspace=rival, user=bea, role="analyst")
    sessions = {name: _session(bea, chosen) for name, chosen in (
        ("first by default", None), ("chosen here", acme.pk), ("chosen there", rival.pk)
    )}  # fmt: skip
    bystander = _session(make.user(acme, role="analyst"), None)
    remove_team_member(workspace_id=acme.pk, place_id=place_of(bea, acme).pk, by=make.ANA, at=make.NOW)
    assert sorted(UserSession.objects.values_list("session_key", flat=True)) == sorted(
        [sessions["chosen there"], bystander]
    )
    assert told() == [(
        "team_member_removed", "Ana Lopez", {"email": "bea@example.com", "role": "manager", "sessions_ended": 2}
    )]  # fmt: skip
    assert list(bea.places.values_list("workspace_id", flat=True)) == [rival.pk]


def _session(user, chosen):
    from django.test import Client

    client = Client()
    make.sign_in(client, user)
    session = client.session
    if chosen:
        session["workspace"] = chosen
        session.save()
    UserSession.objects.get_or_create(session_key=session.session_key, defaults={"user": user, "ip": "127.0.0.1"})
    return session.session_key


def test_a_neighbours_people_and_invitations_are_out_of_reach(acme, rival):
    theirs = place_of(make.user(rival, role="analyst"), rival)
    make.user(acme)
    with scope(workspace=rival):
        open_there = invite(rival, "new@example.com")
    asked = {"workspace_id": acme.pk, "by": make.ANA, "at": make.NOW}
    for attack in (
        lambda: change_role(place_id=theirs.pk, role="owner", **asked),
        lambda: remove_team_member(place_id=theirs.pk, **asked),
        lambda: revoke_invitation(invitation_id=open_there.pk, **asked),
        lambda: send_invitation_again(invitation_id=open_there.pk, join_address=_address(None), **asked),
    ):
        with pytest.raises(TeamRefused):
            attack()
    theirs.refresh_from_db()
    with scope(workspace=rival):
        kept = Invitation.objects.get()
    assert (theirs.role, kept.revoked_at, kept.token_hash, Event.objects.count(), len(mail.outbox)) == (
        "analyst", None, open_there.token_hash, 0, 1,
    )  # fmt: skip
