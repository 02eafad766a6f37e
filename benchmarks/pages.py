"""Server time of the offer page, of the dialog and of the plan, for an offer of n members. Milliseconds."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from benchmarks.crowd import make_crowd
from offerwell.models import TeamMember, User

# Words, countries and names as benchmarks/crowd.py makes them.
PAGES = {
    "first page": "",
    "any active": "?view=active",
    "any deactivated": "?view=deactivated",
    "needs attention (nobody)": "?view=attention",
    "search: one code": "?q=c123456",
    "search: one in twelve": "?q=nora",
    "search: two words": "?q=nora+dubois",
    "search: nobody": "?q=zzzqq",
    "search: two letters": "?q=ze",
    "country: everybody": "?country=FR",
    "country: nobody": "?country=DE",
    "newest first": "?sort=-enrolled",
}


@dataclass(frozen=True, slots=True)
class PageTime:
    """The median of seven requests after one that warms the caches, and the statements of one."""

    engine: str
    page: str
    milliseconds: float
    statements: int

    @property
    def line(self) -> str:
        """One row of the table in docs/performance.md."""
        return f"| {self.engine} | {self.page} | {self.milliseconds:.0f} ms | {self.statements} |"


def measure_pages(size: int) -> list[PageTime]:
    """Every page of an offer of `size` members, then the dialog's steps with all of them selected."""
    settings.ALLOWED_HOSTS = ["testserver"]
    offer = make_crowd(size, name="Pages")
    client = signed_in(offer)
    base = f"/reporting/sales-tracking/{offer.pk}/"
    found = [timed(client, name, base + query) for name, query in PAGES.items()]
    found.append(timed(client, "second page", base + next_page(client, base)))
    client.get(base)
    selected = client.post(f"{base}selection/", {"all": "1"}).headers["Location"]
    found.append(timed(client, "dialog: all selected", selected, rounds=3))
    plan = f"{selected}?part=codes&target=deactivated"
    found.append(timed(client, "dialog: plan of all", plan, rounds=3))
    return found


def signed_in(offer: object, email: str = "bench@example.com") -> Client:
    """A client of an owner of the offer's workspace."""
    with scope(workspace=offer.workspace):  # type: ignore[attr-defined]
        user = User.objects.create_user(email)
        TeamMember.objects.create(workspace=offer.workspace, user=user, role="owner")  # type: ignore[attr-defined]
    client = Client()
    client.force_login(user)
    return client


def next_page(client: Client, base: str) -> str:
    text = client.get(base).content.decode()
    found = re.search(r'href="(\?[^"]*after=[^"]*)"', text)
    assert found is not None
    return found[1].replace("&amp;", "&")


def timed(client: Client, name: str, address: str, rounds: int = 7) -> PageTime:
    """The address as a signed-in client gets it."""
    with CaptureQueriesContext(connection) as statements:
        answer = client.get(address)
    assert answer.status_code == 200, (name, address, answer.status_code)
    count = len(statements)  # now: the next request empties the log that this reads
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        client.get(address)
        times.append((time.perf_counter() - start) * 1000)
    return PageTime(connection.vendor, name, sorted(times)[rounds // 2], count)
