"""Which fields the sandbox implements, and how: one table from (type, field) to a function.

There is no default resolver. A field that is not in the table answers an error that says "not implemented"; a silent
null would be a lie about the real store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import GraphQLAbstractType, GraphQLError, GraphQLResolveInfo

if TYPE_CHECKING:
    from offerwell.sandbox.store import Store

Resolver = Callable[[Any, "Call", Mapping[str, Any]], Any]
FIELDS: dict[str, dict[str, Resolver]] = {}
ROOTS = frozenset({"QueryRoot", "Mutation"})


@dataclass(slots=True)
class Call:
    """One GraphQL request while it is executed."""

    store: Store
    base_url: str
    version: str
    stale_before: float | None = None
    shared_job: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer that exists only to be shown: a payload, a count, an amount."""

    typename: str
    values: Mapping[str, Any]


class AccessDeniedError(GraphQLError):
    """A root field that the app has no scope for (the words are documented)."""

    def __init__(self, field_name: str, scope: str) -> None:
        """Name the field and the scope."""
        required = f"`{scope}` access scope."
        super().__init__(
            f"Access denied for {field_name} field. Required access: {required}",
            extensions={
                "code": "ACCESS_DENIED",
                "documentation": "https://shopify.dev/api/usage/access-scopes",
                "requiredAccess": required,
            },
        )


class NotImplementedInSandboxError(GraphQLError):
    """A field of the real schema that the sandbox does not have."""

    def __init__(self, type_name: str, field_name: str) -> None:
        """Name the field and the way out."""
        super().__init__(
            f"sandbox: {type_name}.{field_name} is not implemented",
            extensions={"code": "NOT_IMPLEMENTED_IN_SANDBOX", "typeName": type_name, "fieldName": field_name},
        )


def field(types: str, names: str) -> Callable[[Resolver], Resolver]:
    """Declare a function as the resolver of fields on types (both space-separated)."""

    def declare(resolver: Resolver) -> Resolver:
        for type_name in types.split():
            for name in names.split():
                FIELDS.setdefault(type_name, {})[name] = resolver
        return resolver

    return declare


def plain(type_name: str, names: str) -> None:
    """Declare that a type is always answered as `Shown`, with these fields."""
    for name in names.split():
        FIELDS.setdefault(type_name, {})[name] = _shown_value(name)


def kept(types: str, **attributes: str) -> None:
    """Declare fields on types (space-separated) that are what an attribute holds: field=attribute."""
    for type_name in types.split():
        for name, attribute in attributes.items():
            FIELDS.setdefault(type_name, {})[name] = _kept_value(attribute)


def _kept_value(attribute: str) -> Resolver:
    return lambda source, _call, _given: getattr(source, attribute)


def _shown_value(name: str) -> Resolver:
    def read(source: Shown, _call: Call, _given: Mapping[str, Any]) -> object:
        return source.values[name]

    return read


def resolve_field(source: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
    """Resolve one field by the table."""
    resolver = FIELDS.get(info.parent_type.name, {}).get(info.field_name)
    if resolver is None:
        raise NotImplementedInSandboxError(info.parent_type.name, info.field_name)
    if info.parent_type.name in ROOTS and (scope := missing_scope(info, given)):
        raise AccessDeniedError(info.field_name, scope)
    return resolver(source, info.context, given)


def missing_scope(info: GraphQLResolveInfo[Any], given: Mapping[str, Any]) -> str:
    """Answer the scope a root field needs and the app has not: whoever may write may also read."""
    scopes = info.context.store.scopes
    is_write = info.parent_type.name == "Mutation"
    name = info.field_name.lower()
    if name.startswith("collection"):
        return "" if "read_products" in scopes else "read_products"
    if "write_discounts" in scopes:
        return ""
    ids = [*(given.get("ids") or ()), given.get("id") or ""]
    if "discount" not in name and not (name in {"node", "nodes"} and any("/Discount" in str(gid) for gid in ids)):
        return ""
    return "write_discounts" if is_write else "" if "read_discounts" in scopes else "read_discounts"


def resolve_type(value: Any, _info: GraphQLResolveInfo[Any], abstract: GraphQLAbstractType) -> str:
    """Name the concrete type of a value where the schema has an interface or a union."""
    kind = getattr(value, "kind", None)
    if kind is not None:
        return str(kind.node_type if abstract.name == "Node" else kind.value)
    return str(value.typename)
