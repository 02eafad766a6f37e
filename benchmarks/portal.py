"""Server time of the Creator Portal's pages, for one member of an offer of n members. Milliseconds."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.test import Client
from django.utils import timezone
from django_scopes import scope

from benchmarks.crowd import make_crowd
from benchmarks.pages import PageTime, timed
from offerwell.actions.sign_in_creator import creator_of, start_session
from offerwell.models import Enrollment, Member, ScheduledChange, Workspace
from offerwell.portal import cookies
from offerwell.rules.selection import MemberFilter, MemberSelection

if TYPE_CHECKING:
    from offerwell.models import Offer

EMAIL = "creator@bench.example"
_SCHEDULES = 20


def measure_portal(size: int) -> list[PageTime]:
    """Every page, where the brand announces: the dearest there is."""
    settings.ALLOWED_HOSTS = ["testserver"]
    offer = make_crowd(size, name="Portal")
    place = _creator(offer)
    client = _signed_in()
    pages = {
        "home": "/portal/", "offers": "/portal/offers/", "offer": f"/portal/offers/{place.pk}/",
        "inbox": "/portal/inbox/", "settings": "/portal/settings/", "own data": "/portal/settings/export.json",
    }  # fmt: skip
    return [timed(client, f"portal: {name}", address) for name, address in pages.items()]


def _creator(offer: Offer) -> Enrollment:
    """A member in the middle of the crowd has the e-mail; the offer has changes for later."""
    at = timezone.now()
    Workspace.objects.filter(pk=offer.workspace_id).update(notice_hours=24, tells_reasons=True)
    with scope(workspace=offer.workspace):
        places = Enrollment.objects.filter(offer=offer).order_by("pk")
        place: Enrollment = places[places.count() // 2]
        Member.objects.filter(pk=place.member_id).update(email=EMAIL, email_key=EMAIL)
        for number in range(_SCHEDULES):
            ScheduledChange.objects.create(
                workspace=offer.workspace, offer=offer, part="codes", to_active=False, planned={}, zone="UTC",
                selection=MemberSelection(filter=MemberFilter(), up_to=place.pk).to_json(),
                run_at=at + timedelta(days=number + 1), due_at=at + timedelta(days=number + 1),
                key=f"bench-{number}", actor_name="Bench", door="cli", body_hash="", scheduled_at=at,
            )  # fmt: skip
    return place


def _signed_in() -> Client:
    client = Client()
    at = timezone.now()
    key = start_session(creator=creator_of(EMAIL, at=at), user_agent="", at=at)
    client.cookies[cookies.SESSION] = key
    return client
