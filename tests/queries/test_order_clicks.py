"""The click that an order carries is told with its member; what nobody gave out, or a neighbour did, is nothing."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django_scopes import scope

from offerwell.models import Click, Order
from offerwell.queries.order_clicks import clicks_of
from tests import make


def clicked(link, *, outcome="click", bot=""):
    with scope(workspace=link.workspace):
        return Click.objects.create(
            workspace=link.workspace, link_id=link.pk, offer_id=link.offer_id, member_id=link.enrollment.member_id,
            key=uuid4(), at=make.NOW, day=make.NOW.date(), outcome=outcome, visitor="v", origin="o", bot=bot,
        )  # fmt: skip


@pytest.fixture
def link(acme):
    return make.link(make.enrollment(make.offer(acme, "Summer")))


def carrying(*texts, ref="1"):
    return Order(store_id=7, ref=ref, click_ids=list(texts))


def told(*orders):
    return {
        name: [(one.click_id, one.member_id, one.enrollment_id, one.at, one.is_carried, one.is_bot) for one in found]
        for name, found in clicks_of(orders).items()
    }


def test_each_order_has_the_clicks_it_carries(link):
    one, two = clicked(link), clicked(link, bot="agent")
    who = (link.enrollment.member_id, link.enrollment_id, make.NOW, True)
    assert told(carrying(str(one.key)), carrying(two.key.hex, str(one.key), ref="2"), carrying(ref="3")) == {
        (7, "1"): [(str(one.key), *who, False)],
        (7, "2"): [(str(two.key), *who, True), (str(one.key), *who, False)],
    }


def test_what_is_no_click_of_ours_is_nothing(link, rival):
    theirs = clicked(make.link(make.enrollment(make.offer(rival, "Summer"))))
    dead = clicked(link, outcome="deactivated")
    assert told(carrying(str(theirs.key), str(dead.key), str(uuid4()), "not-an-id", "'; --", "")) == {}
