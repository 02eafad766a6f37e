"""Work the store does after it has answered: bulk changes and the adding of codes.

A job is kept as data, not as a closure, so that a restart finishes it. Its effect comes when its time has come; how
long real jobs take is not recorded, so the delay is a setting (assumed 0.3 s).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from offerwell.sandbox.discounts import RedeemCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from offerwell.sandbox.book import DiscountBook


class Action(StrEnum):
    """What a job does to each of its discounts."""

    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    DELETE = "delete"
    TAG = "tag"
    UNTAG = "untag"


@dataclass(frozen=True, slots=True)
class Job:
    """A bulk change that has been promised; `numbers` are the discounts it will touch."""

    gid: str
    action: Action
    numbers: tuple[int, ...]
    due: float
    tags: tuple[str, ...] = ()
    serial: int = 0


@dataclass(slots=True)
class CodeCreation:
    """The adding of many codes to one discount, with a result for each code."""

    number: int
    discount_number: int
    codes: tuple[str, ...]
    due: float
    created_at: int
    done: bool = False
    results: list[RedeemCode | str] = field(default_factory=list)
    typename: str = "DiscountRedeemCodeBulkCreation"

    @property
    def gid(self) -> str:
        """The global id."""
        return f"gid://shopify/DiscountRedeemCodeBulkCreation/{self.number}"

    @property
    def imported(self) -> int:
        """How many codes were added."""
        return sum(isinstance(result, RedeemCode) for result in self.results)


class JobQueue:
    """Promised jobs; `settle` does the ones whose time has come."""

    def __init__(self, book: DiscountBook, clock: Callable[[], float]) -> None:
        """Work on this book, by this clock."""
        self.book = book
        self.clock = clock
        self.pending: dict[int, Job] = {}
        self.creations: dict[int, CodeCreation] = {}
        self.open_creations: list[CodeCreation] = []
        self.known: dict[str, float] = {}
        self.serial = 0

    def promise(
        self, gid: str, action: Action, numbers: tuple[int, ...], due: float, tags: tuple[str, ...] = ()
    ) -> Job:
        """Accept a job; several with the same id count as one job [recorded]."""
        self.serial += 1
        job = Job(gid, action, numbers, due, tags, self.serial)
        self.keep(job)
        return job

    def keep(self, job: Job) -> None:
        """Hold a job until it is due (also used when a saved state is read)."""
        self.serial = max(self.serial, job.serial)
        self.pending[job.serial] = job
        self.known[job.gid] = max(self.known.get(job.gid, 0.0), job.due)

    def done(self, gid: str) -> bool | None:
        """Say whether a job has ended; None when there never was one."""
        due = self.known.get(gid)
        return None if due is None else due <= self.clock()

    def settle(self) -> list[Job]:
        """Do everything that is due, in the order promised; answer the jobs done."""
        now = self.clock()
        due = [job for job in self.pending.values() if job.due <= now]
        for job in due:
            del self.pending[job.serial]
            for number in job.numbers:
                self.apply(job, number)
        for creation in [item for item in self.open_creations if item.due <= now]:
            self.open_creations.remove(creation)
            self.import_codes(creation)
        return due

    def apply(self, job: Job, number: int) -> None:
        """Do a job's action to one discount; one deleted meanwhile is passed over (assumed: a Job has no errors)."""
        discount = self.book.by_number.get(number)
        if discount is None:
            return
        if job.action is Action.ACTIVATE:
            self.book.activate(discount)
        elif job.action is Action.DEACTIVATE:
            self.book.deactivate(discount)
        elif job.action is Action.DELETE:
            self.book.delete(discount)
        else:
            self.book.retag(discount, job.tags, add=job.action is Action.TAG)

    def add_codes(self, creation: CodeCreation) -> None:
        """Accept the adding of codes."""
        self.creations[creation.number] = creation
        self.open_creations.append(creation)

    def import_codes(self, creation: CodeCreation) -> None:
        """Add the codes one by one; a bad one does not stop its siblings [recorded]."""
        creation.done = True
        discount = self.book.by_number.get(creation.discount_number)
        seen: set[str] = set()
        for code in creation.codes:
            if code.lower() in seen:
                creation.results.append("Codes must be unique within BulkDiscountCodeCreation")
                continue
            seen.add(code.lower())
            gone = discount is None
            creation.results.append("Code discount does not exist." if gone else self.book.add_code(discount, code))  # type: ignore[arg-type]
        if discount is not None and creation.imported:
            self.book.touch(discount)
