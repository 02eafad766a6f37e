"""Payout options: what may be one, how it reads, and what choosing one does to a member's place in an offer.

Source: domain §4. What an option pays where none of its rules and tiers applies is what stands here; those are in
`pay_rules.py` and `pay_tiers.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from offerwell.rules.money import decimals_of
from offerwell.rules.offer_status import Planned

KINDS = {"cps": "% of each sale", "cpa": "Amount per conversion", "cpa_cps": "Amount + %", "cpc": "Amount per click"}
WITH_PERCENT = frozenset({"cps", "cpa_cps"})
WITH_AMOUNT = frozenset({"cpa", "cpa_cps", "cpc"})
LONGEST_NAME = 60
MOST_BASIS_POINTS = 10_000
# A billion of the smallest unit: no mistake of typing pays more.
LARGEST_AMOUNT = 1_000_000_000
_CURRENCY = re.compile(r"[A-Z]{3}")
_WRITTEN = re.compile(r"(?:(?P<name>[^=]+)=)?(?P<kind>cps|cpa|cpa\+cps|cpc):(?P<terms>[^:]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PayoutDraft:
    """An option as filled in. `basis_points` 1,000 is 10 %; `amount` is in the currency's smallest unit."""

    name: str
    kind: str
    basis_points: int | None = None
    amount: int | None = None
    currency: str = ""


class PayoutRefused(Exception):
    """The option cannot be stored. Nothing was. `problems` maps a field to a sentence."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class PaidPlace:
    """A member's place in an offer: its option and the bulk change that chose it (0: none yet)."""

    option_id: int | None
    payout_change_id: int = 0


def planned_payout(place: PaidPlace, *, to_option: int | None, undoing: int | None = None) -> Planned:
    """What choosing an option does to one place. Undo leaves alone what someone changed since."""
    if undoing is not None:
        return Planned.WILL_CHANGE if place.payout_change_id == undoing else Planned.CHANGED_SINCE
    return Planned.ALREADY_SO if place.option_id == to_option else Planned.WILL_CHANGE


def tidied(draft: PayoutDraft) -> PayoutDraft:
    """The draft without spaces around texts, and without what its kind has no use for."""
    draft = replace(draft, name=" ".join(draft.name.split()), currency=draft.currency.strip().upper())
    if draft.kind not in WITH_PERCENT:
        draft = replace(draft, basis_points=None)
    if draft.kind not in WITH_AMOUNT:
        draft = replace(draft, amount=None, currency="")
    return draft if draft.name else replace(draft, name=terms_text(draft)[:LONGEST_NAME])


def problems_of(draft: PayoutDraft, *, has_links: bool) -> dict[str, str]:
    """Field → sentence with the next step, for every field that is wrong. Expects a tidied draft."""
    found = {"kind": _kind_problem(draft, has_links=has_links)}
    if len(draft.name) > LONGEST_NAME:
        found["name"] = f"The name is {len(draft.name)} characters long. Use at most {LONGEST_NAME}."
    if (
        draft.kind in WITH_PERCENT
        and not 0 <= (-1 if draft.basis_points is None else draft.basis_points) <= MOST_BASIS_POINTS
    ):
        found["percent"] = "Enter the share of a sale as a number from 0 to 100, with at most two decimals."
    if draft.kind in WITH_AMOUNT:
        if draft.amount is None or not 0 < draft.amount <= LARGEST_AMOUNT:
            found["amount"] = "Enter the amount as a number above 0, in whole units of the currency's smallest coin."
        if not _CURRENCY.fullmatch(draft.currency):
            found["currency"] = "Enter the currency as three letters, for example USD."
    return {field: sentence for field, sentence in found.items() if sentence}


def _kind_problem(draft: PayoutDraft, *, has_links: bool) -> str:
    if draft.kind not in KINDS:
        return "Choose CPS, CPA, CPA + CPS or CPC."
    if draft.kind == "cpc" and not has_links:
        return "CPC pays for clicks on links, and this offer has none. Choose another kind."
    return ""


def minor_units(text: str, currency: str) -> int | None:
    """“12.50” as 1250 of USD; None where it is no such sum."""
    return _scaled(text, decimals_of(currency))


def basis_points_of(text: str) -> int | None:
    """“12.5” per cent as 1250; None where it is no percentage with two decimals at most."""
    return _scaled(text.strip().removesuffix("%"), 2)


def _scaled(text: str, decimals: int) -> int | None:
    try:
        value = Decimal(text.strip())
        scaled = value.scaleb(decimals)
    except InvalidOperation:
        return None
    if not value.is_finite() or scaled != scaled.to_integral_value() or abs(scaled) > LARGEST_AMOUNT:
        return None
    return int(scaled)


def terms_text(draft: PayoutDraft) -> str:
    """“10% of each sale”, “5.00 USD per conversion + 3% of each sale”."""
    percent = f"{percent_text(draft.basis_points)} of each sale" if draft.basis_points is not None else ""
    amount = ""
    if draft.amount is not None:
        decimals = decimals_of(draft.currency)
        what = "click" if draft.kind == "cpc" else "conversion"
        amount = f"{Decimal(draft.amount).scaleb(-decimals):.{decimals}f} {draft.currency} per {what}"
    return " + ".join(part for part in (amount, percent) if part) or "nothing"


def percent_text(basis_points: int) -> str:
    """“12.5%”."""
    return f"{_plain(Decimal(basis_points) / 100)}%"


def _plain(value: Decimal) -> str:
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"


def written_option(text: str) -> PayoutDraft:
    """An option as the command line takes it: `[NAME=]cps:10`, `cpa:5USD`, `cpa+cps:5USD+3`, `cpc:0.20USD`.

    Raises PayoutRefused for what is not of this form; the values are judged by `problems_of`.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise PayoutRefused({"payout": _FORM.format(text=text)})
    kind = found["kind"].lower().replace("+", "_")
    parts = found["terms"].split("+")
    draft = PayoutDraft(name=found["name"] or "", kind=kind)
    if kind in WITH_AMOUNT:
        digits = re.fullmatch(r"\s*([0-9.]+)\s*([A-Za-z]{3})\s*", parts.pop(0))
        if digits is None:
            raise PayoutRefused({"payout": _FORM.format(text=text)})
        currency = digits[2].upper()
        draft = replace(draft, amount=minor_units(digits[1], currency), currency=currency)
    if kind in WITH_PERCENT:
        draft = replace(draft, basis_points=basis_points_of(parts.pop(0)) if parts else None)
    if parts:
        raise PayoutRefused({"payout": _FORM.format(text=text)})
    return draft


_FORM = (
    "“{text}” is no payout option. Write cps:10, cpa:5USD, cpa+cps:5USD+3 or cpc:0.20USD, with NAME= before it if you "
    "like."
)
