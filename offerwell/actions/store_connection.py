"""Speak to a connected store: its connector, with the token and the rate limit shared by all workers."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from offerwell.integrations import vendure
from offerwell.integrations.graphql.tokens import Token
from offerwell.integrations.shopify import connect
from offerwell.integrations.shopify.installation import TURN_SECONDS, TokenPair
from offerwell.integrations.shopify.pacing import BucketState, learned, reserved
from offerwell.integrations.store import StoreError
from offerwell.models import Store, StoreKind, StorePace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.models import QuerySet

    from offerwell.integrations.shopify.client import Watch
    from offerwell.integrations.shopify.examined import ExaminedShopify
    from offerwell.integrations.store import StoreConnector
    from offerwell.integrations.store_examination import ExaminedStore


NOBODY_TO_ASK = "This shop tells its orders by itself; nobody can be asked there, and no codes go to it."


def open_store(
    store: Store, *, clock: Callable[[], float] = time.time, sleep: Callable[[float], None] = time.sleep
) -> StoreConnector:
    """The connector of a stored store. Sends nothing yet. Raises StoreError for an address that is none.

    Every wait for points or for the next try goes through `sleep`.
    """
    if store.kind == StoreKind.OTHER:
        raise StoreError(NOBODY_TO_ASK, permanent=True)
    if store.kind == StoreKind.VENDURE:
        return vendure.connect(
            store.address, store.client_id, store.client_secret, api_key=store.static_token,
            tokens=DatabaseTokens(store.pk), own_hosts=settings.OFFERWELL_OWN_STORE_HOSTS, clock=clock, sleep=sleep,
        )  # fmt: skip
    return _shopify(store, clock=clock, sleep=sleep)


def open_examined_store(store: Store, watch: Watch) -> ExaminedStore:
    """The same for whoever examines a store of Shopify's kind: `watch` sees every answer."""
    return _shopify(store, clock=time.time, sleep=time.sleep, watch=watch)


def _shopify(
    store: Store, *, clock: Callable[[], float], sleep: Callable[[float], None], watch: Watch | None = None
) -> ExaminedShopify:
    client = ("", "") if store.static_token else (store.client_id, store.client_secret)
    return connect(
        store.address, *client, token=store.static_token, bucket=DatabaseBucket(store.pk, store.workspace_id),
        tokens=DatabaseTokens(store.pk), pairs=DatabasePairs(store.pk) if store.is_installed else None,
        allow_loopback=store.kind == StoreKind.SANDBOX, clock=clock, sleep=sleep, watch=watch,
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
        expires = moment_of(token.expires_at)
        Store.objects.filter(pk=self.store_id).update(access_token=token.value, access_expires_at=expires)

    def drop(self, key: str, value: str) -> None:
        """Forget the token if it is still this one."""
        with transaction.atomic():
            # Ciphertexts of one value differ, so the comparison is ours; the lock is of this transaction only. It lets
            # rows that name the store in: a webhook waits for nobody.
            Store.objects.select_for_update(no_key=True).filter(pk=self.store_id).exists()
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


@dataclass(slots=True)
class DatabasePairs:
    """The pair of an installed store, encrypted in its row, and the turn to renew it: a lease, not a lock.

    Nothing is locked while the store is asked, so writers go on, also on SQLite. A worker that dies in its turn
    costs others TURN_SECONDS at most, and only once the old token has run out.
    """

    store_id: int

    def load(self) -> TokenPair:
        """The kept pair. Its access token may be empty: nobody has one."""
        store = Store.objects.get(pk=self.store_id)
        access = Token(store.access_token, seconds_of(store.access_expires_at))
        return TokenPair(access, store.refresh_token, seconds_of(store.refresh_expires_at))

    def take_turn(self, now: float) -> str:
        """A mark of our turn, for TURN_SECONDS; empty while it is somebody else's."""
        mark, at = secrets.token_hex(12), datetime.fromtimestamp(now, UTC)
        is_free = Q(token_turn_until=None) | Q(token_turn_until__lte=at)
        until = at + timedelta(seconds=TURN_SECONDS)
        taken = Store.objects.filter(is_free, pk=self.store_id).update(token_turn=mark, token_turn_until=until)
        return mark if taken else ""

    def keep(self, mark: str, pair: TokenPair) -> bool:
        """Keep the pair and end the turn, in one statement. False when the turn was taken over meanwhile."""
        return bool(
            self._ours(mark).update(
                access_token=pair.access.value, access_expires_at=moment_of(pair.access.expires_at),
                refresh_token=pair.refresh, refresh_expires_at=moment_of(pair.refresh_expires_at),
                token_turn="", token_turn_until=None,
            )
        )  # fmt: skip

    def end_turn(self, mark: str) -> None:
        """Give the turn back without a new pair."""
        self._ours(mark).update(token_turn="", token_turn_until=None)

    def drop(self, value: str) -> None:
        """Forget the access token if it is still this one."""
        DatabaseTokens(self.store_id).drop("", value)

    def _ours(self, mark: str) -> QuerySet[Store]:
        return Store.objects.filter(pk=self.store_id, token_turn=mark)


def moment_of(seconds: float | None) -> datetime | None:
    """Unix seconds as a moment."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def seconds_of(moment: datetime | None) -> float | None:
    """A moment as Unix seconds."""
    return None if moment is None else moment.timestamp()
