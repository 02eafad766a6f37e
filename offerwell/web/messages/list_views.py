"""The messages of the workspace, and its templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages as notices
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offerwell.actions.confirm_message import MessageRefused
from offerwell.actions.save_message_template import delete_message_template, save_message_template
from offerwell.models import MessageTemplate
from offerwell.queries.demo_mailbox import is_open
from offerwell.queries.messages import Shelf, message_page, shelf_counts
from offerwell.rules.merge_fields import FIELDS
from offerwell.rules.permissions import Action, may
from offerwell.ui.paging import number_from
from offerwell.web.messages.composing import chosen_template, template_choices
from offerwell.web.messages.message_forms import TemplateForm
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from offerwell.models import Message

_LABELS = {Shelf.SENT: "Sent", Shelf.SCHEDULED: "Scheduled", Shelf.DRAFTS: "Drafts"}


@require_safe
@needs(Action.VIEW)
def messages(request: BrandRequest) -> HttpResponse:
    """Sent, scheduled and drafts, with counts."""
    asked = request.GET.get("show", "")
    shelf = Shelf(asked) if asked in set(Shelf) else Shelf.SENT
    page = message_page(shelf, before=number_from(request.GET.get("before")))
    counts = shelf_counts()
    shown = {
        "rows": [(row, _sent(row)) for row in page.rows],
        "next": page.next,
        "is_first": "before" not in request.GET,
        "shelf": str(shelf),
        "tabs": [(str(one), _LABELS[one], counts[one], one == shelf) for one in Shelf],
        "may_send": may(request.place.role, Action.SEND_MESSAGES),
        "mailbox_is_open": is_open(),
        "may_set": may(request.place.role, Action.EDIT_SETTINGS),
    }
    return render(request, "web/messages/messages.html", shown)


def _sent(message: Message) -> int:
    """How many letters a carrier took."""
    return message.sent + message.bounced + message.complained


@require_safe
@needs(Action.VIEW)
def message_templates(request: BrandRequest) -> HttpResponse:
    """The workspace's own, and those Offerwell brings."""
    shown = {"templates": template_choices(), "may_send": may(request.place.role, Action.SEND_MESSAGES)}
    return render(request, "web/messages/templates.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.SEND_MESSAGES)
def template_new(request: BrandRequest) -> HttpResponse:
    """A new one, from nothing or from another."""
    source = chosen_template(request.GET.get("from", "")[:80])
    begun = {"name": source.name, "subject": source.subject, "body": source.body} if source else {}
    return _edited(request, TemplateForm(request.POST or None, initial=begun), None)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.SEND_MESSAGES)
def template_edit(request: BrandRequest, template_id: int) -> HttpResponse:
    """Another text for one."""
    row = get_object_or_404(MessageTemplate, pk=template_id)
    begun = {"name": row.name, "subject": row.subject, "body": row.body}
    return _edited(request, TemplateForm(request.POST or None, initial=begun), row)


def _edited(request: BrandRequest, form: TemplateForm, row: MessageTemplate | None) -> HttpResponse:
    shown = {"form": form, "row": row, "fields": FIELDS.items()}
    if request.method != "POST":
        return render(request, "web/messages/template_form.html", shown)
    if form.is_valid():
        try:
            saved = save_message_template(
                workspace_id=request.place.workspace_id, template_id=row and row.pk, by=actor_of(request),
                at=timezone.now(), **form.cleaned_data,
            )  # fmt: skip
        except MessageRefused as refused:
            form.add_error(refused.field, str(refused))
        else:
            notices.success(request, f"“{saved.name}” was saved.")
            return HttpResponseRedirect(reverse("message_templates"))
    return render(request, "web/messages/template_form.html", shown, status=422)


@require_POST
@needs(Action.SEND_MESSAGES)
def template_delete(request: BrandRequest, template_id: int) -> HttpResponse:
    """Throw one away; messages keep their text."""
    row = get_object_or_404(MessageTemplate, pk=template_id)
    delete_message_template(
        workspace_id=request.place.workspace_id, template_id=row.pk, by=actor_of(request), at=timezone.now()
    )
    notices.success(request, f"“{row.name}” was deleted.")
    return HttpResponseRedirect(reverse("message_templates"))
