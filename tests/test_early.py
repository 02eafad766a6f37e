"""Tests leave the checkout and each other alone: every process has a data folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

ROOT = Path(__file__).parents[1]
PROBE = """
import os, time
from pathlib import Path
import pytest
from django.conf import settings

@pytest.mark.parametrize("turn", [1, 2])
def test_where(turn):
    (Path(os.environ["TOLD"]) / f"{os.getpid()}").write_text(str(settings.DATA))
    time.sleep(0.5)
"""


def test_the_data_folder_is_not_in_the_checkout():
    assert Path(os.environ["OFFERWELL_DATA"]).resolve() == settings.DATA
    assert not settings.DATA.is_relative_to(ROOT)


def test_each_xdist_worker_has_its_own_folder_and_leaves_none(tmp_path):
    probe, told = tmp_path / "test_probe.py", tmp_path / "told"
    probe.write_text(PROBE)
    told.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "OFFERWELL_TEST_FOLDER"}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "-c", "pyproject.toml", "--rootdir", str(ROOT), str(probe)],
        cwd=ROOT, env={**environment, "TOLD": str(told)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    folders = {path.read_text() for path in told.iterdir()}
    assert len(folders) == len(list(told.iterdir())) == 2
    assert {Path(folder).parent.name[:15] for folder in folders} == {"offerwell-test-"}
    assert [folder for folder in folders if Path(folder).parent.exists()] == []
    assert str(settings.DATA) not in folders
