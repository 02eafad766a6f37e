"""`offerwell run --vendure` as people start it: the shop is connected, its offer lives there, and it heals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.management.conftest import ROOT, real  # noqa: F401  a fixture
from tests.management.test_run import Running, answer, children, is_gone, part, until
from tests.vendure.real_vendure import FOLDER, RealVendure, free_port, needs_vendure

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]


class Seen(RealVendure):
    """A server that somebody else started."""

    def start(self):
        """It runs already."""


def seen_at(port):
    server = Seen()
    server.port = port
    return server


def test_the_shop_is_connected_follows_changes_heals_and_ends_with_the_rest(real, tmp_path):  # noqa: F811
    needs_vendure()
    port = free_port()
    running = Running(real, tmp_path, "--vendure", str(FOLDER), "--vendure-port", str(port))
    try:
        running.ready(within=240)
        told = running.told.read_text()
        assert f"Vendure: http://127.0.0.1:{port}/admin-api (sign in as superadmin" in told
        shop = seen_at(port)
        until(lambda: len(shop.promotions()) == 50)
        off = json.loads(
            real("offers", "deactivate", "Bloom Edit 25%", "--all", "--yes", "--wait", "--json", timeout=120).stdout
        )
        assert (off["changed"], [(s["store"], s["confirmed"]) for s in off["stores"]]) == (50, [("Vendure demo", 50)])
        code = shop.promotions()[0]["couponCode"]
        assert shop.customer().apply(code) == "COUPON_CODE_INVALID_ERROR"
        supervisor = running.process.pid
        [vendure] = [pid for pid, line in children(supervisor) if "server.js" in line]
        os.kill(vendure, signal.SIGKILL)
        on = json.loads(
            real("offers", "activate", "Bloom Edit 25%", "--all", "--yes", "--wait", "--json", timeout=120).stdout
        )
        assert [(s["store"], s["confirmed"]) for s in on["stores"]] == [("Vendure demo", 50)]
        assert shop.customer().apply(code) == 3750
        assert part(supervisor, "worker")
        family = running.everybody()
        running.end()
        assert (running.process.returncode, [pid for pid in family if not is_gone(pid)]) == (0, [])
    finally:
        running.end()
    again = Running(real, tmp_path, "--vendure", str(FOLDER), "--vendure-port", str(free_port()))
    try:
        again.ready(within=240)
        listed = json.loads(real("offers", "list", "--json").stdout)
        assert sum(offer["name"] == "Bloom Edit 25%" for offer in listed) == 1
        assert answer(f"http://127.0.0.1:{again.port}/readyz")["state"] == "ok"
        back = real("offers", "deactivate", "Bloom Edit 25%", "--all", "--yes", "--wait", "--json", timeout=120)
        assert json.loads(back.stdout)["stores"][0]["confirmed"] == 50
    finally:
        again.end()


def test_a_folder_without_vendure_and_a_machine_without_node_are_sentences(real, tmp_path):  # noqa: F811
    ports = ["--port", str(free_port()), "--sandbox-port", str(free_port()), "--vendure-port", str(free_port())]
    result = real("run", *ports, "--vendure", str(tmp_path))
    if shutil.which("node"):
        assert result.stderr.splitlines() == [
            f"Vendure is not installed in {tmp_path}.",
            "Next: Run `make run STORE=vendure` in Offerwell's folder.",
        ]
    assert (result.returncode, real.folder.exists()) == (1, False)
    bare = subprocess.run(
        [sys.executable, "-m", "offerwell.management", "run", *ports, "--vendure", str(tmp_path)],
        env={**real.environment, "PATH": str(tmp_path)}, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert bare.stderr.splitlines()[0] == "Vendure needs Node, which is not here."
    assert (bare.returncode, real.folder.exists()) == (1, False)
