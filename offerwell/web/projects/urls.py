"""Addresses of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from offerwell.web.projects import (
    add_views,
    generate_views,
    move_views,
    offer_views,
    stage_views,
    views,
    workflow_views,
)

if TYPE_CHECKING:
    from django.urls import URLPattern

_STAGE = "<int:project_id>/stages/<int:stage_id>/"
urlpatterns: list[URLPattern] = [
    path("", views.projects, name="projects"),
    path("new/", views.project_create, name="project_create"),
    path("add/<int:selection_id>/", add_views.add_to_project, name="add_to_project"),
    path("<int:project_id>/", views.project, name="project"),
    path("<int:project_id>/edit/", views.project_edit, name="project_edit"),
    path("<int:project_id>/archive/", views.project_archive, name="project_archive"),
    path("<int:project_id>/statuses/", stage_views.project_statuses, name="project_statuses"),
    path("<int:project_id>/offers/", offer_views.project_offers, name="project_offers"),
    path("<int:project_id>/offers/connect/", offer_views.connect, name="project_offer_connect"),
    path("<int:project_id>/offers/disconnect/", offer_views.disconnect, name="project_offer_disconnect"),
    path("<int:project_id>/add-members/", add_views.project_add, name="project_add"),
    path("<int:project_id>/workflow/", workflow_views.workflow, name="workflow"),
    path("<int:project_id>/workflow/<int:stage_id>/", workflow_views.stage_edit, name="stage_edit"),
    path("<int:project_id>/workflow/<int:stage_id>/shift/", workflow_views.stage_shift, name="stage_shift"),
    path("<int:project_id>/workflow/<int:stage_id>/delete/", workflow_views.stage_delete, name="stage_delete"),
    path(_STAGE, stage_views.stage, name="stage"),
    path(f"{_STAGE}selection/", stage_views.select_in_stage, name="select_in_stage"),
    path(f"{_STAGE}move/<int:selection_id>/", move_views.move_to_stage, name="move_to_stage"),
    path(f"{_STAGE}skip/<int:selection_id>/", move_views.skip, name="skip_stage"),
    path(f"{_STAGE}remove/<int:selection_id>/", move_views.remove, name="remove_from_project"),
    path(f"{_STAGE}generate/", generate_views.stage_generate, name="stage_generate"),
]
