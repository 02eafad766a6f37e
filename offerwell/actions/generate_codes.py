"""Generate the codes and links of an offer's members, named by a person or by the offer's pattern.

Names need Python (accents, numbers for names that clash), rows do not: each batch is one statement per
table. All batches are one transaction, so a name that clashes leaves nothing half done.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import DateTimeField, F, OuterRef, Subquery, Value
from django.db.models.functions import Cast, Concat, Lower

from offerwell.actions.record_event import record_event
from offerwell.actions.send_codes_to_store import send_codes_to_store
from offerwell.models import CodeHistory, Enrollment, Offer, OfferStore, PromoCode, SalesLink, lock_workspace
from offerwell.models.id_list import id_rows
from offerwell.models.insert_select import insert_select
from offerwell.models.listed_rows import insert_listed
from offerwell.queries.code_owners import owners_of
from offerwell.queries.code_proposals import (
    Place,
    incomplete,
    pattern_or_default,
    places_of,
    taken_codes,
)
from offerwell.queries.members import selected_member_ids
from offerwell.rules.code_names import CodeNamer, fold, parse_pattern, random_letters, typed_code_trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from offerwell.rules.permissions import Actor
    from offerwell.rules.selection import MemberSelection

BATCH = 5_000
# 40 bits after a name, 70 where there is none: a slug is an address, not a secret.
SLUG_LETTERS = 8
NAMELESS_SLUG_LETTERS = 14
LONGEST_SLUG_NAME = 40


class CodesRefused(Exception):
    """Some codes cannot be used. Nothing was made. `problems` maps an enrollment id to a sentence."""

    def __init__(self, problems: dict[int, str]) -> None:
        sentences = list(problems.values())
        more = f" And {len(sentences) - 3} more." if len(sentences) > 3 else ""  # noqa: PLR2004
        super().__init__(" ".join(sentences[:3]) + more)
        self.problems = problems


class CannotGenerate(Exception):
    """The offer is not ready for codes. Nothing was made. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Generated:
    """How many codes and links were made; `skipped` counts members who had all of theirs already."""

    codes: int
    links: int
    skipped: int


def generate_codes(
    *,
    workspace_id: int,
    offer: Offer,
    texts: Mapping[int, str] | None,
    by: Actor,
    at: datetime,
    pattern: str = "",
    also_the_rest: bool = False,
    at_most: int | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    among: MemberSelection | None = None,
) -> Generated:
    """Make what is missing. `texts` maps an enrollment id to its code; None means everybody, by `pattern`.

    With `among` everybody is only those of a selection.

    `starts_at` and `ends_at` are the new codes' own dates (None: the offer's).

    With `also_the_rest`, everybody not in `texts` is named by `pattern` (empty: the offer's) too;
    `at_most` bounds these, for a door that cannot wait for a million.
    Raises CodesRefused, CannotGenerate, InvalidPattern; each leaves everything as it was.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        work = _Work(Offer.objects.get(pk=offer.pk), pattern, at, (starts_at, ends_at), among)
        skipped = _complete_already(work, None if also_the_rest else texts)
        if texts is not None:
            places = _places_of_texts(work, texts)
            work.make(places, _checked(places, texts))
        if texts is None or also_the_rest:
            for places in _batches(work, at_most):
                work.make(places, work.named(places))
        work.send_to_stores()
        made = Generated(codes=work.codes, links=work.links, skipped=skipped)
        if work.members:
            facts = {"codes": made.codes, "links": made.links, "members": work.members}
            record_event(
                workspace_id=workspace_id, kind="codes_generated", subject=f"offer:{offer.pk}", facts=facts,
                by=by, at=at,
            )  # fmt: skip
    return made


def _places_of_texts(work: _Work, texts: Mapping[int, str]) -> list[Place]:
    """Those of the named enrollments that lack something. Foreign ids never match."""
    rows = incomplete(work.offer).filter(pk__in=id_rows(texts)).order_by("pk")
    return places_of(rows, work.offer, needs_handle=False)


def _complete_already(work: _Work, texts: Mapping[int, str] | None) -> int:
    """How many of those meant have all of theirs."""
    meant, lacking = work.meant(Enrollment.objects.filter(offer=work.offer)), work.meant(incomplete(work.offer))
    if texts is not None:
        meant, lacking = meant.filter(pk__in=id_rows(texts)), lacking.filter(pk__in=id_rows(texts))
    return meant.count() - lacking.count()


def _batches(work: _Work, at_most: int | None) -> Iterator[list[Place]]:
    """Everybody who lacks something. A batch is made before the next is read, so its names count as taken."""
    after, left = 0, at_most
    while left is None or left > 0:
        size = BATCH if left is None else min(BATCH, left)
        rows = work.meant(incomplete(work.offer)).filter(pk__gt=after).order_by("pk")[:size]
        places = places_of(rows, work.offer, needs_handle=work.pattern.needs_handle)
        if not places:
            return
        yield places
        after, left = places[-1].enrollment_id, None if left is None else left - len(places)


def _checked(places: list[Place], texts: Mapping[int, str]) -> dict[int, str]:
    """The typed codes, upper-case, of the places that lack one. Raises CodesRefused."""
    lacking = [place for place in places if place.lacks_code]
    wanted = {place.enrollment_id: texts[place.enrollment_id].strip().upper() for place in lacking}
    names = {place.enrollment_id: place.name for place in lacking}
    members = {place.enrollment_id: place.member_id for place in lacking}
    owners = owners_of(wanted.values())
    problems: dict[int, str] = {}
    first: dict[str, int] = {}
    for enrollment_id, text in wanted.items():
        if trouble := typed_code_trouble(text):
            problems[enrollment_id] = f"{names[enrollment_id]}: {trouble}"
        elif text in owners and not owners[text].leaves_to(members[enrollment_id]):
            problems[enrollment_id] = owners[text].refusal(text)
        elif text in first:
            problems[enrollment_id] = f"{text} is also typed for {names[first[text]]}. Choose another one."
        first.setdefault(text, enrollment_id)
    if problems:
        raise CodesRefused(problems)
    return wanted


class _Work:
    """One run: the offer, its namer, and the counts so far."""

    def __init__(
        self, offer: Offer, pattern: str, at: datetime, own: tuple[datetime | None, datetime | None],
        among: MemberSelection | None = None,
    ) -> None:  # fmt: skip
        self.offer, self.at, self.own, self._among = offer, at, own, among
        self.pattern = parse_pattern(pattern_or_default(pattern, offer), discount=offer.discount_number)
        stores = OfferStore.objects.filter(offer=offer).order_by("pk")
        self.stores = list(stores.values_list("store_id", flat=True))
        if offer.status == "archived":
            raise CannotGenerate(f"{offer.name} is archived. Set it to active, then generate.")
        if offer.has_codes and not self.stores:
            raise CannotGenerate(f"{offer.name} has no store for its codes. Choose one in the offer first.")
        begin, end = own[0] or offer.starts_at, own[1] or offer.ends_at
        if any(own) and begin and end and end <= begin:
            raise CannotGenerate("The codes would end before they start. Choose a later end or an earlier start.")
        self.codes = self.links = self.members = 0
        self._namer = CodeNamer(self.pattern, os.urandom)
        self._last_code = PromoCode.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

    def meant(self, rows: QuerySet[Enrollment]) -> QuerySet[Enrollment]:
        """Those of the rows whose members are asked for."""
        if self._among is None:
            return rows
        return rows.filter(member_id__in=selected_member_ids(self._among))

    def named(self, places: list[Place]) -> dict[int, str]:
        """A free name for each place that lacks a code."""
        lacking = [place for place in places if place.lacks_code]
        names = self._namer.names([place.source for place in lacking], taken_codes)
        return {place.enrollment_id: name for place, name in zip(lacking, names, strict=True)}

    def make(self, places: list[Place], texts: Mapping[int, str]) -> None:
        """Codes with these texts, and links for those who lack one."""
        self._make_codes(texts)
        self._make_links([place for place in places if place.lacks_link])
        self.members += len(places)

    def send_to_stores(self) -> None:
        """Every code made in this run waits for every store of the offer."""
        if not self.codes:
            return
        for store_id in self.stores:
            send_codes_to_store(self._new_codes(), store_id, at=self.at)

    def _new_codes(self) -> QuerySet[PromoCode]:
        """Nobody else adds codes of this workspace while we hold its lock."""
        return PromoCode.objects.filter(offer=self.offer, pk__gt=self._last_code)

    def _make_codes(self, texts: Mapping[int, str]) -> None:
        if not texts:
            return
        rows = [(enrollment_id, text, text) for enrollment_id, text in texts.items()]
        columns = {"enrollment_id": "bigint", "text": "text", "text_key": "text"}
        dates = {name: at for name, at in zip(("starts_at", "ends_at"), self.own, strict=True) if at}
        insert_listed(PromoCode, {**self._fresh(), **dates}, columns, rows)
        made = PromoCode.objects.filter(offer=self.offer, enrollment_id__in=id_rows(texts))
        _begin_history(made, at=self.at)
        _make_searchable(texts)
        self.codes += len(rows)

    def _make_links(self, places: list[Place]) -> None:
        if not places:
            return
        rows = [(place.enrollment_id, slug) for place, slug in zip(places, _slugs(places), strict=True)]
        columns = {"enrollment_id": "bigint", "slug": "text"}
        insert_listed(SalesLink, {**self._fresh(), "destination": ""}, columns, rows)
        self.links += len(rows)

    def _fresh(self) -> dict[str, object]:
        return {
            "workspace_id": self.offer.workspace_id, "offer_id": self.offer.pk, "is_active": True,
            "last_change_id": 0, "changed_at": self.at, "created_at": self.at,
        }  # fmt: skip


def _begin_history(codes: QuerySet[PromoCode], *, at: datetime) -> None:
    insert_select(
        CodeHistory,
        ("workspace_id", "code_id", "member_id", "text", "text_key", "from_at"),
        codes.values_list(
            "workspace_id", "pk", "enrollment__member_id", "text", "text_key",
            Cast(Value(at), DateTimeField()),
        ),
    )  # fmt: skip


def _make_searchable(texts: Mapping[int, str]) -> None:
    """A search for the code finds the member (`search_text` is lower-case)."""
    code = PromoCode.objects.filter(enrollment=OuterRef("pk")).order_by("-pk").values(key=Lower("text"))[:1]
    Enrollment.objects.filter(pk__in=id_rows(texts)).update(
        search_text=Concat(F("search_text"), Value(" "), Subquery(code))
    )


def _slugs(places: list[Place]) -> Iterator[str]:
    """Addresses people can read and nobody has: the name and letters that come from no sequence."""
    seen: set[str] = set()
    for place in places:
        for _ in itertools.count():
            slug = new_slug(place.source.first_name, place.source.last_name)
            if slug not in seen:
                break
        seen.add(slug)
        yield slug


def new_slug(first_name: str, last_name: str) -> str:
    """The name as letters of an address, where there is one, and some that nobody can tell beforehand."""
    name = fold(first_name + last_name)[:LONGEST_SLUG_NAME].lower()
    letters = random_letters(os.urandom(SLUG_LETTERS if name else NAMELESS_SLUG_LETTERS)).lower()
    return f"{name}-{letters}" if name else letters
