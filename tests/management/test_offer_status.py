"""`offers activate|deactivate`: the plan, the refusals, the change, and waiting for the stores."""

from __future__ import annotations

import pytest
from django_scopes import scope

from offerwell.models import (
    BulkChange,
    ChangeProgress,
    Event,
    ItemOutcome,
    OfferType,
    PromoCode,
    SalesLink,
    SocialHandle,
    StoreCode,
)
from tests import make


@pytest.fixture
def world(acme):
    """Four members of a two-part offer: three with a code (one deactivated) and a link, one with neither."""
    store = make.store(acme, "Glow")
    offer = make.offer(acme, "Summer Glow 20%", stores=[store])
    places = [
        make.enrollment(offer, make.member(acme, n, email=f"{n.lower()}@example.com"))
        for n in ("Nora", "Elena", "Hana", "Ida")
    ]
    for n, place in enumerate(places[:3]):
        make.code(place, f"C{n}", stores=[store], is_active=n != 2)
        make.link(place)
    SocialHandle.objects.create(
        workspace=acme, member=places[1].member, network="instagram", handle="Elena.R", handle_key="elena.r"
    )
    return offer


def nothing_happened():
    return (BulkChange.objects.count(), Event.objects.count(), PromoCode.objects.filter(is_active=False).count()) == (
        0,
        0,
        1,
    )


def test_the_plan_is_the_documented_json_and_does_nothing(told, world):
    plan, code = told("offers", "deactivate", "summer glow 20%", "--all", "--codes", "--plan")
    digest = plan.pop("digest")
    assert plan == {
        "offer": "Summer Glow 20%", "what": "status", "target": "deactivated", "part": "codes", "selected": 4,
        "will_change": 2, "already_so": 1, "excluded": 1, "excluded_reasons": {"no_code": 1},
    }  # fmt: skip
    assert (code, len(digest)) == (0, 64)
    assert nothing_happened()


def test_the_plan_for_a_person(command, world):
    result = command("offers", "deactivate", world.pk, "--all", "--codes", "--plan")
    assert result.stdout.splitlines() == [
        "Deactivate codes of “Summer Glow 20%”",
        "  Members selected          4",
        "  Will change               2 codes",
        "  Already so                1 codes",
        "  Left out                  1",
        "    1 without a code or link",
    ]
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_confirmed_change_answers_the_documented_json(told, world):
    change, code = told("offers", "deactivate", "Summer Glow 20%", "--all", "--codes", "--yes")
    kept = BulkChange.objects.get()
    assert {name: change[name] for name in ("id", "state", "changed", "stores")} == {
        "id": kept.pk, "state": "pending", "changed": 2,
        "stores": [{"store": "Glow", "confirmed": 0, "already_so": 0, "recreated": 0, "conflict": 0, "failed": 0,
                    "superseded": 0, "waiting": 2}],
    }  # fmt: skip
    assert (code, kept.door) == (0, "cli")
    assert list(PromoCode.objects.order_by("text").values_list("is_active", flat=True)) == [False, False, False]
    assert SalesLink.objects.filter(is_active=True).count() == 3


def test_members_by_email_handle_and_file_a_repeat_is_told_and_counted_once(command, world, tmp_path):
    file = tmp_path / "members.txt"
    file.write_text("email\nNORA@example.com\n\n@elena.r\nnora@example.com\n", "utf-8-sig")
    result = command("offers", "deactivate", world.pk, "--members", file, "--links", "--yes")
    assert result.stderr == "line 5: nora@example.com is the same member as line 2, counted once.\n"
    assert result.stdout.startswith(
        f"Change {BulkChange.objects.get().pk}: 2 links of “Summer Glow 20%” deactivated; stores: done."
    )
    assert list(SalesLink.objects.order_by("pk").values_list("is_active", flat=True)) == [False, False, True]


def test_unknown_members_and_those_of_another_workspace_are_listed_and_nothing_is_done(told, world, rival, tmp_path):
    make.member(rival, "Foreign", email="foreign@example.com")
    file = tmp_path / "members.txt"
    file.write_text("nora@example.com\nforeign@example.com\n@ghost\n")
    body, code = told(
        "offers", "deactivate", world.pk, "--members", file, "--codes", "--yes", "--workspace", world.workspace.slug
    )
    assert (body, code) == ({
        "error": "Nothing was done: 2 lines name no member of this workspace.",
        "next": "Correct these lines, or add the members first with `offerwell members import`.",
        "rows": [
            {"place": "line 2", "text": "foreign@example.com", "reason": "no member has this e-mail"},
            {"place": "line 3", "text": "@ghost", "reason": "no member has this handle"},
        ],
    }, 1)  # fmt: skip
    assert nothing_happened()


def test_a_handle_of_two_people_names_nobody(told, world):
    other = make.member(world.workspace, "Elena", "Rossi")
    SocialHandle.objects.create(
        workspace=world.workspace, member=other, network="tiktok", handle="elena.r", handle_key="elena.r"
    )
    body, code = told("offers", "deactivate", world.pk, "--member", "@elena.r", "--codes", "--yes")
    assert body["rows"] == [{
        "place": "--member", "text": "@elena.r",
        "reason": "2 members have this handle on different networks; use the e-mail",
    }]  # fmt: skip
    assert code == 1
    assert nothing_happened()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["Nope", "--all", "--codes"], 1, "There is no offer “Nope” in this workspace."),
        (["1e9", "--all", "--codes"], 1, "There is no offer “1e9” in this workspace."),
        (["Summer Glow 20%", "--all"], 1, "“Summer Glow 20%” has codes and links."),
        (["Summer Glow 20%", "--codes"], 2, "Choose members in one way: --member or --members FILE, or --all."),
        (
            ["Summer Glow 20%", "--codes", "--all", "--member", "a@b.c"],
            2,
            "Choose members in one way: --member or --members FILE, or --all.",
        ),
        (
            ["Summer Glow 20%", "--codes", "--member", "nora@example.com", "--where", "status=active"],
            2,
            "--where and --except go with --all.",
        ),
        (
            ["Summer Glow 20%", "--all", "--codes", "--where", "colour=red"],
            1,
            "There is no column “colour” to choose by.",
        ),
        (
            ["Summer Glow 20%", "--all", "--codes", "--where", "status=paused"],
            1,
            "There is no status “paused” to choose by.",
        ),
        (["Summer Glow 20%", "--all", "--codes", "--where", "tag=vip"], 1, "There is no tag “vip”."),
        (["Summer Glow 20%", "--all", "--codes", "--where", "country=ZZ"], 1, "No members of “Summer Glow 20%” match."),
        (["Summer Glow 20%", "--codes", "--member", " "], 1, "No members are named."),
        (
            ["Summer Glow 20%", "--all", "--codes", "--digest", "0" * 64],
            4,
            "The plan is out of date: codes or links changed since. Nothing was done.",
        ),
    ],
)
def test_bad_input_is_a_sentence_with_the_next_step_and_nothing_is_done(told, world, arguments, code, sentence):
    body, exit_code = told("offers", "deactivate", *arguments, "--yes")
    assert (body["error"], exit_code) == (sentence, code)
    assert body["next"]
    assert nothing_happened()


def test_without_yes_and_without_a_terminal_the_plan_is_shown_and_nothing_is_done(told, world):
    body, code = told("offers", "deactivate", world.pk, "--all", "--codes")
    assert (body["error"], code) == ("Nothing was done: a change needs a confirmation.", 1)
    assert (body["plan"]["will_change"], body["plan"]["already_so"]) == (2, 1)
    assert nothing_happened()


def test_where_and_except_narrow_the_whole_offer(told, world, tmp_path):
    file = tmp_path / "except.txt"
    file.write_text("elena@example.com\n")
    plan, _ = told(
        "offers", "deactivate", world.pk, "--all", "--codes", "--where", "status=active", "--except", file, "--plan"
    )
    assert (plan["selected"], plan["will_change"], plan["already_so"]) == (2, 1, 1)


def test_the_same_key_gives_the_same_change_and_another_body_is_refused(told, world):
    first, _ = told("offers", "deactivate", world.pk, "--all", "--codes", "--yes", "--key", "k")
    again, code = told("offers", "deactivate", world.pk, "--all", "--codes", "--yes", "--key", "k")
    assert (again, code) == (first, 0)
    other, code = told("offers", "activate", world.pk, "--all", "--codes", "--yes", "--key", "k")
    assert (other["error"], code) == (
        f"The key was used for another change, number {first['id']}. Nothing was done.",
        1,
    )
    assert BulkChange.objects.count() == 1


def test_wait_syncs_here_when_no_worker_runs_and_exits_3_on_failures(told, world, monkeypatch):
    """The job is played: it settles one item and fails the other, as a store would."""
    from offerwell import worker

    asked = []

    def settle(name, store_id):
        asked.append((name, store_id))
        change = BulkChange.objects.get()
        ChangeProgress.objects.filter(change=change).update(confirmed=1, failed=1)

    monkeypatch.setattr(worker, "run_job", settle)
    body, code = told("offers", "deactivate", world.pk, "--all", "--codes", "--yes", "--wait")
    assert (body["state"], code) == ("done_with_failures", 3)
    assert asked == [("sync_store", ChangeProgress.objects.get().store_id)]


def test_wait_with_a_timeout_says_how_to_look_again(command, world, monkeypatch):
    from offerwell import worker

    monkeypatch.setattr(worker, "run_job", lambda *_: None)
    result = command("offers", "deactivate", world.pk, "--all", "--codes", "--yes", "--wait", "--timeout", "0.1")
    number = BulkChange.objects.get().pk
    assert result.exit_code == 5
    assert result.stderr == f"The change goes on without you. Look again with `offerwell changes show {number}`.\n"


def test_several_workspaces_need_a_choice(told, world, rival):
    body, code = told("offers", "list")
    assert (body["error"], code) == ("There are several workspaces.", 1)
    listed, code = told("offers", "list", "--workspace", world.workspace.slug)
    assert ([offer["name"] for offer in listed], code) == (["Summer Glow 20%"], 0)


def test_undo_and_retry(told, command, world):
    first, _ = told("offers", "deactivate", world.pk, "--all", "--codes", "--yes")
    undone, code = told("changes", "undo", first["id"], "--yes")
    assert (undone["undoes"], undone["changed"], code) == (first["id"], 2, 0)
    assert PromoCode.objects.filter(is_active=True).count() == 2
    body, code = told("changes", "retry", first["id"])
    assert (body["error"], code) == (f"Change {first['id']} has nothing to retry.", 1)
    body, code = told("changes", "retry", undone["id"], "--store", "Nowhere")
    assert (body["error"], code) == ("There is no store “Nowhere” in this workspace.", 1)
    stuck = StoreCode.objects.filter(generation=undone["id"])
    stuck.update(problem="failed", due_at=None)
    label = stuck.first().store.label
    assert told("changes", "retry", undone["id"], "--store", label) == ({"id": undone["id"], "retried": 2}, 0)
    assert stuck.filter(problem="").count() == 2
    body, code = told("changes", "show", 999_999)
    assert (body["error"], code) == ("There is no change 999999 in this workspace.", 1)
    listed, _ = told("changes", "list")
    assert [row["id"] for row in listed] == [undone["id"], first["id"]]
    assert ItemOutcome.objects.filter(result="superseded").count() == 2


def test_an_offer_of_one_part_needs_no_option(told, acme):
    offer = make.offer(acme, "Holiday", type=OfferType.SALES_LINK)
    make.link(make.enrollment(offer))
    change, code = told("offers", "deactivate", "holiday", "--all", "--yes", "--wait")
    assert (change["state"], change["changed"], change["stores"], code) == ("done", 1, [], 0)
    body, code = told("offers", "deactivate", "holiday", "--all", "--codes", "--yes")
    assert (body["error"], code) == ("“Holiday” has no codes.", 1)


def test_an_unexpected_error_is_one_sentence_and_a_file(command, world, monkeypatch, tmp_path):
    from offerwell.management import offer_status

    monkeypatch.setenv("OFFERWELL_DATA", str(tmp_path))
    monkeypatch.setattr(offer_status, "find_offer", lambda _: 1 / 0)
    result = command("offers", "deactivate", "x", "--all")
    assert result.exit_code == 6
    assert result.stderr.splitlines() == [
        f"Something in Offerwell broke (ZeroDivisionError). Details are in {tmp_path / 'errors.log'}.",
        "Next: Report it with that file. `offerwell verify` tells whether the records are intact.",
    ]
    assert "ZeroDivisionError: division by zero" in (tmp_path / "errors.log").read_text()


def test_the_rival_is_untouched(told, world, rival):
    foreign = make.code(make.enrollment(make.offer(rival, "Summer Glow 20%"), make.member(rival)), "THEIRS")
    told("offers", "deactivate", world.pk, "--all", "--codes", "--yes", "--workspace", world.workspace.slug)
    with scope(workspace=rival):
        assert PromoCode.objects.get(pk=foreign.pk).is_active is True
