"""Every address that is answered."""

from django.urls import include, path
from django.views.generic import RedirectView

from offerwell.web.health import healthz, readyz

urlpatterns = [
    path("", RedirectView.as_view(url="/reporting/sales-tracking/"), name="home"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("webhooks/", include("offerwell.webhooks.urls")),
    path("conversions/", include("offerwell.webhooks.conversion_urls")),
    path("account/", include("allauth.urls")),
    path("reporting/sales-tracking/", include("offerwell.web.sales_tracking.urls")),
    path("reporting/sales-tracking/", include("offerwell.web.offers.urls")),
    path("reporting/sales-tracking/", include("offerwell.web.manage_offers.urls")),
    path("reporting/activity/", include("offerwell.web.activity.urls")),
    path("reporting/orders/", include("offerwell.web.orders.urls")),
    path("reporting/payouts/", include("offerwell.web.payouts.urls")),
    path("reporting/leaks/", include("offerwell.web.leaks.urls")),
    path("", include("offerwell.web.drift.urls")),
    path("members/", include("offerwell.web.members.urls")),
    path("projects/", include("offerwell.web.projects.urls")),
    path("", include("offerwell.web.manage_offers.entrance_urls")),
    path("import/", include("offerwell.web.imports.urls")),
    path("", include("offerwell.web.messages.urls")),
    path("settings/links/", include("offerwell.web.links.urls")),
    path("settings/stores/", include("offerwell.web.stores.urls")),
    path("", include("offerwell.web.team.urls")),
    path("settings/audit/", include("offerwell.web.audit.urls")),
    path("settings/creator-portal/", include("offerwell.web.portal_settings.urls")),
    path("portal/", include("offerwell.portal.urls")),
]
