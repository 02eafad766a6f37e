"""The sandbox store over HTTP: the Admin API, its token endpoint, uploads and results, and the control endpoints."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from offerwell.sandbox.admin_api import AdminApi
from offerwell.sandbox.authorize_page import AuthorizePage
from offerwell.sandbox.bucket import Pacing
from offerwell.sandbox.control import control_routes
from offerwell.sandbox.delivery import WebhookDelivery
from offerwell.sandbox.faults import FaultKind
from offerwell.sandbox.import_runner import ImportRunner
from offerwell.sandbox.schema import NEWEST_VERSION, load_schema
from offerwell.sandbox.store import Settings, Store
from offerwell.sandbox.store_file import StoreFile
from offerwell.sandbox.storefront import storefront_routes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.requests import Request

TICK_SECONDS = 0.05
INDEX_SECONDS = 2.0  # lists lag behind changes; that they do is recorded, how long is assumed


class PortTakenError(RuntimeError):
    """Another program listens where the store should."""


class SandboxServer:
    """One store with everything around it."""

    def __init__(self, store: Store, state: Path | None = None) -> None:
        """Read the saved state, if there is a place for it."""
        self.store = store
        self.file = StoreFile(state, store)
        self.delivery = WebhookDelivery(store)
        self.api = AdminApi(store, self.file.save)
        self.authorize = AuthorizePage(store, self.file.save)
        self.runner = ImportRunner(store, self.file.save)

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/admin/api/{version}/graphql.json", self.api.graphql, methods=["POST"]),
            Route("/admin/oauth/access_token", self.api.access_token, methods=["POST"]),
            Route("/admin/oauth/authorize", self.authorize.show, methods=["GET"]),
            Route("/admin/oauth/authorize", self.authorize.decide, methods=["POST"]),
            Route("/_sandbox/staged/", self.receive_form, methods=["POST"]),
            Route("/_sandbox/staged/{key:path}", self.receive_file, methods=["PUT"]),
            Route("/_sandbox/results/{number:int}.jsonl", self.show_result, methods=["GET"]),
            *control_routes(self.store, self.file.save),
            *storefront_routes(self.store, self.file.save),
        ]
        return Starlette(routes=routes, lifespan=self.lifespan)

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Work in the background while the application runs."""
        async with self.at_work():
            yield

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Settle jobs, run imports and deliver webhooks until the end, then save."""
        tasks = [asyncio.create_task(work) for work in (self.tick(), self.runner.run(), self.delivery.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.file.close()

    async def tick(self) -> None:
        """Settle what is due, also when nobody asks."""
        while True:
            if self.store.jobs.pending or self.store.jobs.open_creations:
                self.store.jobs.settle()
                self.file.save()
            await asyncio.sleep(TICK_SECONDS)

    async def receive_form(self, request: Request) -> Response:
        """Take an uploaded file from a form, as the real storage does."""
        async with request.form(max_part_size=100 * 1024 * 1024) as form:
            key, upload = str(form.get("key") or ""), form.get("file")
            content = b"" if upload is None else upload.encode() if isinstance(upload, str) else await upload.read()
        if not self.store.imports.receive(key, content):
            return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        return Response(f"<PostResponse><Key>{key}</Key></PostResponse>", 201, media_type="application/xml")

    async def receive_file(self, request: Request) -> Response:
        """Take an uploaded file as the body."""
        taken = self.store.imports.receive(request.path_params["key"], await request.body())
        return Response("", 200 if taken else 403)

    async def show_result(self, request: Request) -> Response:
        """Give out the result of an import."""
        fault = self.store.faults.strike(FaultKind.ERROR_BEFORE_EFFECT, "Results")
        if fault is not None:
            return Response("<!DOCTYPE html><title>Error</title>", fault.status or 503, media_type="text/html")
        found = self.store.imports.imports.get(request.path_params["number"])
        if found is None or not found.output:
            return Response("", 404)
        return Response(found.output, media_type="application/jsonl")


def build_app(store: Store, state: Path | None = None) -> Starlette:
    """Answer the application of a store (for tests, in this process)."""
    return SandboxServer(store, state).app()


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8077,
    state: Path | None = None,
    pacing: str = "standard",
    job_seconds: float = 0.3,
) -> None:
    """Serve a sandbox store until SIGTERM or SIGINT."""
    check_port(host, port)
    load_schema(NEWEST_VERSION)
    settings = replace(Settings(), pacing=Pacing(pacing), job_seconds=job_seconds, index_seconds=INDEX_SECONDS)
    asyncio.run(_serve(Store(settings=settings), host, port, state))


def check_port(host: str, port: int) -> None:
    """Refuse a taken port in a plain sentence, before anything is loaded."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise PortTakenError(f"Port {port} on {host} is taken. Choose another one for the sandbox store.") from None


async def _serve(store: Store, host: str, port: int, state: Path | None) -> None:
    sandbox = SandboxServer(store, state)
    app = sandbox.app()
    server = Server(app, address=host, port=port, interface=Interfaces.ASGI, log_enabled=False, websockets=False)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(RuntimeError, NotImplementedError):  # not in the main thread
            loop.add_signal_handler(number, server.stop)
    await server.serve()
