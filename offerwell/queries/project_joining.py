"""Members that could come into a project: who is chosen, and who of them is in it already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from offerwell.models import Member, Placement, Project
from offerwell.queries.enrollable_members import Joining
from offerwell.queries.members import selected_members

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from offerwell.rules.selection import MemberSelection


def not_yet_in_project(project: Project, selection: MemberSelection) -> QuerySet[Member]:
    """The selected members that are in no stage of the project."""
    return selected_members(selection).filter(~Exists(_places(project)))


def in_project(project: Project, selection: MemberSelection) -> QuerySet[Member]:
    """The selected members that are in one of its stages."""
    return selected_members(selection).filter(Exists(_places(project)))


def who_would_come(project: Project, selection: MemberSelection) -> Joining:
    """The counts a person sees before adding."""
    return Joining(
        will_join=not_yet_in_project(project, selection).order_by().count(),
        already=in_project(project, selection).order_by().count(),
    )


def placed_in(project: Project, member_ids: Iterable[int]) -> set[int]:
    """Which of these members are in the project."""
    rows = Placement.objects.filter(project=project, member_id__in=list(member_ids))
    return set(rows.values_list("member_id", flat=True))


def _places(project: Project) -> QuerySet[Placement]:
    return Placement.objects.filter(project=project, member=OuterRef("pk"))
