"""The rows of one store, kept in the database: the product's side of `sync_ports.SyncRows`."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import BigIntegerField, Case, Count, DateTimeField, F, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Cast, Coalesce

from offerwell.actions.keep_drifts import keep_drifts
from offerwell.integrations.store import CodeSpec
from offerwell.models import ChangeProgress, CodeHistory, ItemOutcome, Offer, Store, StoreCode, lock_workspace
from offerwell.models.id_list import id_rows
from offerwell.models.insert_select import insert_select
from offerwell.models.json_rows import update_rows
from offerwell.rules.store_sync import NEVER, ClaimedCode, Margins, longer_pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from offerwell.actions.sync_ports import Drifted, Settled

_CLAIMED = (
    "id", "code_id", "code__text", "title_there", "ref", "code__is_active", "generation", "observed_generation",
    "starts", "ends", "suspect_until", "create_until", "attempts", "last_write_at", "acked_active",
    "written_generation", "written_how", "problem", "is_redated", "code__text_change_id",
)  # fmt: skip
# Its last write was a create that nobody answered.
_CREATING = Q(written_how="create", acked_active=None)
_UPSERT = (
    "ON CONFLICT (change_id, store_id, code_id) DO UPDATE SET result = excluded.result, reason = excluded.reason,"
    " at = excluded.at"
)


@dataclass(slots=True)
class DatabaseRows:
    """One worker's hold on the rows of `store`. `owner` names the worker and must be unique to it."""

    store: Store
    owner: str
    clock: Callable[[], datetime]
    margins: Margins

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """One transaction, in line with the workspace's bulk changes.

        Both write many of the same rows: on PostgreSQL two such statements that meet from different ends
        are a deadlock.
        """
        with transaction.atomic():
            lock_workspace(self.store.workspace_id)
            yield

    def claim(self, limit: int) -> list[ClaimedCode]:
        """Due rows nobody holds, now held by us. A lease taken over makes its row suspect.

        Not where the store agreed when the lease was taken: such a row was only read, so nothing of ours can land,
        and an edit of somebody else must not pass for our own.
        A look that is due is taken along; one asked for from now on is seen by `confirm`, whatever moment it names.
        """
        now = self.clock()
        to_write = Q(generation__gt=F("observed_generation")) | Q(suspect_until__isnull=False) | Q(is_redated=True)
        taken_over = ~Q(lease_owner="") & to_write
        free = StoreCode.objects.filter(store=self.store, due_at__lte=now).filter(
            Q(lease_until=None) | Q(lease_until__lt=now)
        )
        if connection.features.has_select_for_update_skip_locked:
            free = free.select_for_update(skip_locked=True)
        with transaction.atomic():
            ids = list(free.order_by("due_at").values_list("pk", flat=True)[:limit])
            StoreCode.objects.filter(pk__in=id_rows(ids)).update(
                create_until=_lengthened("create_until", now + self.margins.suspicion, taken_over & _CREATING),
                suspect_until=_lengthened("suspect_until", now + self.margins.suspicion, taken_over),
                lease_owner=self.owner, lease_until=now + timedelta(seconds=self.margins.lease), check_at=None,
            )  # fmt: skip
            return self._read(ids)

    def _read(self, ids: list[int]) -> list[ClaimedCode]:
        rows = StoreCode.objects.filter(pk__in=id_rows(ids)).annotate(
            starts=Coalesce("code__starts_at", "code__offer__starts_at"),
            ends=Coalesce("code__ends_at", "code__offer__ends_at"),
            title_there=Case(When(code__offer__title="", then=F("code__offer__name")), default=F("code__offer__title")),
        )
        claimed = [_claimed(row) for row in rows.order_by("code_id").values_list(*_CLAIMED)]
        return _with_former_texts(claimed)

    def _held(self, ids: Iterable[int]) -> QuerySet[StoreCode]:
        return StoreCode.objects.filter(pk__in=id_rows(ids), lease_owner=self.owner)

    def hold(self, ids: Iterable[int]) -> set[int]:
        """Lengthen our leases. Gives the rows we still hold."""
        held = self._held(ids)
        with self._in_turn():
            held.update(lease_until=self.clock() + timedelta(seconds=self.margins.lease))
            return set(held.values_list("pk", flat=True))

    def fence(self, codes: Sequence[ClaimedCode], how: str) -> set[int]:
        """Note that we are about to write. Gives the rows still ours and of the claimed generation.

        A rename leaves what is known of the status as it is.
        """
        kept: set[int] = set()
        unsure: dict[str, Any] = {} if how == "rename" else {"acked_active": None}
        with self._in_turn():
            for generation, ids in _by_generation(codes).items():
                rows = self._held(ids).filter(generation=generation)
                rows.update(last_write_at=self.clock(), written_generation=generation, written_how=how, **unsure)
                kept.update(rows.values_list("pk", flat=True))
        return kept

    def acknowledge(self, codes: Sequence[ClaimedCode]) -> None:
        """The store said that our write of each row's wanted status is done."""
        for active in (True, False):
            ids = [code.id for code in codes if code.wants_active == active]
            if not ids:
                continue
            with self._in_turn():
                self._held(ids).update(acked_active=active, last_write_at=self.clock())

    def renamed(self, codes: Sequence[ClaimedCode]) -> None:
        """The store said that our rename of each row is done."""
        with self._in_turn():
            self._held(code.id for code in codes).update(last_write_at=self.clock())

    def keep_refs(self, refs: Mapping[int, str]) -> None:
        """Store the ids of discounts just made or adopted, at once: a crash must not lose them."""
        if not refs:
            return
        with self._in_turn():
            held = self._held(refs).select_for_update().order_by("pk").values_list("pk", flat=True)
            update_rows(StoreCode, ("ref",), [(row_id, (refs[row_id],)) for row_id in held])

    def foreign_refs(self, codes: Sequence[ClaimedCode], refs: Sequence[str]) -> set[str]:
        """Which of these discounts other rows of ours hold already."""
        own = [code.id for code in codes]
        rows = StoreCode.objects.filter(store=self.store, ref__in=list(refs)).exclude(ref="")
        return {ref for row_id, ref in rows.values_list("pk", "ref") if row_id not in own}

    def confirm(self, settled: Sequence[Settled]) -> None:
        """The store agrees with the claimed generation. Lets the rows go."""
        groups: dict[tuple[int, int, str, str, str], list[int]] = defaultdict(list)
        for one in settled:
            key = (one.code.generation, one.code.observed_generation, one.status, one.result, one.reason)
            groups[key].append(one.code.id)
        with self._in_turn():
            for (generation, observed, status, result, reason), ids in groups.items():
                if generation > 0 and observed < generation:
                    self._note_outcome(generation, ids, result, reason)
                self._confirm_rows(generation, status, ids)

    def _confirm_rows(self, generation: int, status: str, ids: list[int]) -> None:
        now = self.clock()
        asked_meanwhile = Q(check_at__isnull=False)
        self._held(ids).update(
            observed_generation=generation, observed_status=status, observed_at=now, attempts=0, last_error="",
            problem="", next_attempt_at=None, lease_owner="", lease_until=None,
            suspect_until=_still_suspect(now),
            is_redated=Case(When(asked_meanwhile, then=F("is_redated")), default=Value(False)),
            due_at=Case(
                When(generation__gt=generation, then=Value(now)), When(asked_meanwhile, then=F("check_at")),
                When(suspect_until__gt=now, then=F("suspect_until")), default=None, output_field=DateTimeField(),
            ),
        )  # fmt: skip

    def give_up(self, codes: Sequence[ClaimedCode], *, problem: str, reason: str) -> None:
        """A person must act; not tried again by itself. Lets the rows go.

        A row whose intent moved meanwhile stays due: the refusal was for the old intent. So does one that
        somebody asked to be looked at meanwhile: the reason may be gone. A change that the store had followed
        before keeps its outcome; the code alone has failed.
        """
        now = self.clock()
        behind = {code.id for code in codes if code.generation > max(0, code.observed_generation)}
        with self._in_turn():
            for generation, ids in _by_generation(codes).items():
                moved = Q(generation__gt=generation)
                if followers := [row_id for row_id in ids if row_id in behind]:
                    self._note_outcome(generation, followers, problem, reason)
                self._held(ids).update(
                    problem=Case(When(moved, then=Value("")), default=Value(problem)), last_error=reason,
                    attempts=F("attempts") + 1, lease_owner="", lease_until=None, suspect_until=_still_suspect(now),
                    due_at=Case(
                        When(moved, then=Value(now)), When(check_at__isnull=False, then=F("check_at")),
                        When(suspect_until__gt=now, then=F("suspect_until")),
                        default=None, output_field=DateTimeField(),
                    ),
                )  # fmt: skip

    def flag_drifts(self, drifted: Sequence[Drifted]) -> None:
        """Someone else changed the store. Lets the rows go; one whose intent moved meanwhile stays due."""
        now, moved = self.clock(), Q(generation__gt=F("observed_generation"))
        groups: dict[tuple[str, str], list[int]] = defaultdict(list)
        for one in drifted:
            groups["missing" if one.seen is None else one.seen.status, one.reason].append(one.code.id)
        with self._in_turn():
            for (status, reason), ids in groups.items():
                self._held(ids).update(
                    problem=Case(When(moved, then=Value("")), default=Value("drifted")), last_error=reason,
                    observed_status=status, observed_at=now, attempts=0, next_attempt_at=None,
                    lease_owner="", lease_until=None,
                    due_at=Case(
                        When(moved, then=Value(now)), When(check_at__isnull=False, then=F("check_at")),
                        default=None, output_field=DateTimeField(),
                    ),
                )  # fmt: skip
            keep_drifts(self.store, drifted, at=now)

    def put_off(self, codes: Sequence[ClaimedCode], *, until: datetime, reason: str) -> None:
        """Try again at `until`, sooner where the intent moved meanwhile. Lets the rows go."""
        now = self.clock()
        with self._in_turn():
            for generation, ids in _by_generation(codes).items():
                moved = Q(generation__gt=generation)
                self._held(ids).update(
                    last_error=Case(When(moved, then=Value("")), default=Value(reason)), attempts=F("attempts") + 1,
                    next_attempt_at=Case(When(moved, then=None), default=Value(until), output_field=DateTimeField()),
                    due_at=Case(When(moved, then=Value(now)), default=Value(until), output_field=DateTimeField()),
                    lease_owner="", lease_until=None,
                )  # fmt: skip

    def suspect(self, codes: Sequence[ClaimedCode], *, until: datetime) -> None:
        """A request of unknown fate may land until then, if no earlier one later. Keeps the rows held."""
        with self._in_turn():
            self._held(code.id for code in codes).update(
                suspect_until=_lengthened("suspect_until", until, Q()),
                create_until=_lengthened("create_until", until, _CREATING),
                due_at=Case(When(due_at=None, then=Value(until)), default=F("due_at")),
            )

    def let_go(self, ids: Iterable[int]) -> None:
        """Release rows untouched."""
        with self._in_turn():
            self._held(ids).update(lease_owner="", lease_until=None)

    def specs(self, codes: Sequence[ClaimedCode]) -> Mapping[int, CodeSpec]:
        """What to create for each row id."""
        rows = StoreCode.objects.filter(pk__in=id_rows(code.id for code in codes))
        offers = dict(rows.values_list("pk", "code__offer_id"))
        known = Offer.objects.in_bulk(set(offers.values()))
        return {code.id: _spec(code, known[offers[code.id]], self.clock()) for code in codes}

    def note_store(self, *, trouble: str, pause: timedelta | None) -> None:
        """How the store as a whole is; empty trouble says that it answers. Pauses grow with the trouble."""
        now = self.clock()
        # A pass that was under way when the app was uninstalled must not put an end to that.
        own = Store.objects.filter(pk=self.store.pk, uninstalled_at=None)
        if not trouble:
            own.update(trouble="", trouble_since=None, paused_until=None, last_answer_at=now)
            return
        with self._in_turn():
            kept = Store.objects.values("trouble", "trouble_since").get(pk=self.store.pk)
            since = (kept["trouble"] and kept["trouble_since"]) or now
            until = None if pause is None else now + longer_pause(pause, now - since)
            own.update(trouble=trouble, trouble_since=since, paused_until=until)

    def _note_outcome(self, generation: int, ids: list[int], result: str, reason: str) -> None:
        """Write the outcome of the bulk change `generation` for these rows, and keep its counts in step."""
        held = self._held(ids)
        kept = ItemOutcome.objects.filter(
            change_id=generation, store_id=self.store.pk, code_id__in=held.values("code_id")
        )
        deltas: dict[str, Any] = defaultdict(int)
        for row in kept.values("result").annotate(n=Count("pk")):
            deltas[row["result"]] -= row["n"]
        deltas[result] += insert_select(
            ItemOutcome, ("workspace_id", "change_id", "store_id", "code_id", "result", "reason", "at"),
            held.values_list(
                "workspace_id", Cast(Value(generation), BigIntegerField()),
                "store_id", "code_id", Cast(Value(result), TextField()), Cast(Value(reason), TextField()),
                Cast(Value(self.clock()), DateTimeField()),
            ),
            on_conflict=_UPSERT,
        )  # fmt: skip
        ChangeProgress.objects.filter(change_id=generation, store=self.store).update(
            **{name: F(name) + delta for name, delta in deltas.items() if delta}
        )


def _lengthened(field: str, until: datetime, where: Q) -> Case:
    """`until` where `where` holds, unless the field says later already."""
    says_later = Q(**{f"{field}__gt": until})
    return Case(When(where & ~says_later, then=Value(until)), default=F(field), output_field=DateTimeField())


def _still_suspect(now: datetime) -> Case:
    """Suspicion lasts until its time, whatever a read shows before."""
    return Case(When(suspect_until__gt=now, then=F("suspect_until")), default=None, output_field=DateTimeField())


def _by_generation(codes: Sequence[ClaimedCode]) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = defaultdict(list)
    for code in codes:
        groups[code.generation].append(code.id)
    return groups


def _claimed(row: tuple[Any, ...]) -> ClaimedCode:
    named = dict(zip(_CLAIMED, row, strict=True))
    return ClaimedCode(
        id=named["id"], code_id=named["code_id"], text=named["code__text"], title=named["title_there"],
        ref=named["ref"], wants_active=named["code__is_active"], generation=named["generation"],
        observed_generation=named["observed_generation"], starts_at=named["starts"], ends_at=named["ends"],
        is_suspect=named["suspect_until"] is not None, attempts=named["attempts"],
        last_write_at=named["last_write_at"], acked_active=named["acked_active"],
        written_generation=named["written_generation"], written_how=named["written_how"], problem=named["problem"],
        is_redated=named["is_redated"], was_renamed=named["code__text_change_id"] is not None,
        create_until=named["create_until"],
    )  # fmt: skip


def _with_former_texts(claimed: list[ClaimedCode]) -> list[ClaimedCode]:
    """A create that was not answered, and then a refresh: what may exist on the store has the text of before."""
    lost = {code.code_id for code in claimed if code.was_renamed and code.has_open_create}
    if not lost:
        return claimed
    texts: dict[int, list[str]] = defaultdict(list)
    entries = CodeHistory.objects.filter(code_id__in=id_rows(lost), until_at__isnull=False).order_by("-pk")
    for code_id, text in entries.values_list("code_id", "text"):
        texts[code_id].append(text)
    return [replace(code, former_texts=tuple(texts.get(code.code_id, ()))) for code in claimed]


def _spec(code: ClaimedCode, offer: Offer, now: datetime) -> CodeSpec:
    return CodeSpec(
        code=code.text, title=code.title, terms=offer.terms, starts_at=code.starts_at or now,
        ends_at=None if code.ends_at == NEVER else code.ends_at, tags=(f"offerwell-offer-{offer.pk}", *offer.tags),
    )  # fmt: skip
