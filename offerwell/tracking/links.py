"""What this door knows of a link, read for many slugs by one statement; and of the hosts that brands serve links on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from offerwell.rules.discount_link import LinkOwner, LinkPlan
from offerwell.rules.offer_status import OfferState
from offerwell.rules.redirect import LinkFacts, Route, outcome_at, route_of
from offerwell.tracking.database import texts
from offerwell.tracking.remembered import MOST_REMEMBERED

if TYPE_CHECKING:
    from offerwell.tracking.database import Database, Place

# A member's name is as models.Member.name, the handle the first one, the project the first that is connected now and
# has the member; the shops are those whose kind has discount links (models.APP_KINDS).
_LINKS = """
SELECT l.slug, l.id, l.workspace_id, l.offer_id, e.member_id, l.is_active, l.starts_at, l.ends_at, l.destination,
  o.status, o.starts_at, o.ends_at, o.destination, o.extra_domains, o.dead_link, o.dead_link_to, o.name,
  o.utm_source, o.utm_medium, o.utm_campaign, m.first_name, m.last_name, m.email, w.name, w.timezone,
  w.uses_click_cookie,
  (SELECT h.handle FROM offerwell_socialhandle h WHERE h.member_id = m.id ORDER BY h.id LIMIT 1),
  (SELECT p.name FROM offerwell_projectoffer c JOIN offerwell_project p ON p.id = c.project_id
    JOIN offerwell_placement s ON s.project_id = p.id AND s.member_id = m.id
    WHERE c.offer_id = o.id AND c.disconnected_at IS NULL ORDER BY c.id LIMIT 1),
  (SELECT c.text FROM offerwell_promocode c WHERE c.enrollment_id = e.id AND c.is_active ORDER BY c.id DESC LIMIT 1),
  CASE WHEN o.discount_links THEN (SELECT {joined} FROM offerwell_offerstore f
    JOIN offerwell_store s ON s.id = f.store_id WHERE f.offer_id = o.id AND s.kind IN ('shopify', 'sandbox')) END
FROM offerwell_saleslink l
JOIN offerwell_enrollment e ON e.id = l.enrollment_id
JOIN offerwell_member m ON m.id = e.member_id
JOIN offerwell_offer o ON o.id = l.offer_id
JOIN offerwell_workspace w ON w.id = l.workspace_id
WHERE l.slug IN ({texts})
"""
_HOSTS = """
SELECT h.host, h.workspace_id, w.unknown_link_to FROM offerwell_linkhost h
JOIN offerwell_workspace w ON w.id = h.workspace_id WHERE h.host IN ({texts})
"""


@dataclass(frozen=True, slots=True)
class Link:
    """A link as an arrival needs it: whose it is, when it works, where it leads."""

    id: int
    workspace_id: int
    offer_id: int
    member_id: int
    facts: LinkFacts
    route: Route
    brand: str
    zone: ZoneInfo
    uses_cookie: bool

    def outcome(self, at: datetime) -> str:
        """`click`, or why it is dead."""
        return outcome_at(self.facts, at)

    def day(self, at: datetime) -> date:
        """The workspace's day."""
        return at.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class Host:
    """A host of one brand's own."""

    workspace_id: int
    unknown_link_to: str


class LinkReader:
    """Reads links; a row that is as it was last time is the same link, whose way is not worked out again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        joined = "group_concat(s.address, ' ')" if database.place.is_sqlite else "string_agg(s.address, ' ')"
        self._statement = _LINKS.format(joined=joined, texts=texts(database.place))
        self._made: dict[str, tuple[tuple[Any, ...], Link]] = {}

    def read(self, slugs: list[str]) -> dict[str, Link]:
        """The links that exist, by slug."""
        if len(self._made) > MOST_REMEMBERED:
            self._made.clear()
        return {row[0]: self._link(row) for row in self._database.rows(self._statement, slugs)}

    def _link(self, row: tuple[Any, ...]) -> Link:
        made = self._made.get(row[0])
        if made is None or made[0] != row:
            made = self._made[row[0]] = (row, _link(row, self._database.place))
        return made[1]


def read_hosts(database: Database, names: list[str]) -> dict[str, Host]:
    """The brands' own hosts among these."""
    found = database.rows(_HOSTS.format(texts=texts(database.place)), sorted(set(names)))
    return {host: Host(workspace_id, unknown_to) for host, workspace_id, unknown_to in found}


def _link(row: tuple[Any, ...], place: Place) -> Link:
    (
        _slug, link_id, workspace_id, offer_id, member_id, is_active, starts_at, ends_at, page,
        status, offer_starts, offer_ends, destination, extra, dead_link, dead_link_to, offer_name,
        source, medium, campaign, first, last, email, brand, zone, uses_cookie, handle, project, code, shops,
    ) = row  # fmt: skip
    owner = LinkOwner(
        code or "", member_id, f"{first} {last}".strip() or email, handle or "", offer_name, project or ""
    )
    facts = LinkFacts(
        is_active=bool(is_active), offer=OfferState(status == "active", _time(offer_starts), _time(offer_ends)),
        destination=destination, owner=owner, utm=LinkPlan("", source, medium, campaign), starts_at=_time(starts_at),
        ends_at=_time(ends_at), page=page, extra_domains=tuple(json.loads(extra) if place.is_sqlite else extra),
        dead_link=dead_link, dead_link_to=dead_link_to, shops=tuple((shops or "").split()),
    )  # fmt: skip
    return Link(
        link_id, workspace_id, offer_id, member_id, facts, route_of(facts), brand, ZoneInfo(zone), bool(uses_cookie)
    )


def _time(stored: Any) -> datetime | None:
    """SQLite keeps times as text of UTC."""
    if isinstance(stored, str):
        return datetime.fromisoformat(stored).replace(tzinfo=UTC)
    return stored
