"""The confirm step of a message, and how it stands afterwards: progress, letters by state, undo, CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages as notices
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offerwell.actions.cancel_message import NothingToCall, cancel_message
from offerwell.actions.confirm_message import AudienceMoved, MessageRefused, confirm_message
from offerwell.actions.discard_message import discard_message
from offerwell.actions.keep_message_draft import NotADraft
from offerwell.actions.write_letter import sender_of, signature_of
from offerwell.models import Message, MessageRecipient
from offerwell.queries.message_audience import audience_of, reach_of
from offerwell.queries.messages import every_letter, found_message, letter_counts, letter_page
from offerwell.rules.message_states import LetterState, MessageState
from offerwell.rules.permissions import Action, may
from offerwell.ui.csv_download import csv_download
from offerwell.ui.paging import number_from
from offerwell.web.messages.compose_screen import about_sentence
from offerwell.web.messages.composing import composing_draft
from offerwell.web.messages.later import Later, later_from, later_now
from offerwell.web.messages.sentences import empty_sentences, heading_of, left_out_sentences, settings_remarks
from offerwell.web.messages.shown_reach import NotShown, reach_token, shown_reach
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.queries.message_audience import Reach

CSV_HEADINGS = ("Member", "E-mail", "State", "Reason", "Handed over", "Settled")


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.SEND_MESSAGES)
def message_send(request: BrandRequest, message_id: int) -> HttpResponse:
    """Show who gets it (GET), or send exactly to them (POST)."""
    message = _found(message_id)
    if message.state != MessageState.DRAFT:
        return HttpResponseRedirect(reverse("message", args=[message.pk]))
    at = timezone.now()
    zone = request.place.workspace.timezone
    if request.method != "POST":
        return _confirm_step(request, message, later_now(zone, is_later=request.GET.get("when") == "later"))
    later = later_from(request.POST, zone, now=at)
    if "preview" in request.POST or (later.is_later and not later.was_shown):
        status = 422 if later.refusal and "preview" not in request.POST else 200
        return _confirm_step(request, message, later, status=status)
    return _confirmed(request, message, later, at=at)


def _confirmed(request: BrandRequest, message: Message, later: Later, *, at: datetime) -> HttpResponse:
    try:
        shown = shown_reach(request.POST.get("shown_reach", ""), message, request.user)
        confirm_message(
            workspace_id=message.workspace_id, message_id=message.pk, shown=shown,
            when=later.moment if later.is_later else None, by=actor_of(request), at=at,
        )  # fmt: skip
    except (AudienceMoved, NotShown) as moved:
        return _confirm_step(request, message, later, differs=str(moved), status=409)
    except MessageRefused as refused:
        return _confirm_step(request, message, later, differs=str(refused), status=422)
    return HttpResponseRedirect(reverse("message", args=[message.pk]))


def _confirm_step(
    request: BrandRequest, message: Message, later: Later, *, differs: str = "", status: int = 200
) -> HttpResponse:
    reach: Reach = reach_of(audience_of(message), (message.subject, message.body))
    signature = signature_of(request.place.workspace)
    shown = {
        "message": message,
        "reach": reach,
        "later": later,
        "differs": differs,
        "token": reach_token(message, reach, request.user),
        "about": about_sentence(composing_draft(message)),
        "warnings": [*left_out_sentences(reach), *empty_sentences(reach)],
        "remarks": settings_remarks(signature, request.place),
        "sender": sender_of(signature),
        "reply_to": signature.reply_to,
    }
    template = "send_step" if request.htmx else "send"  # type: ignore[attr-defined]  django-htmx
    return render(request, f"web/messages/{template}.html", shown, status=status)


@require_safe
@needs(Action.VIEW)
def message(request: BrandRequest, message_id: int) -> HttpResponse:
    """How a message stands, and what became of each letter."""
    found = _found(message_id)
    if found.state == MessageState.DRAFT:
        return HttpResponseRedirect(reverse("message_edit", args=[found.pk]))
    if request.htmx:  # type: ignore[attr-defined]  django-htmx
        return _looked_again(request, found)
    return render(request, "web/messages/message.html", _standing(request, found) | _letters(request, found))


def _looked_again(request: BrandRequest, found: Message) -> HttpResponse:
    """An answer to a poll; when it is over the page comes anew, whole."""
    response = render(request, "web/messages/standing.html", _standing(request, found))
    if not MessageState(found.state).is_under_way:
        response["HX-Refresh"] = "true"
    return response


def _standing(request: BrandRequest, found: Message) -> dict[str, Any]:
    now = timezone.now()
    is_held = found.state == MessageState.SENDING and not found.attempts and bool(found.due_at and found.due_at > now)
    is_held = is_held and found.waiting == found.recipients - found.skipped
    going = found.recipients - found.skipped
    return {
        "message": found,
        "heading": heading_of(found, is_held=is_held),
        "is_held": is_held,
        "seconds": max(int((found.due_at - now).total_seconds()), 0) + 1 if is_held and found.due_at else 0,
        "going": going,
        "settled": going - found.waiting,
        "bar_total": max(going, 1),
        "bar_done": (going - found.waiting) if going else 1,
        "bad": found.failed + found.unknown + found.bounced + found.complained,
        "is_under_way": MessageState(found.state).is_under_way,
        "is_running": found.state == MessageState.SENDING,
        "may_send": may(request.place.role, Action.SEND_MESSAGES),
        "may_export": may(request.place.role, Action.EXPORT),
    }


def _letters(request: BrandRequest, found: Message) -> dict[str, Any]:
    wanted = _state(request)
    tabs = [(state, count) for state, count in letter_counts(found) if count]
    return {
        "letters": letter_page(found, wanted, after=number_from(request.GET.get("after")) or 0),
        "is_first": not number_from(request.GET.get("after")),
        "wanted": str(wanted) if wanted else "",
        "tabs": [(str(state), state.label, count, state == wanted) for state, count in tabs],
    }


def _state(request: BrandRequest) -> LetterState | None:
    asked = request.GET.get("state", "")
    return LetterState(asked) if asked in set(LetterState) else None


@require_safe
@needs(Action.VIEW)
def message_letter(request: BrandRequest, message_id: int, letter_id: int) -> HttpResponse:
    """What one member received."""
    letters = MessageRecipient.objects.select_related("member", "message__offer")
    letter = get_object_or_404(letters, pk=letter_id, message_id=message_id)
    return render(request, "web/messages/letter.html", {"letter": letter, "message": letter.message})


@require_safe
@needs(Action.EXPORT)
def message_csv(request: BrandRequest, message_id: int) -> HttpResponse:
    """Every letter, or those in a state, streamed."""
    found = _found(message_id)
    pages = every_letter(found, _state(request))
    lines = ([_line(letter) for letter in page.rows] for page in pages)
    return csv_download(f"message {found.pk}", CSV_HEADINGS, lines, workspace=request.place.workspace)


def _line(letter: MessageRecipient) -> tuple[str, ...]:
    times = [moment.isoformat() if moment else "" for moment in (letter.handed_over_at, letter.settled_at)]
    return (letter.member.name, letter.to, LetterState(letter.state).label, letter.reason, *times)


@require_POST
@needs(Action.SEND_MESSAGES)
def message_cancel(request: BrandRequest, message_id: int) -> HttpResponse:
    """Undo send: all of it, or what still waits."""
    found = _found(message_id)
    try:
        cancelled = cancel_message(
            workspace_id=found.workspace_id, message_id=found.pk, by=actor_of(request), at=timezone.now()
        )
    except NothingToCall as over:
        notices.error(request, str(over))
        return HttpResponseRedirect(reverse("message", args=[found.pk]))
    if cancelled.state == MessageState.DRAFT:
        notices.success(request, "Nothing was sent. The message is a draft again.")
        return HttpResponseRedirect(reverse("message_edit", args=[found.pk]))
    return HttpResponseRedirect(reverse("message", args=[found.pk]))


@require_POST
@needs(Action.SEND_MESSAGES)
def message_discard(request: BrandRequest, message_id: int) -> HttpResponse:
    """Throw a draft away."""
    found = _found(message_id)
    try:
        discard_message(workspace_id=found.workspace_id, message_id=found.pk, by=actor_of(request), at=timezone.now())
    except NotADraft as confirmed:
        notices.error(request, str(confirmed))
        return HttpResponseRedirect(reverse("message", args=[found.pk]))
    notices.success(request, "The draft was deleted.")
    return HttpResponseRedirect(reverse("messages"))


def _found(message_id: int) -> Message:
    found = found_message(message_id)
    return found or get_object_or_404(Message, pk=message_id)
