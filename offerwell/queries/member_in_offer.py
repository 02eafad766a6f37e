"""One member in an offer, code by code and store by store: what we want, what each store shows, since when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.models import CodeHistory, StoreCode
from offerwell.queries.member_statuses import SeenPart, parts_of, store_view
from offerwell.queries.payouts import terms_in_short
from offerwell.queries.sales_links import LinkClicks, clicks_of, link_base, pages_of
from offerwell.rules.offer_status import told_by_stores
from offerwell.rules.redirect import link_address

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.models import Enrollment, Store


@dataclass(frozen=True, slots=True)
class InStore:
    """One code on one store. `status` is an `EffectiveStatus`; `observed` the store's own word, empty if never read.

    `can_retry`: the store did not take it, and asking again may help.
    """

    store: Store
    status: str
    observed: str
    observed_at: datetime | None
    reason: str
    next_attempt_at: datetime | None
    can_retry: bool


@dataclass(frozen=True, slots=True)
class CodeSeen:
    """A code with every store it goes to, and the other texts it had before, newest first."""

    part: SeenPart
    stores: tuple[InStore, ...]
    earlier: tuple[CodeHistory, ...]


@dataclass(frozen=True, slots=True)
class LinkSeen:
    """A sales link: its whole address, the page of a deep link (empty: the offer's destination), and its clicks."""

    part: SeenPart
    address: str
    page: str
    clicks: LinkClicks


@dataclass(frozen=True, slots=True)
class MemberInOffer:
    """A member's codes and links in one offer. `payout` is what it earns there, in words; empty without an option."""

    enrollment: Enrollment
    payout: str
    codes: tuple[CodeSeen, ...]
    links: tuple[LinkSeen, ...]

    @property
    def stores_to_retry(self) -> tuple[Store, ...]:
        """The stores that did not take some code, once each."""
        stuck = {one.store.pk: one.store for code in self.codes for one in code.stores if one.can_retry}
        return tuple(stuck.values())


def member_in_offer(enrollment: Enrollment, *, at: datetime) -> MemberInOffer:
    """All there is to see, in a constant number of statements.

    `enrollment` comes with its offer, member and payout option.
    """
    parts = parts_of(enrollment.offer, [enrollment.pk], at=at)[enrollment.pk]
    codes = [part for part in parts if part.part == "codes"]
    in_stores = _in_stores([code.pk for code in codes], at=at)
    earlier = _earlier(enrollment, {code.pk: code.text.upper() for code in codes})
    option = enrollment.payout_option
    return MemberInOffer(
        enrollment=enrollment,
        payout="" if option is None else f"{option.name}, {terms_in_short(option)}",
        codes=tuple(
            CodeSeen(code, tuple(in_stores.get(code.pk, [])), tuple(earlier.get(code.pk, []))) for code in codes
        ),
        links=_links(tuple(part for part in parts if part.part == "links")),
    )


def _links(parts: tuple[SeenPart, ...]) -> tuple[LinkSeen, ...]:
    if not parts:
        return ()
    ids = [part.pk for part in parts]
    base, pages, clicks = link_base(), pages_of(ids), clicks_of(ids)
    return tuple(
        LinkSeen(part, link_address(base, part.text), pages.get(part.pk, ""), clicks.get(part.pk, LinkClicks()))
        for part in parts
    )


def _in_stores(code_ids: list[int], *, at: datetime) -> dict[int, list[InStore]]:
    rows = StoreCode.objects.filter(code_id__in=code_ids).select_related("store", "code").order_by("store_id")
    found: dict[int, list[InStore]] = {}
    for row in rows:
        found.setdefault(row.code_id, []).append(_in_store(row, at=at))
    return found


def _in_store(row: StoreCode, *, at: datetime) -> InStore:
    view = store_view(
        row, row.store.label, row.code.changed_at, text_change_id=row.code.text_change_id, at=at
    )  # fmt: skip
    told = told_by_stores((view,), is_active=row.code.is_active)
    agreed = "active" if row.code.is_active else "deactivated"
    is_put_off = row.next_attempt_at is not None and row.next_attempt_at > at
    return InStore(
        store=row.store,
        status=agreed if told is None else str(told.status),
        observed=row.observed_status,
        observed_at=row.observed_at,
        reason=row.last_error,
        next_attempt_at=row.next_attempt_at if is_put_off else None,
        can_retry=(view.is_behind or row.is_redated) and (row.problem != "" or is_put_off),
    )


def _earlier(enrollment: Enrollment, keys: dict[int, str]) -> dict[int, list[CodeHistory]]:
    """Each text once, as it was last. A text that came back, by an undo or a refresh, is the present one."""
    ended = CodeHistory.objects.filter(code_id__in=keys, member_id=enrollment.member_id, until_at__isnull=False)
    found: dict[int, dict[str, CodeHistory]] = {}
    for row in ended.order_by("-pk"):
        if row.text_key != keys[row.code_id]:
            found.setdefault(row.code_id, {}).setdefault(row.text_key, row)
    return {code_id: list(rows.values()) for code_id, rows in found.items()}
