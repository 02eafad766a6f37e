"""The web process is killed in mid-burst, again and again: what was acknowledged is in the inbox, once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

from tests.proof.ground import ROOT, Ground, free_port, wait_until
from tests.webhooks.deliveries import SHOP, signed

pytestmark = pytest.mark.slow
SECRET, KEY = "the-secret", "k" * 43
KILLS, SENDERS = 4, 6

_STORE = f"""
import django; django.setup()
from django.utils import timezone
from django_scopes import scope
from offerwell.models import Store, StoreWebhooks, Workspace
place = Workspace.objects.create(name="Acme", slug="acme", created_at=timezone.now())
with scope(workspace=place):
    store = Store.objects.create(workspace=place, label="Glow", kind="shopify", address="{SHOP}", client_id="id",
        client_secret="{SECRET}", connected_at=timezone.now())
    StoreWebhooks.objects.create(workspace=place, store=store, key="{KEY}", shop_domain="{SHOP}")
"""


class Senders:
    """A store that delivers each event until it is answered 200, and some of them twice."""

    def __init__(self):
        self.port = 0
        self.acknowledged = []
        self.unanswered = 0
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.send, args=(number,)) for number in range(SENDERS)]

    def send(self, number):
        with httpx.Client(timeout=10) as http:
            event = 0
            while not self.stop.is_set():
                name = f"{number}-{event}"
                body = json.dumps({"event": name}).encode()
                headers = {
                    "X-Shopify-Topic": "discounts/update", "X-Shopify-Shop-Domain": SHOP, "X-Shopify-Event-Id": name,
                    "X-Shopify-Hmac-Sha256": signed(body, SECRET),
                }  # fmt: skip
                if self.delivered(http, body, headers):
                    self.acknowledged.append(name)
                    event += 1
                    if event % 5 == 0:
                        self.delivered(http, body, headers)

    def delivered(self, http, body, headers):
        try:
            where = f"http://127.0.0.1:{self.port}/webhooks/shopify/{KEY}/"
            return http.post(where, content=body, headers=headers).status_code == 200
        except httpx.HTTPError:
            self.unanswered += 1
            time.sleep(0.05)
            return False


@pytest.mark.skipif(sys.platform != "linux", reason="kills a process group")
def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(tmp_path):
    ground = Ground(tmp_path)
    senders = Senders()
    try:
        subprocess.run([sys.executable, "-c", _STORE], cwd=ROOT, env=ground.env, check=True)
        senders.port = free_port()
        web = serve(ground, senders.port)
        for thread in senders.threads:
            thread.start()
        for _kill in range(KILLS):
            before = len(senders.acknowledged)
            assert wait_until(lambda before=before: len(senders.acknowledged) > before + 20, 60)
            os.killpg(web.pid, signal.SIGKILL)
            web.wait(10)
            senders.port = free_port()
            web = serve(ground, senders.port)
        before = len(senders.acknowledged)
        assert wait_until(lambda: len(senders.acknowledged) > before + 20, 60)
        senders.stop.set()
        for thread in senders.threads:
            thread.join(20)
        rows = [event for (event,) in ground.asked("SELECT event_id FROM offerwell_webhook")]
        assert senders.unanswered > 0, "no kill struck a delivery"
        assert len(rows) == len(set(rows))
        assert set(senders.acknowledged) <= set(rows)
        assert len(rows) - len(senders.acknowledged) <= SENDERS
    finally:
        senders.stop.set()
        ground.close()


def serve(ground, port):
    """In a process group of its own, which a kill takes as a whole."""
    log = (ground.folder / "serve.log").open("ab")
    command = [sys.executable, "-m", "offerwell.management", "serve", "--port", str(port)]
    web = subprocess.Popen(command, cwd=ROOT, env=ground.env, stdout=log, stderr=log, process_group=0)
    log.close()
    ground.started.append(web)
    assert wait_until(lambda: answers(port), 60), ground.text_of("serve")
    return web


def answers(port):
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
