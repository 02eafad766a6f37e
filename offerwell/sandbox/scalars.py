"""Scalars as Shopify reads them: wide integers, decimals, dates."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLScalarType, GraphQLSchema, IntValueNode, Undefined, ValueNode

if TYPE_CHECKING:
    from graphql.pyutils import UndefinedType


def wide_int() -> GraphQLScalarType:
    """Answer an Int without the 32-bit limit (graphql-core reserves the name, so it is given afterwards)."""
    scalar = GraphQLScalarType(
        "WideInt", coerce_output_value=int, coerce_input_value=parse_int, coerce_input_literal=parse_int_literal
    )
    scalar.name = "Int"
    return scalar


def parse_int(value: Any) -> int:
    """Read an integer; a fraction or a text is refused in Shopify's words [recorded]."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        message = f"Could not coerce value {shown(value)} to Int"
        raise GraphQLError(message)
    return int(value)


def parse_int_literal(node: ValueNode) -> int | UndefinedType:
    """Read an integer written in the document; anything else is undefined, which the validator refuses."""
    return int(node.value) if isinstance(node, IntValueNode) else Undefined


def parse_decimal(value: Any) -> str:
    """Check a decimal number and keep it as text, so that nothing is lost."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        message = f"invalid decimal '{value}'"
        raise GraphQLError(message)
    return str(value)


def parse_datetime(value: Any) -> int:
    """Read an ISO 8601 moment as whole seconds since 1970: Shopify keeps no fractions [recorded]."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        message = f"invalid DateTime '{value}'"
        raise GraphQLError(message) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def show_datetime(seconds: Any) -> str:
    """Write a moment as Shopify does: UTC, whole seconds, Z."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(value: Any) -> str:
    """Write a refused value as Ruby would in an error text."""
    return f'"{value}"' if isinstance(value, str) else str(value)


def attach_scalars(schema: GraphQLSchema) -> None:
    """Give the schema's own scalars their reading and writing."""
    for name in ("Decimal", "Money", "UnsignedInt64"):
        schema.type_map[name].coerce_input_value = parse_decimal  # type: ignore[attr-defined]
    moment = schema.type_map["DateTime"]
    moment.coerce_input_value = parse_datetime  # type: ignore[attr-defined]
    moment.coerce_output_value = show_datetime  # type: ignore[attr-defined]
