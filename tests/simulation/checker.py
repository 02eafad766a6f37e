"""What must hold after every single step, and at the end. Knows the truth of the simulated store."""

from __future__ import annotations

from datetime import timedelta

from tests.simulation.faults import STALE
from tests.simulation.world import START


class Wrong(AssertionError):
    """An invariant is broken."""


class Checker:
    """Looks at whatever changed in the last step."""

    def __init__(self, run):
        self.run, self.world, self.brand, self.shop = run, run.world, run.brand, run.shop
        self.version = self.change = 0
        self.wanted = {code.id: (code.is_active, 0) for code in self.brand.codes.values()}
        self.named = {code.id: (code.text, None) for code in self.brand.codes.values()}
        self.had = {code.text: code.id for code in self.brand.codes.values()}  # text → the code it is for ever
        self.intent_at = dict.fromkeys(self.brand.codes, START)
        self.claimed_at, self.owner = {}, {}
        self.generation = dict.fromkeys(self.brand.rows, 0)
        self.seen_at = {row.id: row.observed_at for row in self.brand.rows.values()}
        self.seen_generation = {row.id: row.observed_generation for row in self.brand.rows.values()}
        self.asked = set()  # rows that somebody asked to be looked at, until they are claimed
        self.ticks = 0

    def after_step(self):
        if self.shop.touched_foreign:
            raise Wrong(f"a discount that is not ours was written: {self.shop.touched_foreign}")
        if self.version == self.brand.version:
            return
        self.version = self.brand.version
        if self.change != self.brand.next_change - 1:
            self._replay()
        refs = [row.ref for row in self.brand.rows.values() if row.ref]
        if len(refs) != len(set(refs)):
            raise Wrong(f"one discount in two rows: {sorted(refs)}")
        for row in self.brand.rows.values():
            self._look_at(row)

    def _replay(self):
        """Each new change is explained by those before it, once for each key."""
        keys = [change.key for change in self.brand.changes.values()]
        if len(keys) != len(set(keys)):
            raise Wrong(f"a key was applied twice: {sorted(keys)}")
        for number in range(self.change + 1, self.brand.next_change):
            change = self.brand.changes[number]
            if change.is_refresh:
                self._replay_refresh(change)
                continue
            for code_id in change.meant:
                is_on, last = self.wanted[code_id]
                moved = change.undoes is not None and last != change.undoes
                if is_on != change.to_active and not moved:
                    self.wanted[code_id] = (change.to_active, number)
                    self.intent_at[code_id] = self.world.now
        self.change = self.brand.next_change - 1

    def _replay_refresh(self, change):
        """A text goes to one code for ever, and only while the code is named as it was when it was proposed."""
        for code_id, text, expects in change.meant:
            now, last = self.named[code_id]
            if (last or 0) == expects and text != now and self.had.setdefault(text, code_id) == code_id:
                self.named[code_id] = (text, change.id)
                self.intent_at[code_id] = self.world.now

    def _look_at(self, row):
        code = row.code
        if (code.text, code.text_change) != self.named[code.id]:
            raise Wrong(f"{code.text}: its text is not explained by the changes {self.named[code.id]}")
        if (code.is_active, code.last_change) != self.wanted[code.id]:
            raise Wrong(f"{code.text}: intent {code.is_active} is not explained by the changes {self.wanted[code.id]}")
        if row.generation < self.generation[row.id] or row.generation != max(code.last_change, code.text_change or 0):
            raise Wrong(f"{code.text}: generation {row.generation} after {self.generation[row.id]}")
        self.generation[row.id] = row.generation
        if row.observed_generation > row.generation:
            raise Wrong(f"{code.text}: observed {row.observed_generation} of {row.generation}")
        if bool(row.lease_owner) != (row.lease_until is not None):
            raise Wrong(f"{code.text}: half a lease")
        if row.lease_owner and row.lease_owner != self.owner.get(row.id):
            self.claimed_at[row.id] = self.world.now
        if row.lease_owner and row.check_at is None:  # a claim took it along, be it by the same worker again
            self.asked.discard(row.id)
        self.owner[row.id] = row.lease_owner
        self._is_not_lost(row)
        self._is_told_of(row)
        seen = (self.seen_at[row.id], self.seen_generation[row.id])
        if (row.observed_at, row.observed_generation) != seen:
            self.seen_at[row.id], self.seen_generation[row.id] = row.observed_at, row.observed_generation
            self._is_no_false_tick(row)
        if row.problem == "drifted" and not self.run.is_full:
            raise Wrong(f"{code.text}: our own request was taken for somebody else's edit")

    def _is_told_of(self, row):
        """The change a row follows, or followed, says of it what the row says."""
        told, _ = self.brand.outcomes.get((row.generation, row.code.id), ("", ""))
        is_behind = row.generation > row.observed_generation
        if row.generation > 0 and not is_behind and told not in {"confirmed", "already_so", "recreated"}:
            raise Wrong(f"{row.code.text}: followed, and change {row.generation} says {told or 'waiting'}")
        is_at_rest = row.problem and row.due_at is None
        if row.generation > 0 and is_behind and is_at_rest and told != row.problem:
            raise Wrong(f"{row.code.text}: {row.problem}, and change {row.generation} says {told or 'waiting'}")

    def _is_not_lost(self, row):
        """Whatever is unsettled, suspect or to be looked at has its moment."""
        is_open = not row.problem and row.generation > row.observed_generation
        is_suspect = row.suspect_until is not None and row.suspect_until > self.world.now
        if row.check_at is not None:
            self.asked.add(row.id)
        if row.due_at is None and (is_open or is_suspect or row.id in self.asked):
            raise Wrong(f"{row.code.text}: lost (open {is_open}, suspect {is_suspect}, look {row.id in self.asked})")

    def _is_no_false_tick(self, row):
        """A row that now shows a tick was truly so at some moment since its intent was made and it was claimed."""
        if row.observed_generation != row.generation or row.problem:
            return
        if row.suspect_until is not None and row.suspect_until > self.world.now:
            return  # shown as Checking
        self.ticks += 1
        slack = timedelta(seconds=STALE)
        since = max(
            self.intent_at[row.code.id] - (slack if self.run.is_full else timedelta(0)),
            self.claimed_at.get(row.id, START) - slack,
        )
        if not self.was_right(row, since):
            raise Wrong(f"{row.code.text}: a tick for {row.code.is_active}, and the store was never so since")

    def was_right(self, row, since):
        """Whether the store was as wanted at some moment since then."""
        past = self.shop.past.get(row.ref or self.shop.owner.get(row.code.text, ""), ())
        for moment, discount in reversed(past):
            if self._is_right(row.code, discount):
                return True
            if moment <= since:
                return False
        return not row.code.is_active  # before its first moment there was no discount

    def _is_right(self, code, discount):
        """What is off may have any text, unless it was given a new one."""
        if not code.is_active:
            is_named = discount is None or code.text_change is None or discount.text == code.text
            return is_named and (discount is None or not discount.is_on)
        if discount is None or discount.text != code.text:
            return False
        return discount.is_on and discount.ends_at == code.ends_at

    def _no_discount_is_stray(self):
        """Of a code that a person was told of it is theirs to look."""
        held = {row.ref for row in self.brand.rows.values()}
        told = {row.code.id for row in self.brand.rows.values() if row.problem}
        stray = [ref for ref in self.shop.past if ref not in held and self._works_for_us(ref)]
        stray = [ref for ref in stray if self.had.get(self.shop.now_of(ref).text) not in told]
        if stray:
            raise Wrong(f"discounts that were made twice, or under a text of before, work: {stray}")

    def _works_for_us(self, ref):
        discount = self.shop.now_of(ref)
        return discount is not None and discount.is_ours and discount.is_on

    def is_settled(self):
        """Nothing is due and nothing held."""
        return all(row.due_at is None and not row.lease_owner for row in self.brand.rows.values())

    def at_the_end(self):
        """Calm, and time enough: everything is as wanted, or says why not."""
        for row in self.brand.rows.values():
            code = row.code
            discount = self.shop.now_of(row.ref) if row.ref else self.shop.under(code.text)
            if not self.is_settled():
                raise Wrong(f"{code.text}: not settled in time: {row}")
            if row.problem:
                if row.problem == "drifted" and self.run.faults.jumps_hours and code.id not in self.run.may_fail:
                    # A clock that is an hour off takes suspicion for over: a late request of ours looks like an edit.
                    self.world.coverage["flagged after a clock jump"] += 1
                elif code.id not in self.run.may_fail:
                    raise Wrong(f"{code.text}: {row.problem} without a cause: {row.last_error}")
                holds_others = discount is not None and discount.codes_count > 1
                if row.problem == "drifted" and self._is_right(code, discount) and not holds_others:
                    raise Wrong(f"{code.text}: shown as different in the store, and it is as wanted")
            elif not self._is_right(code, discount):
                raise Wrong(f"{code.text}: want {code.is_active}, the store has {discount}")
        if not self.run.is_full:  # what outsiders renamed or deleted there is theirs to put right
            self._no_discount_is_stray()
        for number, counts in self.brand.progress.items():
            known = sum(n for name, n in counts.items() if name != "items")
            kept = sum(1 for (change, _) in self.brand.outcomes if change == number)
            if not known == kept == counts["items"] or min(counts.values()) < 0:
                raise Wrong(f"change {number}: counts {dict(counts)}, outcomes {kept}")
