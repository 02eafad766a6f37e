"""The control endpoints under /_sandbox: look into the store, break it, fill it.

They need no token, so the server has to listen on loopback only.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from offerwell.sandbox.discounts import Discount, Kind
from offerwell.sandbox.faults import FaultKind, FaultRefusedError
from offerwell.sandbox.imports import ImportStatus
from offerwell.sandbox.scalars import parse_datetime, show_datetime
from offerwell.sandbox.schema import NEWEST_VERSION, VERSIONS
from offerwell.sandbox.shelf import CollectionRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from starlette.requests import Request

    from offerwell.sandbox.store import Store


# Those that happen at once instead of being armed.
AT_ONCE = frozenset(
    {
        FaultKind.TOKEN_REVOKED,
        FaultKind.TOKEN_EXPIRED,
        FaultKind.INSTALLATION_REVOKED,
        FaultKind.SCOPES_CHANGED,
    }
)


class EditRefusedError(ValueError):
    """An outside edit or a seed line that cannot be done."""


def control_routes(store: Store, save: Callable[[], None]) -> list[Route]:
    """The routes of the control endpoints."""
    control = Control(store, save)
    return [
        Route("/_sandbox/info", control.info, methods=["GET"]),
        Route("/_sandbox/requests", control.requests, methods=["GET", "DELETE"]),
        Route("/_sandbox/requests/summary", control.summary, methods=["GET"]),
        Route("/_sandbox/discounts", control.discounts, methods=["GET"]),
        Route("/_sandbox/faults", control.faults, methods=["GET", "POST", "DELETE"]),
        Route("/_sandbox/seed", control.seed, methods=["POST"]),
        Route("/_sandbox/collections", control.collections, methods=["GET", "POST"]),
        Route("/_sandbox/collections/{number:int}", control.collection, methods=["DELETE"]),
    ]


class Control:
    """The control endpoints of one store."""

    def __init__(self, store: Store, save: Callable[[], None]) -> None:
        """Control this store; `save` is called before a change is answered."""
        self.store = store
        self.save = save

    async def info(self, _request: Request) -> Response:
        """The shop, the keys of its app and how much there is."""
        store = self.store
        store.jobs.settle()
        counts = {
            "discounts": len(store.book.by_number),
            "codes": len(store.book.by_code),
            "pending_jobs": len(store.jobs.pending),
            "webhook_subscriptions": len(store.hooks.by_number),
            "requests": store.log.total,
        }
        return JSONResponse(
            {
                "shop": store.settings.shop,
                "client_id": store.credentials.client_id,
                "client_secret": store.credentials.client_secret,
                "api_versions": list(VERSIONS),
                "api_version": NEWEST_VERSION,
                "pacing": store.settings.pacing.value,
                "job_seconds": store.settings.job_seconds,
                "counts": counts,
            }
        )

    async def requests(self, request: Request) -> Response:
        """The calls, newest last (`?since=SEQ`); DELETE forgets them."""
        if request.method == "DELETE":
            self.store.log.clear()
            return JSONResponse({"cleared": True})
        since = request.query_params.get("since", "0")
        if not since.isdigit():
            return JSONResponse({"error": "since must be the seq of a call, such as 120."}, 400)
        return JSONResponse([call.shown() for call in self.store.log.since(int(since))])

    async def summary(self, _request: Request) -> Response:
        """The calls, counted."""
        return JSONResponse(self.store.log.summary())

    async def discounts(self, request: Request) -> Response:
        """Every code of every discount (`?code=` for one)."""
        store = self.store
        store.jobs.settle()
        code = request.query_params.get("code")
        if code is None:
            chosen = list(store.book)
        else:
            found = store.book.find_code(code)
            chosen = [found] if found else []
        now = store.clock()
        return JSONResponse([row for discount in chosen for row in rows_of(discount, now)])

    async def faults(self, request: Request) -> Response:
        """Show, arm or clear the faults."""
        if request.method == "POST":
            try:
                given = json.loads(await request.body() or b"{}")
                for one in given if isinstance(given, list) else [given]:
                    self.arm(one)
            except (ValueError, TypeError) as problem:
                return JSONResponse({"error": str(problem)}, 400)
            self.save()
        elif request.method == "DELETE":
            self.store.faults.clear()
        return JSONResponse(self.store.faults.shown())

    def arm(self, given: Mapping[str, Any]) -> None:
        """Arm one fault, or do at once those that happen at once."""
        faults = self.store.faults
        if not isinstance(given, dict):
            message = "A fault is a JSON object with a kind."
            raise FaultRefusedError(message)
        if given.get("clear"):
            faults.clear()
            return
        if "seed" in given:
            faults.seed(int(given["seed"]))
        if given.get("kind") == FaultKind.OUTSIDE_EDIT:
            edit_outside(self.store, given)
            faults.note(FaultKind.OUTSIDE_EDIT)
        elif given.get("kind") in AT_ONCE:
            self.change_access(FaultKind(given["kind"]), given)
        elif given.get("kind") == FaultKind.APP_UNINSTALLED:
            self.store.uninstall()
            faults.note(FaultKind.APP_UNINSTALLED)
        elif set(given) - {"seed"}:
            faults.arm({name: value for name, value in given.items() if name != "seed"})

    def change_access(self, kind: FaultKind, given: Mapping[str, Any]) -> None:
        """Do what takes access away, or changes it, at once."""
        store = self.store
        if kind is FaultKind.SCOPES_CHANGED:
            scopes = given.get("scopes")
            if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
                message = "scopes_changed needs the scopes that are left, as a list."
                raise FaultRefusedError(message)
            store.granted = tuple(scopes)
        else:
            store.tokens.clear()
            if kind is FaultKind.INSTALLATION_REVOKED:
                store.installations.forget()
        store.faults.note(kind)
        if kind is FaultKind.TOKEN_REVOKED and given.get("permanent"):
            store.faults.arm({"kind": kind.value})

    async def seed(self, request: Request) -> Response:
        """Create discounts in bulk: a JSON list, JSON lines, or {"reset": true}."""
        store = self.store
        try:
            lines = list(read_seed(await request.body()))
            reset = [line for line in lines if line.get("reset")]
            if reset:
                forget_discounts(store)
            kinds = [seed_discount(store, line) for line in lines if not line.get("reset")]
        except (ValueError, KeyError, TypeError) as problem:
            self.save()
            return JSONResponse({"error": f"Seed refused: {problem}"}, 400)
        self.save()
        return JSONResponse({"created": kinds.count(True), "already_there": kinds.count(False), "reset": bool(reset)})

    async def collections(self, request: Request) -> Response:
        """Every collection with its products; or make one, change the one of `id` (or a list of them)."""
        shelf = self.store.shelf
        if request.method == "POST":
            try:
                given = json.loads(await request.body() or b"{}")
                for one in given if isinstance(given, list) else [given]:
                    shelf.put(one)
            except (ValueError, TypeError, AttributeError) as problem:
                return JSONResponse({"error": str(problem)}, 400)
            finally:
                self.save()
        return JSONResponse(shelf.shown()["collections"])

    async def collection(self, request: Request) -> Response:
        """Delete one, as the shop's staff would."""
        try:
            self.store.shelf.delete(request.path_params["number"])
        except CollectionRefusedError as problem:
            return JSONResponse({"error": str(problem)}, 404)
        self.save()
        return JSONResponse({"deleted": True})


def rows_of(discount: Discount, now: float) -> Iterator[dict[str, object]]:
    """One row for each code of a discount (one without a code for an automatic discount)."""
    status = discount.status(now).value
    codes: list[str | None] = [item.code for item in discount.codes]
    for code in codes or [None]:
        yield {
            "id": discount.gid,
            "code": code,
            "status": status,
            "startsAt": show_datetime(discount.starts_at),
            "endsAt": None if discount.ends_at is None else show_datetime(discount.ends_at),
            "title": discount.title,
            "updatedAt": show_datetime(discount.updated_at),
            "kind": discount.kind.value,
            "tags": list(discount.tags),
        }


def edit_outside(store: Store, given: Mapping[str, Any]) -> None:
    """Change a discount as somebody in the shop's own admin would."""
    discount = store.book.find_code(str(given.get("code", "")))
    action, to = given.get("action"), given.get("to")
    if discount is None:
        message = f"No discount has the code {given.get('code')!r}."
        raise EditRefusedError(message)
    if action == "activate":
        store.book.activate(discount)
    elif action == "deactivate":
        store.book.deactivate(discount)
    elif action == "delete":
        store.book.delete(discount)
    elif action in {"rename", "add_code"} and isinstance(to, str) and store.book.find_code(to) is None:
        redeem_code = next(item for item in discount.codes if item.code.lower() == str(given["code"]).lower())
        if action == "rename":
            store.book.rename_code(discount, redeem_code, to)
        else:
            store.book.add_code(discount, to)
        store.book.touch(discount)
    else:
        message = "action must be activate, deactivate or delete; or rename or add_code with a free code in `to`."
        raise EditRefusedError(message)


def read_seed(body: bytes) -> Iterator[Mapping[str, Any]]:
    """Read a JSON list, one JSON object or JSON lines."""
    text = body.decode("utf-8-sig").strip()
    if text.startswith("["):
        yield from json.loads(text)
        return
    for line in text.splitlines():
        if line.strip():
            yield json.loads(line)


def seed_discount(store: Store, line: Mapping[str, Any]) -> bool:
    """Create one discount unless its code is taken; answer whether it was created."""
    code = str(line["code"])
    if store.book.find_code(code) is not None:
        return False
    now = int(store.clock())
    starts_at = parse_datetime(line["startsAt"]) if line.get("startsAt") else now
    terms = {
        "title": str(line.get("title") or code),
        "code": code,
        "endsAt": parse_datetime(line["endsAt"]) if line.get("endsAt") else None,
        "tags": list(line.get("tags") or ()),
        "context": {"all": "ALL"},
        "customerGets": {"value": {"percentage": seed_share(line)}, "items": {"all": True}},
    }
    store.book.add(Kind.CODE_BASIC, terms, starts_at, now)
    return True


def seed_share(line: Mapping[str, Any]) -> float:
    """The percentage of a seed line as a share: 20 and 0.2 both mean 20 %."""
    number = float(line.get("percentage", 0.1))
    return number / 100 if number > 1 else number


def forget_discounts(store: Store) -> None:
    """Delete all discounts, orders and jobs, stop the imports under way, and stock the shelf anew."""
    for discount in list(store.book):
        store.book.delete(discount)
    store.orders.forget()
    store.shelf.stock()
    for item in store.imports.running():
        item.status = ImportStatus.CANCELING
    store.jobs.pending.clear()
    store.jobs.open_creations.clear()
