"""The store as a whole: its shop, credentials, discounts, jobs, webhooks, imports and faults."""

from __future__ import annotations

import random
import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from offerwell.sandbox.book import DiscountBook
from offerwell.sandbox.bucket import Bucket, Pacing
from offerwell.sandbox.faults import FaultKind, Faults
from offerwell.sandbox.imports import ImportDesk
from offerwell.sandbox.installation import Installations
from offerwell.sandbox.jobs import Action, JobQueue
from offerwell.sandbox.orders import OrderBook
from offerwell.sandbox.request_log import RequestLog
from offerwell.sandbox.shelf import Shelf
from offerwell.sandbox.subscriptions import Subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN_SECONDS = 86_399  # what the client-credentials grant states
SCOPES = (
    "read_discounts",
    "write_discounts",
    "read_orders",
    "read_products",
)


@dataclass(slots=True)
class Credentials:
    """The keys of the shop's app."""

    client_id: str
    client_secret: str

    @classmethod
    def random(cls) -> Credentials:
        """Make new ones in the form Shopify gives."""
        return cls(secrets.token_hex(16), f"shpss_{secrets.token_hex(16)}")


@dataclass(frozen=True, slots=True)
class Settings:
    """How the store behaves where the real one differs from shop to shop."""

    shop: str = "offerwell-sandbox.myshopify.com"
    shop_name: str = "Offerwell Sandbox"
    currency: str = "USD"
    pacing: Pacing = Pacing.STANDARD
    job_seconds: float = 0.3
    import_seconds: float | None = None  # as long as a job unless given; a real one-line import took 3 s [recorded]
    index_seconds: float = 0.0
    throttle_status: int = 200


@dataclass(slots=True)
class Store:
    """Everything the sandbox store knows."""

    settings: Settings = field(default_factory=Settings)
    clock: Callable[[], float] = time.time
    credentials: Credentials = field(default_factory=Credentials.random)
    chance: random.Random = field(default_factory=random.Random)
    granted: tuple[str, ...] = SCOPES
    tokens: dict[str, float] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    log: RequestLog = field(default_factory=RequestLog)
    shelf: Shelf = field(default_factory=Shelf)
    installations: Installations = field(init=False)
    tellers: list[Callable[[str, str, dict[str, object]], None]] = field(default_factory=list)
    book: DiscountBook = field(init=False)
    jobs: JobQueue = field(init=False)
    hooks: Subscriptions = field(init=False)
    imports: ImportDesk = field(init=False)
    orders: OrderBook = field(init=False)

    def __post_init__(self) -> None:
        """Build the parts that share the clock."""
        self.installations = Installations(self.clock, self.tokens)
        self.book = DiscountBook(self.clock)
        self.jobs = JobQueue(self.book, self.clock)
        self.hooks = Subscriptions(self.clock, self.book.number)
        self.imports = ImportDesk(self.clock, self.book.number)
        self.orders = OrderBook(self.clock, self.book.number, self.book)
        self.orders.tell = self.tell

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the app may do."""
        return self.granted

    def tell(self, topic: str, enum_name: str, body: dict[str, object]) -> None:
        """Tell the subscribers to a topic of something that is no change of a discount."""
        for teller in self.tellers:
            teller(topic, enum_name, body)

    def uninstall(self) -> None:
        """Take the app out of the shop: it is told, and has nothing there any more. Calming the faults installs it."""
        self.tell("app/uninstalled", "APP_UNINSTALLED", {"id": 92_891_250_994, "myshopify_domain": self.settings.shop})
        self.hooks.by_number.clear()
        self.tokens.clear()
        self.installations.forget()
        self.faults.arm({"kind": FaultKind.TOKEN_REVOKED.value})

    def issue_token(self) -> str:
        """Give out an access token of 24 hours, and forget those that have run out."""
        for old in [token for token, ends in self.tokens.items() if ends <= self.clock()]:
            del self.tokens[old]
            self.buckets.pop(old, None)
        token = f"shpat_{secrets.token_hex(16)}"
        self.tokens[token] = self.clock() + TOKEN_SECONDS
        return token

    def token_lives(self, token: str) -> bool:
        """Tell whether a token is good now."""
        return self.tokens.get(token, 0.0) > self.clock()

    def bucket(self, token: str) -> Bucket:
        """Answer the bucket of a token."""
        if token not in self.buckets:
            self.buckets[token] = Bucket(self.settings.pacing, self.clock)
        return self.buckets[token]

    def promise_job(self, gid: str | None, action: Action, numbers: tuple[int, ...], tags: tuple[str, ...] = ()) -> str:
        """Accept a bulk change, slowed or halved by a fault; answer the job's id."""
        half = self.faults.strike(FaultKind.HALF_FAILED_JOB, action.value, mutation=True)
        touched = numbers[: len(numbers) // 2] if half else numbers
        job_id = gid or f"gid://shopify/Job/{uuid.UUID(int=self.chance.getrandbits(128), version=4)}"
        wait = self.settings.job_seconds + self.slowed_by(action.value)
        self.jobs.promise(job_id, action, touched, self.clock() + wait, tags)
        return job_id

    def due_after_job(self) -> float:
        """Answer when work promised now is done."""
        return self.clock() + self.settings.job_seconds + self.slowed_by("add_codes")

    def due_after_import(self) -> float:
        """Answer when an import accepted now may end."""
        seconds = self.settings.import_seconds
        wait = self.settings.job_seconds if seconds is None else seconds
        return self.clock() + wait + self.slowed_by("import")

    def slowed_by(self, work: str) -> float:
        """Answer how much longer a fault makes some work take."""
        slow = self.faults.strike(FaultKind.SLOW_JOB, work, mutation=True)
        return (slow.seconds or 30.0) if slow else 0.0
