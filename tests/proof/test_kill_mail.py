"""Workers are killed while they send: no member gets a letter twice, and none is forgotten (trust G18)."""

from __future__ import annotations

import random
import socket
import time
from collections import Counter

import pytest

from tests.proof.ground import Ground, free_port, wait_until
from tests.proof.tier import IS_LARGE, report

LETTERS, BLOWS = (2_000, 60) if IS_LARGE else (30, 2)
STATES = "SELECT state, count(*) FROM offerwell_messagerecipient GROUP BY state"
OPEN = "SELECT count(*) FROM offerwell_messagerecipient WHERE state IN ('waiting', 'handed_over')"
UNKNOWN = "SELECT \"to\" FROM offerwell_messagerecipient WHERE state = 'unknown'"
COUNTS = "SELECT recipients, sent, unknown, skipped, failed FROM offerwell_message"


@pytest.fixture
def ground(tmp_path):
    port = free_port()
    made = Ground(
        tmp_path, OFFERWELL_SMTP_HOST="127.0.0.1", OFFERWELL_SMTP_PORT=str(port), OFFERWELL_MAIL_LEASE="1",
        OFFERWELL_MAIL_PER_SECOND="0", OFFERWELL_PUBLIC_URL="https://offers.example",
    )  # fmt: skip
    made.start("-m", "tests.proof.post_office", str(port), str(tmp_path / "taken"), log="post")
    assert wait_until(lambda: _answers(port), 30), made.text_of("post")
    yield made
    made.close()


def _answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _taken(book):
    return len(book.read_text().split())


def test_kill_9_in_mid_send_doubles_no_letter_and_forgets_none(ground, tmp_path):
    ground.play("confirm_message", members=LETTERS)
    seed, book = random.Random(20261126), tmp_path / "taken"
    for _ in range(BLOWS):
        worker, before = ground.worker(), _taken(book)
        assert wait_until(lambda before=before: _taken(book) > before + 3, 60), ground.text_of("worker")
        time.sleep(seed.uniform(0, 0.1))
        worker.kill()
        worker.wait(10)
    ground.worker()
    ground.worker()
    # Calm: the rest goes, and what was in dead hands is told as unknown.
    assert wait_until(lambda: ground.asked(OPEN) == [(0,)], 120), (ground.asked(STATES), ground.text_of("worker"))
    assert wait_until(lambda: ground.asked("SELECT state FROM offerwell_message") == [("sent",)], 30)
    taken = Counter(book.read_text().split())
    states = dict(ground.asked(STATES))
    unknown = {to for (to,) in ground.asked(UNKNOWN)}
    assert [to for to, times in taken.items() if times > 1] == []
    assert set(states) <= {"sent", "unknown"}
    assert sum(states.values()) == LETTERS
    assert states["sent"] <= len(taken) <= LETTERS
    assert len(unknown) <= BLOWS
    # A letter that the server took is sent or unknown; one that is sent was taken.
    assert len(taken) - states["sent"] == len(unknown & set(taken))
    assert ground.asked(COUNTS) == [(LETTERS, states["sent"], len(unknown), 0, 0)]
    report("kill_mail", letters=LETTERS, blows=BLOWS, unknown=len(unknown), doubled=0)
