"""`offerwell run`: everything on one machine. Migrates, seeds the demo when empty, then tends its parts.

With `--vendure` also a real Vendure, which is no part of Offerwell: its folder is named, and npm has filled it.
"""

from __future__ import annotations

import os
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import click

from offerwell.management.answer import answer, note
from offerwell.management.failures import data_folder
from offerwell.management.migrate import migrate_database
from offerwell.management.opened import now
from offerwell.management.parts import refuse_without_schema
from offerwell.management.ports import is_loopback, refuse_taken
from offerwell.management.refusal import ExitCode, Refused
from offerwell.management.supervisor import Supervisor

_READY_WITHIN = 120.0
_LINKS_ABOVE = 10


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts listen."""

    host: str
    port: int
    sandbox_port: int
    links_port: int
    vendure_port: int | None = None

    @property
    def web(self) -> str:
        """The web's address as this machine reaches it."""
        return self._reached(self.port)

    @property
    def links(self) -> str:
        """The same for sales links."""
        return self._reached(self.links_port)

    def _reached(self, port: int) -> str:
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104  compared, not bound
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def sandbox(self) -> str:
        """The sandbox store listens on this machine only."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def vendure(self) -> str | None:
        """Vendure, where it was asked for, listens on this machine only."""
        return None if self.vendure_port is None else f"http://127.0.0.1:{self.vendure_port}"


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port of the web pages.")
@click.option(
    "--sandbox-port",
    default=8077,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port of the sandbox store.",
)
@click.option(
    "--links-port",
    type=click.IntRange(1, 65535),
    help="Port of the sales links; 10 above that of the web unless given.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address the web pages and links listen on.")
@click.option(
    "--pacing",
    default="standard",
    show_default=True,
    type=click.Choice(["off", "standard", "advanced", "plus"]),
    help="The sandbox store's rate limit: of which Shopify plan.",
)
@click.option(
    "--vendure",
    "vendure_folder",
    type=click.Path(path_type=Path),
    help="Also run a real Vendure store from this folder (make run STORE=vendure).",
)
@click.option(
    "--vendure-port", default=3000, show_default=True, type=click.IntRange(1, 65535), help="Port of the Vendure store."
)
def run(
    *, port: int, sandbox_port: int, links_port: int | None, host: str, pacing: str, vendure_folder: Path | None,
    vendure_port: int,
) -> ExitCode:  # fmt: skip
    """Run everything: web, sales links, worker and sandbox store, with sample data on an empty database."""
    links_port = links_port or min(port + _LINKS_ABOVE, 65535)
    addresses = Addresses(host, port, sandbox_port, links_port, vendure_port if vendure_folder else None)
    if port == sandbox_port:
        raise Refused("The web and the sandbox store need two ports.", "Choose another --sandbox-port.")
    if links_port in {port, sandbox_port}:
        raise Refused("The sales links need a port of their own.", "Choose another --links-port.")
    if addresses.vendure_port in {port, sandbox_port, links_port}:
        raise Refused("Vendure needs a port of its own.", "Choose another --vendure-port.")
    refuse_taken(host, port, "--port")
    refuse_taken("127.0.0.1", sandbox_port, "--sandbox-port")
    refuse_taken(host, links_port, "--links-port")
    refuse_without_schema()
    os.environ.setdefault("OFFERWELL_LINKS_URL", addresses.links)
    # Stores on this machine, as the sandbox store is, reach us here; a shop outside needs a public https address.
    os.environ.setdefault("OFFERWELL_PUBLIC_URL", addresses.web)
    program = _vendure_program(vendure_folder, vendure_port) if vendure_folder else ()
    supervisor = Supervisor()
    try:
        supervisor.start("sandbox store", "sandbox", "--port", str(sandbox_port), "--pacing", pacing)
        if program:
            supervisor.start_program("Vendure", *program)
        _bring_up_to_date()
        supervisor.listen_to_signals()
        return _tended(supervisor, addresses)
    finally:
        supervisor.stop()


def _vendure_program(folder: Path, port: int) -> tuple[str, ...]:
    """The command that serves it, its shop kept in the data folder; refused where it cannot run."""
    node = shutil.which("node")
    if node is None:
        raise Refused("Vendure needs Node, which is not here.", "Install Node and npm, or run without --vendure.")
    if not (folder / "server.js").is_file() or not (folder / "node_modules").is_dir():
        raise Refused(f"Vendure is not installed in {folder}.", "Run `make run STORE=vendure` in Offerwell's folder.")
    refuse_taken("127.0.0.1", port, "--vendure-port")
    state = data_folder() / "vendure.sqlite3"
    state.parent.mkdir(parents=True, exist_ok=True)
    return node, str(folder / "server.js"), "--port", str(port), "--state", str(state)


def _bring_up_to_date() -> None:
    applied = migrate_database()
    if applied:
        note(f"Database ready ({applied} migrations applied).")


def _tended(supervisor: Supervisor, addresses: Addresses) -> ExitCode:
    _prepare(supervisor, addresses)
    supervisor.start("worker", "worker")
    supervisor.start("links", "links", "--host", addresses.host, "--port", str(addresses.links_port))
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
    if addresses.vendure:
        _connect_vendure(supervisor, addresses.vendure)
    shown = protect_sign_in(loopback=loopback)
    os.environ["OFFERWELL_DEMO"] = "1" if shown and loopback else "0"


def _connect_vendure(supervisor: Supervisor, address: str) -> None:
    from offerwell.demo.vendure_shop import connect_vendure, is_open

    if supervisor.tend_until(lambda: is_open(address), seconds=_READY_WITHIN):
        connect_vendure(address, at=now())
    elif not supervisor.stopping:
        raise Refused("Vendure did not start.", "Look at the lines above, then run the command again.")


def _tell_where(addresses: Addresses) -> None:
    from offerwell.demo import vendure_shop
    from offerwell.demo.creator import demo_creator
    from offerwell.demo.sign_in import read_sign_in

    answer(f"Offerwell is ready: {addresses.web}")
    sign_in = read_sign_in()
    if sign_in is not None:
        answer(f"Sign in as {sign_in.email} with the password {sign_in.password}")
    # By name, not by number: passkeys belong to names.
    portal = f"{addresses.web.replace('127.0.0.1', 'localhost')}/portal/"
    creator = demo_creator() if sign_in is not None else ""
    answer(f"Creator Portal: {portal}" + (f" (sign in as {creator}; the code is in the mailbox)" if creator else ""))
    if addresses.vendure:
        answer(
            f"Vendure: {addresses.vendure}/admin-api (sign in as {vendure_shop.IDENTIFIER} with the password "
            f"{vendure_shop.PASSWORD}), shop: {addresses.vendure}/shop-api"
        )
    answer(f"Sandbox store: {addresses.sandbox}/_sandbox/discounts   Stop with Ctrl-C.")
