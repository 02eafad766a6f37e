"""Reporting › Leak radar: evidence in words, to Manage Offer by the selection, dismissal; nothing of a rival's."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_scopes import scope

from offerwell.models import BulkChange, CodeLeak, StoredSelection
from offerwell.rules.selection import selection_from_json
from tests import make
from tests.web.page_words import words

PARTS = [
    {"sign": "no_click", "points": 33, "count": 38, "of": 40, "usual": 25},
    {"sign": "burst", "points": 30, "count": 31, "of": 7, "usual": 4},
    {"sign": "late", "points": 9, "count": 30, "of": 40, "usual": 10},
    {"sign": "returning", "points": 5, "count": 20, "of": 40, "usual": 20},
    {"sign": "stores", "points": 2, "count": 2, "of": 1, "usual": 1},
]


def leak(code, score=79, **fields):
    with scope(workspace=code.workspace):
        return CodeLeak.objects.create(
            workspace=code.workspace, code=code, text_key=code.text_key, score=score, orders=40, parts=PARTS,
            scored_at=make.NOW, **fields,
        )  # fmt: skip


@pytest.fixture
def summer(acme):
    return make.offer(acme, "Summer", stores=[make.store(acme)])


@pytest.fixture
def leaked(acme, summer):
    code = make.code(make.enrollment(summer, make.member(acme, "Nora")), "NORA10")
    leak(code)
    return code


@pytest.fixture
def signed_in(acme, client):
    def as_a(role="operator"):
        client.force_login(make.user(acme, role=role))
        return client

    return as_a


def test_the_evidence_is_told_in_numbers(signed_in, leaked):
    page = signed_in("analyst").get(reverse("leaks"))
    text = words(page)
    assert "Nora Dubois NORA10 Summer · 40 orders 79 Likely leaked" in text
    for said in (
        "38 of 40 orders (95%) came without a click. Usual in this offer: 25%.",
        "31 orders in the last 7 days. Expected from its earlier weeks: 4.",
        "30 of 40 orders (75%) came more than 28 days after the member’s last click. Usual in this offer: 10%.",
        "20 of 40 orders (50%) are of buyers who had bought before. Usual in this offer: 20%.",
        "Used in 2 stores. Usual in this offer: 1.",
    ):
        assert said in text
    assert 'name="ids"' not in page.content.decode()


def test_the_ticked_codes_members_go_to_manage_offer_and_nothing_is_changed(signed_in, leaked, summer):
    page = signed_in().post(reverse("leaks_manage"), {"ids": [leaked.pk]}, follow=True)
    stored = StoredSelection.objects.get()
    assert selection_from_json(stored.body).ids == (leaked.enrollment.member_id,)
    assert (stored.offer_id, stored.origin, page.status_code) == (summer.pk, reverse("leaks"), 200)
    assert "Refresh Promo Codes" in words(page)
    assert BulkChange.objects.count() == 0


def test_codes_of_several_offers_none_and_rivals_are_refused(signed_in, acme, rival, leaked):
    other = make.code(make.enrollment(make.offer(acme, "Winter")), "OMAR10")
    with scope(workspace=rival):
        theirs = make.code(make.enrollment(make.offer(rival, "Theirs")), "SECRET77")
    leak(theirs)
    client = signed_in()
    for ids, said in (
        ([leaked.pk, other.pk], "of several offers"),
        ([], "No codes are"),
        ([theirs.pk], "No codes are"),
    ):
        answer = client.post(reverse("leaks_manage"), {"ids": ids})
        assert answer.status_code == 422
        assert said in words(answer)
        assert "SECRET77" not in answer.content.decode()
    assert StoredSelection.objects.count() == 0


def test_dismissing_needs_a_reason_and_moves_the_row(signed_in, leaked):
    client = signed_in()
    answer = client.post(reverse("leaks_dismiss"), {"ids": [leaked.pk], "reason": ""})
    assert answer.status_code == 422
    assert "Say why this is fine" in words(answer)
    assert f'value="{leaked.pk}" autocomplete="off" aria-label="Select NORA10" checked' in answer.content.decode()
    assert CodeLeak.objects.get().dismissed_at is None
    page = client.post(reverse("leaks_dismiss"), {"ids": [leaked.pk], "reason": "A podcast"}, follow=True)
    assert "Dismissed: 1 code is listed again when the score has grown." in words(page)
    assert "No code stands out" in words(page)
    assert "at 79: A podcast" in words(client.get(reverse("leaks"), {"view": "dismissed"}))


def test_an_analyst_looks_and_changes_nothing(signed_in, leaked):
    client = signed_in("analyst")
    for name in ("leaks_manage", "leaks_dismiss"):
        assert client.post(reverse(name), {"ids": [leaked.pk], "reason": "fine"}).status_code == 403
    assert (CodeLeak.objects.get().dismissed_at, StoredSelection.objects.count()) == (None, 0)


def test_pages_follow_without_gap_or_copy_in_constant_statements(signed_in, acme, summer):
    client, counts = signed_in(), []
    for wanted in (1, 60):
        for n in range(CodeLeak.objects.count(), wanted):
            leak(make.code(make.enrollment(summer), f"C{n:03}"), score=20 + n % 5)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("leaks"))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    first = client.get(reverse("leaks")).context
    second = client.get(reverse("leaks") + first["next_href"]).context
    seen = [row[0].pk for shown in (first, second) for row in shown["rows"]]
    assert (len(seen), len(set(seen)), second["next_href"]) == (60, 60, "")
    assert client.get(reverse("leaks"), {"after": "x-9", "offer": "nonsense"}).status_code == 200
