"""Addresses of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.messages import compose_views, list_views, open_views, send_views, settings_views

if TYPE_CHECKING:
    from django.urls import URLPattern

urlpatterns: list[URLPattern] = [
    path("messages/", list_views.messages, name="messages"),
    path("messages/compose/", compose_views.compose_message, name="compose_message"),
    path("messages/compose/members/", compose_views.compose_members, name="compose_members"),
    path("messages/selection/<int:offer_id>/", compose_views.message_selection, name="message_selection"),
    path("messages/templates/", list_views.message_templates, name="message_templates"),
    path("messages/templates/new/", list_views.template_new, name="template_new"),
    path("messages/templates/<int:template_id>/", list_views.template_edit, name="template_edit"),
    path("messages/templates/<int:template_id>/delete/", list_views.template_delete, name="template_delete"),
    path("messages/<int:message_id>/", send_views.message, name="message"),
    path("messages/<int:message_id>/edit/", compose_views.message_edit, name="message_edit"),
    path("messages/<int:message_id>/members/", compose_views.message_members, name="message_members"),
    path("messages/<int:message_id>/send/", send_views.message_send, name="message_send"),
    path("messages/<int:message_id>/cancel/", send_views.message_cancel, name="message_cancel"),
    path("messages/<int:message_id>/discard/", send_views.message_discard, name="message_discard"),
    path("messages/<int:message_id>/letters.csv", send_views.message_csv, name="message_csv"),
    path("messages/<int:message_id>/letters/<int:letter_id>/", send_views.message_letter, name="message_letter"),
    path("settings/messages/", settings_views.mail_settings, name="mail_settings"),
    path("settings/messages/suppressions/", settings_views.suppressions, name="suppressions"),
    path("settings/messages/suppressions/import/", settings_views.suppressions_import, name="suppressions_import"),
    path(
        "settings/messages/suppressions/<int:suppression_id>/remove/", settings_views.suppression_remove,
        name="suppression_remove",
    ),
    path("unsubscribe/<str:token>/", open_views.unsubscribe_page, name="unsubscribe"),
    path("mailbox/", open_views.mailbox, name="mailbox"),
    path("mailbox/<str:name>/", open_views.mailbox_mail, name="mailbox_mail"),
    path("mailbox/<str:name>/html/", open_views.mailbox_html, name="mailbox_html"),
]  # fmt: skip
