"""Lists inside statements, and many rows as one parameter: what goes in is what stands there, on both databases."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from offerwell.models import Enrollment, Member, Order
from offerwell.models.id_list import LONGEST_INLINE, among, id_rows, named
from offerwell.models.json_rows import insert_objects, text_rows, update_rows
from tests import make

_OWN = {"id", "email_key", "name_key"}


def test_listed_ids_find_their_rows(acme):
    nora, _omar = make.member(acme, "Nora"), make.member(acme, "Omar")
    assert list(Member.objects.filter(pk__in=id_rows([nora.pk, nora.pk, 0]))) == [nora]
    assert not Member.objects.filter(pk__in=id_rows([])).exists()


@pytest.mark.parametrize(
    "text", ["nora", 'a "quoted" one', "back\\slash", "{braces,and}", "NULL", "línea ½ 🎉", "two\nlines"]
)
def test_listed_texts_find_their_rows(acme, text):
    member = make.member(acme, "Nora")
    make.member(acme, "Omar")
    Member.objects.filter(pk=member.pk).update(search_text=text)
    assert list(Member.objects.filter(search_text__in=text_rows([text, "", text]))) == [member]
    assert not Member.objects.filter(search_text__in=text_rows([])).exists()


@pytest.mark.parametrize("size", [LONGEST_INLINE, LONGEST_INLINE + 1])
def test_lists_of_any_length_find_their_rows(acme, size):
    nora, omar = make.member(acme, "Nora"), make.member(acme, "Omar")
    Member.objects.filter(pk=nora.pk).update(search_text="1")
    assert list(Member.objects.filter(pk__in=id_rows([*range(nora.pk + 9, nora.pk + 8 + size), nora.pk]))) == [nora]
    assert list(Member.objects.filter(search_text__in=text_rows(map(str, range(size))))) == [nora]
    assert list(Member.objects.exclude(pk__in=id_rows([nora.pk] * size))) == [omar]


@pytest.mark.parametrize("column", ["pk", "ref"])
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite loops over the list")
def test_postgresql_never_joins_a_table_it_knows_nothing_of_with_a_list(acme, column):
    """It took the orders of a new brand for one row, and compared each of them with each id of the list."""
    listed = id_rows(range(700)) if column == "pk" else text_rows(map(str, range(700)))
    plan = Order.objects.filter(**{f"{column}__in": listed}).explain()
    assert "Loop" not in plan
    assert "Join" not in plan


@pytest.fixture
def stored(acme):
    """An order, its lines and whose it is."""
    store = make.store(acme)
    make.history(make.code(make.enrollment(make.offer(acme, stores=[store]), make.member(acme, "Nora")), "NORA10"))
    (order,) = make.recorded(store, make.snapshot("1", codes=["NORA10"])).values()
    return order


def test_a_stretch_of_ids_is_those_and_none_between(acme):
    first, _between, last, beyond = (make.member(acme, name).pk for name in ("Nora", "Omar", "Pia", "Quinn"))
    assert {one.pk for one in Member.objects.filter(among([last, first]))} == {first, last}
    assert [one.pk for one in Member.objects.filter(among([beyond, beyond]))] == [beyond]
    assert not Member.objects.filter(among([])).exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite looks each one up")
def test_postgresql_walks_a_stretch_of_ids_not_the_table(stored):
    """It read all of a hundred thousand orders for each two thousand of them."""
    columns = ", ".join(f'"{one.column}"' for one in Order._meta.concrete_fields if one.column not in {"id", "ref"})
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO offerwell_order (id, ref, {columns}) SELECT id + n, (n + 9)::text, {columns} FROM offerwell_order, "
            "generate_series(1, 60000) n ORDER BY hashint4(n)"
        )
        cursor.execute("ANALYZE offerwell_order")
    ids = range(stored.pk + 20_000, stored.pk + 22_000)
    assert "Seq Scan" in Order.objects.filter(pk__in=id_rows(ids)).explain()
    plan = Order.objects.filter(among(ids)).explain()
    assert "Seq Scan" not in plan
    assert "Index" in plan


def test_objects_are_inserted_as_bulk_create_inserts_them(stored):
    moment = make.NOW.replace(microsecond=125_000).astimezone(ZoneInfo("Asia/Tokyo"))
    given = {"name": 'Ünï "q" \\ 🎉', "cancelled_at": moment, "is_returning": None, "codes": ["Ä", {"a": [1, None]}]}
    rows = []
    for ref, insert in (("raw", insert_objects), ("orm", Order.objects.bulk_create)):
        order = Order.objects.get(pk=stored.pk)
        order.pk, order.ref = None, ref
        for name, value in given.items():
            setattr(order, name, value)
        insert([order])
        rows.append(Order.objects.filter(ref=ref).values().get() | {"id": 0, "ref": ""})
    assert rows[0] == rows[1]
    assert rows[0].items() >= given.items()
    assert Order.objects.filter(cancelled_at=moment, is_returning=None).count() == 2


def test_rows_are_updated_each_with_its_own_cells(stored):
    other = make.recorded(stored.store, make.snapshot("2"))["2"]
    columns = ("name", "cancelled_at", "is_test", "codes", "net", "buyer_member_id")
    cells = [("a", make.NOW, True, [], 5_000_000_000, None), ("b", None, False, ["x"], 12, 7)]
    update_rows(Order, columns, list(zip((stored.pk, other.pk), cells, strict=True)))
    assert list(Order.objects.order_by("pk").values_list(*columns)) == cells
    assert Order.objects.filter(cancelled_at=make.NOW).get() == stored


def test_half_a_character_is_refused_and_nothing_is_stored(stored):
    with pytest.raises(UnicodeEncodeError):
        update_rows(Order, ("name",), [(stored.pk, ("\ud83d",))])
    assert Order.objects.values_list("name", flat=True).get() == stored.name


def test_named_ids_find_their_rows_in_any_column(acme):
    offer, nora, omar = make.offer(acme), make.member(acme, "Nora"), make.member(acme, "Omar")
    place = make.enrollment(offer, nora)
    make.enrollment(offer, omar)
    assert list(Enrollment.objects.filter(named("member_id", [nora.pk, nora.pk, 0]), offer=offer)) == [place]
    assert list(Member.objects.exclude(named("pk", [omar.pk]))) == [nora]
    assert not Member.objects.filter(named("pk", [])).exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite looks each one up")
def test_postgresql_looks_up_who_is_named_whatever_the_page_is_ordered_by(acme):
    """It walked a million members by name to meet fifty of two thousand: a second for a search that took 10 ms."""
    nora = make.member(acme, "Nora")
    columns = ", ".join(f'"{one.column}"' for one in Member._meta.concrete_fields if one.column not in _OWN)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO offerwell_member (email_key, name_key, {columns})"
            f" SELECT n::text, n::text, {columns} FROM offerwell_member, generate_series(1, 60000) n"
        )
        cursor.execute("ANALYZE offerwell_member")
    ids, page = range(nora.pk, nora.pk + 2_000), Member.objects.order_by("name_key", "pk")
    assert "member_by_name" in page.filter(pk__in=id_rows(ids))[:51].explain()
    plan = page.filter(named("pk", ids))[:51].explain()
    assert "member_by_name" not in plan
    assert "offerwell_member_pkey" in plan


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's scans all begin at the beginning")
def test_a_cut_search_ends_at_the_same_hits_whoever_else_scans(acme):
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronize_seqscans")
        assert cursor.fetchone() == ("off",)
