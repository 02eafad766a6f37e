"""Propose new texts for the codes of chosen members. Nothing of the codes changes before a person confirms.

Names need Python (accents, numbers for names that clash), rows do not: the database writes a proposal for every
code, then names go in, a few thousand at a time. The memory does not grow with the offer.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import BigIntegerField, BooleanField, F, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat

from offerwell.models import CodeProposal, OfferPart, ProposalBatch, SocialHandle
from offerwell.models.insert_select import insert_select
from offerwell.models.json_rows import text_rows, update_rows
from offerwell.models.statistics import refresh_statistics
from offerwell.queries.code_proposals import pattern_or_default, taken_codes
from offerwell.queries.planned_change import Wish, planned_rows
from offerwell.rules.code_names import CodeNamer, CodePattern, NameSource, fold, parse_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from offerwell.models import Offer
    from offerwell.rules.permissions import Actor
    from offerwell.rules.selection import MemberSelection

AT_ONCE = MANY = 5_000
# Proposals nobody confirmed are of no use the next day: the world has moved on.
KEPT_FOR = timedelta(days=1)
# 40 bits: nobody guesses a code of somebody else (trust §8, T7).
RANDOM_SUFFIX = 8


class TooManyCodes(Exception):
    """More codes than this door can wait for. Nothing was proposed."""

    def __init__(self, codes: int, at_most: int) -> None:
        super().__init__(
            f"These are {codes:,} codes, more than the {at_most:,} that fit a page. Choose fewer members, "
            "or use the command line: offerwell offers refresh."
        )


@dataclass(frozen=True, slots=True)
class NameWish:
    """How codes are to be named. An empty pattern is the offer's own."""

    pattern: str = ""
    has_random_suffix: bool = False


def propose_texts(
    *,
    workspace_id: int,
    offer: Offer,
    selection: MemberSelection,
    names: NameWish,
    by: Actor,
    at: datetime,
    at_most: int | None = None,
) -> ProposalBatch:
    """A proposal for each code of the selected members. Raises InvalidPattern, TooManyCodes."""
    pattern = pattern_or_default(names.pattern, offer)
    parsed = parse_pattern(pattern, discount=offer.discount_value)
    meant = planned_rows(Wish(offer, OfferPart.CODES, to_active=False, selection=selection), at=at).order_by()
    codes = meant.count()
    if at_most is not None and codes > at_most:
        raise TooManyCodes(codes, at_most)
    _forget_old(offer, by, at)
    with transaction.atomic():
        batch = ProposalBatch.objects.create(
            workspace_id=workspace_id, offer=offer, user_id=by.user_id, selection=selection.to_json(),
            pattern=pattern[:80], has_random_suffix=names.has_random_suffix, created_at=at,
        )  # fmt: skip
        _write_unnamed(batch, meant)
    if codes >= MANY:  # PostgreSQL would take the new batch for a row, and compare each text with each
        refresh_statistics(CodeProposal)
    namer = CodeNamer(parsed, os.urandom, random_suffix=RANDOM_SUFFIX if names.has_random_suffix else 0)
    _name_all(batch, parsed, namer)
    batch.codes, batch.is_complete = CodeProposal.objects.filter(batch=batch).count(), True
    batch.save(update_fields=["codes", "is_complete"])
    return batch


def _forget_old(offer: Offer, by: Actor, at: datetime) -> None:
    old = ProposalBatch.objects.filter(offer=offer, user_id=by.user_id, created_at__lt=at - KEPT_FOR)
    old.delete()


def _write_unnamed(batch: ProposalBatch, meant: Any) -> None:
    """A row for every code, under a text that no code can have."""
    none_yet = Concat(Cast(Value("#"), TextField()), Cast(F("pk"), TextField()), output_field=TextField())
    insert_select(
        CodeProposal,
        ("workspace_id", "batch_id", "code_id", "text", "text_key", "seen_change_id", "is_looked_up", "on_store"),
        meant.values_list(
            "workspace_id", Cast(Value(batch.pk), BigIntegerField()), "pk", none_yet, none_yet,
            Coalesce("text_change_id", Value(0)), Cast(Value(False), BooleanField()),
            Cast(Value(""), TextField()),
        ),
    )  # fmt: skip


def _name_all(batch: ProposalBatch, pattern: CodePattern, namer: CodeNamer) -> None:
    after = 0
    while chunk := _unnamed(batch, after):
        sources = _sources(chunk, pattern)
        names = namer.names(sources, lambda keys: taken_codes(keys) | _proposed(batch, keys))
        with transaction.atomic():
            rows = [(row[0], (name, name)) for row, name in zip(chunk, names, strict=True)]
            update_rows(CodeProposal, ("text", "text_key"), rows)
        after = chunk[-1][1]


def _unnamed(batch: ProposalBatch, after: int) -> list[tuple[Any, ...]]:
    member = "code__enrollment__member"
    rows = CodeProposal.objects.filter(batch=batch, code_id__gt=after).order_by("code_id")
    names = (f"{member}_id", f"{member}__first_name", f"{member}__last_name")
    return list(rows.values_list("pk", "code_id", *names)[:AT_ONCE])


def _sources(chunk: Sequence[tuple[Any, ...]], pattern: CodePattern) -> list[NameSource]:
    nameless = [row[2] for row in chunk if pattern.needs_handle or not (fold(row[3]) or fold(row[4]))]
    handles = _first_handles(nameless)
    return [NameSource(row[3], row[4], handles.get(row[2], "")) for row in chunk]


def _first_handles(member_ids: list[int]) -> dict[int, str]:
    if not member_ids:
        return {}
    rows = SocialHandle.objects.filter(member_id__in=member_ids).order_by("-pk")
    return dict(rows.values_list("member_id", "handle"))


def _proposed(batch: ProposalBatch, keys: Sequence[str]) -> AbstractSet[str]:
    rows = CodeProposal.objects.filter(batch=batch, text_key__in=text_rows(keys))
    return set(rows.values_list("text_key", flat=True))
