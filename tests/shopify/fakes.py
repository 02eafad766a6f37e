"""A clock that only sleep moves, and a store that answers by script: for what no server here yields."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from offerwell.integrations.graphql.tokens import MemoryTokens
from offerwell.integrations.shopify import ShopifyConnector, connect
from offerwell.integrations.shopify.pacing import MemoryBucket

if TYPE_CHECKING:
    from collections.abc import Callable

START = 1_800_000_000.0


@dataclass
class FakeTime:
    """Unix seconds. Every sleep is written down."""

    now: float = START
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class ScriptedStore:
    """Answers each GraphQL request with the next step, the last one for ever; tokens are numbered."""

    steps: list[httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]]
    requests: list[httpx.Request] = field(default_factory=list)
    grants: list[httpx.Request] = field(default_factory=list)
    grant_steps: list[httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]] = field(
        default_factory=list
    )

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/admin/oauth/access_token":
            self.grants.append(request)
            return self._grant()
        self.requests.append(request)
        return _played(self.steps[min(len(self.requests), len(self.steps)) - 1], request)

    def _grant(self) -> httpx.Response:
        if self.grant_steps:
            step = self.grant_steps[min(len(self.grants), len(self.grant_steps)) - 1]
            return _played(step, self.grants[-1])
        token = {"access_token": f"token-{len(self.grants)}", "scope": "write_discounts", "expires_in": 86399}
        return httpx.Response(200, json=token)

    def tokens_sent(self) -> list[str]:
        return [request.headers["X-Shopify-Access-Token"] for request in self.requests]

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]


def _played(
    step: httpx.Response | Exception | Callable[[httpx.Request], httpx.Response], request: httpx.Request
) -> httpx.Response:
    if isinstance(step, Exception):
        raise step
    if isinstance(step, httpx.Response):
        # Played again from its bytes: a response can be read once.
        return httpx.Response(step.status_code, headers=step.headers, content=step.content)
    return step(request)


def connector_to(
    store: ScriptedStore, time: FakeTime, *, token: str = "", bucket: MemoryBucket | None = None
) -> ShopifyConnector:
    return connect(
        "glow-lab.myshopify.com",
        "" if token else "client-1",
        "" if token else "secret-1",
        token=token,
        bucket=bucket or MemoryBucket(),
        tokens=MemoryTokens(),
        http=httpx.Client(transport=httpx.MockTransport(store)),
        clock=time.clock,
        sleep=time.sleep,
        rng=random.Random(7),
    )


def cost(requested: int, available: float, maximum: float = 2000, rate: float = 100) -> dict[str, Any]:
    status = {"maximumAvailable": maximum, "currentlyAvailable": available, "restoreRate": rate}
    return {"cost": {"requestedQueryCost": requested, "actualQueryCost": requested, "throttleStatus": status}}


def good(data: dict[str, Any], extensions: dict[str, Any] | None = None) -> httpx.Response:
    return httpx.Response(200, json={"data": data, "extensions": extensions or cost(1, 1990)})


def job_answer(number: int = 1) -> httpx.Response:
    job = {"id": f"gid://shopify/Job/{number}"}
    return good({"discountCodeBulkDeactivate": {"job": job, "userErrors": []}})


def error_answer(code: str, message: str = "No.", **rest: object) -> httpx.Response:
    return httpx.Response(200, json={"errors": [{"message": message, "extensions": {"code": code}}], **rest})


def throttled(requested: int, available: float) -> httpx.Response:
    return error_answer("THROTTLED", "Throttled", extensions=cost(requested, available))


def gid(number: int) -> str:
    return f"gid://shopify/DiscountCodeNode/{number}"
