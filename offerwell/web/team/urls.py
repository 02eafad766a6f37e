"""Addresses of these screens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.team import joining, session_views, views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("settings/team/", views.team, name="team"),
    path("settings/team/invite/", views.team_invite, name="team_invite"),
    path("settings/team/invitations/<int:invitation_id>/send/", views.invitation_send, name="invitation_send"),
    path("settings/team/invitations/<int:invitation_id>/revoke/", views.invitation_revoke, name="invitation_revoke"),
    path("settings/team/leave/", views.team_leave, name="team_leave"),
    path("settings/team/<int:place_id>/", views.team_person, name="team_person"),
    path("settings/team/<int:place_id>/remove/", views.team_remove, name="team_remove"),
    path(
        "settings/team/<int:place_id>/sessions/<int:session_id>/end/",
        session_views.team_session_end,
        name="team_session_end",
    ),
    path("settings/sessions/<int:session_id>/end/", session_views.session_end, name="session_end"),
    path("workspaces/", joining.workspaces, name="workspaces"),
    path("workspaces/<int:workspace_id>/", joining.workspace_switch, name="workspace_switch"),
    path("join/<str:token>/", joining.join, name="join"),
]
