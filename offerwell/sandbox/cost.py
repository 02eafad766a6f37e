"""What a request costs in query points, by the formula fitted to recorded requests.

Scalars cost nothing, an object 1, a mutation 10 with the first objects of its payload free, an interface or union its
dearest branch, a count at the top 10, `nodes(ids:)` 1 whatever the number of ids, and a connection
2 + max(1, floor(2 ln n)) x (1 + nested), for `nodes` and `edges` each. Amounts of money and webhook endpoints are free.
The actual cost counts what came back; its rule is assumed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

MUTATION_COST = 10
COUNT_COST = 10
CONNECTION_BASE = 2
FREE_TYPES = frozenset({"MoneyV2", "WebhookSubscriptionEndpoint"})


@dataclass(frozen=True, slots=True)
class Chosen:
    """A field of a selection set with everything selected below it under the same answer key."""

    key: str
    name: str
    node: FieldNode
    below: tuple[SelectionSetNode, ...]


class CostCounter:
    """Counts the points of one document with one set of variables; with `data`, of what came back."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        """Prepare the fragments of the document."""
        self.schema = schema
        self.variables = variables
        self.fragments = {
            item.name.value: item for item in document.definitions if isinstance(item, FragmentDefinitionNode)
        }

    def requested(self, operation: OperationDefinitionNode) -> int:
        """The points asked for before anything is done."""
        return self.of_operation(operation, None, counted=False)

    def actual(self, operation: OperationDefinitionNode, data: Mapping[str, Any]) -> int:
        """The points used."""
        return self.of_operation(operation, data, counted=True)

    def of_operation(self, operation: OperationDefinitionNode, data: Any, *, counted: bool) -> int:
        """Add up the top fields."""
        root = cast("Any", self.schema.get_root_type(operation.operation))
        mutation = operation.operation is OperationType.MUTATION
        total = 0
        for chosen in self.choose([operation.selection_set], root, data):
            if chosen.name.startswith("__"):
                continue
            value = data.get(chosen.key) if counted else None
            if mutation:
                total += MUTATION_COST + self.of_payload(chosen, root.fields[chosen.name], value, counted=counted)
            else:
                total += self.of_field(chosen, root.fields[chosen.name], value, counted=counted, top=True)
        return total

    def of_payload(self, chosen: Chosen, definition: GraphQLField, data: Any, *, counted: bool) -> int:
        """Count below the first objects of a mutation's payload, which are free themselves."""
        payload = cast("Any", get_named_type(definition.type))
        total = 0
        for inner in self.choose(chosen.below, payload, data):
            kind = get_named_type(payload.fields[inner.name].type) if inner.name != "__typename" else None
            value = data.get(inner.key) if isinstance(data, Mapping) else None
            if kind is not None and not is_leaf_type(kind) and not (counted and value is None):
                total += self.of_selections(inner.below, kind, first_item(value), counted=counted)
        return total

    def of_field(self, chosen: Chosen, definition: GraphQLField, data: Any, *, counted: bool, top: bool = False) -> int:
        """Count one field with everything below it."""
        kind = get_named_type(definition.type)
        if is_leaf_type(kind) or kind.name in FREE_TYPES or (counted and data is None and not top):
            return 0
        if kind.name == "Count":
            return COUNT_COST if top else 1
        if kind.name.endswith("Connection"):
            return self.of_connection(chosen, kind, data, counted=counted)
        if counted and data is None:
            return 1
        return 1 + self.of_selections(chosen.below, kind, first_item(data), counted=counted)

    def of_connection(self, chosen: Chosen, kind: GraphQLNamedType, data: Any, *, counted: bool) -> int:
        """Count a page: `nodes` and `edges` each cost one object and what lies below, times a factor of the size."""
        size = self.page_size(chosen.node)
        total = 0
        for inner in self.choose(chosen.below, kind, data):
            if inner.name not in {"nodes", "edges"}:
                continue
            items = data.get(inner.key) if isinstance(data, Mapping) else None
            size = len(items) if counted and items else size
            item_kind = get_named_type(cast("Any", kind).fields[inner.name].type)
            below = inner.below
            if inner.name == "edges":
                below = tuple(
                    s for edge in self.choose(inner.below, item_kind, None) if edge.name == "node" for s in edge.below
                )
                item_kind = get_named_type(cast("Any", item_kind).fields["node"].type)
                items = [edge.get("node") for edge in items] if items else items
            total += 1 + self.of_selections(below, item_kind, first_item(items), counted=counted and bool(items))
        return CONNECTION_BASE + size_factor(size) * total

    def of_selections(
        self, sets: Iterable[SelectionSetNode], kind: GraphQLNamedType, data: Any, *, counted: bool
    ) -> int:
        """Count the fields below; of an interface or union, its dearest branch."""
        together = tuple(sets)
        branches: list[GraphQLNamedType] = [kind]
        if is_abstract_type(kind):
            branches = self.branches(together) or [kind]
        return max(self.of_branch(together, branch, data, counted=counted) for branch in branches)

    def of_branch(self, sets: Iterable[SelectionSetNode], kind: GraphQLNamedType, data: Any, *, counted: bool) -> int:
        """Count the fields below for one concrete type."""
        total = 0
        definitions = getattr(kind, "fields", {})
        for chosen in self.choose(sets, kind, data if counted else None):
            if chosen.name in definitions:
                value = data.get(chosen.key) if counted and isinstance(data, Mapping) else None
                total += self.of_field(chosen, definitions[chosen.name], value, counted=counted)
        return total

    def branches(self, sets: Iterable[SelectionSetNode]) -> list[GraphQLNamedType]:
        """Name the concrete types that fragments select on."""
        found: list[GraphQLNamedType] = []
        for node in self.parts(sets):
            condition = node.type_condition if isinstance(node, (InlineFragmentNode, FragmentDefinitionNode)) else None
            if condition is not None:
                named = self.schema.type_map[condition.name.value]
                found += [] if is_abstract_type(named) else [named]
                found += self.branches([node.selection_set]) if not isinstance(node, FieldNode) else []
        return found

    def parts(
        self, sets: Iterable[SelectionSetNode]
    ) -> Iterator[FieldNode | InlineFragmentNode | FragmentDefinitionNode]:
        """Go through selections with spreads replaced by their fragments."""
        for selection_set in sets:
            for node in selection_set.selections:
                if isinstance(node, FragmentSpreadNode):
                    yield self.fragments[node.name.value]
                else:
                    yield cast("FieldNode | InlineFragmentNode", node)

    def choose(self, sets: Iterable[SelectionSetNode], kind: GraphQLNamedType, data: Any) -> list[Chosen]:
        """Collect the fields that apply to a type, those with one answer key together."""
        found: dict[str, tuple[FieldNode, list[SelectionSetNode]]] = {}
        self.collect(sets, kind, found)
        keys = [key for key in found if not isinstance(data, Mapping) or key in data]
        return [Chosen(key, found[key][0].name.value, found[key][0], tuple(found[key][1])) for key in keys]

    def collect(
        self,
        sets: Iterable[SelectionSetNode],
        kind: GraphQLNamedType,
        found: dict[str, tuple[FieldNode, list[SelectionSetNode]]],
    ) -> None:
        """Gather fields, entering the fragments that apply."""
        for node in self.parts(sets):
            if isinstance(node, FieldNode):
                entry = found.setdefault(node.alias.value if node.alias else node.name.value, (node, []))
                if node.selection_set:
                    entry[1].append(node.selection_set)
            elif self.applies(node, kind):
                self.collect([node.selection_set], kind, found)

    def applies(self, node: InlineFragmentNode | FragmentDefinitionNode, kind: GraphQLNamedType) -> bool:
        """Tell whether a fragment selects on this type."""
        if node.type_condition is None or node.type_condition.name.value == kind.name:
            return True
        named = self.schema.type_map[node.type_condition.name.value]
        return is_abstract_type(named) and self.schema.is_sub_type(named, cast("Any", kind))

    def page_size(self, node: FieldNode) -> int:
        """Read first or last of a connection."""
        for argument in node.arguments or ():
            if argument.name.value in {"first", "last"}:
                if isinstance(argument.value, IntValueNode):
                    return int(argument.value.value)
                if isinstance(argument.value, VariableNode):
                    return int(self.variables.get(argument.value.name.value) or 1)
        return 1


def size_factor(size: int) -> int:
    """How much more a page of so many items costs."""
    return max(1, math.floor(2 * math.log(size))) if size > 0 else 1


def first_item(value: Any) -> Any:
    """Answer the first object of a list that is there, or the value itself."""
    if isinstance(value, list):
        return next((item for item in value if item is not None), None)
    return value
