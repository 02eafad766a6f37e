"""Addresses of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.payouts import file_views, list_views, pay_views, run_views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("", list_views.payouts, name="payouts"),
    path("rules/", list_views.rules, name="payout_policy"),
    path("<int:run_id>/", run_views.run, name="payout_run"),
    path("<int:run_id>/approve/", run_views.approve, name="payout_approve"),
    path("<int:run_id>/cancel/", run_views.cancel, name="payout_cancel"),
    path("<int:run_id>/pay/", pay_views.pay, name="payout_pay"),
    path("<int:run_id>/statements.csv", file_views.statements_csv, name="payout_csv"),
    path("<int:run_id>/<str:provider>/<str:currency>-<int:part>.csv", file_views.payment_csv, name="payment_csv"),
    path("statements/<int:statement_id>/", pay_views.statement, name="statement"),
    path("statements/<int:statement_id>/payment/", pay_views.statement_payment, name="statement_payment"),
]
