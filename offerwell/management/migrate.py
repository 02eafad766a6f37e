"""`offerwell migrate`: bring the database to this version."""

from __future__ import annotations

import click

from offerwell.management.answer import answer
from offerwell.management.opened import set_up_django


def migrate_database() -> int:
    """Apply what is missing. Gives how many migrations that was."""
    set_up_django()
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        call_command("migrate", interactive=False, verbosity=0)
    return len(missing)


@click.command()
def migrate() -> None:
    """Bring the database to this version."""
    count = migrate_database()
    answer(f"{count} migrations applied." if count else "The database is up to date.")
