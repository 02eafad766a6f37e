"""Addresses that shops of any make tell their orders to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.webhooks import browser_views, order_views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("offerwell.1.js", browser_views.snippet, name="snippet"),
    path("<str:key>/browser", browser_views.hear_browser, name="browser_report"),
    path("<str:key>/orders", order_views.hear_order, name="told_order"),
]
