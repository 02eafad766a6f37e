"""The hashed and compressed copies of CSS, scripts and fonts that the web serves, made when a source changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from offerwell.management.opened import set_up_django

if TYPE_CHECKING:
    from collections.abc import Iterator


def gather_static_files() -> bool:
    """Gather them into the data folder, before any web process reads their list. Gives whether it had to.

    Compressing takes two seconds of CPU, which every start would pay again.
    """
    os.environ["OFFERWELL_GATHERED"] = "1"
    set_up_django()
    from django.conf import settings
    from django.core.management import call_command

    stamp, wanted = Path(settings.STATIC_ROOT) / "gathered.stamp", _state_of_sources()
    if _read(stamp) == wanted and (stamp.parent / "staticfiles.json").exists():
        return False
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(wanted)
    return True


def _state_of_sources() -> str:
    """Changes with any source: its name, place, size or time of writing."""
    state = hashlib.sha256()
    for name, path in sorted(_sources()):
        found = path.stat()
        state.update(f"{name}\0{path}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return state.hexdigest()


def _sources() -> Iterator[tuple[str, Path]]:
    from django.contrib.staticfiles.finders import get_finders

    for finder in get_finders():
        for name, storage in finder.list([]):
            yield name, Path(storage.path(name))


def _read(stamp: Path) -> str:
    try:
        return stamp.read_text()
    except OSError:
        return ""
