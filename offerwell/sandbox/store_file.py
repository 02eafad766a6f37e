"""Keep the store in a file, so that a restart finds the same discounts, credentials and promised jobs.

Only what changed is written, before the change is answered: a killed process loses nothing it has answered. Imports
that were running when the process died are marked failed.
"""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from offerwell.sandbox.discounts import Discount, Kind, RedeemCode, share_terms
from offerwell.sandbox.jobs import Action, Job
from offerwell.sandbox.store import Credentials, Store
from offerwell.sandbox.subscriptions import Subscription

if TYPE_CHECKING:
    from pathlib import Path

    from offerwell.sandbox.book import Change

TABLES = """
create table if not exists discount (number integer primary key, body text not null);
create table if not exists job (serial integer primary key, body text not null);
create table if not exists setting (name text primary key, body text not null);
"""
ID_VARIABLE, SECRET_VARIABLE = "OFFERWELL_SANDBOX_CLIENT_ID", "OFFERWELL_SANDBOX_CLIENT_SECRET"  # names


class StoreFile:
    """The file of one store; without a path it keeps nothing."""

    def __init__(self, path: Path | None, store: Store) -> None:
        """Read the file into the store, then follow its changes."""
        self.store = store
        self.dirty: set[int] = set()
        self.saved_jobs: dict[int, Job] = {}
        self.saved_settings: dict[str, str] = {}
        self.database = open_database(path) if path else None
        if self.database is not None:
            self.read()
        take_given_credentials(store)
        store.book.listeners.append(self.notice)
        self.save()

    def notice(self, _change: Change, discount: Discount) -> None:
        """Remember to write a discount."""
        if self.database is not None:
            self.dirty.add(discount.number)

    def read(self) -> None:
        """Fill the store from the file."""
        rows = self.require().execute("select body from discount order by number")
        for (body,) in rows:
            self.store.book.enter(discount_from(json.loads(body)))
        for (body,) in self.require().execute("select body from job order by serial"):
            job = job_from(json.loads(body))
            self.store.jobs.keep(job)
            self.saved_jobs[job.serial] = job
        for name, body in self.require().execute("select name, body from setting"):
            self.saved_settings[name] = body
        self.read_settings()

    def read_settings(self) -> None:
        """Take over credentials, tokens and subscriptions."""
        if "credentials" in self.saved_settings:
            self.store.credentials = Credentials(**json.loads(self.saved_settings["credentials"]))
        self.store.tokens.update(json.loads(self.saved_settings.get("tokens", "{}")))
        for body in json.loads(self.saved_settings.get("subscriptions", "[]")):
            lists = ("include_fields", "metafield_namespaces")
            item = Subscription(**{**body, **{name: tuple(body[name]) for name in lists}})
            self.store.hooks.by_number[item.number] = item

    def save(self) -> None:
        """Write what changed."""
        if self.database is None:
            return
        changed = self.settings_changed()
        pending = self.store.jobs.pending
        ended = [(serial,) for serial in self.saved_jobs if serial not in pending]
        fresh = [job for serial, job in pending.items() if serial not in self.saved_jobs]
        if not (self.dirty or changed or ended or fresh):
            return
        with self.database:
            self.write_discounts()
            self.database.executemany("delete from job where serial = ?", ended)
            self.database.executemany(
                "insert into job values (?, ?)", [(job.serial, json.dumps(asdict(job))) for job in fresh]
            )
            self.database.executemany("insert or replace into setting values (?, ?)", changed.items())
        self.saved_jobs = dict(pending)
        self.saved_settings.update(changed)

    def write_discounts(self) -> None:
        """Write the changed discounts and drop the deleted ones."""
        book = self.store.book.by_number
        there = [(number, discount_text(book[number])) for number in self.dirty if number in book]
        gone = [(number,) for number in self.dirty if number not in book]
        self.require().executemany("insert or replace into discount values (?, ?)", there)
        self.require().executemany("delete from discount where number = ?", gone)
        self.dirty.clear()

    def settings_changed(self) -> dict[str, str]:
        """Answer the settings that differ from the file."""
        now = {
            "credentials": json.dumps(asdict(self.store.credentials)),
            "tokens": json.dumps(self.store.tokens),
            "subscriptions": json.dumps([asdict(item) for item in self.store.hooks.by_number.values()]),
        }
        return {name: body for name, body in now.items() if self.saved_settings.get(name) != body}

    def close(self) -> None:
        """Write and let go."""
        self.save()
        if self.database is not None:
            self.database.close()
            self.database = None

    def require(self) -> sqlite3.Connection:
        """Answer the open database."""
        if self.database is None:
            message = "The sandbox store has no file."
            raise RuntimeError(message)
        return self.database


def open_database(path: Path) -> sqlite3.Connection:
    """Open the file; it survives a killed process, and after a power cut it may miss the last moments."""
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path)
    path.chmod(0o600)
    database.execute("pragma journal_mode = wal")
    database.execute("pragma synchronous = off")
    database.executescript(TABLES)
    return database


def take_given_credentials(store: Store) -> None:
    """Use the demo's fixed credentials when the environment gives them."""
    client_id, client_secret = os.environ.get(ID_VARIABLE), os.environ.get(SECRET_VARIABLE)
    if client_id and client_secret:
        store.credentials = Credentials(client_id, client_secret)


def discount_text(discount: Discount) -> str:
    """Write a discount as text."""
    body = {
        name: getattr(discount, name)
        for name in ("number", "title", "starts_at", "ends_at", "created_at", "updated_at")
    }
    codes = [(item.number, item.code, item.usage) for item in discount.codes]
    more = {"kind": discount.kind.value, "terms": dict(discount.terms), "tags": discount.tags, "codes": codes}
    return json.dumps({**body, **more}, separators=(",", ":"))


def discount_from(body: dict[str, Any]) -> Discount:
    """Read a discount."""
    body["kind"] = Kind(body["kind"])
    body["terms"] = share_terms(body["terms"])
    body["tags"] = tuple(body["tags"])
    body["codes"] = [RedeemCode(*row) for row in body["codes"]]
    return Discount(**body)


def job_from(body: dict[str, Any]) -> Job:
    """Read a job."""
    numbers, tags = tuple(body.pop("numbers")), tuple(body.pop("tags"))
    return Job(**{**body, "action": Action(body["action"])}, numbers=numbers, tags=tags)
