"""What the compose screen shows: the members it goes to, the text, its preview, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.shortcuts import render

from offerwell.actions.keep_message_draft import LONGEST_BODY, LONGEST_SUBJECT
from offerwell.actions.write_letter import Signature, sender_of, signature_of, written
from offerwell.models import OfferStatus
from offerwell.queries.activity import undone_by
from offerwell.queries.message_audience import (
    audience_members,
    first_members,
    member_in,
    needed_fields,
    reach_of,
    review_rows,
)
from offerwell.queries.message_values import About, values_of
from offerwell.queries.messages import messages_about
from offerwell.rules.merge_fields import FIELDS, field_problem
from offerwell.ui.change_words import NOUNS, words_of_change
from offerwell.ui.paging import place_from, place_text
from offerwell.web.messages.composing import template_choices
from offerwell.web.messages.sentences import empty_sentences, left_out_sentences, settings_remarks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse

    from offerwell.models import Member
    from offerwell.web.messages.composing import Composing
    from offerwell.web.needs import BrandRequest

# More are counted by the confirm step only: a count of a million at each pause of typing helps nobody.
COUNTED_UP_TO = 20_000
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Said:
    """What the last press came to: a result, problems by field, texts that a template replaced."""

    done: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    replaced: tuple[str, str] | None = None


def compose_page(
    request: BrandRequest, composing: Composing, *, member_id: int | None = None, said: Said | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    """The whole screen."""
    said = said or Said()
    signature = signature_of(request.place.workspace)
    meant = audience_members(composing.audience).count()
    shown = {
        **_preview(composing, signature, member_in(composing.audience, member_id)),
        **_warnings(composing, meant),
        "said": said,
        "problems": text_problems(composing) | said.problems,
        "first": first_members(composing.audience, _SHOWN),
        "more": max(meant - _SHOWN, 0),
        "meant": meant,
        "about": about_sentence(composing),
        "remarks": [*_remarks(composing), *settings_remarks(signature, request.place)],
        "templates": template_choices(),
        "fields": FIELDS.items(),
        "sender": sender_of(signature),
        "reply_to": signature.reply_to,
        "is_saved": False,
    }
    return render(request, "web/messages/compose.html", shown, status=status)


def preview_fragment(
    request: BrandRequest, composing: Composing, member_id: int | None, *, is_saved: bool = False
) -> HttpResponse:
    """The preview alone, with what is wrong with the text; after typing also that it is saved."""
    signature = signature_of(request.place.workspace)
    meant = audience_members(composing.audience).count()
    shown = {
        **_preview(composing, signature, member_in(composing.audience, member_id)),
        **_warnings(composing, meant),
        "problems": text_problems(composing),
        "is_saved": is_saved,
    }
    return render(request, "web/messages/preview_answer.html", shown)


def review_page(request: BrandRequest, composing: Composing) -> HttpResponse:
    """All who are meant, a page at a time, with why somebody gets nothing."""
    page = review_rows(composing.audience, after=place_from(request.GET.get("after", "")))
    shown = {
        "composing": composing,
        "rows": page.rows,
        "next": place_text(page.next),
        "is_first": not request.GET.get("after"),
        "meant": audience_members(composing.audience).count(),
        "about": about_sentence(composing),
    }
    return render(request, "web/messages/review.html", shown)


def _preview(composing: Composing, signature: Signature, member: Member | None) -> dict[str, Any]:
    audience = composing.audience
    about = About(signature.brand, audience.offer, audience.change)
    values = values_of([member], about)[member.pk] if member else {}
    bare = [one.name for one in needed_fields(composing.subject, composing.body) if not one.fallback]
    return {
        "composing": composing,
        "member": member,
        "texts": written(composing.subject, composing.body, values),
        "lacking": [f"{{{name}}}" for name in dict.fromkeys(bare) if member and not values.get(name)],
        "signature": signature,
    }


def text_problems(composing: Composing) -> dict[str, str]:
    """What is wrong with the texts, by field."""
    texts = (("subject", composing.subject, LONGEST_SUBJECT), ("body", composing.body, LONGEST_BODY))
    found = {name: _too_long(text, most) or field_problem(text) for name, text, most in texts}
    return {name: problem for name, problem in found.items() if problem}


def _too_long(text: str, most: int) -> str:
    return f"This has {len(text):,} characters; the most is {most:,}. Shorten it." if len(text) > most else ""


def _warnings(composing: Composing, meant: int) -> dict[str, Any]:
    if meant > COUNTED_UP_TO:
        return {"reach": None, "warnings": [], "to_send": meant}
    reach = reach_of(composing.audience, (composing.subject, composing.body))
    warnings = [*left_out_sentences(reach), *empty_sentences(reach)]
    return {"reach": reach, "warnings": warnings, "to_send": reach.reached}


def about_sentence(composing: Composing) -> str:
    """Who they are, in words."""
    change, offer = composing.audience.change, composing.audience.offer
    if change is not None:
        noun, word = NOUNS[str(change.part)][0], words_of_change(change).done
        return f"Members whose {noun} was {word} in {change.offer.name}. Skipped members are left out."
    return f"Members you selected in {offer.name}." if offer else "Members you selected."


def _remarks(composing: Composing) -> list[str]:
    """What happened to the offer or the change meanwhile."""
    change, offer = composing.audience.change, composing.audience.offer
    remarks = []
    if offer is not None and offer.status == OfferStatus.ARCHIVED:
        remarks.append(f"{offer.name} is archived. You can still write to its members.")
    if change is not None and (undo := undone_by(change)) is not None:
        remarks.append(f"This change was undone by {undo.actor_name}: say what is so now.")
    if change is not None:
        told = messages_about(change.pk)
        remarks += [f"{one.confirmed_by} sent these members “{one.title}” before." for one in told]
    return remarks
