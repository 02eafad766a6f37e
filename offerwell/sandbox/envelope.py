"""Write validation errors as the real store does (its validator is another one than graphql-core's).

Recorded: unknown argument, missing argument, wrong literal, unused variable. Assumed: unknown field, and the plain text
of every other rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    print_ast,
    visit,
)

STEPS = (OperationDefinitionNode, FieldNode, ArgumentNode, ObjectFieldNode, InlineFragmentNode, FragmentDefinitionNode)
Words = Callable[[re.Match[str]], tuple[str, dict[str, object], str | None]]


def shopify_words(schema: GraphQLSchema, document: DocumentNode, errors: list[GraphQLError]) -> list[dict[str, object]]:
    """Translate graphql-core's validation errors."""
    places = PlaceFinder(schema, document)
    return [one_error(error, places) for error in errors] + list(also_unused(document, errors))


def also_unused(document: DocumentNode, errors: list[GraphQLError]) -> Iterator[dict[str, object]]:
    """A variable that only an unknown argument uses counts as unused [recorded]; graphql-core does not say so."""
    refused = [
        node
        for error in errors
        for node in error.nodes or ()
        if error.message.startswith("Unknown argument") and isinstance(node, ArgumentNode)
    ]
    only_there = {id(node.value): node.value for node in refused if isinstance(node.value, VariableNode)}
    for operation in document.definitions:
        if not isinstance(operation, OperationDefinitionNode):
            continue
        used = {node.name.value for node in variables_in(operation) if id(node) not in only_there}
        for definition in operation.variable_definitions or ():
            name = definition.variable.name.value
            if name in {node.name.value for node in only_there.values()} - used:
                yield unused_error(name, operation)


def variables_in(operation: OperationDefinitionNode) -> list[VariableNode]:
    """Every use of a variable in an operation, its declaration left out."""
    declared = {id(definition.variable) for definition in operation.variable_definitions or ()}
    found: list[VariableNode] = []

    class Collector(Visitor):
        def enter_variable(self, node: VariableNode, *_position: object) -> None:
            if id(node) not in declared:
                found.append(node)

    visit(operation, Collector())
    return found


def unused_error(name: str, operation: OperationDefinitionNode) -> dict[str, object]:
    """The error of an unused variable, at its operation."""
    operation_name = operation.name.value if operation.name else "anonymous query"
    message = f"Variable ${name} is declared by {operation_name} but not used"
    start = operation.loc.start_token if operation.loc else None
    where = [{"line": start.line, "column": start.column}] if start else []
    extensions = {"code": "variableNotUsed", "variableName": name}
    return {"message": message, "locations": where, "path": [step_name(operation)], "extensions": extensions}


def one_error(error: GraphQLError, places: PlaceFinder) -> dict[str, object]:
    """Translate one error; a text without a translation is passed on as it is."""
    place = places.of(error.nodes[0] if error.nodes else None)
    message = error.message
    extensions: dict[str, object] = {"code": "invalid"}
    last: str | None = None
    for pattern, words in TRANSLATIONS:
        match = re.search(pattern, error.message)
        if match:
            message, extensions, last = words(match)
            break
    else:
        if place.argument is not None and error.nodes:
            message, extensions = wrong_literal(place)
    path = [*place.path, *([last] if last else [])]
    return {"message": message, "locations": locations(error, place), "path": path, "extensions": extensions}


def locations(error: GraphQLError, place: Place) -> list[dict[str, int]]:
    """Point at the field or the object around, as the real store does; at the argument only if it is unknown."""
    node = place.owner
    if error.message.startswith("Unknown argument"):
        node = error.nodes[0] if error.nodes else node
    if node is not None and node.loc is not None:
        token = node.loc.start_token
        return [{"line": token.line, "column": token.column}]
    return [{"line": item.line, "column": item.column} for item in error.locations or ()]


def wrong_literal(place: Place) -> tuple[str, dict[str, object]]:
    """Refuse a literal of the wrong type [recorded]."""
    owner = "InputObject" if place.input_type else "Field"
    message = (
        f"Argument '{place.argument}' on {owner} '{place.input_type or place.field}' has an invalid value "
        f"({place.literal}). Expected type '{place.expected}'."
    )
    return message, {"code": "argumentLiteralsIncompatible", "typeName": owner, "argumentName": place.argument}


def missing_argument(match: re.Match[str]) -> tuple[str, dict[str, object], str | None]:
    """Refuse a field without a required argument [recorded]."""
    name, argument = match[1], match[2]
    extensions = {"code": "missingRequiredArguments", "className": "Field", "name": name, "arguments": argument}
    return f"Field '{name}' is missing required arguments: {argument}", extensions, None


def unknown_argument(match: re.Match[str]) -> tuple[str, dict[str, object], str | None]:
    """Refuse an argument the field does not have [recorded]."""
    argument, name = match[1], match[2]
    extensions = {"code": "argumentNotAccepted", "name": name, "typeName": "Field", "argumentName": argument}
    return f"Field '{name}' doesn't accept argument '{argument}'", extensions, None


def unused_variable(match: re.Match[str]) -> tuple[str, dict[str, object], str | None]:
    """Refuse a variable that is declared and not used [recorded]."""
    name, operation = match[1], match[2]
    message = f"Variable ${name} is declared by {operation or 'anonymous query'} but not used"
    return message, {"code": "variableNotUsed", "variableName": name}, None


def unknown_field(match: re.Match[str]) -> tuple[str, dict[str, object], str | None]:
    """Refuse a field the type does not have (assumed)."""
    name, kind = match[1], match[2]
    extensions = {"code": "undefinedField", "typeName": kind, "fieldName": name}
    return f"Field '{name}' doesn't exist on type '{kind}'", extensions, None


TRANSLATIONS: list[tuple[str, Words]] = [
    (r"^Unknown argument '(\w+)' on field '\w+\.(\w+)'", unknown_argument),
    (r"^Argument '(?:[\w.]+\.)?(\w+)\((\w+):\)' of type .* is required", missing_argument),
    (r"^Field '(\w+)' argument '(\w+)' of type .* is required", missing_argument),
    (r"^Variable '\$(\w+)' is never used(?: in operation '(\w+)')?", unused_variable),
    (r"^Cannot query field '(\w+)' on type '(\w+)'", unknown_field),
]


class Place:
    """Where a node stands in its document."""

    def __init__(self) -> None:
        """Start as nowhere."""
        self.path: list[str] = []
        self.owner: Node | None = None
        self.field: str | None = None
        self.argument: str | None = None
        self.input_type: str | None = None
        self.expected = ""
        self.literal = ""


class PlaceFinder(Visitor):
    """Notes for every node the path of fields and arguments to it."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        """Walk the document once."""
        super().__init__()
        self.info = TypeInfo(schema)
        self.trail: list[Any] = []
        self.objects: list[ObjectValueNode] = []
        self.places: dict[int, Place] = {}
        visit(document, TypeInfoVisitor(self.info, self))

    def of(self, node: Node | None) -> Place:
        """Answer the place of a node; nowhere when it was not walked."""
        return self.places.get(id(node), Place())

    def enter(self, node: Node, *_position: object) -> None:
        """Note a node on the way down."""
        if isinstance(node, STEPS):
            inner = isinstance(node, (ArgumentNode, ObjectFieldNode))
            expected = str(self.info.get_input_type()) if inner else ""
            parent = self.info.get_parent_input_type() if isinstance(node, ObjectFieldNode) else None
            around = self.objects[-1] if isinstance(node, ObjectFieldNode) else None
            self.trail.append((node, expected, str(parent).rstrip("!") if parent else None, around))
        if isinstance(node, ObjectValueNode):
            self.objects.append(node)
        self.places[id(node)] = self.place()

    def leave(self, node: Node, *_position: object) -> None:
        """Forget a node on the way up."""
        if isinstance(node, ObjectValueNode):
            self.objects.pop()
        if self.trail and self.trail[-1][0] is node:
            self.trail.pop()

    def place(self) -> Place:
        """Describe where the walk stands."""
        place = Place()
        for node, expected, input_type, around in self.trail:
            place.path.append(step_name(node))
            if isinstance(node, FieldNode):
                place.owner, place.field, place.argument = node, node.name.value, None
            elif isinstance(node, (ArgumentNode, ObjectFieldNode)):
                place.argument, place.input_type = node.name.value, input_type
                place.expected, place.literal = expected, print_ast(node.value)
                place.owner = around or place.owner
            else:
                place.owner = node
        return place


def step_name(node: Any) -> str:
    """Name one step of the path as the real store does."""
    if isinstance(node, OperationDefinitionNode):
        return f"{node.operation.value} {node.name.value}" if node.name else node.operation.value
    if isinstance(node, InlineFragmentNode):
        return f"... on {node.type_condition.name.value}" if node.type_condition else "..."
    if isinstance(node, FragmentDefinitionNode):
        return f"fragment {node.name.value}"
    alias = getattr(node, "alias", None)
    return str(alias.value if alias else node.name.value)
