"""The queries: nodes by id, discounts by id, code or search, counts, jobs, the shop and its app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from offerwell.sandbox.connections import Page, cut_page
from offerwell.sandbox.registry import Call, Shown, field, plain
from offerwell.sandbox.resolvers_discounts import app
from offerwell.sandbox.resolvers_terms import not_shown
from offerwell.sandbox.search import search

if TYPE_CHECKING:
    from offerwell.sandbox.discounts import Discount

Given = Mapping[str, Any]
NODE_TYPES = ("DiscountCodeNode", "DiscountAutomaticNode")
SORT_VALUES: dict[str, Callable[[Discount], Any]] = {
    "ID": lambda discount: discount.number,
    "RELEVANCE": lambda discount: discount.number,
    "TITLE": lambda discount: discount.title.lower(),
    "CREATED_AT": lambda discount: discount.created_at * 1000,
    "UPDATED_AT": lambda discount: discount.updated_at * 1000,
    "STARTS_AT": lambda discount: discount.starts_at * 1000,
    "ENDS_AT": lambda discount: (discount.ends_at or 0) * 1000,
}

plain("Shop", "id name myshopifyDomain url currencyCode ianaTimezone plan features")
plain("ShopPlan", "publicDisplayName displayName shopifyPlus partnerDevelopment")
plain("ShopFeatures", "sellsSubscriptions")
plain("AppInstallation", "id accessScopes app")
plain("AccessScope", "handle description")
plain("Job", "id done")


@field("QueryRoot", "nodes")
def nodes(_root: None, call: Call, given: Given) -> list[object]:
    """The objects of many ids, null where there is none."""
    return [node_of(gid, call) for gid in given["ids"]]


@field("QueryRoot", "node")
def node(_root: None, call: Call, given: Given) -> object:
    """The object of an id."""
    return node_of(given["id"], call)


def node_of(gid: str, call: Call) -> object:
    """Find whatever has this id."""
    store = call.store
    return (
        find_discount(gid, call, NODE_TYPES)
        or store.hooks.find(gid)
        or store.imports.find(gid)
        or store.orders.find(gid)
        or creation_of(gid, call)
    )


def find_discount(gid: str, call: Call, types: tuple[str, ...]) -> Discount | None:
    """Find a discount; one deleted a moment ago is still seen while a stale read is on."""
    found = call.store.book.find(gid, types)
    if found is None and call.stale_before is not None:
        number = gid.rpartition("/")[2]
        deleted = call.store.book.deleted_until.get(int(number)) if number.isdigit() else None
        return deleted[1] if deleted and deleted[0] > call.stale_before else None
    return found


def creation_of(gid: str, call: Call) -> object:
    """Find a bulk creation of codes."""
    number = gid.removeprefix("gid://shopify/DiscountRedeemCodeBulkCreation/")
    return call.store.jobs.creations.get(int(number)) if number.isdigit() else None


@field("QueryRoot", "discountRedeemCodeBulkCreation")
def bulk_creation(_root: None, call: Call, given: Given) -> object:
    """A bulk creation of codes by its id."""
    return creation_of(given["id"], call)


@field("QueryRoot", "codeDiscountNode")
def code_discount_node(_root: None, call: Call, given: Given) -> Discount | None:
    """A code discount by its id."""
    return find_discount(given["id"], call, ("DiscountCodeNode",))


@field("QueryRoot", "automaticDiscountNode")
def automatic_discount_node(_root: None, call: Call, given: Given) -> Discount | None:
    """An automatic discount by its id."""
    return find_discount(given["id"], call, ("DiscountAutomaticNode",))


@field("QueryRoot", "discountNode")
def discount_node(_root: None, call: Call, given: Given) -> Discount | None:
    """Any discount by its id."""
    return find_discount(given["id"], call, NODE_TYPES)


@field("QueryRoot", "codeDiscountNodeByCode")
def code_discount_node_by_code(_root: None, call: Call, given: Given) -> Discount | None:
    """A discount by its code, whatever the case; there at once after creation [recorded]."""
    return call.store.book.find_code(given["code"])


def listed(call: Call, given: Given, *, codes: bool = True, automatic: bool = True) -> Page:
    """A page of a list of discounts; the index lags behind by a setting [lag recorded, its length assumed]."""
    if given.get("savedSearchId"):
        raise not_shown("savedSearchId")
    now = call.store.clock()
    lag = call.store.settings.index_seconds
    chosen = [
        discount
        for discount in search(call.store.book, given.get("query"), now)
        if (codes if discount.kind.has_codes else automatic) and (not lag or discount.updated_at <= now - lag)
    ]
    value = SORT_VALUES.get(given.get("sortKey") or "ID", SORT_VALUES["ID"])
    chosen.sort(key=lambda discount: (value(discount), discount.number), reverse=bool(given.get("reverse")))
    return cut_page(chosen, lambda discount: (discount.number, value(discount)), given)


@field("QueryRoot", "discountNodes")
def discount_nodes(_root: None, call: Call, given: Given) -> Page:
    """All discounts."""
    return listed(call, given)


@field("QueryRoot", "codeDiscountNodes")
def code_discount_nodes(_root: None, call: Call, given: Given) -> Page:
    """Code discounts."""
    return listed(call, given, automatic=False)


@field("QueryRoot", "automaticDiscountNodes")
def automatic_discount_nodes(_root: None, call: Call, given: Given) -> Page:
    """Automatic discounts."""
    return listed(call, given, codes=False)


@field("QueryRoot", "discountNodesCount")
def discount_nodes_count(_root: None, call: Call, given: Given) -> Shown:
    """How many discounts match; a count that reaches its limit is "at least" [recorded]."""
    return counted(len(search(call.store.book, given.get("query"), call.store.clock())), given)


@field("QueryRoot", "discountCodesCount")
def discount_codes_count(_root: None, call: Call, given: Given) -> Shown:
    """How many redeem codes there are (its search is not implemented)."""
    if given.get("query"):
        raise not_shown("discountCodesCount(query:)")
    return counted(len(call.store.book.by_redeem_number), given)


def counted(count: int, given: Given) -> Shown:
    """A count, cut at its limit; unlimited when the limit is null, else 10,000 [schema]."""
    limit = given.get("limit", 10_000)
    if limit is not None and count > limit:
        return Shown("Count", {"count": limit, "precision": "AT_LEAST"})
    return Shown("Count", {"count": count, "precision": "EXACT"})


@field("QueryRoot", "job")
def job(_root: None, call: Call, given: Given) -> Shown | None:
    """Whether a job has ended."""
    done = call.store.jobs.done(given["id"])
    return None if done is None else Shown("Job", {"id": given["id"], "done": done})


@field("QueryRoot", "shop")
def shop(_root: None, call: Call, _given: Given) -> Shown:
    """The shop."""
    settings = call.store.settings
    plan = {"publicDisplayName": "Sandbox", "displayName": "Sandbox", "shopifyPlus": False, "partnerDevelopment": True}
    values = {
        "id": "gid://shopify/Shop/92891250994",
        "name": settings.shop_name,
        "myshopifyDomain": settings.shop,
        "url": f"https://{settings.shop}",
        "currencyCode": settings.currency,
        "ianaTimezone": "Etc/UTC",
        "plan": Shown("ShopPlan", plan),
        "features": Shown("ShopFeatures", {"sellsSubscriptions": True}),
    }
    return Shown("Shop", values)


@field("QueryRoot", "currentAppInstallation")
def current_app_installation(_root: None, call: Call, _given: Given) -> Shown:
    """The app as installed, with its scopes."""
    scopes = [
        Shown("AccessScope", {"handle": name, "description": name.replace("_", " ")}) for name in call.store.scopes
    ]
    values = {"id": "gid://shopify/AppInstallation/1", "accessScopes": scopes, "app": app(call)}
    return Shown("AppInstallation", values)
