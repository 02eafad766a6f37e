"""Loaded by `-p tests.early` before the settings are: each test process writes into a folder of its own."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_FOLDER = tempfile.mkdtemp(prefix="offerwell-test-")
# Also over what an xdist worker inherits from the process that started it.
os.environ["OFFERWELL_DATA"] = _FOLDER


def pytest_unconfigure(config):
    """Leave nothing behind in the temporary folder of the machine."""
    shutil.rmtree(Path(_FOLDER), ignore_errors=True)
