"""Offerwell's store protocol in Shopify's words: one discount per code, switched by id, read back by id.

Sources: the Admin GraphQL schema (2026-07, 2026-10) and recorded answers of real stores.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from offerwell.integrations.shopify import documents
from offerwell.integrations.shopify.addresses import report_address
from offerwell.integrations.shopify.bulk_report import created, created_lines, is_taken, report_in
from offerwell.integrations.shopify.client import AdminClient, Call
from offerwell.integrations.shopify.collections import ShopifyCollections
from offerwell.integrations.shopify.discount_input import dates_input, discount_input
from offerwell.integrations.shopify.documents import Operation, aliased, text_of
from offerwell.integrations.shopify.kinds import RememberedKinds
from offerwell.integrations.shopify.order_reading import GID, snapshot_in
from offerwell.integrations.shopify.upload import FILE_NAME, FILE_TYPE, LARGEST_FILE_BYTES, place_in
from offerwell.integrations.shopify.user_errors import refusal_in, user_errors
from offerwell.integrations.store import (
    BatchRefused,
    CodeSpec,
    Created,
    FateUnknown,
    OrderPage,
    Renamed,
    StoreCode,
    StoreError,
    StoreIdentity,
    Subscription,
    WindowStatus,
)
from offerwell.rules.webhook_topics import WANTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from offerwell.integrations.graphql.answers import Json
    from offerwell.integrations.shopify.upload import UploadPlace
    from offerwell.integrations.store import FoundCollection, ReadCollection
    from offerwell.rules.order_snapshot import OrderSnapshot

    Windows = Mapping[str, tuple[datetime, datetime | None]]

Item = TypeVar("Item")
Answer = TypeVar("Answer")

# Shopify's cap on any array given as input; more nulls the whole answer.
LARGEST_INPUT = 250
GONE = "The store has no such discount any more. Activate the code to create it again."
UNKNOWN_KIND = "Offerwell cannot change this kind of discount. Change it in the store's admin."
NONE_TO_CHANGE = "None of these discounts is there and of a kind that Offerwell can change."
BULK_OPERATION = "gid://shopify/BulkOperation/"
ENDED = frozenset({"COMPLETED", "FAILED", "CANCELED", "EXPIRED"})
AT_ITS_LIMIT = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})
FILE_TROUBLE = frozenset({"NO_SUCH_FILE", "INTERNAL_FILE_SERVER_ERROR"})
BUSY_SECONDS = 10.0
MOST_PAGES = 50
ORDERS_AT_ONCE = 50
HOOK_TAKEN = "already been taken"
READ_BACK = "Offerwell reads the codes back before it tries again."


class ShopifyConnector:
    """One Shopify store (or a sandbox store). Fits `integrations.store.StoreConnector`."""

    batch_size: int = LARGEST_INPUT
    # 20 points and an upload in place of 2,000 points: from here on the wait for points is the longer one.
    redate_from: int = 200
    # Creations take a store longer than updates, and a small file takes seconds to be begun.
    create_from: int = 300

    def __init__(self, client: AdminClient, *, loopback: bool = False) -> None:
        self._client = client
        self._loopback = loopback
        self._kinds = RememberedKinds()

    def identify(self) -> StoreIdentity:
        """The shop behind the credentials, and the scopes they carry."""
        found = self._ask(documents.IDENTIFY, {})
        with _understood(documents.IDENTIFY):
            shop = found["shop"]
            scopes = frozenset(scope["handle"] for scope in found["currentAppInstallation"]["accessScopes"])
            return StoreIdentity(
                shop["myshopifyDomain"], shop["name"], shop["currencyCode"], shop["ianaTimezone"], scopes
            )

    def read(self, refs: Sequence[str]) -> Mapping[str, StoreCode | None]:
        """Each ref's discount now; None where the store has none. 250 per request, one after the other."""
        nodes = self._nodes(documents.NODE_STATUSES, refs)
        with _understood(documents.NODE_STATUSES):
            return {ref: _store_code(nodes[ref]) if ref in nodes else None for ref in refs}

    def find(self, codes: Sequence[str]) -> Mapping[str, StoreCode | None]:
        """Each code text's discount. Ids first (1 point each), then a read per 250: far fewer points."""
        asked = list(dict.fromkeys(codes))
        lookups = self._each(documents.CODE_LOOKUP, [{"code": code} for code in asked])
        with _understood(documents.CODE_LOOKUP):
            refs = {code: str(node["id"]) for code, node in zip(asked, lookups, strict=True) if node}
        found = self.read(list(dict.fromkeys(refs.values())))
        return {code: _as_typed(code, found[refs[code]]) if code in refs else None for code in asked}

    def switch(self, refs: Sequence[str], *, active: bool) -> str:
        """One bulk mutation; its job's id. By ids only: an unknown search field would match everything."""
        if not 0 < len(refs) <= self.batch_size:
            raise ValueError(f"switch takes 1 to {self.batch_size} refs, not {len(refs)}")
        operation = documents.BULK_ACTIVATE if active else documents.BULK_DEACTIVATE
        found = self._ask(operation, {"ids": list(refs)})
        with _understood(operation):
            return _job_in(next(iter(found.values())))

    def jobs_done(self, jobs: Sequence[str]) -> Mapping[str, bool]:
        """Which ended. A job the store does not know (yet) has not been seen to end: False."""
        asked = list(dict.fromkeys(jobs))
        operations = [job for job in asked if job.startswith(BULK_OPERATION)]
        polls = self._polled(documents.BULK_POLL, operations)
        polls |= self._polled(documents.JOB_POLL, [job for job in asked if job not in polls])
        with _understood(documents.JOB_POLL):
            return {job: _has_ended(polls[job]) for job in asked}

    def _polled(self, operation: Operation, jobs: Sequence[str]) -> dict[str, Json | None]:
        return dict(zip(jobs, self._each(operation, [{"id": job} for job in jobs]), strict=True))

    def create(self, specs: Sequence[CodeSpec]) -> Sequence[Created]:
        """One discount per spec, 90 per request, answers in order. After an error some may exist: look up."""
        made: dict[int, Created] = {}
        for operation in dict.fromkeys(documents.CREATE_FOR_KIND.values()):
            places = [at for at, spec in enumerate(specs) if documents.CREATE_FOR_KIND[spec.terms.kind] is operation]
            outcomes = self._each_or_refused(operation, [{"input": discount_input(specs[at])} for at in places])
            with _understood(operation):
                made |= {at: created(outcome) for at, outcome in zip(places, outcomes, strict=True)}
        return [made[at] for at in range(len(specs))]

    def create_many(self, specs: Sequence[CodeSpec]) -> str:
        """Run the creation of the specs' one kind for each line of an uploaded file; the operation's id."""
        operations = {documents.CREATE_FOR_KIND[spec.terms.kind] for spec in specs}
        if len(operations) != 1:
            raise ValueError("create_many takes discounts of one kind")
        place = self._staged()
        self._client.upload(place, _lines([{"input": discount_input(spec)} for spec in specs]))
        return self._run(place, operations.pop())

    def created_by(self, job: str, codes: Sequence[str]) -> Sequence[Created | None]:
        """What the operation's report says of each line; a part of it where the operation broke off."""
        found = self._ask(documents.BULK_RESULT, {"id": job})
        with _understood(documents.BULK_RESULT):
            url = report_in(found["bulkOperation"])
        if not url:
            return [None] * len(codes)
        address = report_address(url, loopback=self._loopback)
        return self._client.read_report(address, lambda lines: created_lines(lines, len(codes)))

    def set_window(self, windows: Windows) -> Mapping[str, str]:
        """Give each ref its dates, by the update of its own kind. Ref → refusal, empty when done."""
        return self._updated([_redated(ref, window) for ref, window in windows.items()], _update_refusal, gone=GONE)

    def rename(self, texts: Mapping[str, str]) -> Mapping[str, Renamed]:
        """Give each ref's code its new text, by the update of its own kind: nothing else of it is named, or changes.

        The store refuses it for a discount of several codes.
        """
        return self._updated(
            [_with_text(ref, text) for ref, text in texts.items()], _renamed, gone=Renamed(GONE, is_gone=True)
        )

    def _updated(
        self, changes: Sequence[Json], understood: Callable[[Json | BatchRefused], Answer], *, gone: Answer
    ) -> dict[str, Answer]:
        """What became of each change, `{"id": …, "input": …}`, by the update of its discount's own kind."""
        kinds = self._kinds_of([change["id"] for change in changes])
        unknown = understood(BatchRefused(UNKNOWN_KIND, permanent=True))
        found = {change["id"]: unknown if change["id"] in kinds else gone for change in changes}
        for kind, operation in documents.UPDATE_FOR_KIND.items():
            of_kind = [change for change in changes if kinds.get(change["id"]) == kind]
            outcomes = self._each_or_refused(operation, of_kind)
            with _understood(operation):
                for change, outcome in zip(of_kind, outcomes, strict=True):
                    found[change["id"]] = understood(outcome)
        return found

    def redate(self, windows: Windows) -> str:
        """Run the update of the most frequent kind for each line of an uploaded file; the operation's id.

        An operation runs one mutation, and the update must be that of the discount's own kind. The other
        kinds get their dates by `set_window` just before the file runs; those that are gone or of a kind
        nobody knows are left out. What is refused so is not told here: read back, it is as it was, and
        `set_window` gives the words. Without any to change BatchRefused is raised and nothing written.
        After a passing StoreError the operation never started, and after BatchRefused neither: at most
        those other kinds have their dates then.
        """
        return self._in_one_file(windows, _redated, self.set_window)

    def rename_together(self, texts: Mapping[str, str]) -> str:
        """New texts by an uploaded file, exactly as `redate` gives new dates."""
        return self._in_one_file(texts, _with_text, self.rename)

    def _in_one_file(
        self,
        wanted: Mapping[str, Item],
        line_of: Callable[[str, Item], Json],
        one_by_one: Callable[[Mapping[str, Item]], object],
    ) -> str:
        kinds = self._kinds_of(list(wanted))
        main = _most_frequent([kind for ref in wanted if (kind := kinds.get(ref)) in documents.UPDATE_FOR_KIND])
        content = _lines([line_of(ref, wanted[ref]) for ref in wanted if kinds.get(ref) == main])
        others = {ref: change for ref, change in wanted.items() if _has_other_update(kinds.get(ref), main)}
        place = self._staged()
        self._client.upload(place, content)
        if others:
            one_by_one(others)
        return self._run(place, documents.UPDATE_FOR_KIND[main])

    def subscriptions(self) -> Sequence[Subscription]:
        """Every webhook subscription made by API, page after page. Fits `integrations.store.WebhookStore`."""
        found: list[Subscription] = []
        after: str | None = None
        for _page in range(MOST_PAGES):
            answer = self._ask(documents.HOOK_LIST, {"after": after})
            with _understood(documents.HOOK_LIST):
                listed = answer["webhookSubscriptions"]
                found += [_subscription(node) for node in listed["nodes"]]
                if not listed["pageInfo"]["hasNextPage"]:
                    break
                after = listed["pageInfo"]["endCursor"]
        return found

    def subscribe(self, topics: Mapping[str, Sequence[str]], address: str) -> Mapping[str, str]:
        """One subscription per topic, 20 in a request. Topic → refusal; "taken" means that it is there."""
        asked = [
            {"topic": enum_of(topic), "hook": {"uri": address, "format": "JSON", "includeFields": list(fields)}}
            for topic, fields in topics.items()
        ]
        outcomes = self._each_or_refused(documents.HOOK_CREATE, asked)
        with _understood(documents.HOOK_CREATE):
            return {topic: _hook_refusal(outcome) for topic, outcome in zip(topics, outcomes, strict=True)}

    def unsubscribe(self, refs: Sequence[str]) -> None:
        """Take subscriptions away; what is refused is gone already, or is listed again next time."""
        self._each_or_refused(documents.HOOK_DELETE, [{"id": ref} for ref in refs])

    def orders(self, refs: Sequence[str]) -> Mapping[str, OrderSnapshot | None]:
        """Each order now, 50 in a request. Fits `integrations.store.OrderStore`."""
        found: dict[str, OrderSnapshot | None] = dict.fromkeys(refs)
        for part in _parts(list(found), ORDERS_AT_ONCE):
            answer = self._ask(documents.ORDERS_READ, {"ids": [f"{GID}{ref}" for ref in part]})
            with _understood(documents.ORDERS_READ):
                found |= {one.ref: one for one in self._snapshots([node for node in answer["nodes"] if node])}
        return found

    def orders_changed(self, since: datetime, cursor: str = "") -> OrderPage:
        """A page of 100, oldest change first."""
        query = f"updated_at:>='{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"
        answer = self._ask(documents.ORDERS_CHANGED, {"query": query, "after": cursor or None})
        with _understood(documents.ORDERS_CHANGED):
            page = answer["orders"]["pageInfo"]
            end = str(page["endCursor"] or "") if page["hasNextPage"] else ""
            return OrderPage(self._snapshots(answer["orders"]["nodes"]), end)

    def _snapshots(self, nodes: Sequence[Json]) -> list[OrderSnapshot]:
        return [snapshot_in(node, self._more_lines(node)) for node in nodes]

    def _more_lines(self, node: Json) -> list[Json]:
        """The lines beyond the first page, for the few orders that have them."""
        found: list[Json] = []
        page = node["lineItems"]["pageInfo"]
        while page["hasNextPage"]:
            answer = self._ask(documents.ORDER_LINES, {"id": node["id"], "after": page["endCursor"]})
            found += answer["order"]["lineItems"]["nodes"]
            page = answer["order"]["lineItems"]["pageInfo"]
        return found

    def collections_named(self, text: str) -> Sequence[FoundCollection]:
        """By id, handle or title. Fits `integrations.store.CollectionStore`."""
        return ShopifyCollections(self._ask).named(text)

    def collection(self, ref: str, *, most: int) -> ReadCollection | None:
        """The collection now; 250 products in a request."""
        return ShopifyCollections(self._ask).read(ref, most=most)

    def close(self) -> None:
        """Close the connections to the store. Not part of the protocol: for those who open many."""
        self._client.close()

    def _kinds_of(self, refs: Sequence[str]) -> dict[str, str]:
        """Each ref's kind, as remembered or read now; without those the store does not have."""
        kinds = {ref: kind for ref in refs if (kind := self._kinds.of(ref))}
        nodes = self._nodes(documents.NODE_KINDS, [ref for ref in refs if ref not in kinds])
        return kinds | {ref: node["codeDiscount"]["__typename"] for ref, node in nodes.items()}

    def _staged(self) -> UploadPlace:
        wanted = {
            "resource": "BULK_MUTATION_VARIABLES",
            "filename": FILE_NAME,
            "mimeType": FILE_TYPE,
            "httpMethod": "POST",
        }
        found = self._ask(documents.STAGE_UPLOAD, {"input": [wanted]})
        with _understood(documents.STAGE_UPLOAD):
            payload = found["stagedUploadsCreate"]
            if errors := user_errors(payload):
                raise BatchRefused(f"The store takes no file: {refusal_in(errors)}", permanent=True)
            [target] = payload["stagedTargets"]
            return place_in(target, loopback=self._loopback)

    def _run(self, place: UploadPlace, operation: Operation) -> str:
        """Start the operation, under a name of its own, by which the store's staff could find it."""
        variables = {
            "mutation": text_of(operation),
            "path": place.key,
            "client": f"offerwell-{uuid.uuid4()}",
        }
        found = self._ask(documents.BULK_RUN, variables)
        with _understood(documents.BULK_RUN):
            return _operation_in(found["bulkOperationRunMutation"])

    def _nodes(self, operation: Operation, refs: Sequence[str]) -> dict[str, Json]:
        """The discounts among refs, by id: an answer's order is not relied upon."""
        found: dict[str, Json] = {}
        for part in _parts(list(dict.fromkeys(refs)), LARGEST_INPUT):
            answer = self._ask(operation, {"ids": part})
            with _understood(operation):
                nodes = {node["id"]: node for node in answer["nodes"] if node and "id" in node}
                kinds = {ref: node["codeDiscount"]["__typename"] for ref, node in nodes.items()}
            for ref in part:
                self._kinds.learn(ref, kinds.get(ref))
            found |= nodes
        return found

    def _ask(self, operation: Operation, variables: Mapping[str, object]) -> Json:
        return self._client.send(Call(text_of(operation), variables, operation.points, operation.is_write))

    def _each(self, operation: Operation, items: Sequence[Mapping[str, object]]) -> list[Json | None]:
        """Each item's answer; a refused batch goes up."""
        parts = _parts(items, operation.per_request)
        return [result for part in parts for result in self._together(operation, part)]

    def _each_or_refused(
        self, operation: Operation, items: Sequence[Mapping[str, object]]
    ) -> list[Json | BatchRefused]:
        """Each item's answer; where the store refuses a request whole, halving finds the item to blame."""
        parts = _parts(items, operation.per_request)
        return [result for part in parts for result in self._halved(operation, part)]

    def _halved(self, operation: Operation, items: Sequence[Mapping[str, object]]) -> list[Json | BatchRefused]:
        try:
            return [result or {} for result in self._together(operation, items)]
        except BatchRefused as refused:
            if len(items) == 1:
                return [refused]
            middle = len(items) // 2
            return self._halved(operation, items[:middle]) + self._halved(operation, items[middle:])

    def _together(self, operation: Operation, items: Sequence[Mapping[str, object]]) -> list[Json | None]:
        """All items in one request, under aliases."""
        variables = {f"{name}_{index}": value for index, item in enumerate(items) for name, value in item.items()}
        points = operation.points * len(items)
        found = self._client.send(Call(aliased(operation, len(items)), variables, points, operation.is_write))
        with _understood(operation):
            return [found[f"r{index}"] for index in range(len(items))]


def _parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


@contextmanager
def _understood(operation: Operation) -> Iterator[None]:
    """JSON that is whole and not of the schema's shape is no answer: of a write, nobody knows then."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        what = f"The store answered {operation.file} in a form Offerwell does not know."
        if operation.is_write:
            raise FateUnknown(f"{what} {READ_BACK}") from error
        raise StoreError(f"{what} Offerwell tries again by itself.") from error


def _job_in(payload: Json) -> str:
    if job := payload["job"]:
        return str(job["id"])
    if errors := user_errors(payload):
        raise BatchRefused(f"The store refused these codes: {refusal_in(errors)}", permanent=True)
    raise FateUnknown(f"The store named no job for the change. {READ_BACK}")


def _operation_in(payload: Json) -> str:
    if operation := payload["bulkOperation"]:
        return str(operation["id"])
    errors = user_errors(payload)
    if any(error.code in AT_ITS_LIMIT for error in errors):
        reason = "The store works on as many files of changes as it can. Offerwell tries again by itself."
        raise StoreError(reason, retry_after=BUSY_SECONDS)
    if errors:
        is_passing = all(error.code in FILE_TROUBLE for error in errors)
        reason = f"The store refused the file of changes: {refusal_in(errors)}"
        raise BatchRefused(reason, permanent=not is_passing)
    raise FateUnknown(f"The store named no operation for the change. {READ_BACK}")


def _has_ended(poll: Json | None) -> bool:
    """Both kinds of job. However an operation ended, it changes nothing more."""
    if poll is None:
        return False
    return poll["status"] in ENDED if "status" in poll else bool(poll["done"])


def _most_frequent(kinds: Sequence[str]) -> str:
    if not kinds:
        raise BatchRefused(NONE_TO_CHANGE, permanent=True)
    return Counter(kinds).most_common(1)[0][0]


def _has_other_update(kind: str | None, main: str) -> bool:
    return kind != main and kind in documents.UPDATE_FOR_KIND


def _redated(ref: str, window: tuple[datetime, datetime | None]) -> Json:
    """The variables of an update to new dates."""
    return {"id": ref, "input": dates_input(*window)}


def _with_text(ref: str, text: str) -> Json:
    """The variables of an update to a new text. What is not named stays as it is."""
    return {"id": ref, "input": {"code": text}}


def _renamed(outcome: Json | BatchRefused) -> Renamed:
    if isinstance(outcome, BatchRefused):
        return Renamed(outcome.reason)
    errors = user_errors(outcome)
    return Renamed(refusal_in(errors) if errors else "", taken=any(is_taken(error) for error in errors))


def _lines(changes: Sequence[Json]) -> bytes:
    """One change a line. Raises BatchRefused for more than one file takes."""
    content = "".join(f"{json.dumps(change, separators=(',', ':'))}\n" for change in changes).encode()
    if len(content) > LARGEST_FILE_BYTES:
        raise BatchRefused("These are more changes than the store takes in one file.", permanent=True)
    return content


def _store_code(node: Json) -> StoreCode:
    discount = node["codeDiscount"]
    texts = [entry["code"] for entry in discount["codes"]["nodes"]]
    counted = (discount["codesCount"] or {}).get("count", 0)
    return StoreCode(
        ref=node["id"],
        status=WindowStatus(discount["status"].lower()),
        starts_at=_moment(discount["startsAt"]),
        ends_at=_moment(discount["endsAt"]),
        code=texts[0] if texts else "",
        title=discount["title"],
        codes_count=max(counted, len(texts)),
    )


def _as_typed(code: str, found: StoreCode | None) -> StoreCode | None:
    """A discount of several codes shows its first one: put the code that was looked up instead."""
    if found is None or found.code.casefold() == code.casefold():
        return found
    return StoreCode(found.ref, found.status, found.starts_at, found.ends_at, code, found.title, found.codes_count)


def _update_refusal(outcome: Json | BatchRefused) -> str:
    if isinstance(outcome, BatchRefused):
        return outcome.reason
    return refusal_in(user_errors(outcome))


def enum_of(topic: str) -> str:
    """discounts/update → DISCOUNTS_UPDATE."""
    return topic.replace("/", "_").upper()


def _topic_of(enum: str) -> str:
    """DISCOUNTS_UPDATE → discounts/update.

    The API does not name topics as deliveries do, and which underscore is the stroke follows no rule
    (bulk_operations/finish, discounts/redeemcode_added): those we ask for are known, others are told apart only.
    """
    return _TOPICS.get(enum) or enum.lower().replace("_", "/", 1)


_TOPICS = {enum_of(wanted.topic): wanted.topic for wanted in WANTED}


def _subscription(node: Json) -> Subscription:
    return Subscription(
        ref=str(node["id"]), topic=_topic_of(node["topic"]), address=str(node["uri"]),
        fields=tuple(str(field) for field in node["includeFields"] or ()),
    )  # fmt: skip


def _hook_refusal(outcome: Json | BatchRefused) -> str:
    if isinstance(outcome, BatchRefused):
        return outcome.reason
    errors = user_errors(outcome)
    if all(HOOK_TAKEN in error.message for error in errors):
        return ""
    return refusal_in(errors)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
