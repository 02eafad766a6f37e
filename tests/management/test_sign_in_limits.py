"""Guessing passwords does not work by asking another web process: the count is shared (trust G16)."""

from __future__ import annotations

import json
import subprocess
import sys

GUESSER = """
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "offerwell.settings"
import django; django.setup()
from django.test import Client
def tried(password):
    answer = Client().post("/account/login/", {"login": "ana@example.com", "password": password})
    if answer.status_code == 302:
        return "in"
    return "locked" if "Too many failed" in answer.content.decode() else "wrong"
print(json.dumps([tried(password) for password in sys.argv[1:]]))
"""


def test_five_wrong_passwords_lock_in_every_process_and_only_that_login(real):
    assert real("migrate").returncode == 0
    made = json.loads(real("workspaces", "create", "Acme", "--owner", "ana@example.com", "--json").stdout)

    def guess(*passwords):
        """A process of its own, as each web process is."""
        command = [sys.executable, "-c", GUESSER, *passwords]
        done = subprocess.run(command, env=real.environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert guess(made["password"]) == ["in"]
    assert guess("wrong 1", "wrong 2", "wrong 3") == ["wrong"] * 3
    # The right one, too, waits: otherwise the answer would tell which guess was right.
    assert guess("wrong 4", "wrong 5", "wrong 6", made["password"]) == ["wrong", "wrong", "locked", "locked"]
    assert guess(made["password"]) == ["locked"]
