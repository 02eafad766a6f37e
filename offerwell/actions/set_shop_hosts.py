"""Say on which domains a shop's pages may report orders by the snippet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.models import OtherShop, lock_workspace
from offerwell.rules.web_address import domain_of, domains_problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from offerwell.rules.permissions import Actor


class HostsRefused(Exception):
    """Nothing was changed. The sentence says why and what to do."""


def set_shop_hosts(*, workspace_id: int, store_id: int, hosts: Sequence[str], by: Actor, at: datetime) -> bool:
    """Set all of them; none at all: no browser is heard. False when they were so already. Raises HostsRefused."""
    if problem := domains_problem(hosts):
        raise HostsRefused(problem)
    wanted = list(dict.fromkeys(domain_of(host) for host in hosts))
    with transaction.atomic():
        lock_workspace(workspace_id)
        shop = OtherShop.objects.select_related("store").get(store_id=store_id)
        if shop.hosts == wanted:
            return False
        facts = {"label": shop.store.label, "hosts": wanted, "before": shop.hosts}
        OtherShop.objects.filter(pk=shop.pk).update(hosts=wanted)
        record_event(
            workspace_id=workspace_id, kind="shop_hosts_set", subject=f"store:{store_id}", facts=facts, by=by, at=at
        )
    return True
