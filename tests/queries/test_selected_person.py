"""The rule for one person says the same as the SQL that is made for a million."""

from __future__ import annotations

import itertools

from offerwell.models import Group, GroupMember, MemberTag, Placement, StoreCode, Tag
from offerwell.queries.creator_announcements import _people
from offerwell.queries.offer_members import selected_enrollments
from offerwell.rules.selected_person import is_selected
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, View, Within
from tests import make


def _selections(members, places, stage):
    views = [MemberFilter(view=view) for view in View]
    wanted = [MemberFilter(text="zoe"), MemberFilter(text="dub NO"), MemberFilter(text="code1"), MemberFilter(text="x"),
              MemberFilter(country="FR"), MemberFilter(country="US"), MemberFilter(tag="VIP"), MemberFilter(tag="no"),
              MemberFilter(group="Alumni"), MemberFilter(text="nora", country="FR", tag="vip")]  # fmt: skip
    ids = [member.pk for member in members]
    for one, exclude, up_to in itertools.product(
        views + wanted, [(), tuple(ids[:2])], [places[-1].pk, places[1].pk, 0]
    ):
        yield MemberSelection(filter=one, exclude=exclude, up_to=up_to)
    for up_to in (None, places[1].pk):
        yield MemberSelection(ids=tuple(ids[1:]), up_to=up_to)
    newest = stage.placements.latest("pk").pk
    yield MemberSelection(filter=MemberFilter(offer=places[0].offer_id), up_to=places[-1].pk)
    yield MemberSelection(filter=MemberFilter(offer=places[0].offer_id + 1), up_to=places[-1].pk)
    for within in (
        Within(Crowd.WORKSPACE, up_to=ids[2]), Within(Crowd.STAGE, stage.pk, 9), Within(Crowd.STAGE, 0, 9),
        Within(Crowd.STAGE, stage.pk, 6), Within(Crowd.PROJECT, stage.project_id, newest - 1), Within(Crowd.PROJECT, stage.project_id, newest),
    ):  # fmt: skip
        for one in wanted:
            yield MemberSelection(filter=one, within=within, exclude=tuple(ids[:1]))
            yield MemberSelection(filter=one, within=within, up_to=places[2].pk)


def test_both_say_the_same(acme):
    store = make.store(acme)
    offer = make.offer(acme, stores=[store])
    members = [make.member(acme, first, country=country) for first, country in
               (("Nora", "FR"), ("Zoe", "US"), ("Hana", "FR"), ("Elena", ""))]  # fmt: skip
    places = [make.enrollment(offer, member) for member in members]
    codes = {
        place.pk: [make.code(place, f"CODE{n}", stores=[store], is_active=n != 1)] for n, place in enumerate(places)
    }
    links = {places[2].pk: [make.link(places[2], is_active=False)]}
    StoreCode.objects.filter(code=codes[places[0].pk][0]).update(problem="failed")
    tag, group = Tag.objects.create(workspace=acme, name="VIP", key="vip"), None
    MemberTag.objects.create(workspace=acme, member=members[0], tag=tag)
    group = Group.objects.create(workspace=acme, name="Alumni", key="alumni")
    GroupMember.objects.create(workspace=acme, member=members[3], group=group)
    stage = make.project(acme).stages.first()
    for member in members[:3]:
        make.placement(stage, member)
    for number, placement in enumerate(stage.placements.order_by("pk")):
        Placement.objects.filter(pk=placement.pk).update(entered_move_id=number + 5)
    for place in places:
        place.refresh_from_db()
    people = _people(places, codes, links)
    compared, found = 0, 0
    for selection in _selections(members, places, stage):
        by_sql = set(selected_enrollments(offer, selection).values_list("pk", flat=True))
        by_rule = {place.pk for place in places if is_selected(selection, people[place.pk])}
        assert by_rule == by_sql, selection
        compared, found = compared + 1, found + len(by_sql)
    assert (compared > 150, found > 100) == (True, True)
