"""Every operation is valid in Shopify's own schema of both API versions, alone and under aliases."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_client_schema, parse, validate
from graphql.type import GraphQLUnionType
from graphql.validation import NoDeprecatedCustomRule

from offerwell.integrations.shopify.documents import (
    BULK_ACTIVATE,
    BULK_DEACTIVATE,
    FOLDER,
    IDENTIFY,
    NODE_STATUSES,
    OPERATIONS,
    UPDATE_FOR_KIND,
    Operation,
    aliased,
    text_of,
)
from offerwell.integrations.store import WindowStatus

ASSETS = Path(__file__).parents[2] / "assets"
# Where make setup unpacks the npm package, and where npm itself would put it.
PLACES = (ASSETS / "shopify-schema/dist/data", ASSETS / "node_modules/@shopify/dev-mcp/dist/data")


def schema_file(version: str) -> Path:
    """Shopify's own file, not the sandbox's excerpt. Fails, not skips: an unchecked operation is not checked."""
    for place in PLACES:
        if (file := place / f"admin_{version}.json.gz").exists():
            return file
    pytest.fail(f"Shopify's schema {version} is not installed: run make setup")


@pytest.fixture(scope="module", params=["2026-07", "2026-10"])
def schema(request: pytest.FixtureRequest) -> GraphQLSchema:
    introspection = json.loads(gzip.decompress(schema_file(request.param).read_bytes()))["data"]
    # assume_valid: graphql-core finds fault with a deprecation in Shopify's schema that is none of ours.
    return build_client_schema(introspection, assume_valid=True)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.file)
def test_each_operation_is_valid(schema: GraphQLSchema, operation: Operation) -> None:
    assert validate(schema, parse(text_of(operation))) == []


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.per_request > 1], ids=lambda operation: operation.file
)
def test_each_is_valid_as_often_as_it_may_be_repeated(schema: GraphQLSchema, operation: Operation) -> None:
    for count in (1, 2, operation.per_request):
        document = parse(aliased(operation, count))
        assert validate(schema, document) == []
        fields = document.definitions[0].selection_set.selections
        assert [field.alias.value for field in fields] == [f"r{index}" for index in range(count)]


def test_no_deprecated_field_is_used(schema: GraphQLSchema) -> None:
    for operation in OPERATIONS:
        assert validate(schema, parse(text_of(operation)), [NoDeprecatedCustomRule]) == []


def test_every_kind_of_code_discount_is_read_and_has_its_own_update(schema: GraphQLSchema) -> None:
    union = schema.type_map["DiscountCode"]
    assert isinstance(union, GraphQLUnionType)
    kinds = {member.name for member in union.types}
    assert set(UPDATE_FOR_KIND) == kinds
    assert all(f"... on {kind} {{" in text_of(NODE_STATUSES) for kind in kinds)


def test_every_status_of_the_schema_is_known(schema: GraphQLSchema) -> None:
    assert {name.lower() for name in schema.type_map["DiscountStatus"].values} == {one.value for one in WindowStatus}


def test_the_folder_holds_these_operations_and_no_others() -> None:
    assert sorted(file.stem for file in FOLDER.iterdir()) == sorted(one.file for one in OPERATIONS)


def test_no_request_may_cost_more_than_a_thousand_points() -> None:
    assert [one.file for one in OPERATIONS if one.points * one.per_request > 1000] == []


def test_codes_are_switched_by_id_and_one_bulk_mutation_per_request() -> None:
    """Unknown search fields are accepted in silence; two bulk mutations in one request share one job."""
    for operation in (BULK_ACTIVATE, BULK_DEACTIVATE):
        assert "search" not in text_of(operation).lower()
        assert operation.per_request == 1


def test_the_schema_is_the_one_that_was_read() -> None:
    digest = hashlib.sha256(schema_file("2026-10").read_bytes()).hexdigest()
    assert (digest[:8], digest[-4:]) == ("f3b522f2", "6593")


def test_only_a_file_of_one_root_field_can_be_repeated() -> None:
    with pytest.raises(ValueError, match=r"identify\.graphql is not one operation with variables"):
        aliased(IDENTIFY, 2)
