"""Load Shopify's official Admin schema of one API version, once per process."""

from __future__ import annotations

import gzip
import json
from functools import cache
from unittest import mock

from graphql import GraphQLScalarType, GraphQLSchema, build_client_schema, specified_scalar_types

from offerwell.sandbox.build_schema import BUILD_FOLDER
from offerwell.sandbox.scalars import attach_scalars, wide_int

NEWEST_VERSION = "2026-10"
VERSIONS = ("2026-04", "2026-07", "2026-10")


class SchemaMissingError(RuntimeError):
    """The build artefact is not there."""


@cache
def load_schema(version: str) -> GraphQLSchema:
    """Answer the executable schema; it takes about half a second, hence the cache."""
    path = BUILD_FOLDER / f"admin_{version}.json.gz"
    if not path.exists():
        message = f"The sandbox store needs Shopify's schema of {version}, and {path} is missing. Run `make setup`."
        raise SchemaMissingError(message)
    introspection = json.loads(gzip.decompress(path.read_bytes()))
    # Shopify's Int accepts numbers beyond 32 bits and lets the mutation refuse them [recorded], graphql-core does not.
    scalars: dict[str, GraphQLScalarType] = {**specified_scalar_types, "Int": wide_int()}
    with mock.patch.dict(specified_scalar_types, scalars):
        # assume_valid: Shopify deprecates fields of implementations that their interface does not deprecate.
        schema = build_client_schema(introspection, assume_valid=True)
    attach_scalars(schema)
    return schema
