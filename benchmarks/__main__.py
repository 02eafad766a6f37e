"""`make bench`: every measurement on SQLite and, where it is reachable, on PostgreSQL.

    python -m benchmarks [--sizes 100000,1000000] [--engine sqlite|postgresql]
                         [--only NAME]     (the names: MEASURED, at the end of this file)

PostgreSQL: OFFERWELL_BENCH_POSTGRES, else postgresql://postgres@127.0.0.1:5432. A database of its own is made
and dropped. Each engine runs in a process of its own, so that memory figures are its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# One for each run: two at once must not take it from each other.
DATABASE = f"offerwell_bench_{os.getpid()}"
DEFAULT_SERVER = "postgresql://postgres@127.0.0.1:5432"


def main() -> int:
    """Run what was asked for, here or in a child for each engine."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--sizes", default="100000,1000000")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"])
    parser.add_argument("--only", choices=sorted(MEASURED))
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    sizes = [int(size) for size in asked.sizes.split(",")]
    if asked.here:
        return _run_here(sizes, asked.only)
    engines = [asked.engine] if asked.engine else ["sqlite", "postgresql"]
    return max(_run_engine(engine, asked.sizes, asked.only) for engine in engines)


def _run_engine(engine: str, sizes: str, only: str | None) -> int:
    command = [sys.executable, "-m", "benchmarks", "--here", "--sizes", sizes, *(["--only", only] if only else [])]
    with tempfile.TemporaryDirectory(prefix="offerwell-bench-") as folder:
        environ = {**os.environ, "OFFERWELL_DATA": folder, "DJANGO_SETTINGS_MODULE": "offerwell.settings"}
        if engine == "sqlite":
            environ.pop("OFFERWELL_DATABASE_URL", None)
            return subprocess.run(command, env=environ, check=False).returncode
        server = os.environ.get("OFFERWELL_BENCH_POSTGRES", DEFAULT_SERVER)
        if not _make_database(server):
            print(f"PostgreSQL is not reachable at {server}: its measurements did NOT run.", file=sys.stderr)
            return 0
        try:
            return subprocess.run(
                command, env={**environ, "OFFERWELL_DATABASE_URL": f"{server}/{DATABASE}"}, check=False
            ).returncode
        finally:
            _ask(server, f"DROP DATABASE {DATABASE} WITH (FORCE)")


def _make_database(server: str) -> bool:
    import psycopg

    try:
        _ask(server, f"CREATE DATABASE {DATABASE}")
    except psycopg.OperationalError:
        return False
    return True


def _ask(server: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(f"{server}/postgres", autocommit=True, connect_timeout=3) as connection:
        connection.execute(statement)


def _run_here(sizes: list[int], only: str | None) -> int:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    for name, measured in MEASURED.items():
        if only in {None, name}:
            print()
            measured(sizes)
    return 0


def _table(head: str, lines: Iterable[object]) -> None:
    print(head)
    for one in lines:
        print(one.line, flush=True)  # type: ignore[attr-defined]


def _headed(*columns: str) -> str:
    return f"| {' | '.join(columns)} |\n" + "|---" * len(columns) + "|"


PAGES = _headed("engine", "page", "server time", "statements")


def _changes(sizes: list[int]) -> None:
    from benchmarks.bulk_change import measure

    columns = ("engine", "codes", "raw SQL", "apply", "**÷ raw**", "plan", "**÷ apply**", "peak memory")
    _table(_headed(*columns), (measure(size, name=f"Crowd {size}") for size in sizes))


def _refresh(sizes: list[int]) -> None:
    from benchmarks.refresh_codes import measure

    columns = ("engine", "codes", "propose", "plan", "apply", "undo", "plan payout", "apply payout", "peak memory")
    _table(_headed(*columns), (measure(size, name=f"Refreshed {size}") for size in sizes))


def _pages(sizes: list[int]) -> None:
    from benchmarks.pages import measure_pages

    _table(PAGES, measure_pages(max(sizes)))


def _members(sizes: list[int]) -> None:
    from benchmarks.members import measure_members

    _table(PAGES, measure_members(max(sizes)))


def _portal(sizes: list[int]) -> None:
    from benchmarks.portal import measure_portal

    _table(PAGES, measure_portal(max(sizes)))


def _projects(sizes: list[int]) -> None:
    from benchmarks.projects import HEAD, measure_projects

    for size in sizes:
        moved, pages = measure_projects(size)
        _table(HEAD, [moved])
        _table(f"\n{PAGES}", pages)


def _messages(sizes: list[int]) -> None:
    from benchmarks.messages import HEAD, measure

    _table(HEAD, (measure(size, name=f"Messages {size}") for size in sizes))


def _webhooks(_sizes: list[int]) -> None:
    from benchmarks.webhooks import HEAD, measure_webhooks

    _table(HEAD, measure_webhooks())


def _audit(sizes: list[int]) -> None:
    from benchmarks.audit import HEAD, measure_audit

    _table(HEAD, measure_audit(max(sizes)))


def _links(_sizes: list[int]) -> None:
    from benchmarks.links import HEAD, measure_links

    _table(HEAD, measure_links())


def _orders(sizes: list[int]) -> None:
    from benchmarks.orders import HEAD, measure_orders

    _table(HEAD, (measure_orders(size) for size in sizes))


def _payouts(sizes: list[int]) -> None:
    from benchmarks.payouts import HEAD, measure_payouts

    _table(HEAD, (measure_payouts(size) for size in sizes))


def _reports(sizes: list[int]) -> None:
    from benchmarks.reports import HEAD, measure_reports

    for size in sizes:
        _table(HEAD, measure_reports(size))


def _replay(sizes: list[int]) -> None:
    from benchmarks.replay import HEAD, measure_replay

    _table(HEAD, (measure_replay(size) for size in sizes))


def _screens(_sizes: list[int]) -> None:
    from django.db import connection

    from benchmarks.screens import HEAD, measure_screens

    if connection.vendor == "sqlite":  # the embedded default; once is enough
        _table(HEAD, measure_screens())


MEASURED: dict[str, Callable[[list[int]], None]] = {
    "changes": _changes, "refresh": _refresh, "pages": _pages, "members": _members, "portal": _portal,
    "projects": _projects, "messages": _messages, "audit": _audit, "webhooks": _webhooks,
    "links": _links, "orders": _orders, "payouts": _payouts, "reports": _reports, "replay": _replay,
    "screens": _screens,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
