"""What the tables alone cannot say: history nobody can rewrite, and an index to search text by."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations

APPEND_ONLY = ("offerwell_bulkchange", "offerwell_bulkchangeitem", "offerwell_event")
SEARCHED = ("offerwell_enrollment", "offerwell_member")


def forwards(_apps: Any, editor: Any) -> None:
    sqlite = editor.connection.vendor == "sqlite"
    for table in APPEND_ONLY:
        for statement in (_guard_sqlite if sqlite else _guard_postgresql)(table):
            editor.execute(statement, params=None)
    for table in SEARCHED:
        for statement in (_search_sqlite if sqlite else _search_postgresql)(table):
            editor.execute(statement, params=None)


def _guard_sqlite(table: str) -> list[str]:
    return [
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} BEGIN"
        f" SELECT RAISE(ABORT, '{table} is append-only'); END"
        for verb in ("update", "delete")
    ]


def _guard_postgresql(table: str) -> list[str]:
    return [
        "CREATE OR REPLACE FUNCTION offerwell_append_only() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$",
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION offerwell_append_only()",
    ]


def _search_sqlite(table: str) -> list[str]:
    index = f"{table}_search"
    old = f"INSERT INTO {index}({index}, rowid, search_text) VALUES ('delete', old.id, old.search_text)"
    new = f"INSERT INTO {index}(rowid, search_text) VALUES (new.id, new.search_text)"
    return [
        f"CREATE VIRTUAL TABLE {index} USING fts5(search_text, content='{table}', content_rowid='id',"
        " tokenize='trigram')",
        f"CREATE TRIGGER {index}_insert AFTER INSERT ON {table} BEGIN {new}; END",
        f"CREATE TRIGGER {index}_delete AFTER DELETE ON {table} BEGIN {old}; END",
        f"CREATE TRIGGER {index}_update AFTER UPDATE OF search_text ON {table} BEGIN {old}; {new}; END",
    ]


def _search_postgresql(table: str) -> list[str]:
    return [
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        f"CREATE INDEX {table}_search ON {table} USING gin (search_text gin_trgm_ops)",
    ]


class Migration(migrations.Migration):
    """Raw statements for each engine; there is no way back that would keep the promises."""

    dependencies: ClassVar = [("offerwell", "0001_tables")]
    operations: ClassVar = [migrations.RunPython(forwards, elidable=False)]
