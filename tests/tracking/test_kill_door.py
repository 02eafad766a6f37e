"""The door is killed while shoppers arrive: every click whose redirect was sent is there, once (kill -9, real processes)."""

from __future__ import annotations

import os
import random
import re
import signal
import sys
import threading
import time

import httpx
import pytest

from tests.proof.test_kill_web import children_of
from tests.proof.tier import IS_LARGE, report
from tests.tracking.serving import CHROME, Serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
SECONDS, KILLS = (60.0, 20) if IS_LARGE else (4.0, 3)
KEY = re.compile(r"ow_click=([0-9a-f]{32})")


def shop(serving, stop, heard, number):
    """One who opens link after link, and writes down the key of each that was answered."""
    rng = random.Random(number)
    while not stop.is_set():
        try:
            with httpx.Client(base_url=serving.url, headers={"User-Agent": CHROME}, timeout=20) as http:
                while not stop.is_set():
                    location = http.get(f"/nora-{rng.randrange(20)}").headers.get("location", "")
                    if found := KEY.search(location):
                        heard.append(found[1])
        except httpx.HTTPError:
            time.sleep(0.02)


@pytest.mark.parametrize("workers", ["1", "2"] if IS_LARGE else ["2"])
def test_no_answered_click_is_lost_and_none_is_doubled(tmp_path, workers):
    serving = Serving(tmp_path)
    stop, heard, kills, rng = threading.Event(), [], 0, random.Random(7)
    try:
        serving.play(
            "place = make.offer(make.workspace('Acme'))\nfor n in range(20): make.link(make.enrollment(place), f'nora-{n}')"
        )
        parent = serving.start("--workers", workers)
        shoppers = [threading.Thread(target=shop, args=(serving, stop, heard, n)) for n in range(6)]
        for one in shoppers:
            one.start()
        end, reached = time.monotonic() + SECONDS, 0
        while time.monotonic() < end or (kills < KILLS and time.monotonic() < end + 60):
            time.sleep(rng.uniform(0.3, 0.9))
            if parent.poll() is not None:
                parent = serving.start("--workers", workers)
            elif len(heard) > reached + 20 and (processes := children_of(parent.pid)):
                os.kill(rng.choice(processes), signal.SIGKILL)
                kills, reached = kills + 1, len(heard)
        stop.set()
        for one in shoppers:
            one.join(30)
        kept = [key for _, _, key, _, _ in serving.clicks()]
    finally:
        stop.set()
        serving.close()
    report("links kill run", workers=int(workers), kills=kills, answered=len(heard), kept=len(kept))
    assert kills >= KILLS
    assert len(heard) >= 20 * KILLS
    assert sorted(set(heard) - set(kept)) == []
    assert len(kept) == len(set(kept))
    # What was kept without an answer is what was under way at a kill: six shoppers, one each.
    assert len(kept) - len(set(heard)) <= 6 * (kills + 1)
