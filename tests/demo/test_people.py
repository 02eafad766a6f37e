"""Invented people: always the same, unique where the tables want it, and as varied as real ones."""

from __future__ import annotations

import unicodedata
from itertools import islice

from offerwell.demo.people import GROUPS, TAGS, people


def test_the_same_people_every_time_and_nobody_twice():
    first = list(people(10_300))
    assert list(islice(people(20_000), 300)) == first[:300]
    assert len({person.email for person in first}) == 10_300
    handles = [(network, handle) for person in first for network, handle in person.handles]
    assert len(set(handles)) == len(handles)
    assert {tag for person in first for tag in person.tags} == set(range(len(TAGS)))
    assert {group for person in first for group in person.groups} == set(range(len(GROUPS)))


def test_names_are_of_many_countries_and_scripts():
    first = list(people(10_300))
    assert len({person.country for person in first}) == 18
    directions = {unicodedata.bidirectional(letter) for person in first for letter in person.first_name}
    assert {"R", "AL", "L"} <= directions
    assert any("✨" in person.first_name for person in first)
    assert max(len(f"{person.first_name} {person.last_name}") for person in first) == 91
    assert all(
        person.slug.isascii() and person.slug.isalnum() and person.slug == person.slug.lower() for person in first
    )
