"""Addresses of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.manage_offers import refresh_views, views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("<int:offer_id>/selection/", views.select_members, name="select_members"),
    path("<int:offer_id>/manage/<int:selection_id>/", views.manage_offer, name="manage_offer"),
    path("<int:offer_id>/manage/<int:selection_id>/members/", views.selected_members, name="selected_members"),
    path("<int:offer_id>/manage/<int:selection_id>/refresh/", refresh_views.refresh_codes, name="refresh_codes"),
    path("<int:offer_id>/manage/<int:selection_id>/confirm/", views.confirm_change, name="confirm_change"),
]
