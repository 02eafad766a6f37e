"""Build step: turn Shopify's schema files (npm package @shopify/dev-mcp) into small files the sandbox loads fast.

Run as ``python -m offerwell.sandbox.build_schema [FOLDER_WITH_THE_PACKAGE]``. The source is Shopify's bytes: its
SHA-256 is checked, then only descriptions are dropped. The result is a build artefact and is never committed.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

BUILD_FOLDER = Path(__file__).parent / "build"
PACKAGE_FOLDER = Path("assets/shopify-schema")
SOURCE_DIGESTS = {
    "2026-04": "f14a1d924a2ce4a5824dcaa832a90a9fe8d20d0ad16f71240b854401c08b5769",
    "2026-07": "5bcde995c89c59acdb2ee494378d96f45ce7378a16ec829a74b71d696a08ef19",
    "2026-10": "f3b522f264556925eada700e795e4a002a9cba83444ebcc6c0d724254a0c6593",
}
DROPPED_KEYS = frozenset({"description", "deprecationReason", "specifiedByURL"})


def main(arguments: list[str] | None = None) -> int:
    """Build every version; answer 0, or 1 with a plain sentence when the package is not there or not the right one."""
    given = sys.argv[1:] if arguments is None else arguments
    package = Path(given[0]) if given else Path(__file__).parents[2] / PACKAGE_FOLDER
    try:
        for version, digest in SOURCE_DIGESTS.items():
            build(package / "dist" / "data" / f"admin_{version}.json.gz", version, digest)
    except (OSError, ValueError) as problem:
        sys.stderr.write(f"Sandbox schema not built: {problem}\n")
        return 1
    return 0


def build(source: Path, version: str, digest: str) -> Path:
    """Write the small file of one version and answer where it lies."""
    if not source.exists():
        message = f"{source} is missing. Run `make setup`, which fetches @shopify/dev-mcp 1.16.0."
        raise FileNotFoundError(message)
    raw = source.read_bytes()
    if hashlib.sha256(raw).hexdigest() != digest:
        message = f"{source} is not the file of @shopify/dev-mcp 1.16.0 (its SHA-256 differs)."
        raise ValueError(message)
    introspection = without_descriptions(json.loads(gzip.decompress(raw))["data"])
    target = BUILD_FOLDER / f"admin_{version}.json.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(introspection, separators=(",", ":"))
    target.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    return target


def without_descriptions(tree: Any) -> Any:
    """Drop the texts, which are three quarters of the size and are not needed to execute."""
    if isinstance(tree, dict):
        return {key: without_descriptions(value) for key, value in tree.items() if key not in DROPPED_KEYS}
    if isinstance(tree, list):
        return [without_descriptions(item) for item in tree]
    return tree


if __name__ == "__main__":
    raise SystemExit(main())
