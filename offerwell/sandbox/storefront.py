"""The storefront: a page where a person places an order with a code or by a link, refunds it and cancels it.

And the same by JSON under /_sandbox/orders, for tests and demos. Like all of the sandbox: loopback only.
"""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from offerwell.sandbox.orders import OrderRefusedError, money, order_text
from offerwell.sandbox.shelf import GOODS

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from offerwell.sandbox.orders import Order
    from offerwell.sandbox.store import Store

SHOWN = 20
CLICK_ATTRIBUTE = "ow_click"
STYLE = (
    ":root{color-scheme:light dark;--line:light-dark(#d6d3d1,#44403c);--field:light-dark(#78716c,#a8a29e)}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
    "label{display:block;margin:.5rem 0}"
    "input,button{font:inherit;padding:.3rem .5rem;border:1px solid var(--field);border-radius:6px}"
    "button{padding:.4rem .9rem;background:Canvas;color:CanvasText;cursor:pointer;white-space:nowrap}"
    "button.main{background:CanvasText;color:Canvas}table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;padding:.4rem .5rem;border-bottom:1px solid var(--line)}"
    "td form{display:inline-block;margin:.1rem 0}td{overflow-wrap:anywhere}td:first-child{white-space:nowrap}"
    ".bad{background:light-dark(#fef2f2,#450a0a);color:light-dark(#991b1b,#fecaca);padding:.5rem;border-radius:6px}"
)
PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{shop}</title>
<link rel="icon" href="data:,"><style>{style}</style></head><body><main><h1>{shop}</h1>
<p>A sandbox shop: orders cost nothing and reach nobody.</p>{refusal}
<form method="post" action="/shop/order"><h2>Order</h2>{goods}
<label>Discount code <input name="code" value="{code}"></label>
<label>E-mail <input name="email" type="email" value="{email}"></label>
<input type="hidden" name="click" value="{click}"><input type="hidden" name="landing" value="{landing}">
<button class="main">Place order</button></form>
<h2>Latest orders</h2><table><thead><tr><th>Order</th><th>Codes</th><th>Subtotal</th><th>State</th><th></th></tr>
</thead><tbody>{rows}</tbody></table></main></body></html>"""


def storefront_routes(store: Store, save: Callable[[], None]) -> list[Route]:
    """The pages of the shop, and their JSON twins."""
    front = Storefront(store, save)
    return [
        Route("/shop", front.show, methods=["GET"]),
        Route("/shop/order", front.order, methods=["POST"]),
        Route("/shop/orders/{number:int}/{verb:str}", front.change, methods=["POST"]),
        Route("/discount/{code:str}", front.discount_link, methods=["GET"]),
        Route("/_sandbox/orders", front.orders_json, methods=["GET", "POST"]),
        Route("/_sandbox/orders/{number:int}/{verb:str}", front.change_json, methods=["POST"]),
    ]


class Storefront:
    """The shop as buyers and its staff see it."""

    def __init__(self, store: Store, save: Callable[[], None]) -> None:
        """Sell for this store; `save` is called before a change is answered."""
        self.store = store
        self.save = save

    async def show(self, request: Request) -> Response:
        """The page. A click id in the address stays with the order."""
        query = request.query_params
        given = {"code": query.get("code", ""), "click": query.get(CLICK_ATTRIBUTE, ""), "email": ""}
        return self.page({**given, "landing": str(request.url)})

    async def discount_link(self, request: Request) -> Response:
        """`/discount/CODE`: apply the code and go on, as the real shop does."""
        query = {name: value for name, value in request.query_params.items() if name != "redirect"}
        return RedirectResponse(f"/shop?{urlencode({**query, 'code': request.path_params['code']})}", 302)

    async def order(self, request: Request) -> Response:
        """Place an order."""
        async with request.form() as form:
            given = {name: str(form.get(name, "")) for name in ("code", "email", "click", "landing")}
            wanted = [(title, str(form.get(title, "0") or "0")) for title in GOODS]
        lines = [
            {"title": title, "price": GOODS[title], "quantity": int(count)}
            for title, count in wanted
            if count.isdigit() and int(count)
        ]
        if not lines:
            return self.page(given, "Put something into the order first.", 422)
        attributes = {CLICK_ATTRIBUTE: given["click"]} if given["click"] else {}
        try:
            self.store.orders.place({**given, "codes": [given["code"]], "lines": lines, "attributes": attributes})
        except OrderRefusedError as refused:
            return self.page(given, str(refused), 422)
        self.save()
        return RedirectResponse("/shop", 303)

    async def change(self, request: Request) -> Response:
        """Refund or cancel, then the page again."""
        try:
            self.changed(request, {})
        except OrderRefusedError as refused:
            return self.page({"code": "", "email": "", "click": "", "landing": ""}, str(refused), 422)
        return RedirectResponse("/shop", 303)

    async def orders_json(self, request: Request) -> Response:
        """Every order, or one more (or a list of them)."""
        book = self.store.orders
        if request.method == "GET":
            return JSONResponse([order_text(one) for one in book.by_number.values()])
        try:
            wanted = json.loads(await request.body() or b"{}")
            made = [book.place(one) for one in (wanted if isinstance(wanted, list) else [wanted])]
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as problem:
            return JSONResponse({"error": str(problem)}, 400)
        finally:
            self.save()
        return JSONResponse([order_text(one) for one in made])

    async def change_json(self, request: Request) -> Response:
        """Refund (`quantity` or `amount`; nothing: all that is left) or cancel."""
        try:
            given = json.loads(await request.body() or b"{}")
            return JSONResponse(order_text(self.changed(request, given)))
        except (ValueError, TypeError, AttributeError, ArithmeticError) as problem:
            return JSONResponse({"error": str(problem)}, 400)

    def changed(self, request: Request, given: dict[str, Any]) -> Order:
        """Do to the named order what the address says."""
        order = self.store.orders.by_number.get(request.path_params["number"])
        verb = request.path_params["verb"]
        if order is None or verb not in {"refund", "cancel"}:
            message = "There is no such order, or nothing of this kind to do with it."
            raise OrderRefusedError(message)
        if verb == "cancel":
            self.store.orders.cancel(order)
        else:
            self.store.orders.refund(order, quantity=given.get("quantity"), amount=str(given.get("amount") or ""))
        self.save()
        return order

    def page(self, given: dict[str, str], refusal: str = "", status: int = 200) -> Response:
        """The page, with what was typed."""
        newest = list(self.store.orders.by_number.values())[-SHOWN:][::-1]
        goods = "".join(
            f'<label><input name="{title}" type="number" min="0" max="99" value="{1 if place == 0 else 0}"> '
            f"{title}, {price} {self.store.settings.currency}</label>"
            for place, (title, price) in enumerate(GOODS.items())
        )
        shown = {name: html.escape(value, quote=True) for name, value in given.items()}
        problem = f'<p class="bad" role="alert">{html.escape(refusal)}</p>' if refusal else ""
        rows = "".join(row(order) for order in newest)
        name = html.escape(self.store.settings.shop_name)
        return HTMLResponse(
            PAGE.format(shop=name, style=STYLE, refusal=problem, goods=goods, rows=rows, **shown), status
        )


def row(order: Order) -> str:
    """One order with what can be done to it."""
    given_back = sum(line.quantity - line.kept for line in order.lines)
    state = "Cancelled" if order.cancelled_at is not None else f"{given_back} given back" if given_back else "Paid"
    buttons = "".join(
        f'<form method="post" action="/shop/orders/{order.number}/{verb}"><button>{label}</button></form> '
        for verb, label in (("refund", "Refund"), ("cancel", "Cancel"))
        if order.cancelled_at is None
    )
    codes = html.escape(", ".join(order.codes)) or "–"
    cells = (order.name, codes, money(order.subtotal), state, buttons)
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
