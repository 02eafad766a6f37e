"""`make bench`: every measurement on SQLite and, where it is reachable, on PostgreSQL.

    python -m benchmarks [--sizes 100000,1000000] [--engine sqlite|postgresql] [--only changes|pages|refresh|webhooks]

PostgreSQL: OFFERWELL_BENCH_POSTGRES, else postgresql://postgres@127.0.0.1:5432. A database of its own is made
and dropped. Each engine runs in a process of its own, so that memory figures are its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile

DATABASE = "offerwell_bench"
DEFAULT_SERVER = "postgresql://postgres@127.0.0.1:5432"


def main() -> int:
    """Run what was asked for, here or in a child for each engine."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--sizes", default="100000,1000000")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"])
    parser.add_argument("--only", choices=["changes", "pages", "refresh", "webhooks"])
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
        return subprocess.run(
            command, env={**environ, "OFFERWELL_DATABASE_URL": f"{server}/{DATABASE}"}, check=False
        ).returncode


def _make_database(server: str) -> bool:
    import psycopg

    try:
        with psycopg.connect(f"{server}/postgres", autocommit=True, connect_timeout=3) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
            connection.execute(f"CREATE DATABASE {DATABASE}")
    except psycopg.OperationalError:
        return False
    return True


def _run_here(sizes: list[int], only: str | None) -> int:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from benchmarks.bulk_change import measure
    from benchmarks.pages import measure_pages
    from benchmarks.refresh_codes import measure as measure_refresh
    from benchmarks.webhooks import HEAD, measure_webhooks

    if only in {None, "changes"}:
        print(
            "| engine | codes | raw SQL | apply | **÷ raw** | plan | **÷ apply** | peak memory |\n" + "|---" * 8 + "|"
        )
        for size in sizes:
            print(measure(size, name=f"Crowd {size}").line, flush=True)
    if only in {None, "refresh"}:
        columns = ("engine", "codes", "propose", "plan", "apply", "undo", "plan payout", "apply payout", "peak memory")
        print(f"\n| {' | '.join(columns)} |\n" + "|---" * len(columns) + "|")
        for size in sizes:
            print(measure_refresh(size, name=f"Refreshed {size}").line, flush=True)
    if only in {None, "pages"}:
        print("\n| engine | page | server time | statements |\n" + "|---" * 4 + "|")
        for page in measure_pages(max(sizes)):
            print(page.line, flush=True)
    if only in {None, "webhooks"}:
        print(f"\n{HEAD}")
        for hooks in measure_webhooks():
            print(hooks.line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
