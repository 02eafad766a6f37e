"""Addresses of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.stores import installs, other_shop_views, views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("", views.stores, name="stores"),
    path("connect/", views.store_connect, name="store_connect"),
    path("connect/other/", other_shop_views.other_shop_connect, name="other_shop_connect"),
    path("<int:shop_id>/secret/", other_shop_views.other_shop_secret, name="other_shop_secret"),
    path("<int:shop_id>/hosts/", other_shop_views.other_shop_hosts, name="other_shop_hosts"),
    path("install/<int:number>/", installs.store_install, name="store_install"),
    path("install/callback/", installs.store_install_callback, name="store_install_callback"),
    path("<int:store_id>/install/", installs.store_install_again, name="store_install_again"),
    path("<int:store_id>/", views.store, name="store"),
    path("<int:store_id>/check/", views.store_check, name="store_check"),
    path("<int:store_id>/audit/", views.store_audit, name="store_audit"),
    path("<int:store_id>/switch/", views.store_switch, name="store_switch"),
    path("<int:store_id>/retry/", views.store_retry, name="store_retry"),
    path("<int:store_id>/webhook-secret/", views.store_webhook_secret, name="store_webhook_secret"),
    path("<int:store_id>/shoppers/<int:request_id>.json", views.store_shopper_file, name="store_shopper_file"),
    path("<int:store_id>/credentials/", views.store_credentials, name="store_credentials"),
]
