"""The operations are valid on the real server's schema, and no request is larger than it takes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from graphql import parse, validate

from offerwell.integrations.store import CodeSpec, DiscountKind, DiscountTerms
from offerwell.integrations.vendure.connector import Channel, _input
from offerwell.integrations.vendure.documents import (
    CREATE_PROMOTION,
    FOLDER,
    OPERATIONS,
    UPDATE_PROMOTION,
    Operation,
    aliased,
    text_of,
)

# Express's own limit, which Vendure leaves as it is.
LARGEST_REQUEST = 100 * 1024


def test_every_operation_is_valid_on_the_servers_schema(vendure):
    schema = vendure.schema()
    texts = [text_of(one) for one in OPERATIONS]
    texts += [aliased(one, one.per_request) for one in (CREATE_PROMOTION, UPDATE_PROMOTION)]
    assert [error.message for text in texts for error in validate(schema, parse(text))] == []
    assert [error.message for error in validate(schema, parse("{ nonsense }"))]


def test_every_file_is_an_operation():
    assert {path.stem for path in FOLDER.glob("*.graphql")} == {one.file for one in OPERATIONS}


def test_the_largest_requests_fit():
    moment = datetime(2026, 11, 26, tzinfo=UTC)
    terms = DiscountTerms(DiscountKind.AMOUNT, Decimal("99999999.99"), Decimal("99999999.99"), True, 2_000_000_000)
    spec = CodeSpec("C" * 255, "\N{GRINNING FACE}" * 255, terms, moment, moment)
    update = {"id": "f" * 36, "enabled": True, "startsAt": "2026-11-26T00:00:00Z", "endsAt": "2026-11-26T00:00:00Z"}
    for operation, given in ((CREATE_PROMOTION, _input(spec, Channel("en", True, 3))), (UPDATE_PROMOTION, update)):
        count = operation.per_request
        variables = {f"input_{index}": given for index in range(count)}
        asked = {"query": aliased(operation, count), "variables": variables}
        assert len(json.dumps(asked, ensure_ascii=False, separators=(",", ":")).encode()) < LARGEST_REQUEST


def test_what_acts_is_known():
    assert [one.file for one in OPERATIONS if one.is_write] == ["create_promotion", "update_promotion"]
    with pytest.raises(ValueError, match="not one operation"):
        aliased(Operation("channel"), 2)
