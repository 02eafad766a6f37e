"""What Offerwell asks of any store: the connector protocol, its values and its errors.

A connector speaks to one store. It knows nothing of workspaces, offers or tables. Every
method may raise `StoreError`; after `FateUnknown` the request may still take effect later.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from offerwell.rules.discount_terms import DiscountKind, DiscountTerms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from offerwell.rules.order_snapshot import OrderSnapshot

# The values of a spec, named here too: a connector needs nothing but this module.
__all__ = ["DiscountKind", "DiscountTerms"]

AGAIN = "Offerwell tries again by itself."
"""The next step where a person has none. Whoever asked at once, and gave up, leaves it out."""


class StoreError(Exception):
    """The store did not do what was asked, and it is certain that it never will for this request.

    `reason` is one plain sentence for a person, with the next step. `permanent` is True when
    asking again cannot help until a person acts. `retry_after` is in seconds, when the store says.
    """

    def __init__(self, reason: str, *, permanent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.retry_after = retry_after


class FateUnknown(StoreError):
    """No answer, or a broken one: the request may have been carried out, or may be later."""


class AccessRefused(StoreError):
    """The store refuses our credentials: revoked, expired or short of a scope. Stops the store."""


class BatchRefused(StoreError):
    """The store refused the whole batch because of some of it: split it and try the halves."""


class WindowStatus(StrEnum):
    """What a store says of a discount: derived there from its dates against the clock."""

    ACTIVE = "active"
    SCHEDULED = "scheduled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class CodeSpec:
    """One discount to create: exactly one code. Times are aware; `ends_at=None` means no end."""

    code: str
    title: str
    terms: DiscountTerms
    starts_at: datetime
    ends_at: datetime | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreCode:
    """One discount as the store shows it now. `ref` is the store's own id (Shopify: the gid).

    `codes_count` > 1 means that switching it would switch codes that are not ours.
    `code` may be empty when the read does not return it (reads by ref).
    `refusal` says in one sentence, with the next step, why nobody but a person may decide on this discount:
    it is then neither confirmed nor written. Empty: nothing stands against it.
    """

    ref: str
    status: WindowStatus
    starts_at: datetime | None
    ends_at: datetime | None
    code: str = ""
    title: str = ""
    codes_count: int = 1
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Created:
    """`ref` of the discount made for a spec, or the store's `refusal` sentence; never both.

    `taken` says that the refusal is "this code exists already": look it up before calling it a conflict.
    """

    ref: str = ""
    refusal: str = ""
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Renamed:
    """What became of one rename: done, or the store's `refusal` sentence.

    `taken`: another discount has the text. `is_gone`: there is no such discount any more.
    """

    refusal: str = ""
    taken: bool = False
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class StoreIdentity:
    """Who answers: shown when a person connects a store."""

    domain: str
    name: str
    currency: str
    timezone: str
    scopes: frozenset[str]


class StoreConnector(Protocol):
    """One store.

    Sequences may have any length: a connector splits by the store's own limits, except `switch`, which
    is one request and takes at most `batch_size` refs (ValueError above).
    """

    batch_size: int
    redate_from: int
    """From so many windows on, `redate` is cheaper than `set_window`, and `rename_together` than `rename`."""
    create_from: int
    """From so many specs on, `create_many` is cheaper than `create` (none ever: a number no store reaches).

    A store that offers this must refuse a code it has already, as `Created.taken` says: codes that were
    never tried are then created without a look-up first.
    """

    def identify(self) -> StoreIdentity:
        """The shop behind the credentials, and the scopes they carry."""

    def read(self, refs: Sequence[str]) -> Mapping[str, StoreCode | None]:
        """Each ref's discount now; None where the store has none (deleted, or never there)."""

    def find(self, codes: Sequence[str]) -> Mapping[str, StoreCode | None]:
        """Each code text's discount, looked up as a shopper would type it (case-insensitively)."""

    def switch(self, refs: Sequence[str], *, active: bool) -> str:
        """Ask for all refs to become active or inactive. Gives the id of an asynchronous job.

        Raises BatchRefused when the store rejects the batch as a whole.
        """

    def jobs_done(self, jobs: Sequence[str]) -> Mapping[str, bool]:
        """Which of these jobs ended. A job says nothing of single codes: read them back."""

    def create(self, specs: Sequence[CodeSpec]) -> Sequence[Created]:
        """One discount per spec, answers in the same order. Looks nothing up by itself."""

    def create_many(self, specs: Sequence[CodeSpec]) -> str:
        """Ask for one discount per spec, all of one `terms.kind`; gives the id of an asynchronous job.

        Poll it by `jobs_done`, like a switch; what became of each code then says `created_by`. Raises any
        StoreError but FateUnknown and AccessRefused when the store takes no such job, now or ever; nothing is
        under way then, and `create` may still do it. Who loses the job's id loses nothing: a code that was
        created is found by its text.
        """

    def created_by(self, job: str, codes: Sequence[str]) -> Sequence[Created | None]:
        """What became of each spec of an ended job; `codes` are the texts of its specs, in the same order.

        None: the job does not tell (it broke off, or its report is not whole). It has ended, so nothing
        more comes of it: look the code up before it is created again. Changes nothing; may be asked again.
        """

    def set_window(self, windows: Mapping[str, tuple[datetime, datetime | None]]) -> Mapping[str, str]:
        """Give each ref its start and end. Answers ref → refusal sentence, empty when done."""

    def redate(self, windows: Mapping[str, tuple[datetime, datetime | None]]) -> str:
        """Ask for many windows at once; gives the id of an asynchronous job, for `jobs_done` like a switch.

        A job says nothing of single codes: read them back. Raises BatchRefused when the store takes
        no such job now; nothing is under way then, and `set_window` may still do it.
        """

    def rename(self, texts: Mapping[str, str]) -> Mapping[str, Renamed]:
        """Give each ref's single code another text. It keeps its id, its status, its window and its terms."""

    def rename_together(self, texts: Mapping[str, str]) -> str:
        """Ask for many renames at once; gives the id of an asynchronous job, like `redate`."""

    def close(self) -> None:
        """Let the connections go; the connector is not used afterwards."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One webhook subscription of ours. `ref` is the store's own id; no `fields` means the whole payload."""

    ref: str
    topic: str
    address: str
    fields: tuple[str, ...] = ()


@runtime_checkable
class WebhookStore(Protocol):
    """A store that tells of its changes by webhooks: a capability apart from `StoreConnector`.

    Topics are named as deliveries name them ("discounts/update").
    """

    def subscriptions(self) -> Sequence[Subscription]:
        """Every subscription the store has for our app, made by whichever installation."""

    def subscribe(self, topics: Mapping[str, Sequence[str]], address: str) -> Mapping[str, str]:
        """Have each topic delivered there, with these fields. Answers topic → refusal, empty when it is there."""

    def unsubscribe(self, refs: Sequence[str]) -> None:
        """Take subscriptions away; one that is gone already is well."""


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Some orders, oldest change first, and where to go on (empty: there are no more)."""

    orders: Sequence[OrderSnapshot]
    cursor: str


@runtime_checkable
class OrderStore(Protocol):
    """A store that tells its orders: a capability apart from `StoreConnector`. Refs are as its webhooks name orders."""

    def orders(self, refs: Sequence[str]) -> Mapping[str, OrderSnapshot | None]:
        """Each order as it is now; None where the store has none."""

    def orders_changed(self, since: datetime, cursor: str = "") -> OrderPage:
        """A page of the orders that changed at or after `since`. Raises StoreError, also for a cursor it lost."""


@dataclass(frozen=True, slots=True)
class FoundCollection:
    """A collection as the store names it. `ref` is the store's own id."""

    ref: str
    title: str
    handle: str = ""


@dataclass(frozen=True, slots=True)
class ReadCollection:
    """A collection with its products now: (ref, title) as lines of orders name them; empty what they do not tell.

    `count` is how many there are; above the number asked for, `products` is empty: they were not read.
    """

    title: str
    count: int
    products: Sequence[tuple[str, str]] = ()


@runtime_checkable
class CollectionStore(Protocol):
    """A store that tells which products are in a collection: a capability apart from `StoreConnector`."""

    def collections_named(self, text: str) -> Sequence[FoundCollection]:
        """Every collection whose id, handle or title is this text, whatever the case."""

    def collection(self, ref: str, *, most: int) -> ReadCollection | None:
        """The collection now, with its products unless there are more than `most`; None where the store has none."""

    def close(self) -> None:
        """Let the connections go."""
