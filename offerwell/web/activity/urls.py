"""Addresses of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.activity import views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("", views.activity, name="activity"),
    path("<int:change_id>/", views.change, name="change"),
    path("<int:change_id>/undo/", views.undo, name="change_undo"),
    path("<int:change_id>/retry/", views.retry, name="change_retry"),
    path("<int:change_id>/items.csv", views.items_csv, name="change_items_csv"),
    path("<int:change_id>/members.csv", views.members_csv, name="change_members_csv"),
    path("<int:change_id>/toast/", views.toast, name="change_toast"),
]
