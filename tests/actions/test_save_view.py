"""Saved views: a filter under a name that everybody in the workspace sees, and nobody else."""

from __future__ import annotations

import pytest
from django_scopes import scope

from offerwell.actions.delete_view import delete_view
from offerwell.actions.rename_view import rename_view
from offerwell.actions.save_view import save_view
from offerwell.models import Event, SavedView
from offerwell.queries import saved_views as queries
from offerwell.rules.saved_views import ViewRefused
from offerwell.rules.selection import MemberFilter
from tests import make

BY = {"by": make.ANA, "at": make.NOW}
FRENCH = MemberFilter(country="FR", offer=7)


def save(workspace, name, wanted=FRENCH):
    return save_view(workspace_id=workspace.pk, name=name, wanted=wanted, **BY)


def test_a_view_keeps_the_whole_filter_for_this_workspace(acme, rival):
    wanted = MemberFilter(text="nora", country="FR", tag="vip", group="paris", offer=3)
    view = save(acme, " French   VIPs ", wanted)
    assert (view.name, view.created_by, queries.filter_of(SavedView.objects.get())) == (
        "French VIPs",
        "Ana Lopez",
        wanted,
    )
    assert [one.pk for one in queries.saved_views()] == [view.pk]
    assert list(Event.objects.values_list("kind", "subject")) == [("view_saved", f"view:{view.pk}")]
    with scope(workspace=rival):
        assert queries.saved_views() == []


@pytest.mark.parametrize(
    ("name", "wanted", "sentence"),
    [("", FRENCH, "Give the view a name."), ("x" * 81, FRENCH, "The name has 81 characters. 80 is the most."),
     ("ALL", FRENCH, "All is the view of all members. Choose another name."),
     ("french", FRENCH, "There is a view named french already. Choose another name."),
     ("New", MemberFilter(), "Nothing is filtered. Search or choose a filter first, then save it as a view.")],
)  # fmt: skip
def test_what_cannot_be_saved_says_why_and_nothing_happens(acme, name, wanted, sentence):
    save(acme, "French")
    with pytest.raises(ViewRefused) as refused:
        save(acme, name, wanted)
    assert str(refused.value) == sentence
    assert (SavedView.objects.count(), Event.objects.count()) == (1, 1)


def test_there_are_not_more_views_than_tabs(acme, monkeypatch):
    monkeypatch.setattr("offerwell.actions.save_view.MOST_VIEWS", 1)
    save(acme, "French")
    with pytest.raises(ViewRefused, match=r"There are 1 views\. Delete one that nobody needs first\."):
        save(acme, "German")
    assert SavedView.objects.count() == 1


def test_rename_and_delete(acme):
    view, other = save(acme, "French"), save(acme, "Other")
    assert rename_view(workspace_id=acme.pk, view=view, name="Françaises", **BY).name == "Françaises"
    with pytest.raises(ViewRefused, match=r"There is a view named FRANÇAISES already\."):
        rename_view(workspace_id=acme.pk, view=other, name="FRANÇAISES", **BY)
    delete_view(workspace_id=acme.pk, view=view, **BY)
    delete_view(workspace_id=acme.pk, view=view, **BY)
    with pytest.raises(ViewRefused, match=r"This view is not there any more\."):
        rename_view(workspace_id=acme.pk, view=view, name="Again", **BY)
    assert list(SavedView.objects.values_list("name", flat=True)) == ["Other"]
    kinds = list(Event.objects.order_by("seq").values_list("kind", flat=True))
    assert kinds == ["view_saved", "view_saved", "view_renamed", "view_deleted"]
