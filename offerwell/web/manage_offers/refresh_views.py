"""Refresh Promo Codes: the new codes proposed for the selected members, edited by a person page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from offerwell.actions.edit_proposals import edit_proposals
from offerwell.actions.generate_codes import CodesRefused
from offerwell.actions.look_up_proposals import look_up_proposals
from offerwell.actions.propose_texts import NameWish, TooManyCodes, propose_texts
from offerwell.models import CodeProposal, StoredSelection
from offerwell.queries.offer_member_page_selected import selected_count
from offerwell.rules.code_names import LONGEST, InvalidPattern
from offerwell.rules.permissions import Action
from offerwell.rules.selection import selection_from_json
from offerwell.ui.paging import number_from
from offerwell.web.manage_offers.change_form import own_batch
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.offers.offer_form import PATTERN_CHOICES, composed_pattern, pattern_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse, QueryDict

    from offerwell.models import Offer, ProposalBatch

SHOWN = 50
# About ten seconds; the command line has no such bound.
MOST_AT_ONCE = 100_000
_FIELD = "text-"


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """One code, what its member is called, the text in its input, and what is wrong with it."""

    pk: int
    member: str
    code: str
    is_active: bool
    text: str
    problem: str = ""
    is_looked_up: bool = True


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.CHANGE_OFFER_STATUS)
def refresh_codes(request: BrandRequest, offer_id: int, selection_id: int) -> HttpResponse:
    """How the new codes are named, and the proposals; posted: propose, keep what was typed, go on."""
    own = StoredSelection.objects.filter(user=request.user, offer_id=offer_id).select_related("offer")
    stored = get_object_or_404(own, pk=selection_id)
    if not stored.offer.has_codes:
        return HttpResponseRedirect(f"{reverse('manage_offer', args=[offer_id, selection_id])}?part=refresh")
    fields = request.POST if request.method == "POST" else request.GET
    batch = own_batch(stored, number_from(fields.get("batch", "")))
    if request.method != "POST":
        return _shown(request, stored, _names(request.GET, stored.offer), batch)
    if batch is None or fields.get("do") == "propose":
        return _proposed(request, stored)
    return _kept(request, stored, batch)


def _proposed(request: BrandRequest, stored: StoredSelection) -> HttpResponse:
    names = _names(request.POST, stored.offer)
    wish = NameWish(composed_pattern(names), has_random_suffix=bool(names["random"]))
    try:
        batch = propose_texts(
            workspace_id=stored.workspace_id, offer=stored.offer, selection=selection_from_json(stored.body),
            names=wish, by=actor_of(request), at=timezone.now(), at_most=MOST_AT_ONCE,
        )  # fmt: skip
    except InvalidPattern as refused:
        return _shown(request, stored, names, None, pattern_refusal=str(refused), status=422)
    except TooManyCodes as refused:
        return _shown(request, stored, names, None, refusal=str(refused), status=422)
    look_up_proposals(batch=batch, ids=[row.pk for row in _page(batch, 0)])
    return _to(stored, batch, names)


def _kept(request: BrandRequest, stored: StoredSelection, batch: ProposalBatch) -> HttpResponse:
    """Keep the typed texts; then the next page, or the plan to confirm."""
    typed = _texts(request.POST)
    names = _names(request.POST, stored.offer)
    try:
        edit_proposals(workspace_id=stored.workspace_id, batch=batch, texts=typed)
    except CodesRefused as refused:
        return _shown(
            request, stored, names, batch, after=number_from(request.POST.get("after", "")) or 0, typed=typed,
            problems=refused.problems, status=422,
        )  # fmt: skip
    if request.POST.get("do") == "continue":
        look_up_proposals(batch=batch)
        query = urlencode({"part": "refresh", "batch": batch.pk})
        return HttpResponseRedirect(f"{reverse('confirm_change', args=[stored.offer_id, stored.pk])}?{query}")
    after = 0 if request.POST.get("do") == "first" else number_from(request.POST.get("next", "")) or 0
    look_up_proposals(batch=batch, ids=[*typed, *(row.pk for row in _page(batch, after))])
    return _to(stored, batch, names, after=after)


def _to(stored: StoredSelection, batch: ProposalBatch, names: Mapping[str, str], *, after: int = 0) -> HttpResponse:
    shown = {"batch": str(batch.pk), **names, **({"after": str(after)} if after else {})}
    return HttpResponseRedirect(f"{reverse('refresh_codes', args=[stored.offer_id, stored.pk])}?{urlencode(shown)}")


def _names(fields: QueryDict, offer: Offer) -> dict[str, str]:
    """The chosen pattern, else the offer's."""
    if "pattern" not in fields:
        return {**pattern_fields(offer.code_pattern), "random": ""}
    return {name: fields.get(name, "")[:80] for name in ("pattern", "own_pattern", "prefix", "suffix", "random")}


def _texts(fields: QueryDict) -> dict[int, str]:
    """The typed codes by proposal."""
    typed = {name.removeprefix(_FIELD): text for name, text in fields.items() if name.startswith(_FIELD)}
    known = [(number_from(name), text) for name, text in typed.items()]
    cut = [(pk, text[: 4 * LONGEST].replace("\x00", "")) for pk, text in known if pk is not None]
    return dict(cut[: 2 * SHOWN])


def _page(batch: ProposalBatch, after: int) -> list[CodeProposal]:
    rows = CodeProposal.objects.filter(batch=batch, code_id__gt=after).order_by("code_id")
    return list(rows.select_related("code__enrollment__member")[: SHOWN + 1])


def _row(row: CodeProposal, typed: Mapping[int, str], problems: Mapping[int, str]) -> ProposalRow:
    taken = (
        f"{row.text} exists in {row.on_store} already. Choose another one, or it is left out." if row.on_store else ""
    )
    return ProposalRow(
        row.pk, row.code.enrollment.member.name, row.code.text, row.code.is_active, typed.get(row.pk, row.text),
        problems.get(row.pk, taken if row.pk not in typed else ""), row.is_looked_up,
    )  # fmt: skip


def _shown(
    request: BrandRequest,
    stored: StoredSelection,
    names: Mapping[str, str],
    batch: ProposalBatch | None,
    *,
    after: int | None = None,
    typed: Mapping[int, str] | None = None,
    problems: Mapping[int, str] | None = None,
    status: int = 200,
    **said: str,
) -> HttpResponse:
    if after is None:
        after = number_from(request.GET.get("after", "")) or 0
    found = [] if batch is None else _page(batch, after)
    page = found[:SHOWN]
    rows = [_row(row, typed or {}, problems or {}) for row in page]
    stores = stored.offer.store_links.select_related("store").order_by("store_id")
    shown: dict[str, Any] = {
        "offer": stored.offer,
        "stored": stored,
        "selected": selected_count(stored.offer, selection_from_json(stored.body)),
        "fields": names,
        "patterns": PATTERN_CHOICES,
        "batch": batch,
        "rows": rows,
        "after": after,
        "next": page[-1].code_id if len(found) > SHOWN else None,
        "longest": LONGEST,
        "problems": len(problems or {}),
        "not_looked_up": any(not row.is_looked_up for row in rows),
        "store_names": ", ".join(link.store.label for link in stores),
        **said,
    }
    name = "refresh" if request.htmx else "refresh_page"  # type: ignore[attr-defined]  django-htmx
    return render(request, f"web/manage_offers/{name}.html", shown, status=status)
