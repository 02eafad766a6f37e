"""Addresses of the Creator Portal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.portal import (
    inbox_views,
    install_views,
    link_views,
    offer_views,
    passkey_views,
    settings_views,
    sign_in_views,
    statement_views,
)

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("", offer_views.portal_home, name="portal_home"),
    path("sign-in/", sign_in_views.sign_in, name="portal_sign_in"),
    path("sign-in/code/", sign_in_views.sign_in_code, name="portal_sign_in_code"),
    path("sign-in/link/<str:link>/", sign_in_views.sign_in_link, name="portal_sign_in_link"),
    path("sign-in/passkey/options/", passkey_views.sign_in_options, name="portal_passkey_sign_in_options"),
    path("sign-in/passkey/", passkey_views.sign_in_with_passkey, name="portal_passkey_sign_in"),
    path("sign-out/", sign_in_views.sign_out, name="portal_sign_out"),
    path("offers/", offer_views.portal_offers, name="portal_offers"),
    path("offers/<int:enrollment_id>/", offer_views.portal_offer, name="portal_offer"),
    path("offers/<int:enrollment_id>/links/", link_views.portal_links, name="portal_links"),
    path(
        "offers/<int:enrollment_id>/qr/<str:part>-<int:part_id>-<int:number>.svg",
        offer_views.portal_qr,
        name="portal_qr",
    ),
    path("earnings/", offer_views.portal_earnings, name="portal_earnings"),
    path("earnings/statements/<int:statement_id>/", statement_views.portal_statement, name="portal_statement"),
    path("inbox/", inbox_views.portal_inbox, name="portal_inbox"),
    path("inbox/<int:letter_id>/", inbox_views.portal_letter, name="portal_letter"),
    path("inbox/<int:letter_id>/read/", inbox_views.portal_letter_read, name="portal_letter_read"),
    path("settings/messages/<int:member_id>/", settings_views.portal_messages, name="portal_messages"),
    path("settings/", settings_views.portal_settings, name="portal_settings"),
    path("settings/name/", settings_views.portal_name, name="portal_name"),
    path("settings/payout/", statement_views.portal_payout_address, name="portal_payout_address"),
    path("settings/export.json", settings_views.portal_export, name="portal_export"),
    path("settings/sessions/<int:session_id>/end/", settings_views.portal_end_session, name="portal_end_session"),
    path("settings/sessions/end-others/", settings_views.portal_end_others, name="portal_end_others"),
    path("settings/passkeys/options/", passkey_views.passkey_options, name="portal_passkey_options"),
    path("settings/passkeys/", passkey_views.passkey_add, name="portal_passkey_add"),
    path("settings/passkeys/<int:passkey_id>/remove/", passkey_views.passkey_remove, name="portal_passkey_remove"),
    path("manifest.webmanifest", install_views.manifest, name="portal_manifest"),
]
