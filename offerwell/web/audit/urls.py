"""Addresses of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.audit import views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("", views.audit, name="audit"),
    path("events.csv", views.audit_csv, name="audit_csv"),
    path("events.jsonl", views.audit_json, name="audit_json"),
]
