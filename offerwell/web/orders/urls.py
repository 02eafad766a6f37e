"""Addresses of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.orders import replay_views, views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("", views.orders, name="orders"),
    path("rules/", views.rules, name="attribution_rules"),
    path("rules/replays/", replay_views.ask, name="replays"),
    path("rules/replays/<int:replay_id>/", replay_views.replay, name="replay"),
    path("rules/replays/<int:replay_id>/apply/", replay_views.apply, name="replay_apply"),
    path("<int:order_id>/", views.order, name="order"),
    path("<int:order_id>/judge/", views.judge, name="order_judge"),
    path("stores/<int:store_id>/", views.ask_store, name="store_orders"),
]
