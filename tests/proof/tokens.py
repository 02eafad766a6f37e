"""What the processes of test_token_turns.py do: `python -m tests.proof.tokens VERB JSON`. One line of JSON."""

from __future__ import annotations

import json
import os
import sys
import time


def main():
    import django

    django.setup()
    from django_scopes import scopes_disabled

    verb, given = sys.argv[1], json.loads(sys.argv[2])
    with scopes_disabled():
        print(json.dumps(VERBS[verb](**given)), flush=True)


def install(label, address, client_id, client_secret, code):
    """A connected store with a pair bought for the code, whose access token has run out."""
    from offerwell.actions.store_connection import moment_of
    from offerwell.integrations.shopify import first_tokens
    from tests import make

    pair = first_tokens(address, client_id, client_secret, code, allow_loopback=True)
    store = make.store(make.workspace("Proof"), label)
    for name, value in (
        ("address", address), ("client_id", client_id), ("client_secret", client_secret),
        ("access_token", pair.access.value), ("access_expires_at", moment_of(time.time())),
        ("refresh_token", pair.refresh),
    ):  # fmt: skip
        setattr(store, name, value)
    store.save()
    return store.pk


def ask(store, begin_at, turn_seconds=60.0, die=False):
    """Ask the store who it is, at a moment; `die` kills this process between the store's answer and the save."""
    from offerwell.actions import store_connection
    from offerwell.actions.store_connection import DatabasePairs, open_store
    from offerwell.models import Store

    store_connection.TURN_SECONDS = turn_seconds
    if die:
        DatabasePairs.keep = lambda *_: os._exit(9)
    connector = open_store(Store.objects.get(pk=store))
    time.sleep(max(0.0, begin_at - time.time()))
    return connector.identify().domain


def write(store, begin_at):
    """Write to the store's row and to another table; how long each took, at worst, in seconds."""
    from offerwell.models import Store, Workspace

    time.sleep(max(0.0, begin_at - time.time()))
    worst = 0.0
    for n in range(20):
        began = time.monotonic()
        Store.objects.filter(pk=store).update(label=f"Name {n}")
        Workspace.objects.update(name=f"Name {n}")
        worst = max(worst, time.monotonic() - began)
        time.sleep(0.02)
    return worst


VERBS = {verb.__name__: verb for verb in (install, ask, write)}


if __name__ == "__main__":
    main()
