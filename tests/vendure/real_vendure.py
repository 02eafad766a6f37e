"""A real Vendure in its own process, reached over HTTP: its admin's hands, and its shop's customers."""

from __future__ import annotations

import copy
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import httpx
import pytest

FOLDER = Path(__file__).parent
IDENTIFIER, PASSWORD = "superadmin", "vendure-demo"
START_SECONDS = 90.0
LIST = "{ promotions(options: {take: 1000, sort: {id: ASC}}) { items { id name couponCode enabled startsAt endsAt usageLimit perCustomerUsageLimit conditions { code args { name value } } actions { code args { name value } } } } }"


def needs_vendure():
    """Skip where Vendure is not installed, loudly; in CI that is a failure."""
    if shutil.which("node") and (FOLDER / "node_modules/.ready").exists():
        return
    sentence = "Vendure is not installed: make tests/vendure/node_modules/.ready"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RealVendure:
    """One server. With `state` it remembers what was there when it is started again."""

    def __init__(self, state=None):
        self.port, self.state = free_port(), state
        self.http = httpx.Client(timeout=60)
        self.identifier, self.password, self._token = IDENTIFIER, PASSWORD, ""
        self.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/admin-api"

    def start(self):
        command = ["node", str(FOLDER / "server.js"), "--port", str(self.port)]
        if self.state:
            command += ["--state", str(self.state)]
        with tempfile.TemporaryFile(mode="w+") as log:  # a pipe nobody reads would fill up
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
            told = self.process.stdout.readline()
            if not told:
                log.seek(0)
                pytest.fail(f"Vendure did not start: {log.read()[-2000:]}")
        assert told.startswith("Vendure is ready: "), told

    def kill(self):
        self.process.kill()
        self.process.wait(30)
        self.http.close()
        self.http, self._token = httpx.Client(timeout=60), ""

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.http.close()

    # -- the admin ----------------------------------------------------------------------------------------------

    def admin(self, query, **variables):
        if not self._token:
            login = "mutation ($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }"
            answer = self.http.post(
                self.address, json={"query": login, "variables": {"u": self.identifier, "p": self.password}}
            )
            self._token = answer.headers["vendure-auth-token"]
        answer = self.http.post(
            self.address,
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {self._token}"},
        ).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def promotions(self):
        return self.admin(LIST)["promotions"]["items"]

    def by_code(self):
        return {row["couponCode"]: row for row in self.promotions()}

    def statuses(self):
        return {row["couponCode"]: row["enabled"] for row in self.promotions()}

    def promote(self, code, *, name="Somebody else", percent=50, enabled=True):
        """A promotion made by hand; its id."""
        given = {
            "enabled": enabled, "couponCode": code, "conditions": [],
            "actions": [{"code": "order_percentage_discount", "arguments": [{"name": "discount", "value": str(percent)}]}],
            "translations": [{"languageCode": "en", "name": name, "description": ""}],
        }  # fmt: skip
        query = "mutation ($g: CreatePromotionInput!) { createPromotion(input: $g) { ... on Promotion { id } } }"
        return self.admin(query, g=given)["createPromotion"]["id"]

    def edit(self, ref, **fields):
        query = "mutation ($g: UpdatePromotionInput!) { updatePromotion(input: $g) { __typename } }"
        return self.admin(query, g={"id": ref, **fields})

    def placed(self):
        """Every placed order, the newest first: id, code and the id of its payment."""
        query = "{ orders(options: {filter: {active: {eq: false}}, sort: {id: DESC}}) { items { id code payments { id } } } }"
        return self.admin(query)["orders"]["items"]

    def refund(self, order, amount):
        query = "mutation ($g: RefundOrderInput!) { refundOrder(input: $g) { ... on Refund { state total } ... on ErrorResult { message } } }"
        given = {"paymentId": order["payments"][0]["id"], "amount": amount, "lines": [], "shipping": 0, "adjustment": 0}
        return self.admin(query, g=given)["refundOrder"]

    def cancel(self, order):
        query = "mutation ($g: CancelOrderInput!) { cancelOrder(input: $g) { __typename } }"
        return self.admin(query, g={"orderId": order["id"], "reason": "Changed their mind"})["cancelOrder"]

    def delete(self, ref):
        return self.admin("mutation ($id: ID!) { deletePromotion(id: $id) { result } }", id=ref)

    def empty(self):
        ids = [row["id"] for row in self.promotions()]
        self.admin("mutation ($ids: [ID!]!) { deletePromotions(ids: $ids) { result } }", ids=ids)

    def administrator(self, email, password, permissions):
        """Somebody with just these permissions."""
        role = self.admin(
            "mutation ($g: CreateRoleInput!) { createRole(input: $g) { id } }",
            g={"code": email, "description": email, "permissions": permissions},
        )["createRole"]["id"]
        self.admin(
            "mutation ($g: CreateAdministratorInput!) { createAdministrator(input: $g) { id } }",
            g={"firstName": "A", "lastName": "B", "emailAddress": email, "password": password, "roleIds": [role]},
        )

    def as_administrator(self, email, password):
        """The same server as another administrator sees it."""
        other = copy.copy(self)
        other._token, other.identifier, other.password = "", email, password
        return other

    def api_key(self):
        """A key that may what whoever asks for it may."""
        roles = self.admin("{ activeAdministrator { user { roles { id } } } }")["activeAdministrator"]["user"]["roles"]
        given = {
            "roleIds": [role["id"] for role in roles],
            "translations": [{"languageCode": "en", "name": "Offerwell"}],
        }
        query = "mutation ($g: CreateApiKeyInput!) { createApiKey(input: $g) { apiKey } }"
        return self.admin(query, g=given)["createApiKey"]["apiKey"]

    def schema(self):
        from graphql import build_client_schema, get_introspection_query

        return build_client_schema(self.admin(get_introspection_query()))

    def customer(self):
        return Customer(self)


class Customer:
    """Somebody with a cart of one product at 50.00."""

    def __init__(self, vendure):
        self.http, self.address = vendure.http, f"http://127.0.0.1:{vendure.port}/shop-api"
        self.token = ""
        self.ask("mutation { addItemToOrder(productVariantId: 1, quantity: 1) { __typename } }")

    def ask(self, query, **variables):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = self.http.post(self.address, json={"query": query, "variables": variables}, headers=headers)
        self.token = answer.headers.get("vendure-auth-token", self.token)
        found = answer.json()
        assert "errors" not in found, found
        return next(iter(found["data"].values()))

    def apply(self, code):
        """The cart's total in cents, or the error's code."""
        query = "mutation ($c: String!) { applyCouponCode(couponCode: $c) { ... on Order { total } ... on ErrorResult { errorCode } } }"
        found = self.ask(query, c=code)
        return found.get("total", found.get("errorCode"))

    def carry(self, click):
        """As a storefront does that keeps our click with the order."""
        self.ask(
            "mutation ($g: UpdateOrderInput!) { setOrderCustomFields(input: $g) { __typename } }",
            g={"customFields": {"owClick": click}},
        )

    def pay(self):
        """The paid order: state, total, coupon codes."""
        self.ask(
            'mutation { setCustomerForOrder(input: {firstName: "N", lastName: "D", emailAddress: "n@example.com"}) { __typename } }'
        )
        self.ask(
            'mutation { setOrderShippingAddress(input: {streetLine1: "1 Main St", countryCode: "US"}) { __typename } }'
        )
        method = self.ask("{ eligibleShippingMethods { id } }")[0]["id"]
        self.ask("mutation ($m: [ID!]!) { setOrderShippingMethod(shippingMethodId: $m) { __typename } }", m=[method])
        self.ask('mutation { transitionOrderToState(state: "ArrangingPayment") { __typename } }')
        return self.ask(
            'mutation { addPaymentToOrder(input: {method: "dummy", metadata: {}}) { ... on Order { state total couponCodes } ... on ErrorResult { message } } }'
        )


def until(is_so, seconds=30.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.2)
    return False
