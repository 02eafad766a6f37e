"""How a workspace's sales links are served: hosts of its own, the visitors' cookie, and where unknown links lead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django_scopes import scopes_disabled

from offerwell.actions.record_event import record_event
from offerwell.models import LinkHost, Workspace, lock_workspace
from offerwell.rules.web_address import address_problem, domain_of, is_host

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor

MOST_HOSTS = 10


@dataclass(frozen=True, slots=True)
class LinkWishes:
    """What a person wants. The first of `hosts` is in the addresses that members get."""

    hosts: tuple[str, ...] = ()
    uses_cookie: bool = False
    unknown_to: str = ""


class LinkSettingsRefused(Exception):
    """Nothing was saved. `problems` maps a field to a sentence."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


def set_link_settings(*, workspace_id: int, wishes: LinkWishes, by: Actor, at: datetime) -> None:
    """Save them; the redirect honours them within a second. Raises LinkSettingsRefused."""
    hosts = tuple(dict.fromkeys(domain_of(one) or one.strip() for one in wishes.hosts if one.strip()))
    unknown_to = wishes.unknown_to.strip()
    with transaction.atomic():
        # Hosts are unique among all workspaces, so whoever claims one stands in one line (as for names of workspaces).
        lock_workspace(0)
        problems = {"hosts": _hosts_problem(workspace_id, hosts), "unknown_to": _unknown_problem(unknown_to)}
        problems = {field: sentence for field, sentence in problems.items() if sentence}
        if problems:
            raise LinkSettingsRefused(problems)
        before = list(LinkHost.objects.order_by("pk").values_list("host", flat=True))
        if before != list(hosts):
            LinkHost.objects.all().delete()
            LinkHost.objects.bulk_create(
                [LinkHost(workspace_id=workspace_id, host=one, created_at=at) for one in hosts]
            )
        Workspace.objects.filter(pk=workspace_id).update(
            uses_click_cookie=wishes.uses_cookie, unknown_link_to=unknown_to
        )
        facts = {"hosts": list(hosts), "cookie": wishes.uses_cookie, "unknown_to": unknown_to}
        record_event(
            workspace_id=workspace_id, kind="link_settings_set", subject=f"workspace:{workspace_id}", facts=facts,
            by=by, at=at,
        )  # fmt: skip


def _hosts_problem(workspace_id: int, hosts: tuple[str, ...]) -> str:
    if len(hosts) > MOST_HOSTS:
        return f"These are {len(hosts)} hosts. Use at most {MOST_HOSTS}."
    if wrong := next((one for one in hosts if not is_host(one) or "." not in one), ""):
        return f"“{wrong}” is not a host name. Write it as in go.brand.example, without https:// and port; one a line."
    if ours := next((one for one in hosts if one in _own_hosts()), ""):
        return f"{ours} is the address of Offerwell itself. Use a host of your own."
    with scopes_disabled():
        taken = (
            LinkHost.objects.filter(host__in=hosts).exclude(workspace_id=workspace_id).values_list("host", flat=True)
        )
        if taken:
            return f"{taken[0]} is used by another workspace of this installation. Use another host."
    return ""


def _own_hosts() -> set[str]:
    named = {
        urlsplit(url).hostname or "" for url in (settings.OFFERWELL_LINKS_URL, settings.OFFERWELL_PUBLIC_URL) if url
    }
    return named | {host for host in settings.ALLOWED_HOSTS if host != "*"}


def _unknown_problem(address: str) -> str:
    return address_problem(address) if address else ""
