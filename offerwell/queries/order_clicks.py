"""The clicks on sales links that have to do with an order: it carries their id, or the buyer's browser had kept it.

The id went on to the shop in the address (`ow_click`). A browser can say anything: its clicks count for the order that
it told of, and for one that the shop itself told of only where the browser knew its sum.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from offerwell.models import BrowserReport, Click, Outcome, SalesLink
from offerwell.models.id_list import id_rows
from offerwell.models.json_rows import text_rows
from offerwell.rules.attribution import ClickSeen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class CarriesClicks(Protocol):
    """An `Order`, which may be unsaved, or a row of one."""

    store_id: int
    ref: str
    click_ids: list[str]
    net: int
    currency: str


def clicks_of(orders: Sequence[CarriesClicks]) -> Mapping[tuple[int, str], tuple[ClickSeen, ...]]:
    """(store id, order's ref) → its clicks, in three statements for all of them; orders without clicks are left out.

    Ids that nobody gave out, and those of another workspace, are nothing.
    """
    carried = {(order.store_id, order.ref): _keys(order.click_ids) for order in orders if order.click_ids}
    kept = _kept_by_browsers(orders)
    seen = _seen({key for keys in (*carried.values(), *kept.values()) for key in keys})
    found = {}
    for name in {**carried, **kept}:
        keys = carried.get(name, ())
        same_browser = [key for key in kept.get(name, ()) if key not in keys]
        found[name] = (
            *(seen[key] for key in keys if key in seen),
            *(replace(seen[key], is_carried=False) for key in same_browser if key in seen),
        )
    return {name: clicks for name, clicks in found.items() if clicks}


def _kept_by_browsers(orders: Sequence[CarriesClicks]) -> dict[tuple[int, str], tuple[UUID, ...]]:
    """The ids that browsers had kept when they reported these orders."""
    by_name = {(order.store_id, order.ref): order for order in orders}
    reports = BrowserReport.objects.filter(
        store__in=id_rows({store_id for store_id, _ref in by_name}), ref__in=text_rows({ref for _id, ref in by_name})
    )
    found = {}
    for report in reports:
        order = by_name.get((report.store_id, report.ref))
        if order is not None and (order.net, order.currency) == (report.net, report.currency):
            found[order.store_id, order.ref] = _keys(report.clicks)
    return found


def _keys(texts: Sequence[object]) -> tuple[UUID, ...]:
    """The ids that can be ours."""
    return tuple(dict.fromkeys(key for text in texts if (key := _key(str(text))) is not None))


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _seen(keys: set[UUID]) -> dict[UUID, ClickSeen]:
    if not keys:
        return {}
    found = Click.objects.filter(key__in=keys, outcome=Outcome.CLICK)
    rows = list(found.values_list("key", "link_id", "member_id", "at", "bot"))
    links = SalesLink.objects.filter(pk__in=id_rows({link_id for _key, link_id, *_rest in rows}))
    places = dict(links.values_list("pk", "enrollment_id"))
    return {
        key: ClickSeen(str(key), member_id, places[link_id], at, is_carried=True, is_bot=bot != "")
        for key, link_id, member_id, at, bot in rows
        if link_id in places
    }
