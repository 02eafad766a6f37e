"""Put a person's own texts in the place of proposed ones. What was typed is judged at once, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from offerwell.actions.generate_codes import CodesRefused
from offerwell.models import CodeProposal, ProposalBatch, lock_workspace
from offerwell.models.id_list import id_rows
from offerwell.models.json_rows import text_rows, update_rows
from offerwell.queries.code_owners import owners_of
from offerwell.rules.code_names import typed_code_trouble

if TYPE_CHECKING:
    from collections.abc import Mapping


def edit_proposals(*, workspace_id: int, batch: ProposalBatch, texts: Mapping[int, str]) -> int:
    """Give the proposals (by their ids) these texts; an empty one keeps the code as it is. Gives how many changed.

    Raises CodesRefused, by proposal id; nothing changed then. Ids of other batches are left alone.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        rows = CodeProposal.objects.filter(batch=batch, pk__in=id_rows(texts)).select_related(
            "code__enrollment__member"
        )
        wanted = {row: _wanted(row, texts[row.pk]) for row in rows}
        edited = {row: text for row, text in wanted.items() if text.upper() != row.text_key}
        problems = _problems(batch, edited)
        if problems:
            raise CodesRefused(problems)
        if edited:
            _write(batch, edited)
    return len(edited)


def _wanted(row: CodeProposal, typed: str) -> str:
    """What was typed, upper-cased; of a code that keeps its text, the text as it is."""
    text = typed.strip().upper()
    return row.code.text if text in {"", row.code.text_key} else text


def _problems(batch: ProposalBatch, edited: Mapping[CodeProposal, str]) -> dict[int, str]:
    keys = [text.upper() for text in edited.values()]
    owners = owners_of(keys)
    others = CodeProposal.objects.filter(batch=batch, text_key__in=text_rows(keys))
    others = others.exclude(pk__in=[row.pk for row in edited]).select_related("code__enrollment__member")
    proposed = {row.text_key: row.code.enrollment.member.name for row in others}
    problems: dict[int, str] = {}
    first: dict[str, str] = {}
    for row, text in edited.items():
        key, name = text.upper(), row.code.enrollment.member.name
        owner = owners.get(key)
        is_kept = key == row.code.text_key
        if not is_kept and (trouble := typed_code_trouble(text)):
            problems[row.pk] = trouble
        elif not is_kept and owner is not None and not owner.leaves_to(row.code.enrollment.member_id):
            problems[row.pk] = owner.refusal(text)
        elif key in proposed:
            problems[row.pk] = f"{text} is also proposed for {proposed[key]}. Choose another one."
        elif key in first:
            problems[row.pk] = f"{text} is also typed for {first[key]}. Choose another one."
        first.setdefault(key, name)
    return problems


def _write(batch: ProposalBatch, edited: Mapping[CodeProposal, str]) -> None:
    """First out of each other's way: two texts may have changed places."""
    update_rows(CodeProposal, ("text_key",), [(row.pk, (f"#{row.code_id}",)) for row in edited])
    update_rows(CodeProposal, ("text", "text_key"), [(row.pk, (text, text.upper())) for row, text in edited.items()])
    CodeProposal.objects.filter(pk__in=[row.pk for row in edited]).update(is_looked_up=False, on_store="")
    ProposalBatch.objects.filter(pk=batch.pk).update(revision=F("revision") + 1)
