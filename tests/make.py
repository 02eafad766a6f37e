"""Plain builders for tests. Each gives a stored row with everything it needs."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from decimal import Decimal

from django_scopes import scope

from offerwell.models import (
    CodeHistory,
    Enrollment,
    Member,
    Offer,
    OfferStore,
    OfferType,
    PayoutOption,
    PromoCode,
    SalesLink,
    Store,
    StoreCode,
    StoreKind,
    TeamMember,
    User,
    Workspace,
)
from offerwell.rules.permissions import Actor

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
