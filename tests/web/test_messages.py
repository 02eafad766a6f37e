"""Messages by plain forms: compose, preview, confirm, undo; what is refused, and who sees nothing of it."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone
from django_scopes import scope

from offerwell.actions.change_offer_status import change_offer_status
from offerwell.actions.deliver_message import messages_due
from offerwell.actions.store_selection import store_selection
from offerwell.models import (
    Event,
    ItemOutcome,
    Message,
    MessageRecipient,
    MessageTemplate,
    OfferPart,
    OfferStatus,
    PromoCode,
    Suppression,
)
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.permissions import Actor
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within
from tests import make
from tests.web.page_words import csv_lines, words


@pytest.fixture(autouse=True)
def _public(settings):
    settings.OFFERWELL_PUBLIC_URL = "https://offers.example"


@pytest.fixture
def ana(acme, client):
    person = make.user(acme, role="operator")
    client.force_login(person)
    return person


@pytest.fixture
def world(acme, ana):
    """Nora, Elena and Hana with codes; Hana's is deactivated already. A change deactivates the three."""
    offer = make.offer(acme, "Summer Glow 20%")
    places = [make.enrollment(offer, make.member(acme, first)) for first in ("Nora", "Elena", "Hana")]
    codes = [make.code(place, f"{place.member.first_name.upper()}20") for place in places]
    PromoCode.objects.filter(pk=codes[2].pk).update(is_active=False)
    wish = Wish(offer, OfferPart.CODES, False, MemberSelection(ids=tuple(one.member_id for one in places)))
    digest = plan_change(wish, at=make.NOW).digest
    change = change_offer_status(
        workspace_id=acme.pk, wish=wish, digest=digest, key="k", by=make.ANA, at=make.NOW
    ).change
    return offer, [place.member for place in places], codes, change


def chosen(person, offer, members):
    by = Actor(name="Ana", door="web", user_id=person.pk)
    return store_selection(
        workspace_id=person.places.first().workspace_id, offer=offer, by=by, at=make.NOW,
        selection=MemberSelection(ids=tuple(one.pk for one in members)),
    )  # fmt: skip


def field(response, name):
    return re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())[1]


def begun(client, address, **typed):
    """The compose form as it is shown, with these fields typed."""
    page = client.get(address)
    subject = re.search(r'id="subject" name="subject" value="([^"]*)"', page.content.decode())[1]
    return {"key": field(page, "key"), "subject": subject, "body": "Hi {first_name}", **typed}


def to_confirm(client, address, do="send", **typed):
    answer = client.post(address, begun(client, address, **typed) | {"do": do})
    assert answer.status_code == 302, words(answer)
    return answer["Location"]


def confirmed(client, step, **fields):
    page = client.get(step)
    return client.post(step, {"shown_reach": field(page, "shown_reach"), "when": "now", **fields})


def nothing_happened():
    return (MessageRecipient.objects.count(), messages_due(at=timezone.now() + timedelta(days=900))) == (0, [])


def test_exactly_the_members_a_change_changed_get_it_after_confirm_and_undo_takes_it_back(client, world):
    _offer, members, _codes, change = world
    assert "Compose message" in words(client.get(f"/reporting/activity/{change.pk}/"))
    address = f"/messages/compose/?change={change.pk}"
    page = client.get(address)
    assert "ED Elena Dubois ND Nora Dubois Review 2" in words(page)
    assert "Members whose code was deactivated in Summer Glow 20%. Skipped members are left out." in words(page)
    assert "Your code ELENA20 for Summer Glow 20% has been deactivated." in words(page)
    assert (Message.objects.count(), nothing_happened()) == (0, True)
    step = to_confirm(client, address, subject="About {offer}", body="Hi {first_name}, {code} is {status}.")
    assert nothing_happened()
    shown = words(client.get(step))
    assert "Send to 2 members? About Summer Glow 20%" in shown
    assert "no postal address" in shown
    answer = confirmed(client, step)
    [message] = Message.objects.all()
    assert answer["Location"] == f"/messages/{message.pk}/"
    rows = MessageRecipient.objects.order_by("pk")
    assert [(row.member_id, row.state) for row in rows] == [(members[1].pk, "waiting"), (members[0].pk, "waiting")]
    page = words(client.get(f"/messages/{message.pk}/"))
    assert "Sending to 2 members in a moment" in page
    assert "Undo send" in page
    assert client.post(step, {"shown_reach": "x"})["Location"] == f"/messages/{message.pk}/"
    assert MessageRecipient.objects.count() == 2
    assert client.post(f"/messages/{message.pk}/cancel/")["Location"] == f"/messages/{message.pk}/edit/"
    assert nothing_happened()
    page = words(client.get(f"/messages/{message.pk}/edit/"))
    assert "Nothing was sent. The message is a draft again." in page


def test_a_failed_code_is_not_told_of_and_one_a_refresh_overtook_is(client, world):
    offer, _members, codes, change = world
    store = make.store(offer.workspace)
    for code, result in ((codes[0], "superseded"), (codes[1], "failed")):
        ItemOutcome.objects.create(
            workspace=offer.workspace, change_id=change.pk, store_id=store.pk, code_id=code.pk, result=result,
            at=make.NOW,
        )  # fmt: skip
    address = f"/messages/compose/?change={change.pk}"
    assert "To Nora Dubois Review 1" in words(client.get(address)).replace("ND ", "").replace("  ", " ")
    PromoCode.objects.filter(pk=codes[0].pk).update(is_active=True)
    assert "To Nobody Review 0" in words(client.get(address))
    answer = client.post(address, begun(client, address) | {"do": "send"})
    assert (answer.status_code, nothing_happened()) == (422, True)
    assert "Nobody is meant any more." in words(answer)


def test_typing_saves_a_draft_that_is_found_again_and_sends_nothing(client, acme, ana, world):
    offer, members, _codes, _change = world
    address = f"/messages/compose/?sel={chosen(ana, offer, members).pk}"
    typed = begun(client, address, subject="First", body="Hi {last_name}")
    saved = client.post(address, typed | {"do": "save"}, headers={"HX-Request": "true"})
    [message] = Message.objects.all()
    assert saved["HX-Replace-Url"] == f"/messages/{message.pk}/edit/"
    assert "Hi Dubois" in words(saved)
    assert "Draft saved" in words(saved)
    client.post(address, typed | {"do": "save", "body": "Hi {frist_name}"}, headers={"HX-Request": "true"})
    assert (Message.objects.get().body, Message.objects.count()) == ("Hi {frist_name}", 1)
    page = client.get(f"/messages/{message.pk}/edit/")
    assert "{frist_name} is no field. The fields are {first_name}," in words(page)
    assert "First" in words(client.get("/messages/?show=drafts"))
    answer = client.post(f"/messages/{message.pk}/edit/", {"subject": "First", "body": "Hi {frist_name}", "do": "send"})
    assert (answer.status_code, nothing_happened()) == (422, True)
    assert "Hi {frist_name}" in answer.content.decode()
    assert client.post(f"/messages/{message.pk}/discard/")["Location"] == "/messages/"
    assert Message.objects.count() == 0


def test_the_preview_walks_from_member_to_member_and_saves_nothing(client, ana, world):
    offer, members, _codes, _change = world
    address = f"/messages/compose/?sel={chosen(ana, offer, members).pk}"
    typed = begun(client, address, body="{first_name}: {code} {link|no link}")
    second = client.post(address, typed | {"do": "next", "member": members[1].pk}, headers={"HX-Request": "true"})
    assert "Hana : HANA20 no link" in words(second)
    first = client.post(address, typed | {"do": "previous", "member": members[2].pk})
    assert "Elena : ELENA20 no link" in words(first)
    assert Message.objects.count() == 0


def test_a_template_keeps_what_was_typed_for_taking_back(client, ana, world):
    offer, members, _codes, _change = world
    address = f"/messages/compose/?sel={chosen(ana, offer, members).pk}"
    typed = begun(client, address, subject="Mine", body="My <b>text</b>")
    used = client.post(address, typed | {"do": "use", "template": "new-code"})
    assert 'value="Your new code for {offer}"' in used.content.decode()
    assert 'name="old_subject" value="Mine"' in used.content.decode()
    back = client.post(address, typed | {"do": "back", "old_subject": "Mine", "old_body": "My <b>text</b>"})
    assert "My &lt;b&gt;text&lt;/b&gt;" in back.content.decode()
    assert (Message.objects.count(), nothing_happened()) == (0, True)


def test_warnings_name_who_gets_nothing_and_what_stays_empty(client, acme, ana, world):
    offer, members, _codes, _change = world
    nobody, gone = make.member(acme, "", "Stone", ""), make.member(acme, "", "Gone", "gone@example.com")
    make.suppression(acme, "gone@example.com", "bounced")
    bare = make.member(acme, "", "Bare", "bare@example.com")
    stored = chosen(ana, offer, [*members, nobody, gone, bare])
    address = f"/messages/compose/?sel={stored.pk}"
    typed = begun(client, address, body="Hi {first_name}, {code}")
    told = words(client.post(address, typed | {"do": "save"}, headers={"HX-Request": "true"}))
    assert "1 member has an address that bounced before and gets nothing." in told
    assert "1 member has no e-mail address and gets nothing." in told
    assert "1 member has nothing for {code}: the place stays empty. Write {code|something else} for them." in told
    assert "1 member has nothing for {first_name}" in told
    review = words(client.get(f"/messages/compose/members/?sel={stored.pk}"))
    assert "Skipped An earlier message bounced" in review


def test_who_moved_meanwhile_is_shown_again_and_nothing_is_sent(client, acme, ana, world):
    offer, members, _codes, _change = world
    step = to_confirm(client, f"/messages/compose/?sel={chosen(ana, offer, members).pk}", subject="S")
    page = client.get(step)
    make.suppression(acme, members[0].email)
    answer = client.post(step, {"shown_reach": field(page, "shown_reach"), "when": "now"})
    assert (answer.status_code, nothing_happened()) == (409, True)
    assert "Nothing was sent; look again." in words(answer)
    assert "Send to 2 members?" in words(answer)
    Message.objects.update(body="Another text")
    again = client.post(step, {"shown_reach": field(answer, "shown_reach"), "when": "now"})
    assert (again.status_code, nothing_happened()) == (409, True)
    assert "The text was changed since you looked." in words(again)
    assert client.post(step, {"when": "now"}).status_code == 409
    assert nothing_happened()


def test_later_is_shown_in_words_before_it_is_scheduled(client, acme, ana, world):
    offer, members, _codes, _change = world
    acme.timezone = "Europe/Paris"
    acme.save()
    year = timezone.now().year + 1
    last_sunday = max(day for day in range(25, 32) if timezone.datetime(year, 10, day).weekday() == 6)
    step = to_confirm(client, f"/messages/compose/?sel={chosen(ana, offer, members).pk}", do="schedule", subject="S")
    assert step.endswith("?when=later")
    later = {"when": "later", "date": f"{year}-10-{last_sunday}", "time": "02:30"}
    first = confirmed(client, step, **later)
    assert (first.status_code, nothing_happened()) == (200, True)
    assert "The clocks in Europe/Paris go back then: 02:30 comes twice, and the first is meant." in words(first)
    given = {name: field(first, name) for name in ("shown_reach", "shown")}
    answer = client.post(step, given | later)
    message = Message.objects.get()
    assert (answer.status_code, message.state, message.send_at.hour) == (302, "scheduled", 0)
    assert messages_due(at=timezone.now() + timedelta(hours=1)) == []
    assert f"To 3 members on Sun {last_sunday} Oct {year}, 02:30 Europe/Paris" in words(client.get(answer["Location"]))
    assert "S" in words(client.get("/messages/?show=scheduled"))
    past = client.post(step, given | later | {"date": "2020-01-01"})
    assert past["Location"] == f"/messages/{message.pk}/"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"date": "2020-01-01", "time": "09:00"}, "That time has passed"),
        ({"date": "2020-01-01", "time": ""}, "Choose the time too."),
        ({"date": "", "time": ""}, "Choose a date and a time."),
        ({"date": "soon", "time": "09:00"}, "Write a date and a time"),
    ],
)
def test_a_time_that_cannot_be_is_refused_where_it_stands(client, ana, world, typed, said):
    offer, members, _codes, _change = world
    step = to_confirm(client, f"/messages/compose/?sel={chosen(ana, offer, members).pk}", subject="S")
    answer = confirmed(client, step, **typed | {"when": "later"})
    assert (answer.status_code, nothing_happened()) == (422, True)
    assert said in words(answer)


def test_the_offers_bulk_bar_leads_to_compose(client, ana, world):
    offer, members, _codes, _change = world
    assert "Compose message" in words(client.get(f"/reporting/sales-tracking/{offer.pk}/"))
    answer = client.post(f"/messages/selection/{offer.pk}/", {"ids": [one.pk for one in members]})
    assert "Review 3" in words(client.get(answer["Location"]))
    all_of_them = client.post(f"/messages/selection/{offer.pk}/", {"all": "1"})
    assert "Members you selected in Summer Glow 20%." in words(client.get(all_of_them["Location"]))
    none = client.post(f"/messages/selection/{offer.pk}/", {})
    assert none.status_code == 422
    assert "No members are selected." in words(none)


def test_a_message_about_an_archived_offer_or_an_undone_change_says_so(client, world):
    offer, _members, _codes, change = world
    offer.status = OfferStatus.ARCHIVED
    offer.save()
    page = words(client.get(f"/messages/compose/?change={change.pk}"))
    assert "Summer Glow 20% is archived. You can still write to its members." in page


def test_send_test_to_me_writes_to_me_alone(client, ana, world, mailoutbox):
    offer, members, _codes, _change = world
    address = f"/messages/compose/?sel={chosen(ana, offer, members).pk}"
    answer = client.post(address, begun(client, address, subject="S", body="Hi {first_name}") | {"do": "test"})
    assert f"A test was sent to {ana.email}. Members got nothing." in words(answer)
    [mail] = mailoutbox
    assert (mail.to, mail.subject) == ([ana.email], "[Test] S")
    assert "Hi Elena" in mail.body
    assert nothing_happened()


def test_letters_are_listed_by_state_and_exported(client, acme, world):
    offer, members, _codes, _change = world
    message = make.draft(acme, MemberSelection(ids=(members[0].pk,)), offer=offer)
    Message.objects.filter(pk=message.pk).update(
        state="sent", recipients=2, sent=1, failed=1, confirmed_at=make.NOW, confirmed_by="Ana"
    )
    for member, state, reason in ((members[0], "sent", ""), (members[1], "failed", "550 =cmd|no")):
        MessageRecipient.objects.create(
            workspace=acme, message=message, member=member, state=state, reason=reason, to=member.email,
            subject="S", html="<p>Hi</p>", handed_over_at=make.NOW, settled_at=make.NOW,
        )  # fmt: skip
    page = words(client.get(f"/messages/{message.pk}/?state=failed"))
    assert "Elena Dubois" in page
    assert "550 =cmd|no" in page
    assert "Nora Dubois" not in page
    lines = csv_lines(client.get(f"/messages/{message.pk}/letters.csv"))
    assert lines[0][:4] == ["Member", "E-mail", "State", "Reason"]
    assert [line[:3] for line in lines[1:]] == [
        ["Nora Dubois", members[0].email, "Sent"], ["Elena Dubois", members[1].email, "Failed"],
    ]  # fmt: skip
    letter = MessageRecipient.objects.first()
    assert "Hi" in words(client.get(f"/messages/{message.pk}/letters/{letter.pk}/"))


def test_templates_are_kept_refused_and_deleted(client, acme, ana):
    bad = client.post("/messages/templates/new/", {"name": "Mine", "subject": "S", "body": "{{ evil }}"})
    assert (bad.status_code, MessageTemplate.objects.count()) == (422, 0)
    assert "Double braces" in words(bad)
    assert "{{ evil }}" in bad.content.decode()
    client.post("/messages/templates/new/", {"name": "Mine", "subject": "S", "body": "Hi"})
    twice = client.post("/messages/templates/new/", {"name": "mine", "subject": "S", "body": "Hi"})
    assert (twice.status_code, MessageTemplate.objects.count()) == (422, 1)
    row = MessageTemplate.objects.get()
    client.post(f"/messages/templates/{row.pk}/", {"name": "Mine", "subject": "T", "body": "Ho"})
    row.refresh_from_db()
    assert (row.subject, row.body) == ("T", "Ho")
    page = words(client.get("/messages/templates/"))
    assert "Mine" in page
    assert "Code deactivated By Offerwell" in page
    client.post(f"/messages/templates/{row.pk}/delete/")
    assert MessageTemplate.objects.count() == 0
    assert list(Event.objects.order_by("seq").values_list("kind", flat=True)) == [
        "message_template_saved", "message_template_saved", "message_template_deleted",
    ]  # fmt: skip


def test_settings_and_the_list_of_addresses(client, acme):
    client.force_login(make.user(acme, role="owner"))
    bad = client.post("/settings/messages/", {"sender_name": "Glow", "reply_to": "not an address"})
    assert bad.status_code == 422
    client.post("/settings/messages/", {"sender_name": "Ana\r\nBcc: x", "reply_to": "ana@example.com"})
    assert "Now from: =?" in words(client.get("/settings/messages/")) or "Ana Bcc: x" in words(
        client.get("/settings/messages/")
    )
    odd = client.post("/settings/messages/suppressions/", {"address": "everybody"})
    assert (odd.status_code, Suppression.objects.count()) == (422, 0)
    client.post("/settings/messages/suppressions/", {"address": "Nora@Example.com", "note": "Asked by phone"})
    row = Suppression.objects.get()
    assert (row.address_key, row.reason, row.note) == ("nora@example.com", "by_hand", "Asked by phone")
    assert "Nora@Example.com" in words(client.get("/settings/messages/suppressions/?q=nora"))
    client.post(f"/settings/messages/suppressions/{row.pk}/remove/", {"why": " "})
    assert Suppression.objects.count() == 1
    client.post(f"/settings/messages/suppressions/{row.pk}/remove/", {"why": "Asked again"})
    assert Suppression.objects.count() == 0


def test_a_list_of_addresses_comes_in_once_and_is_refused_as_a_whole(client, acme, rival):
    from django.core.files.uploadedfile import SimpleUploadedFile

    def sent(text):
        return client.post("/settings/messages/suppressions/import/", {"file": SimpleUploadedFile("old.csv", text)})

    client.force_login(make.user(acme, role="owner"))
    with scope(workspace=rival):
        make.suppression(rival, "nora@example.com")
    make.suppression(acme, "bounced@example.com", reason="bounced")
    for text in (b"Name,Age\nNora,3\n", b"E-mail\nnobody\n", b""):
        assert sent(text).status_code == 422
        assert list(Suppression.objects.values_list("address", flat=True)) == ["bounced@example.com"]
    refused = client.post("/settings/messages/suppressions/import/")
    assert (refused.status_code, "Choose a CSV file first." in words(refused)) == (422, True)
    rows = b"Name;E-Mail\nNora;Nora@example.com\nNora;nora@EXAMPLE.com\nB;bounced@example.com\nC;nope\nD\n"
    assert sent(rows).status_code == 302
    said = words(client.get("/settings/messages/suppressions/"))
    assert "1 added, 2 on the list already." in said
    assert (
        "2 rows hold no address: line 5: “nope” is no e-mail address.; line 6: The row has no e-mail address." in said
    )
    found = dict(Suppression.objects.values_list("address_key", "reason"))
    assert found == {"bounced@example.com": "bounced", "nora@example.com": "by_hand"}
    sent(b"one@example.com\ntwo@example.com\n")
    sent(b"one@example.com\ntwo@example.com\n")
    facts = [json.loads(event.body) for event in Event.objects.filter(kind="addresses_suppressed").order_by("pk")]
    assert ([one["addresses"] for one in facts], Suppression.objects.count()) == ([1, 2], 4)
    with scope(workspace=rival):
        assert Suppression.objects.count() == 1


ADDRESSES = [
    "/messages/{message}/", "/messages/{message}/edit/", "/messages/{message}/send/", "/messages/{message}/members/",
    "/messages/{message}/letters.csv", "/messages/{message}/letters/{letter}/", "/messages/templates/{template}/",
    "/messages/compose/?sel={selection}", "/messages/compose/?change={change}",
    "/messages/compose/members/?sel={selection}",
]  # fmt: skip


def test_a_rival_sees_nothing_of_it_and_changes_nothing(client, acme, rival, ana, world):
    offer, members, _codes, change = world
    message = make.draft(acme, MemberSelection(ids=(members[0].pk,)), subject="Secret")
    template = MessageTemplate.objects.create(
        workspace=acme, name="Secret", name_key="secret", changed_at=make.NOW, changed_by="Ana"
    )
    letter = MessageRecipient.objects.create(workspace=acme, message=message, member=members[0], state="sent")
    known = {
        "message": message.pk, "letter": letter.pk, "template": template.pk, "change": change.pk,
        "selection": chosen(ana, offer, members).pk,
    }  # fmt: skip
    suppressed = make.suppression(acme, "secret@example.com")
    client.force_login(make.user(rival))
    for address in ADDRESSES:
        assert client.get(address.format(**known)).status_code == 404, address
    for verb in ("cancel", "discard"):
        assert client.post(f"/messages/{message.pk}/{verb}/").status_code == 404
    assert client.post(f"/messages/selection/{offer.pk}/", {"all": "1"}).status_code == 404
    assert client.post(f"/messages/templates/{template.pk}/delete/").status_code == 404
    assert client.post(f"/settings/messages/suppressions/{suppressed.pk}/remove/", {"why": "x"}).status_code == 404
    for page in ("/messages/", "/messages/?show=drafts", "/messages/templates/", "/settings/messages/suppressions/"):
        assert "ecret" not in words(client.get(page))
    with scope(workspace=acme):
        assert (Message.objects.count(), Suppression.objects.count()) == (1, 1)


def test_another_persons_selection_is_not_there(client, acme, ana, world):
    offer, members, _codes, _change = world
    stored = chosen(ana, offer, members)
    client.force_login(make.user(acme, role="owner"))
    assert client.get(f"/messages/compose/?sel={stored.pk}").status_code == 404


def test_who_may_only_look_can_not_send(client, acme, world):
    offer, members, _codes, change = world
    message = make.draft(acme, MemberSelection(ids=(members[0].pk,)))
    client.force_login(make.user(acme, role="analyst"))
    assert client.get("/messages/").status_code == 200
    for address in (f"/messages/compose/?change={change.pk}", f"/messages/{message.pk}/send/"):
        assert client.get(address).status_code == 403
        assert client.post(address, {"do": "send"}).status_code == 403
    assert client.get("/settings/messages/").status_code == 403
    assert "/messages/selection/" not in client.get(f"/reporting/sales-tracking/{offer.pk}/").content.decode()
    assert nothing_happened()


def test_lists_take_the_same_number_of_statements(client, acme, ana, world, django_assert_max_num_queries):
    offer, _members, _codes, _change = world
    for n in range(4):
        make.draft(acme, MemberSelection(filter=MemberFilter(), up_to=10**9), subject=f"Draft {n}", offer=offer)
    with django_assert_max_num_queries(8):
        client.get("/messages/?show=drafts")
    message = Message.objects.first()
    with django_assert_max_num_queries(20):
        client.get(f"/messages/{message.pk}/edit/")


def test_compose_without_members_says_what_to_do(client, ana):
    assert "Choose members first" in words(client.get("/messages/compose/"))
    assert client.get("/messages/compose/?sel=x").status_code == 404


def test_a_text_that_is_too_long_is_told_and_not_cut_behind_ones_back(client, ana, world):
    offer, members, _codes, _change = world
    address = f"/messages/compose/?sel={chosen(ana, offer, members).pk}"
    answer = client.post(address, begun(client, address, subject="x" * 301) | {"do": "send"})
    assert (answer.status_code, nothing_happened()) == (422, True)
    assert "This has 301 characters; the most is 300." in words(answer)
    assert "x" * 301 in answer.content.decode()


def test_members_selected_outside_an_offer_are_written_to_about_all_their_active_codes(client, acme, rival, ana, world):
    _offer, members, codes, _change = world
    make.member(rival, "Rita", "Rival")
    other = make.code(make.enrollment(make.offer(acme, "Winter"), members[0]), "WINTER20")
    PromoCode.objects.filter(pk=codes[1].pk).update(is_active=True)
    everybody = MemberSelection(filter=MemberFilter(), within=Within(Crowd.WORKSPACE, up_to=10**9))
    by = Actor(name="Ana", door="web", user_id=ana.pk)
    stored = store_selection(workspace_id=acme.pk, offer=None, selection=everybody, by=by, at=make.NOW)
    address = f"/messages/compose/?sel={stored.pk}"
    page = words(client.get(address))
    assert "Review 3 Members you selected." in page
    assert "Rita" not in page
    typed = begun(client, address, body="{first_name}: {codes|nothing} {offer|us}") | {"do": "next"}
    nora = client.post(address, typed | {"member": members[2].pk}, headers={"HX-Request": "true"})
    assert f"Nora : {other.text} us" in words(nora)


def test_the_change_says_that_its_members_were_told_and_that_undo_does_not_take_it_back(client, world):
    offer, _members, _codes, change = world
    message = make.draft(
        offer.workspace, MemberSelection(ids=(1,)), subject="About {offer}", offer=offer, change=change
    )
    assert "About Summer Glow 20%" not in words(client.get(f"/reporting/activity/{change.pk}/"))
    Message.objects.filter(pk=message.pk).update(state="sent", confirmed_by="Ana", confirmed_at=make.NOW)
    assert "Ana sent these members About Summer Glow 20%" in words(client.get(f"/reporting/activity/{change.pk}/"))
    client.post(f"/reporting/activity/{change.pk}/undo/")
    page = words(client.get(f"/reporting/activity/{change.pk}/"))
    assert "Undoing did not take it back." in page
    compose = words(client.get(f"/messages/compose/?change={change.pk}"))
    assert "This change was undone by" in compose
    assert "Ana sent these members “About Summer Glow 20%” before." in compose
