"""The sign-in page tells the demo's sign-in where that was declared, and nowhere else."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from tests import make

pytestmark = pytest.mark.django_db
SIGN_IN = {"email": "ana@glowlab.example", "password": "glow-lab-demo & co"}


@pytest.fixture
def page(settings, tmp_path):
    """`page(declared=…, written=…)` → the page's words."""
    settings.DATA = tmp_path

    def open_page(*, declared, written):
        settings.OFFERWELL_DEMO = declared
        if written is not None:
            (tmp_path / "demo-sign-in.json").write_text(written)
        answer = Client().get("/account/login/")
        assert answer.status_code == 200
        return answer.content.decode()

    return open_page


def test_a_declared_demo_is_told_and_opens(page):
    words = page(declared=True, written=json.dumps(SIGN_IN))
    assert words.count('id="demo-sign-in"') == 1
    assert words.count(f'<dd class="mono">{SIGN_IN["email"]}</dd>') == 1
    assert words.count('<dd class="mono">glow-lab-demo &amp; co</dd>') == 1
    make.user(make.workspace("Glow Lab"), email=SIGN_IN["email"], password=SIGN_IN["password"])
    answer = Client().post("/account/login/", {"login": SIGN_IN["email"], "password": SIGN_IN["password"]})
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("declared", "written"),
    [(False, json.dumps(SIGN_IN)), (True, None), (True, "{"), (True, "[]"), (True, '{"email": "x@example.com"}')],
)
def test_otherwise_nothing_is_told(page, declared, written):
    words = page(declared=declared, written=written)
    assert [word for word in ("demo-sign-in", "glowlab", "glow-lab-demo", "x@example.com") if word in words] == []


def test_no_other_page_tells_it(page, settings):
    page(declared=True, written=json.dumps(SIGN_IN))
    for address in ("/account/login/code/", "/account/password/reset/"):
        answer = Client().get(address)
        assert (answer.status_code, "glow-lab-demo" in answer.content.decode()) == (200, False)
