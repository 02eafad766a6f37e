"""With `offerwell run`, an edit made in the store's own admin shows as *Differs in store* within a minute, by webhook."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import time

import httpx
import pytest

from tests.management.test_run import started, until  # noqa: F401  a fixture of its own processes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="as test_run.py"),
]
WITHIN = 60.0


def asked(real, sql):
    connection = sqlite3.connect(f"file:{real.folder / 'offerwell.sqlite3'}?mode=ro", uri=True, timeout=30)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def signed_in(web, real):
    """A browser's worth of client, by the real sign-in page."""
    who = json.loads((real.folder / "demo-sign-in.json").read_text())
    client = httpx.Client(base_url=web, follow_redirects=True, timeout=30)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get("/account/login/").text)[1]
    fields = {"login": who["email"], "password": who["password"], "csrfmiddlewaretoken": token}
    assert client.post("/account/login/", data=fields, headers={"Referer": web}).status_code == 200
    return client


def test_an_edit_in_the_stores_admin_shows_within_a_minute_and_our_own_echo_never(started, real):  # noqa: F811
    run = started().ready()
    web, sandbox = f"http://127.0.0.1:{run.port}", httpx.Client(base_url=f"http://127.0.0.1:{run.sandbox}", timeout=60)
    until(lambda: asked(real, "SELECT 1 FROM offerwell_storewebhooks WHERE topics LIKE '%discounts/update%'"), 60)
    assert sandbox.get("/_sandbox/info").json()["counts"]["webhook_subscriptions"] == 12
    settled = "SELECT count(*) FROM offerwell_storecode WHERE due_at IS NOT NULL OR lease_owner <> ''"
    until(lambda: asked(real, settled) == [(0,)], 90)

    rows = sandbox.get("/_sandbox/discounts").json()
    code = next(row["code"] for row in rows if row["title"] == "Summer Glow 20%" and row["status"] == "ACTIVE")
    sandbox.delete("/_sandbox/requests")
    page = signed_in(web, real)
    where = f"/reporting/sales-tracking/2/?q={code}"
    assert "Differs in store" not in page.get(where).text
    began = time.monotonic()
    sandbox.post("/_sandbox/faults", json={"kind": "outside_edit", "code": code, "action": "deactivate"})
    until(lambda: "Differs in store" in page.get(where).text, WITHIN)
    seconds = time.monotonic() - began
    print(f"outside edit seen on the page after {seconds:.1f} s")
    assert seconds <= WITHIN
    flagged = "SELECT code.text, row.problem, row.observed_status FROM offerwell_storecode row JOIN offerwell_promocode"
    flagged += " code ON code.id = row.code_id WHERE row.problem <> ''"
    assert asked(real, flagged) == [(code, "drifted", "expired")]
    assert [call["operation"] for call in sandbox.get("/_sandbox/requests").json() if call["mutation"]] == []
    assert re.search(r"Receiving.*just now", page.get("/settings/stores/1/").text, re.DOTALL)

    done = real("offers", "deactivate", "Summer Glow 20%", "--all", "--codes", "--yes", "--wait", "--json", timeout=120)
    assert done.returncode == 0, done.stderr
    echoes = "SELECT count(*) FROM offerwell_webhook WHERE topic = 'discounts/update' AND state = 'done'"
    until(lambda: asked(real, echoes)[0][0] >= 200, 60)
    until(lambda: asked(real, settled) == [(0,)], 60)
    assert [row for row in asked(real, flagged) if row[0] != code] == []
    page.close()
    sandbox.close()
