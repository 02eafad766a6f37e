"""Settings › Team and the way in: pages, letters, and asking again who it is."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_scopes import scope

from offerwell.models import Event, Invitation, TeamMember, User
from offerwell.rules.permissions import POLICY, Action
from offerwell.web.confirmed import ASKED
from offerwell.web.team.team_forms import ACTION_WORDS
from tests import make
from tests.web.page_words import words

TEAM = "/settings/team/"
PASSWORD = "plain sailing over water"


@pytest.fixture
def ana(acme, client):
    user = make.user(acme, email="ana@example.com")
    make.sign_in(client, user)
    return user


def invited(client, email="bea@example.com", role="operator"):
    """The link of the letter."""
    answer = client.post(f"{TEAM}invite/", {"email": email, "role": role})
    assert (answer.status_code, answer["Location"]) == (302, TEAM), words(answer)
    return re.search(r"http://testserver(/join/\S+/)", mail.outbox[-1].body)[1]


def place_of(email):
    return TeamMember.objects.get(user__email=email)


def test_from_invitation_to_first_look(ana, client, acme):
    link = invited(client, role="analyst")
    page = words(client.get(TEAM))
    assert all(said in page for said in ("Invitation sent to bea@example.com", "Invited 1", "Analyst"))
    bea = Client()
    looked = bea.get(link)
    assert (looked.status_code, Invitation.objects.get().accepted_at) == (200, None)
    assert "max-age=0" in looked["Cache-Control"]
    joined = bea.post(link, {"name": "Bea Moreau", "password": PASSWORD}, follow=True)
    assert joined.redirect_chain[-1] == ("/reporting/sales-tracking/", 302)
    assert "Welcome to Acme. You are Analyst." in words(joined)
    assert bea.get(f"{TEAM}invite/").status_code == 403
    assert "Bea Moreau" in words(client.get(TEAM))
    assert UserSession.objects.get(user__email="bea@example.com").session_key == bea.session.session_key
    again = Client().get(link)
    assert (again.status_code, "This invitation was used already. Sign in instead." in words(again)) == (404, True)
    assert Client().post(link, {"name": "Eve", "password": PASSWORD}).status_code == 404
    assert User.objects.count() == 2


def test_a_refused_join_keeps_the_name_and_not_the_password(ana, client):
    link = invited(client)
    answer = Client().post(link, {"name": "Bea Moreau", "password": "short"})
    page = answer.content.decode()
    assert (answer.status_code, 'value="Bea Moreau"' in page, "short" in re.sub(r"too short", "", page)) == (
        422,
        True,
        False,
    )
    assert "This password is too short. It must contain at least 12 characters." in words(answer)
    assert (User.objects.count(), TeamMember.objects.count()) == (1, 1)


def test_who_has_a_login_signs_in_to_join(ana, client, rival):
    bea = make.user(rival, email="bea@example.com")
    link = invited(client)
    stranger = Client()
    assert f"/account/login/?next={link.replace('/', '%2F')}" in stranger.get(link).content.decode()
    assert stranger.post(link, {"name": "Bea", "password": PASSWORD}).status_code == 403
    other = Client()
    make.sign_in(other, make.user(rival, email="eve@example.com"))
    assert "You are signed in as eve@example.com." in words(other.get(link))
    assert other.post(link).status_code == 403
    assert TeamMember.objects.filter(workspace__name="Acme").count() == 1
    make.sign_in(stranger, bea)
    assert stranger.get(link).status_code == 200
    assert stranger.post(link)["Location"] == "/"
    assert "You are Operator." in words(stranger.get("/members/"))
    assert stranger.session["workspace"] == place_of("ana@example.com").workspace_id


@pytest.mark.parametrize("token", ["x", "a" * 43, "%00", "..", "ünïcode"])
def test_a_link_that_leads_nowhere_says_what_to_do(db, client, token):
    answer = client.get(f"/join/{token}/")
    assert answer.status_code == 404
    assert client.post(f"/join/{token}/").status_code == 404


def test_invite_form_keeps_what_was_typed(ana, client, acme):
    answer = client.post(f"{TEAM}invite/", {"email": "bea", "role": "manager"})
    page = answer.content.decode()
    assert (answer.status_code, 'value="bea"' in page) == (422, True)
    assert re.search(r'id="role-manager"[^>]* checked', page)
    assert "“bea” is not an e-mail." in words(answer)
    none = client.post(f"{TEAM}invite/", {"email": "bea@example.com"})
    assert (none.status_code, "There is no role “”." in words(none)) == (422, True)
    assert (Invitation.objects.count(), Event.objects.count(), mail.outbox) == (0, 0, [])


def test_a_letter_goes_again_and_an_invitation_back(ana, client):
    first = invited(client)
    pk = Invitation.objects.get().pk
    assert client.post(f"{TEAM}invitations/{pk}/send/")["Location"] == TEAM
    second = re.search(r"http://testserver(/join/\S+/)", mail.outbox[-1].body)[1]
    assert (Client().get(first).status_code, Client().get(second).status_code) == (404, 200)
    client.post(f"{TEAM}invitations/{pk}/revoke/")
    assert "This invitation was taken back." in words(Client().get(second))
    assert "Invited" not in words(client.get(TEAM))
    answer = client.post(f"{TEAM}invitations/{pk}/send/", follow=True)
    assert "not open any more" in words(answer)
    assert len(mail.outbox) == 2


def test_the_letter_names_the_public_address_when_one_is_set(ana, client, settings):
    settings.OFFERWELL_PUBLIC_URL = "https://offers.example"
    client.post(f"{TEAM}invite/", {"email": "bea@example.com", "role": "owner"})
    assert "https://offers.example/join/" in mail.outbox[0].body


def test_owners_see_how_people_sign_in_and_others_who_they_are(ana, client, acme, rival):
    make.user(rival, email="foreign@example.com")
    User.objects.filter(pk=ana.pk).update(last_login=timezone.now() - timedelta(days=3))
    make.user(acme, role="manager", email="bea@example.com")
    Authenticator.objects.create(user=ana, type="totp", data={"secret": "x"})
    invited(client, "new@example.com")
    page = words(client.get(TEAM))
    assert all(said in page for said in ("ana@example.com", "3d ago", "On", "bea@example.com", "Never", "Off"))
    assert "foreign" not in page
    colleague = Client()
    make.sign_in(colleague, User.objects.get(email="bea@example.com"))
    page = words(colleague.get(TEAM))
    assert ("ana@example.com" in page, "Second factor" in page, "3d ago" in page, "new@example.com" in page) == (
        True, False, False, False,
    )  # fmt: skip


def test_the_team_page_costs_the_same_for_one_and_many(ana, client, acme):
    def statements():
        with CaptureQueriesContext(connection) as asked:
            client.get(TEAM)
        return len(asked)

    few = statements()
    for n in range(5):
        make.user(acme, role="analyst", email=f"p{n}@example.com")
        invited(client, f"i{n}@example.com")
    client.get(TEAM)  # shows the messages
    assert statements() == few


def test_the_page_says_what_each_role_may(ana, client):
    shown = client.get(TEAM).context["permissions"]
    assert set(ACTION_WORDS) == set(Action)
    assert [(row.words, [role.lower() for role, may in row.roles if may]) for row in shown] == [
        (text, [role for role in POLICY if action in POLICY[role]]) for action, text in ACTION_WORDS.items()
    ]


def test_a_role_is_changed_and_counts_at_once(ana, client, acme):
    bea = make.user(acme, role="analyst", email="bea@example.com")
    hers = Client()
    make.sign_in(hers, bea)
    assert hers.get("/settings/audit/").status_code == 403
    place = place_of("bea@example.com")
    answer = client.post(f"{TEAM}{place.pk}/", {"role": "manager"}, follow=True)
    assert "is Manager now." in words(answer)
    assert hers.get("/settings/audit/").status_code == 200
    assert "is Manager already." in words(client.post(f"{TEAM}{place.pk}/", {"role": "manager"}, follow=True))
    refused = client.post(f"{TEAM}{place.pk}/", {"role": "boss"})
    assert (refused.status_code, "There is no role “boss”." in words(refused)) == (422, True)
    assert [event.kind for event in Event.objects.all()] == ["team_role_changed"]


def test_somebody_removed_is_out_at_the_next_click(ana, client, acme):
    make.user(acme, role="manager", email="bea@example.com")
    hers = Client()
    hers.post("/account/login/", {"login": "bea@example.com", "password": "correct horse battery"})
    assert hers.get("/members/").status_code == 200
    place = place_of("bea@example.com")
    asked = client.get(f"{TEAM}{place.pk}/remove/")
    assert ("loses access to Acme at once" in words(asked), TeamMember.objects.count()) == (True, 2)
    answer = client.post(f"{TEAM}{place.pk}/remove/", follow=True)
    assert "is not in the team any more, and signed out of it." in words(answer)
    gone = hers.get("/members/")
    assert (gone.status_code, gone["Location"]) == (302, "/account/login/?next=/members/")
    assert User.objects.filter(email="bea@example.com").exists()


def test_the_last_owner_can_neither_leave_nor_step_down(ana, client):
    own = place_of("ana@example.com").pk
    for path, sent in ((f"{TEAM}leave/", {}), (f"{TEAM}{own}/remove/", {}), (f"{TEAM}{own}/", {"role": "analyst"})):
        answer = client.post(path, sent)
        assert (answer.status_code, "is the last owner. Make somebody else owner first." in words(answer)) == (
            422,
            True,
        )
    assert (place_of("ana@example.com").role, Event.objects.count()) == ("owner", 0)


def test_anybody_else_leaves_by_themselves(ana, acme):
    hers = Client()
    make.sign_in(hers, make.user(acme, role="analyst", email="bea@example.com"))
    assert "Leave Acme?" in words(hers.get(f"{TEAM}leave/"))
    assert hers.post(f"{TEAM}leave/")["Location"] == "/"
    assert TeamMember.objects.filter(user__email="bea@example.com").count() == 0
    assert Event.objects.get().kind == "team_member_left"


def test_one_login_switches_between_its_workspaces_only(ana, client, acme, rival):
    other = make.workspace("Third")
    assert "Switch workspace" not in words(client.get("/members/"))
    TeamMember.objects.create(workspace=rival, user=ana, role="analyst")
    make.member(acme, "Nora")
    with scope(workspace=rival):
        make.member(rival, "Hana")
    assert ("Switch workspace" in words(page := client.get("/members/")), "Nora" in words(page)) == (True, True)
    listed = words(client.get("/workspaces/"))
    assert ("Acme" in listed, "Rival" in listed, "Third" in listed) == (True, True, False)
    answer = client.post(f"/workspaces/{rival.pk}/", follow=True)
    assert "You are in Rival now." in words(answer)
    page = words(client.get("/members/"))
    assert ("Hana" in page, "Nora" in page, client.get(f"{TEAM}invite/").status_code) == (True, False, 403)
    assert client.post(f"/workspaces/{other.pk}/").status_code == 404
    assert client.session["workspace"] == rival.pk


def test_a_session_left_open_is_asked_again_and_nothing_sent_is_kept(acme):
    client, user = Client(), make.user(acme, email="ana@example.com")
    make.sign_in(client, user, seconds_ago=31 * 60)
    form = client.get(f"{TEAM}invite/")
    assert (form.status_code, form["Location"]) == (
        302,
        f"/account/reauthenticate/?next={TEAM.replace('/', '%2F')}invite%2F",
    )
    # A form that was opened in time may be sent somewhat later; then not any more.
    assert client.post(f"{TEAM}invite/", {"email": "new@example.com", "role": "analyst"})["Location"] == TEAM
    make.sign_in(client, user, seconds_ago=61 * 60)
    pk = Invitation.objects.get().pk
    answer = client.post(f"{TEAM}invitations/{pk}/revoke/")
    assert answer["Location"] == f"/account/reauthenticate/?next={TEAM.replace('/', '%2F')}"
    secret = {"label": "Glow", "kind": "shopify", "address": "glow.myshopify.com", "client_secret": "kept-nowhere"}
    client.post("/settings/stores/connect/", secret)
    assert "kept-nowhere" not in str(dict(client.session))
    page = client.post(answer["Location"], {"password": "correct horse battery"})
    assert (page.status_code, page["Location"]) == (302, TEAM)
    assert (ASKED in words(client.get(TEAM)), Invitation.objects.get().revoked_at) == (True, None)
    client.post(f"{TEAM}invitations/{pk}/revoke/")
    assert Invitation.objects.get().revoked_at is not None


def sessions_left():
    return sorted(UserSession.objects.values_list("pk", flat=True))


def is_in(session):
    """Whether the browser of the session is still let in."""
    browser = Client()
    browser.cookies["offerwell"] = session.session_key
    return browser.get("/members/").status_code == 200


def test_one_signs_out_of_one_other_browser(ana, client, acme, rival):
    lost, kept, own = make.session(ana), make.session(ana, workspace=acme.pk), make.session(ana, client)
    theirs = make.session(make.user(acme, role="analyst"))
    page = client.get("/account/sessions/").content.decode()
    assert (page.count(f"/settings/sessions/{lost.pk}/end/"), page.count("This one"), is_in(lost)) == (1, 1, True)
    assert (f"/settings/sessions/{own.pk}/end/" in page, f"/{theirs.pk}/end/" in page) == (False, False)
    answer = client.post(f"/settings/sessions/{lost.pk}/end/", follow=True)
    assert (answer.redirect_chain[-1][0], "Signed out there." in words(answer)) == ("/account/sessions/", True)
    assert (is_in(lost), is_in(kept), is_in(theirs), Event.objects.count()) == (False, True, True, 0)
    left = sessions_left()
    for refused in (lost, own, theirs):
        assert client.post(f"/settings/sessions/{refused.pk}/end/").status_code == 404
    assert (client.get(f"/settings/sessions/{kept.pk}/end/").status_code, sessions_left()) == (405, left)


def test_an_owner_ends_sessions_that_look_at_this_workspace(ana, client, acme, rival):
    bea = make.user(acme, role="operator", email="bea@example.com")
    TeamMember.objects.create(workspace=rival, user=bea, role="analyst")
    place = TeamMember.objects.get(workspace=acme, user=bea)
    here, chosen, there = make.session(bea), make.session(bea, workspace=acme.pk), make.session(bea, workspace=rival.pk)
    gone = make.session(bea)
    Session.objects.filter(session_key=gone.session_key).update(expire_date=timezone.now() - timedelta(hours=1))
    page = client.get(f"{TEAM}{place.pk}/").content.decode()
    listed = sorted(map(int, re.findall(rf"{TEAM}{place.pk}/sessions/(\d+)/end/", page)))
    assert (listed, "Firefox" in page) == (sorted([here.pk, chosen.pk]), True)
    answer = client.post(f"{TEAM}{place.pk}/sessions/{here.pk}/end/", follow=True)
    assert "Ana Lopez is signed out there." in words(answer)
    assert [is_in(one) for one in (here, chosen, there)] == [False, True, True]
    event = Event.objects.get()
    assert (event.kind, event.subject, event.body) == (
        "team_session_ended", f"user:{bea.pk}", '{"email": "bea@example.com"}',
    )  # fmt: skip
    own, own_place = make.session(ana, client), place_of("ana@example.com")
    left = sessions_left()
    refused = [(place.pk, there.pk), (place.pk, gone.pk), (place.pk, own.pk), (own_place.pk, own.pk),
               (own_place.pk, chosen.pk), (0, chosen.pk)]  # fmt: skip
    with scope(workspace=rival):
        refused.append((TeamMember.objects.get(workspace=rival, user=bea).pk, there.pk))
    for place_id, session_id in refused:
        assert client.post(f"{TEAM}{place_id}/sessions/{session_id}/end/").status_code == 404
    assert (sessions_left(), Event.objects.count()) == (left, 1)


@pytest.mark.parametrize("role", ["manager", "operator", "analyst"])
def test_others_end_nobodys_sessions_but_their_own(acme, role):
    client, bea = Client(), make.user(acme, role="analyst")
    make.sign_in(client, make.user(acme, role=role))
    place, session = TeamMember.objects.get(user=bea), make.session(bea)
    assert client.post(f"{TEAM}{place.pk}/sessions/{session.pk}/end/").status_code == 403
    assert client.post(f"/settings/sessions/{session.pk}/end/").status_code == 404
    assert (is_in(session), Event.objects.count()) == (True, 0)


def test_a_session_left_open_ends_nobodys_until_it_is_asked(acme):
    client, bea = Client(), make.user(acme, role="analyst")
    make.sign_in(client, make.user(acme), seconds_ago=61 * 60)
    place, session = TeamMember.objects.get(user=bea), make.session(bea)
    answer = client.post(f"{TEAM}{place.pk}/sessions/{session.pk}/end/")
    assert answer["Location"] == f"/account/reauthenticate/?next={TEAM.replace('/', '%2F')}{place.pk}%2F"
    assert (is_in(session), Event.objects.count()) == (True, 0)
