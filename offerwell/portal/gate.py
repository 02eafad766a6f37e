"""Every page of the portal runs for one signed-in person, inside the brands that have this person, and no others.

A guard test finds the view that is neither `@creators_only` nor one of those that sign in.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django_scopes import scope

from offerwell.actions.note_portal_visit import note_portal_visit
from offerwell.portal import cookies
from offerwell.queries.creator_session import SignedIn, is_worth_noting, signed_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

P = ParamSpec("P")


class PortalRequest(HttpRequest):
    """A request of a creator: `person` is who, `at` when."""

    person: SignedIn
    at: datetime


def creators_only(
    view: Callable[Concatenate[PortalRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let only signed-in creators reach the view; others go to sign-in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        at = timezone.now()
        person = signed_in(cookies.read(request, cookies.SESSION), at=at)
        if person is None:
            return uncached(HttpResponseRedirect(reverse("portal_sign_in")))
        request.person, request.at = person, at  # type: ignore[attr-defined]
        if is_worth_noting(person.session, at=at):
            note_portal_visit(session=person.session, at=at)
        with scope(workspace=person.workspaces):
            return uncached(view(request, *args, **kwargs))  # type: ignore[arg-type]

    guarded.creators_only = True  # type: ignore[attr-defined]
    return guarded


def uncached(response: HttpResponse) -> HttpResponse:
    """Nothing of the portal stays in a cache of a shared phone."""
    add_never_cache_headers(response)
    return response
