"""Nobody sees or guesses anything of anybody else: every address of the portal × every object that is not one's own."""

from __future__ import annotations

import re

import pytest
from django.urls import get_resolver
from django_scopes import scope, scopes_disabled

from offerwell.actions.approve_payout import approve_payout
from offerwell.actions.draft_payout import draft_payout
from offerwell.models import (
    Creator,
    Event,
    Member,
    MessageRecipient,
    Passkey,
    PortalSession,
    PromoCode,
    ReadLetter,
    SignInRequest,
    Statement,
    Suppression,
)
from offerwell.queries.payout_digest import payout_digest
from offerwell.rules.selection import MemberSelection
from tests import make
from tests.portal.conftest import STELLA, now, portal_of, words

# What each number in an address names. A new one fails the test until it is thought about.
NAMES = {"statement_id", "enrollment_id", "letter_id", "session_id", "passkey_id", "member_id", "part_id"}
FIXED = {"part": "codes", "number": 0, "link": "x" * 32}
SECRET = "SECRETOFOTHERS"


def _letter(member, subject):
    with scope(workspace=member.workspace):
        message = make.draft(member.workspace, MemberSelection(ids=(member.pk,)))
        return MessageRecipient.objects.create(
            workspace=member.workspace, message=message, member=member, state="sent", to=member.email, subject=subject,
            text=f"Hello {subject}", html=f"<p>{subject}</p>", handed_over_at=make.NOW,
        )  # fmt: skip


def _statement(member, store, code):
    """An approved one, of an order with the code."""
    make.recorded(store, make.snapshot(f"{SECRET}{member.pk}", codes=[code.text], name=f"#{member.pk}"))
    said = {"workspace_id": member.workspace_id, "by": make.ANA, "at": now()}
    run = draft_payout(last_day=make.NOW.date(), **said)
    approve_payout(run_id=run.pk, digest=payout_digest(run), **said)
    return Statement.objects.get(member=member)


def _things(member):
    """One of everything that a creator may have; gives their ids by the name an address has for them."""
    with scope(workspace=member.workspace):
        store = make.store(member.workspace, f"{SECRET} store {member.pk}")
        offer = make.offer(
            member.workspace, stores=[store], discount_links=True, deep_links=True, description=f"{SECRET} note"
        )
        make.payout(offer, is_default=True)
        place = make.enrollment(offer, member)
        code = make.code(place, f"{member.first_name.upper()}{member.pk}", stores=[store])
        make.link(place, f"{member.first_name.lower()}-{member.pk}")
        make.history(code)
        statement = _statement(member, store, code)
        letter = _letter(member, f"For {member.first_name}")
    portal_of(member.email)
    creator = Creator.objects.get(email_key=member.email_key)
    passkey = Passkey.objects.create(
        creator=creator, name=f"{SECRET} key", credential_hash=f"{member.pk:064}", public="x", created_at=now()
    )
    return {
        "enrollment_id": place.pk, "part_id": code.pk, "letter_id": letter.pk, "passkey_id": passkey.pk,
        "session_id": creator.sessions.latest("pk").pk, "member_id": member.pk,
        "statement_id": statement.pk,
    }  # fmt: skip


@pytest.fixture
def others(acme, rival, stella):
    """Another member of the same brand; a member of a rival, and one of a brand that Stella is in as well."""
    third = make.workspace("Third")
    with scope(workspace=third):
        make.member(third, "Stella", "Adeyemi", STELLA)
        neighbour = make.member(third, f"{SECRET}c", "Own", "c@example.com")
    return [
        _things(make.member(acme, f"{SECRET}a", "Own", "a@example.com")),
        _things(make.member(rival, f"{SECRET}b", "Own", "b@example.com")),
        _things(neighbour),
    ]


def _routes():
    resolver = next(one for one in get_resolver().url_patterns if str(one.pattern) == "portal/")
    return [(f"/portal/{entry.pattern}", entry.name) for entry in resolver.url_patterns]


def _addresses(things):
    """Every address that names an object, with these objects in it."""
    for pattern, name in _routes():
        parts = re.findall(r"<\w+:(\w+)>", pattern)
        assert set(parts) <= NAMES | set(FIXED), name
        if NAMES & set(parts):
            yield name, re.sub(r"<\w+:(\w+)>", lambda found: str((things | FIXED)[found[1]]), pattern)


def _state():
    with scopes_disabled():
        tables = (Member, PromoCode, Passkey, PortalSession, ReadLetter, Suppression, Event, MessageRecipient)
        return {table.__name__: sorted(map(str, table.objects.values_list())) for table in tables}


ANSWERS_ALIKE = {"portal_end_session", "portal_passkey_remove"}  # as for one that is gone: 302, and nothing happened


def test_every_object_of_others_is_not_there(portal, stella, others):
    _things(stella)
    before = _state()
    tried = 0
    for things in others:
        for name, address in _addresses(things):
            for method in (portal.get, portal.post):
                status = method(address, {"wants": "0", "first_name": "Eve"}).status_code
                assert status in ({404, 405} | ({302} if name in ANSWERS_ALIKE else set())), (name, address, status)
                tried += 1
    assert tried >= 3 * 2 * 7
    assert _state() == before


def test_a_mixed_address_is_not_there_either(portal, stella, others):
    """An own enrollment with the code of somebody else."""
    own = _things(stella)
    for things in others:
        mixed = f"/portal/offers/{own['enrollment_id']}/qr/codes-{things['part_id']}-0.svg"
        assert portal.get(mixed).status_code == 404
    assert portal.get(f"/portal/offers/{own['enrollment_id']}/qr/codes-{own['part_id']}-0.svg").status_code == 200


def test_own_objects_are_there(portal, stella):
    own = _things(stella)
    found = {name: portal.get(address).status_code for name, address in _addresses(own)}
    assert {name for name, status in found.items() if status == 200} == {
        "portal_offer", "portal_links", "portal_qr", "portal_letter", "portal_statement",
    }  # fmt: skip
    assert set(found.values()) == {200, 405}


def test_no_page_holds_a_word_of_others_or_of_the_inside(portal, stella, others):
    own = _things(stella)
    Passkey.objects.filter(creator__email_key=STELLA).update(name="Mine")
    pages = [pattern for pattern, _ in _routes() if "<" not in pattern]
    pages += [address for name, address in _addresses(own)]
    for address in pages:
        answer = portal.get(address)
        if answer.status_code == 200:
            assert SECRET not in answer.content.decode(), address


def test_what_is_posted_cannot_reach_further_than_the_own_name(portal, stella, others):
    """Mass assignment: fields that a form does not have are nothing."""
    fields = {"first_name": "Eve", "last_name": "X", "email": "eve@example.com", "email_key": "eve@example.com",
              "workspace": 1, "member_id": others[0]["member_id"], "pk": others[0]["member_id"], "country": "XX"}  # fmt: skip
    assert portal.post("/portal/settings/name/", fields).status_code == 302
    now_ = Member.objects.get(pk=stella.pk)
    assert (now_.first_name, now_.last_name, now_.email, now_.email_key, now_.country) == (
        "Eve", "X", STELLA, STELLA, stella.country,
    )  # fmt: skip
    with scopes_disabled():
        assert set(Member.objects.exclude(email_key=STELLA).values_list("last_name", flat=True)) == {"Own"}


def test_strangers_are_sent_to_sign_in_and_nothing_happens(client, stella):
    own = _things(stella)
    before = _state()
    open_pages = {"portal_sign_in", "portal_sign_in_code", "portal_sign_in_link", "portal_passkey_sign_in",
                  "portal_passkey_sign_in_options", "portal_manifest"}  # fmt: skip
    addresses = list(_addresses(own)) + [(name, pattern) for pattern, name in _routes() if "<" not in pattern]
    for name, address in addresses:
        if name in open_pages:
            continue
        for method in (client.get, client.post):
            answer = method(address)
            assert answer.status_code in {302, 405}, name
            if answer.status_code == 302:
                assert answer.url == "/portal/sign-in/", name
    assert _state() == before


def test_a_code_of_somebody_else_is_never_confirmed(portal, stella, others):
    """There is nowhere to ask whether a text is a code (T7)."""
    with scopes_disabled():
        text = PromoCode.objects.get(pk=others[0]["part_id"]).text
    for address in ("/portal/", "/portal/offers/", "/portal/inbox/"):
        said = words(portal.get(address, {"q": text, "code": text}))
        assert text not in said


def test_asking_for_sign_in_is_all_that_strangers_can_write(client, stella):
    client.post("/portal/sign-in/", {"email": STELLA})
    assert SignInRequest.objects.count() == 1
    assert Creator.objects.count() == 0
