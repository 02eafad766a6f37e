"""Every document that Offerwell sends to a store can be rehearsed: the sandbox has all its fields.

The documents are read as files; the sandbox and the connector share no code, and neither does this test.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from offerwell.sandbox.engine import prepare

DOCUMENTS = sorted((Path(__file__).parents[2] / "offerwell/integrations/shopify").rglob("*.graphql"))
# Discounts of other apps' functions do not exist in the sandbox, so nothing can ask to change one.
OF_OTHER_APPS = {"update_app": "sandbox: Mutation.discountCodeAppUpdate is not implemented"}


def test_there_are_documents() -> None:
    assert len(DOCUMENTS) >= 10


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_document_is_implemented(path: Path, version: str) -> None:
    prepared = prepare(version, path.read_text())
    assert prepared.errors == ()
    missing = prepared.missing.message if prepared.missing else None
    assert missing == OF_OTHER_APPS.get(path.stem)
