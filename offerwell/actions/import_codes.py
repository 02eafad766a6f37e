"""Import the codes of an offer from CSV, and adopt the discounts that exist on its stores already.

First every code is looked up on every store of the offer, with nothing written; then one transaction
enrolls members and stores codes. A store that does not answer leaves everything as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO, TypeVar
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q

from offerwell.actions.read_import import ImportRow, count_rows, open_import, who_in
from offerwell.actions.record_event import record_event
from offerwell.integrations.store import StoreCode as FoundCode
from offerwell.integrations.store import StoreError
from offerwell.jobs import wake
from offerwell.models import (
    CodeHistory,
    Enrollment,
    Member,
    OfferStatus,
    PromoCode,
    SocialHandle,
    Store,
    StoreCode,
    lock_workspace,
)
from offerwell.models.id_list import id_rows
from offerwell.models.json_rows import text_rows, update_rows
from offerwell.queries.code_owners import owners_of
from offerwell.queries.payouts import default_option_id
from offerwell.rules.adopted_code import Adoption, StoresDisagree, adoption_of
from offerwell.rules.import_columns import ColumnField, ImportPurpose, ImportRefused
from offerwell.rules.imported_cells import OTHER_NETWORK, BadCell, Handle, code_in, moment_in
from offerwell.rules.search_text import enrollment_search_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from offerwell.actions.import_report import ImportReport
    from offerwell.integrations.store import StoreConnector
    from offerwell.models import Offer
    from offerwell.rules.import_columns import ColumnMapping
    from offerwell.rules.permissions import Actor

Item = TypeVar("Item")
# Fits whole requests of the look-up (90 codes each) and of the read (250) well enough, and shows progress.
LOOKED_UP_AT_ONCE = 900
_WRITTEN_AT_ONCE = 2_500
NO_END = (
    "Some codes have no end in the store, the offer has one. They stay as they are; "
    "when they are activated again they get the offer's end."
)
RACED = "Codes or members changed while the file was checked. Nothing was imported: import the file again."


def import_codes(
    *,
    workspace_id: int,
    offer: Offer,
    file: BinaryIO | Path,
    connectors: Mapping[int, StoreConnector],
    by: Actor,
    at: datetime,
    dry_run: bool = False,
    mapping: ColumnMapping | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    """Give members the codes of `file` in `offer`. `connectors` has one for each of the offer's stores.

    Rows: the member's e-mail or handle, and the code; also its own dates, in the workspace's zone. Raises
    ImportRefused (file, offer or store); then nothing was written. `on_progress(done, total)` counts rows
    looked up.
    """
    stores = _stores_of(offer, connectors)
    total = count_rows(file) if on_progress else 0
    with open_import(file, ImportPurpose.CODES, mapping, is_dry_run=dry_run) as opened:
        check = _Check(offer, stores, connectors, opened.report, at)
        accepted: list[_Accepted] = []
        done = 0
        for chunk in opened.chunks():
            for part in _parts(chunk, LOOKED_UP_AT_ONCE):
                accepted += check.take(part)
                done += len(part)
                if on_progress:
                    on_progress(done, total)
    _count(opened.report, accepted)
    if accepted and not dry_run:
        _store(workspace_id, offer, accepted, opened.report, by=by, at=at)
    elif accepted:
        opened.report.enrolled = len(_not_enrolled(offer, accepted))
    return opened.report


def check_codes(*, offer: Offer, file: BinaryIO | Path, mapping: ColumnMapping | None = None) -> ImportReport:
    """What importing `file` would do as far as it can be told without asking a store. Raises ImportRefused."""
    _refuse_by_offer(offer)
    with open_import(file, ImportPurpose.CODES, mapping, is_dry_run=True) as opened:
        check = _Check(offer, (), {}, opened.report)
        accepted = [one for chunk in opened.chunks() for one in check.take(chunk)]
    _count(opened.report, accepted)
    opened.report.enrolled = len(_not_enrolled(offer, accepted))
    return opened.report


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A row whose member is known and whose code nobody has."""

    row: ImportRow
    member_id: int
    text: str
    dates: _Dates


@dataclass(frozen=True, slots=True)
class _Dates:
    """The dates a row gives its code; None where it gives none."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Accepted:
    """A code to store: whose, its text, its own dates, and what its stores have of it (None: no discount yet).

    `is_redated`: the file gives dates, so a discount that is there must show them.
    """

    member_id: int
    text: str
    adoption: Adoption
    found: tuple[tuple[int, FoundCode | None], ...]
    is_redated: bool = False


class _Check:
    """Reads rows, members, codes and stores; writes nothing."""

    def __init__(
        self,
        offer: Offer,
        stores: Sequence[Store],
        connectors: Mapping[int, StoreConnector],
        report: ImportReport,
        at: datetime | None = None,
    ) -> None:
        self._offer = offer
        self._at = at
        self._stores = stores
        self._connectors = connectors
        self._report = report
        self._lines: dict[str, int] = {}
        self._zone = ZoneInfo(offer.workspace.timezone)

    def take(self, rows: Sequence[ImportRow]) -> list[_Accepted]:
        """The rows of a part that can be stored; the others go to the report."""
        wanted = self._not_held(self._named(rows))
        found = {store.pk: self._looked_up(store, [one.text for one in wanted]) for store in self._stores}
        owners = self._owners(found)
        accepted = []
        for one in wanted:
            each = tuple((store.pk, found[store.pk][one.text]) for store in self._stores)
            try:
                accepted.append(self._adopted(one, each, owners))
            except BadCell as bad:
                self._report.reject(one.row.line, str(bad), one.row.cells)
        return accepted

    def _named(self, rows: Sequence[ImportRow]) -> list[_Wanted]:
        """Rows with a usable code that is new in the file, and exactly one member."""
        who: dict[int, tuple[str, tuple[Handle, ...]]] = {}
        for row in rows:
            try:
                who[row.line] = who_in(row)
            except BadCell as bad:
                self._report.reject(row.line, str(bad), row.cells)
        members = _Members(list(who.values()))
        wanted = []
        for row in rows:
            if row.line in who:
                try:
                    wanted.append(self._wanted(row, members, *who[row.line]))
                except BadCell as bad:
                    self._report.reject(row.line, str(bad), row.cells)
        return wanted

    def _wanted(self, row: ImportRow, members: _Members, email: str, handles: tuple[Handle, ...]) -> _Wanted:
        text = code_in(row.text(ColumnField.CODE))
        member_id = members.one(email, handles)
        earlier = self._lines.setdefault(text.upper(), row.line)
        if earlier != row.line:
            raise BadCell(f"The code {text} is on line {earlier} already.")
        return _Wanted(row, member_id, text, self._dates(row))

    def _dates(self, row: ImportRow) -> _Dates:
        found = _Dates(
            moment_in(row.text(ColumnField.STARTS_AT), self._zone, is_end=False),
            moment_in(row.text(ColumnField.ENDS_AT), self._zone, is_end=True),
        )
        begin, end = found.starts_at or self._offer.starts_at, found.ends_at or self._offer.ends_at
        if (found.starts_at or found.ends_at) and begin and end and end <= begin:
            raise BadCell("The code would end before it starts. Own dates count before the offer's.")
        return found

    def _not_held(self, wanted: list[_Wanted]) -> list[_Wanted]:
        """Rows whose code nobody has in the workspace. The member's own are unchanged, others' rejected."""
        held = _held([one.text for one in wanted])
        ever = owners_of(one.text.upper() for one in wanted)
        free = []
        for one in wanted:
            owner, before = held.get(one.text.upper()), ever.get(one.text.upper())
            if owner is None and before is not None and not before.leaves_to(one.member_id):
                self._report.reject(one.row.line, before.refusal(one.text), one.row.cells)
            elif owner is None:
                free.append(one)
            elif (owner.offer_id, owner.member_id) == (self._offer.pk, one.member_id):
                self._report.unchanged += 1
            else:
                reason = f"The code {one.text} belongs to {owner.member} in the offer “{owner.offer}”."
                self._report.reject(one.row.line, reason, one.row.cells)
        return free

    def _looked_up(self, store: Store, texts: list[str]) -> Mapping[str, FoundCode | None]:
        try:
            return self._connectors[store.pk].find(texts) if texts else {}
        except StoreError as error:
            message = (
                f"{store.label}: {error.reason} Nothing was imported: import the file again when the store answers."
            )
            raise ImportRefused(message) from error

    def _owners(self, found: Mapping[int, Mapping[str, FoundCode | None]]) -> dict[tuple[int, str], str]:
        """Discounts that are ours already, under another code text: (store, ref) → that text."""
        owners: dict[tuple[int, str], str] = {}
        for store_id, codes in found.items():
            refs = [code.ref for code in codes.values() if code is not None]
            ours = StoreCode.objects.filter(~Q(ref=""), store_id=store_id, ref__in=text_rows(refs))
            owners |= {(store_id, ref): text for ref, text in ours.values_list("ref", "code__text")}
        return owners

    def _adopted(
        self,
        one: _Wanted,
        each: tuple[tuple[int, FoundCode | None], ...],
        owners: Mapping[tuple[int, str], str],
    ) -> _Accepted:
        """The code with what its stores have of it. Raises BadCell when a store's discount cannot be ours."""
        labels = {store.pk: store.label for store in self._stores}
        for store_id, code in each:
            if code is not None and code.codes_count > 1:
                raise BadCell(
                    f"{one.text} is one of {code.codes_count} codes of a single discount in {labels[store_id]}: "
                    "switching it would switch all of them. Give the member a code of its own."
                )
            if code is not None and code.refusal:
                raise BadCell(f"{one.text} in {labels[store_id]}: {code.refusal}")
            if code is not None and (store_id, code.ref) in owners:
                other = owners[store_id, code.ref]
                raise BadCell(f"The discount of {one.text} in {labels[store_id]} belongs to the code {other} here.")
        try:
            adoption = adoption_of(
                [(labels[store_id], code) for store_id, code in each if code is not None],
                offer_starts_at=self._offer.starts_at, offer_ends_at=self._offer.ends_at, now=self._at,
            )  # fmt: skip
        except StoresDisagree as error:
            raise BadCell(f"{one.text}: {error}") from error
        if self._offer.ends_at is not None and any(code is not None and code.ends_at is None for _, code in each):
            self._report.warn(NO_END)
        given = one.dates
        own = replace(
            adoption, starts_at=given.starts_at or adoption.starts_at, ends_at=given.ends_at or adoption.ends_at
        )
        return _Accepted(one.member_id, one.text, own, each, is_redated=bool(given.starts_at or given.ends_at))


class _Members:
    """The members that some rows name, by e-mail and by handle."""

    def __init__(self, who: Sequence[tuple[str, tuple[Handle, ...]]]) -> None:
        emails = {email.lower() for email, _ in who if email}
        keys = {handle.key for _, handles in who for handle in handles}
        rows = Member.objects.filter(~Q(email_key=""), email_key__in=text_rows(emails))
        self._by_email = dict(rows.values_list("email_key", "pk"))
        self._by_handle: dict[str, set[tuple[str, int]]] = {}
        owned = SocialHandle.objects.filter(handle_key__in=text_rows(keys))
        for key, network, member_id in owned.values_list("handle_key", "network", "member_id"):
            self._by_handle.setdefault(key, set()).add((network, member_id))

    def one(self, email: str, handles: tuple[Handle, ...]) -> int:
        """The member by e-mail, else by handle. Raises BadCell when it is nobody or more than one."""
        if not email and not handles:
            raise BadCell("The row names no member: it has no e-mail and no handle.")
        if email.lower() in self._by_email:
            return self._by_email[email.lower()]
        owners = {
            member_id
            for handle in handles
            for network, member_id in self._by_handle.get(handle.key, ())
            if handle.network in {network, OTHER_NETWORK} or network == OTHER_NETWORK
        }
        named = " or ".join([*([email] if email else []), *(f"@{handle.text}" for handle in handles)])
        if not owners:
            raise BadCell(f"No member has {named}. Import the member first.")
        if len(owners) > 1:
            raise BadCell(f"{named} is {len(owners)} members. Give the e-mail.")
        return owners.pop()


@dataclass(frozen=True, slots=True)
class _Owner:
    """Who has a code text now."""

    offer_id: int
    member_id: int
    offer: str
    member: str


def _held(texts: Sequence[str]) -> dict[str, _Owner]:
    """Of these code texts, those that the workspace has, by upper-cased text."""
    rows = PromoCode.objects.filter(text_key__in=text_rows(text.upper() for text in texts))
    member = "enrollment__member__"
    columns = ("text_key", "offer_id", "offer__name", f"{member}id", f"{member}first_name", f"{member}last_name",
               f"{member}email")  # fmt: skip
    return {
        key: _Owner(offer_id, member_id, offer, f"{first} {last}".strip() or email or "another member")
        for key, offer_id, offer, member_id, first, last, email in rows.values_list(*columns)
    }


def _stores_of(offer: Offer, connectors: Mapping[int, StoreConnector]) -> list[Store]:
    """The offer's stores. Raises ImportRefused when codes cannot be imported into the offer."""
    _refuse_by_offer(offer)
    stores = list(Store.objects.filter(offer_links__offer=offer).order_by("pk"))
    for store in stores:
        if store.pk not in connectors:
            raise ImportRefused(f"{store.label} is not connected. Connect it in Settings › Stores, then import again.")
    return stores


def _refuse_by_offer(offer: Offer) -> None:
    if not offer.has_codes:
        raise ImportRefused(f"“{offer.name}” is a Sales Link offer: it has no codes. Choose an offer with promo codes.")
    if offer.status == OfferStatus.ARCHIVED:
        raise ImportRefused(f"“{offer.name}” is archived. Set it to active before you import codes.")


def _count(report: ImportReport, accepted: Sequence[_Accepted]) -> None:
    report.added = len(accepted)
    report.adopted = sum(1 for one in accepted for _, code in one.found if code is not None)
    report.to_create = sum(1 for one in accepted for _, code in one.found if code is None)


def _store(
    workspace_id: int,
    offer: Offer,
    accepted: list[_Accepted],
    report: ImportReport,
    *,
    by: Actor,
    at: datetime,
) -> None:
    """One transaction for the whole file."""
    try:
        with transaction.atomic():
            lock_workspace(workspace_id)
            for part in _parts(accepted, _WRITTEN_AT_ONCE):
                if _held([one.text for one in part]):
                    raise ImportRefused(RACED)
                report.enrolled += _enroll(workspace_id, offer, part, at=at)
                _add_codes(workspace_id, offer, part, at=at)
            _record(workspace_id, offer, report, by=by, at=at)
            for store_id in sorted({
                pk for one in accepted for pk, code in one.found if code is None or one.is_redated
            }):  # fmt: skip
                wake("sync_store", store_id)
    except IntegrityError as error:
        raise ImportRefused(RACED) from error


def _not_enrolled(offer: Offer, accepted: Sequence[_Accepted]) -> set[int]:
    members = {one.member_id for one in accepted}
    there = Enrollment.objects.filter(offer=offer, member_id__in=id_rows(members))
    return members - set(there.values_list("member_id", flat=True))


def _enroll(workspace_id: int, offer: Offer, part: Sequence[_Accepted], *, at: datetime) -> int:
    """Enroll the members that are not in the offer yet. Gives how many."""
    members = Member.objects.filter(pk__in=id_rows(_not_enrolled(offer, part))).order_by("pk")
    option = default_option_id(offer)
    new = [
        Enrollment(
            workspace_id=workspace_id, offer=offer, member_id=pk, name_key=key, search_text=text, enrolled_at=at,
            payout_option_id=option,
        )
        for pk, key, text in members.values_list("pk", "name_key", "search_text")
    ]  # fmt: skip
    return len(Enrollment.objects.bulk_create(new))


def _add_codes(workspace_id: int, offer: Offer, part: Sequence[_Accepted], *, at: datetime) -> None:
    places = Enrollment.objects.filter(offer=offer, member_id__in=id_rows({one.member_id for one in part}))
    place_of = {row[0]: (row[1], row[2]) for row in places.values_list("member_id", "pk", "search_text")}
    codes = PromoCode.objects.bulk_create([
        PromoCode(
            workspace_id=workspace_id, offer=offer, enrollment_id=place_of[one.member_id][0], text=one.text,
            text_key=one.text.upper(), is_active=one.adoption.is_active, starts_at=one.adoption.starts_at,
            ends_at=one.adoption.ends_at, changed_at=at, created_at=at,
        )
        for one in part
    ])  # fmt: skip
    CodeHistory.objects.bulk_create([
        CodeHistory(
            workspace_id=workspace_id, code=code, member_id=one.member_id, text=code.text, text_key=code.text_key,
            from_at=at,
        )
        for code, one in zip(codes, part, strict=True)
    ])  # fmt: skip
    StoreCode.objects.bulk_create([
        _store_code(workspace_id, code, store_id, found, is_redated=one.is_redated, at=at)
        for code, one in zip(codes, part, strict=True)
        for store_id, found in one.found
    ])  # fmt: skip
    _renew_search(part, place_of)


def _store_code(
    workspace_id: int, code: PromoCode, store_id: int, found: FoundCode | None, *, is_redated: bool, at: datetime
) -> StoreCode:
    """An adopted discount agrees as it is, unless the file gives it dates; a missing one is due to be created."""
    if found is None:
        return StoreCode(workspace_id=workspace_id, store_id=store_id, code=code, due_at=at)
    return StoreCode(
        workspace_id=workspace_id, store_id=store_id, code=code, ref=found.ref, observed_generation=0,
        observed_status=str(found.status), observed_at=at, is_redated=is_redated, due_at=at if is_redated else None,
    )  # fmt: skip


def _renew_search(part: Sequence[_Accepted], place_of: Mapping[int, tuple[int, str]]) -> None:
    """A search for a code finds its member."""
    texts: dict[int, list[str]] = {}
    for one in part:
        texts.setdefault(one.member_id, []).append(one.text)
    rows = [
        (place_of[member_id][0], (enrollment_search_text(place_of[member_id][1], codes),))
        for member_id, codes in texts.items()
    ]
    update_rows(Enrollment, ("search_text",), rows)


def _record(workspace_id: int, offer: Offer, report: ImportReport, *, by: Actor, at: datetime) -> None:
    record_event(
        workspace_id=workspace_id, kind="codes_imported", subject=f"offer:{offer.pk}",
        facts={
            "rows": report.rows, "added": report.added, "unchanged": report.unchanged,
            "rejected": report.rejected_count,
            "enrolled": report.enrolled, "adopted": report.adopted, "to_create": report.to_create,
        },
        by=by, at=at,
    )  # fmt: skip


def _parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
