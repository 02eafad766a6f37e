"""One page of an offer's members, by key: the same list whichever way one walks it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from offerwell.models import StoreCode
from offerwell.queries.offer_member_page import PageWish, Sort, member_page, member_rows
from offerwell.rules.selection import MemberFilter, View
from tests import make

EXPECTED = {
    Sort.NAME: ["ada", "ada", "bea", "bea", "cleo", "dora", "eva"],
    Sort.NAME_DOWN: ["eva", "dora", "cleo", "bea", "bea", "ada", "ada"],
    Sort.NEWEST: ["ada", "cleo", "bea", "eva", "ada", "dora", "bea"],
}


@pytest.fixture
def offer(acme):
    offer = make.offer(acme)
    for first in ("Bea", "Dora", "Ada", "Eva", "Bea", "Cleo", "Ada"):
        make.code(make.enrollment(offer, make.member(acme, first, "")))
    return offer


@pytest.mark.parametrize("sort", list(EXPECTED))
def test_pages_forth_and_back_are_the_same_list(offer, sort):
    pages = [member_page(offer, PageWish(sort=sort), at=make.NOW, size=3)]
    while pages[-1].next:
        pages.append(member_page(offer, PageWish(sort=sort, after=pages[-1].next), at=make.NOW, size=3))
    assert [row.member.name_key for page in pages for row in page.rows] == EXPECTED[sort]
    assert [(page.first, page.last) for page in pages] == [(1, 3), (4, 6), (7, 7)]
    back = [pages[-1]]
    while back[-1].previous:
        back.append(member_page(offer, PageWish(sort=sort, until=back[-1].previous), at=make.NOW, size=3))
    assert [row.enrollment_id for page in reversed(back) for row in page.rows] == [
        row.enrollment_id for page in pages for row in page.rows
    ]
    assert [(page.first, page.last) for page in back] == [(7, 7), (4, 6), (1, 3)]


def test_an_empty_list_has_no_pages_beside_it(acme):
    page = member_page(make.offer(acme), PageWish(), at=make.NOW)
    assert (page.rows, page.first, page.last, page.previous, page.next) == ((), 0, 0, None, None)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (MemberFilter(text="ada"), ["Ada", "Ada"]),
        (MemberFilter(text="bea dub"), []),
        (MemberFilter(view=View.ANY_DEACTIVATED), ["Dora"]),
        (MemberFilter(country="DE"), ["Eva"]),
        (MemberFilter(view=View.ANY_DEACTIVATED, country="DE"), []),
    ],
)
def test_filters_narrow_the_list(acme, offer, wanted, names):
    rows = {row.member.name: row for row in member_page(offer, PageWish(), at=make.NOW).rows}
    rows["Eva"].member.country = "DE"
    rows["Eva"].member.save()
    code = rows["Dora"].codes[0]
    type(offer.enrollments.first().promocodes.first()).objects.filter(pk=code.pk).update(is_active=False)
    page = member_page(offer, PageWish(filter=wanted), at=make.NOW)
    assert [row.member.name for row in page.rows] == names


def test_a_row_says_what_its_store_still_owes(acme):
    store = make.store(acme, "Glow")
    offer = make.offer(acme, stores=[store])
    place = make.enrollment(offer)
    code = make.code(place, "NORA20", stores=[store], is_active=False)
    link = make.link(place, "nora")
    StoreCode.objects.filter(code=code).update(generation=7)
    (row,) = member_page(offer, PageWish(), at=make.NOW).rows
    assert [(part.text, part.is_active, str(part.seen.status), part.seen.why) for part in row.parts] == [
        ("NORA20", False, "updating", "Deactivating in Glow."), (link.slug, True, "active", ""),
    ]  # fmt: skip
    assert row.is_moving is True
    StoreCode.objects.filter(code=code).update(observed_generation=7)
    (row,) = member_page(offer, PageWish(), at=make.NOW).rows
    assert ([str(part.seen.status) for part in row.parts], row.is_moving) == (
        ["deactivated", "active"],
        False,
    )


def test_rows_of_another_workspace_are_not_there(acme, rival):
    theirs = make.enrollment(make.offer(rival))
    assert member_rows(make.offer(acme), [theirs.pk], at=make.NOW) == ()


def test_statements_do_not_grow_with_the_rows(acme):
    store = make.store(acme)

    def statements(members):
        offer = make.offer(acme, stores=[store])
        for _ in range(members):
            place = make.enrollment(offer)
            make.code(place, stores=[store])
            make.code(place, stores=[store])
            make.link(place)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(member_page(offer, PageWish(), at=make.NOW).rows) == min(members, 50)
        return len(queries)

    assert {statements(members) for members in (1, 3, 60)} == {4}
