"""Server time of the Members tab, of a profile, and of what is done with all members, in a workspace of n members."""

from __future__ import annotations

import time

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from benchmarks.crowd import NOW, make_crowd
from benchmarks.pages import PageTime, next_page, signed_in, timed
from offerwell.actions.count_members import count_members
from offerwell.actions.mark_members import mark_members
from offerwell.models import Group, Member, Tag
from offerwell.queries.members import newest_member_id
from offerwell.rules.marks import MarkKind
from offerwell.rules.permissions import Actor
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within

# Words and names as benchmarks/crowd.py makes them; tags and groups as `_marked` does.
PAGES = {
    "first page": "",
    "search: one member": "?q=nora.123456",
    "search: one in twelve": "?q=nora",
    "search: two words": "?q=nora+dubois",
    "search: nobody": "?q=zzzqq",
    "search: two letters": "?q=ze",
    "country: everybody": "?country=FR",
    "country: nobody": "?country=DE",
    "tag: one in three": "?tag=third",
    "tag: one in a hundred": "?tag=hundredth",
    "tag: three members": "?tag=three",
    "group: one in three": "?group=third",
    "offer: everybody": "?offer={offer}",
    "tag, country and search": "?tag=third&country=FR&q=nora",
}


def measure_members(size: int) -> list[PageTime]:
    """Every page of the tab, a profile, and the steps with everybody selected."""
    settings.ALLOWED_HOSTS = ["testserver"]
    offer = make_crowd(size, name="Members")
    with scope(workspace=offer.workspace):
        _mark(offer.workspace_id)
        count_members(offer.workspace_id)
        someone = Member.objects.order_by("pk").values_list("pk", flat=True)[size // 2]
    client = signed_in(offer)
    found = [timed(client, name, "/members/" + query.format(offer=offer.pk)) for name, query in PAGES.items()]
    found.append(timed(client, "second page", "/members/" + next_page(client, "/members/")))
    found.append(timed(client, "profile", f"/members/{someone}/"))
    found.append(timed(client, "groups", "/members/groups/", rounds=3))
    step = client.post("/members/selection/add-to-group/", {"all": "1"}).headers["Location"]
    found.append(timed(client, "dialog: all selected", step, rounds=3))
    found.append(_all_into_a_group(offer.workspace_id, offer))
    return found


def _mark(workspace: int) -> None:
    """A tag and a group of a third, a tag of a hundredth, a tag of three."""
    with connection.cursor() as cursor:
        for name, table, links, condition in (
            ("third", Tag, "membertag", "(id / 132) % 3 = 0"), ("hundredth", Tag, "membertag", "(id / 132) % 100 = 0"),
            ("three", Tag, "membertag", "id % 331 = 0"), ("third", Group, "groupmember", "(id / 132) % 3 = 1"),
        ):  # fmt: skip
            mark = table.objects.create(workspace_id=workspace, name=name.capitalize(), key=name)
            column = "tag_id" if table is Tag else "group_id"
            most = " LIMIT 3" if name == "three" else ""
            cursor.execute(
                f"INSERT INTO offerwell_{links} (workspace_id, member_id, {column})"
                f" SELECT workspace_id, id, {mark.pk} FROM offerwell_member"
                f" WHERE workspace_id = {workspace} AND {condition} ORDER BY id{most}"
            )
        cursor.execute("ANALYZE")


def _all_into_a_group(workspace: int, offer: object) -> PageTime:
    with scope(workspace=offer.workspace):  # type: ignore[attr-defined]
        everybody = MemberSelection(filter=MemberFilter(), within=Within(Crowd.WORKSPACE, 0, newest_member_id()))
        start = time.perf_counter()
        with CaptureQueriesContext(connection) as statements:
            mark_members(
                workspace_id=workspace, kind=MarkKind.GROUP, name="Everybody", selection=everybody,
                by=Actor("Bench", "cli"), at=NOW,
            )  # fmt: skip
        spent = (time.perf_counter() - start) * 1000
    return PageTime(connection.vendor, "action: all into a group", spent, len(statements))
