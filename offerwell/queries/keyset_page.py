"""A page of a list by name that is found by the key of a row, at any depth: nothing counts the rows before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from django.db.models import Q

from offerwell.rules.selection import MemberFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Row = TypeVar("Row", covariant=True)  # noqa: PLC0105  it only comes out of a page

PAGE_SIZE = 50
# A filtered list is counted up to here; above it the pager says "more than".
COUNTED_UP_TO = 1_000
EVERYBODY = MemberFilter()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands: its sort key, and how many rows stood before it when the page was shown.

    Where a figure puts it, `rank` is that, and `pk` the member's.
    """

    name_key: str
    pk: int
    before: int
    rank: int | None = None


class Asked(Protocol):
    """Which page: after or before which row; from the first one on where neither is said."""

    @property
    def after(self) -> Place | None:
        """The row that it begins after."""

    @property
    def until(self) -> Place | None:
        """The row that it ends before."""


@dataclass(frozen=True, slots=True)
class ListWish:
    """Which page: of which filter, after or before which row."""

    filter: MemberFilter = EVERYBODY
    after: Place | None = None
    until: Place | None = None


@dataclass(frozen=True, slots=True)
class ListPage(Generic[Row]):
    """Rows `first`..`last` of the list; `previous` and `next` lead to the pages beside it."""

    rows: tuple[Row, ...]
    first: int
    last: int
    previous: Place | None
    next: Place | None


def listed_page(
    found: Iterable[Any], wish: Asked, *, size: int, place: Callable[[Any, int], Place],
    rows_of: Callable[[list[Any]], tuple[Row, ...]],
) -> ListPage[Row]:  # fmt: skip
    """The page of what was found in the direction of `wish`: up to `size`, and one more where it goes on."""
    shown = list(found)
    has_more, shown = len(shown) > size, shown[:size]
    if wish.until is not None:
        shown.reverse()
        start = wish.until.before - len(shown) if has_more else 0
        has_previous, has_next = has_more, True
    else:
        start = wish.after.before + 1 if wish.after else 0
        has_previous, has_next = wish.after is not None, has_more
    return ListPage(
        rows=rows_of(shown),
        first=start + 1 if shown else 0,
        last=start + len(shown),
        previous=place(shown[0], start) if has_previous and shown else None,
        next=place(shown[-1], start + len(shown) - 1) if has_next and shown else None,
    )


def beyond_name(place: Place, *, down: bool = False) -> Q:
    """Rows after `place` by name. The bound on the name alone lets SQLite start its index walk there."""
    if down:
        return Q(name_key__lte=place.name_key) & (Q(name_key__lt=place.name_key) | Q(pk__lt=place.pk))
    return Q(name_key__gte=place.name_key) & (Q(name_key__gt=place.name_key) | Q(pk__gt=place.pk))
