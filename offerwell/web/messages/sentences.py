"""Messages in sentences: who is left out, what stays empty, how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.queries.message_audience import has_public_address
from offerwell.rules.message_states import MessageState
from offerwell.rules.permissions import Action, may
from offerwell.rules.schedule import local_time

if TYPE_CHECKING:
    from offerwell.actions.write_letter import Signature
    from offerwell.models import Message, TeamMember
    from offerwell.queries.message_audience import Reach

_LEFT_OUT = {
    "no_email": ("has no e-mail address", "have no e-mail address"),
    "unsubscribed": ("has unsubscribed", "have unsubscribed"),
    "bounced": ("has an address that bounced before", "have addresses that bounced before"),
    "complained": ("complained about an earlier message", "complained about earlier messages"),
    "by_hand": (
        "is on the list of addresses that get no messages",
        "are on the list of addresses that get no messages",
    ),
}


def members(count: int) -> str:
    """Say "1 member", "1,249 members"."""
    return f"{count:,} member{'' if count == 1 else 's'}"


def left_out_sentences(reach: Reach) -> list[str]:
    """Say "2 members have no e-mail address and get nothing."."""
    told = []
    for name, count in reach.left_out:
        one, many = _LEFT_OUT.get(name, ("is left out", "are left out"))
        told.append(f"{members(count)} {one if count == 1 else many} and {'gets' if count == 1 else 'get'} nothing.")
    return told


def empty_sentences(reach: Reach) -> list[str]:
    """Say "3 members have nothing for {code}…", with what to do."""
    return [
        f"{members(count)} {'has' if count == 1 else 'have'} nothing for {{{name}}}: the place stays empty. "
        f"Write {{{name}|something else}} for them."
        for name, count in reach.empty
    ]


def settings_remarks(signature: Signature, place: TeamMember) -> list[str]:
    """What of the settings is missing for messages that may be sent."""
    can_set = may(place.role, Action.EDIT_SETTINGS)
    who = "Add it in Settings › Messages." if can_set else "Ask an owner to add it in Settings › Messages."
    remarks = []
    if not signature.postal_address:
        remarks.append(f"There is no postal address of your brand in the footer, which many countries require. {who}")
    if not has_public_address():
        remarks.append("Messages can’t be sent yet: Offerwell does not know its own address (OFFERWELL_PUBLIC_URL).")
    return remarks


def heading_of(message: Message, *, is_held: bool) -> str:
    """How a message stands, in one line."""
    going = members(message.recipients - message.skipped)
    state = MessageState(message.state)
    if state == MessageState.SCHEDULED and message.send_at:
        return f"To {going} on {local_time(message.send_at, message.zone)}"
    if state == MessageState.SENDING:
        return f"Sending to {going} in a moment" if is_held else f"Sending to {going}…"
    if state == MessageState.MISSED:
        return "Not sent at its time"
    taken = message.sent + message.bounced + message.complained
    if state == MessageState.CANCELLED:
        return f"Cancelled after {members(taken)} got it"
    return f"Sent to {members(taken)}"
