"""Two people refresh, switch and undo the same codes in any order, with plans from before each other's work.

Each accepted change is replayed by a plain model in the order of its ids; codes, and what `offerwell verify` recounts,
must agree after every step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django_scopes import scope
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offerwell.actions.change_offer_status import PlanOutOfDate, change_offer_status
from offerwell.actions.propose_texts import NameWish, propose_texts
from offerwell.actions.undo_bulk_change import NothingToUndo, undo_bulk_change
from offerwell.models import BulkChange, ChangeKind, CodeProposal, Enrollment, OfferPart, PromoCode
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.queries.verify_counts import count_problems
from offerwell.rules.selection import MemberSelection
from tests import make

CODES = 4
# What is done next, and to which of the codes; a plan is shown first and confirmed some steps later.
STEP = st.tuples(
    st.sampled_from(["show refresh", "show off", "show on", "confirm", "confirm", "undo"]), st.integers(1, 2**CODES - 1)
)


@dataclass
class Model:
    """Each code's text and status, with the change that set each, and what each change replaced."""

    texts: dict[int, str]
    active: dict[int, bool]
    named_by: dict[int, int] = field(default_factory=dict)
    switched_by: dict[int, int] = field(default_factory=dict)
    replaced: dict[int, dict[int, object]] = field(default_factory=dict)

    def rename(self, change, wanted):
        self.replaced[change.pk] = {code: self.texts[code] for code in wanted}
        self.texts |= wanted
        self.named_by |= dict.fromkeys(wanted, change.pk)

    def switch(self, change, codes, *, to_active):
        self.replaced[change.pk] = dict.fromkeys(codes, not to_active)
        self.active |= dict.fromkeys(codes, to_active)
        self.switched_by |= dict.fromkeys(codes, change.pk)

    def undo(self, undone, change):
        by = self.named_by if undone.kind == ChangeKind.REFRESH else self.switched_by
        back = {code: old for code, old in self.replaced[undone.pk].items() if by.get(code) == undone.pk}
        if undone.kind == ChangeKind.REFRESH:
            self.rename(change, back)
        else:
            self.switch(change, back, to_active=not undone.to_active)


@dataclass
class Shown:
    """A plan on somebody's screen."""

    wish: Wish
    digest: str


class World:
    """The database and the model beside each other."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.offer = make.offer(workspace, type="promo_code", stores=[make.store(workspace)])
        for n in range(CODES):
            make.history(make.code(make.enrollment(self.offer), f"OLD{n}", stores=[self.offer.store_links.get().store]))
        self.codes = list(PromoCode.objects.order_by("pk"))
        self.model = Model({c.pk: c.text for c in self.codes}, {c.pk: True for c in self.codes})
        self.shown: list[Shown] = []
        self.steps = 0

    def step(self, what, mask):
        self.steps += 1
        if what.startswith("show"):
            self.show(what.removeprefix("show "), mask)
        elif what == "confirm" and self.shown:
            self.confirm(self.shown.pop(0))
        elif what == "undo" and BulkChange.objects.exists():
            changes = list(BulkChange.objects.order_by("pk"))
            self.undo(changes[mask % len(changes)])

    def show(self, what, mask):
        members = tuple(c.enrollment.member_id for n, c in enumerate(self.codes) if mask >> n & 1)
        chosen = MemberSelection(ids=members)
        if what == "refresh":
            batch = propose_texts(
                workspace_id=self.workspace.pk, offer=self.offer, selection=chosen,
                names=NameWish(f"S{self.steps}X{{first_name}}"), by=make.ANA, at=make.NOW,
            )  # fmt: skip
            wish = Wish(self.offer, OfferPart.CODES, False, chosen, kind=ChangeKind.REFRESH, batch=batch)
        else:
            wish = Wish(self.offer, OfferPart.CODES, what == "on", chosen)
        self.shown.append(Shown(wish, plan_change(wish, at=make.NOW).digest))

    def confirm(self, shown):
        wish = shown.wish
        wanted = {}
        if wish.batch is not None:
            wanted = dict(CodeProposal.objects.filter(batch=wish.batch).values_list("code_id", "text"))
            seen = dict(CodeProposal.objects.filter(batch=wish.batch).values_list("code_id", "seen_change_id"))
        try:
            change = change_offer_status(
                workspace_id=self.workspace.pk, wish=wish, digest=shown.digest, key=f"k{self.steps}", by=make.ANA,
                at=make.NOW,
            ).change  # fmt: skip
        except PlanOutOfDate:
            return  # and the model stays as it is
        if wish.batch is not None:
            assert all(self.model.named_by.get(code, 0) == by for code, by in seen.items())
            self.model.rename(change, wanted)
        else:
            meant = [c.pk for c in self.codes if c.enrollment.member_id in wish.selection.ids]
            moved = [pk for pk in meant if self.model.active[pk] != wish.to_active]
            self.model.switch(change, moved, to_active=wish.to_active)

    def undo(self, change):
        try:
            done = undo_bulk_change(workspace_id=self.workspace.pk, change=change, by=make.ANA, at=make.NOW)
        except (NothingToUndo, PlanOutOfDate):
            return
        if not done.was_replayed:
            self.model.undo(change, done.change)

    def agrees(self):
        rows = PromoCode.objects.order_by("pk").values_list("pk", "text", "is_active")
        assert list(rows) == [(c.pk, self.model.texts[c.pk], self.model.active[c.pk]) for c in self.codes]
        for place in Enrollment.objects.select_related("member"):
            text = PromoCode.objects.get(enrollment=place).text.lower()
            assert place.search_text == f"{place.member.search_text} {text}"
        assert count_problems(self.workspace) == []


@given(steps=st.lists(STEP, min_size=3, max_size=14))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_order_explains_what_became_of_the_codes(db, steps):
    with scope(workspace=(workspace := make.workspace())):
        world = World(workspace)
        for what, mask in steps:
            world.step(what, mask)
            world.agrees()


def test_the_order_of_the_worst_day(db):
    """Everything at once, so that the test above is known to reach it."""
    with scope(workspace=(workspace := make.workspace())):
        world = World(workspace)
        for what, mask in (
            ("show refresh", 15), ("show off", 7), ("show refresh", 3), ("confirm", 1), ("confirm", 1), ("confirm", 1),
            ("show on", 15), ("show refresh", 9), ("confirm", 1), ("confirm", 1), ("undo", 0), ("undo", 1), ("undo", 2),
        ):  # fmt: skip
            world.step(what, mask)
            world.agrees()
        assert {change.kind for change in BulkChange.objects.all()} == {"status", "refresh"}
        # Of the first three changes one was wholly renamed over, so there is nothing of it to undo.
        assert BulkChange.objects.filter(undoes__isnull=False).count() == 2
