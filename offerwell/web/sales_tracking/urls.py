"""Addresses of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.sales_tracking import member_views, report_csv, report_views, views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("", views.offer_list, name="offer_list"),
    path("report/", report_views.sales_report, name="sales_report"),
    path("report.csv", report_csv.sales_report_csv, name="sales_report_csv"),
    path("<int:offer_id>/", views.offer, name="offer"),
    path("<int:offer_id>/statuses/", views.offer_statuses, name="offer_statuses"),
    path("<int:offer_id>/members.csv", views.offer_members_csv, name="offer_members_csv"),
    path("<int:offer_id>/members/<int:enrollment_id>/", member_views.offer_member, name="offer_member"),
    path(
        "<int:offer_id>/members/<int:enrollment_id>/dates/", member_views.offer_member_dates, name="offer_member_dates"
    ),
    path(
        "<int:offer_id>/members/<int:enrollment_id>/retry/", member_views.offer_member_retry, name="offer_member_retry"
    ),
    path(
        "<int:offer_id>/members/<int:enrollment_id>/links/",
        member_views.offer_member_deep_link,
        name="offer_member_deep_link",
    ),
]
