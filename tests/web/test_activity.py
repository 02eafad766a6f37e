"""Activity: who changed what, how every item came out, Retry failed, Undo, and exports."""

from __future__ import annotations

import pytest

from offerwell.actions.change_offer_status import change_offer_status
from offerwell.models import BulkChange, ChangeProgress, Event, ItemOutcome, OfferPart, PromoCode, StoreCode
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.selection import MemberSelection
from tests import make
from tests.web.page_words import csv_lines, words


@pytest.fixture
def world(acme, client):
    """A change of three codes: one confirmed, one failed, one still waiting. Signed in as operator."""
    store = make.store(acme, "Glow")
    offer = make.offer(acme, "Summer", stores=[store])
    places = [make.enrollment(offer, make.member(acme, first)) for first in ("Nora", "Elena", "Zoe")]
    codes = [
        make.code(place, text, stores=[store]) for place, text in zip(places, ("NORA", "ELENA", "ZOE"), strict=True)
    ]
    change = apply(offer, [place.member_id for place in places])
    settle(change, codes[0], "confirmed")
    settle(change, codes[1], "failed", "Code not found in the store.")
    client.force_login(make.user(acme, role="operator"))
    return change, codes


def apply(offer, members, *, to_active=False, key="k1"):
    wish = Wish(offer, OfferPart.CODES, to_active, MemberSelection(ids=tuple(members)))
    digest = plan_change(wish, at=make.NOW).digest
    return change_offer_status(
        workspace_id=offer.workspace_id, wish=wish, digest=digest, key=key, by=make.ANA, at=make.NOW
    ).change


def settle(change, code, result, reason=""):
    """What the sync writes when a store answered for one code."""
    row = StoreCode.objects.get(code=code)
    ItemOutcome.objects.create(
        workspace_id=change.workspace_id, change_id=change.pk, store_id=row.store_id, code_id=code.pk, result=result,
        reason=reason, at=make.NOW,
    )  # fmt: skip
    if result == "failed":
        StoreCode.objects.filter(pk=row.pk).update(problem="failed", last_error=reason, due_at=None)
    else:
        StoreCode.objects.filter(pk=row.pk).update(observed_generation=change.pk, due_at=None)
    counted = ChangeProgress.objects.get(change=change, store_id=row.store_id)
    setattr(counted, result, getattr(counted, result) + 1)
    counted.save()


def at(change, step=""):
    return f"/reporting/activity/{change.pk}/{step}"


def test_the_list_says_who_what_and_how_far(client, world):
    page = words(client.get("/reporting/activity/"))
    assert "Deactivating codes… Change" in page
    assert "Summer Ana Lopez ·" in page
    assert "Running 1 0 1" in page


def test_an_empty_list_says_what_will_be_there(client, acme):
    client.force_login(make.user(acme, role="analyst"))
    assert "No changes yet" in words(client.get("/reporting/activity/"))


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        ("all", {"NORA", "ELENA", "ZOE"}), ("confirmed", {"NORA"}), ("failed", {"ELENA"}), ("waiting", {"ZOE"}),
        ("superseded", set()), ("nonsense", {"NORA", "ELENA", "ZOE"}),
    ],
)  # fmt: skip
def test_items_are_filtered_by_their_result(client, world, result, shown):
    change, _ = world
    settled = client.get(at(change), {"result": result}).content.decode().split('id="items-title"')[1]
    assert {text for text in ("NORA", "ELENA", "ZOE") if f">{text}<" in settled} == shown


def test_a_poll_gives_the_figures_while_it_runs_and_the_whole_step_when_done(client, world):
    change, codes = world
    htmx = {"HX-Request": "true"}
    running = client.get(at(change), {"in": "dialog", "turn": "3"}, headers=htmx)
    assert "2 of 3 checked" in words(running)
    assert "turn=4" in running.content.decode()
    assert "HX-Retarget" not in running.headers
    settle(change, codes[2], "confirmed")
    done = client.get(at(change), {"in": "dialog", "turn": "4"}, headers=htmx)
    assert (done.headers["HX-Retarget"], done.headers["HX-Trigger"]) == ("#dialog-content", "offer-updated")
    assert "2 codes deactivated" in words(done)
    assert "1 code could not be updated" in words(done)
    assert "Glow: Code not found in the store." in words(done)
    on_page = client.get(at(change), {"in": "page", "turn": "4"}, headers=htmx)
    assert (on_page.headers["HX-Refresh"], on_page.content) == ("true", b"")


def test_polling_backs_off(client, world):
    change, _ = world
    early, late = (
        client.get(at(change), {"in": "dialog", "turn": turn}, headers={"HX-Request": "true"}).content.decode()
        for turn in ("1", "60")
    )
    assert "delay:800ms" in early
    assert "delay:3000ms" in late


def test_when_everything_failed_nothing_is_offered_to_undo(client, world):
    change, codes = world
    ItemOutcome.objects.filter(change_id=change.pk).update(result="failed")
    settle(change, codes[2], "failed", "Code not found in the store.")
    ChangeProgress.objects.filter(change=change).update(confirmed=0, failed=3)
    page = words(client.get(at(change)))
    assert "No codes were deactivated" in page
    assert "Let 3 members know" not in page
    assert "Undo" not in page.split("Codes 3")[0]


def test_with_several_stores_each_stands_alone_and_one_is_asked_again(client, world, acme):
    change, codes = world
    other = make.store(acme, "Glow EU")
    assert "Retry in" not in client.get(at(change)).content.decode()
    for code in codes:
        make.store_code(code, other, settled=False, generation=change.pk, problem="failed", last_error="No.")
    ChangeProgress.objects.create(workspace=acme, change=change, store=other, items=3, failed=3)
    page = words(client.get(at(change)))
    assert "Glow 1 0 1 1 Retry" in page
    assert "Glow EU 0 0 0 3 Retry" in page
    assert client.post(at(change, "retry/"), {"store": other.pk}).url == at(change)
    assert list(StoreCode.objects.filter(problem="failed").values_list("store__label", flat=True)) == ["Glow"]
    assert client.post(at(change, "retry/"), {"store": make.store(make.workspace("Else")).pk}).status_code == 404


def test_retry_asks_the_stores_again_for_what_failed(client, world, django_capture_on_commit_callbacks):
    change, codes = world
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(at(change, "retry/")).url == at(change)
    row = StoreCode.objects.get(code=codes[1])
    assert (row.problem, row.due_at is None) == ("", False)
    assert make.wake_ups == [("sync_store", row.store_id)]
    refused = client.post(at(change, "retry/"))
    assert refused.status_code == 409
    assert "Nothing to retry" in words(refused)


def test_undo_twice_is_one_change(client, world):
    change, _ = world
    first, second = client.post(at(change, "undo/")), client.post(at(change, "undo/"))
    undone = BulkChange.objects.get(undoes=change)
    assert (first.url, second.url) == (at(undone), at(undone))
    assert PromoCode.objects.filter(is_active=True).count() == 3
    assert f"Undone by change {undone.pk}" in words(client.get(at(change)))


def test_undo_of_what_was_changed_since_is_refused_and_nothing_happens(client, world):
    change, codes = world
    members = [code.enrollment.member_id for code in codes]
    apply(codes[0].offer, members, to_active=True, key="k2")
    before = (BulkChange.objects.count(), Event.objects.count())
    refused = client.post(at(change, "undo/"))
    assert refused.status_code == 409
    assert "Nothing to undo: every code or link of this change was changed again since." in words(refused)
    assert (BulkChange.objects.count(), Event.objects.count()) == before


def test_undo_from_a_toast_answers_with_a_toast(client, world):
    change, _ = world
    answer = client.post(at(change, "undo/"), {"in": "toast"}, headers={"HX-Request": "true"})
    undone = BulkChange.objects.get(undoes=change)
    assert answer.url == at(undone, "toast/")
    toast = client.get(answer.url, headers={"HX-Request": "true"})
    assert toast.content.decode().startswith(f'<ow-toast id="toast-change-{undone.pk}"')


def test_items_as_csv(client, world):
    change, codes = world
    nora, elena = (codes[n].enrollment.member for n in (0, 1))
    rows = csv_lines(client.get(at(change, "items.csv")))
    assert rows[0] == ["Member", "E-mail", "Code or link", "Before", "Wanted", "Store", "Result", "Reason"]
    by_code = sorted(rows[1:], key=lambda row: row[2])
    assert [by_code[1], by_code[0]] == [
        [nora.name, nora.email, "NORA", "Active", "Deactivated", "Glow", "confirmed", ""],
        [elena.name, elena.email, "ELENA", "Active", "Deactivated", "Glow", "failed", "Code not found in the store."],
    ]
    assert [row[6] for row in by_code] == ["failed", "confirmed", "waiting"]
    assert [row[2] for row in csv_lines(client.get(at(change, "items.csv"), {"result": "failed"}))] == [
        "Code or link", "ELENA",
    ]  # fmt: skip


@pytest.mark.parametrize("first", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\tx", "\rx"])
def test_a_csv_never_starts_a_formula(client, world, first):
    change, codes = world
    member = codes[0].enrollment.member
    type(member).objects.filter(pk=member.pk).update(first_name=first)
    rows = csv_lines(client.get(at(change, "members.csv")))
    assert [row[1] for row in rows[1:] if row[0] == str(member.pk)] == [f"'{first}"]
    assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)


def test_affected_members_are_exactly_those_changed(client, world):
    change, codes = world
    make.code(make.enrollment(codes[0].offer, make.member(change.workspace, "Other")))
    rows = csv_lines(client.get(at(change, "members.csv")))
    followed_or_waiting = (codes[0], codes[2])  # the second failed: that member's code still works
    assert [row[3] for row in rows[1:]] == [code.enrollment.member.email for code in followed_or_waiting]


def test_rivals_find_nothing_and_change_nothing(client, world, rival):
    change, _ = world
    client.force_login(make.user(rival))
    for address in (at(change), at(change, "items.csv"), at(change, "members.csv"), at(change, "toast/")):
        assert client.get(address).status_code == 404
    assert (client.post(at(change, "undo/")).status_code, client.post(at(change, "retry/")).status_code) == (404, 404)
    assert "Summer" not in words(client.get("/reporting/activity/"))
    assert BulkChange.objects.count() == 1


def test_the_list_pages_older_and_newer(client, world, monkeypatch):
    change, codes = world
    members = [code.enrollment.member_id for code in codes]
    changes = [change] + [apply(codes[0].offer, members, to_active=n % 2 == 0, key=f"p{n}") for n in range(55)]
    newest = client.get("/reporting/activity/").content.decode()
    assert (at(changes[-1]) in newest, at(changes[5]) in newest) == (True, False)
    older = client.get("/reporting/activity/", {"before": changes[6].pk}).content.decode()
    assert (at(changes[5]) in older, at(changes[6]) in older) == (True, False)
    newer = client.get("/reporting/activity/", {"after": changes[5].pk}).content.decode()
    assert (at(changes[6]) in newer, at(changes[55]) in newer, at(changes[5]) in newer) == (True, True, False)
