"""Make one store follow what the brand wants, until nothing is due. Any number of workers may do so at once."""

from __future__ import annotations

import os
import random
import secrets
import socket
import time
from contextlib import closing
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from offerwell.actions.connect_store import SCOPED_KINDS, lacks, missing_scopes, scope_text
from offerwell.actions.enforce_drifts import enforce_drifts
from offerwell.actions.store_connection import open_store
from offerwell.actions.sync_pass import ACCESS_PAUSE, AWAY_PAUSE, Interrupted, Pass
from offerwell.actions.sync_rows import DatabaseRows
from offerwell.integrations.store import AccessRefused, StoreError
from offerwell.models import Store, StoreCode
from offerwell.rules.store_sync import Margins

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from offerwell.integrations.store import StoreIdentity


OUR_FAULT = "Offerwell met an error of its own while it worked on this store. Its log has the details. It tries again."


def sync_margins() -> Margins:
    """The assumptions about stores, from the settings."""
    return Margins(
        lease=settings.OFFERWELL_SYNC_LEASE, late_landing=settings.OFFERWELL_SYNC_LATE_LANDING,
        replica_lag=settings.OFFERWELL_SYNC_REPLICA_LAG,
    )  # fmt: skip


def sync_store(*, store_id: int, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Settle due codes of the store, pass after pass, until none is due. Gives how many were claimed.

    An unknown, switched-off, paused or uninstalled store is left alone.
    """
    with scopes_disabled():
        store = Store.objects.select_related("workspace").filter(pk=store_id, is_on=True, uninstalled_at=None).first()
    if store is None:
        return 0
    margins, owner = sync_margins(), f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(6)}"
    with scope(workspace=store.workspace):
        rows = DatabaseRows(store, owner, timezone.now, margins)
        try:
            return _follow(store, rows, margins, should_stop)
        except (AccessRefused, Interrupted) as error:
            if isinstance(error, AccessRefused):
                rows.note_store(trouble=error.reason, pause=ACCESS_PAUSE)
            return 0
        except StoreError as error:
            rows.note_store(trouble=error.reason, pause=AWAY_PAUSE)
            return 0
        except Exception:
            rows.note_store(trouble=OUR_FAULT, pause=AWAY_PAUSE)
            raise


def _follow(store: Store, rows: DatabaseRows, margins: Margins, should_stop: Callable[[], bool]) -> int:
    """Pass after pass. A store in trouble is asked one cheap question first, so that no row is claimed in vain."""
    rng = random.Random()  # noqa: S311  jitter, not a secret
    claimed = 0
    with closing(open_store(store, sleep=lambda seconds: work.nap(seconds))) as connector:  # noqa: PLW0108  made below
        work = Pass(connector, rows, timezone.now, time.sleep, rng.random, margins, should_stop)
        if has_answered := bool(store.trouble) and not _is_paused(store.pk, timezone.now()):
            _look_at_scopes(store, connector.identify())
        while not should_stop() and not _is_paused(store.pk, timezone.now()):
            if not (n := work.run(has_answered=has_answered)):
                break
            claimed += n
            enforce_drifts(store=store, at=timezone.now())
            has_answered = False
    return claimed


def _look_at_scopes(store: Store, identity: StoreIdentity) -> None:
    """Keep what the app may do now. Raises AccessRefused for a missing scope, before any code is claimed in vain."""
    if store.kind not in SCOPED_KINDS:
        return
    Store.objects.filter(pk=store.pk).exclude(scopes=scope_text(identity)).update(scopes=scope_text(identity))
    if missing := missing_scopes(identity.scopes):
        raise AccessRefused(lacks(missing), permanent=True)


def _is_paused(store_id: int, now: datetime) -> bool:
    return Store.objects.filter(pk=store_id, paused_until__gt=now).exists()


def stores_with_due_codes(*, at: datetime) -> list[int]:
    """Stores, of all workspaces, that have a code worth claiming now."""
    with scopes_disabled():
        due = StoreCode.objects.filter(due_at__lte=at).filter(Q(lease_until=None) | Q(lease_until__lt=at))
        on = Store.objects.filter(is_on=True, uninstalled_at=None).filter(
            Q(paused_until=None) | Q(paused_until__lte=at)
        )
        return [store.pk for store in on.order_by("pk") if due.filter(store_id=store.pk).exists()]
