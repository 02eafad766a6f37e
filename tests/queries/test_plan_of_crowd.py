"""A plan of everybody in a crowd: one pass says what counting member by member says, and its page is in order."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django_scopes import scope
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offerwell.models import OfferPart, PromoCode
from offerwell.queries import few_or_many
from offerwell.queries.members import count_selected
from offerwell.queries.offer_member_page_selected import selected_page
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.offer_status import Intent, Planned, planned_outcome
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within
from tests import make

# Each member of a stage: whether in the offer, and the codes there (active, days until the end).
MEMBERS = st.lists(
    st.tuples(st.booleans(), st.lists(st.tuples(st.booleans(), st.sampled_from([None, -1, 1])), max_size=3)),
    min_size=1, max_size=6,
)  # fmt: skip


@pytest.mark.parametrize("to_active", [True, False])
@given(members=MEMBERS, unticked=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_pass_counts_rows_and_members_as_python_does(acme, to_active, members, unticked):
    offer, stage = make.offer(acme), make.project(acme).stages.first()
    meant = []
    for is_in, codes in members:
        place = make.placement(stage)
        if is_in:
            enrollment = make.enrollment(offer, place.member)
            for is_active, days in codes:
                ends = None if days is None else make.NOW + timedelta(days=days)
                make.code(enrollment, is_active=is_active, ends_at=ends)
        meant.append(place.member_id)
    bystander = make.enrollment(offer)
    make.code(bystander)
    exclude = (meant.pop(),) if unticked else ()
    selection = MemberSelection(filter=MemberFilter(), exclude=exclude, within=Within(Crowd.STAGE, stage.pk, 0))
    assert count_selected(selection) == len(meant)
    plan = plan_change(Wish(offer, OfferPart.CODES, to_active, selection), at=make.NOW)
    by_member = {pk: Counter() for pk in meant}
    for code in PromoCode.objects.filter(enrollment__member_id__in=meant).select_related("enrollment"):
        intent = Intent(code.is_active, code.ends_at, code.last_change_id)
        outcome = planned_outcome(intent, to_active=to_active, at=make.NOW, undoing=None)
        by_member[code.enrollment.member_id][outcome] += 1
    total = sum(by_member.values(), Counter())
    enrolled = offer.enrollments.filter(member_id__in=meant).count()
    with_code = sum(1 for own in by_member.values() if own)
    reasons = {"not_in_offer": len(meant) - enrolled, "no_code": enrolled - with_code, "ended": total[Planned.ENDED]}
    assert (plan.will_change, plan.already_so) == (total[Planned.WILL_CHANGE], total[Planned.ALREADY_SO])
    assert plan.members_changing == sum(1 for own in by_member.values() if own[Planned.WILL_CHANGE])
    assert dict(plan.reasons) == {name: count for name, count in reasons.items() if count}
    assert plan.selected == len(meant)


def test_a_large_crowd_is_listed_by_name_with_nobody_from_outside_it(acme, rival, monkeypatch):
    offer, stage = make.offer(acme), make.project(acme).stages.first()
    for name in ("Zoe", "Ana", "Mia", "Bo"):
        make.code(make.enrollment(offer, make.placement(stage, make.member(acme, name)).member), is_active=name != "Bo")
    make.code(make.enrollment(offer, make.member(acme, "Carl")))
    with scope(workspace=rival):
        theirs = make.project(rival).stages.first()
        make.enrollment(make.offer(rival), make.placement(theirs, make.member(rival, "Amy")).member)
    unticked = offer.enrollments.get(member__first_name="Mia").member_id
    for few in (2_000, 2):
        monkeypatch.setattr(few_or_many, "FEW", few)
        selection = MemberSelection(
            filter=MemberFilter(), exclude=(unticked,), within=Within(Crowd.STAGE, stage.pk, 0), up_to=10**9
        )
        wish = Wish(offer, OfferPart.CODES, to_active=False, selection=selection)
        first = selected_page(wish, at=make.NOW, size=2)
        rest = selected_page(wish, at=make.NOW, after=first.next, size=2)
        rows = [(row.member.first_name, row.parts[0].outcome) for row in first.rows + rest.rows]
        assert rows == [("Ana", "will_change"), ("Bo", "already_so"), ("Zoe", "will_change")]
        assert rest.next is None
        foreign = MemberSelection(filter=MemberFilter(), within=Within(Crowd.STAGE, theirs.pk, 0))
        assert count_selected(foreign) == 0
        empty = selected_page(Wish(offer, OfferPart.CODES, to_active=False, selection=foreign), at=make.NOW)
        assert empty.rows == ()
