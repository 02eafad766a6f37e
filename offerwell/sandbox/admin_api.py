"""The Admin API over HTTP: access tokens and GraphQL, with the faults that strike here."""

from __future__ import annotations

import asyncio
import hmac
import json
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from offerwell.sandbox.engine import Answered, Question, answer
from offerwell.sandbox.faults import Fault, FaultKind
from offerwell.sandbox.installation import ACCESS_SECONDS
from offerwell.sandbox.registry import Call
from offerwell.sandbox.scalars import show_datetime
from offerwell.sandbox.schema import VERSIONS
from offerwell.sandbox.store import TOKEN_SECONDS, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

WRONG_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"  # noqa: S105  # a text
ERROR_PAGE = (
    "<!DOCTYPE html><html><head><title>Something went wrong</title></head><body><h1>{status}</h1></body></html>"
)
GRANTS = ("client_credentials", "authorization_code", "refresh_token")
DEFAULT_TIMEOUT = 30.0
DEFAULT_STALENESS = 5.0


@dataclass(frozen=True, slots=True)
class Struck:
    """The faults that strike one request."""

    throttle: Fault | None = None
    before: Fault | None = None
    timeout: Fault | None = None
    after: Fault | None = None
    html: Fault | None = None
    truncated: Fault | None = None
    stale: Fault | None = None

    @property
    def name(self) -> str | None:
        """The first of them, for the list of calls."""
        faults = (self.throttle, self.before, self.timeout, self.after, self.html, self.truncated, self.stale)
        return next((fault.kind.value for fault in faults if fault), None)


class AdminApi:
    """The endpoints a client of the real store uses."""

    def __init__(self, store: Store, save: Callable[[], None]) -> None:
        """Serve this store; `save` is called before a change is answered."""
        self.store = store
        self.save = save

    # ---- tokens ------------------------------------------------------------

    async def access_token(self, request: Request) -> Response:
        """The three grants, as JSON or as a form (the refusals' words and statuses are assumed)."""
        given = await read_pairs(request)
        grant = str(given.get("grant_type") or ("authorization_code" if given.get("code") else ""))
        keys = self.store.credentials
        if grant not in GRANTS:
            return self.token_answer(
                400, {"error": "unsupported_grant_type", "error_description": f"Use one of {', '.join(GRANTS)}."}
            )
        good_id = hmac.compare_digest(str(given.get("client_id", "")), keys.client_id)
        good_secret = hmac.compare_digest(str(given.get("client_secret", "")), keys.client_secret)
        if not (good_id and good_secret) or self.store.faults.strike(FaultKind.TOKEN_REVOKED, "access_token"):
            description = "Client authentication failed."
            return self.token_answer(401, {"error": "invalid_client", "error_description": description})
        if grant != "client_credentials":
            return await self.installed_answer(grant, given)
        token = self.store.issue_token()
        self.save()
        scope = ",".join(self.store.scopes)
        return self.token_answer(200, {"access_token": token, "scope": scope, "expires_in": TOKEN_SECONDS})

    async def installed_answer(self, grant: str, given: Mapping[str, Any]) -> Response:
        """Tokens for a code or a refresh token."""
        if fault := self.store.faults.strike_named(FaultKind.ERROR_BEFORE_EFFECT, grant):
            return self.lost_answer(grant, fault, fault.status or 503)
        installations = self.store.installations
        if grant == "refresh_token":
            pair = installations.refresh(str(given.get("refresh_token", "")))
        else:
            is_expiring = str(given.get("expiring", "0")) in {"1", "true", "True"}
            pair = installations.exchange(str(given.get("code", "")), expiring=is_expiring)
        self.save()
        if pair is None:
            description = "The code or refresh token is unknown, expired, revoked or was used."
            return self.token_answer(400, {"error": "invalid_grant", "error_description": description}, grant)
        if fault := self.store.faults.strike_named(FaultKind.TIMEOUT, grant):
            await asyncio.sleep(fault.seconds or DEFAULT_TIMEOUT)
        if fault := self.store.faults.strike_named(FaultKind.ERROR_AFTER_EFFECT, grant):
            return self.lost_answer(grant, fault, fault.status or 502)
        body: dict[str, object] = {"access_token": pair.access, "scope": ",".join(self.store.scopes)}
        if pair.refresh is not None:
            body |= {"expires_in": ACCESS_SECONDS, "refresh_token": pair.refresh.value}
            body["refresh_token_expires_in"] = max(0, round(pair.refresh.ends_at - self.store.clock()))
        return self.token_answer(200, body, grant)

    def lost_answer(self, grant: str, fault: Fault, status: int) -> Response:
        """A page instead of the tokens."""
        self.note(operation=grant, mutation=False, cost=None, status=status, fault=fault.kind.value)
        return HTMLResponse(ERROR_PAGE.format(status=status), status)

    def token_answer(self, status: int, body: Mapping[str, object], operation: str = "access_token") -> Response:
        """Answer the grant and enter it in the list of calls."""
        self.note(operation=operation, mutation=False, cost=None, status=status)
        return JSONResponse(dict(body), status)

    # ---- GraphQL -----------------------------------------------------------

    async def graphql(self, request: Request) -> Response:
        """Answer a GraphQL request."""
        store = self.store
        store.jobs.settle()
        version = request.path_params["version"]
        if version not in VERSIONS:
            self.note(operation="graphql", mutation=False, cost=None, status=404)
            return JSONResponse({"errors": "Not Found"}, 404)
        token = request.headers.get("x-shopify-access-token", "")
        if not store.token_lives(token):
            self.note(operation="graphql", mutation=False, cost=None, status=401)
            return JSONResponse({"errors": WRONG_TOKEN}, 401)
        question = read_question(await request.body())
        if question is None:
            self.note(operation="graphql", mutation=False, cost=None, status=400)
            return JSONResponse({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        answer = await self.ask(question, token, version, base_url(request))
        answer.headers["X-Shopify-API-Version"] = version
        answer.headers["Date"] = self.date()
        return answer

    def date(self) -> str:
        """The store's own time, or the wrong one of a fault."""
        skew = self.store.faults.strike(FaultKind.CLOCK_SKEW, "date")
        return formatdate(self.store.clock() + ((skew.seconds or 0.0) if skew else 0.0), usegmt=True)

    async def ask(self, question: Question, token: str, version: str, base: str) -> Response:
        """Answer a good request, unless a fault strikes."""
        struck = self.strike(question)
        if struck.before:
            return self.failure(question, struck, struck.before.status or 503)
        if struck.timeout and not struck.timeout.after:
            await asyncio.sleep(struck.timeout.seconds or DEFAULT_TIMEOUT)
            return self.failure(question, struck, 504)
        if struck.html and not struck.html.after:
            return self.failure(question, struck, struck.html.status or 200)
        answered = self.execute(question, token, version, base, struck)
        if struck.timeout:
            self.note_answer(answered, 504, struck.name)
            await asyncio.sleep(struck.timeout.seconds or DEFAULT_TIMEOUT)
            return HTMLResponse(ERROR_PAGE.format(status=504), 504)
        return self.respond(answered, struck)

    def strike(self, question: Question) -> Struck:
        """Ask every switch whether it strikes this request."""
        name, mutation = guess_name(question)

        def one(kind: FaultKind) -> Fault | None:
            return self.store.faults.strike(kind, name, mutation=mutation)

        return Struck(
            throttle=one(FaultKind.THROTTLE),
            before=one(FaultKind.ERROR_BEFORE_EFFECT),
            timeout=one(FaultKind.TIMEOUT),
            after=one(FaultKind.ERROR_AFTER_EFFECT),
            html=one(FaultKind.HTML_INSTEAD_OF_JSON),
            truncated=one(FaultKind.TRUNCATED_JSON),
            stale=None if mutation else one(FaultKind.STALE_READ),
        )

    def execute(self, question: Question, token: str, version: str, base: str, struck: Struck) -> Answered:
        """Run the request and save what it changed."""
        stale_before = None
        if struck.stale:
            stale_before = self.store.clock() - (struck.stale.seconds or DEFAULT_STALENESS)
        call = Call(self.store, base, version, stale_before)
        answered = answer(question, call, self.store.bucket(token), throttle=struck.throttle is not None)
        self.save()
        return answered

    def respond(self, answered: Answered, struck: Struck) -> Response:
        """Send the answer, or what a fault makes of it."""
        broken = struck.after or struck.html
        if broken and not answered.throttled:
            status = broken.status or (200 if broken is struck.html else 502)
            self.note_answer(answered, status, struck.name)
            return HTMLResponse(ERROR_PAGE.format(status=status), status)
        style = struck.throttle.style if struck.throttle else None
        if answered.throttled and (style == "429" or self.store.settings.throttle_status == 429):
            self.note_answer(answered, 429, struck.name)
            wait = max(1.0, answered.wait)
            return JSONResponse(answered.body, 429, headers={"Retry-After": f"{wait:.1f}"})
        self.note_answer(answered, 200, struck.name)
        if struck.truncated:
            text = json.dumps(answered.body)
            return Response(text[: len(text) // 2], media_type="application/json")
        return JSONResponse(answered.body)

    def failure(self, question: Question, struck: Struck, status: int) -> Response:
        """Fail without any effect."""
        name, mutation = guess_name(question)
        self.note(operation=name, mutation=mutation, cost=None, status=status, fault=struck.name)
        return HTMLResponse(ERROR_PAGE.format(status=status), status)

    def note_answer(self, answered: Answered, status: int, fault: str | None) -> None:
        """Enter an answered request in the list of calls."""
        self.note(
            operation=answered.operation,
            mutation=answered.mutation,
            cost=answered.cost,
            status=status,
            throttled=answered.throttled,
            fault=fault,
        )

    def note(self, *, operation: str, mutation: bool, cost: int | None, status: int, **more: Any) -> None:
        """Enter a call in the list."""
        entry = {"throttled": False, "fault": None, **more}
        at = show_datetime(self.store.clock())
        self.store.log.add(at=at, operation=operation, mutation=mutation, cost=cost, status=status, **entry)


async def read_pairs(request: Request) -> Mapping[str, Any]:
    """Read a body of names and values, JSON or a form."""
    if "json" in request.headers.get("content-type", ""):
        try:
            given = json.loads(await request.body())
        except ValueError:
            return {}
        return given if isinstance(given, dict) else {}
    async with request.form() as form:
        return {name: str(value) for name, value in form.items()}


def read_question(body: bytes) -> Question | None:
    """Read the body of a GraphQL request; None when it is not one."""
    try:
        given = json.loads(body)
    except ValueError:
        return None
    if not isinstance(given, dict) or not isinstance(given.get("query"), str):
        return None
    variables = given.get("variables") or {}
    return Question(given["query"], variables, given.get("operationName")) if isinstance(variables, dict) else None


def guess_name(question: Question) -> tuple[str, bool]:
    """Name an operation without parsing it, for the faults that strike before."""
    text = "\n".join(line for line in question.query.splitlines() if not line.lstrip().startswith("#")).lstrip()
    mutation = text.startswith("mutation") or (
        bool(question.operation_name) and f"mutation {question.operation_name}" in text
    )
    head = text.partition("{")[0].partition("(")[0].split()
    return question.operation_name or (head[1] if len(head) > 1 else "anonymous"), mutation


def base_url(request: Request) -> str:
    """Where this server is reached."""
    return f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}"
