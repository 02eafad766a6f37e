"""Name, messages, sessions, the own data; the inbox."""

from __future__ import annotations

import json

import pytest
from django_scopes import scope

from offerwell.models import (
    Enrollment,
    Event,
    Member,
    MessageRecipient,
    Placement,
    PortalSession,
    ReadLetter,
    Suppression,
)
from tests import make
from tests.portal.conftest import STELLA, portal_of, words
from tests.portal.test_leaks import _letter, _things


def post(portal, path, **fields):
    return portal.post(f"/portal/settings/{path}", fields)


def test_the_own_name_changes_for_every_brand_with_its_copies(portal, stella, acme, rival):
    twin = make.member(rival, "Stella", "Adeyemi", STELLA)
    offer = make.offer(acme)
    place = make.enrollment(offer, stella)
    make.code(place, "STELLA20")
    stage = make.project(acme).stages.first()
    make.placement(stage, stella)
    answer = post(portal, "name/", first_name="  Estelle ", last_name="Adéyemi")
    assert (answer.status_code, answer.url) == (302, "/portal/settings/?said=name-saved")
    assert "Your name was saved." in words(portal.get(answer.url))
    stored = Member.objects.get(pk=stella.pk)
    assert (stored.first_name, stored.last_name, stored.name_key) == ("Estelle", "Adéyemi", "estelle adéyemi")
    assert stored.search_text == f"estelle adéyemi {STELLA}"
    place = Enrollment.objects.get(pk=place.pk)
    assert (place.name_key, place.search_text) == ("estelle adéyemi", f"estelle adéyemi {STELLA} stella20")
    assert Placement.objects.get().name_key == "estelle adéyemi"
    event = Event.objects.get()
    assert (event.kind, event.subject, event.door) == ("member_named_by_creator", f"member:{stella.pk}", "portal")
    assert json.loads(event.body) == {"first_name": ["Stella", "Estelle"], "last_name": ["Adeyemi", "Adéyemi"]}
    with scope(workspace=rival):
        assert Member.objects.get(pk=twin.pk).first_name == "Estelle"
        assert Event.objects.get().subject == f"member:{twin.pk}"
    post(portal, "name/", first_name="Estelle", last_name="Adéyemi")
    assert Event.objects.count() == 1


@pytest.mark.parametrize(
    ("first", "last", "refusal"),
    [("", " ", "Enter your name."), ("x" * 101, "", "Use at most 100 characters for each part of your name.")],
)
def test_a_name_that_cannot_be_keeps_what_was_typed(portal, stella, first, last, refusal):
    answer = post(portal, "name/", first_name=first, last_name=last)
    assert answer.status_code == 422
    assert refusal in words(answer)
    assert f'value="{first}"' in answer.content.decode()
    assert Member.objects.get(pk=stella.pk).first_name == "Stella"
    assert Event.objects.count() == 0


def test_messages_of_one_brand_stop_and_come_again(portal, stella, rival):
    twin = make.member(rival, "Stella", "Adeyemi", STELLA)
    answer = post(portal, f"messages/{stella.pk}/", wants="0")
    assert answer.url == "/portal/settings/?said=messages-off"
    assert "Acme You stopped its messages." in words(portal.get(answer.url))
    assert "Rival You get its messages." in words(portal.get(answer.url))
    stopped = Suppression.objects.get()
    assert (stopped.address_key, stopped.reason, stopped.by) == (STELLA, "unsubscribed", "Stella Adeyemi")
    post(portal, f"messages/{stella.pk}/", wants="0")
    assert Event.objects.count() == 1
    assert post(portal, f"messages/{stella.pk}/", wants="1").url == "/portal/settings/?said=messages-on"
    assert Suppression.objects.count() == 0
    with scope(workspace=rival):
        assert Suppression.objects.count() == 0
        make.suppression(rival, STELLA, "bounced")
    assert post(portal, f"messages/{twin.pk}/", wants="1").url == "/portal/settings/?said=messages-off"
    assert "Rival Its messages do not reach this address. Ask the brand." in words(portal.get("/portal/settings/"))
    with scope(workspace=rival):
        assert Suppression.objects.get().reason == "bounced"


def test_sessions_are_listed_and_ended(portal, stella):
    phone = portal_of(STELLA)
    tablet = portal_of(STELLA)
    assert words(portal.get("/portal/settings/")).count("Chrome on Android") == 3
    second = PortalSession.objects.order_by("pk")[1]
    assert post(portal, f"sessions/{second.pk}/end/").status_code == 302
    assert phone.get("/portal/").status_code == 302
    assert tablet.get("/portal/").status_code == 200
    post(portal, "sessions/end-others/")
    assert tablet.get("/portal/").status_code == 302
    assert portal.get("/portal/").status_code == 200


def test_the_own_data_as_a_file(portal, stella, rival):
    own = _things(stella)
    _things(make.member(rival, "Other", "Person"))
    answer = portal.get("/portal/settings/export.json")
    assert answer["Content-Disposition"] == 'attachment; filename="my-data.json"'
    told = json.loads(answer.content)
    assert told["email"] == STELLA
    brand = told["brands"][0]
    assert [one["brand"] for one in told["brands"]] == ["Acme"]
    assert [code["text"] for code in brand["offers"][0]["codes"]] == [f"STELLA{stella.pk}"]
    assert [one["code"] for one in brand["offers"][0]["code_history"]] == [f"STELLA{stella.pk}"]
    assert [one["subject"] for one in brand["messages"]] == ["For Stella"]
    assert own["passkey_id"]
    assert "Other" not in answer.content.decode()


def test_the_inbox_shows_what_was_handed_over_and_remembers_what_was_read(portal, stella, acme):
    letters = [_letter(stella, f"Letter {number}") for number in range(32)]
    for letter, state in zip(letters, ("waiting", "failed", "skipped", "handed_over"), strict=False):
        MessageRecipient.objects.filter(pk=letter.pk).update(state=state)
    first = words(portal.get("/portal/inbox/"))
    assert first.count("New") == 28
    assert "9+ unread" in first
    assert "Letter 3 " not in first
    address = f"/portal/inbox/{letters[10].pk}/"
    assert "Hello Letter 10" in words(portal.get(address))
    assert ReadLetter.objects.count() == 0
    portal.post(f"{address}read/")
    portal.post(f"{address}read/")
    assert ReadLetter.objects.get().letter_id == letters[10].pk
    assert words(portal.get("/portal/inbox/")).count("New") == 27
    assert portal.get(f"/portal/inbox/{letters[0].pk}/").status_code == 404


def test_the_inbox_has_pages(portal, stella):
    letters = [_letter(stella, f"Letter {number:02}.") for number in range(35)]
    first = portal.get("/portal/inbox/")
    assert "Letter 05." in words(first)
    assert "Letter 04." not in words(first)
    assert f"?before={letters[5].pk}" in first.content.decode()
    older = words(portal.get(f"/portal/inbox/?before={letters[5].pk}"))
    assert "Letter 04." in older
    assert "Newest" in older
    assert portal.get("/portal/inbox/?before=nonsense").status_code == 200


def test_a_letter_is_text_whatever_is_written_in_it(portal, stella):
    letter = _letter(stella, "x")
    MessageRecipient.objects.update(text="<script>alert(1)</script> https://glow.example/a javascript:alert(1)")
    page = portal.get(f"/portal/inbox/{letter.pk}/").content.decode()
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert 'href="https://glow.example/a"' in page


def test_the_manifest_names_icons_that_exist(client, db, settings):
    told = client.get("/portal/manifest.webmanifest")
    assert told["Content-Type"] == "application/manifest+json"
    body = json.loads(told.content)
    assert (body["start_url"], body["scope"], body["display"]) == ("/portal/", "/portal/", "standalone")
    for icon in body["icons"]:
        path = settings.STATICFILES_DIRS[0] / icon["src"].removeprefix("/static/")
        size = int.from_bytes(path.read_bytes()[16:20], "big")
        assert icon["sizes"] == f"{size}x{size}"
