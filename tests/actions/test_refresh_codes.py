"""Refresh Promo Codes: proposals, edits, confirm, history, undo, and nothing of a rival."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_scopes import scope

from offerwell.actions.change_offer_status import PlanOutOfDate, change_offer_status
from offerwell.actions.edit_proposals import edit_proposals
from offerwell.actions.generate_codes import CodesRefused, generate_codes
from offerwell.actions.propose_texts import NameWish, TooManyCodes, propose_texts
from offerwell.actions.undo_bulk_change import NothingToUndo, plan_undo, undo_bulk_change
from offerwell.models import (
    BulkChange,
    BulkChangeItem,
    ChangeKind,
    CodeHistory,
    CodeProposal,
    Enrollment,
    Event,
    OfferPart,
    PromoCode,
    ProposalBatch,
    StoreCode,
)
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.code_names import InvalidPattern
from offerwell.rules.selection import MemberFilter, MemberSelection
from tests import make

LATER = make.NOW + timedelta(days=3)


@pytest.fixture
def summer(acme):
    return make.offer(acme, "Summer", type="promo_code", stores=[make.store(acme, "Glow")])


def coded(offer, text, who=None, **fields):
    """A member with a code that the offer's stores have, and its history."""
    store = offer.store_links.get().store
    code = make.code(make.enrollment(offer, who), text, stores=[store], **fields)
    make.history(code)
    return code


def everybody(offer):
    return MemberSelection(filter=MemberFilter(), up_to=Enrollment.objects.filter(offer=offer).latest("pk").pk)


def proposed(offer, pattern="GLOW{first_name}", selection=None, **wish):
    return propose_texts(
        workspace_id=offer.workspace_id, offer=offer, selection=selection or everybody(offer),
        names=NameWish(pattern, **wish), by=make.ANA, at=make.NOW,
    )  # fmt: skip


def wish_of(batch):
    from offerwell.rules.selection import selection_from_json

    return Wish(
        batch.offer, OfferPart.CODES, to_active=False, selection=selection_from_json(batch.selection),
        kind=ChangeKind.REFRESH, batch=batch,
    )  # fmt: skip


def refreshed(batch, key="r1", digest=None, at=LATER):
    wish = wish_of(batch)
    digest = digest or plan_change(wish, at=at).digest
    return change_offer_status(
        workspace_id=batch.workspace_id, wish=wish, digest=digest, key=key, by=make.ANA, at=at
    ).change


def texts(offer):
    return list(PromoCode.objects.filter(offer=offer).order_by("pk").values_list("text", flat=True))


def proposals(batch):
    return dict(CodeProposal.objects.filter(batch=batch).order_by("code_id").values_list("code__text", "text"))


def test_proposals_are_new_free_and_change_nothing(acme, summer):
    coded(summer, "GLOWNORA")
    coded(summer, "OLD1")
    other = make.offer(acme, "Winter", type="promo_code", stores=[make.store(acme)])
    coded(other, "GLOWNORA2")
    batch = proposed(summer)
    assert proposals(batch) == {"GLOWNORA": "GLOWNORA3", "OLD1": "GLOWNORA4"}
    assert (batch.codes, batch.is_complete) == (2, True)
    assert texts(summer) == ["GLOWNORA", "OLD1"]
    assert (BulkChange.objects.count(), Event.objects.count()) == (0, 0)


def test_a_random_suffix_cannot_be_guessed(acme, summer):
    for n in range(3):
        coded(summer, f"OLD{n}")
    found = list(proposals(proposed(summer, has_random_suffix=True)).values())
    assert {text[:8] for text in found} == {"GLOWNORA"}
    assert [len(text) for text in found] == [16, 16, 16]
    assert len(set(found)) == 3


def test_too_many_codes_and_a_bad_pattern_propose_nothing(acme, summer):
    for n in range(3):
        coded(summer, f"OLD{n}")
    with pytest.raises(TooManyCodes, match="3 codes"):
        propose_texts(
            workspace_id=acme.pk, offer=summer, selection=everybody(summer), names=NameWish(), by=make.ANA,
            at=make.NOW, at_most=2,
        )  # fmt: skip
    with pytest.raises(InvalidPattern):
        proposed(summer, "{nonsense}")
    assert (ProposalBatch.objects.count(), CodeProposal.objects.count()) == (0, 0)


def test_a_refresh_renames_keeps_history_and_tells_the_stores(acme, summer, django_capture_on_commit_callbacks):
    nora, mia = coded(summer, "NORA20"), coded(summer, "MIA20", make.member(acme, "Mia", "Lind"), is_active=False)
    with django_capture_on_commit_callbacks(execute=True):
        change = refreshed(proposed(summer))
    assert texts(summer) == ["GLOWNORA", "GLOWMIA"]
    assert list(PromoCode.objects.order_by("pk").values_list("is_active", "last_change_id", "text_change_id")) == [
        (True, 0, change.pk), (False, 0, change.pk),
    ]  # fmt: skip
    assert (change.kind, change.part, change.changed, change.members_changed) == ("refresh", "codes", 2, 2)
    history = CodeHistory.objects.order_by("until_at", "code_id").values_list(
        "code_id", "text", "until_at", "opened_by", "closed_by"
    )
    assert set(history) == {
        (nora.pk, "NORA20", LATER, None, change.pk), (mia.pk, "MIA20", LATER, None, change.pk),
        (nora.pk, "GLOWNORA", None, change.pk, None), (mia.pk, "GLOWMIA", None, change.pk, None),
    }  # fmt: skip
    assert len(history) == 4
    assert set(StoreCode.objects.values_list("generation", "due_at")) == {(change.pk, LATER)}
    assert change.progress.get().items == 2
    assert list(BulkChangeItem.objects.order_by("target_id").values_list("target_id", "was_active")) == [
        (nora.pk, True), (mia.pk, False),
    ]  # fmt: skip
    event = Event.objects.get()
    assert (event.kind, event.subject) == ("codes_refreshed", f"bulk_change:{change.pk}")
    assert make.wake_ups[-1] == ("sync_store", summer.store_links.get().store_id)
    assert CodeProposal.objects.count() == 0


def test_search_finds_the_new_text_and_not_the_old(acme, summer):
    code = coded(summer, "NORA20")
    second = make.code(code.enrollment, "SECOND")
    make.history(second)
    refreshed(proposed(summer))
    found = Enrollment.objects.get(pk=code.enrollment_id)
    assert found.search_text == f"{found.member.search_text} glownora glownora2"


def test_a_repeat_is_the_same_change(acme, summer):
    coded(summer, "NORA20")
    batch = proposed(summer)
    wish, key = wish_of(batch), "same"
    digest = plan_change(wish, at=LATER).digest
    first = refreshed(batch, key=key, digest=digest)
    again = change_offer_status(
        workspace_id=acme.pk, wish=wish, digest=digest, key=key, by=make.ANA, at=LATER
    )  # fmt: skip
    assert (again.was_replayed, again.change.pk, BulkChange.objects.count()) == (True, first.pk, 1)


def test_an_edit_after_the_plan_was_shown_is_another_plan(acme, summer):
    coded(summer, "NORA20")
    batch = proposed(summer)
    digest = plan_change(wish_of(batch), at=LATER).digest
    row = CodeProposal.objects.get(batch=batch)
    assert edit_proposals(workspace_id=acme.pk, batch=batch, texts={row.pk: "  norastar "}) == 1
    with pytest.raises(PlanOutOfDate):
        refreshed(batch, digest=digest)
    assert (texts(summer), BulkChange.objects.count()) == (["NORA20"], 0)
    refreshed(batch)
    assert texts(summer) == ["NORASTAR"]


def test_an_emptied_proposal_keeps_the_code(acme, summer):
    coded(summer, "NORA20")
    coded(summer, "OTHER")
    batch = proposed(summer)
    row = CodeProposal.objects.get(batch=batch, code__text="NORA20")
    edit_proposals(workspace_id=acme.pk, batch=batch, texts={row.pk: ""})
    plan = plan_change(wish_of(batch), at=LATER)
    assert (plan.will_change, plan.already_so, plan.excluded) == (1, 1, 0)
    refreshed(batch)
    assert texts(summer) == ["NORA20", "GLOWNORA2"]


def test_two_proposals_may_change_places(acme, summer):
    coded(summer, "ONE1")
    coded(summer, "TWO2")
    batch = proposed(summer)
    first, second = CodeProposal.objects.filter(batch=batch).order_by("code_id")
    edit_proposals(workspace_id=acme.pk, batch=batch, texts={first.pk: second.text, second.pk: first.text})
    assert proposals(batch) == {"ONE1": "GLOWNORA2", "TWO2": "GLOWNORA"}


def test_typed_texts_are_judged_row_by_row_and_nothing_is_kept(acme, rival, summer):
    codes = [coded(summer, f"OLD{n}", make.member(acme, f"Nora{n}", "Dubois")) for n in range(6)]
    coded(make.offer(acme, "Winter", type="promo_code", stores=[make.store(acme)]), "THEIRS", make.member(acme, "Mia"))
    with scope(workspace=rival):
        coded(make.offer(rival, "Rivals", type="promo_code", stores=[make.store(rival)]), "RIVALS")
    batch = proposed(summer, "GLOW{first_name}")
    rows = list(CodeProposal.objects.filter(batch=batch).order_by("code_id"))
    before = proposals(batch)
    typed = dict(zip([row.pk for row in rows], ["A B", "THEIRS", "SAME", "same", rows[5].text, "RIVALS"], strict=True))
    typed.pop(rows[5].pk)
    with pytest.raises(CodesRefused) as refused:
        edit_proposals(workspace_id=acme.pk, batch=batch, texts=typed)
    assert [refused.value.problems.get(row.pk, "")[:28] for row in rows] == [
        "Use only letters A–Z and dig", "THEIRS is already the code o", "", "SAME is also typed for Nora2",
        "GLOWNORA5 is also proposed f", "",
    ]  # fmt: skip
    batch.refresh_from_db()
    assert (proposals(batch), batch.revision, codes[0].text) == (before, 1, "OLD0")
    edit_proposals(workspace_id=acme.pk, batch=batch, texts={rows[5].pk: "RIVALS"})
    assert proposals(batch)["OLD5"] == "RIVALS"


def test_an_old_text_goes_to_nobody_else_and_may_come_back_to_its_member(acme, summer):
    nora, mia = coded(summer, "NORA20"), coded(summer, "MIA20", make.member(acme, "Mia", "Lind"))
    refreshed(proposed(summer))
    batch = proposed(summer, "X{first_name}")
    rows = {row.code_id: row for row in CodeProposal.objects.filter(batch=batch)}
    with pytest.raises(CodesRefused, match="NORA20 was the code of Nora Dubois in Summer, and orders by it still"):
        edit_proposals(workspace_id=acme.pk, batch=batch, texts={rows[mia.pk].pk: "NORA20"})
    edit_proposals(workspace_id=acme.pk, batch=batch, texts={rows[nora.pk].pk: "NORA20"})
    refreshed(batch, key="r2", at=LATER + timedelta(days=1))
    assert texts(summer) == ["NORA20", "XMIA"]
    owners = set(CodeHistory.objects.filter(text_key="NORA20").values_list("member_id", flat=True))
    assert owners == {nora.enrollment.member_id}


def test_generation_gives_no_old_text_away_either(acme, summer):
    coded(summer, "NORA20")
    refreshed(proposed(summer))
    newcomer = make.enrollment(summer, make.member(acme, "Nora", "Berg"))
    with pytest.raises(CodesRefused, match="NORA20 was the code of"):
        generate_codes(workspace_id=acme.pk, offer=summer, texts={newcomer.pk: "NORA20"}, by=make.ANA, at=LATER)
    generate_codes(
        workspace_id=acme.pk, offer=summer, texts=None, by=make.ANA, at=LATER, pattern="{first_name}20"
    )  # fmt: skip
    assert texts(summer) == ["GLOWNORA", "NORA202"]


def test_a_code_renamed_since_and_a_text_taken_since_are_left_alone(acme, summer):
    coded(summer, "NORA20")
    coded(summer, "LATE")
    first = proposed(summer, "A{first_name}")
    shown = plan_change(wish_of(first), at=LATER)
    nora = MemberSelection(ids=(PromoCode.objects.get(text="NORA20").enrollment.member_id,))
    refreshed(proposed(summer, "B{first_name}", nora), key="between")
    coded(make.offer(acme, "Winter", type="promo_code", stores=[make.store(acme)]), "ANORA2")
    with pytest.raises(PlanOutOfDate) as refused:
        refreshed(first, digest=shown.digest, key="late")
    assert dict(refused.value.plan.reasons) == {"changed_since": 1, "taken": 1}
    assert texts(summer) == ["BNORA", "LATE"]
    nothing = refreshed(first, key="late2")
    assert (nothing.changed, nothing.excluded, texts(summer)) == (0, 2, ["BNORA", "LATE"])


def test_undo_gives_back_what_nobody_changed_or_took_since(acme, summer):
    for first in ("Nora", "Mia", "Zoe"):
        coded(summer, f"{first.upper()}20", make.member(acme, first, "Lind"))
    change = refreshed(proposed(summer))
    mia = PromoCode.objects.get(text="GLOWMIA").enrollment.member
    refreshed(proposed(summer, "AGAIN{first_name}", MemberSelection(ids=(mia.pk,))), key="r2")
    zoe = PromoCode.objects.get(text="GLOWZOE").enrollment.member
    second = coded(make.offer(acme, "Winter", type="promo_code", stores=[make.store(acme)]), "ZOEWINTER", zoe)
    PromoCode.objects.filter(pk=second.pk).update(text="ZOE20", text_key="ZOE20")
    plan = plan_undo(change, at=LATER)
    assert (plan.will_change, dict(plan.reasons)) == (1, {"changed_since": 1, "taken": 1})
    undone = undo_bulk_change(workspace_id=acme.pk, change=change, by=make.ANA, at=LATER).change
    assert texts(summer) == ["NORA20", "AGAINMIA", "GLOWZOE"]
    assert (undone.kind, undone.undoes_id, undone.changed) == ("refresh", change.pk, 1)
    history = CodeHistory.objects.filter(code__text="NORA20").order_by("pk")
    assert list(history.values_list("text", "opened_by", "closed_by")) == [
        ("NORA20", None, change.pk), ("GLOWNORA", change.pk, undone.pk), ("NORA20", undone.pk, None),
    ]  # fmt: skip
    again = undo_bulk_change(workspace_id=acme.pk, change=change, by=make.ANA, at=LATER)
    assert (again.was_replayed, again.change.pk) == (True, undone.pk)


def test_undoing_the_undo_and_undoing_nothing(acme, summer):
    coded(summer, "Straße")  # an adopted code keeps the letters it came with
    change = refreshed(proposed(summer))
    undone = undo_bulk_change(workspace_id=acme.pk, change=change, by=make.ANA, at=LATER).change
    assert list(PromoCode.objects.values_list("text", "text_key")) == [("Straße", "STRASSE")]
    redone = undo_bulk_change(workspace_id=acme.pk, change=undone, by=make.ANA, at=LATER).change
    assert (texts(summer), redone.changed) == (["GLOWNORA"], 1)
    refreshed(proposed(summer, "B{first_name}"), key="b")
    with pytest.raises(NothingToUndo):
        undo_bulk_change(workspace_id=acme.pk, change=redone, by=make.ANA, at=LATER)


def test_status_and_text_are_apart(acme, summer):
    """Renaming undoes no deactivation, and undoing one leaves the other's work."""
    coded(summer, "NORA20")
    off = Wish(summer, OfferPart.CODES, to_active=False, selection=everybody(summer))
    deactivated = change_offer_status(
        workspace_id=acme.pk, wish=off, digest=plan_change(off, at=LATER).digest, key="off", by=make.ANA, at=LATER
    ).change
    rename = refreshed(proposed(summer))
    undo_bulk_change(workspace_id=acme.pk, change=deactivated, by=make.ANA, at=LATER)
    assert list(PromoCode.objects.values_list("text", "is_active")) == [("GLOWNORA", True)]
    undo_bulk_change(workspace_id=acme.pk, change=rename, by=make.ANA, at=LATER)
    assert list(PromoCode.objects.values_list("text", "is_active")) == [("NORA20", True)]


def test_who_is_selected_is_counted_whether_they_have_a_code_or_not(acme, summer):
    coded(summer, "NORA20")
    without, stranger = make.enrollment(summer), make.member(acme)
    enrolled = Enrollment.objects.filter(offer=summer).values_list("member_id", flat=True)
    chosen = MemberSelection(ids=(*enrolled, stranger.pk))
    batch = proposed(summer, selection=chosen)
    plan = plan_change(wish_of(batch), at=LATER)
    assert (plan.selected, plan.will_change, dict(plan.reasons)) == (3, 1, {"not_in_offer": 1, "no_code": 1})
    assert without.pk


def test_a_rival_is_neither_renamed_nor_read(acme, rival, summer):
    with scope(workspace=rival):
        theirs = make.offer(rival, "Summer", type="promo_code", stores=[make.store(rival)])
        code = coded(theirs, "GLOWNORA")
        foreign = proposed(theirs)
        row = CodeProposal.objects.get(batch=foreign)
    coded(summer, "NORA20")
    batch = proposed(summer, selection=MemberSelection(ids=(code.enrollment.member_id,)))
    assert batch.codes == 0
    mine = proposed(summer)
    assert proposals(mine) == {"NORA20": "GLOWNORA"}  # a rival's code is no clash, and no hint that it exists
    assert edit_proposals(workspace_id=acme.pk, batch=mine, texts={row.pk: "MINE"}) == 0
    refreshed(mine)
    with scope(workspace=rival):
        assert list(PromoCode.objects.values_list("text", flat=True)) == ["GLOWNORA"]
        assert CodeProposal.objects.get(pk=row.pk).text == row.text


def test_statements_do_not_grow_with_the_codes(acme, summer, django_assert_max_num_queries):
    for n in range(40):
        coded(summer, f"OLD{n}")
    with django_assert_max_num_queries(20):
        batch = proposed(summer)
    with django_assert_max_num_queries(40):
        refreshed(batch)


@pytest.mark.parametrize("rename_first", [True, False])
def test_a_refresh_and_a_deactivation_of_the_same_codes_in_either_order(acme, summer, rename_first):
    """Both plans were shown before either was confirmed; both hold, because each is about its own side of a code."""
    for n in range(3):
        coded(summer, f"OLD{n}")
    batch = proposed(summer)
    rename = wish_of(batch)
    off = Wish(summer, OfferPart.CODES, to_active=False, selection=everybody(summer))
    digests = {id(wish): plan_change(wish, at=LATER).digest for wish in (rename, off)}
    made = [
        change_offer_status(
            workspace_id=acme.pk, wish=wish, digest=digests[id(wish)], key=f"k{n}", by=make.ANA, at=LATER
        ).change
        for n, wish in enumerate((rename, off) if rename_first else (off, rename))
    ]  # fmt: skip
    assert texts(summer) == ["GLOWNORA", "GLOWNORA2", "GLOWNORA3"]
    assert set(PromoCode.objects.values_list("is_active", flat=True)) == {False}
    assert set(StoreCode.objects.values_list("generation", flat=True)) == {made[1].pk}
    assert [(change.changed, change.progress.get().superseded) for change in made] == [(3, 3), (3, 0)]
    for change in made:
        undo_bulk_change(workspace_id=acme.pk, change=change, by=make.ANA, at=LATER)
    assert texts(summer) == ["OLD0", "OLD1", "OLD2"]
    assert set(PromoCode.objects.values_list("is_active", flat=True)) == {True}


def test_of_two_refreshes_of_the_same_codes_the_second_is_shown_anew(acme, summer):
    coded(summer, "OLD")
    first, second = proposed(summer, "A{first_name}"), proposed(summer, "B{first_name}")
    shown = plan_change(wish_of(second), at=LATER).digest
    refreshed(first, key="a")
    with pytest.raises(PlanOutOfDate):
        refreshed(second, digest=shown, key="b")
    assert (texts(summer), BulkChange.objects.count()) == (["ANORA"], 1)
