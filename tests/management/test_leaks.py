"""`offerwell leaks`: the list with its evidence; flagged codes of several offers answered in one pass."""

from __future__ import annotations

import pytest
from django_scopes import scope

from offerwell.actions import answer_leaks as answering
from offerwell.models import BulkChange, CodeProposal, Event, PromoCode
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.selection import MemberSelection
from tests import make
from tests.web.test_leaks import leak


@pytest.fixture
def flagged(acme, rival, monkeypatch):
    """NORA10 (79) and MIA10 (25) of Summer, NORAW (60) of Winter; CALM is not flagged, THEIRS is a rival's."""
    monkeypatch.setenv("OFFERWELL_WORKSPACE", acme.slug)
    summer, winter = make.offer(acme, "Summer", stores=[make.store(acme, is_on=False)]), make.offer(acme, "Winter")
    nora, mia = make.member(acme, "Nora", "Dubois"), make.member(acme, "Mia", "Lind")
    codes = [
        make.code(make.enrollment(summer, nora), "NORA10"), make.code(make.enrollment(winter, nora), "NORAW"),
        make.code(make.enrollment(summer, mia), "MIA10"), make.code(make.enrollment(summer), "CALM"),
    ]  # fmt: skip
    for code, score in zip(codes, (79, 60, 25), strict=False):
        make.history(code)
        leak(code, score)
    with scope(workspace=rival):
        theirs = make.code(make.enrollment(make.offer(rival, "Theirs")), "THEIRS")
    leak(theirs)
    return summer


def states():
    return dict(PromoCode.objects.values_list("text", "is_active"))


def nothing_happened():
    counts = (BulkChange.objects.count(), Event.objects.count(), CodeProposal.objects.count())
    return (counts, states()) == ((0, 0, 0), dict.fromkeys(("NORA10", "NORAW", "MIA10", "CALM"), True))


def test_the_list_with_its_evidence(told, command, flagged):
    rows, code = told("leaks", "list")
    assert [(row["code"], row["member"], row["offer"], row["score"]) for row in rows] == [
        ("NORA10", "Nora Dubois", "Summer", 79), ("NORAW", "Nora Dubois", "Winter", 60), ("MIA10", "Mia Lind", "Summer", 25),
    ]  # fmt: skip
    assert (code, rows[0]["evidence"][0]) == (
        0, "38 of 40 orders (95%) came without a click. Usual in this offer: 25%.",
    )  # fmt: skip
    assert [row["code"] for row in told("leaks", "list", "--offer", "summer", "--least", "70")[0]] == ["NORA10"]
    assert "Used in 2 stores." in command("leaks", "list").stdout
    assert told("leaks", "list", "--dismissed") == ([], 0)


def test_the_plan_is_that_of_the_screen_and_changes_nothing(told, flagged):
    plans, code = told("leaks", "answer", "--deactivate", "--all", "--plan")
    assert ([(plan["offer"], plan["target"], plan["will_change"]) for plan in plans], code) == (
        [("Summer", "deactivated", 2), ("Winter", "deactivated", 1)], 0,
    )  # fmt: skip
    with scope(workspace=flagged.workspace):
        ids = tuple(
            PromoCode.objects.filter(text__in=["NORA10", "MIA10"]).values_list("enrollment__member_id", flat=True)
        )
        shown = plan_change(Wish(flagged, "codes", to_active=False, selection=MemberSelection(ids=ids)), at=make.NOW)
        assert plans[0]["digest"] == shown.digest
        assert nothing_happened()


def test_all_are_deactivated_and_undone(told, flagged):
    done, code = told("leaks", "answer", "--deactivate", "--all", "--yes")
    assert ([(row["offer"], row["changed"]) for row in done], code) == ([("Summer", 2), ("Winter", 1)], 0)
    with scope(workspace=flagged.workspace):
        assert states() == {"NORA10": False, "NORAW": False, "MIA10": False, "CALM": True}
    assert told("leaks", "list") == ([], 0)
    assert told("leaks", "answer", "--deactivate", "--all", "--yes") == ([], 0)
    told("changes", "undo", done[0]["id"], "--yes")
    with scope(workspace=flagged.workspace):
        assert states() == {"NORA10": True, "NORAW": False, "MIA10": True, "CALM": True}


def test_one_is_refreshed(told, flagged):
    ask = ("leaks", "answer", "--refresh", "--code", "nora10", "--pattern", "GLOW{first_name}")
    plans, _ = told(*ask, "--plan")
    assert plans[0]["proposals"] == [{"code": "NORA10", "new": "GLOWNORA", "member": "Nora Dubois"}]
    with scope(workspace=flagged.workspace):
        assert nothing_happened()
    done, code = told(*ask, "--yes")
    assert ([(row["what"], row["changed"]) for row in done], code) == ([("refresh", 1)], 0)
    with scope(workspace=flagged.workspace):
        assert set(states()) == {"GLOWNORA", "NORAW", "MIA10", "CALM"}
        assert CodeProposal.objects.count() == 0


@pytest.mark.parametrize(
    ("arguments", "sentence", "ends"),
    [
        (["--deactivate", "--all"], "Nothing was done: a change needs a confirmation.", 1),
        (["--refresh", "--all"], "Nothing was done: a change needs a confirmation.", 1),
        (["--deactivate", "--code", "CALM", "--code", "NORA10", "--yes"], "Not flagged: CALM. Nothing was done.", 1),
        (["--deactivate", "--code", "THEIRS", "--yes"], "Not flagged: THEIRS. Nothing was done.", 1),
        (["--deactivate", "--code", "MIA10", "--least", "60", "--yes"], "Not flagged: MIA10. Nothing was done.", 1),
        (["--all", "--yes"], "Say what to do: --deactivate or --refresh.", 2),
        (["--deactivate", "--yes"], "Choose codes in one way: --code, or --all.", 2),
        (["--deactivate", "--all", "--random", "--yes"], "--pattern and --random go with --refresh.", 2),
    ],
)
def test_refusals_change_nothing(told, flagged, arguments, sentence, ends):
    body, code = told("leaks", "answer", *arguments)
    assert (body["error"], code) == (sentence, ends)
    with scope(workspace=flagged.workspace):
        assert nothing_happened()


def test_an_offer_that_moved_since_leaves_the_others_too(told, flagged, monkeypatch):
    """The second plan is out of date: the first, applied by then, is taken back."""
    change = answering.change_offer_status

    def moved(*, wish, **rest):
        if wish.offer.name == "Winter":
            PromoCode.objects.filter(text="NORAW").update(is_active=False)
        return change(wish=wish, **rest)

    monkeypatch.setattr(answering, "change_offer_status", moved)
    body, code = told("leaks", "answer", "--deactivate", "--all", "--yes")
    assert (body["plan"]["offer"], code) == ("Winter", 4)
    with scope(workspace=flagged.workspace):
        assert nothing_happened()
