"""Whose a code text is, and whose it was: a text that a member ever had goes to nobody else (domain §3.10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.models import CodeHistory, PromoCode
from offerwell.models.json_rows import text_rows
from offerwell.rules.code_refresh import may_have

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has or had a text (one member, where our own rule was kept).

    `code_id` is the code that has it now, or None where nobody does any more.
    """

    members: frozenset[int]
    code_id: int | None
    told: str

    def leaves_to(self, member_id: int) -> bool:
        """Whether that member may have it: nobody has it now, and nobody else ever had."""
        return self.code_id is None and may_have(self.members, member_id)

    def refusal(self, text: str) -> str:
        """Why somebody else cannot have it."""
        if self.code_id is not None:
            return f"{text} is already the code of {self.told}. Choose another one."
        return f"{text} was the code of {self.told}, and orders by it still belong there. Choose another one."


def owners_of(keys: Iterable[str]) -> dict[str, Owner]:
    """The owner of each of these upper-cased texts that ever had one. Two statements."""
    listed = text_rows(keys)
    found: dict[str, Owner] = {}
    past = CodeHistory.objects.filter(text_key__in=listed).select_related("code__enrollment__member", "code__offer")
    for entry in past.order_by("pk"):
        member = entry.code.enrollment.member
        before = found[entry.text_key].members if entry.text_key in found else frozenset()
        found[entry.text_key] = Owner(before | {entry.member_id}, None, f"{member.name} in {entry.code.offer.name}")
    current = PromoCode.objects.filter(text_key__in=listed).select_related("enrollment__member", "offer")
    for code in current:
        told = f"{code.enrollment.member.name} in {code.offer.name}"
        found[code.text_key] = Owner(frozenset({code.enrollment.member_id}), code.pk, told)
    return found
