"""The simulator's tables in memory and the product's in the database: the same random calls, equal in every field.

Three workers with old and new claims, people who change, undo and retry, plans out of date, keys used again.
Without this the simulator would prove something about itself only.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from offerwell.actions.change_offer_status import KeyReused, PlanOutOfDate, change_offer_status
from offerwell.actions.propose_texts import NameWish, propose_texts
from offerwell.actions.retry_failed_items import retry_failed_items
from offerwell.actions.sync_ports import Drifted, Settled
from offerwell.actions.sync_rows import DatabaseRows
from offerwell.actions.undo_bulk_change import NothingToUndo, undo_bulk_change
from offerwell.models import (
    BulkChange,
    ChangeKind,
    ChangeProgress,
    CodeProposal,
    ItemOutcome,
    OfferPart,
    PromoCode,
    Store,
    StoreCode,
)
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.selection import MemberSelection
from offerwell.rules.store_sync import Margins, Sighting
from tests import make
from tests.proof.tier import IS_LARGE, report
from tests.simulation import brand as memory
from tests.simulation import planted

RUNS, CALLS = (60, 120) if IS_LARGE else (8, 100)
FIELDS = (
    "ref", "generation", "observed_generation", "observed_status", "observed_at", "lease_owner", "lease_until",
    "next_attempt_at", "attempts", "last_error", "problem", "check_at", "suspect_until", "create_until", "last_write_at",
    "acked_active", "written_generation", "written_how", "due_at",
)  # fmt: skip


STEPS = (
    "claim", "claim", "hold", "fence", "fence", "acknowledge", "renamed", "keep_refs", "foreign_refs", "confirm", "confirm",
    "give_up", "give_up", "flag_drifts", "put_off", "suspect", "let_go", "specs", "note_store",
    "plan", "change", "change", "refresh", "undo", "retry", "look", "look",
)  # fmt: skip


class Both:
    """One brand twice, and the calls that are made to both."""

    def __init__(self, workspace, seed, rows=memory.MemoryRows):
        self.workspace, self.rng = workspace, random.Random(seed)
        self.now, self.margins, self.counts = make.NOW, Margins(), Counter()
        self.store = make.store(workspace, f"Glow {seed}")
        self.offer = make.offer(workspace, f"Summer {seed}", stores=[self.store])
        self.brand = memory.Brand(self.offer.name)
        self.members = {}
        for n in range(7):
            self.add(f"CODE{seed}X{n}")
        self.claims = {name: [] for name in ("w1", "w2", "w3")}
        self.pairs = {name: (self.of(DatabaseRows, self.store, name), self.of(rows, self.brand, name))
                      for name in self.claims}  # fmt: skip
        self.plans, self.keys, self.texts = [], [], itertools.count(1)

    def of(self, rows, table, owner):
        return rows(table, owner, lambda: self.now, self.margins)

    def add(self, text):
        ends_at = self.rng.choice((None, None, make.NOW + timedelta(days=9), make.NOW - timedelta(days=1)))
        who, is_new = make.enrollment(self.offer), self.rng.random() < 0.4
        code = make.code(who, text, stores=[self.store], settled=not is_new, ends_at=ends_at)
        make.history(code)
        row = StoreCode.objects.get(code=code)
        self.brand.add(code.pk, row.pk, text, ref=row.ref, ends_at=ends_at, due_at=row.due_at)
        self.members[code.pk] = who.member_id

    # -- calls ----------------------------------------------------------------------------------------------

    def step(self):
        self.now += timedelta(seconds=self.rng.choice((0, 1, 7, 30, 70, 400)))
        name = self.rng.choice(STEPS)
        getattr(self, name)()
        self.counts[name] += 1

    def ask(self, name, *args, **named):
        """One call of the port, on both; the answers are equal."""
        database, copy = self.pairs[self.owner]
        told, copied = getattr(database, name)(*args, **named), getattr(copy, name)(*args, **named)
        assert told == copied, name
        return told

    def some(self):
        """Codes as some worker once claimed them, now or long ago."""
        self.owner = self.rng.choice(list(self.claims))
        claims = self.claims[self.owner][-3:]
        codes = self.rng.choice(claims) if claims else []
        return self.rng.sample(codes, self.rng.randint(0, len(codes)))

    def claim(self):
        self.owner = self.rng.choice(list(self.claims))
        if codes := self.ask("claim", 100):
            self.claims[self.owner].append(codes)

    def hold(self):
        self.ask("hold", [code.id for code in self.some()])

    def fence(self):
        self.ask("fence", self.some(), self.rng.choice(("switch", "window", "create", "rename")))

    def acknowledge(self):
        self.ask("acknowledge", self.some())

    def renamed(self):
        self.ask("renamed", self.some())

    def keep_refs(self):
        self.ask("keep_refs", {code.id: f"d{self.rng.randint(1, 99)}" for code in self.some()})

    def foreign_refs(self):
        refs = [row.ref for row in self.brand.rows.values() if row.ref]
        self.ask("foreign_refs", self.some(), self.rng.sample(refs, min(3, len(refs))))

    def confirm(self):
        kinds = ("confirmed", "already_so", "recreated")
        self.ask("confirm", [
            Settled(code, "active" if code.wants_active else "expired", self.rng.choice(kinds)) for code in self.some()
        ])  # fmt: skip

    def give_up(self):
        self.ask("give_up", self.some(), problem=self.rng.choice(("failed", "conflict")), reason="No.")

    def flag_drifts(self):
        """Only of codes that were not to be written: so says the rule."""
        seen = self.rng.choice((None, Sighting("expired", None, None)))
        looked = [code for code in self.some() if not code.is_push]
        self.ask("flag_drifts", [Drifted(code, seen, "Someone.") for code in looked])

    def put_off(self):
        self.ask("put_off", self.some(), until=self.now + timedelta(seconds=self.rng.choice((2, 90))), reason="Busy.")

    def suspect(self):
        self.ask("suspect", self.some(), until=self.now + self.margins.suspicion)

    def let_go(self):
        self.ask("let_go", [code.id for code in self.some()])

    def specs(self):
        codes = self.some()
        database, copy = self.pairs[self.owner]
        told = {key: replace(spec, tags=()) for key, spec in database.specs(codes).items()}
        assert told == copy.specs(codes)

    def note_store(self):
        self.some()
        pause = self.rng.choice((None, timedelta(seconds=2), timedelta(seconds=60)))
        self.ask("note_store", trouble=self.rng.choice(("", "Away.")), pause=pause)

    # -- doors ----------------------------------------------------------------------------------------------

    def plan(self):
        meant = tuple(sorted(self.rng.sample(list(self.members), self.rng.randint(1, 7))))
        to_active = self.rng.random() < 0.5
        ids = tuple(sorted(self.members[code_id] for code_id in meant))
        wish = Wish(self.offer, OfferPart.CODES, to_active, MemberSelection(ids=ids))
        told, copied = plan_change(wish, at=self.now), self.brand.plan(meant, to_active, None, self.now)
        kinds = Counter(str(outcome) for _, outcome in copied)
        assert (told.will_change, told.already_so) == (kinds["will_change"], kinds["already_so"])
        self.plans.append((wish, told.digest, meant, to_active, copied))

    def change(self):
        if self.rng.random() < 0.6 or not self.plans:
            self.plan()
        wish, digest, meant, to_active, plan = self.rng.choice(self.plans[-2:])
        key = (
            self.rng.choice(self.keys)
            if self.keys and self.rng.random() < 0.2
            else f"{self.offer.name} {len(self.keys)}"
        )
        told = self._either(lambda: change_offer_status(
            workspace_id=self.workspace.pk, wish=wish, digest=digest, key=key, by=make.ANA, at=self.now
        ))  # fmt: skip
        self._number(told)
        copied = self._either(lambda: self.brand.change(meant, to_active, digest=plan, key=key, at=self.now))
        assert told == copied
        if isinstance(told, tuple):
            self.keys.append(key)
        else:
            self.counts[told] += 1

    def refresh(self):
        """New texts, texts that another code had, and texts of before, proposed now and confirmed now or too late."""
        meant = tuple(sorted(self.rng.sample(list(self.members), self.rng.randint(1, 5))))
        selection = MemberSelection(ids=tuple(sorted(self.members[code_id] for code_id in meant)))
        batch = propose_texts(
            workspace_id=self.workspace.pk, offer=self.offer, selection=selection, names=NameWish("N{first_name}"),
            by=make.ANA, at=self.now,
        )  # fmt: skip
        had = [text for code in self.brand.codes.values() for text in (code.text, *code.former)]
        texts = {code_id: f"NEW{self.offer.pk}X{next(self.texts)}" for code_id in meant}
        if self.rng.random() < 0.4:
            texts[self.rng.choice(meant)] = self.rng.choice(had)
        for code_id, text in texts.items():
            CodeProposal.objects.filter(batch=batch, code_id=code_id).update(text=text, text_key=text)
        wanted = tuple((code_id, text, self.brand.codes[code_id].text_change or 0) for code_id, text in texts.items())
        wish = Wish(
            self.offer, OfferPart.CODES, False, selection, kind=ChangeKind.REFRESH, batch=batch,
        )  # fmt: skip
        told, copied = plan_change(wish, at=self.now), self.brand.plan_refresh(wanted)
        kinds = Counter(str(outcome) for _, outcome in copied)
        assert (told.will_change, told.already_so) == (kinds["will_change"], kinds["already_so"])
        assert dict(told.reasons) == {name: kinds[name] for name in ("changed_since", "taken") if kinds[name]}
        self.counts["taken"] += kinds["taken"]
        self.keys.append(f"{self.offer.name} {len(self.keys)}")
        made = self._either(lambda: change_offer_status(
            workspace_id=self.workspace.pk, wish=wish, digest=told.digest, key=self.keys[-1], by=make.ANA, at=self.now
        ))  # fmt: skip
        self._number(made)
        assert made == self._either(lambda: self.brand.refresh(wanted, digest=copied, key=self.keys[-1], at=self.now))

    def undo(self):
        if not (changes := list(BulkChange.objects.filter(offer=self.offer).order_by("-pk")[:4])):
            return
        target = self.rng.choice(changes)
        told = self._either(
            lambda: undo_bulk_change(workspace_id=self.workspace.pk, change=target, by=make.ANA, at=self.now)
        )
        self._number(told)
        assert told == self._either(lambda: self.brand.undo(target.pk, at=self.now))

    def retry(self):
        if changes := list(BulkChange.objects.filter(offer=self.offer).order_by("-pk")[:3]):
            target = self.rng.choice(changes)
            told = retry_failed_items(workspace_id=self.workspace.pk, change=target, by=make.ANA, at=self.now)
            assert told == self.brand.retry(target.pk, at=self.now)
            self.counts["retried"] += told

    def look(self):
        """A webhook or a sweep asks for a look at some rows, whoever holds them."""
        for row in self.rng.sample(list(self.brand.rows.values()), 3):
            row.check_at = row.due_at = self.now
            StoreCode.objects.filter(pk=row.id).update(check_at=self.now, due_at=self.now)

    def _number(self, told):
        """The database numbers changes for all tests of the run."""
        if isinstance(told, tuple) and not told[1]:
            self.brand.next_change = told[0]

    def _either(self, act):
        """(number of the change, was replayed), or the name of the refusal."""
        try:
            told = act()
        except (PlanOutOfDate, memory.PlanOutOfDate, KeyReused, memory.KeyReused) as refusal:
            return type(refusal).__name__
        except NothingToUndo:
            return None
        if told is None or isinstance(told, tuple):
            return told and (told[0].id, told[1])
        return told.change.pk, told.was_replayed

    # -- what is stored -------------------------------------------------------------------------------------

    def database(self):
        return (
            {row.pop("id"): row for row in StoreCode.objects.filter(store=self.store).values("id", *FIELDS)},
            {pk: rest for pk, *rest in PromoCode.objects.filter(offer=self.offer).values_list("pk", "is_active", "last_change_id", "text", "text_change_id")},
            {(one.change_id, one.code_id): (one.result, one.reason) for one in ItemOutcome.objects.filter(store_id=self.store.pk)},
            {one.change_id: {name: getattr(one, name) for name in ("items", *RESULTS) if getattr(one, name)}
             for one in ChangeProgress.objects.filter(store=self.store)},
            Store.objects.filter(pk=self.store.pk).values_list("trouble", "trouble_since", "paused_until", "last_answer_at").get(),
        )  # fmt: skip

    def copy(self):
        brand = self.brand
        return (
            {row.id: {name: getattr(row, name) for name in FIELDS} for row in brand.rows.values()},
            {code.id: [code.is_active, code.last_change, code.text, code.text_change] for code in brand.codes.values()},
            brand.outcomes,
            {number: memory.progress_counts(counts) for number, counts in brand.progress.items()},
            (brand.trouble, brand.trouble_since, brand.paused_until, brand.last_answer_at),
        )


RESULTS = ("confirmed", "already_so", "recreated", "conflict", "failed", "superseded")


def test_the_tables_in_memory_do_what_the_database_does(acme):
    counts = Counter()
    for seed in range(RUNS):
        both = Both(acme, seed)
        assert both.database() == both.copy()
        for _ in range(CALLS):
            both.step()
            assert both.database() == both.copy(), (seed, both.counts)
        counts += both.counts
    report("tables agree", runs=RUNS, calls=CALLS, **counts)
    assert min(counts[name] for name in STEPS) >= RUNS
    assert min(counts[name] for name in ("PlanOutOfDate", "KeyReused", "retried", "taken")) >= 1


@pytest.mark.parametrize(
    "rows", [planted.RefusalsForgetLooks, planted.TakeOverWithoutSuspicion, planted.CurrentGenerationIsRecorded]
)
def test_tables_that_differ_a_little_are_told_apart(acme, rows):
    assert any(_differ(Both(acme, seed, rows)) for seed in range(100, 100 + RUNS))


def _differ(both):
    for _ in range(CALLS):
        try:
            both.step()
        except AssertionError:  # the answer of a call differs already
            return True
        if both.database() != both.copy():
            return True
    return False
