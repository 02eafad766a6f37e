"""Plain builders for tests. Each gives a stored row with everything it needs."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from allauth.usersessions.models import UserSession
from django.test import Client
from django_scopes import scope

from offerwell.actions.record_order import record_orders
from offerwell.actions.set_payout_rules import set_payout_rules
from offerwell.models import (
    CodeHistory,
    Enrollment,
    Member,
    Message,
    Offer,
    OfferStore,
    OfferType,
    Order,
    OtherShop,
    PayoutOption,
    Placement,
    Project,
    ProjectOffer,
    PromoCode,
    SalesLink,
    Stage,
    Store,
    StoreCode,
    StoreKind,
    Suppression,
    TeamMember,
    User,
    Workspace,
)
from offerwell.queries.payout_rules import rules_now
from offerwell.rules.order_snapshot import LineSnapshot, OrderSnapshot
from offerwell.rules.permissions import Actor
from offerwell.rules.workflow import StageKind

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ANA = Actor(name="Ana Lopez", door="web")
_count = itertools.count(1)
wake_ups: list[tuple[str, int]] = []


def workspace(name="Acme"):
    return Workspace.objects.create(name=name, slug=f"{name.lower()}-{next(_count)}", created_at=NOW)


def user(place=None, role="owner", email=None, password="correct horse battery"):
    made = User.objects.create_user(email or f"user{next(_count)}@example.com", password, name="Ana Lopez")
    if place is not None:
        TeamMember.objects.create(workspace=place, user=made, role=role)
    return made


def sign_in(client, who, *, seconds_ago=0):
    """As the sign-in page does: the session knows when the person proved who they are."""
    client.force_login(who)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - seconds_ago}]
    session["account_authentication_methods_user"] = str(who.pk)
    session.save()


def session(who, client=None, **kept):
    """The session of a browser (a new one) in which `who` is signed in, as the list of sessions knows it."""
    client = client or Client()
    if not client.session.get("_auth_user_id"):
        client.force_login(who)
    stored = client.session
    stored.update(kept)
    stored.save()
    fields = {"user": who, "ip": "127.0.0.1", "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
    return UserSession.objects.create(session_key=stored.session_key, **fields)


def member(place, first="Nora", last="Dubois", email=None, country="FR"):
    n = next(_count)
    email = f"{first}.{last}.{n}@example.com".lower() if email is None else email
    name_key = f"{first} {last}".strip().lower()
    return Member.objects.create(
        workspace=place, first_name=first, last_name=last, email=email, email_key=email.lower(), country=country,
        name_key=name_key, search_text=f"{name_key} {email}".lower(), created_at=NOW,
    )  # fmt: skip


def offer(place, name=None, type=OfferType.BOTH, stores=(), **fields):
    name = name or f"Offer {next(_count)}"
    made = Offer.objects.create(
        workspace=place, name=name, name_key=name.lower(), type=type, discount_kind="percent",
        discount_value=Decimal(20), created_at=NOW, destination="https://shop.example/", **fields,
    )  # fmt: skip
    for one in stores:
        OfferStore.objects.create(workspace=place, offer=made, store=one)
    payout(made, basis_points=0, is_default=True)
    return made


def store(place, label=None, **fields):
    label = label or f"Store {next(_count)}"
    return Store.objects.create(
        workspace=place, label=label, kind=StoreKind.SANDBOX, address=f"http://127.0.0.1:1/{next(_count)}",
        connected_at=NOW, **fields,
    )  # fmt: skip


def other_shop(place, label=None, *, hosts=("shop.example",), **fields):
    """A shop of another kind, its secret `ows_secret`."""
    label = label or f"Shop {next(_count)}"
    store = Store.objects.create(
        workspace=place, label=label, kind=StoreKind.OTHER, address=f"{label.lower().replace(' ', '-')}.example",
        currency="USD", connected_at=NOW,
    )  # fmt: skip
    fields = {"key": f"key{next(_count)}", "secret": "ows_secret", **fields}
    return OtherShop.objects.create(workspace=place, store=store, hosts=list(hosts), **fields)


def payout(offer, name="Standard", kind="cps", basis_points=1000, *, is_default=False, **fields):
    """An option; under the name of one there is, that one with these terms."""
    with scope(workspace=offer.workspace):
        if is_default:
            PayoutOption.objects.filter(offer=offer).update(is_default=False)
        terms = {"name": name, "kind": kind, "basis_points": basis_points, "is_default": is_default, **fields}
        return PayoutOption.objects.update_or_create(
            workspace=offer.workspace, offer=offer, name_key=name.lower(), defaults={**terms, "created_at": NOW}
        )[0]


def history(code):
    """The entry that says whose the code's text is."""
    with scope(workspace=code.workspace):
        return CodeHistory.objects.create(
            workspace=code.workspace, code=code, member_id=code.enrollment.member_id, text=code.text,
            text_key=code.text_key, from_at=NOW,
        )  # fmt: skip


def enrollment(offer, who=None, option=None):
    with scope(workspace=offer.workspace):
        who = who or member(offer.workspace)
        option = option or PayoutOption.objects.filter(offer=offer, is_default=True).first()
        return Enrollment.objects.create(
            workspace=offer.workspace, offer=offer, member=who, name_key=who.name_key, search_text=who.search_text,
            enrolled_at=NOW, payout_option=option,
        )  # fmt: skip


def code(place_of, text=None, *, is_active=True, stores=(), settled=True, **fields):
    """A code of an enrollment. With `settled`, each store agrees with it already."""
    text = text or f"CODE{next(_count)}"
    with scope(workspace=place_of.workspace):
        made = PromoCode.objects.create(
            workspace=place_of.workspace, offer=place_of.offer, enrollment=place_of, text=text, text_key=text.upper(),
            is_active=is_active, changed_at=NOW, created_at=NOW, **fields,
        )  # fmt: skip
        Enrollment.objects.filter(pk=place_of.pk).update(search_text=f"{place_of.search_text} {text.lower()}")
        for one in stores:
            store_code(made, one, settled=settled)
    return made


def store_code(code, store, *, settled=True, **fields):
    with scope(workspace=code.workspace):
        return StoreCode.objects.create(
            workspace=code.workspace, store=store, code=code,
            ref=f"gid://shopify/DiscountCodeNode/{next(_count)}" if settled else "",
            observed_generation=0 if settled else -1,
            observed_status=("active" if code.is_active else "expired") if settled else "",
            due_at=None if settled else NOW, **fields,
        )  # fmt: skip


def link(place_of, slug=None, *, is_active=True, **fields):
    with scope(workspace=place_of.workspace):
        return SalesLink.objects.create(
            workspace=place_of.workspace, offer=place_of.offer, enrollment=place_of,
            slug=slug or f"link-{next(_count)}", is_active=is_active, changed_at=NOW, created_at=NOW, **fields,
        )  # fmt: skip


def project(place, name=None, stages=("welcome", "promo_code", "completed")):
    """A project with a stage of each kind, named after the kind."""
    name = name or f"Project {next(_count)}"
    with scope(workspace=place):
        made = Project.objects.create(workspace=place, name=name, name_key=name.lower(), created_at=NOW)
        for position, kind in enumerate(stages):
            Stage.objects.create(
                workspace=place, project=made, name=StageKind(kind).label, kind=kind, position=position
            )
    return made


def placement(stage, who=None):
    with scope(workspace=stage.workspace):
        who = who or member(stage.workspace)
        return Placement.objects.create(
            workspace=stage.workspace, project=stage.project, stage=stage, member=who, name_key=who.name_key,
            added_at=NOW, entered_at=NOW,
        )  # fmt: skip


def connected(project, offer, *, until=None):
    with scope(workspace=project.workspace):
        return ProjectOffer.objects.create(
            workspace=project.workspace, project=project, offer=offer, connected_at=NOW, connected_by="Ana Lopez",
            disconnected_at=until, disconnected_by="Ana Lopez" if until else "",
        )  # fmt: skip


def draft(
    place, audience, subject="A change to your code", body="Hi {first_name|there}, your code is {code}.", **about
):
    """A draft to the members of a `MemberSelection`; `offer` and `change` are what it is about."""
    with scope(workspace=place):
        return Message.objects.create(
            workspace=place, subject=subject, body=body, audience=audience.to_json(), key=f"draft-{next(_count)}",
            actor_name=ANA.name, door=ANA.door, created_at=NOW, changed_at=NOW, **about,
        )  # fmt: skip


def suppression(place, address, reason="unsubscribed"):
    with scope(workspace=place):
        return Suppression.objects.create(
            workspace=place, address=address, address_key=address.lower(), reason=reason, at=NOW
        )


def snapshot(ref="1", *, net=10_000, codes=(), minutes=0, **fields):
    """An order of one line as a store tells it, changed `minutes` after NOW."""
    fields = {"placed_at": NOW, "currency": "USD", "name": f"#{ref}", **fields}
    lines = fields.pop("lines", (LineSnapshot("l1", "Serum", 1, 1, net),))
    updated_at = NOW + timedelta(minutes=minutes)
    return OrderSnapshot(ref=ref, updated_at=updated_at, lines=lines, codes=tuple(codes), **fields)


def recorded(store, *snapshots, at=NOW):
    """Take the snapshots in, and give the stored orders by ref."""
    with scope(workspace=store.workspace):
        record_orders(store=store, snapshots=snapshots, read_at=at, at=at)
        return {order.ref: order for order in Order.objects.filter(store=store)}


def rules(option, *found, tiers=None, at=NOW - timedelta(days=1)):
    """Rules and tiers of a payout option since a day before NOW."""
    with scope(workspace=option.workspace):
        return set_payout_rules(
            workspace_id=option.workspace_id, option=option, rules=found, tiers=tiers, seen=rules_now(option.pk).pk,
            by=ANA, at=at,
        )  # fmt: skip
