"""The door writes with SQL of its own: it must know every column, and the database must have no others."""

from __future__ import annotations

from offerwell.models import APP_KINDS, Click
from offerwell.tracking import links
from offerwell.tracking.clicks import COLUMNS, Arrival, new_key


def test_an_arrival_has_every_column_of_a_click():
    assert set(COLUMNS) == {field.column for field in Click._meta.concrete_fields} - {"id"}
    assert list(COLUMNS) == list(Arrival._fields)


def test_the_shops_are_those_with_discount_links():
    assert {str(kind) for kind in APP_KINDS} == {"shopify", "sandbox"}
    assert "s.kind IN ('shopify', 'sandbox')" in links._LINKS


def test_keys_are_of_their_time_and_never_the_same():
    keys = [new_key() for _ in range(10_000)]
    assert len(set(keys)) == 10_000
    assert {len(key) for key in keys} == {32}
    assert keys[0][:12] <= keys[-1][:12]
