"""Bulk imports: staging a file, starting, watching and cancelling an import.

The order of the refusals is recorded for a missing file before "already in progress"; the rest of the order is assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import FieldNode, GraphQLError, OperationDefinitionNode, OperationType, parse

from offerwell.sandbox.faults import FaultKind
from offerwell.sandbox.imports import MAX_RUNNING, Import, ImportStatus
from offerwell.sandbox.registry import Call, Shown, field, kept, plain

Given = Mapping[str, Any]
TYPE = "BulkOperation"
SHORTEST_CLIENT, LONGEST_CLIENT = 10, 255
NO_FILE = (
    "The JSONL file could not be found. Try uploading the file again, and check that you've entered the URL correctly "
    "for the stagedUploadPath mutation argument."
)

plain("StagedUploadsCreatePayload", "stagedTargets userErrors")
plain("StagedMediaUploadTarget", "url resourceUrl parameters")
plain("StagedUploadParameter", "name value")
plain("BulkOperationRunMutationPayload", "bulkOperation userErrors")
plain("BulkOperationCancelPayload", "bulkOperation userErrors")
plain("BulkMutationUserError", "field message code")
kept(TYPE, id="gid", errorCode="error_code", createdAt="created_at", completedAt="completed_at", query="mutation")


@field("Mutation", "stagedUploadsCreate")
def stage(_root: None, call: Call, given: Given) -> Shown:
    """Promise places for files; only files of variables are implemented."""
    targets = []
    for item in given["input"]:
        if item["resource"] != "BULK_MUTATION_VARIABLES":
            message = f"sandbox: staged uploads of {item['resource']} are not implemented"
            raise GraphQLError(message, extensions={"code": "NOT_IMPLEMENTED_IN_SANDBOX"})
        targets.append(staged_target(call, item))
    return Shown("StagedUploadsCreatePayload", {"stagedTargets": targets, "userErrors": []})


def staged_target(call: Call, item: Mapping[str, Any]) -> Shown:
    """One promised place: for POST an address and form fields, for PUT an address of its own [recorded]."""
    key = call.store.imports.stage(item["filename"])
    put = item.get("httpMethod") == "PUT"
    url = f"{call.base_url}/_sandbox/staged/" + (key if put else "")
    pairs = [("content_type", item["mimeType"]), ("acl", "private")] if put else post_fields(key, item["mimeType"])
    parameters = [Shown("StagedUploadParameter", {"name": name, "value": value}) for name, value in pairs]
    return Shown("StagedMediaUploadTarget", {"url": url, "resourceUrl": url, "parameters": parameters})


def post_fields(key: str, mime_type: str) -> list[tuple[str, str]]:
    """The form fields of an upload, by their recorded names; the signature is not checked here."""
    return [
        ("Content-Type", mime_type),
        ("success_action_status", "201"),
        ("acl", "private"),
        ("key", key),
        ("x-goog-date", "20260101T000000Z"),
        ("x-goog-credential", "sandbox"),
        ("x-goog-algorithm", "GOOG4-RSA-SHA256"),
        ("x-goog-signature", "sandbox"),
        ("policy", "sandbox"),
    ]


@field("Mutation", "bulkOperationRunMutation")
def run(_root: None, call: Call, given: Given) -> Shown:
    """Start an import, or answer why not."""
    refusal = refuse(call, given)
    if refusal is not None:
        path, message, code = refusal
        error = Shown("BulkMutationUserError", {"field": path, "message": message, "code": code})
        return Shown("BulkOperationRunMutationPayload", {"bulkOperation": None, "userErrors": [error]})
    desk = call.store.imports
    content = desk.uploads[given["stagedUploadPath"]] or b""
    half = call.store.faults.strike(FaultKind.HALF_FAILED_JOB, "import", mutation=True) is not None
    made = desk.start(given["mutation"], content, call.version, call.store.due_after_import(), half=half)
    return Shown("BulkOperationRunMutationPayload", {"bulkOperation": made, "userErrors": []})


def refuse(call: Call, given: Given) -> tuple[tuple[str, ...] | None, str, str] | None:
    """Say why an import cannot start: (field, message, code), or None."""
    desk = call.store.imports
    client = client_fault(given.get("clientIdentifier"))
    if client is not None:
        return ("clientIdentifier",), client, "INVALID_MUTATION"
    fault = mutation_fault(given["mutation"])
    if fault is not None:
        return ("mutation",), fault, "INVALID_MUTATION"
    content = desk.uploads.get(given["stagedUploadPath"])
    if content is None:
        return None, NO_FILE, "NO_SUCH_FILE"
    if not content.strip():
        return None, "The input file is empty.", "INVALID_STAGED_UPLOAD_FILE"
    running = ", ".join(item.gid for item in desk.running())
    if len(desk.running()) >= MAX_RUNNING:
        message = f"A bulk mutation operation for this app and shop is already in progress: {running}."
        return None, message, "OPERATION_IN_PROGRESS"
    return None


def client_fault(client: str | None) -> str | None:
    """Refuse a client identifier that is too short or too long [recorded]."""
    if client is None or SHORTEST_CLIENT <= len(client) <= LONGEST_CLIENT:
        return None
    if len(client) < SHORTEST_CLIENT:
        return f"is too short (minimum is {SHORTEST_CLIENT} characters)"
    return f"is too long (maximum is {LONGEST_CLIENT} characters)"


def mutation_fault(text: str) -> str | None:
    """Refuse an inner document that is not one mutation with one root field (words assumed)."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return f"Failed to parse the mutation - {error.message}"
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation is not OperationType.MUTATION:
        return "You can only use one mutation."
    fields = [node for node in operations[0].selection_set.selections if isinstance(node, FieldNode)]
    return None if len(fields) == 1 else "The mutation must have exactly one root field."


@field("Mutation", "bulkOperationCancel")
def cancel(_root: None, call: Call, given: Given) -> Shown:
    """Ask an import to stop."""
    found = call.store.imports.find(given["id"])
    if found is None:
        error = Shown("UserError", {"field": ("id",), "message": "Bulk operation does not exist"})
        return Shown("BulkOperationCancelPayload", {"bulkOperation": None, "userErrors": [error]})
    if found.status.running:
        found.status = ImportStatus.CANCELING
    return Shown("BulkOperationCancelPayload", {"bulkOperation": found, "userErrors": []})


@field("QueryRoot", "bulkOperation")
def by_id(_root: None, call: Call, given: Given) -> Import | None:
    """An import by its id."""
    return call.store.imports.find(given["id"])


@field("QueryRoot", "currentBulkOperation")
def current(_root: None, call: Call, given: Given) -> Import | None:
    """The latest import; exports are not implemented, so there is never one."""
    return call.store.imports.newest() if given.get("type", "QUERY") == "MUTATION" else None


@field(TYPE, "status")
def status(item: Import, _call: Call, _given: Given) -> str:
    """The station."""
    return item.status.value


@field(TYPE, "type")
def kind(_item: Import, _call: Call, _given: Given) -> str:
    """Always a mutation."""
    return "MUTATION"


@field(TYPE, "objectCount rootObjectCount")
def object_count(item: Import, _call: Call, _given: Given) -> str:
    """How many lines are done."""
    return str(item.done_lines)


@field(TYPE, "fileSize")
def file_size(item: Import, _call: Call, _given: Given) -> str | None:
    """The size of the result."""
    return str(len(item.output)) if item.status is ImportStatus.COMPLETED else None


@field(TYPE, "url")
def url(item: Import, call: Call, _given: Given) -> str | None:
    """Where the result can be fetched."""
    done = item.status is ImportStatus.COMPLETED
    return f"{call.base_url}/_sandbox/results/{item.number}.jsonl" if done else None


@field(TYPE, "partialDataUrl")
def partial_url(item: Import, call: Call, _given: Given) -> str | None:
    """Where the result of a failed or cancelled import can be fetched (assumed)."""
    stopped = item.status in {ImportStatus.FAILED, ImportStatus.CANCELED} and item.output
    return f"{call.base_url}/_sandbox/results/{item.number}.jsonl" if stopped else None
