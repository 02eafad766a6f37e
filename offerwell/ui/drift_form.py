"""The one place where what a person ticked on the drift table becomes a `DriftSelection`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.queries.drift import DriftPlace
from offerwell.rules.drift import DriftFilter, DriftSelection, InvalidDriftSelection
from offerwell.rules.selection import InvalidSelection
from offerwell.ui.paging import number_from
from offerwell.ui.selection_form import ids_from

if TYPE_CHECKING:
    from django.http import QueryDict


def drift_filter_from(fields: QueryDict) -> DriftFilter:
    """The filter of an address or a form. What is no number does not filter."""
    return DriftFilter(offer=number_from(fields.get("offer")), store=number_from(fields.get("store")))


def drift_fields(wanted: DriftFilter) -> dict[str, int]:
    """The filter as fields that `drift_filter_from` reads back."""
    fields = {"offer": wanted.offer, "store": wanted.store}
    return {name: value for name, value in fields.items() if value is not None}


def drift_selection_from(fields: QueryDict) -> DriftSelection:
    """The selection of a submitted form. Raises InvalidDriftSelection with a sentence for a person."""
    try:
        if fields.get("all") == "1":
            return DriftSelection(filter=drift_filter_from(fields), exclude=ids_from(fields, "exclude"))
        return DriftSelection(ids=ids_from(fields, "ids"))
    except InvalidSelection as error:
        raise InvalidDriftSelection(str(error).replace("members", "codes")) from error


def selection_fields(selection: DriftSelection) -> dict[str, str]:
    """The selection as fields that `drift_selection_from` reads back."""
    if selection.ids is not None:
        return {"ids": ",".join(map(str, selection.ids))}
    filtered = {name: str(value) for name, value in drift_fields(selection.filter).items()}
    return {"all": "1", "exclude": ",".join(map(str, selection.exclude)), **filtered}


def drift_place_from(text: str | None) -> DriftPlace | None:
    """The place "3-120" of an address. None when there is none or somebody mangled it: the list then starts anew."""
    store, _, code = (text or "").partition("-")
    numbers = number_from(store), number_from(code)
    return DriftPlace(*numbers) if None not in numbers else None  # type: ignore[arg-type]


def drift_place_text(place: DriftPlace | None) -> str:
    """The place for an address; empty for none."""
    return f"{place.store}-{place.code}" if place else ""
