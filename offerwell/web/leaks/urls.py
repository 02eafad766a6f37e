"""Addresses of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.leaks import views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("", views.leaks, name="leaks"),
    path("manage/", views.manage, name="leaks_manage"),
    path("dismiss/", views.dismiss, name="leaks_dismiss"),
]
