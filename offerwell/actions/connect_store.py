"""Connect a shop: ask it who it is before anything is stored, so that a typing error is told at its field.

Credentials are Shopify's client credentials (an app of the brand's own organisation) or a legacy static
token (source: shopify.md §3); for Vendure an administrator's user name and password, or an API key.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.db import transaction

from offerwell.actions.keep_subscriptions import look_at_subscriptions
from offerwell.actions.record_event import record_event
from offerwell.actions.store_connection import NOBODY_TO_ASK
from offerwell.integrations import vendure
from offerwell.integrations.graphql.tokens import MemoryTokens
from offerwell.integrations.shopify import connect
from offerwell.integrations.shopify.addresses import shop_origin
from offerwell.integrations.shopify.pacing import BucketState, MemoryBucket
from offerwell.integrations.store import AccessRefused, StoreError
from offerwell.integrations.vendure.addresses import admin_address
from offerwell.integrations.vendure.documents import NEEDED_PERMISSIONS, ORDERS_PERMISSION
from offerwell.models import SPOKEN_KINDS, Store, StoreKind, lock_workspace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from offerwell.integrations.store import StoreConnector, StoreIdentity
    from offerwell.rules.permissions import Actor

NEEDED_SCOPES = ("read_discounts", "write_discounts")
ASKED_SCOPES = (*NEEDED_SCOPES, "read_orders", "read_products")
"""What an installation asks for. Without the last two a store shows no sales, and has no payout rules by collection."""
LONGEST_LABEL = 80
LONGEST_CREDENTIAL = 255

# By whether the store is a Vendure.
_EITHER = {
    False: "Enter either client ID and client secret, or an access token.",
    True: "Enter either user name and password, or an API key.",
}
_MISSING = {
    False: {
        "client_id": "Enter the client ID of your app.",
        "client_secret": "Enter the client secret of your app.",
    },
    True: {
        "client_id": "Enter the user name of an administrator, or an API key.",
        "client_secret": "Enter the administrator’s password.",
    },
}


@dataclass(frozen=True, slots=True)
class StoreAccess:
    """A shop's address and what opens it: a client id and its secret, or a static token.

    Vendure: a user name and its password, or an API key.
    """

    kind: str
    address: str
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    static_token: str = field(default="", repr=False)


class ConnectorFactory(Protocol):
    """Makes a connector that stores nothing."""

    def __call__(self, access: StoreAccess) -> StoreConnector:
        """The connector; sends nothing yet. Raises a permanent StoreError for a wrong address."""


class StoreRefused(Exception):
    """The shop cannot be connected so. Nothing was stored. `problems` maps a field to a sentence.

    Fields: label, kind, address, client_id, client_secret, static_token, access (all credentials).
    """

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


def connector_of(access: StoreAccess) -> StoreConnector:
    """A connector for one question: its token and its rate limit live no longer than it."""
    if access.kind == StoreKind.OTHER:
        raise StoreError(NOBODY_TO_ASK, permanent=True)
    if access.kind == StoreKind.VENDURE:
        return vendure.connect(
            access.address, access.client_id, access.client_secret, api_key=access.static_token,
            tokens=MemoryTokens(), own_hosts=settings.OFFERWELL_OWN_STORE_HOSTS,
        )  # fmt: skip
    return connect(
        access.address, access.client_id, access.client_secret, token=access.static_token,
        bucket=MemoryBucket(BucketState(at=time.time())), tokens=MemoryTokens(),
        allow_loopback=access.kind == StoreKind.SANDBOX,
    )  # fmt: skip


def connect_store(
    *,
    workspace_id: int,
    label: str,
    kind: str,
    address: str,
    client_id: str = "",
    client_secret: str = "",
    static_token: str = "",
    by: Actor,
    at: datetime,
    connector_factory: ConnectorFactory | None = None,
) -> Store:
    """Ask the shop, then store it with its currency, time zone and scopes. Raises StoreRefused."""
    label = " ".join(label.split())
    access = StoreAccess(kind, address.strip(), client_id.strip(), client_secret.strip(), static_token.strip())
    problems = label_problems(label) | access_problems(access)
    if problems:
        raise StoreRefused(problems)
    kept = kept_address(access)
    refuse_twice(label, kept)
    identity = identified(access, connector_factory)
    with transaction.atomic():
        lock_workspace(workspace_id)
        refuse_twice(label, kept)
        store: Store = Store.objects.create(
            workspace_id=workspace_id, label=label, kind=kind, address=kept,
            client_id=access.client_id, client_secret=access.client_secret, static_token=access.static_token,
            currency=identity.currency, timezone=identity.timezone, scopes=scope_text(identity),
            last_answer_at=at, connected_at=at,
        )  # fmt: skip
        look_at_subscriptions(store, at=at)
        facts = {"label": label, "kind": kind, "address": kept}
        record_event(
            workspace_id=workspace_id, kind="store_connected", subject=f"store:{store.pk}", facts=facts,
            by=by, at=at,
        )  # fmt: skip
    return store


def access_problems(access: StoreAccess) -> dict[str, str]:
    """What is wrong with the fields before anybody is asked."""
    problems = _credential_problems(access)
    if access.kind not in SPOKEN_KINDS:
        problems["kind"] = "Choose Shopify, Vendure or Sandbox store."
    try:
        kept = kept_address(access)
    except StoreError as error:
        problems["address"] = error.reason
    else:
        if access.kind == StoreKind.SANDBOX and kept.endswith(".myshopify.com"):
            problems["address"] = "A sandbox store runs on this machine, for example http://127.0.0.1:8100."
    return problems


def _credential_problems(access: StoreAccess) -> dict[str, str]:
    is_vendure = access.kind == StoreKind.VENDURE
    given = (access.client_id, access.client_secret, access.static_token)
    if any(len(value) > LONGEST_CREDENTIAL or not value.isprintable() for value in given):
        return {"access": "This does not look like a client ID, secret or token. Copy it again from the store."}
    # What is sent in a header is ASCII; a person's password travels in the body.
    if not all(value.isascii() for value in (given[2:] if is_vendure else given)):
        return {"access": "This does not look like a client ID, secret or token. Copy it again from the store."}
    if access.static_token and (access.client_id or access.client_secret):
        return {"access": _EITHER[is_vendure]}
    if access.static_token:
        return {}
    return {field: _MISSING[is_vendure][field] for field in _MISSING[is_vendure] if not getattr(access, field)}


def identified(access: StoreAccess, connector_factory: ConnectorFactory | None = None) -> StoreIdentity:
    """Who answers with these credentials. Raises StoreRefused, also for another shop or a missing scope."""
    identity = answered(access, connector_factory)
    if missing := missing_scopes(identity.scopes, access.kind):
        raise StoreRefused({"access": f"{_lacking(missing, access.kind)}."})
    return identity


def lacks(missing: Sequence[str], kind: str) -> str:
    """What to do about scopes (Vendure: permissions) that the credentials of a connected store do not carry."""
    return f"{_lacking(missing, kind)}, then choose Test connection under Settings › Stores."


def _lacking(missing: Sequence[str], kind: str) -> str:
    if kind == StoreKind.VENDURE:
        how = "Add it to the role of this administrator or API key in Vendure"
        return f"The login lacks the permission {' and '.join(missing)}. {how}"
    how = "Add it to the app, release a new version and install it again"
    return f"The app lacks the scope {' and '.join(missing)}. {how}"


def answered(access: StoreAccess, connector_factory: ConnectorFactory | None = None) -> StoreIdentity:
    """Who answers with these credentials, whatever they may do. Raises StoreRefused, also for another shop."""
    try:
        identity = (connector_factory or connector_of)(access).identify()
    except AccessRefused as error:
        raise StoreRefused({"access": error.reason}) from error
    except StoreError as error:
        raise StoreRefused({"address": error.reason}) from error
    if access.kind == StoreKind.SHOPIFY and identity.domain.lower() != kept_address(access):
        raise StoreRefused({"address": f"These credentials open {identity.domain}. Enter that address."})
    return identity


def missing_scopes(scopes: frozenset[str], kind: str) -> list[str]:
    """The scopes (Vendure: permissions) we need and have not; Shopify lets whoever may write also read."""
    if kind == StoreKind.VENDURE:
        return [permission for permission in NEEDED_PERMISSIONS if permission not in scopes]
    had = scopes | {f"read_{scope.removeprefix('write_')}" for scope in scopes if scope.startswith("write_")}
    return [scope for scope in NEEDED_SCOPES if scope not in had]


def every_scope(kind: str) -> str:
    """What to say of credentials that lack nothing."""
    return f"The credentials work and carry every {'permission' if kind == StoreKind.VENDURE else 'scope'}."


def scope_text(identity: StoreIdentity) -> str:
    """The scopes as the store's row keeps them. Of Vendure's many permissions those about promotions and orders."""
    return " ".join(sorted(identity.scopes - {scope for scope in identity.scopes if _is_beside_the_point(scope)}))


def _is_beside_the_point(scope: str) -> bool:
    """Vendure names a permission like `UpdateCatalog`, Shopify a scope like `write_discounts`."""
    return scope[:1].isupper() and not scope.endswith("Promotion") and scope != ORDERS_PERMISSION


def kept_address(access: StoreAccess) -> str:
    """`NAME.myshopify.com`, the sandbox's http address, or the address of a Vendure's Admin API and its channel."""
    if access.kind == StoreKind.VENDURE:
        return admin_address(access.address, own_hosts=settings.OFFERWELL_OWN_STORE_HOSTS).kept
    origin = shop_origin(access.address, allow_loopback=access.kind == StoreKind.SANDBOX)
    return origin.removeprefix("https://") if access.kind == StoreKind.SHOPIFY else origin


def label_problems(label: str) -> dict[str, str]:
    """What is wrong with a store's name."""
    if not label:
        return {"label": "Name the store, as your team calls it."}
    if len(label) > LONGEST_LABEL:
        return {"label": f"The name is {len(label)} characters long. Use at most {LONGEST_LABEL}."}
    return {}


def refuse_twice(label: str, address: str) -> None:
    """Raise StoreRefused when a store of this workspace has the name or the address already."""
    same_shop = Store.objects.filter(address=address).first()
    if same_shop is not None:
        sentence = f"This store is connected already, as {same_shop.label}. Open it to replace its credentials."
        raise StoreRefused({"address": sentence})
    if Store.objects.filter(label__iexact=label).exists():
        raise StoreRefused({"label": f"Another store is named {label}. Choose another name."})
