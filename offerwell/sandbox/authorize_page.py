"""The page where the merchant agrees to an app, with two buttons, and the way back with signed parameters."""

from __future__ import annotations

import hashlib
import hmac
import html
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from offerwell.sandbox.store import Store

CARRIED = ("client_id", "scope", "redirect_uri", "state")
PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Install app</title></head><body>
<h1>Install this app on {shop}?</h1><p>It asks for: {scope}</p>
<form method="post" action="/admin/oauth/authorize">{hidden}
<button name="decision" value="install">Install</button> <button name="decision" value="cancel">Cancel</button>
</form></body></html>"""


class AuthorizePage:
    """`/admin/oauth/authorize` of one store."""

    def __init__(self, store: Store, save: Callable[[], None]) -> None:
        """Serve this store; `save` is called before a decision is answered."""
        self.store = store
        self.save = save

    async def show(self, request: Request) -> Response:
        """Ask the merchant."""
        given = {name: request.query_params.get(name, "") for name in CARRIED}
        if problem := self.problem(given):
            return HTMLResponse(f"<h1>Oauth error</h1><p>{problem}</p>", 400)
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(value)}">' for name, value in given.items()
        )
        page = PAGE.format(shop=self.store.settings.shop, scope=html.escape(given["scope"]), hidden=hidden)
        return HTMLResponse(page)

    async def decide(self, request: Request) -> Response:
        """Send the browser back to the app: with a code, or with the refusal (assumed: the real page goes nowhere)."""
        async with request.form() as form:
            given = {name: str(form.get(name, "")) for name in CARRIED}
            agreed = form.get("decision") == "install"
        if problem := self.problem(given):
            return HTMLResponse(f"<h1>Oauth error</h1><p>{problem}</p>", 400)
        outcome = {"code": self.store.installations.agree()} if agreed else {"error": "access_denied"}
        self.save()
        parameters = signed(
            {
                **outcome,
                "shop": self.store.settings.shop,
                "state": given["state"],
                "timestamp": str(int(self.store.clock())),
            },
            self.store.credentials.client_secret,
        )
        return RedirectResponse(f"{given['redirect_uri']}?{urlencode(parameters)}", 302)

    def problem(self, given: Mapping[str, str]) -> str:
        """What is wrong with the request for agreement; the words are assumed."""
        if not hmac.compare_digest(given["client_id"], self.store.credentials.client_id):
            return "invalid_client: Could not find Shopify API application"
        address = urlsplit(given["redirect_uri"])
        if address.scheme not in {"http", "https"} or not address.hostname or address.query:
            return "invalid_request: The redirect_uri is not whitelisted"
        return ""


def signed(parameters: Mapping[str, str], secret: str) -> dict[str, str]:
    """Add the HMAC: hex of HMAC-SHA256 over the sorted, encoded parameters [documented]."""
    message = urlencode(sorted(parameters.items()), quote_via=quote, safe="")
    return {**parameters, "hmac": hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()}
