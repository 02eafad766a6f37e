"""The bulk mutations: they check their target, promise a job and answer at once.

All jobs promised in one request share one id [recorded], so a caller cannot tell them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from offerwell.sandbox.checks import UserError
from offerwell.sandbox.connections import Page, cut_page
from offerwell.sandbox.discounts import RedeemCode
from offerwell.sandbox.jobs import Action, CodeCreation
from offerwell.sandbox.registry import Call, Shown, field, kept, plain
from offerwell.sandbox.resolvers_changes import UNKNOWN, shown_errors
from offerwell.sandbox.search import search, unknown_fields

Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wording:
    """How one family of bulk mutations words its refusals of a target."""

    missing: str
    too_many: str
    bad_saved_search: str
    blank_search: str | None


CODE_WORDING = Wording(
    "Missing expected argument key: 'ids', 'search' or 'saved_search_id'.",
    "Only one of 'ids', 'search' or 'saved_search_id' is allowed.",
    "Invalid 'saved_search_id'.",
    "'Search' can't be blank.",
)
AUTOMATIC_WORDING = Wording(
    "One of IDs, search argument or saved search ID is required.",
    "Only one of IDs, search argument or saved search ID is allowed.",
    "Invalid savedSearchId.",
    None,
)


def check_target(given: Given, wording: Wording) -> UserError | None:
    """Refuse a target that is missing, doubled or blank; the sandbox has no saved searches, so each is invalid."""
    targets = [name for name in ("ids", "search", "savedSearchId") if given.get(name) is not None]
    if not targets:
        return UserError(None, wording.missing, "MISSING_ARGUMENT")
    if len(targets) > 1:
        return UserError(None, wording.too_many, "TOO_MANY_ARGUMENTS")
    if targets == ["savedSearchId"]:
        return UserError(("savedSearchId",), wording.bad_saved_search, "INVALID")
    if targets == ["search"] and not given["search"].strip() and wording.blank_search:
        return UserError(("search",), wording.blank_search, "BLANK")
    return None


def target_numbers(call: Call, given: Given, *, codes: bool, automatic: bool) -> tuple[int, ...]:
    """Answer the discounts of a target; unknown ids are passed over (assumed: nothing of it is recorded)."""
    book = call.store.book
    if given.get("ids") is not None:
        types = tuple(
            name for name, wanted in (("DiscountCodeNode", codes), ("DiscountAutomaticNode", automatic)) if wanted
        )
        found = [book.find(gid, types) for gid in given["ids"]]
        return tuple(discount.number for discount in found if discount is not None)
    if not (given["search"] or "").strip():
        return ()
    matches = search(book, given["search"], call.store.clock(), lenient=True)
    return tuple(item.number for item in matches if (codes if item.kind.has_codes else automatic))


def promise(call: Call, action: Action, numbers: tuple[int, ...], tags: tuple[str, ...] = ()) -> Shown:
    """Promise a job under the request's one job id."""
    call.shared_job = call.store.promise_job(call.shared_job, action, numbers, tags)
    return Shown("Job", {"id": call.shared_job, "done": False})


def job_payload(name: str, job: Shown | None, errors: list[UserError]) -> Shown:
    """The payload of a bulk mutation."""
    return Shown(f"{name[0].upper()}{name[1:]}Payload", {"job": job, "userErrors": shown_errors(errors)})


def declare_bulk(name: str, action: Action, *, codes: bool = True, automatic: bool = False) -> None:
    """Declare one bulk mutation over discounts."""
    wording = CODE_WORDING if codes else AUTOMATIC_WORDING
    plain(f"{name[0].upper()}{name[1:]}Payload", "job userErrors")

    def change(_root: None, call: Call, given: Given) -> Shown:
        error = check_target(given, wording)
        strange = unknown_fields(given.get("search") or "") if action is Action.DELETE else []
        if error is None and strange:
            # Only the deletion refuses unknown fields; activation and deactivation take them [recorded].
            message = f"Invalid search field(s): {', '.join(strange)}. Check the query syntax."
            error = UserError(("search",), message, "INVALID")
        if error is not None:
            return job_payload(name, None, [error])
        numbers = target_numbers(call, given, codes=codes, automatic=automatic)
        if not codes and (given.get("ids") is not None or not numbers):
            # Automatic discounts by ids, or by a blank search: neither a job nor an error [recorded].
            for number in numbers:
                call.store.book.delete(call.store.book.by_number[number])
            return job_payload(name, None, [])
        return job_payload(name, promise(call, action, numbers, tuple(given.get("tags") or ())), [])

    field("Mutation", name)(change)


declare_bulk("discountCodeBulkActivate", Action.ACTIVATE)
declare_bulk("discountCodeBulkDeactivate", Action.DEACTIVATE)
declare_bulk("discountCodeBulkDelete", Action.DELETE)
declare_bulk("discountAutomaticBulkDelete", Action.DELETE, codes=False, automatic=True)
declare_bulk("discountBulkTagsAdd", Action.TAG, automatic=True)
declare_bulk("discountBulkTagsRemove", Action.UNTAG, automatic=True)

# ---- redeem codes of one discount -------------------------------------------

plain("DiscountRedeemCodeBulkAddPayload", "bulkCreation userErrors")
plain("DiscountCodeRedeemCodeBulkDeletePayload", "job userErrors")


@field("Mutation", "discountRedeemCodeBulkAdd")
def add_codes(_root: None, call: Call, given: Given) -> Shown:
    """Promise to add codes; what is wrong with one shows only in the result [recorded]."""
    store = call.store
    discount = store.book.find(given["discountId"])
    errors: list[UserError] = []
    if discount is None:
        errors = [UserError(("discountId",), UNKNOWN["DiscountCodeNode"], "INVALID")]
    elif not given["codes"]:
        errors = [UserError(("codes",), "Codes can't be blank", "BLANK")]
    if discount is None or errors:
        return Shown("DiscountRedeemCodeBulkAddPayload", {"bulkCreation": None, "userErrors": shown_errors(errors)})
    codes = tuple(item["code"] for item in given["codes"])
    creation = CodeCreation(store.book.number(), discount.number, codes, store.due_after_job(), int(store.clock()))
    store.jobs.add_codes(creation)
    return Shown("DiscountRedeemCodeBulkAddPayload", {"bulkCreation": creation, "userErrors": []})


@field("Mutation", "discountCodeRedeemCodeBulkDelete")
def delete_codes(_root: None, call: Call, given: Given) -> Shown:
    """Remove codes of a discount; the job is done at once [recorded]."""
    store, name = call.store, "discountCodeRedeemCodeBulkDelete"
    error = check_target(given, CODE_WORDING)
    discount = store.book.find(given["discountId"])
    if error is None and discount is None:
        error = UserError(("discountId",), UNKNOWN["DiscountCodeNode"], "INVALID")
    if error is None and given.get("ids") == []:
        error = UserError(None, "Something went wrong, please try again.")
    if error is not None or discount is None:
        return job_payload(name, None, [error] if error else [])
    wanted = frozenset(given.get("ids") or ())
    text = (given.get("search") or "").lower().removeprefix("code:")
    matches = [
        item for item in discount.codes if item.gid in wanted or (text and text.rstrip("*") in item.code.lower())
    ]
    store.book.remove_codes(discount, frozenset(item.number for item in matches))
    job_id = store.promise_job(call.shared_job, Action.DELETE, ())
    store.jobs.known[job_id] = store.clock()
    return job_payload(name, Shown("Job", {"id": job_id, "done": True}), [])


CREATION = "DiscountRedeemCodeBulkCreation"
kept(CREATION, id="gid", done="done", createdAt="created_at", importedCount="imported")


@field(CREATION, "codesCount")
def creation_count(item: CodeCreation, _call: Call, _given: Given) -> int:
    """How many codes were given."""
    return len(item.codes)


@field(CREATION, "failedCount")
def creation_failed(item: CodeCreation, _call: Call, _given: Given) -> int:
    """How many were not."""
    return len(item.results) - item.imported


@field(CREATION, "discountCode")
def creation_discount(item: CodeCreation, call: Call, _given: Given) -> object:
    """To which discount."""
    return call.store.book.by_number.get(item.discount_number)


@field(CREATION, "codes")
def creation_codes(item: CodeCreation, _call: Call, given: Given) -> Page:
    """Each code with its result; the errors carry no code [recorded]."""
    rows = [(index, creation_row(item, index)) for index in range(len(item.codes))]
    page = cut_page(rows, lambda row: (row[0], str(row[0])), given)
    return Page([row for _index, row in page.items], page.cursors, page.has_next, page.has_previous)


def creation_row(item: CodeCreation, index: int) -> Shown:
    """One code of a bulk creation."""
    result = item.results[index] if index < len(item.results) else None
    errors = [UserError(("code",), result)] if isinstance(result, str) else []
    values = {
        "code": item.codes[index],
        "discountRedeemCode": result if isinstance(result, RedeemCode) else None,
        "errors": shown_errors(errors),
    }
    return Shown("DiscountRedeemCodeBulkCreationCode", values)


plain("DiscountRedeemCodeBulkCreationCode", "code discountRedeemCode errors")
