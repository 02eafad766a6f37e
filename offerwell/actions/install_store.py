"""Connect a shop by having its merchant agree to the app there: start, and the way back.

What the way back needs waits in a row (`PendingInstall`), bound to the browser session that started, and is used
once. The store's address, the app's secret and the workspace never travel, so nobody can change them on the way.
Source: shopify.dev, "Authenticate a standalone or API-only app".
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core import signing
from django.db import transaction

from offerwell.actions.connect_store import (
    ASKED_SCOPES,
    StoreAccess,
    StoreRefused,
    access_problems,
    identified,
    kept_address,
    label_problems,
    refuse_twice,
    scope_text,
)
from offerwell.actions.keep_subscriptions import look_at_subscriptions
from offerwell.actions.record_event import record_event
from offerwell.actions.store_connection import moment_of
from offerwell.integrations.shopify import address_to_agree, first_tokens
from offerwell.integrations.shopify.addresses import shop_origin
from offerwell.integrations.shopify.installation import is_signed_by_store
from offerwell.integrations.store import StoreError
from offerwell.jobs import wake
from offerwell.models import APP_KINDS, PendingInstall, Store, StoreKind, lock_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from offerwell.integrations.shopify.installation import TokenPair
    from offerwell.integrations.store import StoreIdentity
    from offerwell.rules.permissions import Actor

GOOD_FOR = timedelta(minutes=15)
# Its characters need no encoding in an address: every reading of the store's signature agrees on them.
_SIGNER = signing.Signer(salt="store-install", sep=".")

# What another installation of a connected store changes; the sync writes the rest of its row meanwhile.
_OPENING = (
    "client_id", "client_secret", "static_token", "access_token", "access_expires_at", "refresh_token",
    "refresh_expires_at", "token_turn", "token_turn_until", "scopes", "currency", "timezone", "trouble",
    "trouble_since", "uninstalled_at", "paused_until", "last_answer_at",
)  # fmt: skip

START_AGAIN = "Nothing was saved. Start the installation again."


class InstallRefused(Exception):
    """The store is not connected, and nothing was saved. `store_id`: the store that was to be installed again."""

    def __init__(self, sentence: str, store_id: int | None = None) -> None:
        super().__init__(sentence)
        self.store_id = store_id


def start_install(
    *,
    workspace_id: int,
    session_mark: str,
    user_id: int,
    client_id: str = "",
    client_secret: str = "",
    label: str = "",
    kind: str = StoreKind.SHOPIFY,
    address: str = "",
    store: Store | None = None,
    at: datetime,
) -> PendingInstall:
    """Keep what the way back will need. Raises StoreRefused; nothing was sent anywhere yet.

    With `store`, that store is installed again; its app is used unless another one is given.
    """
    if store is not None:
        label, kind, address = store.label, store.kind, store.address
        client_id, client_secret = client_id or store.client_id, client_secret or store.client_secret
    label = " ".join(label.split())
    access = StoreAccess(kind, address.strip(), client_id.strip(), client_secret.strip())
    problems = ({} if store else label_problems(label)) | access_problems(access)
    if kind in StoreKind.values and kind not in APP_KINDS:
        problems["kind"] = f"Nothing is installed in a {StoreKind(kind).label} store. Connect it by its credentials."
    if problems:
        raise StoreRefused(problems)
    if store is None:
        refuse_twice(label, kept_address(access))
    PendingInstall.objects.filter(started_at__lt=at - GOOD_FOR).delete()
    pending: PendingInstall = PendingInstall.objects.create(
        workspace_id=workspace_id, nonce=secrets.token_urlsafe(32), session_mark=session_mark, user_id=user_id,
        store=store, label=label, kind=kind, address=kept_address(access), client_id=access.client_id,
        client_secret=access.client_secret, started_at=at,
    )  # fmt: skip
    return pending


def pending_install(number: int, *, session_mark: str, at: datetime) -> PendingInstall | None:
    """An installation that this session started and has not come back from."""
    mine = PendingInstall.objects.filter(session_mark=session_mark, started_at__gt=at - GOOD_FOR)
    found: PendingInstall | None = mine.filter(pk=number).first()
    return found


def agree_at(pending: PendingInstall, redirect_uri: str) -> str:
    """The page of the store where its merchant agrees."""
    return address_to_agree(
        pending.address, pending.client_id, ASKED_SCOPES, redirect_uri, _SIGNER.sign(pending.nonce),
        allow_loopback=pending.kind == StoreKind.SANDBOX,
    )  # fmt: skip


def finish_install(*, workspace_id: int, session_mark: str, told: Mapping[str, str], by: Actor, at: datetime) -> Store:
    """What the store told on the way back, checked, exchanged and saved. Raises InstallRefused: nothing was saved."""
    pending = _started_here(told.get("state", ""), session_mark, at)
    store_id = pending.store_id
    if "error" in told:
        _use_up(pending)
        raise InstallRefused(f"The installation was declined at {pending.address}. {START_AGAIN}", store_id)
    if not is_signed_by_store(told, pending.client_secret):
        sentence = "The answer is not signed with this app's client secret. Compare the secret with the app's."
        raise InstallRefused(f"{sentence} {START_AGAIN}", store_id)
    _refuse_other_shop(pending, told.get("shop", ""))
    _use_up(pending)
    pair, identity = _bought(pending, told.get("code", ""), told.get("shop", ""))
    try:
        return _saved(workspace_id, pending, pair, identity, by=by, at=at)
    except StoreRefused as refused:
        raise InstallRefused(f"{refused} {START_AGAIN}", store_id) from refused


def _started_here(state: str, session_mark: str, at: datetime) -> PendingInstall:
    """The row that the state names. A forged, used or late one, and one of another session, look all the same."""
    try:
        nonce = _SIGNER.unsign(state)
    except signing.BadSignature:
        nonce = ""
    mine = PendingInstall.objects.filter(session_mark=session_mark, started_at__gt=at - GOOD_FOR)
    pending: PendingInstall | None = mine.filter(nonce=nonce).first() if nonce else None
    if pending is None:
        minutes = int(GOOD_FOR.total_seconds() // 60)
        sentence = (
            f"This installation was not started in this session, was finished, or began over {minutes} minutes ago."
        )
        raise InstallRefused(f"{sentence} {START_AGAIN}")
    return pending


def _use_up(pending: PendingInstall) -> None:
    """Once: of two that come back together, one is refused."""
    deleted, _ = PendingInstall.objects.filter(pk=pending.pk).delete()
    if not deleted:
        raise InstallRefused(f"This installation was finished already. {START_AGAIN}", pending.store_id)


def _refuse_other_shop(pending: PendingInstall, shop: str) -> None:
    try:
        is_shop = shop_origin(shop) == f"https://{shop.lower()}"
    except StoreError:
        is_shop = False
    if is_shop and (pending.kind == StoreKind.SANDBOX or shop.lower() == pending.address):
        return
    named = shop[:80] or "no store"
    raise InstallRefused(f"The answer came from {named}, not from {pending.address}. {START_AGAIN}", pending.store_id)


def _bought(pending: PendingInstall, code: str, shop: str) -> tuple[TokenPair, StoreIdentity]:
    """The pair, and who answers to it with which scopes."""
    try:
        pair = first_tokens(
            pending.address, pending.client_id, pending.client_secret, code,
            allow_loopback=pending.kind == StoreKind.SANDBOX,
        )  # fmt: skip
        identity = identified(StoreAccess(pending.kind, pending.address, static_token=pair.access.value))
    except StoreError as error:
        raise InstallRefused(f"{error.reason} {START_AGAIN}", pending.store_id) from error
    except StoreRefused as refused:
        raise InstallRefused(f"{refused} {START_AGAIN}", pending.store_id) from refused
    if identity.domain.lower() != shop.lower():
        sentence = f"The tokens open {identity.domain}, not {shop}."
        raise InstallRefused(f"{sentence} {START_AGAIN}", pending.store_id)
    return pair, identity


def _saved(
    workspace_id: int, pending: PendingInstall, pair: TokenPair, identity: StoreIdentity, *, by: Actor, at: datetime
) -> Store:
    with transaction.atomic():
        lock_workspace(workspace_id)
        store = _row_of(workspace_id, pending, at)
        store.client_id, store.client_secret = pending.client_id, pending.client_secret
        _put_pair(store, pair)
        store.scopes, store.currency, store.timezone = scope_text(identity), identity.currency, identity.timezone
        store.trouble, store.trouble_since, store.paused_until, store.last_answer_at = "", None, None, at
        store.uninstalled_at = None
        store.save(update_fields=_OPENING if store.pk else None)
        look_at_subscriptions(store, at=at)
        record_event(
            workspace_id=workspace_id, kind="store_installed", subject=f"store:{store.pk}",
            facts={"label": store.label, "kind": store.kind, "address": store.address}, by=by, at=at,
        )  # fmt: skip
        wake("sync_store", store.pk)
    return store


def _row_of(workspace_id: int, pending: PendingInstall, at: datetime) -> Store:
    if pending.store_id is not None:
        known: Store = Store.objects.get(pk=pending.store_id)
        return known
    refuse_twice(pending.label, pending.address)
    return Store(
        workspace_id=workspace_id, label=pending.label, kind=pending.kind, address=pending.address, connected_at=at
    )


def _put_pair(store: Store, pair: TokenPair) -> None:
    """The new pair instead of whatever opened the store before. Without a refresh token the token is for ever."""
    store.token_turn, store.token_turn_until = "", None
    is_lasting = not pair.refresh
    store.static_token = pair.access.value if is_lasting else ""
    store.access_token = "" if is_lasting else pair.access.value
    store.access_expires_at = None if is_lasting else moment_of(pair.access.expires_at)
    store.refresh_token, store.refresh_expires_at = pair.refresh, moment_of(pair.refresh_expires_at)
