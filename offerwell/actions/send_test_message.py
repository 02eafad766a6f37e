"""Send test to me: one mail to the person who writes, as one member would get it. Members get nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from offerwell.actions.confirm_message import MessageRefused
from offerwell.actions.write_letter import letter_to, signature_of, written
from offerwell.integrations.mail import MailError, MailFateUnknown, hand_over
from offerwell.queries.message_audience import member_in
from offerwell.queries.message_values import About, values_of
from offerwell.rules.merge_fields import field_problem

if TYPE_CHECKING:
    from offerwell.models import Workspace
    from offerwell.queries.message_audience import Audience


def send_test_message(
    *, workspace: Workspace, audience: Audience, subject: str, body: str, member_id: int | None, to: str
) -> None:
    """Hand it over at once. Raises MessageRefused with a sentence: what is wrong with the text, or the mail server."""
    for field, text in (("subject", subject), ("body", body)):
        if problem := field_problem(text):
            raise MessageRefused(field, problem)
    member = member_in(audience, member_id)
    about = About(workspace.name, audience.offer, audience.change)
    values = values_of([member], about)[member.pk] if member else {}
    texts = written(subject, body, values)
    texts = replace(texts, subject=f"[Test] {texts.subject}".strip())
    try:
        hand_over(letter_to(to, texts, signature_of(workspace), letter_id=None))
    except (MailError, MailFateUnknown) as away:
        raise MessageRefused("to", f"The test was not sent. {away}") from away
