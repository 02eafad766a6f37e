"""Sales links as people share them, and how often they were opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Sum

from offerwell.models import ClickDay, LinkHost, SalesLink

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


@dataclass(frozen=True, slots=True)
class LinkClicks:
    """Of one link, from its first day on, as far as the worker has counted (`models/click.py`, `ClickDay`)."""

    clicks: int = 0
    uniques: int = 0
    rescued: int = 0


def link_base() -> str:
    """The origin that this workspace's links are given out with; empty where nobody serves links.

    The brand's first own host, else the shared address.
    """
    return _base(LinkHost.objects.order_by("pk").values_list("host", flat=True).first())


def link_bases(workspace_ids: Collection[int]) -> dict[int, str]:
    """The same for each of several workspaces, in one statement."""
    rows = LinkHost.objects.filter(workspace_id__in=workspace_ids).order_by("-pk")
    first = dict(rows.values_list("workspace_id", "host"))
    return {pk: _base(first.get(pk)) for pk in workspace_ids}


def _base(host: str | None) -> str:
    shared: str = settings.OFFERWELL_LINKS_URL
    scheme = "http" if shared.startswith("http://") else "https"
    return f"{scheme}://{host}" if host else shared


def own_hosts() -> tuple[str, ...]:
    """The brand's own hosts, the one that links are given out with first."""
    return tuple(LinkHost.objects.order_by("pk").values_list("host", flat=True))


def clicks_of(link_ids: Iterable[int]) -> dict[int, LinkClicks]:
    """The counts by link, one statement; links that nobody opened are not in it."""
    sums = ClickDay.objects.filter(link_id__in=list(link_ids)).order_by().values_list("link_id")
    return {
        link_id: LinkClicks(clicks, uniques, rescued)
        for link_id, clicks, uniques, rescued in sums.annotate(Sum("clicks"), Sum("uniques"), Sum("rescued"))
    }


def pages_of(link_ids: Iterable[int]) -> dict[int, str]:
    """The page of each deep link; links to the offer's own destination are not in it."""
    found = SalesLink.objects.filter(pk__in=list(link_ids)).exclude(destination="")
    return dict(found.values_list("pk", "destination"))
