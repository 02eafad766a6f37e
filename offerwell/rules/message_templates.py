"""Texts to begin with that every workspace has: Offerwell's own. A workspace's own templates are rows."""

from __future__ import annotations

from dataclasses import dataclass

from offerwell.rules.bulk_changes import What


@dataclass(frozen=True, slots=True)
class Starter:
    """A text by Offerwell. `key` names it in addresses."""

    key: str
    name: str
    subject: str
    body: str


_SIGNED = "\n\nThank you,\n{brand}"

STARTERS: tuple[Starter, ...] = (
    Starter(
        "code-deactivated", "Code deactivated", "Your code for {offer} has been deactivated",
        "Hi {first_name|there},\n\nYour code **{code}** for {offer} has been deactivated. Shoppers can’t use it at "
        "checkout any more, so please stop sharing it for now.\n\nOrders placed before this change still count."
        + _SIGNED,
    ),
    Starter(
        "code-activated", "Code activated", "Your code for {offer} is active",
        "Hi {first_name|there},\n\nYour code **{code}** for {offer} is active. You can share it now.\n\n"
        "Every order with your code is credited to you." + _SIGNED,
    ),
    Starter(
        "link-deactivated", "Link deactivated", "Your link for {offer} has been deactivated",
        "Hi {first_name|there},\n\nYour link {link} for {offer} has been deactivated. It doesn’t track sales any "
        "more, so please stop sharing it for now.\n\nSales made before this change still count." + _SIGNED,
    ),
    Starter(
        "link-activated", "Link activated", "Your link for {offer} is active",
        "Hi {first_name|there},\n\nYour link {link} for {offer} is active. You can share it now.\n\n"
        "Sales made before this change still count, and your commission is not affected." + _SIGNED,
    ),
    Starter(
        "new-code", "New code", "Your new code for {offer}",
        "Hi {first_name|there},\n\nYour code for {offer} has changed. Your new code is **{code}**.\n\nThe old one no "
        "longer works; orders placed with it still count." + _SIGNED,
    ),
    Starter(
        "new-payout", "New payout", "Your payout for {offer} has changed",
        "Hi {first_name|there},\n\nWhat you earn with {offer} has changed. It applies to sales from now on; what you "
        "have earned so far stays as it is." + _SIGNED,
    ),
    Starter(
        "code-and-link", "Your code and link", "Your code and link for {offer|our shop}",
        "Hi {first_name|there},\n\nHere is what to share for {offer|our shop}:\n\n"
        "- Code: **{codes|none}**\n- Link: {links|none}\n\n"
        "Every order with them is credited to you." + _SIGNED,
    ),
)  # fmt: skip
EMPTY = Starter("", "No template", "", "")


def starter_named(key: str) -> Starter | None:
    """The starter with this key."""
    return next((one for one in STARTERS if one.key == key), None)


def starter_for(what: What, part: str, *, to_active: bool) -> Starter:
    """What a message about a bulk change begins with."""
    if what == What.REFRESH:
        return STARTERS[4]
    if what == What.PAYOUT:
        return STARTERS[5]
    if what != What.STATUS:
        return STARTERS[6]
    noun = "link" if part == "links" else "code"
    return starter_named(f"{noun}-{'activated' if to_active else 'deactivated'}") or EMPTY
