"""Running commands, in this process or as people do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]


@pytest.fixture
def command():
    """`command("offers", "list")` → click's result, in this process and its database."""
    from offerwell.management.command_line import main

    def run(*arguments, stdin=None):
        return CliRunner().invoke(main, [str(a) for a in arguments], input=stdin)

    return run


@pytest.fixture
def told(command):
    """The JSON document a command answers, and its exit code."""

    def run(*arguments, stdin=None):
        result = command(*arguments, "--json", stdin=stdin)
        return json.loads(result.stdout), result.exit_code

    return run


@pytest.fixture
def real(tmp_path):
    """A real process with a data folder of its own, on SQLite."""
    environment = {k: v for k, v in os.environ.items() if k not in {"OFFERWELL_DATABASE_URL", "OFFERWELL_REDIS_URL"}}
    environment |= {"OFFERWELL_DATA": str(tmp_path / "data"), "PYTHONWARNINGS": "ignore"}

    def run(*arguments, timeout=60):
        command = [sys.executable, "-m", "offerwell.management", *arguments]
        return subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False
        )

    run.environment = environment
    run.folder = tmp_path / "data"
    return run
