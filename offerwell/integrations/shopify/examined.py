"""The Shopify connector with what the doctor asks on top: delete, count webhooks, compare our operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.integrations.shopify import documents
from offerwell.integrations.shopify.connector import ShopifyConnector
from offerwell.integrations.shopify.documents import Operation, text_of
from offerwell.integrations.shopify.user_errors import refusal_in, user_errors
from offerwell.integrations.store import StoreError
from offerwell.integrations.store_examination import UnknownField

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from graphql import FieldNode

    from offerwell.integrations.graphql.answers import Json

NOT_THERE = "INVALID"


@dataclass(frozen=True, slots=True)
class Root:
    """A root field as the store has it."""

    is_deprecated: bool
    arguments: frozenset[str]


class ExaminedShopify(ShopifyConnector):
    """Fits `integrations.store_examination.ExaminedStore`."""

    def delete(self, ref: str) -> str:
        """Delete one discount for good. The refusal sentence; empty when it is gone, or was before."""
        payload = self._ask(documents.DELETE_CODE, {"id": ref})["discountCodeDelete"]
        errors = user_errors(payload)
        if payload.get("deletedCodeDiscountId") or all(error.code == NOT_THERE for error in errors):
            return ""
        return refusal_in(errors)

    def count_subscriptions(self) -> int:
        """How many webhook subscriptions our app has there."""
        counted = self._ask(documents.SUBSCRIPTIONS_COUNT, {}).get("webhookSubscriptionsCount") or {}
        return int(counted.get("count") or 0)

    def operations_count(self) -> int:
        """How many operations `unknown_fields` compares."""
        return len(documents.OPERATIONS)

    def unknown_fields(self) -> Sequence[UnknownField]:
        """What our operations use at their root and the store's schema does not have, or calls deprecated."""
        found = self._ask(documents.SCHEMA_ROOTS, {})
        roots = {
            "query": _roots_in(found["queries"]),
            "mutation": _roots_in(found["mutations"]),
        }
        return [one for operation in documents.OPERATIONS for one in _unknown_in(operation, roots)]


def _roots_in(described: Json | None) -> dict[str, Root]:
    if not described or not described.get("fields"):
        raise StoreError("The store does not tell its schema.", permanent=True)
    return {
        field["name"]: Root(bool(field["isDeprecated"]), frozenset(argument["name"] for argument in field["args"]))
        for field in described["fields"]
    }


def _unknown_in(operation: Operation, roots: Mapping[str, Mapping[str, Root]]) -> Iterator[UnknownField]:
    """Root fields and their arguments; what lies below is held valid by our tests against the published schema."""
    from graphql import FieldNode, OperationDefinitionNode, parse  # noqa: PLC0415  heavy, and only the doctor needs it

    for definition in parse(text_of(operation)).definitions:
        if not isinstance(definition, OperationDefinitionNode):
            continue
        known = roots[definition.operation.value]
        for field in definition.selection_set.selections:
            if isinstance(field, FieldNode) and not field.name.value.startswith("__"):
                yield from _compared(operation, field, known.get(field.name.value))


def _compared(operation: Operation, field: FieldNode, root: Root | None) -> Iterator[UnknownField]:
    name = field.name.value
    if root is None:
        yield UnknownField(operation.file, name)
        return
    if root.is_deprecated:
        yield UnknownField(operation.file, name, is_deprecated=True)
    for argument in field.arguments or ():
        if argument.name.value not in root.arguments:
            yield UnknownField(operation.file, f"{name}({argument.name.value}:)")
