"""Money as whole numbers of a currency's smallest unit: read, written, shared. No float, anywhere.

Currencies have no, two or three decimals (ISO 4217). Halves round to the even neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WHOLE = 10_000
"""Basis points of the whole."""
LARGEST = 10**15
_WITHOUT = frozenset({"JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XAF", "XOF", "XPF", "PYG", "RWF", "KMF", "GNF", "DJF",
                      "BIF", "VUV"})  # fmt: skip
_THREE = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


_CURRENCIES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG "
    "HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA "
    "MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD "
    "RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX "
    "USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG"
)
CURRENCIES = frozenset(_CURRENCIES.split())
"""What money there is to sell in (ISO 4217)."""


@dataclass(frozen=True, slots=True)
class Money:
    """`amount` in the smallest unit of `currency`."""

    amount: int
    currency: str

    def __str__(self) -> str:
        return money_text(self.amount, self.currency)


class NotMoney(ValueError):
    """The text is no sum of the currency. The sentence says what is wrong with it."""


def decimals_of(currency: str) -> int:
    """How many decimals sums of the currency have (ISO 4217)."""
    return 0 if currency in _WITHOUT else 3 if currency in _THREE else 2


def minor_of(text: str, currency: str) -> int:
    """“12.50” as 1250 of USD, “1200.0” as 1200 of JPY. Raises NotMoney for a fraction of the smallest unit."""
    try:
        scaled = Decimal(text.strip()).scaleb(decimals_of(currency))
        is_whole = scaled.is_finite() and scaled == scaled.to_integral_value()
    except InvalidOperation:
        is_whole = False
    if not is_whole or abs(scaled) > LARGEST:
        raise NotMoney(f"“{text[:40]}” is no sum of {currency}")
    return int(scaled)


def money_text(amount: int, currency: str) -> str:
    """“1,250.00 USD”; what is owed back has a minus sign."""
    decimals = decimals_of(currency)
    sign = "−" if amount < 0 else ""
    return f"{sign}{Decimal(abs(amount)).scaleb(-decimals):,.{decimals}f} {currency}"


def proportion(amount: int, part: int, whole: int) -> int:
    """`amount` × `part` ÷ `whole`, rounded half to even. `whole` is above zero."""
    quotient, rest = divmod(amount * part, whole)
    doubled = 2 * rest
    return quotient + (doubled > whole or (doubled == whole and quotient % 2 == 1))


def split(total: int, weights: Sequence[int]) -> list[int]:
    """`total` in shares by weight, by largest remainder: the sum is exactly `total`, earlier shares win ties.

    Without any weight the first share is the whole.
    """
    whole = sum(weights)
    if not whole:
        return [total if place == 0 else 0 for place in range(len(weights))]
    shares = [divmod(total * weight, whole) for weight in weights]
    left = total - sum(floor for floor, _rest in shares)
    by_rest = sorted(range(len(shares)), key=lambda place: (-shares[place][1], place))
    return [floor + (place in by_rest[:left]) for place, (floor, _rest) in enumerate(shares)]
