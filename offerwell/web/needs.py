"""Every view of the web door says what it needs; a guard test finds the one that does not."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from offerwell.rules.permissions import Action, Actor, may

if TYPE_CHECKING:
    from collections.abc import Callable

    from offerwell.models import TeamMember

P = ParamSpec("P")


class BrandRequest(HttpRequest):
    """A request of a team member: `place` is their place in the workspace."""

    place: TeamMember


def needs(
    action: Action,
) -> Callable[
    [Callable[Concatenate[BrandRequest, P], HttpResponse]], Callable[Concatenate[HttpRequest, P], HttpResponse]
]:
    """Let only signed-in team members whose role may do `action` reach the view.

    Strangers go to sign-in and come back; a role that may not gets 403 with who can help.
    """

    def wrap(
        view: Callable[Concatenate[BrandRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            place: TeamMember | None = getattr(request, "place", None)
            if place is None:
                raise Http404
            if not may(place.role, action):
                return render(request, "web/refused.html", {"action": action}, status=403)
            return view(request, *args, **kwargs)  # type: ignore[arg-type]

        guarded.needs = action  # type: ignore[attr-defined]
        return guarded

    return wrap


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """A fragment cannot show a sign-in page: 401, and our script goes there as a whole page."""
    if getattr(request, "htmx", False):
        return HttpResponse(status=401)
    return redirect_to_login(request.get_full_path())


def actor_of(request: BrandRequest) -> Actor:
    """Who acts, for the records."""
    return Actor(name=str(request.user), door="web", user_id=request.user.pk)
