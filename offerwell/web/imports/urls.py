"""Addresses of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.imports import views

if TYPE_CHECKING:
    from django.urls import URLPattern

_CODES = "codes/<int:offer_id>/"

urlpatterns: list[URLPattern] = [
    path("members/", views.members_import, name="members_import"),
    path("members/<int:import_id>/", views.members_import_file, name="members_import_file"),
    path("members/<int:import_id>/rejected.csv", views.members_import_rejected, name="members_import_rejected"),
    path(_CODES, views.codes_import, name="codes_import"),
    path(f"{_CODES}<int:import_id>/", views.codes_import_file, name="codes_import_file"),
    path(f"{_CODES}<int:import_id>/rejected.csv", views.codes_import_rejected, name="codes_import_rejected"),
]
