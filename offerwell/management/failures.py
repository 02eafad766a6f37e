"""What a person reads when something broke that no command expected. Tracebacks go to a file, never to them."""

from __future__ import annotations

import errno
import os
import traceback
from datetime import UTC, datetime
from pathlib import Path

from offerwell.management.refusal import ExitCode, Refused

_NO_TABLES = ("no such table", "no such column", "does not exist")
_NO_SERVER = (
    "connection refused",
    "could not connect",
    "connection failed",
    "could not translate",
    "timeout expired",
)


def refusal_of(error: Exception) -> Refused:
    """A plain sentence for `error`: its cause when it is a common one, else where the details were written."""
    known = _of_database(error) or _of_disk(error)
    if known is not None:
        return known
    path = _write_down(error)
    where = f"Details are in {path}." if path else "The details could not be written to a file."
    return Refused(
        f"Something in Offerwell broke ({type(error).__name__}). {where}",
        "Report it with that file. `offerwell verify` tells whether the records are intact.",
        code=ExitCode.BROKEN,
    )


def _of_database(error: Exception) -> Refused | None:
    if type(error).__module__ not in {"django.db.utils", "sqlite3"}:
        return None
    text = str(error).lower()
    if any(sign in text for sign in _NO_TABLES):
        return Refused("The database is not set up for this version.", "Run `offerwell migrate`.")
    if any(sign in text for sign in _NO_SERVER):
        return Refused("The database does not answer.", "Start it, or correct OFFERWELL_DATABASE_URL.")
    if "locked" in text:
        return Refused("Another program holds the database for too long.", "Run the command again.")
    if "unable to open" in text or "readonly" in text:
        return Refused("The database file cannot be written.", f"Check who owns {data_folder()}.")
    return None


def _of_disk(error: Exception) -> Refused | None:
    if not isinstance(error, OSError):
        return None
    if error.errno == errno.ENOSPC:
        return Refused("The disk is full.", f"Make room for {data_folder()} and run the command again.")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return Refused(f"{error.filename or 'A file'} cannot be written or read.", "Check who owns it.")
    return None


def data_folder() -> Path:
    """OFFERWELL_DATA, without loading the settings."""
    return Path(os.environ.get("OFFERWELL_DATA", ".offerwell")).resolve()


def _write_down(error: Exception) -> Path | None:
    path = data_folder() / "errors.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as log:
            log.write(f"{datetime.now(UTC).isoformat()} {''.join(traceback.format_exception(error))}\n")
    except OSError:
        return None
    return path
