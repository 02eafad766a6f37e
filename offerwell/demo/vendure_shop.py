"""A real Vendure beside the demo: connected as Glow Lab's second store, with a small offer whose codes go there.

The shop is started by `tests/vendure/server.js`, which knows the same sign-in. It listens on this machine only.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import httpx
from django.db import transaction
from django_scopes import scope

from offerwell.actions.connect_store import connect_store
from offerwell.actions.create_offer import create_offer
from offerwell.actions.enroll_members import enroll_members
from offerwell.actions.generate_codes import generate_codes
from offerwell.actions.record_event import record_event
from offerwell.demo.glow_lab import SLUG
from offerwell.models import Member, Store, StoreKind, TeamMember, Workspace
from offerwell.rules.offer_draft import OfferDraft
from offerwell.rules.permissions import Actor
from offerwell.rules.selection import MemberSelection

if TYPE_CHECKING:
    from datetime import datetime

IDENTIFIER = "superadmin"
# Printed for everyone to read: it opens an invented shop that only this machine reaches.
PASSWORD = "vendure-demo"  # noqa: S105  public on purpose
LABEL = "Vendure demo"
OFFER = "Bloom Edit 25%"
MEMBERS = 50
_RUN = Actor(name="offerwell run", door="cli")


def is_open(address: str) -> bool:
    """Whether the shop answers and is stocked: the way to pay is the last thing it gets."""
    try:
        answer = httpx.post(f"{address}/shop-api", json={"query": "{ activePaymentMethods { code } }"}, timeout=5)
        return bool(answer.json()["data"]["activePaymentMethods"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return False


def connect_vendure(address: str, *, at: datetime) -> bool:
    """Connect the shop to Glow Lab, or follow it to another port. Gives whether the workspace is there."""
    workspace = Workspace.objects.filter(slug=SLUG).first()
    if workspace is None:
        return False
    with scope(workspace=workspace):
        store = Store.objects.filter(kind=StoreKind.VENDURE, label=LABEL).first()
        if store is None:
            _connected(workspace, f"{address}/admin-api", at)
        else:
            _followed(store, f"{address}/admin-api", at)
    return True


def _connected(workspace: Workspace, address: str, at: datetime) -> None:
    """The store, the offer, its members and their codes; the sync makes the promotions."""
    owner = TeamMember.objects.select_related("user").filter(workspace=workspace).order_by("pk")[0].user
    ana = Actor(name=owner.name, door="demo", user_id=owner.pk)
    with transaction.atomic():
        store = connect_store(
            workspace_id=workspace.pk, label=LABEL, kind=StoreKind.VENDURE, address=address,
            client_id=IDENTIFIER, client_secret=PASSWORD, by=ana, at=at,
        )  # fmt: skip
        draft = OfferDraft(
            name=OFFER, type="promo_code", discount_value=Decimal(25), starts_at=at, store_ids=(store.pk,),
            code_pattern="BLOOM{first_name}", description="Twenty-five percent in the second shop.",
        )  # fmt: skip
        offer = create_offer(workspace_id=workspace.pk, draft=draft, by=ana, at=at)
        chosen = MemberSelection(ids=tuple(Member.objects.order_by("pk").values_list("pk", flat=True)[:MEMBERS]))
        enroll_members(workspace_id=workspace.pk, offer=offer, selection=chosen, by=ana, at=at)
        generate_codes(workspace_id=workspace.pk, offer=offer, texts=None, by=ana, at=at)


def _followed(store: Store, address: str, at: datetime) -> None:
    if store.address == address:
        return
    with transaction.atomic():
        Store.objects.filter(pk=store.pk).update(address=address)
        facts = {"from": store.address, "to": address}
        record_event(
            workspace_id=store.workspace_id, kind="store_moved", subject=f"store:{store.pk}", facts=facts, by=_RUN,
            at=at,
        )  # fmt: skip
