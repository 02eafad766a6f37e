"""Web processes are killed while people confirm over HTTP and press again what got no answer."""

from __future__ import annotations

import os
import random
import re
import signal
import threading
import time
from html import unescape
from pathlib import Path

import httpx
import pytest

from tests.proof.ground import Ground, free_port, wait_until
from tests.proof.test_history import meant_by, outcome
from tests.proof.tier import IS_LARGE, report

SECONDS = 60 if IS_LARGE else 8
FEWEST, FEWEST_KILLS = (60, 14) if IS_LARGE else (6, 2)


class Person:
    """One signed-in operator at the pages, without JavaScript. Presses Confirm until there is an answer."""

    def __init__(self, address, cookie, place, number):
        self.http = httpx.Client(base_url=address, cookies={"offerwell": cookie}, timeout=20)
        self.place, self.rng = place, random.Random(number)
        self.base = f"/reporting/sales-tracking/{place['offer']}/"
        self.answers = {}  # the token of the plan shown → the numbers of the change it was answered with
        self.errors, self.pressed_again, self.heard = [], 0, 0

    def asked(self, method, path, **more):
        """The answer, however often it takes: a page that did not come is asked for again."""
        for _ in range(3_000):
            try:
                answer = self.http.request(method, path, **more)
            except httpx.HTTPError:
                self.pressed_again += 1
                time.sleep(0.1)
                continue
            self.heard += 1
            return answer
        raise AssertionError("the web did not come back")

    def live(self, stop):
        while not stop.is_set():
            try:
                self.change_some()
            except Exception as error:
                self.errors.append(repr(error))
                return

    def change_some(self):
        page = self.asked("GET", self.base).text
        csrf = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        ids = self.rng.sample(self.place["members"], self.rng.randint(1, 25))
        chosen = self.asked("POST", self.base + "selection/", data={"ids": ids, "csrfmiddlewaretoken": csrf})
        assert chosen.status_code == 302, chosen.text[-500:]
        target = self.rng.choice(["active", "deactivated"])
        confirm = chosen.headers["Location"] + "confirm/"
        shown = self.asked("GET", confirm, params={"part": "codes", "target": target})
        for _ in range(50):
            if shown.status_code == 422:
                return  # nothing to change
            assert shown.status_code in {200, 409}, shown.text[-500:]
            planned = re.search(r'name="plan" value="([^"]+)"', shown.text)
            if planned is None:
                said = re.findall(r"<(?:div|p|b)[^>]*>([^<]{12,200})<", shown.text)
                assert "Nothing is left to be" in shown.text, (shown.status_code, said)
                return
            token = unescape(planned[1])
            form = {"plan": token, "part": "codes", "target": target, "csrfmiddlewaretoken": csrf}
            times = 2 if self.rng.random() < 0.2 else 1  # pressed twice
            for _ in range(times):
                shown = self.asked("POST", confirm, data=form)
                if shown.status_code == 302:
                    self.answers.setdefault(token, []).append(int(re.search(r"/(\d+)/", shown.headers["Location"])[1]))
            if token in self.answers:
                return


def children_of(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture(scope="module")
def after(tmp_path_factory):
    ground = Ground(tmp_path_factory.mktemp("web"))
    try:
        place = ground.play("seed", codes=40, extra_every=4)
        cookies = ground.play("sign_in", ground=place, people=3)
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        serve = ("-m", "offerwell.management", "serve", "--port", str(port), "--workers", "2")
        servers = [ground.start(*serve, log="web")]
        assert wait_until(lambda: answers(address), 90), ground.text_of("web")[-3000:]
        people, stop = [Person(address, cookie, place, n) for n, cookie in enumerate(cookies)], threading.Event()
        threads = [threading.Thread(target=one.live, args=(stop,)) for one in people]
        for thread in threads:
            thread.start()
        kills = rage(servers, people, lambda: ground.start(*serve, log="web"))
        stop.set()
        for thread in threads:
            thread.join(90)
        yield people, ground.play("stored", ground=place), kills
    finally:
        ground.close()


def answers(address):
    try:
        return httpx.get(address + "/healthz", timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def rage(servers, people, start):
    """Kill a web process every now and then, once people heard from the web again; its parent starts another.

    A parent that sees the same one die twice within seconds gives up: whoever watches it starts it again.
    """
    rng, kills, heard, began = random.Random(3), 0, 0, time.monotonic()
    while (lasted := time.monotonic() - began) < SECONDS or (lasted < 5 * SECONDS and is_tame(kills, people)):
        time.sleep(rng.uniform(0.5, 2.0))
        if servers[-1].poll() is not None:
            servers.append(start())
        elif (now := sum(one.heard for one in people)) >= heard + 6 and (processes := children_of(servers[-1].pid)):
            os.kill(rng.choice(processes), signal.SIGKILL)
            kills, heard = kills + 1, now
    if servers[-1].poll() is not None:
        servers.append(start())
    return kills


def is_tame(kills, people):
    return kills < FEWEST_KILLS or len(all_answers(people)) < FEWEST


def all_answers(people):
    return {token: numbers for one in people for token, numbers in dict(one.answers).items()}


def test_every_answer_is_one_change_and_every_change_has_its_items(after):
    people, stored, kills = after
    told = all_answers(people)
    report("web kill run", kills=kills, changes=len(told), pressed_again=sum(one.pressed_again for one in people))
    assert [one.errors for one in people] == [[], [], []]
    assert [numbers for numbers in told.values() if len(set(numbers)) != 1] == []
    assert sorted(numbers[0] for numbers in told.values()) == [change["id"] for change in stored["changes"]]
    assert (stored["problems"], stored["chain"]) == ([], None)
    assert len(told) >= FEWEST
    assert kills >= FEWEST_KILLS


def test_the_changes_explain_the_codes(after):
    _, stored, _ = after
    state = {code["id"]: (True, 0) for code in stored["codes"]}
    for change in stored["changes"]:
        meant = meant_by(change, stored["codes"], {})
        changed = [code_id for code_id in meant if outcome(code_id, state, change, set()) == "changed"]
        assert change["items"] == {str(code_id): state[code_id][0] for code_id in changed}
        state |= dict.fromkeys(changed, (change["to_active"], change["id"]))
    assert state == {code["id"]: (code["is_active"], code["last_change_id"]) for code in stored["codes"]}
