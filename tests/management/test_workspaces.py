"""`offerwell workspaces` and `offerwell team`: how real people get in, and that they see only their own brand."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client
from django_scopes import scope, scopes_disabled

from offerwell.models import Event, TeamMember, User, Workspace
from tests import make

pytestmark = pytest.mark.django_db


def signed_in(email, password):
    client = Client()
    answer = client.post("/account/login/", {"login": email, "password": password})
    return client, answer


def counts():
    with scopes_disabled():
        return Workspace.objects.count(), User.objects.count(), TeamMember.objects.count(), Event.objects.count()


def test_the_first_owner_signs_in_and_sees_no_other_brand(told, rival):
    with scope(workspace=rival):
        make.member(rival, "Rita", "Rivalova")
        make.offer(rival, "Rival offer")
    body, code = told("workspaces", "create", "  Acme   Skin ", "--owner", "Ana@Example.com", "--name", "Ana Lopez",
                      "--timezone", "Europe/Paris")  # fmt: skip
    password = body.pop("password")
    assert (body, code) == (
        {"workspace": "acme-skin", "name": "Acme Skin", "timezone": "Europe/Paris", "owner": "ana@example.com"}, 0,
    )  # fmt: skip
    assert len(password) >= 20
    client, answer = signed_in("ana@example.com", password)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    for page in ("/reporting/sales-tracking/", "/members/", "/settings/stores/", "/reporting/activity/"):
        seen = client.get(page)
        assert (seen.status_code, "Rival" in seen.content.decode()) == (200, False), page
    place = TeamMember.objects.get(workspace__slug="acme-skin")
    assert (place.user.email, place.user.name, place.role) == ("ana@example.com", "Ana Lopez", "owner")
    with scope(workspace=place.workspace):
        event = Event.objects.get()
    assert (event.seq, event.kind, event.door, json.loads(event.body)) == (
        1, "workspace_created", "cli", {"name": "Acme Skin", "timezone": "Europe/Paris", "owner": "ana@example.com"},
    )  # fmt: skip
    assert told("verify")[1] == 0


def test_a_login_that_exists_becomes_owner_and_keeps_its_password(told, command):
    make.user(make.workspace("First"), email="ana@example.com")
    body, code = told("workspaces", "create", "Second", "--owner", "ANA@example.com")
    assert (body["owner"], body["password"], code, User.objects.count()) == ("ana@example.com", None, 0, 1)
    assert signed_in("ana@example.com", "correct horse battery")[1].status_code == 302
    roles = TeamMember.objects.order_by("pk").values_list("workspace__name", "role")
    assert list(roles) == [("First", "owner"), ("Second", "owner")]
    assert command("workspaces", "create", "Third", "--owner", "ana@example.com").stdout.splitlines() == [
        "Workspace “Third” is there: --workspace third", "ana@example.com signs in as before.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "field", "sentence"),
    [
        (["X", "--owner", "ana"], "owner_email", "“ana” is not an e-mail. Write it like ana@example.com."),
        (["X", "--owner", "off@example.com"], "owner_email",
         "The login off@example.com is switched off. Use another e-mail."),
        (["X", "--owner", "a@b.co", "--timezone", "Europe"], "timezone",
         "There is no time zone “Europe”. Write it like Europe/Paris, or UTC."),
        ([" ÉCLAT ", "--owner", "a@b.co"], "name",
         "There is a workspace named Éclat already. Choose another name."),
        ([" ", "--owner", "a@b.co"], "name", "Name the workspace, usually as the brand is called."),
        (["x" * 121, "--owner", "a@b.co"], "name", "The name is 121 characters long. Use at most 120."),
        (["X", "--owner", "a@b.co", "--name", "y" * 121], "owner_name",
         "The person’s name is 121 characters long. Use at most 120."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_and_nothing_is_stored(told, arguments, field, sentence):
    make.workspace("Éclat")
    off = make.user(email="off@example.com")
    off.is_active = False
    off.save()
    before = counts()
    body, code = told("workspaces", "create", *arguments)
    assert (body, code) == ({
        "error": "The workspace was not created.", "next": "Correct these and run the command again.",
        "problems": {field: sentence},
    }, 1)  # fmt: skip
    assert counts() == before


def test_slugs_are_unique_whatever_the_script(told):
    names = ("Glow & Co", "Glow - Co!", "グロウ", "美", "é" * 120)
    slugs = [told("workspaces", "create", name, "--owner", "ana@example.com")[0]["workspace"] for name in names]
    assert slugs == ["glow-co", "glow-co-2", "workspace", "workspace-2", "e" * 52]
    listed, code = told("workspaces", "list")
    assert ([one["workspace"] for one in listed], code) == (sorted(slugs), 0)
    assert {tuple(one["owners"]) for one in listed} == {("ana@example.com",)}


def test_for_a_person_the_password_is_told_once(command):
    shown = command("workspaces", "create", "Acme", "--owner", "ana@example.com").stdout
    (password,) = re.findall(
        r"^Sign in as ana@example.com with the password (\S{20,})  \(shown only now", shown, re.MULTILINE
    )
    assert signed_in("ana@example.com", password)[1].status_code == 302
    assert password not in User.objects.get().password
    assert command("workspaces", "list").stdout.splitlines()[1].split() == ["acme", "Acme", "UTC", "ana@example.com"]


def test_team_add_gives_a_role_and_no_more(told, acme, rival):
    body, code = told(
        "team", "add", "Omar@example.com", "--role", "operator", "--name", "Omar K", "--workspace", acme.slug
    )
    password = body.pop("password")
    assert (body, code) == ({"workspace": acme.slug, "email": "omar@example.com", "role": "operator"}, 0)
    client, answer = signed_in("omar@example.com", password)
    assert answer.status_code == 302
    assert client.get("/reporting/sales-tracking/").status_code == 200
    assert client.get("/settings/stores/connect/").status_code == 403
    assert Event.objects.get().kind == "team_member_added"
    before = counts()
    body, code = told("team", "add", "omar@example.com", "--role", "owner", "--workspace", acme.slug)
    assert (body["problems"], code) == (
        {"email": "omar@example.com is in the team already, as operator. Nothing to do."}, 1,
    )  # fmt: skip
    assert told("team", "add", "x@example.com", "--role", "king", "--workspace", acme.slug)[1] == 2
    assert counts() == before
    listed, _ = told("team", "list", "--workspace", acme.slug)
    assert listed == [{"email": "omar@example.com", "name": "Omar K", "role": "operator", "is_active": True}]
    assert told("team", "list", "--workspace", rival.slug) == ([], 0)


def test_without_a_workspace_the_next_step_is_told(told):
    body, code = told("offers", "list")
    assert (body, code) == ({
        "error": "There is no workspace yet.",
        "next": "Create one with `offerwell workspaces create NAME --owner EMAIL`, or run `offerwell demo` for a sample.",
    }, 1)  # fmt: skip
