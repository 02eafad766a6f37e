"""Addresses of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.stores import views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("", views.stores, name="stores"),
    path("connect/", views.store_connect, name="store_connect"),
    path("<int:store_id>/", views.store, name="store"),
    path("<int:store_id>/check/", views.store_check, name="store_check"),
    path("<int:store_id>/audit/", views.store_audit, name="store_audit"),
    path("<int:store_id>/switch/", views.store_switch, name="store_switch"),
    path("<int:store_id>/credentials/", views.store_credentials, name="store_credentials"),
]
