"""Addresses of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.drift import views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("reporting/drift/", views.drift, name="drift"),
    path("reporting/drift/preview/", views.preview, name="drift_preview"),
    path("reporting/drift/confirm/", views.confirm, name="drift_confirm"),
    path("settings/sync/", views.policy, name="drift_policy"),
]
