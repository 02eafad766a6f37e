"""Addresses where the dialog begins with choosing an offer: from a project, and from a member's profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.manage_offers import entrance_views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path(
        "projects/<int:project_id>/selected/<int:selection_id>/offers/",
        entrance_views.manage_project_offers,
        name="manage_project_offers",
    ),
    path("members/<int:member_id>/manage-offers/", entrance_views.manage_member_offers, name="manage_member_offers"),
]
