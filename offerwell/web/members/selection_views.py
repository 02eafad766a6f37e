"""What is done with the members selected in the Members tab, or with the one of a profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offerwell.actions.mark_members import mark_members
from offerwell.actions.store_selection import store_selection
from offerwell.actions.unmark_members import unmark_members
from offerwell.models import StoredSelection
from offerwell.queries.marks import marks_among, marks_of
from offerwell.queries.member_export import exported_members
from offerwell.queries.members import count_selected, newest_member_id, selected_members
from offerwell.rules.marks import MarkKind, MarkRefused
from offerwell.rules.permissions import Action
from offerwell.rules.selection import Crowd, InvalidSelection, MemberSelection, Within, selection_from_json
from offerwell.ui.csv_download import csv_download
from offerwell.ui.paging import number_from
from offerwell.ui.selection_form import filter_fields, filter_from, selection_from
from offerwell.web.members.member_screen import members_page
from offerwell.web.members.members_csv import HEADINGS, member_lines
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import QueryDict

_LONGEST_ORIGIN = 300


@dataclass(frozen=True, slots=True)
class Verb:
    """What a dialog does: with which kind of mark, whether it takes it away, and its words."""

    kind: MarkKind
    takes: bool
    title: str
    done: str


VERBS = {
    "add-to-group": Verb(MarkKind.GROUP, takes=False, title="Add to group", done="added to"),
    "remove-from-group": Verb(MarkKind.GROUP, takes=True, title="Remove from group", done="removed from"),
    "add-tag": Verb(MarkKind.TAG, takes=False, title="Add tag", done="tagged"),
    "remove-tag": Verb(MarkKind.TAG, takes=True, title="Remove tag", done="no longer tagged"),
}


@require_POST
@needs(Action.SEND_MESSAGES)
def compose_selected(request: BrandRequest) -> HttpResponse:
    """Keep the selection, then write to exactly these members."""
    return _kept(request, lambda stored: f"{reverse('compose_message')}?sel={stored.pk}")


@require_POST
@needs(Action.EXPORT)
def export_selected(request: BrandRequest) -> HttpResponse:
    """Keep the selection, then download it."""
    return _kept(request, lambda stored: reverse("selected_csv", args=[stored.pk]))


@require_POST
@needs(Action.MOVE_MEMBERS)
def project_selected(request: BrandRequest) -> HttpResponse:
    """Keep the selection, then choose the project."""
    return _kept(request, lambda stored: reverse("add_to_project", args=[stored.pk]))


@require_POST
@needs(Action.EDIT_MEMBERS)
def mark_selected(request: BrandRequest, verb: str) -> HttpResponse:
    """Keep the selection, then choose the group or tag."""
    _verb(verb)
    return _kept(request, lambda stored: reverse("mark_step", args=[stored.pk, verb]))


@require_safe
@needs(Action.EXPORT)
def selected_csv(request: BrandRequest, selection_id: int) -> HttpResponse:
    """The selected members, streamed, as our import reads them."""
    _, selection = _stored(request, selection_id)
    batches = (member_lines(batch) for batch in exported_members(selected_members(selection)))
    return csv_download("members", HEADINGS, batches, workspace=request.place.workspace)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_MEMBERS)
def mark_step(request: BrandRequest, selection_id: int, verb: str) -> HttpResponse:
    """Choose the group or tag (GET), or give it to the selected members, or take it from them (POST)."""
    stored, selection = _stored(request, selection_id)
    wanted = _verb(verb)
    if request.method != "POST":
        return _choosing(request, stored, selection, verb)
    try:
        said = _take(request, wanted, selection) if wanted.takes else _give(request, wanted, selection)
    except MarkRefused as refused:
        return _choosing(request, stored, selection, verb, refusal=str(refused), status=422)
    messages.success(request, said)
    return _back(request, stored)


def _give(request: BrandRequest, verb: Verb, selection: MemberSelection) -> str:
    marked = mark_members(
        workspace_id=request.place.workspace_id, kind=verb.kind, name=request.POST.get("name", ""),
        selection=selection, by=actor_of(request), at=timezone.now(),
    )  # fmt: skip
    already = f" {_members(marked.already)} had it already." if marked.already else ""
    return f"{_members(marked.added)} {verb.done} {marked.mark.name}.{already}"


def _take(request: BrandRequest, verb: Verb, selection: MemberSelection) -> str:
    mark_id = number_from(request.POST.get("mark"))
    if mark_id is None:
        raise MarkRefused(f"Choose a {verb.kind}.")
    removed = unmark_members(
        workspace_id=request.place.workspace_id, kind=verb.kind, mark_id=mark_id, selection=selection,
        by=actor_of(request), at=timezone.now(),
    )  # fmt: skip
    return f"{_members(removed)} {verb.done} this {verb.kind}." if verb.kind == MarkKind.GROUP else _untagged(removed)


def _untagged(removed: int) -> str:
    return f"The tag was taken from {_members(removed)}."


def _members(count: int) -> str:
    return f"{count:,} {'member' if count == 1 else 'members'}"


def _choosing(
    request: BrandRequest,
    stored: StoredSelection,
    selection: MemberSelection,
    verb: str,
    *,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    wanted = _verb(verb)
    shown = {
        "stored": stored,
        "verb": verb,
        "wanted": wanted,
        "selected": count_selected(selection),
        "marks": [] if wanted.takes else marks_of(wanted.kind),
        "carried": marks_among(wanted.kind, selection) if wanted.takes else [],
        "typed": request.POST.get("name", ""),
        "chosen": request.POST.get("mark", ""),
        "refusal": refusal,
        "back": stored.origin or reverse("members"),
    }
    step = "web/members/mark_step.html" if request.htmx else "web/members/mark_step_page.html"  # type: ignore[attr-defined]
    return render(request, step, shown, status=status)


def _back(request: BrandRequest, stored: StoredSelection) -> HttpResponse:
    """To where the members were selected. A dialog cannot follow a redirect with the whole page: it is told to go."""
    back = stored.origin or reverse("members")
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(headers={"HX-Redirect": back})
    return HttpResponseRedirect(back)


def _kept(request: BrandRequest, onward: Callable[[StoredSelection], str]) -> HttpResponse:
    """Store the selection and go on; one that cannot be says why where it was made."""
    try:
        selection = selection_from(request.POST, newest=newest_member_id(), within=Within(Crowd.WORKSPACE))
    except InvalidSelection as refusal:
        return _selection_refused(request, str(refusal))
    stored = store_selection(
        workspace_id=request.place.workspace_id, offer=None, selection=selection, by=actor_of(request),
        at=timezone.now(), origin=_origin(request.POST),
    )  # fmt: skip
    return HttpResponseRedirect(onward(stored))


def _origin(fields: QueryDict) -> str:
    """The path of the screen where the person selected: a profile says itself, the list is its filter."""
    profile = number_from(fields.get("profile"))
    if profile is not None:
        return reverse("member", args=[profile])
    path = reverse("members")
    query = urlencode(filter_fields(filter_from(fields)))
    whole = f"{path}?{query}" if query else path
    return whole if len(whole) <= _LONGEST_ORIGIN else path


def _selection_refused(request: BrandRequest, refusal: str) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "web/manage_offers/selection_refused.html", {"refusal": refusal}, status=422)
        response["HX-Retarget"] = "#selection-refusal"
        response["HX-Reswap"] = "innerHTML"
        return response
    return members_page(request, request.POST, refusal=refusal, status=422)


def _stored(request: BrandRequest, selection_id: int) -> tuple[StoredSelection, MemberSelection]:
    """The person's own selection outside an offer; anybody else's is not there."""
    stored = get_object_or_404(StoredSelection, pk=selection_id, user=request.user, offer=None)
    return stored, selection_from_json(stored.body)


def _verb(verb: str) -> Verb:
    if verb not in VERBS:
        raise Http404
    return VERBS[verb]
