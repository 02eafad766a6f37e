"""What webhooks of a store there are, in words: do they reach us, what for, when last, and what a person must do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Max

from offerwell.models import StoreKind, StoreWebhooks, Webhook, WebhookState
from offerwell.rules.webhook_reception import PATH, HookFacts, Reception, address_of, standing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.models import Store

# Counted so far and no further: an inbox may hold millions.
COUNTED = 10_000
REQUESTS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class ShopperRequest:
    """A shopper asked what is held; a person answers, with the file."""

    pk: int
    customer: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class WebhooksSeen:
    """How webhooks of a store are. `sentence` says what is, and what to do next; counts stop above COUNTED."""

    reception: Reception
    sentence: str
    topics: tuple[str, ...] = ()
    refusals: Mapping[str, str] = field(default_factory=dict)
    checked_at: datetime | None = None
    last_received_at: datetime | None = None
    waiting: int = 0
    bad: int = 0
    orders: int = 0
    app_address: str = ""
    old_secret_until: datetime | None = None
    requests: tuple[ShopperRequest, ...] = ()


def webhooks_seen(store: Store, *, at: datetime) -> WebhooksSeen:
    """One store's. Seven statements at most."""
    link = StoreWebhooks.objects.filter(store=store).first()
    held = Webhook.objects.filter(store=store)
    last = held.aggregate(last=Max("received_at"))["last"]
    reception, sentence = standing(_facts(store, link, last))
    until = link.previous_secret_until if link else None
    base = settings.OFFERWELL_PUBLIC_URL
    return WebhooksSeen(
        reception, sentence, topics=tuple(link.topics) if link else (), refusals=link.refusals if link else {},
        checked_at=link.checked_at if link else None, last_received_at=last,
        waiting=_counted(held.filter(due_at__isnull=False)),
        bad=_counted(held.filter(state__in=[WebhookState.UNREADABLE, WebhookState.FAILED])),
        orders=_counted(held.filter(resource__startswith="order:")),
        app_address=f"{base}{PATH}" if base.startswith("https://") else "",
        old_secret_until=until if until and until > at else None,
        requests=_requests(held),
    )  # fmt: skip


def shopper_file(store: Store, request_id: int) -> str | None:
    """What is held of the shopper of this request, as a JSON document; None when there is no such request."""
    held = Webhook.objects.filter(store=store)
    request = held.filter(pk=request_id, topic="customers/data_request", state=WebhookState.KEPT).first()
    if request is None:
        return None
    asked = json.loads(bytes(request.body))
    bodies = held.filter(resource__in=asked["orders_requested"], state=WebhookState.KEPT).order_by("pk")
    found = [
        {"topic": topic, "received_at": received_at.isoformat(), "body": json.loads(bytes(body))}
        for topic, received_at, body in bodies.values_list("topic", "received_at", "body")
    ]
    told = {"shop": store.label, "customer": asked["customer"], "data_request": asked["data_request"], "held": found}
    return json.dumps(told, indent=2, ensure_ascii=False)


def _facts(store: Store, link: StoreWebhooks | None, last: datetime | None) -> HookFacts:
    base = settings.OFFERWELL_PUBLIC_URL
    return HookFacts(
        is_on=store.is_on, is_installed=store.uninstalled_at is None, has_address=bool(base),
        can_verify=bool(store.client_secret or (link and link.secret)),
        address_problem=address_of("-", base, is_sandbox=store.kind == StoreKind.SANDBOX).problem,
        was_asked=bool(link and link.checked_at), problem=link.problem if link else "",
        is_refusing=bool(link and link.refused_at and (last is None or link.refused_at > last)),
        refused_why=link.refused_why if link else "", has_refusals=bool(link and link.refusals),
    )  # fmt: skip


def _counted(rows: QuerySet[Webhook]) -> int:
    return rows.order_by()[: COUNTED + 1].count()


def _requests(held: QuerySet[Webhook]) -> tuple[ShopperRequest, ...]:
    kept = held.filter(resource__startswith="customer:", state=WebhookState.KEPT).order_by("-pk")
    rows = kept.values_list("pk", "resource", "received_at")[:REQUESTS_SHOWN]
    return tuple(ShopperRequest(pk, resource.partition(":")[2], at) for pk, resource, at in rows)
