"""Give a member one more sales link of an offer: to one page, on a domain that the offer allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.generate_codes import new_slug
from offerwell.actions.record_event import record_event
from offerwell.models import Enrollment, OfferStatus, SalesLink, lock_workspace
from offerwell.rules.web_address import allowed_domains, page_problem, read_address

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor

# An offer's member has a link for each page worth one, not a table of its own.
MOST_LINKS = 100


class DeepLinkRefused(Exception):
    """Nothing was made; the text says why."""


def make_deep_link(*, enrollment: Enrollment, page: str, by: Actor, at: datetime, by_member: bool = False) -> SalesLink:
    """The new link, or the member's link to this page that there is. `by_member`: only where the offer lets them.

    Raises DeepLinkRefused.
    """
    with transaction.atomic():
        lock_workspace(enrollment.workspace_id)
        offer = enrollment.offer
        links = SalesLink.objects.filter(enrollment=enrollment)
        address = _accepted(enrollment, page, by_member=by_member, links=links.count())
        same: SalesLink | None = links.filter(destination=address).first()
        if same is not None:
            return same
        made: SalesLink = SalesLink.objects.create(
            workspace_id=enrollment.workspace_id, offer=offer, enrollment=enrollment,
            slug=new_slug(enrollment.member.first_name, enrollment.member.last_name), destination=address,
            changed_at=at, created_at=at,
        )  # fmt: skip
        record_event(
            workspace_id=enrollment.workspace_id, kind="deep_link_made", subject=f"offer:{offer.pk}",
            facts={"link": made.slug, "member": enrollment.member_id, "page": address}, by=by, at=at,
        )  # fmt: skip
    return made


def _accepted(enrollment: Enrollment, page: str, *, by_member: bool, links: int) -> str:
    offer = enrollment.offer
    if not offer.has_links:
        raise DeepLinkRefused("This offer has no sales links.")
    if by_member and not offer.deep_links:
        raise DeepLinkRefused("Links to single pages are off in this offer.")
    if by_member and offer.status != OfferStatus.ACTIVE:
        raise DeepLinkRefused("This offer is not running now, so no links are made in it.")
    if links >= MOST_LINKS:
        raise DeepLinkRefused(f"{MOST_LINKS} links are the most a member can have in an offer.")
    domains = allowed_domains(offer.destination, offer.extra_domains)
    if problem := page_problem(page.strip(), domains):
        raise DeepLinkRefused(problem)
    return str(read_address(page.strip()))
