"""Glow Lab, the sample workspace: a skincare brand with 10,300 creators and three offers, or a million.

Offers, enrollments, codes and status changes are made by the product's own actions, so they have their
events and history. Only members are poured in directly, and the codes of a small demo are put into the
sandbox store at once and adopted, instead of being created there one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django_scopes import scope

from offerwell.actions.change_offer_status import change_offer_status
from offerwell.actions.connect_store import connect_store
from offerwell.actions.create_offer import create_offer
from offerwell.actions.enroll_members import enroll_members
from offerwell.actions.generate_codes import generate_codes
from offerwell.actions.keep_mail_settings import keep_mail_settings
from offerwell.actions.record_event import record_event
from offerwell.actions.set_payout_rules import set_payout_rules
from offerwell.demo.adopt_codes import adopt_codes
from offerwell.demo.autumn_push import push_in_autumn
from offerwell.demo.bulk_rows import search_rebuilt_after
from offerwell.demo.creator import SLUG
from offerwell.demo.last_months_payout import pay_last_month
from offerwell.demo.leaked_code import leak_a_code
from offerwell.demo.pour_members import pour_members
from offerwell.demo.sales_story import sell_for_sixty_days
from offerwell.demo.sandbox_shop import Shop, shop_at
from offerwell.demo.second_codes import give_second_codes, plan_own_ends
from offerwell.demo.sign_in import EMAIL, SignIn, write_sign_in
from offerwell.models import (
    Enrollment,
    Member,
    Offer,
    OfferPart,
    PayoutOption,
    PromoCode,
    Role,
    SalesLink,
    SocialHandle,
    Store,
    StoreCode,
    StoreKind,
    TeamMember,
    User,
    Workspace,
)
from offerwell.models.statistics import refresh_statistics
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.offer_draft import OfferDraft
from offerwell.rules.pay_rules import written_rule
from offerwell.rules.pay_tiers import written_tiers
from offerwell.rules.payouts import written_option
from offerwell.rules.permissions import Actor
from offerwell.rules.selection import Crowd, MemberFilter, MemberSelection, Within

if TYPE_CHECKING:
    from datetime import datetime

MEMBERS = 10_300
FOUNDERS = 10_010
SUMMER = 248
HOLIDAY = 340
# Above this the sandbox store, which keeps its discounts in memory, is not filled.
MOST_ADOPTED = 20_000
_FROM_HOLIDAY = 290
_DEACTIVATED = 24
_LABEL = "Glow Lab shop"

Told = Callable[[str], None]


class DemoThere(Exception):
    """A workspace of this name exists. Nothing was done."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many members there are, and how many of them in Founders Club."""

    members: int = MEMBERS
    founders: int = FOUNDERS

    @property
    def is_small(self) -> bool:
        """Whether the codes fit into the sandbox store."""
        return self.founders + SUMMER <= MOST_ADOPTED


@dataclass(frozen=True, slots=True)
class Built:
    """What was made."""

    workspace: Workspace
    sign_in: SignIn
    codes: int


def build_glow_lab(
    *,
    sandbox: str | None,
    fixed_password: bool,
    at: datetime,
    size: Size | None = None,
    tell: Told = lambda _text: None,
) -> Built:
    """Build the workspace in one transaction: killed half-way, it leaves nothing.

    `sandbox` is the address of a running sandbox store. None, for demos too large for it, connects a store
    that is switched off: nobody makes a million discounts unasked, and the rows keep saying that the store has
    not confirmed, because it has not. Raises SandboxAway, DemoThere.
    """
    size = size or Size()
    shop = shop_at(sandbox) if sandbox else None
    if Workspace.objects.filter(slug=SLUG).exists():
        raise DemoThere("The sample workspace Glow Lab exists already.")
    with transaction.atomic():
        workspace, user, sign_in = _workspace(fixed_password=fixed_password, at=at - timedelta(days=90))
        with scope(workspace=workspace):
            story = _Story(workspace, Actor(name=user.name, door="demo", user_id=user.pk), at, size, shop, tell)
            codes = story.build()
    return Built(workspace, sign_in, codes)


def _workspace(*, fixed_password: bool, at: datetime) -> tuple[Workspace, User, SignIn]:
    workspace = Workspace.objects.create(name="Glow Lab", slug=SLUG, timezone="Europe/Paris", created_at=at)
    sign_in = write_sign_in(fixed=fixed_password)
    user = User.objects.filter(email=EMAIL).first() or User.objects.create_user(EMAIL, name="Ana Lopez")
    user.set_password(sign_in.password)
    user.save()
    TeamMember.objects.create(workspace=workspace, user=user, role=Role.OWNER)
    return workspace, user, sign_in


# What the offers pay: the first for everybody, the others for Edit Payout.
_FOUNDERS_PAY = ("Standard=cps:10", "Founding partner=cps:15")
_SUMMER_PAYS = ("Standard=cps:12", "Top seller=cpa+cps:5USD+10")
_SUMMER_RULES = ("15: product=Glow serum", "20: value=500USD; name=Large orders", "5: buyer=returning")
_SUMMER_TIERS = "sales/month:1000USD=14,5000USD=16"
_HOLIDAY_PAYS = ("Standard=cps:8", "Per click=cpc:0.20USD")


@dataclass(frozen=True, slots=True)
class _Story:
    """How the workspace came to be, in the order of its days."""

    workspace: Workspace
    ana: Actor
    at: datetime
    size: Size
    shop: Shop | None
    tell: Told

    def build(self) -> int:
        """Everything. Gives how many codes there are."""
        first = self._members()
        self._signed()
        store = self._store()
        founders, summer, holiday = self._offers(store)
        refresh_statistics(Member, SocialHandle)
        with self._without_search():
            codes = self._founders(founders, first) + self._summer(summer, first) + self._holiday(holiday, first)
        refresh_statistics(Enrollment, PromoCode, SalesLink, StoreCode)
        self._put_into_store(store, founders, summer)
        self.tell("Clicks and orders of sixty days")
        sell_for_sixty_days(store, founders, summer, holiday, at=self.at)
        self._deactivate_some(summer, first)
        leak_a_code(workspace_id=self.workspace.pk, offer=summer, store=store, at=self.at)
        self.tell("Project Autumn Creator Push")
        push_in_autumn(
            workspace_id=self.workspace.pk, offers=(founders, summer, holiday), by=self.ana, at=self.at
        )  # fmt: skip
        if self.size.is_small:
            self.tell("Orders and a payout")
            pay_last_month(offer=summer, store=store, by=self.ana, at=self.at)
        return codes

    def _without_search(self) -> object:
        return search_rebuilt_after("offerwell_enrollment") if not self.size.is_small else transaction.atomic()

    def _members(self) -> int:
        """Gives the id of the first; the others follow without a gap."""
        self.tell(f"Members: {self.size.members:,}")
        came = self.at - timedelta(days=80)
        if self.size.is_small:
            first = pour_members(self.workspace, self.size.members, at=came)
        else:
            with search_rebuilt_after("offerwell_member"):
                first = pour_members(self.workspace, self.size.members, at=came)
        record_event(
            workspace_id=self.workspace.pk, kind="members_imported", subject="members",
            facts={"rows": self.size.members, "added": self.size.members, "updated": 0, "unchanged": 0, "rejected": 0},
            by=self.ana, at=came,
        )  # fmt: skip
        return first

    def _signed(self) -> None:
        """Messages come from the brand and say where it lives."""
        keep_mail_settings(
            workspace_id=self.workspace.pk, sender_name="Ana at Glow Lab", reply_to="hello@glowlab.example",
            postal_address="Glow Lab, 12 rue des Fleurs, 75011 Paris", by=self.ana, at=self.at - timedelta(days=80),
        )  # fmt: skip

    def _store(self) -> Store:
        came = self.at - timedelta(days=79)
        if self.shop is None:
            return self._store_switched_off(came)
        return connect_store(
            workspace_id=self.workspace.pk, label=_LABEL, kind=StoreKind.SANDBOX, address=self.shop.address,
            client_id=self.shop.client_id, client_secret=self.shop.client_secret, by=self.ana, at=came,
        )  # fmt: skip

    def _store_switched_off(self, came: datetime) -> Store:
        """Where no sandbox store runs there is nobody to ask, as `connect_store` would."""
        store = Store.objects.create(
            workspace=self.workspace, label=_LABEL, kind=StoreKind.SANDBOX, address="http://127.0.0.1:8077",
            currency="USD", is_on=False, connected_at=came,
        )  # fmt: skip
        facts = {"label": store.label, "kind": str(store.kind), "address": store.address}
        record_event(
            workspace_id=self.workspace.pk, kind="store_connected", subject=f"store:{store.pk}", facts=facts,
            by=self.ana, at=came,
        )  # fmt: skip
        return store

    @property
    def _front(self) -> str:
        """Where shoppers arrive: the sandbox store sells, so that a link can be tried to the end."""
        return f"{self.shop.address}/shop" if self.shop else "https://glowlab.example/"

    def _offers(self, store: Store) -> tuple[Offer, Offer, Offer]:
        """Founders Club, Summer Glow 20%, Holiday Sitewide."""
        shop = "https://glowlab.example"
        founders = OfferDraft(
            name="Founders Club", type="promo_code", discount_value=Decimal(15), starts_at=self.at - timedelta(days=75),
            code_pattern="{first_name}{last_name}" if self.size.is_small else "{handle}", store_ids=(store.pk,),
            description="Fifteen percent for everybody who was there first.",
        )  # fmt: skip
        summer = OfferDraft(
            name="Summer Glow 20%", type="both", discount_value=Decimal(20), starts_at=self.at - timedelta(days=58),
            code_pattern="GLOW{first_name}{discount}", store_ids=(store.pk,), destination=f"{shop}/collections/summer",
            description="The summer collection: a code for the cart and a link for the story.",
        )  # fmt: skip
        holiday = OfferDraft(
            name="Holiday Sitewide", type="sales_link", destination=self._front, starts_at=self.at - timedelta(days=10),
            description="Links to the whole shop for the holidays.",
        )  # fmt: skip
        made = [
            create_offer(
                workspace_id=self.workspace.pk,
                draft=draft,
                by=self.ana,
                at=draft.starts_at or self.at,
                payouts=[written_option(text) for text in payouts],
            )
            for draft, payouts in ((founders, _FOUNDERS_PAY), (summer, _SUMMER_PAYS), (holiday, _HOLIDAY_PAYS))
        ]
        self._rules(made[1])
        return made[0], made[1], made[2]

    def _rules(self, summer: Offer) -> None:
        """The summer offer pays more for one product, for large orders, and for members who sell much."""
        option = PayoutOption.objects.get(offer=summer, is_default=True)
        rules = [
            written_rule(text, kind=option.kind, currency=option.currency, zone=self.workspace.timezone)
            for text in _SUMMER_RULES
        ]
        set_payout_rules(
            workspace_id=self.workspace.pk, option=option, rules=rules, seen=0, by=self.ana,
            tiers=written_tiers(_SUMMER_TIERS, kind=option.kind, currency=option.currency),
            at=self.at - timedelta(days=29),
        )  # fmt: skip

    def _founders(self, offer: Offer, first: int) -> int:
        self.tell(f"{offer.name}: {self.size.founders:,} codes")
        founders = Within(Crowd.WORKSPACE, up_to=first + self.size.founders - 1)
        everybody = MemberSelection(filter=MemberFilter(), within=founders)
        return self._joined(offer, everybody)

    def _summer(self, offer: Offer, first: int) -> int:
        """Every 41st founder: people know them from elsewhere."""
        step = max(1, self.size.founders // SUMMER)
        count = min(SUMMER, self.size.founders)
        codes = self._joined(offer, MemberSelection(ids=tuple(first + step * n for n in range(count))))
        return codes + give_second_codes(offer, at=self.at - timedelta(days=20))

    def _holiday(self, offer: Offer, first: int) -> int:
        """The newest members, who have no code yet, and some founders."""
        count = min(HOLIDAY, self.size.members)
        newest = range(self.size.members - min(count, _FROM_HOLIDAY), self.size.members)
        others = [n for n in range(count) if n not in newest][: count - len(newest)]
        return self._joined(offer, MemberSelection(ids=tuple(first + n for n in (*newest, *others))))

    def _joined(self, offer: Offer, selection: MemberSelection) -> int:
        began = offer.starts_at or self.at
        enroll_members(workspace_id=self.workspace.pk, offer=offer, selection=selection, by=self.ana, at=began)
        made = generate_codes(workspace_id=self.workspace.pk, offer=offer, texts=None, by=self.ana, at=began)
        return made.codes

    def _put_into_store(self, store: Store, *offers: Offer) -> None:
        for offer in offers:
            plan_own_ends(offer, at=self.at)
        if self.shop is None:
            return
        self.tell("Discounts in the sandbox store")
        for offer in offers:
            adopt_codes(offer, store, self.shop, at=self.at)

    def _deactivate_some(self, offer: Offer, first: int) -> None:
        """A real change: it stands in Activity, and the store follows it as soon as a worker runs."""
        places = Enrollment.objects.filter(offer=offer, member_id__gte=first).order_by("pk")
        chosen = tuple(places.values_list("member_id", flat=True)[::10][:_DEACTIVATED])
        if not chosen:
            return
        wish = Wish(offer=offer, part=OfferPart.CODES, to_active=False, selection=MemberSelection(ids=chosen))
        change_offer_status(
            workspace_id=self.workspace.pk, wish=wish, digest=plan_change(wish, at=self.at).digest,
            key="demo-deactivate-some", by=self.ana, at=self.at,
        )  # fmt: skip
