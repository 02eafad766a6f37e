"""One request to a store: time-outs, no redirects, a cap on the answer's size. Knows nothing of GraphQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TIMEOUTS = httpx.Timeout(30.0, connect=5.0, pool=5.0)
LONGEST_ANSWER_SECONDS = 120.0
LARGEST_ANSWER_BYTES = 20 * 1024 * 1024
# A report has a line of a few hundred bytes for each line of a file of 20 MB at most.
LARGEST_REPORT_BYTES = 64 * 1024 * 1024
LONGEST_LINE_BYTES = 1024 * 1024
LONGEST_RETRY_AFTER = 900.0


class NotSent(Exception):
    """No connection was made: the store has certainly not seen the request."""


class NoAnswer(Exception):
    """The request left, and no whole answer came back."""


class BadStatus(Exception):
    """A file was not given out: the HTTP status says why."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer. `retry_after` in seconds, where the store gave it. Names in `headers` are in lower case."""

    status: int
    body: bytes
    retry_after: float | None = None
    location: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def date(self) -> str:
        """The store's clock, as it wrote it."""
        return self.headers.get("date", "")

    @property
    def version(self) -> str:
        """The version of Shopify's API that answered."""
        return self.headers.get("x-shopify-api-version", "")


def new_http(*, loopback: bool) -> httpx.Client:
    """A connection pool for one store. Proxy settings of the machine hold, except for this machine itself."""
    return httpx.Client(timeout=TIMEOUTS, follow_redirects=False, trust_env=not loopback)


def post(http: httpx.Client, url: str, body: bytes, headers: Mapping[str, str], clock: Callable[[], float]) -> Answer:
    """Send once. Raises NotSent or NoAnswer; any HTTP status is an answer."""
    try:
        with http.stream(
            "POST", url, content=body, headers=dict(headers), timeout=TIMEOUTS, follow_redirects=False
        ) as response:
            return Answer(
                response.status_code,
                _whole_body(response, clock),
                _retry_after(response.headers.get("Retry-After", ""), clock()),
                response.headers.get("Location", ""),
                dict(response.headers),
            )
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
        raise NotSent(_plain(error)) from error
    except httpx.HTTPError as error:
        raise NoAnswer(_plain(error)) from error


def get_lines(http: httpx.Client, url: str, headers: Mapping[str, str], clock: Callable[[], float]) -> Iterator[bytes]:
    """The lines of a file as they come. Raises NotSent, NoAnswer, or BadStatus before the first one."""
    try:
        with http.stream(
            "GET", url, headers=dict(headers), timeout=TIMEOUTS, follow_redirects=False
        ) as response:  # fmt: skip
            if response.status_code != httpx.codes.OK:
                raise BadStatus(response.status_code)
            yield from _lines(_pieces(response, LARGEST_REPORT_BYTES, clock))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
        raise NotSent(_plain(error)) from error
    except httpx.HTTPError as error:
        raise NoAnswer(_plain(error)) from error


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Whole lines; what follows the last line feed too, which a broken file cuts off."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > LONGEST_LINE_BYTES:
            raise NoAnswer("a line of the report is longer than 1 MB")
        yield from (line for line in whole if line.strip())
    if rest.strip():
        yield rest


def _whole_body(response: httpx.Response, clock: Callable[[], float]) -> bytes:
    """All of it, or NoAnswer."""
    return b"".join(_pieces(response, LARGEST_ANSWER_BYTES, clock))


def _pieces(response: httpx.Response, most: int, clock: Callable[[], float]) -> Iterator[bytes]:
    """The body as it comes, or NoAnswer: httpx limits the time between two bytes, not that of the whole."""
    length, deadline = 0, clock() + LONGEST_ANSWER_SECONDS
    for piece in response.iter_bytes():
        length += len(piece)
        if length > most:
            raise NoAnswer(f"the answer is larger than {most // 1024 // 1024} MB")
        if clock() > deadline:
            raise NoAnswer(f"the answer was not complete after {LONGEST_ANSWER_SECONDS:.0f} seconds")
        yield piece


def _retry_after(text: str, now: float) -> float | None:
    """Seconds, from either form of the header; None when absent or unreadable."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = (moment - datetime.fromtimestamp(now, UTC)).total_seconds() if moment.tzinfo else 0.0
    # A NaN fails every comparison, so it is refused here too.
    return min(seconds, LONGEST_RETRY_AFTER) if seconds >= 0 else None


_WORDS: tuple[tuple[type[httpx.HTTPError], str], ...] = (
    (httpx.ConnectTimeout, "no connection within 5 seconds"),
    (httpx.PoolTimeout, "all connections to it are in use"),
    (httpx.ProxyError, "the proxy of this server refused the connection"),
    (httpx.ConnectError, "no connection"),
    (httpx.TimeoutException, "no answer within 30 seconds"),
    (httpx.DecodingError, "the answer is damaged"),
)


def _plain(error: httpx.HTTPError) -> str:
    return next((words for kind, words in _WORDS if isinstance(error, kind)), "the connection broke")
