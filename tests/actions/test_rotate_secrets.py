"""Secrets at rest: none can be read in a dump of the database, and all of them move to a new key in seconds."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import decrypt
from cryptography.fernet import Fernet
from django.apps import apps
from django.db import connection
from django_scopes import scopes_disabled

from offerwell.actions import rotate_secrets as module
from offerwell.actions.rotate_secrets import Rotation, encrypted_columns, rotate_secrets
from offerwell.models import PendingInstall, Store
from offerwell.models.encrypted_text import UnreadableSecret
from tests import make
from tests.management.conftest import command, told  # noqa: F401  fixtures

CANARIES = {name: f"canary-{name}-1f9d" for name in ("client_secret", "static_token", "access_token", "refresh_token")}
PENDING, TOTP_SECRET = "canary-pending-1f9d", "CANARYTOTPSECRET7"
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def kept(acme, settings):
    """Every kind of secret, under the old key."""
    settings.OFFERWELL_FIELD_KEYS = (OLD,)
    store = make.store(acme, "Glow", **CANARIES)
    PendingInstall.objects.create(
        workspace=acme, nonce="n", session_mark="m", user_id=1, label="L", kind="shopify", address="a",
        client_id="c", client_secret=PENDING, started_at=make.NOW,
    )  # fmt: skip
    person = make.user(acme)
    TOTP.activate(person, TOTP_SECRET)
    RecoveryCodes.activate(person)
    return store


def dumped():
    """Every value of every column of every table, as text."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                yield from (str(value) for value in row)


def test_no_secret_can_be_read_in_a_dump_of_the_database(kept):
    seeds = [decrypt(row.data.get("secret") or row.data["seed"]) for row in Authenticator.objects.all()]
    assert TOTP_SECRET in seeds
    text = "\n".join(dumped())
    assert "Glow" in text  # the dump would show them
    assert [secret for secret in (*CANARIES.values(), PENDING, *seeds) if secret in text] == []
    assert {(model.__name__, field.name) for model, field in encrypted_columns()} >= {
        *(("Store", name) for name in CANARIES), ("PendingInstall", "client_secret"),
    }  # fmt: skip


def test_every_column_that_sounds_secret_is_encrypted():
    bare = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_app_config("offerwell").get_models()
        for field in model._meta.concrete_fields
        if field.get_internal_type() in {"CharField", "TextField"}
        and field.name.endswith(("secret", "_token"))
        and (model, field) not in set(encrypted_columns())
    ]
    assert bare == []


def test_secrets_move_to_the_new_key_and_the_old_one_can_go(kept, settings):
    settings.OFFERWELL_FIELD_KEYS = (NEW, OLD)
    assert rotate_secrets() == Rotation(7, 7, ())
    assert rotate_secrets() == Rotation(7, 0, ())
    settings.OFFERWELL_FIELD_KEYS = (NEW,)
    store = Store.objects.get()
    assert {name: getattr(store, name) for name in CANARIES} == CANARIES
    assert PendingInstall.objects.get().client_secret == PENDING
    assert TOTP_SECRET in [decrypt(row.data.get("secret") or row.data["seed"]) for row in Authenticator.objects.all()]
    settings.OFFERWELL_FIELD_KEYS = (OLD,)
    with pytest.raises(UnreadableSecret):
        Store.objects.get()


def test_what_no_key_opens_is_named_and_left_as_it_is(kept, settings):
    before = sorted(dumped())
    settings.OFFERWELL_FIELD_KEYS = (NEW,)
    done = rotate_secrets()
    assert (done.secrets, done.encrypted_anew, len(done.unreadable)) == (5, 0, 7)
    assert f"offerwell_store.refresh_token of row {kept.pk}" in done.unreadable
    assert sorted(dumped()) == before


def test_a_secret_that_changes_meanwhile_is_not_put_back(kept, settings, monkeypatch):
    settings.OFFERWELL_FIELD_KEYS = (NEW, OLD)
    real = module._write

    def renewed_meanwhile(table, column, changes):
        if column == "refresh_token":
            Store.objects.update(refresh_token="newer")
        real(table, column, changes)

    monkeypatch.setattr(module, "_write", renewed_meanwhile)
    rotate_secrets()
    assert Store.objects.get().refresh_token == "newer"


def test_the_command_says_what_it_did(kept, settings, told):  # noqa: F811
    settings.OFFERWELL_FIELD_KEYS = (NEW, OLD)
    assert told("secrets", "rotate") == ({"secrets": 7, "encrypted_anew": 7, "unreadable": []}, 0)
    settings.OFFERWELL_FIELD_KEYS = (OLD,)
    body, code = told("secrets", "rotate")
    assert (len(body["unreadable"]), code) == (7, 3)


def test_ten_thousand_secrets_move_in_seconds(acme, settings):
    settings.OFFERWELL_FIELD_KEYS = (OLD,)
    Store.objects.bulk_create([
        Store(workspace=acme, label=f"S{n}", address=f"a{n}", kind="sandbox", connected_at=make.NOW,
              client_secret=f"s{n}", refresh_token=f"r{n}")
        for n in range(5_000)
    ])  # fmt: skip
    settings.OFFERWELL_FIELD_KEYS = (NEW, OLD)
    began = time.monotonic()
    assert rotate_secrets() == Rotation(10_000, 10_000, ())
    print(f"10,000 secrets re-encrypted in {time.monotonic() - began:.2f} s on {connection.vendor}")
    settings.OFFERWELL_FIELD_KEYS = (NEW,)
    with scopes_disabled():
        last = Store.objects.order_by("-pk").first()
    assert (last.client_secret, last.refresh_token) == ("s4999", "r4999")
