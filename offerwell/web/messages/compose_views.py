"""Compose message: write, preview member by member, test. Nothing is sent here; Send leads to the confirm step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offerwell.actions.confirm_message import MessageRefused, check_message
from offerwell.actions.keep_message_draft import NotADraft, keep_message_draft
from offerwell.actions.send_test_message import send_test_message
from offerwell.actions.store_selection import store_selection
from offerwell.models import Message, Offer
from offerwell.queries.message_audience import audience_members, neighbour
from offerwell.queries.messages import found_message
from offerwell.queries.offer_member_page import newest_enrollment
from offerwell.rules.message_states import MessageState
from offerwell.rules.permissions import Action
from offerwell.rules.selection import InvalidSelection
from offerwell.ui.paging import number_from
from offerwell.ui.selection_form import selection_from
from offerwell.web.messages.compose_screen import Said, compose_page, preview_fragment, review_page, text_problems
from offerwell.web.messages.composing import Composing, chosen_template, composing_draft, composing_new
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.sales_tracking.offer_screen import offer_screen

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.SEND_MESSAGES)
def compose_message(request: BrandRequest) -> HttpResponse:
    """A new message, to a selection or to the members of a bulk change."""
    composing = composing_new(request)
    if composing is None:
        return render(request, "web/messages/choose_members.html")
    return _answered(request, composing)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.SEND_MESSAGES)
def message_edit(request: BrandRequest, message_id: int) -> HttpResponse:
    """A draft to go on with."""
    message = _found(message_id)
    if message.state != MessageState.DRAFT:
        return HttpResponseRedirect(reverse("message", args=[message.pk]))
    return _answered(request, composing_draft(message))


@require_safe
@needs(Action.SEND_MESSAGES)
def compose_members(request: BrandRequest) -> HttpResponse:
    """Who is meant, before there is a draft."""
    composing = composing_new(request)
    if composing is None:
        return HttpResponseRedirect(reverse("compose_message"))
    return review_page(request, composing)


@require_safe
@needs(Action.SEND_MESSAGES)
def message_members(request: BrandRequest, message_id: int) -> HttpResponse:
    """Who is meant by a draft."""
    return review_page(request, composing_draft(_found(message_id)))


@require_POST
@needs(Action.SEND_MESSAGES)
def message_selection(request: BrandRequest, offer_id: int) -> HttpResponse:
    """Keep the members selected in an offer and go on to Compose."""
    offer = get_object_or_404(Offer, pk=offer_id)
    try:
        selection = selection_from(request.POST, newest=newest_enrollment(offer))
    except InvalidSelection as refusal:
        return _selection_refused(request, offer, str(refusal))
    stored = store_selection(
        workspace_id=offer.workspace_id, offer=offer, selection=selection, by=actor_of(request), at=timezone.now(),
        origin=reverse("offer", args=[offer.pk]),
    )  # fmt: skip
    return _gone_to(request, f"{reverse('compose_message')}?sel={stored.pk}")


def _found(message_id: int) -> Message:
    found = found_message(message_id)
    return found or get_object_or_404(Message, pk=message_id)


def _answered(request: BrandRequest, composing: Composing) -> HttpResponse:
    if request.method != "POST":
        return compose_page(request, composing)
    answer = _STEPS.get(request.POST.get("do", ""), _kept)
    try:
        return answer(request, _stored(composing.typed(request.POST)))
    except NotADraft as confirmed:
        return _gone_to(request, reverse("message", args=[confirmed.message.pk]))


def _stored(composing: Composing) -> Composing:
    """With the draft that an earlier press or typing left."""
    if composing.message is not None:
        return composing
    return replace(composing, message=Message.objects.filter(key=composing.key, state=MessageState.DRAFT).first())


def _keep(request: BrandRequest, composing: Composing) -> Message:
    return keep_message_draft(
        workspace_id=request.place.workspace_id, audience=composing.audience, key=composing.key,
        subject=composing.subject, body=composing.body, by=actor_of(request), at=timezone.now(),
    )  # fmt: skip


def _kept(request: BrandRequest, composing: Composing) -> HttpResponse:
    """Save draft. Typing does it by itself; without JavaScript there is a button."""
    message = _keep(request, composing)
    if request.htmx:  # type: ignore[attr-defined]  django-htmx
        response = preview_fragment(request, composing, _member_id(request), is_saved=True)
        response["HX-Replace-Url"] = reverse("message_edit", args=[message.pk])  # a reload goes on with the draft
        return response
    return HttpResponseRedirect(reverse("message_edit", args=[message.pk]))


def _next(request: BrandRequest, composing: Composing) -> HttpResponse:
    return _beside(request, composing, forward=True)


def _previous(request: BrandRequest, composing: Composing) -> HttpResponse:
    return _beside(request, composing, forward=False)


def _beside(request: BrandRequest, composing: Composing, *, forward: bool) -> HttpResponse:
    """The preview of the next or previous member. Looking saves nothing."""
    here = _member_id(request)
    other = neighbour(composing.audience, here, forward=forward)
    shown = other.pk if other else here
    if request.htmx:  # type: ignore[attr-defined]  django-htmx
        return preview_fragment(request, composing, shown)
    return compose_page(request, composing, member_id=shown)


def _use(request: BrandRequest, composing: Composing) -> HttpResponse:
    """The template's text instead of what was typed, which can be put back."""
    template = chosen_template(composing.template)
    if template is None:
        return compose_page(request, composing)
    old = (composing.subject, composing.body)
    changed = replace(composing, subject=template.subject, body=template.body)
    has_lost = any(text.strip() for text in old) and old != (template.subject, template.body)
    return compose_page(request, changed, said=Said(replaced=old if has_lost else None))


def _put_back(request: BrandRequest, composing: Composing) -> HttpResponse:
    before = replace(composing, subject=request.POST.get("old_subject", ""), body=request.POST.get("old_body", ""))
    return compose_page(request, before)


def _test(request: BrandRequest, composing: Composing) -> HttpResponse:
    """One mail to the person who writes."""
    try:
        send_test_message(
            workspace=request.place.workspace, audience=composing.audience, subject=composing.subject,
            body=composing.body, member_id=_member_id(request), to=request.user.email,
        )  # fmt: skip
    except MessageRefused as refused:
        return _refused(request, composing, refused)
    said = Said(done=f"A test was sent to {request.user.email}. Members got nothing.")
    return compose_page(request, composing, member_id=_member_id(request), said=said)


def _send(request: BrandRequest, composing: Composing) -> HttpResponse:
    return _to_confirm(request, composing, later=False)


def _schedule(request: BrandRequest, composing: Composing) -> HttpResponse:
    return _to_confirm(request, composing, later=True)


def _to_confirm(request: BrandRequest, composing: Composing, *, later: bool) -> HttpResponse:
    """Save, and go on to the confirm step unless something is wrong with the text."""
    message = _keep(request, composing)
    if problems := text_problems(composing):
        return compose_page(request, composing, member_id=_member_id(request), said=Said(problems=problems), status=422)
    try:
        check_message(message, when=None, at=timezone.now())
        if not audience_members(composing.audience).exists():
            raise MessageRefused("to", "Nobody is meant any more. Select members and compose anew.")
    except MessageRefused as refused:
        return _refused(request, composing, refused)
    return HttpResponseRedirect(reverse("message_send", args=[message.pk]) + ("?when=later" if later else ""))


def _refused(request: BrandRequest, composing: Composing, refused: MessageRefused) -> HttpResponse:
    said = Said(problems={refused.field: str(refused)})
    return compose_page(request, composing, member_id=_member_id(request), said=said, status=422)


def _member_id(request: BrandRequest) -> int | None:
    return number_from(request.POST.get("member"))


def _gone_to(request: BrandRequest, address: str) -> HttpResponse:
    """As a whole page, also where a fragment was asked for."""
    response = HttpResponseRedirect(address)
    if request.htmx:  # type: ignore[attr-defined]  django-htmx
        response = render(request, "web/messages/nothing.html")
        response["HX-Redirect"] = address
    return response


def _selection_refused(request: BrandRequest, offer: Offer, refusal: str) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]  django-htmx
        return offer_screen(request, offer, request.POST, refusal=refusal, status=422)
    response = render(request, "web/manage_offers/selection_refused.html", {"refusal": refusal}, status=422)
    response["HX-Retarget"], response["HX-Reswap"] = "#selection-refusal", "innerHTML"
    return response


_STEPS: dict[str, Any] = {
    "save": _kept, "next": _next, "previous": _previous, "use": _use, "back": _put_back, "test": _test,
    "send": _send, "schedule": _schedule,
}  # fmt: skip
