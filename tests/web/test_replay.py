"""Settings of orders › other rules on past orders: asked, shown, applied, moved back; refused where it happened."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django_scopes import scope

from offerwell.actions.run_replay import run_replay
from offerwell.models import AttributionReplay, AttributionRules, Event, LedgerEntry, Order
from tests import make
from tests.actions.test_replay import Brand
from tests.web.page_words import words

ASKED = {"first": "link", "window_days": "14", "since": "2026-11-01"}


@pytest.fixture
def brand(acme):
    return Brand(acme)


@pytest.fixture
def signed_in(acme, client):
    def as_a(role="owner"):
        client.force_login(make.user(acme, role=role))
        return client

    return as_a


def test_it_is_shown_applied_and_moved_back(signed_in, brand):
    make.recorded(brand.store, brand.order("1"), brand.order("2", click=False))
    client = signed_in()
    page = client.post(reverse("replays"), ASKED, follow=True)
    text = words(page)
    assert "Nothing has been changed." in text
    assert "To another member 1 Of these, from nobody 0 Of these, to nobody 0" in text
    assert "USD 100.00 USD 20.00 USD 30.00 USD 10.00 USD 20.00 USD 10.00 USD" in text
    assert "Omar Dubois 0.00 USD 20.00 USD 20.00 USD Nora Dubois 10.00 USD 0.00 USD −10.00 USD" in text
    assert "#1 Nora Dubois Omar Dubois" in text
    assert (AttributionRules.objects.count(), LedgerEntry.objects.count(), Event.objects.count()) == (0, 4, 0)
    replay = AttributionReplay.objects.get()
    page = client.post(reverse("replay_apply", args=[replay.pk]), follow=True)
    assert "Applying to past orders" in words(page)
    assert make.wake_ups[-1:] in ([], [("run_replay", replay.pk)])
    run_replay(replay_id=replay.pk)
    page = client.get(reverse("replay", args=[replay.pk]))
    assert "exactly as shown below" in words(page)
    assert re.findall(r'name="(\w+)" value="(code|28|2026-11-01)"', page.content.decode()) == [
        ("first", "code"), ("window_days", "28"), ("since", "2026-11-01"),
    ]  # fmt: skip
    order = Order.objects.get(ref="1")
    page = words(client.get(reverse("order", args=[order.pk])))
    assert "Credited to Omar Dubois" in page
    assert "Other attribution rules" in page


def test_what_moves_nothing_is_not_offered_to_be_applied(signed_in, brand):
    client = signed_in()
    make.recorded(brand.store, brand.order("1", click=False))
    said = words(client.post(reverse("replays"), ASKED, follow=True))
    assert "With these rules no order goes to another member, and no commission changes." in said
    assert "Use from now on" in said
    assert "Apply to" not in said
    make.recorded(brand.store, brand.order("2"))
    assert "Apply to 2 past orders" in words(client.post(reverse("replays"), ASKED, follow=True))


def test_the_progress_is_a_fragment_that_fetches_the_page_when_done(signed_in, brand, monkeypatch):
    make.recorded(brand.store, brand.order("1"))
    monkeypatch.setattr("offerwell.actions.ask_for_replay.AT_ONCE", 0)
    client = signed_in()
    assert "0 of 1 orders decided" in words(client.post(reverse("replays"), ASKED, follow=True))
    address = reverse("replay", args=[AttributionReplay.objects.get().pk])
    fragment = client.get(address, headers={"HX-Request": "true"})
    assert ("<html" in fragment.content.decode(), fragment.headers.get("HX-Refresh")) == (False, None)
    run_replay(replay_id=AttributionReplay.objects.get().pk)
    assert client.get(address, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"window_days": "0"}, "Enter a number of days from 1 to 365."), ({"since": "soon"}, "Choose a day that has"),
     ({"since": "2999-01-01"}, "Choose a day that has begun."), ({"first": "both"}, "Choose codes or links.")],
)  # fmt: skip
def test_what_cannot_be_tried_is_said_where_it_stands(signed_in, brand, wrong, said):
    answer = signed_in().post(reverse("replays"), ASKED | wrong)
    assert (answer.status_code, AttributionReplay.objects.count()) == (422, 0)
    assert said in words(answer)


def test_an_outdated_preview_is_refused_on_its_page(signed_in, brand):
    make.recorded(brand.store, brand.order("1"))
    client = signed_in()
    for _ in range(2):
        client.post(reverse("replays"), ASKED)
    newer, older = AttributionReplay.objects.order_by("-pk")
    client.post(reverse("replay_apply", args=[newer.pk]))
    run_replay(replay_id=newer.pk)
    before = LedgerEntry.objects.count()
    answer = client.post(reverse("replay_apply", args=[older.pk]))
    assert answer.status_code == 409
    assert "Other rules were applied to past orders since this preview. Preview again." in words(answer)
    assert (LedgerEntry.objects.count(), Event.objects.count()) == (before, 2)


@pytest.mark.parametrize("role", ["manager", "operator", "analyst"])
def test_only_owners_try_and_apply(signed_in, brand, role):
    client = signed_in(role)
    assert client.post(reverse("replays"), ASKED).status_code == 403
    assert AttributionReplay.objects.count() == 0


def test_a_rivals_replay_is_not_found(signed_in, acme, rival):
    with scope(workspace=rival):
        theirs = AttributionReplay.objects.create(
            workspace=rival, first="link", window_days=7, since=make.NOW, top_id=0, total_orders=0, asked_by="Secret",
            asked_at=make.NOW,
        )  # fmt: skip
    client = signed_in()
    assert client.get(reverse("replay", args=[theirs.pk])).status_code == 404
    assert client.post(reverse("replay_apply", args=[theirs.pk])).status_code == 404
    assert "Secret" not in client.get(reverse("attribution_rules")).content.decode()
