"""Sixty days of clicks and orders for the sample workspace: the same story in every demo, taken in by the product."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from offerwell.actions.count_clicks import count_clicks
from offerwell.actions.record_order import record_orders
from offerwell.models import Click, Outcome, PromoCode, SalesLink
from offerwell.rules.order_snapshot import LineSnapshot, OrderSnapshot

if TYPE_CHECKING:
    from datetime import date, datetime

    from offerwell.models import Offer, Store

DAYS = 60
_CLICKS, _ORDERS_OF_CLICKS = 900, 34
# Orders by code of the founders' offer and of the summer's.
_BY_FOUNDERS, _BY_SUMMER = 96, 52
_SEED = 2026
# What the shop sells: title, price in cents.
_SHELF = (("Barrier serum", 3_800), ("Cloud cream", 4_600), ("Sun milk", 2_900), ("Night oil", 5_400), ("Duo", 7_900))
_FIRST_NUMBER = 4_101


@dataclass(frozen=True, slots=True)
class SalesStory:
    """Who sells and when it is. `store` sold it all."""

    store: Store
    founders: Offer
    summer: Offer
    holiday: Offer
    at: datetime
    chance: Random

    def tell(self) -> None:
        """Clicks first: some orders carry one."""
        clicks = self._clicks()
        Click.objects.bulk_create(clicks)
        while count_clicks(at=self.at):
            pass
        orders = [
            *self._by_code(self.founders, _BY_FOUNDERS),
            *self._by_code(self.summer, _BY_SUMMER),
            *self._by_click([one for one in clicks if one.outcome == Outcome.CLICK and not one.bot]),
        ]
        orders.sort(key=lambda one: one.placed_at)
        named = [_numbered(one, _FIRST_NUMBER + n) for n, one in enumerate(orders)]
        record_orders(store=self.store, snapshots=named, read_at=self.at, at=self.at)

    def _clicks(self) -> list[Click]:
        """On links of both offers, since each began; few by robots."""
        links = [
            (link, offer)
            for offer in (self.summer, self.holiday)
            for link in SalesLink.objects.filter(offer=offer).select_related("enrollment").order_by("pk")[:40]
        ]
        if not links:
            return []
        found = [self._click(*links[self._early(len(links))]) for _ in range(_CLICKS)]
        return sorted(found, key=lambda one: one.at)

    def _click(self, link: SalesLink, offer: Offer) -> Click:
        at = self._moment(offer)
        visitor = f"{self.chance.getrandbits(48):024x}"
        return Click(
            workspace_id=link.workspace_id, link_id=link.pk, offer_id=offer.pk, member_id=link.enrollment.member_id,
            key=UUID(int=self.chance.getrandbits(128), version=4), at=at, day=self._day(at), outcome=Outcome.CLICK,
            visitor=visitor, origin=visitor, bot="agent" if self.chance.random() < 0.06 else "",  # noqa: PLR2004  one in sixteen
        )  # fmt: skip

    def _by_code(self, offer: Offer, count: int) -> list[OrderSnapshot]:
        codes = list(PromoCode.objects.filter(offer=offer).order_by("pk").values_list("text", flat=True)[:120])
        if not codes:
            return []
        return [self._order(self._moment(offer), codes=(codes[self._early(len(codes))],)) for _ in range(count)]

    def _by_click(self, clicks: list[Click]) -> list[OrderSnapshot]:
        """Somebody looks for a while, then buys."""
        chosen = self.chance.sample(clicks, min(_ORDERS_OF_CLICKS, len(clicks)))
        return [
            self._order(min(one.at + timedelta(minutes=self.chance.randint(4, 90)), self.at), click_ids=(str(one.key),))
            for one in chosen
        ]

    def _order(self, placed_at: datetime, **brought: tuple[str, ...]) -> OrderSnapshot:
        """One to three lines; one order in eighteen gives something back."""
        lines = []
        for place in range(self.chance.choice((1, 1, 1, 2, 2, 3))):
            title, price = self.chance.choice(_SHELF)
            quantity = self.chance.choice((1, 1, 1, 2))
            kept = quantity - (1 if place == 0 and self.chance.random() < 1 / 18 else 0)
            lines.append(LineSnapshot(f"line-{place}", title, quantity, kept, price * quantity))
        return OrderSnapshot(
            ref="", name="", placed_at=placed_at, updated_at=placed_at, currency=self.store.currency or "USD",
            lines=tuple(lines), is_returning=self.chance.random() < 0.3, **brought,  # type: ignore[arg-type]  # noqa: PLR2004  three in ten
        )  # fmt: skip

    def _moment(self, offer: Offer) -> datetime:
        """Since the offer began, at most DAYS ago; later days and weekends are busier."""
        began = max(offer.starts_at or self.at, self.at - timedelta(days=DAYS)) + timedelta(hours=1)
        seconds = int((self.at - began).total_seconds())
        first = began + timedelta(seconds=int(seconds * self.chance.random() ** 0.8))
        other = began + timedelta(seconds=int(seconds * self.chance.random() ** 0.8))
        return other if first.weekday() < 4 and other.weekday() >= 4 else first  # noqa: PLR2004  Friday

    def _day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.store.workspace.timezone)).date()

    def _early(self, count: int) -> int:
        """A few sell most of it."""
        return int(count * self.chance.random() ** 2.4)


def _numbered(one: OrderSnapshot, number: int) -> OrderSnapshot:
    return replace(one, ref=f"demo-order-{number}", name=f"#{number}")


def sell_for_sixty_days(store: Store, founders: Offer, summer: Offer, holiday: Offer, *, at: datetime) -> None:
    """Tell the story up to `at`. Deterministic for it."""
    SalesStory(store, founders, summer, holiday, at, Random(_SEED)).tell()  # noqa: S311  a story, no secret
