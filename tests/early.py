"""Loaded by `-p tests.early` before the settings are: each test process writes into a folder of its own.

The folders of xdist's workers stand inside one, which the process that started them removes: workers are
killed, not ended.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_INHERITED = "OFFERWELL_TEST_FOLDER"
_made = None if _INHERITED in os.environ else Path(tempfile.mkdtemp(prefix="offerwell-test-"))
if _made:
    os.environ[_INHERITED] = str(_made)
os.environ["OFFERWELL_DATA"] = tempfile.mkdtemp(dir=os.environ[_INHERITED])


def pytest_unconfigure(config):
    """Leave nothing behind."""
    if _made:
        shutil.rmtree(_made, ignore_errors=True)
