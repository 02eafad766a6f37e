"""Refuse variables that do not fit, in the words and the envelope of the real store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
    type_from_ast,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_ARRAY = 250
TEXTS_WITH_MESSAGE = ("invalid decimal", "invalid DateTime")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place of a variable."""

    path: tuple[str | int, ...]
    explanation: str

    def entry(self) -> dict[str, object]:
        """The entry of `problems`; scalars of Shopify's own repeat the text as a message [recorded]."""
        entry: dict[str, object] = {"path": list(self.path), "explanation": self.explanation}
        if self.explanation.startswith(TEXTS_WITH_MESSAGE):
            entry["message"] = self.explanation
        return entry


def variable_errors(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, Any]
) -> list[GraphQLError]:
    """Answer one INVALID_VARIABLE error for each variable that does not fit."""
    errors = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        kind = type_from_ast(schema, definition.type)
        if kind is None or (name not in given and (definition.default_value or not isinstance(kind, GraphQLNonNull))):
            continue
        problems = list(find_problems(given.get(name), kind, ()))  # type: ignore[arg-type]
        if problems:
            errors.append(invalid_variable(name, str(kind), given.get(name), problems, definition))
    return errors


def invalid_variable(name: str, kind: str, value: object, problems: list[Problem], node: Any) -> GraphQLError:
    """Write the error as recorded: the places in the text, the details in the extensions."""
    places = ", ".join(
        f"{'.'.join(str(part) for part in problem.path)} ({problem.explanation})"
        for problem in problems
        if problem.path
    )
    message = f"Variable ${name} of type {kind} was provided invalid value" + (f" for {places}" if places else "")
    extensions = {"code": "INVALID_VARIABLE", "value": value, "problems": [problem.entry() for problem in problems]}
    return GraphQLError(message, nodes=[node], extensions=extensions)


def find_problems(value: Any, kind: GraphQLInputType, path: tuple[str | int, ...]) -> Iterator[Problem]:
    """Compare a JSON value with an input type."""
    if isinstance(kind, GraphQLNonNull):
        if value is None:
            yield Problem(path, "Expected value to not be null")
            return
        kind = kind.of_type
    if value is None:
        return
    if isinstance(kind, GraphQLList):
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            yield from find_problems(item, kind.of_type, (*path, index))
    elif isinstance(kind, GraphQLInputObjectType):
        yield from object_problems(value, kind, path)
    else:
        yield from leaf_problems(value, kind, path)


def leaf_problems(value: Any, kind: GraphQLInputType, path: tuple[str | int, ...]) -> Iterator[Problem]:
    """Compare a value with an enum or a scalar."""
    if isinstance(kind, GraphQLEnumType):
        if value not in kind.values:
            yield Problem(path, f'Expected "{value}" to be one of: {", ".join(kind.values)}')
    elif isinstance(kind, GraphQLScalarType):
        try:
            kind.coerce_input_value(value)
        except GraphQLError as refusal:
            yield Problem(path, refusal.message)


def object_problems(value: Any, kind: GraphQLInputObjectType, path: tuple[str | int, ...]) -> Iterator[Problem]:
    """Compare an object field by field."""
    if not isinstance(value, dict):
        yield Problem(path, f"Expected {value!r} to be a key-value object.")
        return
    for name in value:
        if name not in kind.fields:
            yield Problem((*path, name), f"Field is not defined on {kind.name}")
    if kind.is_one_of and sum(item is not None for item in value.values()) != 1:
        yield Problem(path, f"'{kind.name}' requires exactly one argument, but {len(value)} were provided.")
    for name, definition in kind.fields.items():
        required = isinstance(definition.type, GraphQLNonNull)
        if name in value or required:
            yield from find_problems(value.get(name), definition.type, (*path, name))


def oversized_array(operation: OperationDefinitionNode, given: Mapping[str, Any]) -> GraphQLError | None:
    """Refuse an array of more than 250 in any argument; then nothing of the request is done [recorded]."""
    for node in operation.selection_set.selections:
        if not isinstance(node, FieldNode):
            continue
        for argument in node.arguments or ():
            for path, size in array_sizes(argument.value, given, (argument.name.value,)):
                if size > MAX_ARRAY:
                    message = f"The input array size of {size} is greater than the maximum allowed of {MAX_ARRAY}."
                    key = node.alias.value if node.alias else node.name.value
                    extensions = {"code": "MAX_INPUT_SIZE_EXCEEDED"}
                    return GraphQLError(message, nodes=[node], path=[key, *path], extensions=extensions)
    return None


def array_sizes(
    node: ValueNode, given: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], int]]:
    """Go through the arrays in an argument, written in the document or given as a variable."""
    if isinstance(node, VariableNode):
        yield from value_sizes(given.get(node.name.value), path)
    elif isinstance(node, ListValueNode):
        yield path, len(node.values)
    elif isinstance(node, ObjectValueNode):
        for item in node.fields:
            yield from array_sizes(item.value, given, (*path, item.name.value))


def value_sizes(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Go through the arrays in a JSON value."""
    if isinstance(value, list):
        yield path, len(value)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from value_sizes(item, (*path, name))
