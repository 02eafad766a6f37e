"""The rules of refresh and payout exist once: plain Python and SQL agree on random worlds."""

from __future__ import annotations

from django_scopes import scope
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offerwell.models import (
    BulkChange,
    BulkChangeItem,
    ChangeKind,
    CodeHistory,
    CodeProposal,
    Enrollment,
    OfferPart,
    PromoCode,
    ProposalBatch,
)
from offerwell.queries.planned_change import Wish, plan_change, planned_rows
from offerwell.rules.code_refresh import NamedCode, WantedText, may_have, planned_refresh
from offerwell.rules.offer_status import Planned
from offerwell.rules.payouts import PaidPlace, planned_payout
from offerwell.rules.selection import MemberFilter, MemberSelection
from tests import make

RANDOM = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# Few texts and few changes, so that they meet.
KEYS = [f"T{n}" for n in range(6)]
CODES = st.lists(
    st.tuples(
        st.integers(0, 2),  # which member
        st.sampled_from([0, 0, 7]),  # what renamed it last
        st.sampled_from([0, 0, 7]),  # what had when the proposal was made
        st.booleans(),  # whether a store was seen to have the new text
    ),
    min_size=1,
    max_size=5,
)
PAST = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(KEYS)), max_size=4)


def codes_of(acme, rows, past, now_keys):
    offer = make.offer(acme, type="promo_code")
    members = [make.member(acme, f"M{n}") for n in range(3)]
    places = [make.enrollment(offer, who) for who in members]
    codes = []
    for (who, renamed_by, _, _), key in zip(rows, now_keys, strict=False):
        code = make.code(places[who], key, text_change_id=renamed_by or None)
        make.history(code)
        codes.append(code)
    for who, key in past:
        CodeHistory.objects.create(
            workspace=acme, code=codes[0], member_id=members[who].pk, text=key, text_key=key, from_at=make.NOW,
            until_at=make.NOW,
        )  # fmt: skip
    return offer, codes


def is_free(code, key):
    """The plain words of it: nobody else has the text now, and nobody else ever had it."""
    if PromoCode.objects.filter(text_key=key).exclude(pk=code.pk).exists():
        return False
    owners = frozenset(CodeHistory.objects.filter(text_key=key).values_list("member_id", flat=True))
    return may_have(owners, code.enrollment.member_id)


def agree(wish, in_python):
    in_sql = {row.pk: Planned(row.outcome) for row in planned_rows(wish, at=make.NOW)}
    assert in_sql == in_python
    plan = plan_change(wish, at=make.NOW)
    tally = {name: list(in_python.values()).count(name) for name in Planned}
    assert (plan.will_change, plan.already_so) == (tally[Planned.WILL_CHANGE], tally[Planned.ALREADY_SO])
    excluded = {str(reason): n for reason, n in plan.reasons if reason not in {"not_in_offer", "no_code"}}
    assert excluded == {str(name): tally[name] for name in (Planned.CHANGED_SINCE, Planned.TAKEN) if tally[name]}


@given(rows=CODES, past=PAST, now=st.permutations(KEYS), wanted=st.permutations([*KEYS, "N1", "N2"]))
@RANDOM
def test_a_refresh_agrees(acme, rows, past, now, wanted):
    with scope(workspace=(place := make.workspace())):
        offer, codes = codes_of(place, rows, past, now)
        selection = MemberSelection(filter=MemberFilter(), up_to=Enrollment.objects.latest("pk").pk)
        batch = ProposalBatch.objects.create(
            workspace=place, offer=offer, selection={}, pattern="", is_complete=True, created_at=make.NOW
        )
        in_python = {}
        for code, (_, renamed_by, expects, on_store), key in zip(codes, rows, wanted, strict=False):
            CodeProposal.objects.create(
                workspace=place, batch=batch, code=code, text=key, text_key=key, seen_change_id=expects,
                on_store="Glow" if on_store else "",
            )  # fmt: skip
            free = is_free(code, key) and not on_store
            in_python[code.pk] = planned_refresh(NamedCode(code.text_key, renamed_by), WantedText(key, expects, free))
        agree(
            Wish(offer, OfferPart.CODES, False, selection, kind=ChangeKind.REFRESH, batch=batch),
            in_python,
        )


@given(rows=CODES, past=PAST, now=st.permutations(KEYS), old=st.permutations([*KEYS, "N1", "N2"]))
@RANDOM
def test_undoing_a_refresh_agrees(acme, rows, past, now, old):
    with scope(workspace=(place := make.workspace())):
        offer, codes = codes_of(place, rows, past, now)
        undone = _change(place, offer, ChangeKind.REFRESH, OfferPart.CODES)
        for code, key in zip(codes, old, strict=False):
            CodeHistory.objects.create(
                workspace=place, code=code, member_id=code.enrollment.member_id, text=key, text_key=key,
                from_at=make.NOW, until_at=make.NOW, closed_by=undone.pk,
            )  # fmt: skip
        PromoCode.objects.filter(text_change_id=7).update(text_change_id=undone.pk)
        in_python = {
            code.pk: planned_refresh(
                NamedCode(code.text_key, undone.pk if renamed_by else 0),
                WantedText(key, undone.pk, is_free(code, key)),
            )
            for code, (_, renamed_by, _, _), key in zip(codes, rows, old, strict=False)
        }
        agree(
            Wish(offer, OfferPart.CODES, False, None, undone, ChangeKind.REFRESH),
            in_python,
        )


@given(
    places=st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0, 7])), min_size=1, max_size=6),
    to=st.integers(0, 2), undoing=st.booleans(),
)  # fmt: skip
@RANDOM
def test_a_payout_agrees(acme, places, to, undoing):
    with scope(workspace=(place := make.workspace())):
        offer = make.offer(place, type="promo_code")
        options = [make.payout(offer, f"O{n}") for n in range(3)]
        undone = _change(place, offer, ChangeKind.PAYOUT, OfferPart.MEMBERS) if undoing else None
        changed_by = undone.pk if undone else 7
        in_python = {}
        for option, chosen in places:
            row = make.enrollment(offer, option=options[option])
            Enrollment.objects.filter(pk=row.pk).update(payout_change_id=changed_by if chosen else None)
            if undone:
                BulkChangeItem.objects.create(
                    workspace=place, change_id=undone.pk, target_id=row.pk, enrollment_id=row.pk,
                    member_id=row.member_id, was_active=False, was_option_id=options[0].pk,
                )  # fmt: skip
            in_python[row.pk] = planned_payout(
                PaidPlace(options[option].pk, changed_by if chosen else 0), to_option=options[to].pk,
                undoing=undone and undone.pk,
            )  # fmt: skip
        selection = MemberSelection(filter=MemberFilter(), up_to=Enrollment.objects.latest("pk").pk)
        wish = Wish(
            offer, OfferPart.MEMBERS, False, None if undone else selection, undone, ChangeKind.PAYOUT,
            payout_option=None if undone else options[to],
        )  # fmt: skip
        agree(wish, in_python)


def _change(workspace, offer, kind, part):
    return BulkChange.objects.create(
        workspace=workspace, offer=offer, kind=kind, part=part, to_active=False, at=make.NOW, actor_name="Ana",
        door="web", key=f"k{offer.pk}", body_hash="", selection={}, selected=1, changed=1, already_so=0, excluded=0,
        members_changed=1, digest="",
    )  # fmt: skip
