"""Generate codes and links: names proposed by a pattern, edited by a person, then made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from offerwell.actions.generate_codes import CannotGenerate, CodesRefused, Generated, generate_codes
from offerwell.models import Offer, Store
from offerwell.queries.code_proposals import Place, incomplete, lacking, places_of, propose_codes
from offerwell.rules.code_names import LONGEST, InvalidPattern
from offerwell.rules.permissions import Action
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.offers.offer_form import PATTERN_CHOICES, composed_pattern, pattern_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse, QueryDict

SHOWN = 100
# About five seconds of one transaction; the command line has no such bound.
MOST_AT_ONCE = 100_000
_FIELD = "text-"
# As many inputs as a page ever shows, and room for one that was shown before.
_MOST_FIELDS = 2 * SHOWN


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """One member with the code in its input, and what is wrong with it."""

    place: Place
    text: str
    problem: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_OFFERS)
def offer_generate(request: BrandRequest, offer_id: int) -> HttpResponse:
    """The proposals; or, posted, the codes and links."""
    offer = get_object_or_404(Offer, pk=offer_id)
    if request.method != "POST":
        return _proposed(request, offer, _pattern_fields(request.GET, offer))
    fields = _pattern_fields(request.POST, offer)
    texts = _texts(request.POST)
    try:
        made = generate_codes(
            workspace_id=request.place.workspace_id, offer=offer, texts=texts, by=actor_of(request),
            at=timezone.now(), pattern=composed_pattern(fields),
            also_the_rest=request.POST.get("scope") == "all", at_most=MOST_AT_ONCE,
        )  # fmt: skip
    except CodesRefused as refused:
        return _edited(request, offer, fields, texts, refused.problems)
    except InvalidPattern as refused:
        return _edited(request, offer, fields, texts, {}, pattern_refusal=str(refused))
    except CannotGenerate as refused:
        return _edited(request, offer, fields, texts, {}, refusal=str(refused))
    messages.success(request, made_sentence(offer, made))
    return HttpResponseRedirect(reverse("offer", args=[offer.pk]))


def made_sentence(offer: Offer, made: Generated) -> str:
    """What was made, in words."""
    parts = [_counted(made.codes, "code")] if offer.has_codes else []
    parts += [_counted(made.links, "link")] if offer.has_links else []
    told = f"{' and '.join(parts)} generated."
    if not made.codes:
        return told
    labels = Store.objects.filter(offer_links__offer=offer).order_by("label").values_list("label", flat=True)
    return f"{told} They are being created in {', '.join(labels)}."


def _counted(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number:,} {what}s"


def _pattern_fields(fields: QueryDict, offer: Offer) -> dict[str, str]:
    """The chosen pattern, else the offer's."""
    if "pattern" not in fields:
        return pattern_fields(offer.code_pattern)
    return {name: fields.get(name, "")[:80] for name in ("pattern", "own_pattern", "prefix", "suffix")}


def _texts(fields: QueryDict) -> dict[int, str]:
    """The edited codes by enrollment."""
    typed = [(name.removeprefix(_FIELD), text) for name, text in fields.items() if name.startswith(_FIELD)]
    numbers = [(number, text) for number, text in typed if number.isascii() and number.isdigit() and len(number) <= 18]  # noqa: PLR2004  below 2**63
    return {int(number): text[: 4 * LONGEST].replace("\x00", "") for number, text in numbers[:_MOST_FIELDS]}


def _proposed(request: BrandRequest, offer: Offer, fields: Mapping[str, str]) -> HttpResponse:
    try:
        proposals = propose_codes(offer, pattern=composed_pattern(fields), limit=SHOWN)
    except InvalidPattern as refused:
        return _shown(request, offer, fields, [], pattern_refusal=str(refused), status=422)
    return _shown(request, offer, fields, [ProposalRow(each.place, each.text) for each in proposals])


def _edited(
    request: BrandRequest, offer: Offer, fields: Mapping[str, str], texts: Mapping[int, str],
    problems: Mapping[int, str], **said: str,
) -> HttpResponse:  # fmt: skip
    """The same rows with what was typed, and each problem at its row."""
    rows = incomplete(offer).filter(pk__in=list(texts)).order_by("pk")
    shown = [
        ProposalRow(
            place,
            texts[place.enrollment_id],
            # The row shows the name already.
            problems.get(place.enrollment_id, "").removeprefix(f"{place.name}: "),
        )
        for place in places_of(rows, offer, needs_handle=False)
    ]
    return _shown(request, offer, fields, shown, status=422, problems=len(problems), **said)


def _shown(
    request: BrandRequest, offer: Offer, fields: Mapping[str, str], rows: list[ProposalRow], *,
    status: int = 200, **said: object,
) -> HttpResponse:  # fmt: skip
    todo = lacking(offer)
    shown = {
        "offer": offer,
        "rows": rows,
        "todo": todo,
        "beyond": max(0, todo.members - len(rows)),
        "most_at_once": MOST_AT_ONCE,
        "is_large": todo.members > MOST_AT_ONCE,
        "fields": fields,
        "patterns": PATTERN_CHOICES,
        "longest": LONGEST,
        "stores": [link.store for link in offer.store_links.select_related("store").order_by("store_id")],
        **said,
    }
    return render(request, "web/offers/generate.html", shown, status=status)
