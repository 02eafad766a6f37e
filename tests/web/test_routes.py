"""Every route of the brand's door × every role × the neighbours, from the URLconf and POLICY (trust G13, G14, T1).

Nothing here lists routes: a new one joins by itself, and fails until it keeps the promises.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.contrib.auth.views import redirect_to_login
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from offerwell.rules.permissions import POLICY, Action, may
from tests import make
from tests.web.route_world import ARGUMENTS, FIELDS, PLAIN, POSTS, World

METHODS = ("get", "post")
# Rows that come and go with looking: the session itself, and the list of sessions.
SESSIONS = {"django_session", "usersessions_usersession"}
WRITES = re.compile(r"\b(?:INSERT INTO|DELETE FROM|(?<!FOR )(?<!DO )UPDATE)\s+\"?(\w+)\"?", re.IGNORECASE)


@dataclass(frozen=True)
class Route:
    """A named address. `needs` is what its view asks of a role."""

    name: str
    arguments: tuple[str, ...]
    needs: Action

    def __str__(self):
        return self.name

    def needs_by(self, method):
        return POSTS.get(self.name, self.needs) if method == "post" else self.needs

    def address(self, given):
        return reverse(self.name, kwargs={name: self.value(name, given) for name in self.arguments})

    def fields(self, given):
        return {field: given[argument] for field, argument in FIELDS.get(self.name, {}).items()}

    def value(self, name, given):
        return PLAIN[name] if name in PLAIN else given.get(f"{self.name}:{name}", given.get(name))

    @property
    def ids(self):
        return tuple(name for name in self.arguments if name not in PLAIN)


def routes(resolver=None):
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry)
        elif isinstance(entry, URLPattern) and hasattr(entry.callback, "needs"):
            yield Route(entry.name, tuple(entry.pattern.converters), entry.callback.needs)


ROUTES = sorted(routes(), key=str)


def test_the_world_has_one_of_everything_that_an_address_names():
    unknown = [
        f"Route “{route}” has an argument “{name}” that tests/web/route_world.py does not know:"
        f' add to ARGUMENTS "{name}": how to make one in a workspace.'
        for route in ROUTES for name in route.ids if name not in ARGUMENTS
    ]  # fmt: skip
    assert unknown == []
    assert sorted(set(FIELDS) - {route.name for route in ROUTES}) == []


def test_routes_are_found_at_all():
    assert {"offer_list", "confirm_change", "team", "audit"} <= {route.name for route in ROUTES}
    assert len({route.name for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize("role", POLICY)
def test_each_role_may_exactly_what_the_policy_says(db, role):
    """Whoever may only look and export also changes nothing: a view that writes and asks too little is found so."""
    world, wrong, wrote = World(make.workspace("Acme"), role), [], set()
    for route in ROUTES:
        answers = asked_both_ways(world, route.address(world.arguments), route.fields(world.arguments))
        allowed = {method for method in METHODS if may(role, route.needs_by(method))}
        wrong += [f"{route} {role}: {one}" for one in (*_allowed(answers, allowed), *_refused(answers, allowed))]
        wrote |= {route.name for answer in answers.values() if answer.wrote or answer.woke}
    assert wrong == []
    assert role != "analyst" or wrote == {"team_leave"}


def _allowed(answers, methods):
    """It is reached by one method at least, and no method finds nothing, refuses, or breaks."""
    if methods and all(answers[method].status == 405 for method in methods):
        yield "no method is allowed"
    for method in methods:
        answer = answers[method]
        if answer.status in {401, 403, 404} or answer.status >= 500 or _asks_who(answer):
            yield f"{method} answers {answer}, though the role may"


def _asks_who(answer):
    """The account pages sign people in and ask again; the list of sessions is where ending one leads back to."""
    return answer.goes_to.startswith("/account/") and answer.goes_to != reverse("usersessions_list")


def _refused(answers, allowed):
    methods = answers.keys() - allowed
    if methods and not any(answers[method].status == 403 for method in methods):
        yield "no method says 403"
    for method in methods:
        answer = answers[method]
        if answer.status not in {403, 405} or answer.wrote or answer.woke:
            yield f"{method} answers {answer}, though the role may not"


def test_strangers_go_to_sign_in_and_come_back(db):
    world, wrong = World(make.workspace("Acme")), []
    for route in ROUTES:
        address = route.address(world.arguments)
        for method in METHODS:
            answer = asked(world, address, method, client=Client())
            sign_in = redirect_to_login(address).url
            if ((answer.status, answer.goes_to) != (302, sign_in) and answer.status != 405) or answer.wrote:
                wrong.append(f"{route}: {method} answers a stranger {answer}")
            piece = asked(world, address, method, client=Client(), headers={"HX-Request": "true"})
            if piece.status not in {401, 405} or piece.wrote:
                wrong.append(f"{route}: {method} answers a stranger's fragment {piece}")
    assert wrong == []


def test_a_neighbour_finds_nothing_behind_our_ids(db):
    """One id of ours at a time among their own, so that each must be looked at; and all at once."""
    ours, theirs = World(make.workspace("Acme")), World(make.workspace("Rival"))
    wrong = []
    for route in ROUTES:
        mixtures = [{name} for name in route.ids] + ([set(route.ids)] if len(route.ids) > 1 else [])
        for mixture in mixtures:
            given = theirs.arguments | {
                key: ours.arguments[key] for key in theirs.arguments if key.rpartition(":")[2] in mixture
            }
            answers = asked_both_ways(theirs, route.address(given), route.fields(theirs.arguments))
            wrong += [f"{route} with our {', '.join(sorted(mixture))}: {one}" for one in _not_found(answers)]
        for name, argument in FIELDS.get(route.name, {}).items():
            fields = route.fields(theirs.arguments) | {name: ours.arguments[argument]}
            answers = asked_both_ways(theirs, route.address(theirs.arguments), fields)
            wrong += [f"{route} with our {name}: {one}" for one in _not_found(answers)]
    assert wrong == []


def _not_found(answers):
    if not any(answer.status == 404 for answer in answers.values()):
        yield "no method says 404"
    for method, answer in answers.items():
        if answer.status not in {404, 405} or answer.wrote or answer.woke:
            yield f"{method} answers {answer}"


def test_looking_changes_nothing(db):
    """GET, twice. Statements are watched, and all tables compared before and after."""
    world, wrong = World(make.workspace("Acme")), []
    before = every_row()
    for route in ROUTES:
        for _ in range(2):
            answer = asked(world, route.address(world.arguments), "get", route.fields(world.arguments), keep=True)
            if answer.wrote or answer.woke:
                wrong.append(f"{route}: GET wrote {answer}")
    assert wrong == []
    assert every_row() == before


def test_a_missing_rule_refuses():
    """Deny by default: an action that no role names belongs to owners, a role that is not there may nothing."""
    assert [action for action in Action if may("", action) or may("admin", action)] == []
    assert {role: Action.EDIT_TEAM in allowed for role, allowed in POLICY.items()} == {
        "owner": True, "manager": False, "operator": False, "analyst": False,
    }  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What came back, which tables were written, which jobs woken."""

    status: int
    goes_to: str
    wrote: tuple[str, ...]
    woke: tuple[object, ...]

    def __str__(self):
        return " ".join(str(part) for part in (self.status, self.goes_to, *self.wrote, *self.woke) if part)


def asked_both_ways(world, address, fields):
    return {method: asked(world, address, method, fields) for method in METHODS}


def asked(world, address, method, fields=None, *, client=None, headers=None, keep=False):
    """Ask, and undo whatever it did, unless it is to be kept."""
    make.wake_ups.clear()
    if method == "post" and fields:  # a view may read either
        address = f"{address}?{urlencode(fields)}"
    with writes() as wrote, transaction.atomic():
        response = getattr(client or world.browser(), method)(address, fields, headers=headers)
        if response.streaming:
            b"".join(response.streaming_content)
        answer = Answer(
            response.status_code, response.headers.get("Location", ""), tuple(sorted(wrote - SESSIONS)),
            tuple(make.wake_ups),
        )  # fmt: skip
        transaction.set_rollback(not keep)
    return answer


@contextmanager
def writes():
    """The tables that statements write."""
    found = set()

    def note(execute, sql, params, many, context):
        found.update(WRITES.findall(sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


def every_row():
    """Every row of every table, but sessions."""
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)} - SESSIONS
    with connection.cursor() as cursor:
        return {table: _rows(cursor, table) for table in sorted(tables)}


def _rows(cursor, table):
    cursor.execute(f'SELECT * FROM "{table}"')
    return sorted(map(repr, cursor.fetchall()))
