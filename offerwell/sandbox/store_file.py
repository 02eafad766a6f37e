"""Keep the store in a file, so that a restart finds the same discounts, credentials and promised work.

Only what changed is written, before the change is answered, in one transaction: a killed process loses nothing that it
has answered, and jobs and imports go on where they stopped. Files that were uploaded and not yet used are not kept.
"""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from offerwell.sandbox.discounts import Discount, Kind, RedeemCode, share_terms
from offerwell.sandbox.imports import Import, ImportStatus
from offerwell.sandbox.jobs import Action, CodeCreation, Job
from offerwell.sandbox.orders import order_from, order_text
from offerwell.sandbox.store import Credentials, Store
from offerwell.sandbox.subscriptions import Subscription

if TYPE_CHECKING:
    from pathlib import Path

    from offerwell.sandbox.book import Change

TABLES = """
create table if not exists discount (number integer primary key, body text not null);
create table if not exists job (serial integer primary key, body text not null);
create table if not exists finished_job (gid text primary key, due real not null);
create table if not exists creation (number integer primary key, body text not null);
create table if not exists import (number integer primary key, body text not null, lines text not null);
create table if not exists import_output (number integer not null, start integer not null, body blob not null,
  primary key (number, start));
create table if not exists shop_order (number integer primary key, body text not null);
create table if not exists setting (name text primary key, body text not null);
"""
ID_VARIABLE, SECRET_VARIABLE = "OFFERWELL_SANDBOX_CLIENT_ID", "OFFERWELL_SANDBOX_CLIENT_SECRET"
DISCOUNT_FIELDS = ("number", "title", "starts_at", "ends_at", "created_at", "updated_at")
IMPORT_FIELDS = (
    "number",
    "mutation",
    "version",
    "created_at",
    "start_at",
    "due",
    "status",
    "done_lines",
    "completed_at",
    "breaks_off_after",
    "error_code",
)


class StoreFile:
    """The file of one store; without a path it keeps nothing."""

    def __init__(self, path: Path | None, store: Store) -> None:
        """Read the file into the store, then follow its changes."""
        self.store = store
        self.dirty: set[int] = set()
        self.saved_jobs: dict[int, Job] = {}
        self.saved_creations: dict[int, bool] = {}
        self.saved_imports: dict[int, tuple[str, int]] = {}
        self.saved_settings: dict[str, str] = {}
        self.database = open_database(path) if path else None
        if self.database is not None:
            self.read(self.database)
        take_given_credentials(store)
        store.book.listeners.append(self.notice)
        self.save()

    def notice(self, _change: Change, discount: Discount) -> None:
        """Remember to write a discount."""
        if self.database is not None:
            self.dirty.add(discount.number)

    # ---- reading -----------------------------------------------------------

    def read(self, database: sqlite3.Connection) -> None:
        """Fill the store from the file."""
        for (body,) in database.execute("select body from discount order by number"):
            self.store.book.enter(discount_from(json.loads(body)))
        for (body,) in database.execute("select body from shop_order order by number"):
            self.store.orders.enter(order_from(json.loads(body)))
        self.read_jobs(database)
        self.read_imports(database)
        self.saved_settings = dict(database.execute("select name, body from setting"))
        self.read_settings()

    def read_jobs(self, database: sqlite3.Connection) -> None:
        """Take over what was promised and what was done."""
        jobs = self.store.jobs
        jobs.known.update(database.execute("select gid, due from finished_job"))
        for (body,) in database.execute("select body from job order by serial"):
            job = job_from(json.loads(body))
            jobs.keep(job)
            self.saved_jobs[job.serial] = job
        for (body,) in database.execute("select body from creation order by number"):
            creation = creation_from(json.loads(body), self.store)
            jobs.creations[creation.number] = creation
            jobs.open_creations += [] if creation.done else [creation]
            self.saved_creations[creation.number] = creation.done

    def read_imports(self, database: sqlite3.Connection) -> None:
        """Take over the imports, with what they had put out."""
        for number, body, lines in database.execute("select number, body, lines from import order by number"):
            item = import_from(json.loads(body), tuple(json.loads(lines)))
            parts = database.execute("select body from import_output where number = ? order by start", (number,))
            item.output = b"".join(part for (part,) in parts)
            self.store.imports.imports[number] = item
            self.saved_imports[number] = (body, len(item.output))

    def read_settings(self) -> None:
        """Take over credentials, tokens, subscriptions and the id numbers given out."""
        if "credentials" in self.saved_settings:
            self.store.credentials = Credentials(**json.loads(self.saved_settings["credentials"]))
        self.store.tokens.update(json.loads(self.saved_settings.get("tokens", "{}")))
        self.store.shelf.take(json.loads(self.saved_settings.get("shelf", "{}")))
        self.store.installations.take(json.loads(self.saved_settings.get("installations", "{}")))
        if "scopes" in self.saved_settings:
            self.store.granted = tuple(json.loads(self.saved_settings["scopes"]))
        book = self.store.book
        book.next_number = max(book.next_number, int(self.saved_settings.get("next_number", "0")))
        for body in json.loads(self.saved_settings.get("subscriptions", "[]")):
            lists = ("include_fields", "metafield_namespaces")
            item = Subscription(**{**body, **{name: tuple(body[name]) for name in lists}})
            self.store.hooks.by_number[item.number] = item

    # ---- writing -----------------------------------------------------------

    def save(self) -> None:
        """Write what changed."""
        database = self.database
        if database is None:
            return
        changed = self.settings_changed()
        if not (self.dirty or self.store.orders.changed or changed or self.work_changed()):
            return
        with database:
            self.write_discounts(database)
            self.write_orders(database)
            self.write_jobs(database)
            self.write_imports(database)
            database.executemany("insert or replace into setting values (?, ?)", changed.items())
        self.saved_settings.update(changed)

    def work_changed(self) -> bool:
        """Tell whether jobs, creations or imports differ from the file."""
        jobs = self.store.jobs
        return (
            jobs.pending.keys() != self.saved_jobs.keys()
            or len(jobs.creations) != len(self.saved_creations)
            or any(jobs.creations[number].done is not done for number, done in self.saved_creations.items())
            or any(import_text(item) != self.saved_imports.get(number, ("",))[0] for number, item in self.imports())
        )

    def imports(self) -> list[tuple[int, Import]]:
        """The imports by number."""
        return list(self.store.imports.imports.items())

    def write_discounts(self, database: sqlite3.Connection) -> None:
        """Write the changed discounts and drop the deleted ones."""
        book = self.store.book.by_number
        there = [(number, discount_text(book[number])) for number in self.dirty if number in book]
        gone = [(number,) for number in self.dirty if number not in book]
        database.executemany("insert or replace into discount values (?, ?)", there)
        database.executemany("delete from discount where number = ?", gone)
        self.dirty.clear()

    def write_orders(self, database: sqlite3.Connection) -> None:
        """Write the changed orders."""
        book = self.store.orders
        there = book.changed & book.by_number.keys()
        rows = [(number, json.dumps(order_text(book.by_number[number]))) for number in there]
        gone = [(number,) for number in book.changed - there]
        database.executemany("insert or replace into shop_order values (?, ?)", rows)
        database.executemany("delete from shop_order where number = ?", gone)
        book.changed.clear()

    def write_jobs(self, database: sqlite3.Connection) -> None:
        """Write new promises, and move kept ones to the finished."""
        pending, creations = self.store.jobs.pending, self.store.jobs.creations
        ended = [job for serial, job in self.saved_jobs.items() if serial not in pending]
        fresh = [(serial, json.dumps(asdict(job))) for serial, job in pending.items() if serial not in self.saved_jobs]
        database.executemany("delete from job where serial = ?", [(job.serial,) for job in ended])
        database.executemany("insert or replace into finished_job values (?, ?)", [(job.gid, job.due) for job in ended])
        database.executemany("insert into job values (?, ?)", fresh)
        changed = [item for number, item in creations.items() if self.saved_creations.get(number) is not item.done]
        rows = [(item.number, creation_text(item)) for item in changed]
        database.executemany("insert or replace into creation values (?, ?)", rows)
        self.saved_jobs = dict(pending)
        self.saved_creations = {number: item.done for number, item in creations.items()}

    def write_imports(self, database: sqlite3.Connection) -> None:
        """Write how far each import is, and what it put out since."""
        for number, item in self.imports():
            body, (saved_body, written) = import_text(item), self.saved_imports.get(number, ("", 0))
            if body == saved_body:
                continue
            if not saved_body:
                database.execute("insert into import values (?, ?, ?)", (number, body, json.dumps(item.lines)))
            database.execute("update import set body = ? where number = ?", (body, number))
            if len(item.output) > written:
                row = (number, written, item.output[written:])
                database.execute("insert into import_output values (?, ?, ?)", row)
            self.saved_imports[number] = (body, len(item.output))

    def settings_changed(self) -> dict[str, str]:
        """Answer the settings that differ from the file."""
        now = {
            "credentials": json.dumps(asdict(self.store.credentials)),
            "tokens": json.dumps(self.store.tokens),
            "installations": json.dumps(self.store.installations.shown()),
            "shelf": json.dumps(self.store.shelf.shown()),
            "scopes": json.dumps(self.store.granted),
            "next_number": str(self.store.book.next_number),
            "subscriptions": json.dumps([asdict(item) for item in self.store.hooks.by_number.values()]),
        }
        return {name: body for name, body in now.items() if self.saved_settings.get(name) != body}

    def close(self) -> None:
        """Write and let go."""
        self.save()
        if self.database is not None:
            self.database.close()
            self.database = None


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
    body = {name: getattr(discount, name) for name in DISCOUNT_FIELDS}
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


def creation_text(item: CodeCreation) -> str:
    """Write a bulk creation of codes; an added code is named by its number."""
    results = [result.number if isinstance(result, RedeemCode) else result for result in item.results]
    body = (item.number, item.discount_number, item.codes, item.due, item.created_at, item.done, results)
    return json.dumps(body, separators=(",", ":"))


def creation_from(body: list[Any], store: Store) -> CodeCreation:
    """Read a bulk creation of codes; a code that was deleted since is shown by its text alone."""
    number, discount_number, codes, due, created_at, done, results = body
    creation = CodeCreation(number, discount_number, tuple(codes), due, created_at, done)
    for code, result in zip(codes, results, strict=False):
        creation.results.append(result if isinstance(result, str) else kept_code(store, result, code))
    return creation


def kept_code(store: Store, number: int, code: str) -> RedeemCode:
    """Find a redeem code by its number."""
    owner = store.book.by_redeem_number.get(number)
    found = next((item for item in owner.codes if item.number == number), None) if owner else None
    return found or RedeemCode(number, code)


def import_text(item: Import) -> str:
    """Write an import without its lines and its output."""
    return json.dumps({name: getattr(item, name) for name in IMPORT_FIELDS})


def import_from(body: dict[str, Any], lines: tuple[str, ...]) -> Import:
    """Read an import."""
    return Import(**{**body, "status": ImportStatus(body["status"])}, lines=lines)
