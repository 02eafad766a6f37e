"""Every document that Offerwell sends to a store can be rehearsed: the sandbox has all its fields.

The documents are read as files; the sandbox and the connector share no code, and neither does this test.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from offerwell.sandbox.engine import prepare

SHOPIFY = Path(__file__).parents[2] / "offerwell/integrations/shopify"
DOCUMENTS = sorted((SHOPIFY / "operations").glob("*.graphql"))
FRAGMENTS = {path.stem.title(): path for path in (SHOPIFY / "fragments").glob("*.graphql")}
_SPREAD = re.compile(r"\.\.\.([A-Z]\w+)")
# Discounts of other apps' functions do not exist in the sandbox, so nothing can ask to change one.
OF_OTHER_APPS = {"update_app": "sandbox: Mutation.discountCodeAppUpdate is not implemented"}


def test_there_are_documents() -> None:
    assert len(DOCUMENTS) >= 10


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_document_is_implemented(path: Path, version: str) -> None:
    prepared = prepare(version, _whole(path.read_text()))
    assert prepared.errors == ()
    missing = prepared.missing.message if prepared.missing else None
    assert missing == OF_OTHER_APPS.get(path.stem)


def _whole(text: str) -> str:
    """The text with the fragments that it spreads, and those that these spread."""
    return text + "".join(_whole(FRAGMENTS[name].read_text()) for name in _SPREAD.findall(text))
