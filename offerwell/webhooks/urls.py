"""Addresses of this door: one for each store, and one that an app's own configuration names for all its shops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.webhooks import mail_views, views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("shopify/", views.receive, name="webhooks_of_app"),
    path("shopify/<str:key>/", views.receive, name="webhooks"),
    path("mail/<slug:provider>/", mail_views.hear_mail, name="webhooks_of_mail"),
]
