"""The parts of Offerwell, one process each: `serve` (web), `links`, `worker`, `sandbox`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from offerwell.management.answer import note
from offerwell.management.failures import data_folder
from offerwell.management.opened import set_up_django
from offerwell.management.parent_watch import end_with_parent
from offerwell.management.ports import refuse_taken
from offerwell.management.refusal import Refused
from offerwell.management.static_files import gather_static_files

# Set by `offerwell run` for the parts it starts: its process id.
PARENT_VARIABLE = "OFFERWELL_STARTED_BY"
_STOP_WITHIN = 20
# Where `make setup` leaves what the sandbox store loads.
SCHEMA_FOLDER = Path(__file__).resolve().parents[1] / "sandbox" / "build"


def started_by_run() -> bool:
    """Whether `offerwell run` started this process; then also end when it ends."""
    parent = os.environ.pop(PARENT_VARIABLE, "")
    if parent:
        end_with_parent(int(parent))
    return bool(parent)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1, 64), help="Threads per process.")
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Serve the web pages, nothing else."""
    if not started_by_run():
        refuse_taken(host, port, "--port")
        note(f"Serving http://{host}:{port}")
    _serve_web(host, port, workers, threads)


def _serve_web(host: str, port: int, workers: int, threads: int) -> None:
    gather_static_files()
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import MPServer

    MPServer(
        "offerwell.management.web_process:application",
        address=host, port=port, interface=Interfaces.WSGI, workers=workers, blocking_threads=threads,
        respawn_failed_workers=True, workers_kill_timeout=_STOP_WITHIN, log_level=LogLevels.warning,
    ).serve()  # fmt: skip


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8010, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
def links(host: str, port: int, workers: int) -> None:
    """Serve sales links: keep each click, then send on to the shop."""
    if not started_by_run():
        refuse_taken(host, port, "--port")
        note(f"Serving sales links at http://{host}:{port}")
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import MPServer

    MPServer(
        "offerwell.management.links_process:application",
        address=host, port=port, interface=Interfaces.ASGI, workers=workers, websockets=False,
        respawn_failed_workers=True, workers_kill_timeout=_STOP_WITHIN, log_level=LogLevels.warning,
    ).serve()  # fmt: skip


@click.command()
def worker() -> None:
    """Do the work behind the pages: follow changes in the stores."""
    set_up_django()
    started_by_run()
    from offerwell.worker import serve_worker

    serve_worker()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8077, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--state", type=click.Path(dir_okay=False), help="File that keeps the store; default in OFFERWELL_DATA.")
@click.option(
    "--pacing",
    default="standard",
    show_default=True,
    type=click.Choice(["off", "standard", "advanced", "plus"]),
    help="The rate limit of which Shopify plan.",
)
@click.option(
    "--job-seconds",
    default=0.3,
    show_default=True,
    type=click.FloatRange(min=0),
    help="How long a job takes.",
)
def sandbox(host: str, port: int, state: str | None, pacing: str, job_seconds: float) -> None:
    """Serve the sandbox store: a Shopify look-alike for demos and rehearsals."""
    if not started_by_run():
        refuse_taken(host, port, "--port")
        note(f"The sandbox store answers at http://{host}:{port}; its keys are at /_sandbox/info")
    refuse_without_schema()
    from offerwell.sandbox import serve as serve_sandbox
    from offerwell.sandbox.schema import SchemaMissingError

    path = Path(state) if state else data_folder() / "sandbox.sqlite3"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        serve_sandbox(host=host, port=port, state=path, pacing=pacing, job_seconds=job_seconds)
    except SchemaMissingError as missing:
        raise _no_schema() from missing


def refuse_without_schema() -> None:
    """Refuse before anything starts when no schema was ever built. Does not load the sandbox: that takes a while."""
    if not any(SCHEMA_FOLDER.glob("admin_*.json.gz")):
        raise _no_schema()


def _no_schema() -> Refused:
    return Refused(
        "The sandbox store is not built: Shopify's schema is missing.",
        f"Run `make setup` in Offerwell's folder; it writes {SCHEMA_FOLDER}.",
    )
