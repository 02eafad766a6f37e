"""Addresses of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.activity import scheduled_views, views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("", views.activity, name="activity"),
    path("scheduled/", scheduled_views.scheduled_changes, name="scheduled_changes"),
    path("scheduled/<int:schedule_id>/", scheduled_views.scheduled_change, name="scheduled_change"),
    path("scheduled/<int:schedule_id>/cancel/", scheduled_views.cancel_scheduled, name="cancel_scheduled"),
    path("<int:change_id>/", views.change, name="change"),
    path("<int:change_id>/undo/", views.undo, name="change_undo"),
    path("<int:change_id>/retry/", views.retry, name="change_retry"),
    path("<int:change_id>/items.csv", views.items_csv, name="change_items_csv"),
    path("<int:change_id>/members.csv", views.members_csv, name="change_members_csv"),
    path("<int:change_id>/toast/", views.toast, name="change_toast"),
]
