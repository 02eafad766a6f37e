"""Speak to a connected store: its connector, with the token and the rate limit shared by all workers."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from offerwell.integrations import vendure
from offerwell.integrations.shopify import connect
from offerwell.integrations.shopify.credentials import Token
from offerwell.integrations.shopify.pacing import BucketState, learned, reserved
from offerwell.models import Store, StoreKind, StorePace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from offerwell.integrations.store import StoreConnector


def open_store(
    store: Store, *, clock: Callable[[], float] = time.time, sleep: Callable[[float], None] = time.sleep
) -> StoreConnector:
    """The connector of a stored store. Sends nothing yet. Raises StoreError for an address that is none.

    Every wait for points or for the next try goes through `sleep`.
    """
    tokens = DatabaseTokens(store.pk)
    if store.kind == StoreKind.VENDURE:
        return vendure.connect(
            store.address, store.client_id, store.client_secret, api_key=store.static_token, tokens=tokens,
            own_hosts=settings.OFFERWELL_OWN_STORE_HOSTS, clock=clock, sleep=sleep,
        )  # fmt: skip
    if store.static_token:
        return connect(
            store.address, token=store.static_token, bucket=DatabaseBucket(store.pk, store.workspace_id), tokens=tokens,
            allow_loopback=store.kind == StoreKind.SANDBOX, clock=clock, sleep=sleep,
        )  # fmt: skip
    return connect(
        store.address, store.client_id, store.client_secret, bucket=DatabaseBucket(store.pk, store.workspace_id),
        tokens=tokens, allow_loopback=store.kind == StoreKind.SANDBOX, clock=clock, sleep=sleep,
    )  # fmt: skip


@dataclass(slots=True)
class DatabaseBucket:
    """The store's points, shared by every worker process through one row."""

    store_id: int
    workspace_id: int

    def reserve(self, points: int, now: float) -> float:
        """Take `points` and give the seconds to wait before sending."""
        with transaction.atomic():
            row, state = self._locked(now)
            state, wait = reserved(state, points, now)
            self._keep(row, state)
        return wait

    def learn(self, available: float, maximum: float, restore_rate: float, now: float) -> None:
        """Believe what the store said in an answer."""
        with transaction.atomic():
            row, state = self._locked(now)
            self._keep(row, learned(state, available, maximum, restore_rate, now))

    def _locked(self, now: float) -> tuple[StorePace, BucketState]:
        fresh = BucketState(at=now)
        row, _ = StorePace.objects.select_for_update().get_or_create(
            store_id=self.store_id, workspace_id=self.workspace_id,
            defaults={
                "available": fresh.available, "maximum": fresh.maximum, "restore_rate": fresh.restore_rate,
                "measured_at": now,
            },
        )  # fmt: skip
        return row, BucketState(row.available, row.maximum, row.restore_rate, row.measured_at, row.busy_until)

    def _keep(self, row: StorePace, state: BucketState) -> None:
        row.available, row.maximum, row.restore_rate = state.available, state.maximum, state.restore_rate
        row.measured_at, row.busy_until = state.at, state.busy_until
        row.save()


_turns: dict[int, Lock] = {}


@dataclass(slots=True)
class DatabaseTokens:
    """The store's access token, encrypted in its row. The key is not needed: one row, one app."""

    store_id: int

    def load(self, key: str) -> Token | None:  # noqa: ARG002  one row, one app
        """The kept token, fresh or not."""
        store = Store.objects.get(pk=self.store_id)
        if not store.access_token:
            return None
        expires = store.access_expires_at
        return Token(store.access_token, None if expires is None else expires.timestamp())

    def save(self, key: str, token: Token) -> None:  # noqa: ARG002  one row, one app
        """Keep it instead of any other."""
        expires = None if token.expires_at is None else datetime.fromtimestamp(token.expires_at, UTC)
        Store.objects.filter(pk=self.store_id).update(access_token=token.value, access_expires_at=expires)

    def drop(self, key: str, value: str) -> None:
        """Forget the token if it is still this one."""
        kept = self.load(key)
        if kept is not None and kept.value == value:
            Store.objects.filter(pk=self.store_id).update(access_token="", access_expires_at=None)

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:  # noqa: ARG002  one row, one app
        """One thread of this process asks the store for a new token at a time.

        Other processes may ask too: client credentials give each its own valid token, so no lock is held
        across a request (on SQLite it would stop every writer).
        """
        with _turns.setdefault(self.store_id, Lock()):
            yield
