"""What docs/api/conversions.md tells others to do is done here, against the real server."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from django.utils import timezone

from offerwell.models import Order
from offerwell.rules.told_order import _LINE, _ORDER, _REFUND, told_order
from tests import make

PAGE = (Path(__file__).parents[2] / "docs/api/conversions.md").read_text()


def block(language):
    return re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[1]


def test_the_example_is_an_order_and_every_field_is_told():
    found = told_order(block("json").encode(), currency="USD", now=timezone.now())
    assert (found.ref, found.net, found.codes, len(found.click_ids)) == ("1001", 8000, ("NORA20",), 1)
    for name in _ORDER | _LINE | _REFUND:
        assert f"`{name}`" in PAGE or f'"{name}"' in PAGE, name


@pytest.mark.django_db(transaction=True)
def test_the_commands_do_what_they_say(live_server, acme):
    shop = make.other_shop(acme)
    given = {"OFFERWELL": live_server.url, "KEY": shop.key, "SECRET": "ows_secret", "PATH": "/usr/bin:/bin"}
    told = subprocess.run(
        ["bash", "-ec", block("sh")], env=given, capture_output=True, text=True, check=True, timeout=30
    )
    assert json.loads(told.stdout) == {"order": "1002", "is_new": True}
    within: dict = {}
    exec(block("python"), within)  # noqa: S102  our own page
    order = {"ref": "1003", "placed_at": "2026-11-23T10:00:00Z", "currency": "USD", "lines": [{"net": "1.00"}]}
    assert within["tell"](order, live_server.url, shop.key, "ows_secret") == {"order": "1003", "is_new": True}
    assert set(Order.objects.values_list("ref", "net")) == {("1002", 5000), ("1003", 100)}
