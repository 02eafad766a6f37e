"""Read the recorded sessions: which requests were sent to real stores, in which order, and what came back.

The recordings lie outside the repository and are never committed. Some of them name a document without its text; such a
document is written here again from the answer it got, and its steps are counted apart.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(os.environ.get("OFFERWELL_RECORDED", Path(__file__).parents[2] / "../shared/reference/shopify-recorded"))
MILLISECONDS = re.compile(r"\b1[78]\d{11}\b|(?<=[A-Za-z])1[78]\d{11}")

ERRORS = "userErrors { field message }"
HOOK = (
    "id topic format includeFields metafieldNamespaces filter createdAt updatedAt "
    "endpoint { __typename ... on WebhookHttpEndpoint { callbackUrl } }"
)
CREATE_HOOK = (
    "mutation Create($topic: WebhookSubscriptionTopic!, $webhookSubscription: WebhookSubscriptionInput!) "
    "{ webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhookSubscription) "
    f"{{ webhookSubscription {{ {HOOK} }} {ERRORS} }} }}"
)
URI_CASES = {
    "createHttpUriRejected": "http://example.com/hook",
    "createInternalDomainRejected": "https://localhost/hook",
    "createShopifyDomainRejected": "https://shopify.com/hook",
}
# documents that a recording names without their text
REWRITTEN = {
    "webhookSubscriptionCreate-parity": CREATE_HOOK,
    "webhookSubscriptionUpdate-parity": (
        "mutation Update($id: ID!, $webhookSubscription: WebhookSubscriptionInput!) "
        "{ webhookSubscriptionUpdate(id: $id, webhookSubscription: $webhookSubscription) "
        f"{{ webhookSubscription {{ {HOOK} }} {ERRORS} }} }}"
    ),
    "webhookSubscriptionDelete-parity": (
        f"mutation Delete($id: ID!) {{ webhookSubscriptionDelete(id: $id) {{ deletedWebhookSubscriptionId {ERRORS} }} }}"
    ),
    "webhook-subscription-detail-read": f"query Detail($id: ID!) {{ webhookSubscription(id: $id) {{ {HOOK} }} }}",
    "webhook-subscription-catalog-read": (
        "query Catalog($first: Int!, $missingQuery: String!, $unknownId: ID!) { "
        f"webhookSubscriptions(first: $first) {{ nodes {{ {HOOK} }} edges {{ cursor node {{ id }} }} "
        "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } "
        "webhookSubscriptionsCount { count precision } "
        "filteredCount: webhookSubscriptionsCount(query: $missingQuery) { count precision } "
        "unknown: webhookSubscription(id: $unknownId) { id } }"
    ),
    "webhook-subscription-validation-branches": (
        "mutation Branches($unknownId: ID!, $unknownUpdateInput: WebhookSubscriptionInput!) { "
        "updateUnknown: webhookSubscriptionUpdate(id: $unknownId, webhookSubscription: $unknownUpdateInput) "
        f"{{ webhookSubscription {{ id }} {ERRORS} }} "
        f"deleteUnknown: webhookSubscriptionDelete(id: $unknownId) {{ deletedWebhookSubscriptionId {ERRORS} }} "
        "createMissingUri: webhookSubscriptionCreate(topic: SHOP_UPDATE, webhookSubscription: {format: JSON}) "
        f"{{ webhookSubscription {{ id }} {ERRORS} }} }}"
    ),
    "webhook-subscription-uri-validation": (
        "mutation Uris($baselineTopic: WebhookSubscriptionTopic!, "
        "$baselineWebhookSubscription: WebhookSubscriptionInput!) { "
        + " ".join(
            f'{alias}: webhookSubscriptionCreate(topic: SHOP_UPDATE, webhookSubscription: {{uri: "{uri}"}}) '
            f"{{ webhookSubscription {{ id }} {ERRORS} }}"
            for alias, uri in URI_CASES.items()
        )
        + " baselineCreate: webhookSubscriptionCreate(topic: $baselineTopic, "
        f"webhookSubscription: $baselineWebhookSubscription) {{ webhookSubscription {{ id }} {ERRORS} }} }}"
    ),
    "webhook-subscription-bogus-topic": (
        "mutation WebhookSubscriptionBogusTopic {\n  webhookSubscriptionCreate(topic: NOT_A_REAL_TOPIC, "
        'webhookSubscription: {uri: "https://example.com"}) { webhookSubscription { id } userErrors { field } } }'
    ),
    "webhook-subscription-hidden-topic": (
        "mutation WebhookSubscriptionHiddenTopic {\n  webhookSubscriptionCreate(topic: CUSTOMER_INTERACTIONS, "
        'webhookSubscription: {uri: "https://example.com"}) { webhookSubscription { id } userErrors { field } } }'
    ),
    "webhook-subscription-missing-create-topic": (
        "mutation MissingCreateWebhookTopic {\n  webhookSubscriptionCreate("
        'webhookSubscription: {uri: "https://example.com"}) { webhookSubscription { id } userErrors { field } } }'
    ),
    "webhook-subscription-null-update-input": (
        "mutation NullUpdateWebhookInput {\n  webhookSubscriptionUpdate("
        'id: "gid://shopify/WebhookSubscription/1", webhookSubscription: null) '
        "{ webhookSubscription { id } userErrors { field } } }"
    ),
}
KINDS = {
    "codeBasic": ("CodeBasic", "basicCodeDiscount"),
    "codeBxgy": ("CodeBxgy", "bxgyCodeDiscount"),
    "codeFreeShipping": ("CodeFreeShipping", "freeShippingCodeDiscount"),
    "automaticBasic": ("AutomaticBasic", "automaticBasicDiscount"),
    "automaticBxgy": ("AutomaticBxgy", "automaticBxgyDiscount"),
    "automaticFreeShipping": ("AutomaticFreeShipping", "freeShippingAutomaticDiscount"),
}
APP_ALIAS = re.compile(r"^(code|automatic)App")


def title_document(verb: str, endings: tuple[str, ...]) -> str:
    """Rewrite a document of the title session, without the app discounts, which the sandbox does not have."""
    declared, fields = [], []
    for alias, (words, argument) in KINDS.items():
        node = "codeDiscountNode" if alias.startswith("code") else "automaticDiscountNode"
        given = f"id: ${alias}Id, " if verb == "Update" else ""
        declared += [f"${alias}Id: ID!"] if verb == "Update" else []
        for ending in endings:
            declared.append(f"${alias}{ending}: Discount{words}Input!")
            fields.append(
                f"{alias}{ending}: discount{words}{verb}({given}{argument}: ${alias}{ending}) "
                f"{{ {node} {{ id }} userErrors {{ field message code extraInfo }} }}"
            )
    return f"mutation Titles({' '.join(declared)}) {{ {' '.join(fields)} }}"


REWRITTEN["discount-title-validation-setup"] = title_document("Create", ("",))
REWRITTEN["discount-title-validation-create"] = title_document("Create", ("Blank", "TooLong"))
REWRITTEN["discount-title-validation-update"] = title_document("Update", ("Blank", "TooLong"))
# steps whose request and answer stand far apart: file -> (request, variables or None, answer)
FAR_APART = {
    "discount-redeem-code-bulk-add-validation": [
        ("invalidCodes", None, "invalidCodes.add"),
        ("invalidCodesFinalRead", None, "invalidCodes.finalRead"),
        ("invalidCodesReadAfter", None, "invalidCodes.readAfter"),
        ("existingCodeConflicts", None, "existingCodeConflicts.add"),
        ("existingCodeConflictsFinalRead", None, "existingCodeConflicts.finalRead"),
        ("existingCodeConflictsReadAfter", None, "existingCodeConflicts.readAfter"),
    ],
    "discount-update-edge-cases": [
        ("basicUpdate", "bulkCodeChange", "bulkCodeChange"),
        ("createBxgy", None, "createBxgy"),
        ("basicUpdate", "bxgyToBasic", "bxgyToBasic"),
    ],
    "discount-timestamps-monotonic": [("read", "*", "readAfterUpdate")],
    "discount-free-shipping-lifecycle": [("read", "*", "readAfterUpdate")],
}


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded request with its answer."""

    file: str
    name: str
    query: str
    variables: dict[str, Any]
    status: int
    answer: dict[str, Any]
    rewritten: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was uploaded between two requests."""

    content: str


def sessions() -> dict[str, list[Step | Upload]]:
    """Every session with its steps in order."""
    return {
        path.stem: list(steps_of(path.stem, json.loads(path.read_text()))) for path in sorted(FOLDER.glob("*.json"))
    }


def steps_of(file: str, session: dict[str, Any]) -> Iterator[Step | Upload]:
    """The steps of one session."""
    requests = session.get("requests") or {}
    far = FAR_APART.get(file, [])
    placed = {request for request, _variables, _answer in far}
    for key, value in session.items():
        request = requests.get(key)
        if isinstance(request, dict) and key not in placed and payload(value) is not None:
            yield step(file, key, request["query"], request.get("variables"), value)
            continue
        if key not in {"requests", "upstreamCalls", "scopeProbe", "accessScopes"}:
            yield from within(file, key, value)
        yield from (far_step(file, session, one) for one in far if one[2].partition(".")[0] == key)


def far_step(file: str, session: dict[str, Any], place: tuple[str, str | None, str]) -> Step:
    """Put together a step whose parts stand apart; several may share an answer's first key."""
    request_name, variables_name, answer_path = place
    request = session["requests"][request_name]
    variables = request.get("variables")
    if variables_name is not None:
        variables = session["variables"]
        variables = {**variables, **renamed(variables)} if variables_name == "*" else variables[variables_name]
    answer: Any = session
    for part in answer_path.split("."):
        answer = answer[part]
    return step(file, answer_path, request["query"], variables, answer)


def renamed(variables: dict[str, Any]) -> dict[str, Any]:
    """The session's values under the names its last read gives them."""
    names = {"codeId": "codeDiscountId", "automaticId": "automaticDiscountId", "code": "updatedCode"}
    return {short: variables[long] for short, long in names.items() if long in variables}


def within(file: str, name: str, value: Any) -> Iterator[Step | Upload]:
    """Find the steps inside a value, in order."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from within(file, f"{name}[{index}]", item)
        return
    if not isinstance(value, dict):
        return
    request = value.get("request") if isinstance(value.get("request"), dict) else value
    answer = value.get("response")
    if payload(answer) is not None and (
        isinstance(request.get("query"), str) or rewritten(value) or rewritten(request)
    ):
        query = request.get("query") or rewritten(value) or rewritten(request)
        made = step(file, name, query, request.get("variables"), answer, rewritten=not request.get("query"))
        yield replace(made, status=value.get("status", made.status))
        return
    for key, item in value.items():
        if key == "uploadContent":
            yield Upload(item)
        elif key not in {"upstreamCalls", "locations"}:
            yield from within(file, f"{name}.{key}", item)


def step(file: str, name: str, query: str, variables: Any, answer: Any, *, rewritten: bool = False) -> Step:
    """Make a step."""
    body = payload(answer) or {}
    if rewritten:
        body, variables = without_app_discounts(body, variables or {})
    outer = answer.get("response", answer)
    status = outer.get("status", answer.get("status", 200))
    return Step(file, name, query, variables or {}, status, body, rewritten)


def without_app_discounts(body: dict[str, Any], variables: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Drop the parts of a step that name app discounts; each of them cost 10."""
    data = body.get("data") or {}
    dropped = [name for name in data if APP_ALIAS.match(name)]
    if not dropped:
        return body, variables
    cost = dict(body["extensions"]["cost"])
    cost["requestedQueryCost"] -= 10 * len(dropped)
    kept = {name: value for name, value in data.items() if name not in dropped}
    wanted = {name: value for name, value in variables.items() if not APP_ALIAS.match(name)}
    return {**body, "data": kept, "extensions": {**body["extensions"], "cost": cost}}, wanted


def without_document() -> int:
    """How many recorded answers cannot be replayed, because their document or their place in the order is not known."""
    missing = 0
    for path in sorted(FOLDER.glob("*.json")):
        session = {key: value for key, value in json.loads(path.read_text()).items() if key != "upstreamCalls"}
        answers = sum(1 for item in objects(session) if payload(item) is item)
        missing += max(0, answers - sum(isinstance(item, Step) for item in steps_of(path.stem, session)))
    return missing


def payload(answer: Any) -> dict[str, Any] | None:
    """The GraphQL body inside a recorded answer, however deep it was put."""
    if not isinstance(answer, dict):
        return None
    for key in ("payload", "body", "response"):
        if isinstance(answer.get(key), dict):
            return payload(answer[key])
    return answer if "data" in answer or "errors" in answer else None


def rewritten(value: dict[str, Any]) -> str | None:
    """The rewritten text of a document that is only named."""
    return REWRITTEN.get(Path(str(value.get("documentPath", ""))).stem)


def captured_at(file: str) -> float:
    """When a session was recorded: the milliseconds its own names carry."""
    text = (FOLDER / f"{file}.json").read_text()
    found = MILLISECONDS.search(text)
    return int(found[0]) / 1000 if found else 1_785_000_000.0


def all_costed_requests() -> Iterator[tuple[str, dict[str, Any], int]]:
    """Every recorded request that names its cost, also the side calls, whose order is not known."""
    for path in sorted(FOLDER.glob("*.json")):
        for item in objects(json.loads(path.read_text())):
            body = payload(item.get("response"))
            cost = ((body or {}).get("extensions") or {}).get("cost") or {}
            if isinstance(item.get("query"), str) and isinstance(cost.get("requestedQueryCost"), int):
                yield item["query"], item.get("variables") or {}, cost["requestedQueryCost"]


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside a JSON value."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)
