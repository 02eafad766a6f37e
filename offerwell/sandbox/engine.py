"""Answer one GraphQL request: parse, check, charge, execute, in the order and the envelopes of the real store."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    execute_sync,
    parse,
    validate,
    visit,
)

import offerwell.sandbox.resolvers_bulk
import offerwell.sandbox.resolvers_collections
import offerwell.sandbox.resolvers_imports
import offerwell.sandbox.resolvers_orders
import offerwell.sandbox.resolvers_terms
import offerwell.sandbox.resolvers_webhooks  # noqa: F401  # each fills the table of fields
from offerwell.sandbox.cost import CostCounter
from offerwell.sandbox.envelope import shopify_words
from offerwell.sandbox.registry import FIELDS, Call, NotImplementedInSandboxError, resolve_field, resolve_type
from offerwell.sandbox.schema import load_schema
from offerwell.sandbox.variables import oversized_array, variable_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offerwell.sandbox.bucket import Bucket

MAX_QUERY_COST = 1000
KEPT_DOCUMENTS = 256
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that was parsed and checked once."""

    document: DocumentNode | None
    errors: tuple[Json, ...]
    operations: Mapping[str, OperationDefinitionNode]
    missing: GraphQLError | None


@dataclass(frozen=True, slots=True)
class Question:
    """The body of a request."""

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The outcome of a request."""

    body: Json
    operation: str = "anonymous"
    mutation: bool = False
    cost: int | None = None
    throttled: bool = False
    wait: float = 0.0


_prepared: OrderedDict[tuple[str, str], Prepared] = OrderedDict()


def prepare(version: str, text: str) -> Prepared:
    """Parse and check a document, remembering the latest ones."""
    key = (version, text)
    if key not in _prepared:
        _prepared[key] = _prepare(load_schema(version), text)
        if len(_prepared) > KEPT_DOCUMENTS:
            _prepared.popitem(last=False)
    return _prepared[key]


def _prepare(schema: GraphQLSchema, text: str) -> Prepared:
    try:
        document = parse(text)
    except GraphQLError as error:
        return Prepared(None, ({**error.formatted, "extensions": {"code": "parseError"}},), {}, None)
    errors = validate(schema, document)
    if errors:
        return Prepared(document, tuple(shopify_words(schema, document, errors)), {}, None)
    operations = {
        node.name.value if node.name else "": node
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    }
    return Prepared(document, (), operations, find_missing(schema, document))


class MissingFinder(Visitor):
    """Looks for fields of concrete types that the sandbox answers with, and does not have."""

    def __init__(self, info: TypeInfo) -> None:
        """Share the walk's knowledge of types."""
        super().__init__()
        self.info = info
        self.missing: GraphQLError | None = None

    def enter_field(self, node: FieldNode, *_position: object) -> None:
        """Check one field."""
        parent, name = self.info.get_parent_type(), node.name.value
        if not isinstance(parent, GraphQLObjectType) or name.startswith("__") or parent.name.startswith("__"):
            return
        known = FIELDS.get(parent.name)
        if known is not None and name not in known:
            self.missing = self.missing or NotImplementedInSandboxError(parent.name, name)


def find_missing(schema: GraphQLSchema, document: DocumentNode) -> GraphQLError | None:
    """Find a field that is not implemented before anything is done."""
    info = TypeInfo(schema)
    finder = MissingFinder(info)
    visit(document, TypeInfoVisitor(info, finder))
    return finder.missing


def answer(question: Question, call: Call, bucket: Bucket, *, throttle: bool = False) -> Answered:
    """Answer a request; `throttle` refuses it as if the bucket were empty."""
    prepared = prepare(call.version, question.query)
    operation = choose_operation(prepared, question)
    if prepared.errors or operation is None or prepared.document is None:
        return Answered({"errors": list(prepared.errors) or [no_operation()]}, question.operation_name or "invalid")
    name = question.operation_name or (operation.name.value if operation.name else "anonymous")
    mutation = operation.operation is OperationType.MUTATION
    schema = load_schema(call.version)
    bad = variable_errors(schema, operation, question.variables)
    if bad:
        return Answered({"errors": [error.formatted for error in bad]}, name, mutation)
    counter = CostCounter(schema, prepared.document, question.variables)
    cost = counter.requested(operation)
    if cost > MAX_QUERY_COST:
        return Answered({"errors": [too_dear(cost)]}, name, mutation, cost)
    if throttle or not bucket.take(cost):
        return Answered(throttled_body(cost, bucket), name, mutation, cost, throttled=True, wait=bucket.wait_for(cost))
    refused = prepared.missing or oversized_array(operation, question.variables)
    if refused is not None:
        body: Json = {"errors": [refused.formatted], "extensions": cost_extension(cost, None, bucket)}
        return Answered(body, name, mutation, cost)
    body = execute(schema, prepared.document, question, call)
    used = min(cost, counter.actual(operation, body.get("data") or {}))
    bucket.give_back(cost - used)
    body["extensions"] = cost_extension(cost, used, bucket)
    return Answered(body, name, mutation, cost)


def execute(schema: GraphQLSchema, document: DocumentNode, question: Question, call: Call) -> Json:
    """Run a checked document."""
    result = execute_sync(
        schema,
        document,
        context_value=call,
        variable_values=dict(question.variables),
        operation_name=question.operation_name,
        field_resolver=resolve_field,
        type_resolver=resolve_type,
    )
    body: Json = {"data": result.data}
    if result.errors:
        body["errors"] = [error.formatted for error in result.errors]
    return body


def choose_operation(prepared: Prepared, question: Question) -> OperationDefinitionNode | None:
    """Choose the operation that is asked for."""
    if question.operation_name:
        return prepared.operations.get(question.operation_name)
    return next(iter(prepared.operations.values())) if len(prepared.operations) == 1 else None


def no_operation() -> Json:
    """The refusal of a document without the operation asked for (words assumed)."""
    return {"message": "An operation name is required", "extensions": {"code": "BAD_REQUEST"}}


def too_dear(cost: int) -> Json:
    """The refusal of a request above the single-query limit (words from Shopify's documentation)."""
    message = f"Query cost is {cost}, which exceeds the single query max cost limit ({MAX_QUERY_COST})."
    return {"message": message, "extensions": {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": MAX_QUERY_COST}}


def throttled_body(cost: int, bucket: Bucket) -> Json:
    """The refusal of a request the bucket cannot pay."""
    documentation = "https://shopify.dev/api/usage/rate-limits"
    error = {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": documentation}}
    return {"errors": [error], "extensions": cost_extension(cost, None, bucket)}


def cost_extension(requested: int, actual: int | None, bucket: Bucket) -> Json:
    """What was charged, and what is left."""
    left = {
        "maximumAvailable": bucket.pacing.maximum,
        "currentlyAvailable": int(bucket.level),
        "restoreRate": bucket.pacing.restore_rate,
    }
    return {"cost": {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": left}}
