"""The tables in memory: what `actions/sync_rows.py` and the doors do to them, once more in plain Python.

`tests/simulation/test_tables_agree.py` does the same random calls here and on the database and compares every field.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from offerwell.integrations.store import CodeSpec, DiscountKind, DiscountTerms
from offerwell.rules.code_refresh import NamedCode, WantedText, planned_refresh
from offerwell.rules.offer_status import Intent, Planned, planned_outcome
from offerwell.rules.store_sync import ClaimedCode, longer_pause

SUPERSEDED = "A later change took this one over before the store had followed."
TERMS = DiscountTerms(kind=DiscountKind.PERCENT, value=Decimal(20))


@dataclass(slots=True)
class Code:
    """A promo code: the brand's intent. `former`: the texts it had, the latest first."""

    id: int
    text: str
    is_active: bool = True
    last_change: int = 0
    text_change: int | None = None
    former: tuple = ()
    starts_at: object = None
    ends_at: object = None


@dataclass(slots=True)
class Row:
    """A `models.StoreCode`, field by field."""

    id: int
    code: Code
    ref: str = ""
    generation: int = 0
    observed_generation: int = -1
    observed_status: str = ""
    observed_at: object = None
    lease_owner: str = ""
    lease_until: object = None
    next_attempt_at: object = None
    attempts: int = 0
    last_error: str = ""
    problem: str = ""
    check_at: object = None
    suspect_until: object = None
    create_until: object = None
    last_write_at: object = None
    acked_active: object = None
    written_generation: int = -1
    written_how: str = ""
    due_at: object = None


@dataclass(slots=True)
class Change:
    """A bulk change with its items (code id → was active, of a refresh its text).

    Of a refresh `meant` holds what was proposed: (code id, text, the change that named it when it was proposed).
    """

    id: int
    key: str
    body: tuple
    to_active: bool
    meant: tuple
    undoes: int | None
    told: dict
    items: dict = field(default_factory=dict)
    is_refresh: bool = False


class PlanOutOfDate(Exception):
    """The digest is another one now."""


class KeyReused(Exception):
    """The key belongs to another request."""


class Brand:
    """One workspace with one offer on one store: tables, and the doors that write them."""

    def __init__(self, title="Summer"):
        self.title = title
        self.codes, self.rows, self.changes = {}, {}, {}
        self.outcomes = {}  # (change, code) → (result, reason)
        self.progress = {}  # change → Counter with "items"
        self.trouble, self.trouble_since, self.paused_until, self.last_answer_at = "", None, None, None
        self.next_change = 1
        self.version = 0  # rises with every write

    def add(self, code_id, row_id, text, *, ref="", due_at=None, **fields):
        code = self.codes[code_id] = Code(code_id, text, **fields)
        settled = (
            {"observed_generation": 0, "observed_status": "active" if code.is_active else "expired"} if ref else {}
        )
        self.rows[row_id] = Row(row_id, code, ref=ref, due_at=due_at, **settled)
        return self.rows[row_id]

    def is_paused(self, now):
        return self.paused_until is not None and self.paused_until > now

    # -- the doors ------------------------------------------------------------------------------------------

    def plan(self, meant, to_active, undoes, at):
        """What would become of each code meant, in order: also its digest."""
        return tuple(
            (code_id, planned_outcome(_intent(self.codes[code_id]), to_active=to_active, at=at, undoing=undoes))
            for code_id in meant
        )

    def change(self, meant, to_active, *, digest, key, at, undoes=None):
        """`actions.change_offer_status`. Gives the change, and whether it was there already."""
        body = (tuple(meant), to_active, undoes)
        earlier = next((one for one in self.changes.values() if one.key == key), None)
        if earlier is not None:
            if earlier.body != body:
                raise KeyReused
            return earlier, True
        plan = self.plan(meant, to_active, undoes, at)
        if plan != digest:
            raise PlanOutOfDate
        self.version += 1
        told = Counter(str(outcome) for _, outcome in plan)
        made = Change(self.next_change, key, body, to_active, tuple(meant), undoes, told)
        self.changes[made.id], self.next_change = made, self.next_change + 1
        self._look_again({code_id for code_id, outcome in plan if outcome == Planned.ALREADY_SO}, at)
        changed = [code_id for code_id, outcome in plan if outcome == Planned.WILL_CHANGE]
        if changed:
            self._set(made, changed, at)
        return made, False

    def plan_refresh(self, wanted):
        """What would become of each code that shall get a text: also its digest."""
        return tuple((code_id, self._renaming(code_id, text, expects)) for code_id, text, expects in wanted)

    def _renaming(self, code_id, text, expects):
        code, others = self.codes[code_id], [one for one in self.codes.values() if one.id != code_id]
        is_free = all(text != one.text and text not in one.former for one in others)
        return planned_refresh(NamedCode(code.text, code.text_change or 0), WantedText(text, expects, is_free))

    def refresh(self, wanted, *, digest, key, at, undoes=None):
        """`actions.change_offer_status` of a refresh: new texts, or with `undoes` the former ones."""
        body = ("refresh", wanted, undoes)
        earlier = next((one for one in self.changes.values() if one.key == key), None)
        if earlier is not None:
            if earlier.body != body:
                raise KeyReused
            return earlier, True
        plan = self.plan_refresh(wanted)
        if plan != digest:
            raise PlanOutOfDate
        self.version += 1
        told = Counter(str(outcome) for _, outcome in plan)
        made = Change(self.next_change, key, body, False, wanted, undoes, told, is_refresh=True)
        self.changes[made.id], self.next_change = made, self.next_change + 1
        texts = {code_id: text for code_id, text, _ in wanted}
        changed = [code_id for code_id, outcome in plan if outcome == Planned.WILL_CHANGE]
        for code_id in changed:
            code = self.codes[code_id]
            made.items[code_id] = code.text
            code.former, code.text, code.text_change = (code.text, *code.former), texts[code_id], made.id
        if changed:
            self._tell(made, at)
        return made, False

    def _undo_refresh(self, change, key, at):
        wanted = tuple((code_id, text, change.id) for code_id, text in change.items.items())
        plan = self.plan_refresh(wanted)
        if not any(outcome == Planned.WILL_CHANGE for _, outcome in plan):
            return None
        return self.refresh(wanted, digest=plan, key=key, at=at, undoes=change.id)

    def undo(self, change_id, *, at):
        """`actions.undo_bulk_change`; None when nothing is left to undo."""
        change, key = self.changes[change_id], f"undo-{change_id}"
        if change.is_refresh:
            earlier = next((one for one in self.changes.values() if one.key == key), None)
            return (earlier, True) if earlier is not None else self._undo_refresh(change, key, at)
        plan = self.plan(tuple(change.items), not change.to_active, change_id, at)
        earlier = next((one for one in self.changes.values() if one.key == key), None)
        if earlier is not None:
            return earlier, True
        if not any(outcome == Planned.WILL_CHANGE for _, outcome in plan):
            return None
        return self.change(tuple(change.items), not change.to_active, digest=plan, key=key, at=at, undoes=change_id)

    def retry(self, change_id, *, at):
        """`actions.retry_failed_items`."""
        rows = [
            row
            for row in self.rows.values()
            if row.generation == change_id and row.observed_generation < row.generation
            and (row.problem or (row.next_attempt_at is not None and row.next_attempt_at > at))
        ]  # fmt: skip
        for row in rows:
            self._forget(row)
            row.problem, row.attempts, row.next_attempt_at = "", 0, None
            row.check_at = row.due_at = at
            self.version += 1
        return len(rows)

    def hint(self, rows, at):
        """Something says that the store may have changed: a look now. What is put off keeps its pause."""
        for row in rows:
            is_put_off = row.next_attempt_at is not None and row.next_attempt_at > at
            row.check_at = at
            if row.due_at is None or (row.due_at > at and not is_put_off):
                row.due_at = at
            self.version += 1

    def look(self, rows, at):
        """A look at what settled: what a sweep asks for, or a person who asks for what is so already."""
        for row in rows:
            if row.generation == row.observed_generation:
                row.check_at = row.due_at = at
                self.version += 1

    def _look_again(self, code_ids, at):
        rows = [row for row in self.rows.values() if row.code.id in code_ids]
        for row in rows:
            if row.problem:
                row.problem, row.observed_generation, row.attempts, row.next_attempt_at = "", -1, 0, None
                row.check_at = row.due_at = at
        self.look(rows, at)

    def _set(self, change, changed, at):
        for code_id in changed:
            code = self.codes[code_id]
            change.items[code_id] = code.is_active
            code.is_active, code.last_change = change.to_active, change.id
        self._tell(change, at)

    def _tell(self, change, at):
        rows = [row for row in self.rows.values() if row.code.id in change.items]
        for row in rows:
            if row.generation > row.observed_generation and row.generation > 0:
                self._forget(row)
                self.outcomes[row.generation, row.code.id] = ("superseded", SUPERSEDED)
                self.progress[row.generation]["superseded"] += 1
            row.generation, row.due_at, row.next_attempt_at, row.attempts = change.id, at, None, 0
            row.problem = row.last_error = ""
        self.progress[change.id] = Counter(items=len(rows))

    def _forget(self, row):
        old = self.outcomes.pop((row.generation, row.code.id), None)
        if old is not None:
            self.progress[row.generation][old[0]] -= 1


def _intent(code):
    return Intent(code.is_active, code.ends_at, code.last_change)


class MemoryRows:
    """One worker's hold on the rows: fits `sync_ports.SyncRows`, says what `DatabaseRows` says."""

    def __init__(self, brand, owner, clock, margins):
        self.brand, self.owner, self.clock, self.margins = brand, owner, clock, margins

    def _held(self, ids):
        self.brand.version += 1
        rows = self.brand.rows
        return [rows[row_id] for row_id in ids if row_id in rows and rows[row_id].lease_owner == self.owner]

    def _seconds(self, seconds):
        return timedelta(seconds=seconds)

    def claim(self, limit):
        now = self.clock()
        free = [row for row in self.brand.rows.values() if self._is_free(row, now)]
        taken = sorted(free, key=lambda row: row.due_at)[:limit]
        for row in taken:
            self.take(row, now)
            self.brand.version += 1
        return [self.claimed(row) for row in sorted(taken, key=lambda row: row.code.id)]

    def _is_free(self, row, now):
        return row.due_at is not None and row.due_at <= now and (row.lease_until is None or row.lease_until < now)

    def take(self, row, now):
        was_pushed = row.generation > row.observed_generation or row.suspect_until is not None
        if row.lease_owner and was_pushed:
            self.take_over(row, now)
        row.lease_owner, row.lease_until = self.owner, now + self._seconds(self.margins.lease)
        row.check_at = None

    def take_over(self, row, now):
        self._suspect(row, now + self.margins.suspicion)

    def _suspect(self, row, until):
        row.suspect_until = max(row.suspect_until or until, until)
        if row.written_how == "create" and row.acked_active is None:
            row.create_until = max(row.create_until or until, until)

    def claimed(self, row):
        return ClaimedCode(
            id=row.id, code_id=row.code.id, text=row.code.text, title=self.brand.title, ref=row.ref,
            wants_active=row.code.is_active, generation=row.generation, observed_generation=row.observed_generation,
            starts_at=row.code.starts_at, ends_at=row.code.ends_at, is_suspect=row.suspect_until is not None,
            attempts=row.attempts, last_write_at=row.last_write_at, acked_active=row.acked_active,
            written_generation=row.written_generation, written_how=row.written_how, problem=row.problem,
            was_renamed=row.code.text_change is not None,
            former_texts=row.code.former if self._may_have_a_former_one(row) else (),
            create_until=row.create_until,
        )  # fmt: skip

    def _may_have_a_former_one(self, row):
        """A request to create it under a text of before was not answered."""
        return row.code.text_change is not None and row.written_how == "create" and row.acked_active is None

    def hold(self, ids):
        held = self._held(ids)
        for row in held:
            row.lease_until = self.clock() + self._seconds(self.margins.lease)
        return {row.id for row in held}

    def fence(self, codes, how):
        kept, asked = set(), {code.id: code.generation for code in codes}
        for row in self._held(asked):
            if row.generation == asked[row.id]:
                row.last_write_at = self.clock()
                row.acked_active = row.acked_active if how == "rename" else None  # a rename says nothing of it
                row.written_generation, row.written_how = row.generation, how
                kept.add(row.id)
        return kept

    def acknowledge(self, codes):
        wanted = {code.id: code.wants_active for code in codes}
        for row in self._held(wanted):
            row.acked_active, row.last_write_at = wanted[row.id], self.clock()

    def renamed(self, codes):
        for row in self._held(code.id for code in codes):
            row.last_write_at = self.clock()

    def keep_refs(self, refs):
        for row in self._held(refs):
            row.ref = refs[row.id]

    def foreign_refs(self, codes, refs):
        own = {code.id for code in codes}
        return {row.ref for row in self.brand.rows.values() if row.ref and row.ref in refs and row.id not in own}

    def confirm(self, settled):
        now = self.clock()
        by_id = {one.code.id: one for one in settled}
        for row in self._held(by_id):
            one = by_id[row.id]
            if one.code.generation > 0 and one.code.observed_generation < one.code.generation:
                self._note_outcome(row, one.code.generation, one.result, one.reason)
            self.confirm_row(row, one, now)

    def confirm_row(self, row, one, now):
        row.observed_generation, row.observed_status, row.observed_at = one.code.generation, one.status, now
        row.attempts, row.last_error, row.problem, row.next_attempt_at = 0, "", "", None
        self._release(row)
        row.due_at = row.suspect_until if row.suspect_until is not None and row.suspect_until > now else None
        if row.check_at is not None:
            row.due_at = row.check_at
        if row.generation > one.code.generation:
            row.due_at = now
        self._end_suspicion(row, now)

    def _end_suspicion(self, row, now):
        """Suspicion lasts until its time, whatever a read shows before."""
        if row.suspect_until is not None and row.suspect_until <= now:
            row.suspect_until = None

    def _release(self, row):
        row.lease_owner, row.lease_until = "", None

    def give_up(self, codes, *, problem, reason):
        now = self.clock()
        by_id = {code.id: code for code in codes}
        for row in self._held(by_id):
            generation = by_id[row.id].generation
            has_moved = row.generation > generation
            if generation > max(0, by_id[row.id].observed_generation):
                self._note_outcome(row, generation, problem, reason)
            row.problem, row.last_error, row.attempts = "" if has_moved else problem, reason, row.attempts + 1
            self._release(row)
            is_suspect = row.suspect_until is not None and row.suspect_until > now
            row.due_at = now if has_moved else row.check_at or (row.suspect_until if is_suspect else None)
            self._end_suspicion(row, now)

    def flag_drifts(self, drifted):
        now = self.clock()
        by_id = {one.code.id: one for one in drifted}
        for row in self._held(by_id):
            has_moved, one = row.generation > row.observed_generation, by_id[row.id]
            row.problem, row.last_error = "" if has_moved else "drifted", one.reason
            row.observed_status, row.observed_at = "missing" if one.seen is None else one.seen.status, now
            row.attempts, row.next_attempt_at = 0, None
            self._release(row)
            row.due_at = now if has_moved else row.check_at

    def put_off(self, codes, *, until, reason):
        now = self.clock()
        by_id = {code.id: code for code in codes}
        for row in self._held(by_id):
            has_moved = row.generation > by_id[row.id].generation
            row.last_error, row.attempts = "" if has_moved else reason, row.attempts + 1
            row.next_attempt_at, row.due_at = (None, now) if has_moved else (until, until)
            self._release(row)

    def suspect(self, codes, *, until):
        for row in self._held(code.id for code in codes):
            self._suspect(row, until)
            row.due_at = until if row.due_at is None else row.due_at

    def let_go(self, ids):
        for row in self._held(ids):
            self._release(row)

    def specs(self, codes):
        now = self.clock()
        return {
            code.id: CodeSpec(
                code=code.text, title=code.title, terms=TERMS, starts_at=code.starts_at or now, ends_at=code.ends_at
            )
            for code in codes
        }

    def note_store(self, *, trouble, pause):
        now, brand = self.clock(), self.brand
        brand.version += 1
        if not trouble:
            brand.trouble, brand.trouble_since, brand.paused_until, brand.last_answer_at = "", None, None, now
            return
        since = (brand.trouble and brand.trouble_since) or now
        brand.paused_until = None if pause is None else now + longer_pause(pause, now - since)
        brand.trouble, brand.trouble_since = trouble, since

    def _note_outcome(self, row, generation, result, reason):
        old = self.brand.outcomes.get((generation, row.code.id))
        self.brand.outcomes[generation, row.code.id] = (result, reason)
        progress = self.brand.progress.get(generation)
        if progress is not None:
            if old is not None:
                progress[old[0]] -= 1
            progress[result] += 1


def progress_counts(counter):
    """A change's counts without the zeros."""
    return {name: n for name, n in counter.items() if n}
