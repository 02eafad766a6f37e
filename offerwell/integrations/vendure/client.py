"""Sends one GraphQL request to a Vendure server and gives its data: retried where that is safe, never guessing.

A request that may act is sent again only when it is certain that the server did not act on it: no connection,
HTTP 429, a session that was refused. Any other trouble with it is a FateUnknown.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.integrations.graphql.answers import Doubt, Json, parsed
from offerwell.integrations.graphql.retry import Retries
from offerwell.integrations.graphql.wire import Answer, NoAnswer, NotSent, post
from offerwell.integrations.store import AGAIN, AccessRefused, FateUnknown, StoreError
from offerwell.integrations.vendure.answers import RECONNECT, Halted, NoAccess, result_of
from offerwell.integrations.vendure.credentials import CHANNEL_HEADER, ApiKey
from offerwell.integrations.vendure.documents import NEEDED_PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from offerwell.integrations.vendure.addresses import Address
    from offerwell.integrations.vendure.credentials import Credentials

USER_AGENT = "Offerwell"


@dataclass(frozen=True, slots=True)
class Call:
    """One request: its text, its variables, whether it may act, and the permission it takes."""

    document: str
    variables: Mapping[str, object]
    is_write: bool
    permission: str = ""


class AdminApi:
    """One channel of one server's Admin API. May be shared between threads."""

    def __init__(
        self,
        address: Address,
        credentials: Credentials,
        http: httpx.Client,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        rng: random.Random | None = None,
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._http = http
        self._clock = clock
        self._retries = Retries(sleep, rng or random.Random())  # noqa: S311 - jitter, not a secret

    def send(self, call: Call) -> Json:
        """The `data` of the answer. Raises Halted for a write, and the errors of `integrations.store`."""
        return self._retries.run(lambda: self._accepted(call))

    @property
    def has_key(self) -> bool:
        """Whether an API key opens the server, of which nobody can ask what it may do."""
        return isinstance(self._credentials, ApiKey)

    def close(self) -> None:
        """Close the connections to the server."""
        self._http.close()

    def _accepted(self, call: Call) -> Json:
        """A session that is refused is bought anew, once."""
        was_renewed = False
        while True:
            token = self._credentials.token()
            try:
                return self._judged(call, token)
            except NoAccess as error:
                if was_renewed or not self._credentials.refused(token):
                    raise AccessRefused(self._no_access(call), permanent=True) from error
                was_renewed = True

    def _judged(self, call: Call, token: str) -> Json:
        try:
            answer = self._answer(call, token)
            return result_of(answer, parsed(answer))
        except NotSent as error:
            raise StoreError(f"The store could not be reached: {error}. {AGAIN}") from error
        except NoAnswer as error:
            raise _in_doubt(call, Doubt(str(error))) from error
        except Doubt as error:
            raise _in_doubt(call, error) from error
        except Halted as halted:
            if call.is_write:
                raise
            raise StoreError(f"The store refused the question: {halted.refusal}", permanent=True) from halted

    def _answer(self, call: Call, token: str) -> Answer:
        asked = {"query": call.document, "variables": dict(call.variables)}
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",  # others unpack a little into very much at once
            "User-Agent": USER_AGENT,
            **self._credentials.headers(token),
        }
        if self._address.channel:
            headers[CHANNEL_HEADER] = self._address.channel
        # Names in their own letters: an escape is six bytes, and the server counts bytes.
        body = json.dumps(asked, ensure_ascii=False, separators=(",", ":")).encode()
        return post(self._http, self._address.endpoint, body, headers, self._clock)

    def _no_access(self, call: Call) -> str:
        """A session was bought just now and is refused: then it is the permission."""
        wanted = [*dict.fromkeys((*NEEDED_PERMISSIONS, *filter(None, [call.permission])))]
        needed = f"{', '.join(wanted[:-1])} and {wanted[-1]}"
        if self.has_key:
            lacks = f", or it lacks the permission {call.permission}" if call.permission else ""
            return f"The store refuses the API key{lacks}. {RECONNECT} Its role needs {needed}."
        lacks = f" the permission {call.permission}" if call.permission else " access to this channel"
        return f"The login works, and lacks{lacks}. Give its role in Vendure {needed}, then test the connection."


def _in_doubt(call: Call, doubt: Doubt) -> StoreError:
    """A read that went wrong did nothing; of a write nobody knows."""
    if not call.is_write:
        return StoreError(f"The store gave no usable answer: {doubt.what}. {AGAIN}", retry_after=doubt.retry_after)
    reason = f"Whether the store did it is not known: {doubt.what}. Offerwell reads it back first."
    return FateUnknown(reason, retry_after=doubt.retry_after)
