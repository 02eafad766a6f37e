"""Examine a store: look at it, and on consent run one throw-away discount through everything the sync relies on.

What is found is compared with `rules/store_expectations.py`, so that a store that behaves otherwise than the sandbox is
known before a brand's codes are on it. The throw-away code has one name per store: a run that was killed leaves
something that the next one finds and removes. Source: shopify.md §6.3.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from offerwell.actions.connect_store import SCOPED_KINDS, missing_scopes
from offerwell.actions.record_event import record_event
from offerwell.actions.store_connection import open_examined_store
from offerwell.integrations.shopify import API_VERSION
from offerwell.integrations.shopify.answers import cost_of
from offerwell.integrations.store import (
    AccessRefused,
    CodeSpec,
    DiscountKind,
    DiscountTerms,
    StoreCode,
    StoreError,
    WindowStatus,
)
from offerwell.rules import store_expectations as expect
from offerwell.rules.store_expectations import Expectation, Finding, finding, skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from offerwell.integrations.shopify.client import Exchange
    from offerwell.integrations.store import StoreIdentity
    from offerwell.integrations.store_examination import ExaminedStore
    from offerwell.models import Store
    from offerwell.rules.permissions import Actor

TITLE = "Offerwell doctor (throw-away, safe to delete)"
# Live for seconds, and worth nothing to whoever guesses it: 1 % above a sum nobody spends.
_TERMS = DiscountTerms(DiscountKind.PERCENT, Decimal(1), minimum=Decimal(1_000_000), usage_limit=1)
_LOOK_EVERY = 0.25
_JOB_PATIENCE, _READ_PATIENCE = 120.0, 15.0
_CLEAN_ATTEMPTS = 3
_NOW_MEANS = timedelta(seconds=5)


class CannotBeExamined(Exception):
    """The doctor does not know this kind of store."""


class LeftOver(Exception):
    """The throw-away discount could not be removed."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"The throw-away code {code} may still be in the store: {reason}")


@dataclass(slots=True)
class Examination:
    """What was seen. `measured` holds figures that are neither right nor wrong."""

    identity: StoreIdentity
    findings: list[Finding] = field(default_factory=list)
    measured: dict[str, object] = field(default_factory=dict)

    @property
    def differences(self) -> list[Finding]:
        """Where the store is not as the sandbox."""
        return [one for one in self.findings if one.verdict is expect.Verdict.DIFFERS]


def throw_away_code(store: Store) -> str:
    """The one code that the doctor makes in this store; another installation of Offerwell makes another."""
    named = hmac.new(settings.SECRET_KEY.encode(), f"doctor {store.pk}".encode(), hashlib.sha256).hexdigest()
    return f"OFFERWELL-DOCTOR-{named[:10].upper()}"


def look_at_store(*, store: Store) -> Examination:
    """Read only. Raises StoreError where the store does not answer, CannotBeExamined for a kind nobody knows."""
    with closing(_opened(store, seen := Seen())) as asked:
        return _looked(asked, seen)


def examine_store(*, store: Store, by: Actor, at: datetime) -> Examination:
    """Look, then take one throw-away discount through everything. It is removed in the end, or LeftOver raised."""
    code = throw_away_code(store)
    with closing(_opened(store, seen := Seen())) as asked:
        examination = _looked(asked, seen)
        if missing_scopes(examination.identity.scopes):
            examination.findings += [skipped(one, "a scope is missing") for one in expect.WRITING]
            return examination
        with transaction.atomic():
            record_event(
                workspace_id=store.workspace_id, kind="store_examined", subject=f"store:{store.pk}",
                facts={"label": store.label, "code": code}, by=by, at=at,
            )  # fmt: skip
        examination.measured["removed_before"] = _removed(asked, code, [])
        made: list[str] = []
        probe = Probe(asked, code, made, skew=timedelta(seconds=seen.skew()))
        try:
            examination.findings += probe.run()
        finally:
            _clean(asked, code, made)
        examination.measured |= probe.measures()
        examination.findings = _with_costs(examination.findings, seen)
    return examination


def _opened(store: Store, seen: Seen) -> ExaminedStore:
    if store.kind not in SCOPED_KINDS:
        raise CannotBeExamined(f"{store.label} is a {store.get_kind_display()} store, which the doctor does not know.")
    return open_examined_store(store, seen.see)


# -- look -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Seen:
    """Every answer of the store, for what stands beside its data."""

    exchanges: list[Exchange] = field(default_factory=list)

    def see(self, exchange: Exchange) -> None:
        """Keep it."""
        self.exchanges.append(exchange)

    def skew(self) -> float:
        """Seconds by which the store's clock is ahead. Its header has whole seconds, so half a one is in the middle."""
        ahead = []
        for one in self.exchanges:
            with contextlib.suppress(ValueError):
                ahead.append(parsedate_to_datetime(one.answer.date).timestamp() + 0.5 - one.answered_at)
        return min(ahead, key=abs) if ahead else 0.0

    def versions(self) -> set[str]:
        """Which versions of the API answered."""
        return {one.answer.version for one in self.exchanges if one.answer.version}

    def wrong_costs(self) -> list[str]:
        """Operations that cost other points than we reserved for them."""
        wrong = {}
        for one in self.exchanges:
            cost = cost_of(one.payload)
            if cost is not None and cost.requested != one.call.points:
                name = one.call.document.partition("(")[0].partition("{")[0].split()[-1]
                wrong[name] = f"{name} {cost.requested} instead of {one.call.points}"
        return list(wrong.values())

    def bucket(self) -> tuple[float, float]:
        """Its size and what it restores a second; zeros where the store does not say."""
        costs = [cost for one in self.exchanges if (cost := cost_of(one.payload))]
        return (costs[-1].maximum, costs[-1].restore_rate) if costs else (0.0, 0.0)


def _looked(asked: ExaminedStore, seen: Seen) -> Examination:
    examination = Examination(asked.identify())
    missing = missing_scopes(examination.identity.scopes)
    examination.findings.append(finding(expect.SCOPES, _all_or(missing, "missing"), same=not missing))
    examination.findings.append(_operations(asked))
    examination.measured["webhook_subscriptions"] = _told(asked.count_subscriptions)
    examination.measured["currency"], examination.measured["timezone"] = (
        examination.identity.currency, examination.identity.timezone,
    )  # fmt: skip
    if not missing:
        asked.read(["gid://shopify/DiscountCodeNode/1"])
        asked.find([f"OFFERWELL-DOCTOR-{int(time.time())}"])
    size, rate = examination.measured["bucket_points"], examination.measured["points_a_second"] = seen.bucket()
    seconds = size / rate if rate else 0.0
    examination.findings.append(finding(expect.BUCKET, f"{seconds:g} s", same=abs(seconds - 20) < 0.5))  # noqa: PLR2004
    examination.findings.append(_version(seen))
    examination.findings.append(_clock(seen, examination))
    return Examination(examination.identity, _with_costs(examination.findings, seen), examination.measured)


def _with_costs(findings: list[Finding], seen: Seen) -> list[Finding]:
    """The findings with the costs of everything that was asked so far."""
    wrong = seen.wrong_costs()
    told = finding(expect.COSTS, _all_or(wrong, "otherwise"), same=not wrong)
    return [*(one for one in findings if one.expectation is not expect.COSTS), told]


def _operations(asked: ExaminedStore) -> Finding:
    try:
        unknown = asked.unknown_fields()
    except AccessRefused:
        raise
    except StoreError as error:
        return skipped(expect.OPERATIONS, error.reason)
    words = [f"{one.what} in {one.operation}{' (deprecated)' if one.is_deprecated else ''}" for one in unknown]
    seen = _all_or(words, "not there") if words else f"all {asked.operations_count()} operations"
    return finding(expect.OPERATIONS, seen, same=not words)


def _version(seen: Seen) -> Finding:
    versions = seen.versions()
    if not versions:
        return skipped(expect.VERSION, "the store does not say")
    same = versions == {API_VERSION}
    told = API_VERSION if same else f"{', '.join(sorted(versions))} instead of {API_VERSION}"
    return finding(expect.VERSION, told, same=same)


def _clock(seen: Seen, examination: Examination) -> Finding:
    skew = seen.skew()
    examination.measured["clock_ahead_seconds"] = round(skew, 1)
    same = abs(skew) <= expect.MOST_SKEW_SECONDS
    seen_as = expect.CLOCK.expected if same else f"{abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
    return finding(expect.CLOCK, seen_as, same=same)


def _told(question: Callable[[], int]) -> object:
    """A figure, or why there is none: nothing depends on it."""
    try:
        return question()
    except AccessRefused:
        raise
    except StoreError as error:
        return error.reason


def _all_or(wrong: Sequence[str], how: str) -> str:
    return f"{how}: {', '.join(wrong)}" if wrong else "all"


# -- try ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Probe:
    """One throw-away discount on its way through the store. `made` holds whatever was created, for cleaning up."""

    asked: ExaminedStore
    code: str
    made: list[str]
    skew: timedelta
    jobs: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)

    def run(self) -> list[Finding]:
        """Every step that can be taken, in order."""
        starts_at = _whole(datetime.now(UTC) - timedelta(hours=1))
        created = self._step(expect.CREATED, lambda: self._create(starts_at))
        if not self.made:
            return [created, *(skipped(one, "nothing was created") for one in expect.WRITING if one != expect.CREATED)]
        steps: list[tuple[Expectation, Callable[[], Finding]]] = [
            (expect.CREATED_SHOWN, self._created_is_shown),
            (expect.CODE_TAKEN, lambda: self._taken(expect.CODE_TAKEN, self.code)),
            (expect.CASE_TAKEN, lambda: self._taken(expect.CASE_TAKEN, self.code.lower())),
            (expect.DEACTIVATED, self._deactivate),
            (expect.DEACTIVATED_AGAIN, lambda: self._again(expect.DEACTIVATED_AGAIN, active=False)),
            (expect.ACTIVATED, self._activate),
            (expect.ACTIVATED_AGAIN, lambda: self._again(expect.ACTIVATED_AGAIN, active=True)),
            (expect.FOUND, self._find),
            (expect.WINDOW, self._redate),
            (expect.SCHEDULED, self._schedule),
            (expect.STARTED_EARLY, self._start_early),
            (expect.DELETED, self._delete),
        ]
        found = [created, *(self._step(expectation, step) for expectation, step in steps)]
        return [*found, self._slowest(expect.JOB_TIME, self.jobs), self._slowest(expect.LAG, self.lags)]

    def measures(self) -> dict[str, object]:
        """How long jobs took, and how late reads showed what was done."""
        return {
            "job_seconds": [round(one, 2) for one in self.jobs],
            "read_lag_seconds": [round(one, 2) for one in self.lags],
        }

    def _step(self, expectation: Expectation, step: Callable[[], Finding]) -> Finding:
        """A step whose request fails is a difference, with the reason as what was seen."""
        try:
            return step()
        except AccessRefused:
            raise
        except StoreError as error:
            return finding(expectation, error.reason, same=False)

    def _slowest(self, expectation: Expectation, seconds: list[float]) -> Finding:
        if not seconds:
            return skipped(expectation, "nothing to measure")
        limit = expect.LONGEST_JOB_SECONDS if expectation is expect.JOB_TIME else expect.LONGEST_LAG_SECONDS
        return finding(expectation, f"{max(seconds):.1f} s at most", same=max(seconds) <= limit)

    def _create(self, starts_at: datetime) -> Finding:
        [created] = self.asked.create([CodeSpec(self.code, TITLE, _TERMS, starts_at)])
        if created.ref:
            self.made.append(created.ref)
        return finding(expect.CREATED, created.refusal or "created", same=bool(created.ref))

    def _created_is_shown(self) -> Finding:
        shown, late = self._read_until(lambda code: code is not None and code.status is WindowStatus.ACTIVE)
        said = "nothing" if shown is None else f"{shown.status}{_after(late)}"
        return finding(expect.CREATED_SHOWN, said, same=said == "active")

    def _taken(self, expectation: Expectation, text: str) -> Finding:
        [second] = self.asked.create([CodeSpec(text, TITLE, _TERMS, _whole(datetime.now(UTC)))])
        if second.ref:
            self.made.append(second.ref)
        said = "taken" if second.taken else second.refusal or "a second discount was created"
        return finding(expectation, said, same=second.taken)

    def _deactivate(self) -> Finding:
        before, asked_at = self._read(), datetime.now(UTC)
        self._switch(active=False)
        shown, _ = self._read_until(lambda code: code is not None and code.status is WindowStatus.EXPIRED)
        is_now = shown is not None and self._is_now(shown.ends_at, asked_at)
        same = (
            shown is not None and shown.status is WindowStatus.EXPIRED and is_now and _starts(shown) == _starts(before)
        )
        return finding(expect.DEACTIVATED, expect.DEACTIVATED.expected if same else _window(shown), same=same)

    def _activate(self) -> Finding:
        before = self._read()
        self._switch(active=True)
        shown, _ = self._read_until(lambda code: code is not None and code.status is WindowStatus.ACTIVE)
        same = shown is not None and shown.status is WindowStatus.ACTIVE and shown.ends_at is None
        same = same and _starts(shown) == _starts(before)
        return finding(expect.ACTIVATED, expect.ACTIVATED.expected if same else _window(shown), same=same)

    def _again(self, expectation: Expectation, *, active: bool) -> Finding:
        before = self._read()
        time.sleep(1.1)  # the store keeps whole seconds: a moved end must be seen
        self._switch(active=active)
        shown = self._read()
        same = shown is not None and shown == before
        return finding(expectation, expectation.expected if same else _window(shown), same=same)

    def _find(self) -> Finding:
        asked = (self.code, self.code.lower(), self.code.title())
        found = self.asked.find(asked)
        missing = [text for text in asked if (seen := found.get(text)) is None or seen.ref not in self.made]
        return finding(expect.FOUND, f"not found: {', '.join(missing)}" if missing else "found", same=not missing)

    def _redate(self) -> Finding:
        now = _whole(datetime.now(UTC))
        return self._windowed(expect.WINDOW, now - timedelta(hours=2), now + timedelta(days=30), WindowStatus.ACTIVE)

    def _schedule(self) -> Finding:
        now = _whole(datetime.now(UTC))
        return self._windowed(
            expect.SCHEDULED, now + timedelta(days=1), now + timedelta(days=2), WindowStatus.SCHEDULED
        )

    def _windowed(
        self, expectation: Expectation, starts_at: datetime, ends_at: datetime, status: WindowStatus
    ) -> Finding:
        refusal = self.asked.set_window({self._ref: (starts_at, ends_at)})[self._ref]
        if refusal:
            return finding(expectation, refusal, same=False)
        shown, _ = self._read_until(
            lambda code: (
                code is not None and (code.starts_at, code.ends_at, code.status) == (starts_at, ends_at, status)
            )
        )
        same = shown is not None and (shown.starts_at, shown.ends_at, shown.status) == (starts_at, ends_at, status)
        return finding(expectation, expectation.expected if same else _window(shown), same=same)

    def _start_early(self) -> Finding:
        before, asked_at = self._read(), datetime.now(UTC)
        self._switch(active=True)
        shown, _ = self._read_until(lambda code: code is not None and code.status is WindowStatus.ACTIVE)
        same = (
            shown is not None and before is not None and shown.status is WindowStatus.ACTIVE
            and self._is_now(shown.starts_at, asked_at) and shown.ends_at == before.ends_at
        )  # fmt: skip
        return finding(expect.STARTED_EARLY, expect.STARTED_EARLY.expected if same else _window(shown), same=same)

    def _delete(self) -> Finding:
        if refusal := self.asked.delete(self._ref):
            return finding(expect.DELETED, refusal, same=False)
        shown, _ = self._read_until(lambda code: code is None)
        found = self.asked.find([self.code])[self.code]
        still = [how for how, there in (("by id", shown), ("by code", found)) if there is not None]
        return finding(expect.DELETED, f"still there {' and '.join(still)}" if still else "gone", same=not still)

    @property
    def _ref(self) -> str:
        return self.made[0]

    def _read(self) -> StoreCode | None:
        return self.asked.read([self._ref])[self._ref]

    def _read_until(self, is_right: Callable[[StoreCode | None], bool]) -> tuple[StoreCode | None, float]:
        """What a read shows once it is right, or at last; and how late."""
        began = time.monotonic()
        shown = self._read()
        while not is_right(shown) and time.monotonic() - began < _READ_PATIENCE:
            time.sleep(_LOOK_EVERY)
            shown = self._read()
        late = 0.0 if is_right(shown) and time.monotonic() - began < _LOOK_EVERY else time.monotonic() - began
        self.lags.append(late)
        return shown, late

    def _switch(self, *, active: bool) -> None:
        began = time.monotonic()
        job = self.asked.switch([self._ref], active=active)
        while not self.asked.jobs_done([job])[job]:
            if time.monotonic() - began > _JOB_PATIENCE:
                raise StoreError(f"The job was not done after {_JOB_PATIENCE:.0f} seconds.")
            time.sleep(_LOOK_EVERY)
        self.jobs.append(time.monotonic() - began)

    def _is_now(self, moment: datetime | None, asked_at: datetime) -> bool:
        """Between our question and now, by our clock or the store's."""
        ahead, behind = max(self.skew, timedelta()), min(self.skew, timedelta())
        earliest, latest = asked_at + behind - _NOW_MEANS, datetime.now(UTC) + ahead + _NOW_MEANS
        return moment is not None and earliest <= moment <= latest


# -- clean up -------------------------------------------------------------------------------------------------------


def _clean(asked: ExaminedStore, code: str, made: Sequence[str]) -> None:
    """Remove everything, or raise LeftOver."""
    for attempt in range(_CLEAN_ATTEMPTS):
        try:
            _removed(asked, code, made)
        except StoreError as error:
            if attempt == _CLEAN_ATTEMPTS - 1:
                raise LeftOver(code, error.reason) from error
        else:
            return


def _removed(asked: ExaminedStore, code: str, made: Sequence[str]) -> int:
    """Delete what we made and what an earlier run left; a discount of that code that is not ours is left alone."""
    refs = [ref for ref, there in asked.read(list(made)).items() if there is not None] if made else []
    left = asked.find([code])[code]
    if left is not None and left.ref not in refs and left.title == TITLE and left.codes_count == 1:
        refs.append(left.ref)
    for ref in refs:
        if refusal := asked.delete(ref):
            raise StoreError(refusal, permanent=True)
    return len(refs)


def _whole(moment: datetime) -> datetime:
    """Stores keep whole seconds."""
    return moment.replace(microsecond=0)


def _starts(code: StoreCode | None) -> datetime | None:
    return None if code is None else code.starts_at


def _after(seconds: float) -> str:
    return f" after {seconds:.1f} s" if seconds else ""


def _window(code: StoreCode | None) -> str:
    """What is shown, for a difference."""
    if code is None:
        return "no discount"
    starts, ends = (f"{moment:%Y-%m-%d %H:%M:%S}" if moment else "none" for moment in (code.starts_at, code.ends_at))
    return f"{code.status}, start {starts}, end {ends}"
