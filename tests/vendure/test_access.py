"""Logins, permissions and a session's end, against the real server: a clear sentence, and no storm of tries."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from django.utils import timezone

from offerwell.actions.connect_store import StoreRefused, connect_store
from offerwell.actions.keep_subscriptions import keep_subscriptions, stores_to_subscribe
from offerwell.actions.replace_store_credentials import replace_store_credentials
from offerwell.integrations import vendure as integration
from offerwell.integrations.graphql.tokens import MemoryTokens, Token
from offerwell.integrations.store import AccessRefused, DiscountKind, DiscountTerms, StoreError, WindowStatus
from offerwell.models import Event, Store, StoreCode, StoreWebhooks
from offerwell.rules.discount_terms import ItemKind, Items, Purchase
from tests import make
from tests.management.conftest import command, told  # noqa: F401  fixtures
from tests.vendure.conftest import counts
from tests.vendure.real_vendure import IDENTIFIER, PASSWORD


class Counted:
    """An HTTP client that counts what it sends, by the first field of the operation."""

    def __init__(self):
        self.sent = []
        self.client = httpx.Client(event_hooks={"request": [self._note]})

    def _note(self, request):
        self.sent.append("login" if b"login(" in request.content else "other")


def open_(vendure, username=IDENTIFIER, password=PASSWORD, **more):
    more.setdefault("tokens", MemoryTokens())
    return integration.connect(vendure.address, username, password, sleep=lambda _s: None, **more)


def connect(acme, vendure, **fields):
    given = {"label": "Shop", "kind": "vendure", "address": vendure.address, "client_id": IDENTIFIER,
             "client_secret": PASSWORD, **fields}  # fmt: skip
    return connect_store(workspace_id=acme.pk, by=make.ANA, at=timezone.now(), **given)


def test_who_answers_is_kept(acme, vendure):
    store = connect(acme, vendure)
    assert (store.address, store.currency, store.timezone) == (vendure.address, "USD", "UTC")
    assert store.scopes.split() == [
        "CreatePromotion",
        "DeletePromotion",
        "ReadOrder",
        "ReadPromotion",
        "UpdatePromotion",
    ]
    assert Event.objects.get().kind == "store_connected"


def test_the_command_line_lists_shows_and_checks_it_and_the_doctor_says_no(acme, vendure, told):  # noqa: F811
    store = connect(acme, vendure)
    listed, code = told("stores", "list")
    assert ([(one["kind"], one["access"], one["scopes"]) for one in listed], code) == (
        [("vendure", "login", store.scopes.split())], 0,
    )  # fmt: skip
    assert told("stores", "show", "Shop") == (listed[0], 0)
    body, code = told("stores", "check", "Shop")
    assert (body["domain"], body["scopes"], code) == (vendure.address.split("/")[2], store.scopes.split(), 0)
    body, code = told("stores", "doctor", "Shop", "--write", "--yes")
    assert (body["error"], code) == ("Shop is a Vendure store, which the doctor does not know.", 1)
    assert vendure.promotions() == []


def test_no_webhooks_are_asked_of_it(acme, vendure, settings):
    settings.OFFERWELL_PUBLIC_URL = "http://127.0.0.1:9"
    store = connect(acme, vendure)
    assert stores_to_subscribe(at=timezone.now()) == []
    keep_subscriptions(store_id=store.pk)
    assert StoreWebhooks.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"client_secret": "wrong"}, "access", "The store refuses the user name and password."),
        ({"client_id": "", "client_secret": "", "static_token": "no:such"}, "access", "The store refuses the API key."),
        ({"address": "http://127.0.0.1:9/admin-api"}, "address", "The store could not be reached"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_kept(acme, vendure, fields, field, said):
    with pytest.raises(StoreRefused) as refused:
        connect(acme, vendure, **fields)
    assert list(refused.value.problems) == [field]
    assert said in refused.value.problems[field]
    assert (Store.objects.count(), Event.objects.count()) == (0, 0)


def test_another_path_of_the_server_is_not_its_admin_api(acme, vendure):
    with pytest.raises(StoreRefused) as refused:
        connect(acme, vendure, address=vendure.address.replace("admin-api", "elsewhere"))
    assert "No Admin API of Vendure answers at this address (HTTP 404)" in str(refused.value)
    assert Store.objects.count() == 0


def test_a_channel_the_server_has_not_is_told(acme, vendure):
    token = vendure.admin("{ activeChannel { token } }")["activeChannel"]["token"]
    with pytest.raises(StoreRefused) as refused:
        connect(acme, vendure, address=f"{vendure.address}#nothing")
    assert refused.value.problems["access"].startswith("The store has no channel with this token.")
    assert Store.objects.count() == 0
    assert connect(acme, vendure, address=f"{vendure.address}#{token}").address == f"{vendure.address}#{token}"


def test_a_login_without_a_permission_is_told_which(acme, vendure):
    vendure.administrator("reader@example.com", "reader-reader", ["ReadPromotion"])
    with pytest.raises(StoreRefused) as refused:
        connect(acme, vendure, client_id="reader@example.com", client_secret="reader-reader")
    assert refused.value.problems == {
        "access": "The login lacks the permission CreatePromotion and UpdatePromotion. Add it to the role of this"
        " administrator or API key in Vendure."
    }
    assert Store.objects.count() == 0


def test_an_api_key_opens_the_store_without_a_login(acme, vendure):
    store = connect(acme, vendure, client_id="", client_secret="", static_token=vendure.api_key())
    assert (store.currency, store.access_token) == ("USD", "")
    assert store.scopes.split() == ["CreatePromotion", "ReadOrder", "ReadPromotion", "UpdatePromotion"]
    assert vendure.promotions() == []


def test_an_api_key_without_a_permission_is_told_which(acme, vendure):
    """A key says nothing of itself: what it may do is tried, with things that cannot be done."""
    vendure.administrator("keyed@example.com", "keyed-keyed", ["ReadPromotion", "CreatePromotion", "CreateApiKey"])
    key = vendure.as_administrator("keyed@example.com", "keyed-keyed").api_key()
    with pytest.raises(StoreRefused) as refused:
        connect(acme, vendure, client_id="", client_secret="", static_token=key)
    assert "The login lacks the permission UpdatePromotion." in refused.value.problems["access"]
    assert (Store.objects.count(), vendure.promotions()) == (0, [])


def test_a_session_is_shared_and_bought_anew_once_when_it_ends(acme, vendure):
    tokens, counted = MemoryTokens(), Counted()
    store = open_(vendure, tokens=tokens, http=counted.client)
    store.read(["1"])
    store.read(["1"])
    assert counted.sent == ["login", "other", "other"]
    [key] = tokens._tokens
    tokens.save(key, Token("long gone"))
    counted.sent.clear()
    assert store.read(["999999"]) == {"999999": None}
    assert counted.sent == ["other", "login", "other"]


def test_a_permission_taken_away_stops_the_store_with_a_sentence_after_two_tries(brand):
    """The batch is refused before anything of it is done, and no code is blamed."""
    brand.codes("T1", "T2")
    brand.server.administrator("weak@example.com", "weak-weak", ["ReadPromotion"])
    Store.objects.update(client_id="weak@example.com", access_token="")
    Store.objects.filter(pk=brand.store.pk).update(client_secret=_encrypted("weak-weak"))
    off = brand.change(to_active=False, key="off")
    before = brand.server.promotions()
    brand.sync()
    store = Store.objects.get()
    assert store.trouble == (
        "The login works, and lacks the permission UpdatePromotion. Give its role in Vendure ReadPromotion, "
        "CreatePromotion and UpdatePromotion, then test the connection."
    )
    assert store.paused_until > timezone.now()
    assert (counts(off), brand.server.promotions()) == ({"waiting": 2}, before)
    assert set(StoreCode.objects.values_list("problem", "suspect_until")) == {("", None)}
    replace_store_credentials(
        workspace_id=brand.acme.pk, store=store, client_id=IDENTIFIER, client_secret=PASSWORD, by=make.ANA,
        at=timezone.now(),
    )  # fmt: skip
    brand.sync()
    assert counts(off) == {"confirmed": 2}


def _encrypted(text):
    from django.db.models import Value

    return Value(text, output_field=Store._meta.get_field("client_secret"))


def test_a_changed_password_stops_the_store_after_one_login(brand):
    brand.codes("W1")
    Store.objects.update(access_token="", client_secret=_encrypted("changed there"))
    off = brand.change(to_active=False, key="off")
    brand.sync()
    store = Store.objects.get()
    assert store.trouble.startswith("The store refuses the user name and password.")
    assert counts(off) == {"waiting": 1}
    counted = Counted()
    with pytest.raises(AccessRefused):
        open_(brand.server, password="changed there", http=counted.client).read(["1"])
    assert counted.sent == ["login"]


def test_the_session_is_kept_encrypted_in_the_row(brand):
    brand.codes("K1")
    token = Store.objects.get().access_token
    assert len(token) == 64
    raw = Store.objects.raw("SELECT id, access_token || '' AS kept FROM offerwell_store")[0].kept
    assert token not in raw


def test_a_refused_one_among_many_stops_none_of_the_others(vendure):
    """Vendure stops at the first that fails: those before are done, those after are asked for again."""
    store = open_(vendure)
    now = timezone.now()
    made = store.create([_spec(f"SOME{n}", now) for n in range(5)])
    refs = [one.ref for one in made]
    vendure.delete(refs[2])
    assert store.switch(refs, active=False) in store.jobs_done([store.switch(refs, active=False)])
    assert vendure.statuses() == {f"SOME{n}": False for n in range(5) if n != 2}
    said = store.set_window(dict.fromkeys(refs, (now, None)))
    assert [bool(said[ref]) for ref in refs] == [False, False, True, False, False]
    assert "no such promotion any more" in said[refs[2]]
    assert vendure.statuses() == {f"SOME{n}": True for n in range(5) if n != 2}
    shown = store.read(refs)
    assert [seen and seen.status for seen in shown.values()] == [
        *[WindowStatus.ACTIVE] * 2,
        None,
        *[WindowStatus.ACTIVE] * 2,
    ]


def test_creations_before_a_refused_one_are_found_again_and_not_doubled(vendure, monkeypatch):
    """The answer to a request with one refusal names none of the promotions it made."""
    from offerwell.integrations.vendure import connector

    real = connector._action
    monkeypatch.setattr(
        connector, "_action",
        lambda terms, channel: {"code": "nonsense", "arguments": []} if terms.value == 13 else real(terms, channel),
    )  # fmt: skip
    now = timezone.now()
    specs = [_spec(f"MAKE{n}", now, value=13 if n in {1, 4} else 10) for n in range(6)]
    made = open_(vendure).create(specs)
    shown = vendure.by_code()
    assert set(shown) == {"MAKE0", "MAKE2", "MAKE3", "MAKE5"}
    assert len(vendure.promotions()) == 4
    assert [one.ref for one in made] == [shown[spec.code]["id"] if spec.code in shown else "" for spec in specs]
    assert [bool(one.refusal) for one in made] == [n in {1, 4} for n in range(6)]
    assert "nonsense" in made[1].refusal


@pytest.mark.parametrize(
    ("terms", "named"),
    [
        ({"kind": DiscountKind.BUY_X_GET_Y}, "Buy X Get Y"),
        ({"kind": DiscountKind.FREE_SHIPPING}, "free shipping"),
        ({"items": Items(ItemKind.PRODUCTS, ("7",))}, "a discount on some products"),
        ({"kind": DiscountKind.AMOUNT, "items": Items(ItemKind.COLLECTIONS, ("7",))}, "a discount on some collections"),
        ({"minimum_quantity": 3}, "a minimum number of items"),
        ({"purchase": Purchase.SUBSCRIPTION}, "a discount on subscriptions alone"),
    ],
)
def test_terms_vendure_has_not_are_refused_by_their_own_code_alone(vendure, terms, named):
    """Made without what it lacks, the promotion would give shoppers more than the brand meant."""
    now = timezone.now()
    fine = _spec("FINE", now)
    made = open_(vendure).create([fine, replace(fine, code="GIFT", terms=replace(fine.terms, **terms))])
    assert (bool(made[0].ref), made[1].ref) == (True, "")
    assert made[1].refusal == (
        f"A Vendure store takes percent and amount off the whole order from Offerwell, not {named}. "
        "Take the store out of the offer, or change its discount."
    )
    assert set(vendure.statuses()) == {"FINE"}


def test_codes_are_found_in_whatever_case_and_with_their_signs(vendure):
    vendure.promote("Mixed-Case.1")
    vendure.promote("MIXED-CASEX1")
    found = open_(vendure).find(["MIXED-CASE.1", "nothing", "A" * 150, "(odd|code)+"])
    assert {code: seen and seen.code for code, seen in found.items()} == {
        "MIXED-CASE.1": "Mixed-Case.1", "nothing": None, "A" * 150: None, "(odd|code)+": None,
    }  # fmt: skip
    long = "L" * 150
    vendure.promote(long)
    assert open_(vendure).find([long.lower()])[long.lower()].code == long


def test_a_list_longer_than_a_page_is_read_whole(vendure):
    store = open_(vendure)
    made = store.create([_spec(f"PAGE{n}", timezone.now()) for n in range(120)])
    shown = store.read([one.ref for one in made])
    assert [seen.code for seen in shown.values()] == [f"PAGE{n}" for n in range(120)]
    assert all(seen.refusal == "" for seen in shown.values())


def test_a_switch_takes_no_more_than_a_batch(vendure):
    store = open_(vendure)
    for refs in ([], ["1"] * 101):
        with pytest.raises(ValueError, match="switch takes 1 to 100"):
            store.switch(refs, active=True)
    with pytest.raises(StoreError, match="takes no job"):
        store.redate({"1": (timezone.now(), None)})
    with pytest.raises(StoreError, match="takes no job"):
        store.create_many([_spec("MANY", timezone.now())])
    assert (store.created_by("none", ["MANY"]), vendure.promotions()) == ([None], [])


def _spec(code, at, *, value=10):
    from decimal import Decimal

    from offerwell.integrations.store import CodeSpec

    return CodeSpec(code, "Spring", DiscountTerms(DiscountKind.PERCENT, Decimal(value)), at)
