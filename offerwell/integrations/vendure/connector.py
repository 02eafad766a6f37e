"""Offerwell's store protocol in Vendure's words: one promotion per code, enabled or not, read back by id.

Source: the Admin API of Vendure 3.7, run and read. Why a status is what it is, and what two promotions with
one code mean: docs/adr/0017-vendure-status-and-codes.md.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, NoReturn, TypeVar
from urllib.parse import urlsplit

from offerwell.integrations.store import (
    AccessRefused,
    BatchRefused,
    CodeSpec,
    Created,
    DiscountKind,
    DiscountTerms,
    FateUnknown,
    Renamed,
    StoreCode,
    StoreError,
    StoreIdentity,
    WindowStatus,
)
from offerwell.integrations.vendure import documents
from offerwell.integrations.vendure.answers import GONE, NO_CHANNEL, Halted, sentence
from offerwell.integrations.vendure.client import AdminApi, Call
from offerwell.integrations.vendure.collections import VendureCollections
from offerwell.integrations.vendure.documents import Operation, aliased, text_of
from offerwell.integrations.vendure.orders import VendureOrders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from offerwell.integrations.graphql.answers import Json
    from offerwell.integrations.store import FoundCollection, OrderPage, ReadCollection
    from offerwell.integrations.vendure.addresses import Address
    from offerwell.rules.order_snapshot import OrderSnapshot

    Windows = Mapping[str, tuple[datetime, datetime | None]]

Item = TypeVar("Item")

AT_ONCE = 100
# Vendure's own cap on a list is 1,000 unless its owner lowered it; a page of 100 passes wherever one does.
PAGE = 100
# Vendure refuses longer patterns.
LONGEST_PATTERN = 100
# Vendure carries out an update before it answers: whoever asks for the job later is told that it has ended.
ENDED = "carried out"
GONE_SENTENCE = "The store has no such promotion any more. Activate the code to create it again."
# Of 100 codes or ids: more means that the server lists what nobody asked for.
MOST_LISTED = 10_000
TOO_MANY = (
    "The store lists far more promotions than it was asked for. Have its server looked at, then test the connection."
)
READ_BACK = "Offerwell reads the codes back before it tries again."


@dataclass(frozen=True, slots=True)
class Channel:
    """What is told apart by channel: the money's smallest unit, the language of names, prices with tax."""

    language: str
    prices_include_tax: bool
    digits: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one operation: its payload, nothing (carried out, its answer lost), or a refusal."""

    payload: Json | None = None
    refusal: str = ""
    code: str = ""


class VendureConnector:
    """One channel of a Vendure server. Fits `integrations.store.StoreConnector`."""

    batch_size: int = AT_ONCE
    # There is no job that sets many windows: `set_window` is always the way.
    redate_from: int = sys.maxsize
    # And none that creates many; Vendure would not refuse a code it has either.
    create_from: int = sys.maxsize

    def __init__(self, api: AdminApi, address: Address, clock: Callable[[], float]) -> None:
        self._api = api
        self._address = address
        self._clock = clock
        self._known_channel: Channel | None = None
        self._orders = VendureOrders(api)

    def identify(self) -> StoreIdentity:
        """The channel behind the login, and the login's permissions there. Vendure has no time zone: UTC.

        A server with one channel gives that whatever token it is asked for: another than ours is none.
        """
        found = self._ask(documents.CHANNEL, {})
        with _understood(documents.CHANNEL):
            channel = found["activeChannel"]
            if self._address.channel not in {"", channel["token"]}:
                raise AccessRefused(NO_CHANNEL, permanent=True)
            name = str((channel["seller"] or {}).get("name") or channel["code"])
            place, currency = urlsplit(self._address.endpoint).netloc, str(channel["defaultCurrencyCode"])
        scopes = self._tried_permissions() if self._api.has_key else self._permissions(channel["id"])
        return StoreIdentity(domain=place, name=name, currency=currency, timezone="UTC", scopes=scopes)

    def read(self, refs: Sequence[str]) -> Mapping[str, StoreCode | None]:
        """Each ref's promotion now; None where the store has none. A second look finds others with its code."""
        found: dict[str, Json] = {}
        for part in _parts(list(dict.fromkeys(refs)), AT_ONCE):
            rows = self._listed({"id": {"in": part}})
            with _understood(documents.LIST_PROMOTIONS):
                found |= {str(row["id"]): row for row in rows if str(row["id"]) in part}
        rivals = self._enabled_with_codes([row["couponCode"] for row in found.values() if row["couponCode"]])
        with _understood(documents.LIST_PROMOTIONS):
            shown = {ref: self._store_code(row, rivals[_key(row["couponCode"])]) for ref, row in found.items()}
        return {ref: shown.get(ref) for ref in refs}

    def find(self, codes: Sequence[str]) -> Mapping[str, StoreCode | None]:
        """Each code text's promotion, enabled or not, in whatever case it was typed there.

        Codes are not unique in Vendure: two with one code come as the older one, with the refusal.
        """
        holders = self._holders(codes)
        with _understood(documents.LIST_PROMOTIONS):
            return {code: self._found(holders[_key(code)]) for code in codes}

    def switch(self, refs: Sequence[str], *, active: bool) -> str:
        """Enable or disable; the id of a job that has ended. Off keeps the window, so that on finds it again.

        On, a window that would keep the promotion off all the same is opened: an end in the past goes, a start
        ahead becomes now. Promotions that are gone are passed over: read back, they tell. Raises BatchRefused
        after any other refusal; those before it were carried out, and asking for them again changes nothing.
        """
        if not 0 < len(refs) <= self.batch_size:
            raise ValueError(f"switch takes 1 to {self.batch_size} refs, not {len(refs)}")
        inputs = self._opened(refs) if active else [{"id": ref, "enabled": False} for ref in refs]
        outcomes = self._each(documents.UPDATE_PROMOTION, inputs)
        with _understood(documents.UPDATE_PROMOTION):
            refusals = [_refusal(outcome) for outcome in outcomes if outcome.code != GONE]
        if first := next(filter(None, refusals), ""):
            raise BatchRefused(f"The store refused the change: {first}", permanent=True)
        return ENDED

    def jobs_done(self, jobs: Sequence[str]) -> Mapping[str, bool]:
        """All of them: Vendure has no jobs for this. Nothing is asked."""
        return dict.fromkeys(jobs, True)

    def create(self, specs: Sequence[CodeSpec]) -> Sequence[Created]:
        """One promotion per spec, answers in order. Tags have no place in Vendure and are left out."""
        channel = self._channel()
        inputs = [_input(spec, channel) for spec in specs]
        wanted = [given for given in inputs if not isinstance(given, str)]
        outcomes = iter(self._each(documents.CREATE_PROMOTION, wanted))
        with _understood(documents.CREATE_PROMOTION):
            made = [Created(refusal=given) if isinstance(given, str) else _created(next(outcomes)) for given in inputs]
        return self._with_lost_refs(specs, made)

    def create_many(self, specs: Sequence[CodeSpec]) -> NoReturn:
        """Vendure takes no such job; `create` is the way."""
        raise BatchRefused(f"Vendure takes no job for {len(specs)} codes at once.", permanent=True)

    def created_by(self, job: str, codes: Sequence[str]) -> Sequence[Created | None]:  # noqa: ARG002  there are no jobs
        """Nothing is known of any: there are no such jobs."""
        return [None] * len(codes)

    def set_window(self, windows: Windows) -> Mapping[str, str]:
        """Give each ref its dates and enable it: a window is what makes a code active. Ref → refusal."""
        inputs = [
            {"id": ref, "enabled": True, "startsAt": _stamp(starts_at), "endsAt": _stamp(ends_at)}
            for ref, (starts_at, ends_at) in windows.items()
        ]
        outcomes = self._each(documents.UPDATE_PROMOTION, inputs)
        with _understood(documents.UPDATE_PROMOTION):
            return {ref: _told_refusal(outcome) for ref, outcome in zip(windows, outcomes, strict=True)}

    def rename(self, texts: Mapping[str, str]) -> Mapping[str, Renamed]:
        """Give each ref its code. Taken, where another promotion has the code: Vendure itself would not mind."""
        holders = self._holders(list(texts.values()))
        with _understood(documents.LIST_PROMOTIONS):
            taken = {
                ref: Renamed(refusal, taken=True)
                for ref, text in texts.items()
                if (refusal := _taken(ref, text, holders[_key(text)]))
            }
        free = [ref for ref in texts if ref not in taken]
        outcomes = self._each(documents.UPDATE_PROMOTION, [{"id": ref, "couponCode": texts[ref]} for ref in free])
        with _understood(documents.UPDATE_PROMOTION):
            told = {
                ref: Renamed(_told_refusal(outcome), is_gone=outcome.code == GONE)
                for ref, outcome in zip(free, outcomes, strict=True)
            }
        return taken | told

    def rename_together(self, texts: Mapping[str, str]) -> NoReturn:
        """Vendure takes no such job; `rename` is the way."""
        raise BatchRefused(f"Vendure takes no job for {len(texts)} new codes at once.", permanent=True)

    def redate(self, windows: Windows) -> NoReturn:
        """Vendure takes no such job; `set_window` is the way."""
        raise BatchRefused(f"Vendure takes no job for {len(windows)} windows at once.", permanent=True)

    def orders(self, refs: Sequence[str]) -> Mapping[str, OrderSnapshot | None]:
        """Each order as it is now, by id; None for none, a cart or a draft."""
        return self._orders.orders(refs)

    def orders_changed(self, since: datetime, cursor: str = "") -> OrderPage:
        """A page of the placed orders that changed since, oldest change first."""
        return self._orders.orders_changed(since, cursor)

    def collections_named(self, text: str) -> Sequence[FoundCollection]:
        """By id, slug or name. Fits `integrations.store.CollectionStore`."""
        return VendureCollections(self._api).named(text)

    def collection(self, ref: str, *, most: int) -> ReadCollection | None:
        """The collection now."""
        return VendureCollections(self._api).read(ref, most=most)

    def close(self) -> None:
        """Let the connections go."""
        self._api.close()

    # -- what is asked ------------------------------------------------------------------------------------------

    def _ask(self, operation: Operation, variables: Mapping[str, object]) -> Json:
        return self._api.send(Call(text_of(operation), variables, operation.is_write, operation.permission))

    def _listed(self, wanted: Mapping[str, object]) -> list[Json]:
        """Every promotion the filter matches, page after page in the order of their ids."""
        rows: list[Json] = []
        while True:
            options = {"filter": wanted, "sort": {"id": "ASC"}, "take": PAGE, "skip": len(rows)}
            found = self._ask(documents.LIST_PROMOTIONS, {"options": options})
            with _understood(documents.LIST_PROMOTIONS):
                page, total = found["promotions"]["items"], int(found["promotions"]["totalItems"])
                rows += page
                if not page or len(rows) >= total:
                    return rows
            if len(rows) > MOST_LISTED:
                raise StoreError(TOO_MANY, permanent=True)

    def _holders(self, codes: Sequence[str]) -> dict[str, list[Json]]:
        """Every promotion that has one of these codes, enabled or not, in any case; by code."""
        holders: dict[str, list[Json]] = defaultdict(list)
        for part in _parts(list(dict.fromkeys(codes)), AT_ONCE):
            rows = self._listed({"_or": [{"couponCode": {"regex": pattern}} for pattern in patterns_of(part)]})
            with _understood(documents.LIST_PROMOTIONS):
                for row in rows:
                    holders[_key(row["couponCode"])].append(row)
        return holders

    def _enabled_with_codes(self, codes: Iterable[str]) -> dict[str, list[Json]]:
        """The enabled promotions by code. Only the usual ways to write a code are asked for: that is quick.

        One whose code differs from ours in mixed case is found by `find`, before ours is made.
        """
        found: dict[str, list[Json]] = defaultdict(list)
        for part in _parts(list(dict.fromkeys(codes)), AT_ONCE):
            spelled = list(dict.fromkeys(way for code in part for way in (code, code.upper(), code.lower())))
            rows = self._listed({"couponCode": {"in": spelled}, "enabled": {"eq": True}})
            with _understood(documents.LIST_PROMOTIONS):
                for row in rows:
                    found[_key(row["couponCode"])].append(row)
        return found

    def _opened(self, refs: Sequence[str]) -> list[Json]:
        """The inputs that make promotions active now, whatever their windows are."""
        rows = {str(row["id"]): row for row in self._listed({"id": {"in": list(refs)}})}
        now = self._now()
        inputs = []
        for ref in refs:
            opened: Json = {"id": ref, "enabled": True}
            row = rows.get(ref, {})
            with _understood(documents.LIST_PROMOTIONS):
                starts_at, ends_at = _moment(row.get("startsAt")), _moment(row.get("endsAt"))
            if ends_at is not None and ends_at <= now:
                opened["endsAt"] = None
            if starts_at is not None and starts_at > now:
                opened["startsAt"] = _stamp(now)
            inputs.append(opened)
        return inputs

    def _each(self, operation: Operation, inputs: Sequence[Json]) -> list[Outcome]:
        """What became of each, in order. Where one is refused, those after it are asked for again."""
        outcomes: list[Outcome] = []
        while left := inputs[len(outcomes) : len(outcomes) + operation.per_request]:
            outcomes += self._some(operation, left)
        return outcomes

    def _some(self, operation: Operation, inputs: Sequence[Json]) -> list[Outcome]:
        """The outcomes of the first ones: of all, or up to one that was refused."""
        variables = {f"input_{index}": given for index, given in enumerate(inputs)}
        try:
            found = self._api.send(Call(aliased(operation, len(inputs)), variables, True, operation.permission))
        except Halted as halted:
            carried_out = [Outcome()] * halted.done
            return [*carried_out, Outcome(refusal=halted.refusal, code=halted.code)] if halted.code else carried_out
        with _understood(operation):
            return [Outcome(found[f"r{index}"]) for index in range(len(inputs))]

    def _with_lost_refs(self, specs: Sequence[CodeSpec], made: list[Created]) -> list[Created]:
        """Promotions that were made in a request whose answer only told of a later refusal: found by their codes."""
        lost = [index for index, one in enumerate(made) if not one.ref and not one.refusal]
        if not lost:
            return made
        found = self.find([specs[index].code for index in lost])
        for index in lost:
            own = found[specs[index].code]
            if own is None or own.title != specs[index].title:
                raise FateUnknown(f"The store does not show the code {specs[index].code} it made. {READ_BACK}")
            made[index] = Created(ref=own.ref)
        return made

    # -- what it means ------------------------------------------------------------------------------------------

    def _permissions(self, channel_id: str) -> frozenset[str]:
        found = self._ask(documents.PERMISSIONS, {})
        with _understood(documents.PERMISSIONS):
            own = [one["permissions"] for one in found["me"]["channels"] if one["id"] == channel_id]
            return frozenset(map(str, own[0] if own else ()))

    def _tried_permissions(self) -> frozenset[str]:
        """Of an API key, by asking for what cannot be done: a list of nothing, a promotion without a condition.

        Vendure looks at the permission first, and leaves no trace of the rest.
        """
        absurd = {"enabled": False, "conditions": [], "actions": [], "translations": []}
        tries = (
            (documents.LIST_PROMOTIONS, {"options": {"take": 1, "filter": {"id": {"in": []}}}}),
            (documents.CREATE_PROMOTION, {"input": absurd}),
            (documents.UPDATE_PROMOTION, {"input": {"id": "0", "enabled": False}}),
            (documents.LIST_ORDERS, {"options": {"take": 1, "filter": {"id": {"in": []}}}}),
        )
        return frozenset(
            operation.permission for operation, variables in tries if self._is_let_in(operation, variables)
        )

    def _is_let_in(self, operation: Operation, variables: Mapping[str, object]) -> bool:
        """Whatever else the server says to it comes after it has looked at the permission."""
        try:
            self._ask(operation, variables)
        except AccessRefused:
            return False
        except (Halted, FateUnknown):
            return True
        return True

    def _channel(self) -> Channel:
        if self._known_channel is None:
            found = self._ask(documents.CHANNEL, {})
            with _understood(documents.CHANNEL):
                told, server = found["activeChannel"], found["globalSettings"]["serverConfig"]
                self._known_channel = Channel(
                    str(told["defaultLanguageCode"]), bool(told["pricesIncludeTax"]),
                    int(server["moneyStrategyPrecision"]),
                )  # fmt: skip
        return self._known_channel

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def _found(self, holders: list[Json]) -> StoreCode | None:
        return self._store_code(holders[0], holders) if holders else None

    def _store_code(self, row: Json, with_code: Sequence[Json]) -> StoreCode:
        """`with_code` are promotions that have the same code, this one among them or not."""
        starts_at, ends_at = _moment(row["startsAt"]), _moment(row["endsAt"])
        return StoreCode(
            ref=str(row["id"]), status=_status(bool(row["enabled"]), starts_at, ends_at, self._now()),
            starts_at=starts_at, ends_at=ends_at, code=row["couponCode"] or "", title=str(row["name"]),
            refusal=_why_not(row, [other for other in with_code if other["id"] != row["id"]]),
        )  # fmt: skip


def patterns_of(codes: Sequence[str]) -> list[str]:
    """Patterns that match exactly these codes in any case, as few as Vendure's limit on their length allows.

    A code too long for a pattern is matched by its beginning; whoever asks compares the whole.
    """
    patterns: list[str] = []
    group = ""
    for code in codes:
        quoted = re.sub(r"([.^$*+?()\[\]{}|\\])", r"\\\1", code)
        if len(f"^({quoted})$") > LONGEST_PATTERN:
            patterns.append("^" + re.sub(r"[^A-Za-z0-9]", ".", code[: LONGEST_PATTERN - 1]))
        elif group and len(f"^({group}|{quoted})$") <= LONGEST_PATTERN:
            group = f"{group}|{quoted}"
        else:
            patterns += [f"^({group})$"] if group else []
            group = quoted
    return patterns + ([f"^({group})$"] if group else [])


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


def _status(
    enabled: bool, starts_at: datetime | None, ends_at: datetime | None, now: datetime
) -> WindowStatus:  # fmt: skip
    """A disabled promotion is refused at checkout like one that has ended, and that is what we call it."""
    if not enabled or (ends_at is not None and ends_at <= now):
        return WindowStatus.EXPIRED
    if starts_at is not None and starts_at > now:
        return WindowStatus.SCHEDULED
    return WindowStatus.ACTIVE


def _why_not(row: Json, others: Sequence[Json]) -> str:
    if not row["couponCode"]:
        return (
            f"The promotion “{row['name']}” has no coupon code any more in the store: switched on, it would apply to "
            "every order. Give it its code again there, then retry."
        )
    if not others:
        return ""
    named = ", ".join(f"“{other['name']}” (id {other['id']})" for other in others[:3])
    return (
        f"More than one promotion in the store has the code {row['couponCode']}: also {named}. Shoppers would get "
        "either. Delete the others there or change their codes, then retry."
    )


def _taken(ref: str, text: str, holders: Sequence[Json]) -> str:
    """Why this promotion cannot have the code; empty when nobody else has it."""
    others = [f"“{row['name']}” (id {row['id']})" for row in holders if str(row["id"]) != ref]
    if not others:
        return ""
    return (
        f"The code {text} cannot be given back: another promotion in the store has it now, {others[0]}. "
        "Delete that one there or change its code, then retry."
    )


def _refusal(outcome: Outcome) -> str:
    """The refusal of an update, empty when it was carried out."""
    if outcome.refusal or outcome.payload is None:
        return outcome.refusal
    if outcome.payload["__typename"] == "Promotion":
        return ""
    return sentence(str(outcome.payload["message"]))


def _told_refusal(outcome: Outcome) -> str:
    return GONE_SENTENCE if outcome.code == GONE else _refusal(outcome)


def _created(outcome: Outcome) -> Created:
    if refusal := _refusal(outcome):
        return Created(refusal=refusal)
    return Created(ref=str(outcome.payload["id"]) if outcome.payload is not None else "")


def _input(spec: CodeSpec, channel: Channel) -> Json | str:
    """The promotion to make, or the sentence why Vendure cannot have it."""
    if unfit := spec.terms.beyond_whole_orders:
        return (
            f"A Vendure store takes percent and amount off the whole order from Offerwell, not {unfit}. "
            "Take the store out of the offer, or change its discount."
        )
    return {
        "enabled": True,
        "couponCode": spec.code,
        "startsAt": _stamp(spec.starts_at),
        "endsAt": _stamp(spec.ends_at),
        "usageLimit": spec.terms.usage_limit,
        "perCustomerUsageLimit": 1 if spec.terms.once_per_customer else None,
        "conditions": _conditions(spec.terms, channel),
        "actions": [_action(spec.terms, channel)],
        "translations": [{"languageCode": channel.language, "name": spec.title, "description": ""}],
    }


def _action(terms: DiscountTerms, channel: Channel) -> Json:
    if terms.kind is DiscountKind.PERCENT:
        return _operation("order_percentage_discount", discount=f"{terms.value:f}")
    return _operation("order_fixed_discount", discount=_minor_units(terms.value, channel))


def _conditions(terms: DiscountTerms, channel: Channel) -> list[Json]:
    """A minimum is meant as shoppers see it: with tax where the channel's prices have it."""
    if terms.minimum is None:
        return []
    with_tax = "true" if channel.prices_include_tax else "false"
    amount = _minor_units(terms.minimum, channel)
    return [_operation("minimum_order_amount", amount=amount, taxInclusive=with_tax)]


def _operation(code: str, **arguments: str) -> Json:
    return {"code": code, "arguments": [{"name": name, "value": value} for name, value in arguments.items()]}


def _minor_units(amount: Decimal, channel: Channel) -> str:
    """Vendure keeps every currency with the same number of digits, which it tells."""
    return str(int((amount * 10**channel.digits).to_integral_value(ROUND_HALF_EVEN)))


def _key(code: str | None) -> str:
    return (code or "").casefold()


def _parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _stamp(moment: datetime | None) -> str | None:
    """Whole seconds, as the other stores keep them."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
