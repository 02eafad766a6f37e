"""What the web serves is gathered when a source changed, not at every start, and every page's address is there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROBE = """
from offerwell.management.static_files import gather_static_files

print(gather_static_files())
from django.contrib.staticfiles.storage import staticfiles_storage
print(staticfiles_storage.url("app.css"))
"""


def gathered(real):
    ran = subprocess.run(
        [sys.executable, "-c", PROBE], env=real.environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    had_to, address = ran.stdout.split()
    return had_to, address.removeprefix("/static/")


def test_gathered_once_and_again_when_needed(real):
    static = real.folder / "static"
    had_to, name = gathered(real)
    assert had_to == "True"
    assert name != "app.css"
    assert (static / name).read_bytes()
    assert (static / f"{name}.br").exists()
    assert not (static / "app.css").exists()
    listed = json.loads((static / "staticfiles.json").read_text())["paths"]
    assert [path for path in listed.values() if not (static / path).exists()] == []
    written = (static / name).stat().st_mtime_ns
    assert gathered(real) == ("False", name)
    assert (static / name).stat().st_mtime_ns == written
    (static / "gathered.stamp").write_text("of another version")
    assert gathered(real) == ("True", name)
    (static / "staticfiles.json").unlink()
    assert gathered(real) == ("True", name)
