"""A table whose rows a person selects: what its markup (`ui/components/selection_*.html`) and our script must know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class SelectionTable:
    """One table of members, filtered or not.

    `key` tells its selection from that of other tables and people. `fields` is the filter as a form sends it.
    `total` is how many match, None where nobody counted to the end. `up_to` is the snapshot of "all".
    `is_narrowed`: the filter leaves somebody out, so "all" is said as "all that match".
    """

    key: str
    fields: Mapping[str, str]
    total: int | None
    up_to: int
    is_narrowed: bool

    @property
    def filter_text(self) -> str:
        """The filter in one text: the same as long as "all that match" means the same."""
        return urlencode(self.fields)

    @property
    def total_label(self) -> str:
        """The number a person reads, or "All"."""
        return "All" if self.total is None else f"{self.total:,}"

    @property
    def all_of_them(self) -> str:
        """Whom "all" means, after that word: "1,249 members that match"."""
        number = "" if self.total is None else f"{self.total:,} "
        return f"{number}members that match" if self.is_narrowed else f"{number}members"
