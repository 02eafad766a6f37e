"""Run the sandbox store by itself: ``python -m offerwell.sandbox --port 8077 --state store.db``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from offerwell.sandbox.bucket import Pacing
from offerwell.sandbox.schema import SchemaMissingError
from offerwell.sandbox.server import PortTakenError, serve


def main() -> int:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m offerwell.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8077)
    parser.add_argument("--state", type=Path, help="file that keeps the store over restarts")
    parser.add_argument("--pacing", choices=[item.value for item in Pacing], default=Pacing.STANDARD.value)
    parser.add_argument("--job-seconds", type=float, default=0.3)
    given = parser.parse_args()
    try:
        serve(host=given.host, port=given.port, state=given.state, pacing=given.pacing, job_seconds=given.job_seconds)
    except (PortTakenError, SchemaMissingError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
