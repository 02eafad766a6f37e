"""Addresses of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.offers import enroll_views, generate_views, payout_views, rule_views, views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("new/", views.offer_create, name="offer_create"),
    path("summary/", views.offer_summary, name="offer_summary"),
    path("<int:offer_id>/edit/", views.offer_edit, name="offer_edit"),
    path("<int:offer_id>/add-members/", enroll_views.offer_enroll, name="offer_enroll"),
    path("<int:offer_id>/generate/", generate_views.offer_generate, name="offer_generate"),
    path("<int:offer_id>/payouts/", payout_views.offer_payouts, name="offer_payouts"),
    path("<int:offer_id>/payouts/<int:option_id>/", payout_views.payout_edit, name="payout_edit"),
    path("<int:offer_id>/payouts/<int:option_id>/rules/", rule_views.payout_rules, name="payout_rules"),
    path("<int:offer_id>/payouts/<int:option_id>/tiers/", rule_views.payout_tiers, name="payout_tiers"),
    path(
        "<int:offer_id>/payouts/<int:option_id>/collections/", rule_views.payout_collections, name="payout_collections"
    ),
]
