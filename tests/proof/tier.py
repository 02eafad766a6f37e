"""How large the proofs are: small in `make test`, large in `make proof` (OFFERWELL_PROOF=large).

A large run also writes what it measured, one JSON object a line, to the file OFFERWELL_PROOF_REPORT names.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

IS_LARGE = os.environ.get("OFFERWELL_PROOF", "small") == "large"


def engine():
    return "PostgreSQL" if os.environ.get("OFFERWELL_DATABASE_URL") else "SQLite"


def report(proof, **figures):
    """Print what was measured, and keep it for the report."""
    line = {"proof": proof, "engine": engine(), **figures}
    print(json.dumps(line))
    if path := os.environ.get("OFFERWELL_PROOF_REPORT"):
        with Path(path).open("a") as out:
            out.write(json.dumps(line) + "\n")
