"""What is being written: to whom, which text, and where its form stands. Read once from an address and a form."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse

from offerwell.actions.keep_message_draft import LONGEST_BODY, LONGEST_SUBJECT
from offerwell.models import BulkChange, Message, MessageTemplate, StoredSelection
from offerwell.queries.message_audience import Audience, audience_of, audience_of_change
from offerwell.rules.message_templates import STARTERS, starter_for, starter_named
from offerwell.rules.selection import selection_from_json
from offerwell.ui.paging import number_from

if TYPE_CHECKING:
    from django.http import QueryDict

    from offerwell.web.needs import BrandRequest


@dataclass(frozen=True, slots=True)
class Composing:
    """A draft, stored or not yet. `here` is the address of its form, `review` that of the list of its members."""

    audience: Audience
    key: str
    subject: str
    body: str
    here: str
    review: str
    template: str = ""
    message: Message | None = None

    def typed(self, fields: QueryDict) -> Composing:
        """With what a form brought."""
        return replace(
            self,
            key=fields.get("key", "")[:80] if self.message is None and fields.get("key") else self.key,
            subject=fields.get("subject", "")[: LONGEST_SUBJECT * 2],
            body=fields.get("body", "").replace("\r\n", "\n")[: LONGEST_BODY * 2],
            template=fields.get("template", "")[:80],
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """A template to choose: Offerwell's own or the workspace's."""

    key: str
    name: str
    subject: str
    body: str
    is_own: bool


def composing_new(request: BrandRequest) -> Composing | None:
    """To a stored selection of this person, or to those a bulk change changed. None: nobody was chosen yet."""
    if change_id := number_from(request.GET.get("change")):
        changes = BulkChange.objects.select_related("offer", "payout_option")
        return _about_change(get_object_or_404(changes, pk=change_id))
    if selection_id := number_from(request.GET.get("sel")):
        own = StoredSelection.objects.filter(user=request.user).select_related("offer")
        stored = get_object_or_404(own, pk=selection_id)
        audience = Audience(selection_from_json(stored.body), stored.offer)
        return _new(audience, {"sel": stored.pk}, "", "", "")
    if "change" in request.GET or "sel" in request.GET:
        raise Http404
    return None


def _about_change(change: BulkChange) -> Composing:
    text = starter_for(change.what, change.part, to_active=change.to_active)
    return _new(audience_of_change(change), {"change": change.pk}, text.key, text.subject, text.body)


def _new(audience: Audience, query: dict[str, int], template: str, subject: str, body: str) -> Composing:
    asked = urlencode(query)
    return Composing(
        audience, f"web-{secrets.token_urlsafe(18)}", subject, body, f"{reverse('compose_message')}?{asked}",
        f"{reverse('compose_members')}?{asked}", template,
    )  # fmt: skip


def composing_draft(message: Message) -> Composing:
    """A draft that is stored."""
    return Composing(
        audience_of(message), message.key, message.subject, message.body, reverse("message_edit", args=[message.pk]),
        reverse("message_members", args=[message.pk]), "", message,
    )  # fmt: skip


def template_choices() -> list[Choice]:
    """The workspace's own by name, then Offerwell's."""
    own = [
        Choice(f"own-{row.pk}", row.name, row.subject, row.body, is_own=True)
        for row in MessageTemplate.objects.order_by("name_key")
    ]
    return [*own, *(Choice(one.key, one.name, one.subject, one.body, is_own=False) for one in STARTERS)]


def chosen_template(key: str) -> Choice | None:
    """The template of this key; None when there is none."""
    if key.startswith("own-"):
        row = MessageTemplate.objects.filter(pk=number_from(key.removeprefix("own-")) or 0).first()
        return row and Choice(key, row.name, row.subject, row.body, is_own=True)
    text = starter_named(key) if key else None
    return text and Choice(text.key, text.name, text.subject, text.body, is_own=False)
