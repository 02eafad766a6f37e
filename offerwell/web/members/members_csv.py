"""Members as lines of a CSV file. Its headings are those our import knows: what goes out comes in again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.rules.import_columns import NETWORKS, ColumnField
from offerwell.rules.imported_cells import OTHER_NETWORK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offerwell.queries.member_export import ExportedMember

_ABOUT = (ColumnField.FIRST_NAME, ColumnField.LAST_NAME, ColumnField.EMAIL, ColumnField.COUNTRY)
HEADINGS = (*(column.label for column in (*_ABOUT, ColumnField.TAGS, ColumnField.GROUPS, *NETWORKS)), "Handle")


def member_lines(members: Iterable[ExportedMember]) -> list[tuple[str, ...]]:
    """One line for each. Several tags, groups or handles of one network share a cell, with commas."""
    return [_line(one) for one in members]


def _line(one: ExportedMember) -> tuple[str, ...]:
    member = one.member
    handles = [_joined(one, str(network)) for network in (*NETWORKS, OTHER_NETWORK)]
    return (
        member.first_name, member.last_name, member.email, member.country, ", ".join(one.tags), ", ".join(one.groups),
        *handles,
    )  # fmt: skip


def _joined(one: ExportedMember, network: str) -> str:
    return ", ".join(handle for on, handle in one.handles if on == network)
