"""The form of a member's own dates in one offer: for all of the member's codes there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms

from offerwell.actions.set_code_dates import OwnDates
from offerwell.models import PromoCode
from offerwell.web.offers.offer_form import WorkspaceTime

if TYPE_CHECKING:
    from offerwell.models import Enrollment


class OwnDatesForm(forms.Form):
    """Start and end in the workspace's zone; empty: the offer's."""

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["starts_at"] = WorkspaceTime(ZoneInfo(zone))
        self.fields["ends_at"] = WorkspaceTime(ZoneInfo(zone))

    def dates(self) -> OwnDates:
        """What a valid form asks for."""
        return OwnDates(self.cleaned_data["starts_at"], self.cleaned_data["ends_at"])


def own_dates_of(enrollment: Enrollment) -> dict[str, Any]:
    """The dates that the member's codes share; what differs between them is left empty."""
    rows = PromoCode.objects.filter(enrollment=enrollment).values_list("starts_at", "ends_at")
    found = [set(column) for column in zip(*rows, strict=True)]
    return {
        name: column.pop() if len(column) == 1 else None
        for name, column in zip(("starts_at", "ends_at"), found, strict=False)
    }
