"""The real door, in processes of its own, on a database of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx

from tests.proof.ground import ROOT, Ground, free_port, wait_until

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
_PLAY = """
import json, sys
import django
django.setup()
from django.utils import timezone
from django_scopes import scope, scopes_disabled
from datetime import timedelta
from offerwell.models import *
from tests import make
told = None
with scopes_disabled():
    exec(sys.stdin.read())
print(json.dumps(told))
"""


class Serving:
    """`offerwell links` with what a test needs around it."""

    def __init__(self, folder, **settings):
        self.ground = Ground(folder, OFFERWELL_LINKS_URL="http://go.example", **settings)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = httpx.Client(base_url=self.url, headers={"User-Agent": CHROME}, timeout=20)

    def start(self, *more):
        started = self.ground.start("-m", "offerwell.management", "links", "--port", str(self.port), *more, log="links")
        assert wait_until(self.answers, 60), self.ground.text_of("links")[-3000:]
        return started

    def answers(self):
        try:
            return httpx.get(f"{self.url}/healthz", timeout=2).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def play(self, code):
        """Run code with the models; gives what it leaves in `told`."""
        done = subprocess.run(
            [sys.executable, "-c", _PLAY],
            input=code,
            cwd=ROOT,
            env=self.ground.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    def get(self, path, **headers):
        return self.http.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def clicks(self):
        """(outcome, bot, key, visitor, origin) of each kept arrival, in order."""
        rows = self.ground.asked("SELECT outcome, bot, key, visitor, origin FROM offerwell_click ORDER BY id")
        return [
            (outcome, bot, str(key).replace("-", ""), visitor, origin) for outcome, bot, key, visitor, origin in rows
        ]

    def close(self):
        self.http.close()
        self.ground.close()
