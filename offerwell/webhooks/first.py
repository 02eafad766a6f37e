"""Webhooks of stores are answered before Django makes a request of them: it costs more than storing one."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from offerwell.webhooks.views import hear

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/webhooks/shopify/"


def webhooks_first(pages: WSGIApplication) -> WSGIApplication:
    """The application in front of `pages`, which answers everything else."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        prefix, _, rest = environ["PATH_INFO"].partition(PREFIX)
        key, slash, more = rest.partition("/")
        is_ours = not prefix and environ["PATH_INFO"].startswith(PREFIX) and bool(slash) == bool(key) and not more
        if not is_ours:
            return pages(environ, start_response)
        said = hear(environ, key)
        start_response(f"{said.status} {HTTPStatus(said.status).phrase}", list(said.headers.items()))
        return [said.body]

    return application
