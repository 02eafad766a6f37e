"""The leak radar's rows: what is counted of orders and clicks, scored once a day, dismissed until it grows."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.actions.dismiss_leaks import DismissalRefused, dismiss_leaks
from offerwell.actions.score_leaks import score_leaks, workspaces_to_score
from offerwell.models import ClickDay, CodeLeak, Event, LeakCheck, PromoCode
from offerwell.queries.code_use import used_codes
from offerwell.queries.leaks import leak_page
from offerwell.rules.leak_score import CodeUse
from tests import make

AT = make.NOW
DAY = timedelta(days=1)


class Brand:
    """A store and an offer with codes: CALM… are used as their creators are, LEAKED is not."""

    def __init__(self, place, *, calm=3):
        self.place, self.store = place, make.store(place)
        self.offer = make.offer(place, stores=[self.store])
        self.codes = [self.code(f"CALM{n}X{place.pk}") for n in range(calm)]
        self.leaked = self.code(f"LEAKED{place.pk}")

    def code(self, text):
        return make.code(make.enrollment(self.offer, option=make.payout(self.offer)), text)

    def sold(self, code, count, *, days=30, spread=40, click=True, **fields):
        ids = (str(uuid4()),) if click else ()
        make.recorded(self.store, *[
            make.snapshot(str(uuid4()), codes=[code.text], click_ids=ids, placed_at=AT - DAY * (days + n % spread), **fields)
            for n in range(count)
        ])  # fmt: skip

    def clicked(self, code, days):
        place = code.enrollment
        link = make.link(place)
        ClickDay.objects.create(
            workspace=self.place, link=link, offer_id=place.offer_id, member_id=place.member_id,
            day=(AT - DAY * days).date(), clicks=5, uniques=5,
        )  # fmt: skip


@pytest.fixture
def brand(acme):
    made = Brand(acme)
    for one in made.codes:
        made.sold(one, 25)
    made.sold(made.leaked, 20, click=False)
    made.sold(made.leaked, 30, days=1, spread=5, click=False)
    return made


def listed(**wanted):
    return [(row.code.text, row.score) for row in leak_page(**wanted).rows]


def test_what_is_counted_of_a_code(acme):
    brand = Brand(acme, calm=0)
    code, second = brand.leaked, make.store(acme)
    brand.clicked(code, 33)
    make.recorded(
        brand.store,
        make.snapshot("1", codes=[code.text.lower(), f" {code.text} "], placed_at=AT - 4 * DAY, is_returning=True),
        make.snapshot("2", codes=["OTHER", code.text], click_ids=["x"], placed_at=AT - 5 * DAY, is_returning=False),
        make.snapshot("3", codes=[code.text], placed_at=AT - 20 * DAY),
        make.snapshot("4", codes=[code.text], placed_at=AT - 92 * DAY),
        make.snapshot("5", codes=[code.text], placed_at=AT - 4 * DAY, is_test=True),
        make.snapshot("6", codes=[code.text], placed_at=AT - 4 * DAY, cancelled_at=AT),
        make.snapshot("7", codes=["STRANGER"], placed_at=AT - 4 * DAY),
    )
    make.recorded(second, make.snapshot("1", codes=[code.text], placed_at=AT - 7 * DAY))
    [found] = used_codes(acme.pk, at=AT)
    # Late: 29 days after the last click, which is the order of four days ago alone.
    assert (found.code_id, found.use) == (
        code.pk,
        CodeUse(4, without_click=3, late=1, known=2, returning=1, stores=2, recent=3, earlier=1, earlier_days=13),
    )  # fmt: skip


def test_a_leaked_code_stands_out_and_the_others_do_not(brand, acme):
    assert score_leaks(workspace_id=acme.pk, at=AT) == 1
    assert listed() == [(brand.leaked.text, 65)]
    row = CodeLeak.objects.get()
    assert [(part["sign"], part["points"], part["count"]) for part in row.parts] == [
        ("no_click", 35, 50), ("burst", 30, 30),
    ]  # fmt: skip


def test_scoring_again_is_the_same_row_and_what_is_over_is_forgotten(brand, acme):
    for hours in (0, 1):
        score_leaks(workspace_id=acme.pk, at=AT + timedelta(hours=hours))
    assert CodeLeak.objects.count() == LeakCheck.objects.count() == 1
    score_leaks(workspace_id=acme.pk, at=AT + 200 * DAY)
    assert CodeLeak.objects.count() == 0


def test_rotated_and_deactivated_codes_leave_the_list_at_once(brand, acme):
    score_leaks(workspace_id=acme.pk, at=AT)
    codes = PromoCode.objects.filter(pk=brand.leaked.pk)
    codes.update(is_active=False)
    assert listed() == []
    codes.update(is_active=True, text="NEW1", text_key="NEW1")
    assert listed() == []


def test_each_workspace_is_scored_once_a_day_and_alone(brand, acme, rival):
    with scope(workspace=rival):
        theirs = Brand(rival)
        theirs.sold(theirs.leaked, 50, click=False)
    make.workspace("Without orders")
    assert workspaces_to_score(at=AT) == [acme.pk, rival.pk]
    score_leaks(workspace_id=acme.pk, at=AT)
    assert workspaces_to_score(at=AT + timedelta(hours=23)) == [rival.pk]
    assert workspaces_to_score(at=AT + DAY) == [acme.pk, rival.pk]
    with scope(workspace=rival):
        assert (CodeLeak.objects.count(), list(leak_page().rows)) == (0, [])
    assert {row.text_key for row in used_codes(acme.pk, at=AT)} == {one.text for one in [*brand.codes, brand.leaked]}


def test_statements_do_not_grow_with_the_codes(acme):
    counts, brand = [], Brand(acme, calm=0)
    for calm in (1, 6):
        for n in range(calm):
            brand.sold(brand.code(f"C{calm}N{n}X{acme.pk}"), 21, click=n % 2 == 0)
        with CaptureQueriesContext(connection) as queries:
            score_leaks(workspace_id=acme.pk, at=AT + DAY * len(counts))
        counts.append(len(queries))
    assert counts[1] <= counts[0] + 1


def test_a_dismissed_code_comes_back_when_its_score_has_grown(brand, acme):
    score_leaks(workspace_id=acme.pk, at=AT)
    said = {"workspace_id": acme.pk, "reason": " A podcast  named it ", "by": make.ANA, "at": AT}
    assert dismiss_leaks(code_ids=[brand.leaked.pk, brand.codes[0].pk], **said) == 1
    row = CodeLeak.objects.get()
    assert (listed(), listed(is_dismissed=True)) == ([], [(brand.leaked.text, row.score)])
    assert (row.dismissed_reason, list(Event.objects.values_list("kind", flat=True))) == (
        "A podcast named it", ["leaks_dismissed"],
    )  # fmt: skip
    score_leaks(workspace_id=acme.pk, at=AT + timedelta(hours=1))
    assert listed() == []
    CodeLeak.objects.update(score=row.score + 9)
    assert listed() == []
    CodeLeak.objects.update(score=row.score + 10)
    assert listed() == [(brand.leaked.text, row.score + 10)]


@pytest.mark.parametrize(("ids", "reason"), [(False, "fine"), (True, " "), (True, "x" * 201)])
def test_a_dismissal_without_codes_or_reason_is_refused(brand, acme, ids, reason):
    score_leaks(workspace_id=acme.pk, at=AT)
    with pytest.raises(DismissalRefused):
        dismiss_leaks(
            workspace_id=acme.pk, code_ids=[brand.leaked.pk] if ids else [], reason=reason, by=make.ANA, at=AT
        )
    assert (CodeLeak.objects.get().dismissed_at, Event.objects.count()) == (None, 0)


def test_a_rivals_code_is_not_dismissed(brand, acme, rival):
    with scope(workspace=rival):
        theirs = Brand(rival)
        row = CodeLeak.objects.create(
            workspace=rival, code=theirs.leaked, text_key=theirs.leaked.text_key, score=90, orders=50, scored_at=AT
        )
    said = {"workspace_id": acme.pk, "reason": "fine", "by": make.ANA, "at": AT}
    assert dismiss_leaks(code_ids=[theirs.leaked.pk], **said) == 0
    with scope(workspace=rival):
        row.refresh_from_db()
    assert (row.dismissed_at, Event.objects.count()) == (None, 0)
