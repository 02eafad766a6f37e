"""Every signed-in request runs inside one workspace, taken from the session's user, never from a value sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef
from django.http import HttpResponseNotFound
from django_scopes import scope, scopes_disabled

from offerwell.models import StoreCode, TeamMember

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


# The portal's people are no team members: its pages run in scopes of their own, whoever is signed in here.
OTHER_DOOR = "/portal/"
OUTSIDE = ("/account/", "/static/", "/healthz", "/readyz", "/join/", "/unsubscribe/", "/mailbox/")


class WorkspaceGate:
    """Puts `request.place` (TeamMember) and the query scope on the request. Without a place: no scope.

    `request.place.has_drift` and `.has_others` (the login belongs to more workspaces) are for the navigation.
    A signed-in user without a workspace sees only the account pages.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request inside its workspace's scope."""
        request.place = self._place(request)  # type: ignore[attr-defined]
        if request.place is None:  # type: ignore[attr-defined]
            return self._outside(request)
        with scope(workspace=request.place.workspace):  # type: ignore[attr-defined]
            return self._rendered(self.get_response(request))

    def _place(self, request: HttpRequest) -> TeamMember | None:
        if request.path.startswith(OTHER_DOOR) or not request.user.is_authenticated:
            return None
        with scopes_disabled():  # before there is a scope; bound to each place's own workspace
            drifts = StoreCode.objects.filter(workspace_id=OuterRef("workspace_id"), problem="drifted")
        places = TeamMember.objects.filter(user=request.user).select_related("workspace").order_by("pk")
        others = TeamMember.objects.filter(user=request.user).exclude(pk=OuterRef("pk"))
        places = places.annotate(has_drift=Exists(drifts), has_others=Exists(others))
        chosen = request.session.get("workspace")
        return (places.filter(workspace_id=chosen).first() if chosen else None) or places.first()

    def _outside(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(OTHER_DOOR):
            return self.get_response(request)
        if request.user.is_authenticated and not request.path.startswith(OUTSIDE):
            return HttpResponseNotFound("This login belongs to no workspace. Ask an owner to invite you.")
        return self.get_response(request)

    def _rendered(self, response: HttpResponse) -> HttpResponse:
        """Templates that render late must still render inside the scope."""
        if hasattr(response, "render") and not response.is_rendered:  # type: ignore[attr-defined]
            response.render()
        return response
