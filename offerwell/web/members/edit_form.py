"""The form of a member: what was typed, kept as it was typed until it can be stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from offerwell.rules.member_draft import MOST_HANDLES, MemberDraft, member_draft

if TYPE_CHECKING:
    from django.http import QueryDict

# Rows to type more handles into.
_BLANK_ROWS = 2


@dataclass(frozen=True, slots=True)
class MemberForm:
    """Texts as typed; `handles` are (network, text), the last ones blank. `seen` the fingerprint of what was there."""

    first_name: str
    last_name: str
    email: str
    country: str
    handles: tuple[tuple[str, str], ...]
    seen: str

    def draft(self) -> MemberDraft:
        """What it says. Raises MemberRefused."""
        return member_draft(
            first_name=self.first_name, last_name=self.last_name, email=self.email, country=self.country,
            handles=self.handles,
        )  # fmt: skip

    def seen_again(self, fingerprint: str) -> MemberForm:
        """The same texts, over the member as it is now: pressing Save once more is meant."""
        return replace(self, seen=fingerprint)


def form_of(draft: MemberDraft) -> MemberForm:
    """The form of a stored member."""
    handles = tuple((handle.network, handle.text) for handle in draft.handles)
    return MemberForm(
        draft.first_name, draft.last_name, draft.email, draft.country, _with_blanks(handles), draft.fingerprint
    )


def typed_form(fields: QueryDict) -> MemberForm:
    """The form as it was sent. Rows of which nothing was typed are left out, and new blank ones put below."""

    def text(name: str) -> str:
        return fields.get(name, "").replace("\0", "")

    pairs = zip(fields.getlist("network"), fields.getlist("handle"), strict=False)
    handles = tuple((network, typed.replace("\0", "")) for network, typed in pairs if typed.strip())
    return MemberForm(
        text("first_name"), text("last_name"), text("email"), text("country"),
        _with_blanks(handles[: MOST_HANDLES + 1]), text("seen"),
    )  # fmt: skip


def _with_blanks(handles: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return handles + (("instagram", ""),) * _BLANK_ROWS
