"""Keep the copies of a member's name and search text in step: enrollments and places in projects carry them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.models import Enrollment, Placement, PromoCode
from offerwell.models.id_list import id_rows
from offerwell.models.json_rows import update_rows
from offerwell.rules.search_text import enrollment_search_text

if TYPE_CHECKING:
    from collections.abc import Mapping


def renew_member_copies(texts: Mapping[int, tuple[str, str]]) -> None:
    """`texts` are name key and search text by member. Five statements, however many members."""
    of_these = Enrollment.objects.filter(member_id__in=id_rows(texts))
    codes: dict[int, list[str]] = {}
    held = PromoCode.objects.filter(enrollment__in=of_these).order_by("pk").values_list("enrollment_id", "text")
    for enrollment_id, text in held:
        codes.setdefault(enrollment_id, []).append(text)
    rows = [
        (pk, (texts[member_id][0], enrollment_search_text(texts[member_id][1], codes.get(pk, ()))))
        for pk, member_id in of_these.values_list("pk", "member_id")
    ]
    update_rows(Enrollment, ("name_key", "search_text"), rows)
    places = Placement.objects.filter(member_id__in=id_rows(texts)).values_list("pk", "member_id")
    update_rows(Placement, ("name_key",), [(pk, (texts[member_id][0],)) for pk, member_id in places])
