"""Have a store tell us of its changes: see which webhooks it has us down for, add what is missing, drop what is stale.

Shopify takes a subscription away after eight failed deliveries, without a word: so the list is looked at each hour,
and when hints about codes were missing, every code is looked at once. Source: shopify.md §4, trust §3.8.
"""

from __future__ import annotations

import secrets
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from offerwell.actions.look_again import look_at_all
from offerwell.actions.store_connection import open_store
from offerwell.integrations.store import StoreError, WebhookStore
from offerwell.jobs import wake
from offerwell.models import Store, StoreKind, StoreWebhooks, lock_workspace
from offerwell.rules.webhook_reception import PATH, UNVERIFIED, Address, address_of
from offerwell.rules.webhook_topics import Heard, plan_subscriptions, topics_kept, wanted_topics

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from offerwell.rules.webhook_topics import SubscriptionPlan

LOOK_EVERY = timedelta(hours=1)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
# Whoever asks the store has this long; then another worker may.
ASKING = timedelta(minutes=2)
SENDS_NONE = "This kind of store sends no webhooks. The regular look at every code finds what changed there."


def webhooks_of(store: Store) -> StoreWebhooks:
    """How the store reaches us; made with a fresh key where it never did."""
    link, _ = StoreWebhooks.objects.get_or_create(
        store=store, defaults={"workspace_id": store.workspace_id, "key": secrets.token_urlsafe(32)}
    )
    return link


def stores_to_subscribe(*, at: datetime) -> list[int]:
    """Stores, of all workspaces, whose subscriptions are to be looked at. None while we have no public address."""
    base = settings.OFFERWELL_PUBLIC_URL
    if not base:
        return []
    due = Q(webhooks=None) | Q(webhooks__next_check_at__lte=at) | ~Q(webhooks__base=base)
    with scopes_disabled():
        on = Store.objects.filter(is_on=True, uninstalled_at=None).filter(
            Q(paused_until=None) | Q(paused_until__lte=at)
        )
        return list(on.filter(due).order_by("pk").values_list("pk", flat=True)[:100])


def look_at_subscriptions(store: Store, *, at: datetime) -> None:
    """Have a worker look at the store's subscriptions now. Inside the caller's transaction."""
    webhooks_of(store)
    StoreWebhooks.objects.filter(store=store).update(next_check_at=at, failures=0)
    wake("keep_subscriptions", store.pk)


def keep_subscriptions(*, store_id: int) -> None:
    """Make the store's subscriptions what we want; what went wrong is kept as a sentence, and tried again later.

    The clock is read here: the job's door has only the id.
    """
    at = timezone.now()
    with scopes_disabled():
        store = Store.objects.select_related("workspace").filter(
            pk=store_id, is_on=True, uninstalled_at=None
        ).first()  # fmt: skip
    if store is None or not settings.OFFERWELL_PUBLIC_URL:
        return
    with scope(workspace=store.workspace):
        link = webhooks_of(store)
        if not _taken(link, at):
            return
        address = _address(store, link)
        if address.problem:
            _note_problem(link, address.problem, at + LOOK_EVERY, at)
            return
        try:
            _keep(store, link, address.url, at)
        except StoreError as error:
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(link.failures, 10))
            _note_problem(link, error.reason, at + pause, at, failures=link.failures + 1)


def _taken(link: StoreWebhooks, at: datetime) -> bool:
    """Ours to do, for a while: a wake-up and the sweep may both have come."""
    due = Q(next_check_at=None) | Q(next_check_at__lte=at) | ~Q(base=settings.OFFERWELL_PUBLIC_URL)
    mine = StoreWebhooks.objects.filter(pk=link.pk).filter(due)
    return bool(mine.update(next_check_at=at + ASKING, base=settings.OFFERWELL_PUBLIC_URL))


def _address(store: Store, link: StoreWebhooks) -> Address:
    found = address_of(link.key, settings.OFFERWELL_PUBLIC_URL, is_sandbox=store.kind == StoreKind.SANDBOX)
    if not found.problem and not (store.client_secret or link.secret):
        return Address(problem=UNVERIFIED)
    return found


def _keep(store: Store, link: StoreWebhooks, url: str, at: datetime) -> None:
    with closing(open_store(store)) as connector:
        if not isinstance(connector, WebhookStore):
            _note_problem(link, SENDS_NONE, at + LOOK_EVERY, at)
            return
        identity = connector.identify()
        # Before the first delivery can come: the door lets in only what names this shop.
        StoreWebhooks.objects.filter(pk=link.pk).update(shop_domain=identity.domain.lower())
        heard = [Heard(one.ref, one.topic, one.address, one.fields) for one in connector.subscriptions()]
        wanted = wanted_topics(identity.scopes)
        plan = plan_subscriptions(
            heard, wanted, address=url, ours=_ours(heard, link), before=link.topics,
        )  # fmt: skip
        if plan.stale:
            connector.unsubscribe(plan.stale)
        answered = connector.subscribe({one.topic: one.fields for one in plan.missing}, url) if plan.missing else {}
    refusals = {topic: reason for topic, reason in answered.items() if reason}
    _note_kept(store, link, _Kept(topics_kept(wanted, refusals), refusals, plan), at)


def _ours(heard: Collection[Heard], link: StoreWebhooks) -> set[str]:
    """Addresses of this store, today's and older; and at our own address those of keys that nobody has any more.

    Other addresses are left alone: the same app may serve another installation, or another workspace of this one.
    """
    keys = {one.address: _key_in(one.address) for one in heard}
    with scopes_disabled():
        known = set(StoreWebhooks.objects.filter(key__in=[key for key in keys.values() if key]).values_list("key"))
    here = f"{settings.OFFERWELL_PUBLIC_URL}{PATH}"
    return {
        address for address, key in keys.items()
        if key and (key == link.key or (address.startswith(here) and (key,) not in known))
    }  # fmt: skip


def _key_in(address: str) -> str:
    try:
        path = urlsplit(address).path
    except ValueError:
        return ""
    before, found, rest = path.partition(PATH)
    return rest.strip("/") if found and "/" not in rest.strip("/") and before is not None else ""


@dataclass(frozen=True, slots=True)
class _Kept:
    """How it stands now."""

    topics: list[str]
    refusals: dict[str, str]
    plan: SubscriptionPlan


def _note_kept(store: Store, link: StoreWebhooks, kept: _Kept, at: datetime) -> None:
    with transaction.atomic():
        lock_workspace(store.workspace_id)
        StoreWebhooks.objects.filter(pk=link.pk).update(
            topics=kept.topics, refusals=kept.refusals, problem="", failures=0, checked_at=at,
            next_check_at=at + LOOK_EVERY,
        )  # fmt: skip
        if kept.plan.had_gap and look_at_all(store, at):
            wake("sync_store", store.pk)


def _note_problem(link: StoreWebhooks, problem: str, again: datetime, at: datetime, *, failures: int = 0) -> None:
    StoreWebhooks.objects.filter(pk=link.pk).update(
        problem=problem, next_check_at=again, checked_at=at, failures=failures
    )
