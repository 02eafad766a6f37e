"""A data folder and a database of its own, and real processes on it: what a test may kill without harm.

The engine is that of the run: PostgreSQL where OFFERWELL_DATABASE_URL is set, else a SQLite file.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
QUICK_MARGINS = {
    "OFFERWELL_SYNC_LEASE": "3",
    "OFFERWELL_SYNC_LATE_LANDING": "4",
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


def wait_until(is_so, seconds, every=0.1):
    """Whether it became so within the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(every)
    return bool(is_so())
