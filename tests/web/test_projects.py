"""Projects by plain pages and forms: list, board, stage, selection and what follows from it."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from offerwell.models import (
    Enrollment,
    Event,
    Placement,
    Project,
    ProjectOffer,
    PromoCode,
    Stage,
    StageMove,
    StoredSelection,
)
from offerwell.rules.workflow import StageKind
from tests import make
from tests.web.page_words import words


@pytest.fixture
def world(acme, client):
    """Three members in Welcome, a code offer connected; Ana signed in as manager."""
    project = make.project(acme, "Autumn", stages=("welcome", "promo_code", "content", "completed"))
    offer = make.offer(acme, "Summer", type="promo_code", stores=[make.store(acme, "Glow")])
    make.connected(project, offer)
    members = [make.placement(stage_of(project, "welcome"), make.member(acme, name)).member for name in NAMES]
    client.force_login(make.user(acme, role="manager"))
    return project, offer, members


NAMES = ("Nora", "Liam", "Mia")


def stage_of(project, kind):
    with scope(workspace=project.workspace_id):
        return Stage.objects.get(project=project, kind=kind)


def at(project, kind="", step=""):
    base = f"/projects/{project.pk}/"
    return f"{base}stages/{stage_of(project, kind).pk}/{step}" if kind else f"{base}{step}"


def select(client, project, kind="welcome", **fields):
    """Post the selection form; gives where it leads."""
    response = client.post(at(project, kind, "selection/"), fields)
    assert response.status_code == 302, words(response)
    return response.url


def names_in(project, kind):
    rows = Placement.objects.filter(stage=stage_of(project, kind)).order_by("name_key")
    return list(rows.values_list("member__first_name", flat=True))


def key_in(response):
    return unescape(re.search(r'name="key" value="([^"]+)"', response.content.decode())[1])


def test_create_from_a_template_keeps_what_was_typed_when_refused(client, world):
    refused = client.post("/projects/new/", {"name": " ", "description": "For <autumn>", "template": "both"})
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Give the project a name." in words(refused)
    assert "For &lt;autumn&gt;" in page
    assert re.search(r'value="both" checked', page)
    nameless = client.post("/projects/new/", {"name": "Winter", "template": "nonsense"})
    assert "Choose a workflow to start from." in words(nameless)
    assert 'value="Winter"' in nameless.content.decode()
    assert Project.objects.count() == 1
    made = client.post("/projects/new/", {"name": "Winter", "template": "both"})
    project = Project.objects.get(name="Winter")
    assert (made.status_code, made.url) == (302, f"/projects/{project.pk}/")
    assert "Nobody is in this project yet." in words(client.get(made.url))
    assert "Winter" in words(client.get("/projects/?q=wint"))
    assert "No projects match" in words(client.get("/projects/?q=zzz"))


def test_the_board_shows_every_stage_with_counts_and_codes_only_where_they_are_given(client, world):
    project, offer, members = world
    make.code(make.enrollment(offer, members[0]), "NORA20")
    Placement.objects.filter(member=members[0]).update(stage=stage_of(project, "promo_code"), is_skipped=True)
    make.code(make.enrollment(offer, members[1]), "LIAM20")
    page = words(client.get(at(project)))
    assert "1 connected offer · 3 members" in page
    assert "NORA20" in page
    assert "Skipped" in page
    assert "LIAM20" not in page
    listed = words(client.get(at(project, "welcome")))
    assert "LIAM20" in listed
    assert "1–2 of 2" in listed


def test_a_column_shows_five_and_leads_to_the_list(acme, client, world):
    project, _offer, _members = world
    for number in range(4):
        make.placement(stage_of(project, "welcome"), make.member(acme, f"Z{number}"))
    page = words(client.get(at(project)))
    assert "Show all 7" in page
    assert "Z2" not in page


def test_search_and_pages_of_a_stage(acme, client, world):
    project, _offer, _members = world
    for number in range(60):
        make.placement(stage_of(project, "welcome"), make.member(acme, f"Person{number:02}"))
    first = client.get(at(project, "welcome"))
    assert "1–50 of 63" in words(first)
    following = unescape(re.search(r'href="(\?after=[^"]+)" rel="next"', first.content.decode())[1])
    assert "51–63 of 63" in words(client.get(at(project, "welcome") + following))
    found = words(client.get(at(project, "welcome"), {"q": "person07"}))
    assert "Person07" in found
    assert "1–1 of 1" in found
    assert "No members match" in words(client.get(at(project, "welcome"), {"q": "zzz"}))


def test_move_to_stage_shows_the_count_and_a_double_press_is_one_move(client, world):
    project, _offer, members = world
    address = select(client, project, ids=[members[0].pk, members[2].pk], do="move")
    page = client.get(address)
    assert "Autumn · 2 members selected in Welcome" in words(page)
    assert names_in(project, "welcome") == ["Liam", "Mia", "Nora"]
    fields = {"to": stage_of(project, "content").pk, "key": key_in(page)}
    first, second = client.post(address, fields), client.post(address, fields)
    assert (first.status_code, first.url) == (302, at(project, "welcome"))
    assert second.url == first.url
    assert names_in(project, "content") == ["Mia", "Nora"]
    assert (StageMove.objects.count(), Event.objects.count()) == (1, 1)
    assert "2 members moved to Content." in words(client.get(first.url))


@pytest.mark.parametrize("to", ["", "0", "nonsense", "9" * 30])
def test_without_a_stage_nobody_moves(client, world, to):
    project, _offer, members = world
    address = select(client, project, ids=[members[0].pk], do="move")
    refused = client.post(address, {"to": to, "key": "k"})
    assert refused.status_code == 422
    assert "Choose the stage they move to." in words(refused)
    assert (StageMove.objects.count(), names_in(project, "welcome")) == (0, ["Liam", "Mia", "Nora"])


def test_skip_and_remove(client, world):
    project, _offer, members = world
    skip = select(client, project, ids=[members[0].pk], do="skip")
    assert "1 member goes on to Promo Code, marked as skipped." in words(client.get(skip))
    client.post(skip, {"key": "s"})
    assert names_in(project, "promo_code") == ["Nora"]
    remove = select(client, project, all="1", do="remove")
    assert "Remove 2 members from the project?" in words(client.get(remove))
    client.post(remove, {"key": "r"})
    assert Placement.objects.count() == 1
    empty = client.post(at(project, "welcome", "selection/"), {"all": "1", "do": "move"})
    assert "0 members" in words(client.get(empty.url))
    assert client.post(empty.url, {"to": stage_of(project, "content").pk, "key": "x"}).status_code == 409


def test_a_selection_that_cannot_be_says_why_where_it_was_made(acme, rival, client, world):
    project, _offer, _members = world
    outside, theirs = make.member(acme, "Outside"), make.member(rival, "Rita")
    for fields, sentence in (
        ({}, "No members are selected. Select one or more members first."),
        ({"ids": "x"}, "The selection could not be read. Select the members again."),
        ({"ids": [outside.pk, theirs.pk]}, "The selected members are not in this stage any more. Select again."),
        ({"all": "1", "do": "explode"}, "Choose what to do with the selected members."),
    ):
        for on, page in (("board", "3 members"), ("", "Members in Welcome")):
            refused = client.post(at(project, "welcome", "selection/"), {"do": "move", "on": on, **fields})
            assert refused.status_code == 422
            assert sentence in words(refused)
            assert page in words(refused)
    assert StageMove.objects.count() == 0


def test_only_those_of_the_ticked_who_are_in_the_stage_are_kept(acme, rival, client, world):
    project, _offer, members = world
    outside, theirs = make.member(acme, "Outside"), make.member(rival, "Rita")
    select(client, project, ids=[members[0].pk, outside.pk, theirs.pk], do="move")
    stored = StoredSelection.objects.get()
    assert (stored.body["ids"], stored.offer_id, stored.origin) == ([members[0].pk], None, at(project, "welcome"))
    select(client, project, ids=[members[0].pk], do="move", on="board")
    assert StoredSelection.objects.latest("pk").origin == at(project)


def test_moving_into_a_sales_tracking_stage_offers_generate_and_makes_nothing_unasked(client, world):
    project, offer, members = world
    address = select(client, project, ids=[members[0].pk, members[1].pk], do="move")
    moved = client.post(address, {"to": stage_of(project, "promo_code").pk, "key": "k"})
    move = StageMove.objects.get()
    assert moved.url.startswith(at(project, "promo_code", f"generate/?move={move.pk}"))
    preview = words(client.get(moved.url))
    assert "2 members now in Promo Code" in preview
    assert "2 members join the offer · 2 codes to make" in preview
    assert (Enrollment.objects.count(), PromoCode.objects.count()) == (0, 0)
    refused = client.post(at(project, "promo_code", "generate/"), {"move": move.pk})
    assert "Choose an offer to generate for." in words(refused)
    assert PromoCode.objects.count() == 0
    made = client.post(at(project, "promo_code", "generate/"), {"move": move.pk, "offer": offer.pk})
    assert "2 codes generated" in words(made)
    assert sorted(PromoCode.objects.values_list("text", flat=True)) == ["LIAM20", "NORA20"]
    again = client.post(at(project, "promo_code", "generate/"), {"move": move.pk, "offer": offer.pk})
    assert "Nothing was missing" in words(again)
    assert PromoCode.objects.count() == 2


def test_generate_is_only_of_sales_tracking_stages_and_of_moves_into_them(client, world):
    project, _offer, members = world
    assert client.get(at(project, "content", "generate/")).status_code == 404
    address = select(client, project, ids=[members[0].pk], do="move")
    client.post(address, {"to": stage_of(project, "content").pk, "key": "k"})
    move = StageMove.objects.get()
    assert client.get(at(project, "promo_code", "generate/"), {"move": move.pk}).status_code == 404


def test_add_members_by_ticks_all_and_pasted_lines(acme, rival, client, world):
    project, _offer, members = world
    ada, bea = make.member(acme, "Ada"), make.member(acme, "Bea")
    theirs = make.member(rival, "Rita")
    address = at(project, step="add-members/")
    assert "In this project" in words(client.get(address))
    preview = words(client.post(address, {"ids": [ada.pk, members[0].pk, theirs.pk]}))
    assert "Add 1 member?" in preview
    assert "In the project already 1" in preview
    to = stage_of(project, "content").pk
    client.post(address, {"ids": f"{ada.pk},{members[0].pk},{theirs.pk}", "step": "add", "stage": to})
    assert names_in(project, "content") == ["Ada"]
    pasted = client.post(address, {"pasted": f"{bea.email}\nnobody@x.example"})
    assert "Add 1 member?" in words(pasted)
    assert "No member has this e-mail." in words(pasted)
    bad = client.post(address, {"pasted": "nobody@x.example"})
    assert (bad.status_code, "No line names a member." in words(bad)) == (422, True)
    assert "nobody@x.example</textarea>" in bad.content.decode()
    done = client.post(address, {"all": "1", "step": "add", "stage": to, "up_to": "0"})
    assert done.status_code == 302
    assert Placement.objects.count() == 4
    missing = client.post(address, {"ids": bea.pk, "step": "add", "stage": "99999"})
    assert (missing.status_code, "Choose the stage they come into." in words(missing)) == (422, True)


def test_members_of_a_stored_selection_come_into_a_project(acme, client, world):
    project, _offer, members = world
    ada = make.member(acme, "Ada")
    select(client, project, ids=[members[0].pk], do="move")
    stored = StoredSelection.objects.get()
    StoredSelection.objects.update(body=stored.body | {"ids": [ada.pk, members[0].pk]})
    address = f"/projects/add/{stored.pk}/"
    assert "Add 2 members to a project" in words(client.get(address))
    assert "Choose a project and the stage they come into." in words(client.post(address, {"stage": ""}))
    answer = client.post(address, {"stage": stage_of(project, "promo_code").pk})
    assert answer.url == at(project, "promo_code", f"generate/?move={StageMove.objects.get().pk}")
    told = "1 member added to Autumn, stage Promo Code. 1 was in the project already."
    assert told in words(client.get(answer.url))


def test_compose_and_groups_get_the_same_selection(client, world):
    project, _offer, members = world
    composed = select(client, project, ids=[members[0].pk], do="message")
    stored = StoredSelection.objects.get()
    assert composed == f"/messages/compose/?sel={stored.pk}"
    form = {"ids": members[0].pk, "do": "message"}
    whole = client.post(at(project, "welcome", "selection/"), form, headers={"HX-Request": "true"})
    assert whole.headers["HX-Redirect"] == f"/messages/compose/?sel={StoredSelection.objects.latest('pk').pk}"
    grouped = select(client, project, ids=[members[0].pk], do="group")
    assert "Add to group" in words(client.get(grouped))


def test_workflow_by_pages(client, world):
    project, _offer, _members = world
    address = at(project, step="workflow/")
    for fields, sentence in (
        ({"name": "", "kind": "brief"}, "Give the stage a name."),
        ({"name": "WELCOME", "kind": "brief"}, "There is a stage named Welcome already. Choose another name."),
        ({"name": "Typed", "kind": "nonsense"}, "Choose the kind of the stage."),
        ({"name": "Done", "kind": "completed"}, "A project has one Completed stage. Choose another kind."),
    ):
        refused = client.post(address, fields)
        assert (refused.status_code, sentence in words(refused)) == (422, True)
        assert f'value="{fields["name"]}"' in refused.content.decode()
    client.post(address, {"name": "Brief", "kind": "brief"})
    brief = stage_of(project, "brief")
    assert list(project.stages.order_by("position").values_list("kind", flat=True))[-2:] == ["brief", "completed"]
    client.post(f"{address}{brief.pk}/shift/", {"do": "earlier"})
    client.post(f"{address}{brief.pk}/", {"name": "Briefing", "kind": "brief"})
    names = list(project.stages.order_by("position").values_list("name", flat=True))
    assert names == ["Welcome", "Promo Code", "Briefing", "Content", "Completed"]
    welcome = stage_of(project, "welcome")
    refused = client.post(f"{address}{welcome.pk}/delete/", {})
    assert "Choose the stage its members move to." in words(refused)
    assert names_in(project, "welcome") == ["Liam", "Mia", "Nora"]
    client.post(f"{address}{welcome.pk}/delete/", {"to": brief.pk})
    assert names_in(project, "brief") == ["Liam", "Mia", "Nora"]
    assert Stage.objects.filter(pk=welcome.pk).count() == 0


def test_connect_and_disconnect_with_history(acme, client, world):
    project, offer, _members = world
    other = make.offer(acme, "Other")
    address = at(project, step="offers/")
    assert "Choose an offer to connect." in words(client.post(f"{address}connect/", {"offer": ""}))
    assert "Choose an offer to disconnect." in words(client.post(f"{address}disconnect/", {}))
    client.post(f"{address}connect/", {"offer": other.pk})
    client.post(f"{address}disconnect/", {"offer": offer.pk})
    page = words(client.get(address))
    assert "Summer disconnected. Its members, codes and links stay as they are, and a change that runs goes on." in page
    assert "Formerly connected 1" in page
    assert list(ProjectOffer.objects.filter(disconnected_at=None).values_list("offer__name", flat=True)) == ["Other"]


def test_an_archived_project_is_apart_and_shows_no_moves(client, world):
    project, _offer, members = world
    client.post(at(project, step="archive/"), {"do": "archive"})
    assert "No projects yet" in words(client.get("/projects/"))
    assert "Autumn" in words(client.get("/projects/?view=archived"))
    page = words(client.get(at(project)))
    assert "Move to Stage" not in page
    assert "Archived" in page
    address = select(client, project, ids=[members[0].pk], do="move")
    refused = client.post(address, {"to": stage_of(project, "content").pk, "key": "k"})
    assert (refused.status_code, "Autumn is archived. Bring it back before you change it." in words(refused)) == (
        409,
        True,
    )
    client.post(at(project, step="archive/"), {"do": "bring_back"})
    assert "Move to Stage" in words(client.get(at(project)))


ROLES = {
    "analyst": {"edit": 403, "move": 403, "generate": 403},
    "operator": {"edit": 403, "move": 200, "generate": 403},
    "manager": {"edit": 200, "move": 200, "generate": 200},
}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_and_does_what_it_may(acme, client, world, role):
    project, _offer, members = world
    stored = select(client, project, ids=[members[0].pk], do="move")
    person = make.user(acme, role=role)
    StoredSelection.objects.update(user=person)
    client.force_login(person)
    page = words(client.get(at(project)))
    assert ("Move to Stage" in page, "Add members" in page) == (role != "analyst", role != "analyst")
    assert ("Manage Offers" in page) is (role != "analyst")
    expected = ROLES[role]
    assert client.get(at(project, step="add-members/")).status_code == expected["move"]
    for step in ("edit/", "workflow/"):
        assert client.get(at(project, step=step)).status_code == expected["edit"]
    assert client.get(stored).status_code == expected["move"]
    assert client.get(at(project, "promo_code", "generate/")).status_code == expected["generate"]
    assert client.get(at(project, step="offers/")).status_code == 200
    offer_to_connect = client.post(at(project, step="offers/connect/"), {"offer": ""})
    assert offer_to_connect.status_code == (422 if role == "manager" else 403)


def test_a_foreign_project_stage_or_selection_is_not_there(acme, rival, client, world):
    project, _offer, members = world
    with scope(workspace=rival):
        theirs = make.project(rival, "Secret", stages=("welcome", "promo_code"))
        make.placement(theirs.stages.get(kind="welcome"), make.member(rival, "Rita"))
        their_stage = theirs.stages.get(kind="promo_code")
    mine = stage_of(project, "welcome")
    stored = select(client, project, ids=[members[0].pk], do="move")
    pk = StoredSelection.objects.get().pk
    gone = [
        f"/projects/{theirs.pk}/", f"/projects/{theirs.pk}/edit/", f"/projects/{theirs.pk}/workflow/",
        f"/projects/{theirs.pk}/offers/", f"/projects/{theirs.pk}/add-members/", f"/projects/{theirs.pk}/statuses/",
        f"/projects/{theirs.pk}/stages/{their_stage.pk}/", f"/projects/{project.pk}/stages/{their_stage.pk}/",
        f"/projects/{theirs.pk}/stages/{mine.pk}/", f"/projects/{theirs.pk}/stages/{their_stage.pk}/generate/",
        f"/projects/{theirs.pk}/stages/{their_stage.pk}/move/{pk}/",
        f"/projects/{theirs.pk}/workflow/{their_stage.pk}/delete/",
    ]  # fmt: skip
    assert [url for url in gone if client.get(url).status_code != 404] == []
    refused = client.post(stored, {"to": their_stage.pk, "key": "k"})
    assert refused.status_code == 422
    assert client.post(f"/projects/add/{pk}/", {"stage": their_stage.pk}).status_code == 422
    for page in ("/projects/", at(project), at(project, step="add-members/")):
        assert "Secret" not in words(client.get(page))
        assert "Rita" not in words(client.get(page))
    client.force_login(make.user(acme, role="owner"))
    assert client.get(stored).status_code == 404
    assert client.get(f"/projects/add/{pk}/").status_code == 404
    assert StageMove.objects.count() == 0


def test_the_statuses_of_rows_are_looked_at_again(acme, rival, client, world):
    project, offer, members = world
    code = make.code(make.enrollment(offer, members[0]), "NORA20")
    place = Placement.objects.get(member=members[0])
    with scope(workspace=rival):
        theirs = make.placement(make.project(rival).stages.first(), make.member(rival, "Rita"))
    address = at(project, step=f"statuses/?ids={place.pk},{theirs.pk},x,{'9' * 30}")
    seen = client.get(address).content.decode()
    assert f'id="parts-{place.pk}"' in seen
    assert f'id="parts-{theirs.pk}"' not in seen
    again = unescape(re.search(r'hx-get="([^"]+)"', seen)[1])
    assert "parts-" not in client.get(again).content.decode()
    PromoCode.objects.filter(pk=code.pk).update(is_active=False)
    assert "Deactivated" in words(client.get(again))


def test_the_number_of_statements_does_not_grow(acme, client, world):
    project, offer, _members = world
    address = (at(project), at(project, "promo_code"), "/projects/")
    counts = []
    for size in (1, 12):
        for _ in range(size):
            member = make.placement(stage_of(project, "promo_code")).member
            make.link(make.enrollment(make.offer(acme, type="sales_link"), member))
            made = make.offer(acme, type="sales_link")
            make.connected(project, made)
            make.link(make.enrollment(made, member))
            make.code(make.enrollment(offer, member), stores=[offer.store_links.first().store])
            make.project(acme)
        for url in address:
            with CaptureQueriesContext(connection) as queries:
                client.get(url)
            counts.append(len(queries))
    assert counts[:3] == counts[3:]


def test_every_kind_of_stage_is_drawn(acme, client, world):
    project = make.project(acme, "All kinds", stages=[str(kind) for kind in StageKind])
    page = words(client.get(at(project)))
    for kind in StageKind:
        assert kind.label in page
