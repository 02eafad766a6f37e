"""The mutations of single discounts: create, update, activate, deactivate, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from offerwell.sandbox.checks import UserError
from offerwell.sandbox.discounts import Discount, Kind
from offerwell.sandbox.registry import Call, Resolver, Shown, field, plain

Given = Mapping[str, Any]
UNKNOWN = {
    "DiscountCodeNode": "Code discount does not exist.",
    "DiscountAutomaticNode": "Automatic discount does not exist.",
}
# kind -> (middle of the mutation's name, its argument); the two spellings of free shipping are Shopify's.
SPELLINGS = {
    Kind.CODE_BASIC: ("CodeBasic", "basicCodeDiscount"),
    Kind.CODE_BXGY: ("CodeBxgy", "bxgyCodeDiscount"),
    Kind.CODE_FREE_SHIPPING: ("CodeFreeShipping", "freeShippingCodeDiscount"),
    Kind.AUTOMATIC_BASIC: ("AutomaticBasic", "automaticBasicDiscount"),
    Kind.AUTOMATIC_BXGY: ("AutomaticBxgy", "automaticBxgyDiscount"),
    Kind.AUTOMATIC_FREE_SHIPPING: ("AutomaticFreeShipping", "freeShippingAutomaticDiscount"),
}


def shown_errors(errors: list[UserError]) -> list[Shown]:
    """User errors as they are answered."""
    return [
        Shown(
            "DiscountUserError",
            {"field": error.field, "message": error.message, "code": error.code, "extraInfo": error.extra_info},
        )
        for error in errors
    ]


def node_payload(kind_word: str, node_field: str, result: Discount | list[UserError]) -> Shown:
    """The payload of a change: the node, or the errors and no node."""
    errors = result if isinstance(result, list) else []
    node = None if isinstance(result, list) else result
    return Shown(f"Discount{kind_word}Payload", {node_field: node, "userErrors": shown_errors(errors)})


def declare_kind(kind: Kind, words: str, argument: str) -> None:
    """Declare create and update of one kind."""
    node_field = "codeDiscountNode" if kind.has_codes else "automaticDiscountNode"
    for verb in ("Create", "Update"):
        plain(f"Discount{words}{verb}Payload", f"{node_field} userErrors")

    def create(_root: None, call: Call, given: Given) -> Shown:
        result = call.store.book.create(kind, argument, given[argument])
        return node_payload(f"{words}Create", node_field, result)

    def update(_root: None, call: Call, given: Given) -> Shown:
        result = call.store.book.update(given["id"], kind, argument, given[argument])
        return node_payload(f"{words}Update", node_field, result)

    field("Mutation", f"discount{words}Create")(create)
    field("Mutation", f"discount{words}Update")(update)


def declare_switch(word: str, node_type: str, verb: str) -> None:
    """Declare activate or deactivate for code or automatic discounts."""
    node_field = "codeDiscountNode" if word == "Code" else "automaticDiscountNode"
    plain(f"Discount{word}{verb}Payload", f"{node_field} userErrors")

    def switch(_root: None, call: Call, given: Given) -> Shown:
        book = call.store.book
        discount = book.find(given["id"], (node_type,))
        if discount is None:
            return node_payload(f"{word}{verb}", node_field, [UserError(("id",), UNKNOWN[node_type], "INVALID")])
        (book.activate if verb == "Activate" else book.deactivate)(discount)
        return node_payload(f"{word}{verb}", node_field, discount)

    field("Mutation", f"discount{word}{verb}")(switch)


def deletion(word: str, node_type: str) -> Resolver:
    """Answer the resolver that deletes code or automatic discounts."""
    id_field = f"deleted{word}DiscountId"
    plain(f"Discount{word}DeletePayload", f"{id_field} userErrors")

    def delete(_root: None, call: Call, given: Given) -> Shown:
        discount = call.store.book.find(given["id"], (node_type,))
        errors = [] if discount else [UserError(("id",), UNKNOWN[node_type], "INVALID")]
        if discount is not None:
            call.store.book.delete(discount)
        gid = discount.gid if discount else None
        return Shown(f"Discount{word}DeletePayload", {id_field: gid, "userErrors": shown_errors(errors)})

    return delete


for _kind, (_words, _argument) in SPELLINGS.items():
    declare_kind(_kind, _words, _argument)
for _word, _type in (("Code", "DiscountCodeNode"), ("Automatic", "DiscountAutomaticNode")):
    declare_switch(_word, _type, "Activate")
    declare_switch(_word, _type, "Deactivate")
    field("Mutation", f"discount{_word}Delete")(deletion(_word, _type))
