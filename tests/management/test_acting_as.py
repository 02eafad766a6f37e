"""OFFERWELL_AS: a command acts as a person of the team, may what the role may, and is on record under the name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django_scopes import scope

from offerwell.models import Event, Invitation, Offer, PromoCode, TeamMember, Workspace
from offerwell.rules.permissions import POLICY, Action
from tests import make

pytestmark = pytest.mark.django_db
MANAGEMENT = Path(__file__).parents[2] / "offerwell" / "management"


@pytest.fixture
def acting(monkeypatch):
    return lambda email: monkeypatch.setenv("OFFERWELL_AS", email)


def opened():
    """Every `opened_workspace(…)` of the command line, with the action it names."""
    for path in sorted(MANAGEMENT.glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "opened_workspace":
                yield f"{path.name}:{call.lineno}", ast.unparse(call.args[1]) if len(call.args) > 1 else ""


def test_every_command_says_what_it_needs():
    known = {f"Action.{action.name}" for action in Action}
    # `Action.A if … else Action.B`: a command that reads or changes by its options.
    wrong = [place for place, needed in opened() if not {needed.split(" if ")[0], needed.split(" else ")[-1]} <= known]
    assert wrong == [], "give opened_workspace the Action that the command needs"
    assert len(list(opened())) > 20


@pytest.mark.parametrize("role", POLICY)
def test_each_role_may_what_the_policy_says(command, acting, acme, role):
    make.user(acme, role=role, email="bea@example.com")
    offer = make.offer(acme, "Summer")
    make.code(make.enrollment(offer), "NORA20")
    store = make.store(acme, "Glow")
    acting("BEA@example.com ")
    needed = {
        ("offers", "list"): Action.VIEW,
        ("stores", "list"): Action.VIEW,
        ("team", "list"): Action.VIEW,
        ("offers", "deactivate", "Summer", "--all", "--codes", "--yes"): Action.CHANGE_OFFER_STATUS,
        (
            "offers",
            "create",
            "Winter",
            "--type",
            "sales_link",
            "--destination",
            "https://shop.example/",
        ): Action.EDIT_OFFERS,
        ("offers", "payout", "add", "Summer", "cps:10"): Action.EDIT_PAYOUTS,
        ("stores", "pause", "Glow"): Action.EDIT_SETTINGS,
        ("team", "add", "new@example.com", "--role", "analyst"): Action.EDIT_TEAM,
    }
    for words, action in needed.items():
        done = command(*words)
        assert done.exit_code == (0 if action in POLICY[role] else 1), (words, done.output)
        if done.exit_code:
            assert f"bea@example.com is {role} of “Acme”" in done.stderr
    allowed = POLICY[role]
    store.refresh_from_db()
    assert (
        PromoCode.objects.get().is_active, Offer.objects.count(), store.is_on,
        TeamMember.objects.filter(user__email="new@example.com").exists(),
    ) == (
        Action.CHANGE_OFFER_STATUS not in allowed, 2 if Action.EDIT_OFFERS in allowed else 1,
        Action.EDIT_SETTINGS not in allowed, Action.EDIT_TEAM in allowed,
    )  # fmt: skip
    assert {event.actor.email for event in Event.objects.all()} <= {"bea@example.com"}
    assert {event.door for event in Event.objects.all()} <= {"cli"}


def test_somebody_elses_workspace_is_not_there(command, acting, acme, rival):
    make.user(acme, email="bea@example.com")
    make.offer(rival, "Rival secret")
    acting("bea@example.com")
    refused = command("offers", "list", "--workspace", rival.slug)
    assert (refused.exit_code, rival.slug in refused.stderr.partition("Use one of")[2]) == (1, False)
    mine = command("offers", "list")  # the only one of this person, though the machine has two
    assert (mine.exit_code, "Rival" in mine.output) == (0, False)
    acting("nobody@example.com")
    assert "There is no login “nobody@example.com”." in command("offers", "list").stderr
    acting(make.user(email="placeless@example.com").email)
    assert "belongs to no workspace" in command("offers", "list").stderr


def test_what_is_about_all_workspaces_is_for_whoever_runs_the_machine(command, acting, acme):
    make.user(acme, email="bea@example.com")
    acting("bea@example.com")
    for words in (
        ("workspaces", "list"), ("workspaces", "create", "New", "--owner", "x@example.com"), ("verify",), ("secrets", "rotate")
    ):  # fmt: skip
        refused = command(*words)
        assert (refused.exit_code, "not for one person" in refused.stderr) == (1, True), words
    assert Workspace.objects.count() == 1


def test_undoing_a_payout_takes_who_may_edit_payouts(command, acting, acme):
    make.user(acme, role="operator", email="oda@example.com")
    offer = make.offer(acme, "Summer")
    make.enrollment(offer)
    make.payout(offer, "Gold")
    assert command("offers", "payout", "set", "Summer", "Gold", "--all", "--yes").exit_code == 0
    change = offer.bulk_changes.get()
    acting("oda@example.com")
    refused = command("changes", "undo", change.pk, "--yes")
    assert (refused.exit_code, offer.bulk_changes.count()) == (1, 1)
    assert "Your role does not allow this" in refused.stderr


def test_inviting_from_the_command_line_shows_the_link(told, acme, client):
    make.user(acme)
    body, code = told("team", "invite", "Bea@example.com", "--role", "analyst", "--address", "https://offers.example/")
    link = body.pop("link")
    assert (body, code) == ({
        "workspace": acme.slug, "email": "bea@example.com", "role": "analyst", "sent": True, "mail_problem": "",
    }, 0)  # fmt: skip
    assert link.startswith("https://offers.example/join/")
    assert client.get(link.removeprefix("https://offers.example")).status_code == 200
    again, code = told("team", "invite", "bea@example.com", "--role", "analyst", "--address", "https://offers.example/")
    assert (code, list(again["problems"])) == (1, ["email"])
    assert told("team", "invite", "eve@example.com", "--role", "analyst")[1] == 1  # no address to send people to
    with scope(workspace=acme):
        assert Invitation.objects.count() == 1


def test_roles_and_removal_from_the_command_line(told, acme):
    make.user(acme, email="ana@example.com")
    make.user(acme, role="analyst", email="bea@example.com")
    assert told("team", "role", "bea@example.com", "manager")[0]["changed"] is True
    assert told("team", "role", "bea@example.com", "manager")[0]["changed"] is False
    refused, code = told("team", "role", "ana@example.com", "analyst")
    assert (code, list(refused["problems"])) == (1, ["role"])
    assert told("team", "remove", "ana@example.com", "--yes")[1] == 1
    assert told("team", "remove", "eve@example.com", "--yes")[1] == 1
    assert told("team", "remove", "bea@example.com", "--yes")[1] == 0
    assert list(TeamMember.objects.values_list("user__email", "role")) == [("ana@example.com", "owner")]
    with scope(workspace=acme):
        assert list(Event.objects.order_by("seq").values_list("kind", flat=True)) == [
            "team_role_changed",
            "team_member_removed",
        ]
