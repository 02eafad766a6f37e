"""Addresses of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.rules.marks import MarkKind
from offerwell.web.members import mark_views, profile_views, saved_view_views, selection_views, views

if TYPE_CHECKING:
    from django.urls import URLPattern

_GROUP, _TAG = {"kind": MarkKind.GROUP}, {"kind": MarkKind.TAG}

urlpatterns: list[URLPattern] = [
    path("", views.members, name="members"),
    path("members.csv", views.members_csv, name="members_csv"),
    path("selection/compose/", selection_views.compose_selected, name="compose_selected"),
    path("selection/export/", selection_views.export_selected, name="export_selected"),
    path("selection/project/", selection_views.project_selected, name="project_selected"),
    path("selection/<slug:verb>/", selection_views.mark_selected, name="mark_selected"),
    path("selection/<int:selection_id>/members.csv", selection_views.selected_csv, name="selected_csv"),
    path("selection/<int:selection_id>/<slug:verb>/", selection_views.mark_step, name="mark_step"),
    path("views/", saved_view_views.views_list, name="member_views"),
    path("views/save/", saved_view_views.view_save, name="member_view_save"),
    path("views/<int:view_id>/rename/", saved_view_views.view_rename, name="member_view_rename"),
    path("views/<int:view_id>/delete/", saved_view_views.view_delete, name="member_view_delete"),
    path("groups/", mark_views.marks, _GROUP, name="groups"),
    path("groups/<int:mark_id>/", mark_views.mark, _GROUP, name="group"),
    path("groups/<int:mark_id>/delete/", mark_views.mark_delete, _GROUP, name="group_delete"),
    path("tags/", mark_views.marks, _TAG, name="tags"),
    path("tags/<int:mark_id>/", mark_views.mark, _TAG, name="tag"),
    path("tags/<int:mark_id>/delete/", mark_views.mark_delete, _TAG, name="tag_delete"),
    path("<int:member_id>/", profile_views.member, name="member"),
    path("<int:member_id>/edit/", profile_views.member_edit, name="member_edit"),
    path("<int:member_id>/member.json", profile_views.member_json, name="member_json"),
]
