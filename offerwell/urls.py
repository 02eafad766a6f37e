"""Every address of the web door."""

from django.urls import include, path
from django.views.generic import RedirectView

from offerwell.web.health import healthz, readyz

urlpatterns = [
    path("", RedirectView.as_view(url="/reporting/sales-tracking/"), name="home"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("webhooks/", include("offerwell.webhooks.urls")),
    path("account/", include("allauth.urls")),
    path("reporting/sales-tracking/", include("offerwell.web.sales_tracking.urls")),
    path("reporting/sales-tracking/", include("offerwell.web.offers.urls")),
    path("reporting/sales-tracking/", include("offerwell.web.manage_offers.urls")),
    path("reporting/activity/", include("offerwell.web.activity.urls")),
    path("", include("offerwell.web.drift.urls")),
    path("members/", include("offerwell.web.members.urls")),
    path("import/", include("offerwell.web.imports.urls")),
    path("settings/stores/", include("offerwell.web.stores.urls")),
]
