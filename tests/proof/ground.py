"""A data folder and a database of its own, and real processes on it: what a test may kill without harm.

The engine is that of the run: PostgreSQL where OFFERWELL_DATABASE_URL is set, else a SQLite file.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
QUICK_MARGINS = {
    "OFFERWELL_SYNC_LEASE": "3",
    "OFFERWELL_SYNC_LATE_LANDING": "6",
    "OFFERWELL_SYNC_REPLICA_LAG": "1",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Ground:
    """Starts processes of the product with this ground's environment. `close` ends all of them."""

    def __init__(self, folder, **settings):
        self.folder = Path(folder)
        self.started = []
        self.database = ""
        self.env = {**os.environ, "OFFERWELL_DATA": str(self.folder), "DJANGO_SETTINGS_MODULE": "offerwell.settings"}
        self.env |= {"OFFERWELL_LOG": "WARNING", "OFFERWELL_REDIS_URL": "", "PYTHONHASHSEED": "0", **settings}
        if server := os.environ.get("OFFERWELL_DATABASE_URL"):
            self._make_database(server.rsplit("/", 1)[0])
        self.play("migrate")

    @property
    def engine(self):
        return "postgresql" if self.database else "sqlite"

    def _make_database(self, server):
        self.server, self.database = server, f"offerwell_proof_{secrets.token_hex(4)}"
        self._on_server(f"CREATE DATABASE {self.database}")
        self.env["OFFERWELL_DATABASE_URL"] = f"{server}/{self.database}"

    def _on_server(self, statement):
        import psycopg

        with psycopg.connect(f"{self.server}/postgres", autocommit=True) as connection:
            connection.execute(statement)

    def start(self, *command, log="processes", **more):
        with (self.folder / f"{log}.log").open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env={**self.env, **more}, stdout=out, stderr=out
            )
        self.started.append(process)
        return process

    def play(self, verb, **given):
        """Do one verb of tests/proof/play.py in a process of its own, and give what it answers."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.proof.play", verb, json.dumps(given)],
            cwd=ROOT, env=self.env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{verb} failed:\n{done.stderr[-3000:]}"
        return json.loads(done.stdout.splitlines()[-1])

    def start_play(self, verb, **given):
        """Begin one verb; its answer is the last line it writes."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.proof.play", verb, json.dumps(given)],
            cwd=ROOT, env=self.env, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.started.append(process)
        return process

    def asked(self, sql):
        """Rows of a statement, read beside the processes at work."""
        if self.database:
            import psycopg

            with psycopg.connect(self.env["OFFERWELL_DATABASE_URL"], autocommit=True) as connection:
                return connection.execute(sql).fetchall()
        connection = sqlite3.connect(f"file:{self.folder / 'offerwell.sqlite3'}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def sandbox(self, *, pacing="off", port=None):
        """A sandbox store in a process of its own, answering."""
        port = port or free_port()
        self.start(
            "-m", "offerwell.sandbox", "--port", str(port), "--pacing", pacing, "--state", str(self.folder / "shop"),
            log="sandbox",
        )  # fmt: skip
        sandbox = Sandbox(f"http://127.0.0.1:{port}")
        assert wait_until(sandbox.answers, 60), self.text_of("sandbox")
        return sandbox

    def worker(self):
        return self.start("-m", "offerwell.management", "worker", log="worker")

    def text_of(self, log):
        path = self.folder / f"{log}.log"
        return path.read_text() if path.exists() else ""

    def close(self):
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait(10)
        if self.database:
            self._on_server(f"DROP DATABASE {self.database} WITH (FORCE)")


class Sandbox:
    """The control side of a running sandbox store."""

    def __init__(self, address):
        self.address = address
        self.http = httpx.Client(base_url=address, timeout=60)

    def answers(self):
        try:
            return self.http.get("/_sandbox/info").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def connection(self, label="Glow"):
        """What a seed needs to connect it."""
        told = self.http.get("/_sandbox/info").json()
        return {"label": label, "address": self.address} | {name: told[name] for name in ("client_id", "client_secret")}

    def seed(self, rows):
        self.http.post("/_sandbox/seed", json=rows).raise_for_status()

    def discounts(self):
        return self.http.get("/_sandbox/discounts").json()

    def requests(self):
        return self.http.get("/_sandbox/requests").json()

    def forget_requests(self):
        self.http.delete("/_sandbox/requests").raise_for_status()

    def fault(self, **fault):
        self.http.post("/_sandbox/faults", json=fault).raise_for_status()

    def calls(self):
        """How many calls there were so far."""
        return self.http.get("/_sandbox/info").json()["counts"]["requests"]

    def hits(self):
        """How often each kind of fault struck so far."""
        return self.http.get("/_sandbox/faults").json()["hits"]

    def calm(self):
        """Ends all faults. Gives how often each kind struck."""
        hits = self.hits()
        self.http.delete("/_sandbox/faults").raise_for_status()
        return hits


def wait_until(is_so, seconds, every=0.1):
    """Whether it became so within the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(every)
    return bool(is_so())
