"""`offerwell run`: everything on one machine. Migrates, seeds the demo when empty, then tends web, worker, sandbox."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from dataclasses import dataclass

import click

from offerwell.management.answer import answer, note
from offerwell.management.migrate import migrate_database
from offerwell.management.opened import now
from offerwell.management.parts import refuse_without_schema
from offerwell.management.ports import is_loopback, refuse_taken
from offerwell.management.refusal import ExitCode, Refused
from offerwell.management.supervisor import Supervisor

_READY_WITHIN = 120.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts listen."""

    host: str
    port: int
    sandbox_port: int

    @property
    def web(self) -> str:
        """The web's address as this machine reaches it."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104  compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def sandbox(self) -> str:
        """The sandbox store listens on this machine only."""
        return f"http://127.0.0.1:{self.sandbox_port}"


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port of the web pages.")
@click.option(
    "--sandbox-port",
    default=8077,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port of the sandbox store.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address the web pages listen on.")
@click.option(
    "--pacing",
    default="standard",
    show_default=True,
    type=click.Choice(["off", "standard", "advanced", "plus"]),
    help="The sandbox store's rate limit: of which Shopify plan.",
)
def run(port: int, sandbox_port: int, host: str, pacing: str) -> ExitCode:
    """Run everything: web, worker and sandbox store, with sample data on an empty database."""
    addresses = Addresses(host, port, sandbox_port)
    if port == sandbox_port:
        raise Refused("The web and the sandbox store need two ports.", "Choose another --sandbox-port.")
    refuse_taken(host, port, "--port")
    refuse_taken("127.0.0.1", sandbox_port, "--sandbox-port")
    refuse_without_schema()
    # Stores on this machine, as the sandbox store is, reach us here; a shop outside needs a public https address.
    os.environ.setdefault("OFFERWELL_PUBLIC_URL", addresses.web)
    supervisor = Supervisor()
    try:
        supervisor.start("sandbox store", "sandbox", "--port", str(sandbox_port), "--pacing", pacing)
        _bring_up_to_date()
        supervisor.listen_to_signals()
        return _tended(supervisor, addresses)
    finally:
        supervisor.stop()


def _bring_up_to_date() -> None:
    applied = migrate_database()
    if applied:
        note(f"Database ready ({applied} migrations applied).")


def _tended(supervisor: Supervisor, addresses: Addresses) -> ExitCode:
    _prepare(supervisor, addresses)
    supervisor.start("worker", "worker")
    supervisor.start("web", "serve", "--host", addresses.host, "--port", str(addresses.port))
    ready = supervisor.tend_until(lambda: answers(f"{addresses.web}/readyz"), seconds=_READY_WITHIN)
    if ready:
        _tell_where(addresses)
    elif not supervisor.stopping:
        note(f"Offerwell is not ready after {_READY_WITHIN:.0f} s. {addresses.web}/readyz says why; still trying.")
    supervisor.tend_for_ever()
    note("Stopping.")
    return ExitCode.DONE


def answers(url: str) -> bool:
    """Whether `url` answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  our own address
            return bool(response.status == 200)  # noqa: PLR2004  OK
    except (urllib.error.URLError, OSError):
        return False


def _prepare(supervisor: Supervisor, addresses: Addresses) -> None:
    """Sample data for a first look; OFFERWELL_DEMO=0 leaves an empty database empty."""
    from offerwell.demo.glow_lab import build_glow_lab
    from offerwell.demo.moved_sandbox import follow_sandbox
    from offerwell.demo.sign_in import protect_sign_in
    from offerwell.models import Workspace

    loopback = is_loopback(addresses.host)
    if not supervisor.tend_until(lambda: answers(f"{addresses.sandbox}/_sandbox/info"), seconds=30):
        if supervisor.stopping:
            return
        raise Refused("The sandbox store did not start.", "Look at the lines above, then run the command again.")
    if Workspace.objects.exists():
        follow_sandbox(addresses.sandbox, at=now())
    elif os.environ.get("OFFERWELL_DEMO") != "0":
        note("The database is empty: building the sample workspace Glow Lab.")
        build_glow_lab(sandbox=addresses.sandbox, fixed_password=loopback, at=now())
    shown = protect_sign_in(loopback=loopback)
    os.environ["OFFERWELL_DEMO"] = "1" if shown and loopback else "0"


def _tell_where(addresses: Addresses) -> None:
    from offerwell.demo.sign_in import read_sign_in

    answer(f"Offerwell is ready: {addresses.web}")
    sign_in = read_sign_in()
    if sign_in is not None:
        answer(f"Sign in as {sign_in.email} with the password {sign_in.password}")
    answer(f"Sandbox store: {addresses.sandbox}/_sandbox/discounts   Stop with Ctrl-C.")
