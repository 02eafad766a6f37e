"""Clicks added up by the worker are what the raw clicks say, however the batches fall."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from django_scopes import scopes_disabled

from offerwell.actions import count_clicks as module
from offerwell.actions.count_clicks import count_clicks
from offerwell.actions.rebuild_reports import rebuild_reports
from offerwell.models import Click, ClickDay, ClickSalt, MemberClickMonth, OfferClickDay, ProgrammeClickDay
from offerwell.queries.click_counts import REPEAT_SECONDS
from offerwell.queries.sales_links import LinkClicks, clicks_of
from offerwell.queries.verify_reports import report_problems
from tests import make

pytestmark = pytest.mark.django_db


def arrival(link, n, *, visitor="v", seconds=0, outcome="click", bot=""):
    at = make.NOW + timedelta(seconds=seconds)
    return Click(
        workspace=link.workspace, link_id=link.pk, offer_id=link.offer_id, member_id=link.enrollment.member_id, key=UUID(int=n),
        at=at, day=at.date(), outcome=outcome, visitor=visitor, origin=visitor, bot=bot,
    )  # fmt: skip


def counted():
    with scopes_disabled():
        return {
            (row.link_id, row.day): (row.clicks, row.uniques, row.repeats, row.bots, row.rescued)
            for row in ClickDay.objects.all()
        }


def recounted():
    """The same from the raw rows, one after the other, in plain Python."""
    sums, last, seen = {}, {}, set()
    with scopes_disabled():
        for click in Click.objects.order_by("pk"):
            tally = sums.setdefault((click.link_id, click.day), Counter())
            if click.bot:
                tally["bots"] += 1
            elif click.outcome != "click":
                tally["rescued"] += 1
            else:
                who = (click.link_id, click.day, click.visitor)
                tally["clicks"] += 1
                tally["uniques"] += who not in seen
                near = [at for at in last.get(who, []) if at >= click.at - timedelta(seconds=REPEAT_SECONDS)]
                tally["repeats"] += bool(near)
                seen.add(who)
                last.setdefault(who, []).append(click.at)
    return {
        key: tuple(tally[name] for name in ("clicks", "uniques", "repeats", "bots", "rescued"))
        for key, tally in sums.items()
    }


def of_offers():
    """The counts of each offer's day, and what its links' counts come to."""
    with scopes_disabled():
        said = {
            (row.workspace_id, row.offer_id, row.day): (row.clicks, row.uniques, row.repeats, row.bots, row.rescued)
            for row in OfferClickDay.objects.all()
        }
        summed = {}
        for row in ClickDay.objects.all():
            counts = (row.clicks, row.uniques, row.repeats, row.bots, row.rescued)
            key = (row.workspace_id, row.offer_id, row.day)
            summed[key] = tuple(a + b for a, b in zip(summed.get(key, (0,) * 5), counts, strict=True))
        return said, summed


def of_programmes():
    """The counts of each workspace's day, and what its links' counts come to."""
    names = ("clicks", "uniques", "repeats", "bots", "rescued")
    with scopes_disabled():
        said = {
            tuple(row[:2]): tuple(row[2:])
            for row in ProgrammeClickDay.objects.values_list("workspace_id", "day", *names)
        }
        summed = {}
        for workspace_id, day, *counts in ClickDay.objects.values_list("workspace_id", "day", *names):
            summed[workspace_id, day] = tuple(
                map(sum, zip(summed.get((workspace_id, day), (0,) * 5), counts, strict=True))
            )
        return said, summed


def of_months():
    """The counts of each member's month in each offer, and what the counts of days come to."""
    names = ("clicks", "uniques", "repeats", "bots", "rescued")
    keys = ("workspace_id", "offer_id", "member_id", "day")
    with scopes_disabled():
        said = {tuple(row[:4]): tuple(row[4:]) for row in MemberClickMonth.objects.values_list(*keys, *names)}
        summed = {}
        for place_id, offer_id, member_id, day, *counts in ClickDay.objects.values_list(*keys, *names):
            key = (place_id, offer_id, member_id, day.replace(day=1))
            summed[key] = tuple(map(sum, zip(summed.get(key, (0,) * 5), counts, strict=True)))
        return said, summed


def test_counts_equal_the_raw_clicks_however_the_batches_fall(acme, rival, monkeypatch):
    rng = random.Random(4)
    links = [make.link(make.enrollment(make.offer(place))) for place in (acme, acme, rival)]
    links.append(make.link(make.enrollment(links[0].offer)))
    rows = [
        arrival(
            rng.choice(links), n, visitor=rng.choice("abc"), seconds=n * rng.choice([1, 3, 400, 4_000]), bot=rng.choice(["", "", "", "head"]),
            outcome=rng.choice(["click", "click", "click", "paused"]),
        )
        for n in range(400)
    ]  # fmt: skip
    for start in range(0, 400, 57):
        Click.objects.bulk_create(rows[start : start + 57])
        monkeypatch.setattr(module, "AT_ONCE", rng.randint(1, 40))
        while count_clicks(at=make.NOW):
            pass
        assert counted() == recounted()
        said, summed = of_offers()
        assert (said, len({offer_id for _place, offer_id, _day in said})) == (summed, 3)
        said, summed = of_programmes()
        assert (said, {place for place, _day in said}) == (summed, {acme.pk, rival.pk})
        said, summed = of_months()
        assert said == summed
    assert {str(day) for *_place, day in said} == {"2026-11-01", "2026-12-01"}
    before = counted()
    assert (count_clicks(at=make.NOW), counted()) == (0, before)
    assert sum(tally[0] for tally in before.values()) > 100
    assert report_problems(acme) == []


def test_a_rebuild_makes_the_clicks_of_offers_anew(acme, rival):
    links = [make.link(make.enrollment(make.offer(place))) for place in (acme, rival)]
    Click.objects.bulk_create([arrival(link, n) for n, link in enumerate(links)])
    count_clicks(at=make.NOW)
    with scopes_disabled():
        OfferClickDay.objects.update(clicks=9)
        ProgrammeClickDay.objects.update(clicks=8)
    day = links[0].click_days.get().day
    assert [(one.check, one.where, one.wrong) for one in report_problems(acme)] == [
        ("report_clicks", f"{day}, offer {links[0].offer_id}", "it says 9 clicks where there are 1"),
        ("report_clicks", f"{day}, the programme", "it says 8 clicks where there are 1"),
    ]
    rebuild_reports(workspace=acme)
    with scopes_disabled():
        assert dict(OfferClickDay.objects.values_list("offer_id", "clicks")) == {
            links[0].offer_id: 1, links[1].offer_id: 9,
        }  # fmt: skip
        assert dict(ProgrammeClickDay.objects.values_list("workspace_id", "clicks")) == {acme.pk: 1, rival.pk: 8}
    assert report_problems(acme) == []


def test_a_rebuild_makes_the_months_of_members_anew(acme, rival):
    links = [make.link(make.enrollment(make.offer(place))) for place in (acme, acme, rival)]
    Click.objects.bulk_create([arrival(link, n) for n, link in enumerate(links)])
    count_clicks(at=make.NOW)
    _said, right = of_months()
    with scopes_disabled():
        MemberClickMonth.objects.filter(offer_id=links[1].offer_id).delete()
        MemberClickMonth.objects.update(bots=9)
        gone = MemberClickMonth.objects.get(offer_id=links[0].offer_id)
        MemberClickMonth.objects.create(
            workspace=acme, day="2020-02-01", offer_id=gone.offer_id, member_id=gone.member_id, clicks=1
        )
    wrong = "its clicks are not those of its days"
    assert [(one.where, one.wrong) for one in report_problems(acme)] == [
        (f"2020-02, offer {gone.offer_id}, member {gone.member_id}", wrong),
        *((f"2026-11, offer {one.offer_id}, member {one.enrollment.member_id}", wrong) for one in links[:2]),
    ]
    rebuild_reports(workspace=acme)
    theirs = (rival.pk, links[2].offer_id, links[2].enrollment.member_id, make.NOW.date().replace(day=1))
    assert of_months()[0] == right | {theirs: (1, 1, 0, 9, 0)}
    assert report_problems(acme) == []


def test_each_day_and_link_has_its_own_counts(acme, django_assert_num_queries):
    link = make.link(make.enrollment(make.offer(acme)))
    other = make.link(make.enrollment(make.offer(acme)))
    Click.objects.bulk_create([
        arrival(link, 1), arrival(link, 2, seconds=3), arrival(link, 3, seconds=60), arrival(link, 4, visitor="w"),
        arrival(link, 5, seconds=86_400), arrival(other, 6), arrival(link, 7, outcome="deactivated"), arrival(link, 8, bot="listed"),
    ])  # fmt: skip
    assert count_clicks(at=make.NOW) == 8
    day = make.NOW.date()
    assert counted() == {
        (link.pk, day): (4, 2, 1, 1, 1), (link.pk, day + timedelta(days=1)): (1, 1, 0, 0, 0), (other.pk, day): (1, 1, 0, 0, 0),
    }  # fmt: skip
    with django_assert_num_queries(1):
        assert clicks_of([link.pk, other.pk, 0]) == {link.pk: LinkClicks(5, 3, 1), other.pk: LinkClicks(1, 1, 0)}


def test_keys_of_hashes_are_forgotten_two_days_later(acme):
    for days in range(4):
        ClickSalt.objects.create(workspace=acme, day=make.NOW.date() - timedelta(days=days), salt="ab" * 32)
    Click.objects.bulk_create([arrival(make.link(make.enrollment(make.offer(acme))), 1)])
    count_clicks(at=make.NOW)
    kept = list(ClickSalt.objects.order_by("-day").values_list("day", flat=True))
    assert kept == [make.NOW.date() - timedelta(days=days) for days in range(3)]
