"""Files that payment providers take: PayPal Payouts (Payouts Web) and Wise batch payments (Send by email).

Sources: developer.paypal.com/payouts/web (columns by place, no heading, one currency, 5,000 rows) and
developer.paypal.com/docs/api/reference/currency-codes (HUF, JPY and TWD: “does not support decimals. If you pass a
decimal amount, an error occurs”); wise.com/help/articles/2663302 and 2663296 (columns by name, 1,000 rows). Both pay by
e-mail address. Names are free text and must not run as formulas; addresses and amounts are never altered, so an address
that a spreadsheet would run, and a sum that the provider cannot take, is left out and named instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from offerwell.rules.money import decimals_of
from offerwell.rules.spreadsheet_cell import spreadsheet_cell
from offerwell.rules.statements import plain_amount


class PaymentFile(StrEnum):
    """Whose file."""

    PAYPAL = "paypal"
    WISE = "wise"

    @property
    def label(self) -> str:
        """The provider's name."""
        return {"paypal": "PayPal", "wise": "Wise"}[self.value]

    @property
    def most_rows(self) -> int:
        """How many payments the provider takes in one file."""
        return {"paypal": 5_000, "wise": 1_000}[self.value]

    @property
    def coarse(self) -> dict[str, int]:
        """Currency → the least it can pay in smallest units, for currencies whose decimals the provider refuses."""
        return _PAYPAL_COARSE if self is PaymentFile.PAYPAL else {}

    @property
    def headings(self) -> tuple[str, ...]:
        """The first line; PayPal's file has none."""
        return () if self is PaymentFile.PAYPAL else _WISE


_PAYPAL_COARSE = {currency: 10 ** decimals_of(currency) for currency in ("HUF", "JPY", "TWD")}
_WISE = (
    "name", "recipientEmail", "paymentReference", "receiverType", "amountCurrency", "amount", "sourceCurrency",
    "targetCurrency",
)  # fmt: skip
_LONGEST_NOTE = 400


@dataclass(frozen=True, slots=True)
class Payee:
    """One payment: to whom, how much (smallest units), for which statement. `note` is what the receiver reads."""

    statement_id: int
    name: str
    email: str
    currency: str
    amount: int
    note: str


def payment_line(file: PaymentFile, one: Payee) -> tuple[str, ...]:
    """The cells of one payment. Raises ValueError for a sum that the provider's file cannot say."""
    amount = _amount(file, one)
    if file is PaymentFile.PAYPAL:
        note = spreadsheet_cell(one.note[:_LONGEST_NOTE])
        return (one.email, amount, one.currency, reference_of(one.statement_id), note, "PAYPAL")
    name = spreadsheet_cell(one.name)
    # The member gets the exact amount; fees are the sender's.
    currencies = (one.currency, one.currency)
    return (name, one.email, reference_of(one.statement_id), "PERSON", "target", amount, *currencies)


def _amount(file: PaymentFile, one: Payee) -> str:
    """To the smallest unit: nothing is rounded, or the file would pay another sum than the statement says."""
    if one.currency not in file.coarse:
        return plain_amount(one.amount, one.currency)
    whole, rest = divmod(one.amount, file.coarse[one.currency])
    if rest:
        raise ValueError(f"{file.label} takes no decimals of {one.currency}: statement {one.statement_id}")
    return str(whole)


def reference_of(statement_id: int) -> str:
    """By which a payment is found again: no spaces, at most 30 characters (PayPal), short enough for banks."""
    return f"OW{statement_id}"


def parts_of(file: PaymentFile, payments: int) -> int:
    """How many files so many payments take."""
    return -(-payments // file.most_rows)
