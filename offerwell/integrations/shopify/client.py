"""Sends one GraphQL request to a store and gives its data: paced, retried where that is safe, never guessing.

A request that may act (a mutation) is sent again only when it is certain that the store did not act
on it: no connection, throttled, token refused. Any other trouble with it is a FateUnknown.
"""

from __future__ import annotations

import json
import logging
import random
import time
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from offerwell.integrations.graphql.answers import Doubt, Json, parsed
from offerwell.integrations.graphql.retry import Retries
from offerwell.integrations.graphql.wire import Answer, BadStatus, NoAnswer, NotSent, get_lines, post
from offerwell.integrations.shopify.answers import (
    RECONNECT,
    Throttled,
    TokenRefused,
    cost_of,
    result_of,
)
from offerwell.integrations.shopify.upload import as_form, judge_upload
from offerwell.integrations.store import AGAIN, AccessRefused, BatchRefused, FateUnknown, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import httpx

    from offerwell.integrations.shopify.credentials import Credentials
    from offerwell.integrations.shopify.pacing import CostBucket
    from offerwell.integrations.shopify.upload import UploadPlace

log = logging.getLogger(__name__)

Report = TypeVar("Report")

# How long a throttled request is pressed before the caller is told to come back later.
PATIENCE_SECONDS = 120.0
USER_AGENT = "Offerwell"


@dataclass(frozen=True, slots=True)
class Call:
    """One request: its text, its variables, its price in points, and whether it may act."""

    document: str
    variables: Mapping[str, object]
    points: int
    is_write: bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with its answer, for whoever examines a store."""

    call: Call
    answer: Answer
    payload: Json | None
    answered_at: float


Watch: TypeAlias = "Callable[[Exchange], None]"


class AdminClient:
    """One store's Admin API. May be shared between threads."""

    def __init__(
        self,
        endpoint: str,
        credentials: Credentials,
        bucket: CostBucket,
        http: httpx.Client,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        rng: random.Random | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._watch = watch
        self._endpoint = endpoint
        self._credentials = credentials
        self._bucket = bucket
        self._http = http
        self._clock = clock
        self._sleep = sleep
        self._retries = Retries(sleep, rng or random.Random())  # noqa: S311 - jitter, not a secret

    def send(self, call: Call) -> Json:
        """The `data` of the answer. Raises the errors of `integrations.store`."""
        return self._retries.run(lambda: self._accepted(call))

    def upload(self, place: UploadPlace, content: bytes) -> None:
        """Put the file there, without our credentials. Raises BatchRefused when it was not taken."""
        body, content_type = as_form(place, content)
        self._retries.run(lambda: self._uploaded(place.url, body, content_type))

    def read_report(self, url: str, read: Callable[[Iterable[bytes]], Report]) -> Report:
        """What `read` makes of the report's lines, as they come; fetched without our credentials.

        Raises StoreError where it is not given out, or not whole. It may be fetched again.
        """
        return self._retries.run(lambda: self._report_read(url, read))

    def _report_read(self, url: str, read: Callable[[Iterable[bytes]], Report]) -> Report:
        headers = {"Accept-Encoding": "gzip", "User-Agent": USER_AGENT}
        try:
            return read(get_lines(self._http, url, headers, self._clock))
        except (NotSent, NoAnswer, BadStatus) as error:
            is_gone = isinstance(error, BadStatus) and error.status < HTTPStatus.INTERNAL_SERVER_ERROR
            reason = f"The store's report on its changes could not be read: {error}. Offerwell looks the codes up."
            raise StoreError(reason, permanent=is_gone) from error

    def close(self) -> None:
        """Close the connections to the store."""
        self._http.close()

    def _uploaded(self, url: str, body: bytes, content_type: str) -> None:
        """One try. A broken one may be repeated: the same file comes to the same place."""
        headers = {"Content-Type": content_type, "Accept-Encoding": "gzip", "User-Agent": USER_AGENT}
        try:
            answer = post(self._http, url, body, headers, self._clock)
        except (NotSent, NoAnswer) as error:
            reason = f"The file of changes did not reach the store's storage: {error}. Nothing was changed."
            raise BatchRefused(reason) from error
        judge_upload(answer)

    def _accepted(self, call: Call) -> Json:
        """Press on while the store only says "slow down"; a first refused token is renewed."""
        waited, rounds, was_renewed = 0.0, 0, False
        while True:
            token = self._credentials.token()
            try:
                return self._judged(call, token)
            except Throttled as busy:
                rounds += 1
                waited += self._step_back(busy, rounds, waited)
                call = replace(call, points=max(call.points, busy.requested))
            except TokenRefused as error:
                if was_renewed or not self._credentials.refused(token):
                    raise AccessRefused(_no_access(error.status), permanent=True) from error
                was_renewed = True

    def _judged(self, call: Call, token: str) -> Json:
        try:
            answer = self._answer(call, token)
            payload = parsed(answer)
            self._learn(payload)
            if self._watch is not None:
                self._watch(Exchange(call, answer, payload, self._clock()))
            return result_of(answer, payload)
        except NotSent as error:
            raise StoreError(f"The store could not be reached: {error}. {AGAIN}") from error
        except NoAnswer as error:
            raise _in_doubt(call, Doubt(str(error))) from error
        except Doubt as error:
            raise _in_doubt(call, error) from error

    def _answer(self, call: Call, token: str) -> Answer:
        wait = self._bucket.reserve(call.points, self._clock())
        if wait > 0:
            self._sleep(wait)
        body = json.dumps({"query": call.document, "variables": dict(call.variables)}).encode()
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",  # others unpack a little into very much at once
            "User-Agent": USER_AGENT,
            "X-Shopify-Access-Token": token,
        }
        return post(self._http, self._endpoint, body, headers, self._clock)

    def _learn(self, payload: Json | None) -> None:
        if cost := cost_of(payload):
            self._bucket.learn(cost.available, cost.maximum, cost.restore_rate, self._clock())

    def _step_back(self, busy: Throttled, rounds: int, waited: float) -> float:
        """Sleep, and give the seconds slept. The bucket's own wait comes on top, at the next reservation."""
        pause = self._retries.pause(rounds) if busy.retry_after is None else busy.retry_after
        if waited + pause > PATIENCE_SECONDS:
            reason = f"The store has been busy for {waited:.0f} seconds. {AGAIN}"
            raise StoreError(reason, retry_after=max(pause, 60.0)) from busy
        log.info("store_throttled endpoint=%s pause=%.2f", self._endpoint, pause)
        self._sleep(pause)
        return pause


def _in_doubt(call: Call, doubt: Doubt) -> StoreError:
    """A read that went wrong did nothing; of a write nobody knows."""
    if not call.is_write:
        return StoreError(f"The store gave no usable answer: {doubt.what}. {AGAIN}", retry_after=doubt.retry_after)
    reason = f"Whether the store did it is not known: {doubt.what}. Offerwell reads it back first."
    return FateUnknown(reason, retry_after=doubt.retry_after)


def _no_access(status: int) -> str:
    return f"The store refuses Offerwell's access (HTTP {status}). {RECONNECT}"
