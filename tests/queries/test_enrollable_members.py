"""Pasted lists of any length name exactly the members they name."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from offerwell.models import Member, SocialHandle
from offerwell.queries.enrollable_members import BadLine, members_in_lines
from tests import make


@pytest.fixture
def listed(acme, rival):
    from django_scopes import scope

    with scope(workspace=rival):
        make.member(rival, "Rita", email="rita@example.com")
    ids = {}
    for name in ("nora", "élodie", "a'b\"c"):
        ids[name] = make.member(acme, name, email=f"{name}@example.com").pk
    SocialHandle.objects.create(
        workspace=acme, member_id=ids["nora"], network="tiktok", handle="Nora", handle_key="nora"
    )
    return ids


UNKNOWN = "No member has this e-mail. Check the spelling, or import the member first."


def test_fifty_thousand_lines_take_two_statements(listed, django_assert_num_queries):
    lines = [f"ghost{n}@example.com" for n in range(50_000)]
    lines[7], lines[25_000], lines[40_000] = "Élodie@Example.com", "@NORA", "a'b\"c@example.com"
    lines[49_999] = "rita@example.com"
    with django_assert_num_queries(2):
        found = members_in_lines(lines)
    assert found.ids == (listed["élodie"], listed["nora"], listed["a'b\"c"])
    assert len(found.bad) == 49_997
    assert (found.bad[0], found.bad[-1]) == (
        BadLine(1, "ghost0@example.com", UNKNOWN), BadLine(50_000, "rita@example.com", UNKNOWN),
    )  # fmt: skip


def test_a_text_no_column_can_hold_names_nobody(listed):
    found = members_in_lines(["nora\0@example.com", "nora@example.com"])
    assert (found.ids, [line.number for line in found.bad]) == ((listed["nora"],), [1])


def test_the_list_is_looked_up_by_indexes(listed):
    with CaptureQueriesContext(connection) as said:
        members_in_lines(["nora@example.com", "@nora"])
    if connection.vendor == "postgresql":
        _is_looked_up_on_postgresql([statement["sql"] for statement in said.captured_queries])
        return
    plans = []
    for statement in said.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement['sql'].replace('%', '%%')}")
            plans.append(cursor.fetchall()[0][3])
    assert [plan.partition("INDEX ")[2] for plan in plans] == [
        "member_email_once (workspace_id=? AND email_key=?)", "handle_by_key (workspace_id=? AND handle_key=?)",
    ]  # fmt: skip


def _is_looked_up_on_postgresql(statements):
    """A crowd and fresh statistics: what the planner thinks of a small table says nothing of a large one."""
    place = Member.objects.values_list("workspace", flat=True)[0]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO offerwell_member (workspace_id, first_name, last_name, email, email_key, country, name_key,"
            " search_text, created_at) SELECT %s, '', '', 'x' || n, 'x' || n, '', '', '', now()"
            " FROM generate_series(1, 40000) n",
            [place],
        )
        cursor.execute(
            "INSERT INTO offerwell_socialhandle (workspace_id, member_id, network, handle, handle_key)"
            " SELECT workspace_id, id, 'tiktok', email, email_key FROM offerwell_member WHERE email_key LIKE 'x%'"
        )
        cursor.execute("ANALYZE offerwell_member, offerwell_socialhandle")
        plans = []
        for sql in statements:
            cursor.execute(f"EXPLAIN {sql.replace('%', '%%')}")
            plans.append("\n".join(row[0] for row in cursor.fetchall()))
    # The portal's index of all workspaces finds one address as well.
    by_email = "member_email_once" in plans[0] or "member_by_email" in plans[0]
    assert [by_email, "handle_by_key" in plans[1]] == [True, True], plans
