"""Follow the collections that payout rules are about: read them again; options whose products changed get new rules.

Daily by the worker, or at once when a person asks. A set that follows counts from the moment it is stored, like one
that a person sets: earlier orders keep what stood. A collection that cannot be read keeps its last products, and says
since when.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django_scopes import scope, scopes_disabled

from offerwell.actions.read_collections import (
    READ_EVERY,
    asked_stores,
    is_called,
    keep_reading,
    later,
    opened,
    read_collection,
)
from offerwell.actions.record_event import record_event
from offerwell.integrations.store import StoreError
from offerwell.models import PayoutRules, Store, StoreCollection, Workspace, lock_workspace
from offerwell.queries.collections import collection_uses, newest_products, places_of
from offerwell.queries.payout_rules import RuleSet, rules_now
from offerwell.queries.payouts import option_terms
from offerwell.rules.pay_collections import StorePart, products_text
from offerwell.rules.pay_rules import rule_json
from offerwell.rules.pay_tiers import tiers_json
from offerwell.rules.permissions import Actor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from offerwell.actions.read_collections import Reading
    from offerwell.integrations.store import CollectionStore
    from offerwell.queries.collections import CollectionUse, NewestProducts, Place
    from offerwell.rules.pay_collections import RuleCollection

log = logging.getLogger("offerwell.collections")
SHOP = Actor(name="The store", door="worker")
AGAIN_AFTER_TROUBLE = timedelta(hours=1)
# Whoever reads a workspace's collections has this long; then another worker may.
READING = timedelta(minutes=15)
Asked = tuple[int, str]
"""A store, and what a person wrote."""


@dataclass(frozen=True, slots=True)
class Followed:
    """How many collections were read, how many options got new rules, and what kept others from being read."""

    read: int = 0
    changed: int = 0
    problems: tuple[str, ...] = ()


def workspaces_to_follow(*, at: datetime) -> list[int]:
    """Workspaces with a collection that is due."""
    with scopes_disabled():
        due = StoreCollection.objects.filter(due_at__lte=at).order_by()
        return list(due.values_list("workspace_id", flat=True).distinct()[:100])


def follow_collections(
    *, workspace_id: int, at: datetime, option_id: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Followed:  # fmt: skip
    """Read what is due, or all that an option's rules are about, and let every option with any of it follow.

    Two at once read twice and store once.
    """
    with scopes_disabled():
        workspace = Workspace.objects.get(pk=workspace_id)
    with scope(workspace=workspace):
        return _Pass(workspace_id, at, time.monotonic(), should_stop).follow(option_id)


@dataclass(frozen=True, slots=True)
class _Pass:
    workspace_id: int
    at: datetime
    began: float
    should_stop: Callable[[], bool]

    @property
    def now(self) -> datetime:
        return later(self.at, self.began)

    def follow(self, option_id: int | None) -> Followed:
        if option_id is None:
            self._forget_unused()
        uses = collection_uses()
        if option_id is None:
            wanted = self._claimed()
        else:
            wanted = {place for use in uses if use.option.pk == option_id for place in use.places}
        touched = [use for use in uses if use.places & wanted]
        readings, problems = self._read(wanted)
        for reading in readings:
            self._keep(reading)
        elsewhere = self._found_elsewhere(touched)
        changed = sum(self._follow_one(use, elsewhere) for use in touched)
        self._settle(readings)
        return Followed(len(readings), changed, tuple(problems))

    def _forget_unused(self) -> None:
        """What no option's rules of now are about is followed no more."""
        with transaction.atomic():
            lock_workspace(self.workspace_id)
            used = {place for use in collection_uses() for place in use.places}
            listed = StoreCollection.objects.values_list("pk", "store_id", "ref")
            unused = [pk for pk, *place in listed if tuple(place) not in used]
            StoreCollection.objects.filter(pk__in=unused).delete()

    def _claimed(self) -> set[Place]:
        due = StoreCollection.objects.filter(due_at__lte=self.at)
        listed = list(due.values_list("pk", "store_id", "ref"))
        return {(store, ref) for pk, store, ref in listed if due.filter(pk=pk).update(due_at=self.at + READING)}

    def _read(self, wanted: Iterable[Place]) -> tuple[list[Reading], list[str]]:
        """What stores said, and what kept collections from being read, which is noted at once."""
        refs: dict[int, list[str]] = defaultdict(list)
        for store_id, ref in sorted(wanted):
            refs[store_id].append(ref)
        readings, problems = [], []
        for store in Store.objects.filter(pk__in=refs).order_by("pk"):
            for ref, said in self._told(store, refs[store.pk]):
                if isinstance(said, StoreError):
                    problems.append(f"{store.label}: {said.reason}")
                    self._note_trouble(store, ref, said)
                else:
                    readings.append(said)
        return readings, problems

    def _told(self, store: Store, refs: Sequence[str]) -> Iterator[tuple[str, Reading | StoreError]]:
        try:
            with closing(opened(store)) as connector:
                for ref in refs:
                    if not self.should_stop():
                        yield ref, self._reading(connector, store, ref)
        except StoreError as error:
            yield from ((ref, error) for ref in refs)

    def _reading(self, connector: CollectionStore, store: Store, ref: str) -> Reading | StoreError:
        try:
            return read_collection(connector, store, ref, at=self.now)
        except StoreError as error:
            return error

    def _note_trouble(self, store: Store, ref: str, error: StoreError) -> None:
        log.warning("collection_not_read store=%s collection=%s: %s", store.pk, ref, error.reason)
        found = StoreCollection.objects.filter(store=store, ref=ref)
        found.update(trouble=error.reason, due_at=self.now + AGAIN_AFTER_TROUBLE)
        found.filter(trouble_since=None).update(trouble_since=self.now)

    def _keep(self, reading: Reading) -> None:
        with transaction.atomic():
            lock_workspace(self.workspace_id)
            keep_reading(reading, self.workspace_id)

    def _settle(self, readings: Iterable[Reading]) -> None:
        """All have followed; killed before this, what changed is due and read again."""
        for one in readings:
            read = StoreCollection.objects.filter(store=one.store_id, ref=one.ref, read_at=one.began_at)
            read.update(due_at=one.began_at + READ_EVERY)

    def _found_elsewhere(self, uses: Sequence[CollectionUse]) -> dict[Asked, Place]:
        """Collections of stores of an offer that had none when the rule was made.

        A store that does not answer, or has several of the name, is asked another day.
        """
        found: dict[Asked, Place] = {}
        asked = {(store.pk, one.asked): (store, one) for use in uses for store, one in _lacking(use)}
        for (store_id, text), (store, one) in asked.items():
            if self.should_stop():
                break
            try:
                with closing(opened(store)) as connector:
                    named = connector.collections_named(text)
                    if len(named) == 1 and (is_called(named[0], text) or is_called(named[0], one.title)):
                        reading = read_collection(connector, store, named[0].ref, at=self.now)
                        self._keep(reading)
                        found[store_id, text] = (store_id, reading.ref)
            except StoreError as error:
                log.info("collection_not_looked_up store=%s: %s", store_id, error.reason)
        return found

    def _follow_one(self, use: CollectionUse, elsewhere: Mapping[Asked, Place]) -> bool:
        """Whether the option got new rules: those it has now, whatever was set meanwhile, with the newest products."""
        mine = {(store.pk, one.asked) for store, one in _lacking(use)}
        elsewhere = {asked: place for asked, place in elsewhere.items() if asked in mine}
        with transaction.atomic():
            lock_workspace(self.workspace_id)
            before = rules_now(use.option.pk)
            places = places_of(before.collection_rows)
            newest = newest_products([*places.values(), *elsewhere.values()])
            renewed = _Renewal(places, newest, elsewhere)
            rules = tuple(
                replace(rule, collections=tuple(map(renewed.of, rule.collections))) for rule in before.rules
            )  # fmt: skip
            if rules == before.rules:
                return False
            self._store(use, before, replace(before, rules=rules, from_at=max(self.now, before.from_at or self.now)))
        return True

    def _store(self, use: CollectionUse, before: RuleSet, after: RuleSet) -> None:
        row = PayoutRules.objects.create(
            workspace_id=self.workspace_id, option=use.option, from_at=after.from_at,
            rules=[rule_json(rule) for rule in after.rules], tiers=tiers_json(after.tiers),
        )  # fmt: skip
        facts = {
            "option": use.option.pk, "name": use.option.name, "rules": row.pk,
            "terms": option_terms(use.option, after), "collections": _told_changes(before, after),
        }  # fmt: skip
        record_event(
            workspace_id=self.workspace_id, kind="collections_followed", subject=f"offer:{use.option.offer_id}",
            facts=facts, by=SHOP, at=after.from_at or self.now,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Renewal:
    """Collections of rules with the newest products of their places, and of places found elsewhere."""

    places: Mapping[int, Place]
    newest: Mapping[Place, NewestProducts]
    elsewhere: Mapping[Asked, Place]

    def of(self, one: RuleCollection) -> RuleCollection:
        kept = {part.store: self._part(part) for part in one.parts}
        for (store_id, text), place in self.elsewhere.items():
            if text == one.asked and place in self.newest:
                kept.setdefault(store_id, _part_of(self.newest[place]))
        first = self.newest.get(self.places[one.parts[0].row])
        title = first.title if first is not None else one.title
        return replace(one, title=title, parts=tuple(kept[store] for store in sorted(kept)))

    def _part(self, part: StorePart) -> StorePart:
        found = self.newest.get(self.places[part.row])
        return part if found is None else _part_of(found)


def _part_of(found: NewestProducts) -> StorePart:
    return StorePart(found.store_id, found.row, found.count)


def _lacking(use: CollectionUse) -> Iterator[tuple[Store, RuleCollection]]:
    """The stores of the offer that have no part in a collection, with the collection."""
    collections = [one for rule in use.rules.rules for one in rule.collections]
    for store in asked_stores(use.option.offer):
        for one in collections:
            if store.pk not in {part.store for part in one.parts}:
                yield store, one


def _told_changes(before: RuleSet, after: RuleSet) -> str:
    """“Summer: 25 products, 24 before”, for each that changed."""
    old = [one for rule in before.rules for one in rule.collections]
    new = [one for rule in after.rules for one in rule.collections]
    return "; ".join(
        f"{now.title}: {products_text(now.count)}, {was.count:,} before"
        for was, now in zip(old, new, strict=True)
        if was != now
    )
