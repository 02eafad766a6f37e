"""What a mail provider tells of letters it took: they bounced, were complained about, or the reader unsubscribed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django_scopes import scope, scopes_disabled

from offerwell.actions.letter_rows import move_letter
from offerwell.actions.suppress_address import NoAddress, suppress_address
from offerwell.integrations.mail_provider import News, NewsKind
from offerwell.models import MessageRecipient, SuppressionReason
from offerwell.rules.message_states import LetterState
from offerwell.rules.permissions import Actor

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_PROVIDER = Actor(name="Mail provider", door="webhook")
_STATES = {
    NewsKind.BOUNCED: LetterState.BOUNCED,
    NewsKind.COMPLAINED: LetterState.COMPLAINED,
    NewsKind.FAILED: LetterState.FAILED,
}
_REASONS = {
    NewsKind.BOUNCED: SuppressionReason.BOUNCED,
    NewsKind.COMPLAINED: SuppressionReason.COMPLAINED,
    NewsKind.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
}


def hear_from_carrier(news: Iterable[News], *, at: datetime) -> int:
    """Keep each fact about a letter of ours, once; what is about no letter of ours is left. Gives how many were."""
    return sum(_hear(one, at=at) for one in news if one.carrier_ref)


def _hear(news: News, *, at: datetime) -> int:
    with scopes_disabled():
        letters = MessageRecipient.objects.select_related("workspace").filter(carrier_ref=news.carrier_ref)
        letter = letters.order_by("pk").first()
    if letter is None:
        return 0
    with scope(workspace=letter.workspace), transaction.atomic():
        if news.kind in _STATES:
            move_letter(letter, _STATES[news.kind], news.said or str(news.kind).capitalize(), at=at)
        if news.kind in _REASONS:
            _suppress(letter, news, at=at)
    return 1


def _suppress(letter: MessageRecipient, news: News, *, at: datetime) -> None:
    """The address of the letter, not the one the webhook names: that could be anybody's."""
    try:
        suppress_address(
            workspace_id=letter.workspace_id, address=letter.to, reason=_REASONS[news.kind], note=news.said,
            by=_PROVIDER, at=at,
        )  # fmt: skip
    except NoAddress:  # a provider's quirk: the letter's own state says enough
        return
