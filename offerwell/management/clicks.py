"""`offerwell clicks`: forget old ones; their counts stay."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from offerwell.management.answer import answer, answer_json, json_option
from offerwell.management.opened import acting_person, now, operators_only, set_up_django
from offerwell.management.refusal import ExitCode, Refused
from offerwell.rules.report_period import months_before

if TYPE_CHECKING:
    from datetime import date

_MOST_DAYS, _MOST_MONTHS = 36_500, 1_200


class Age(click.ParamType):
    """How long ago, as “400” (days) or “13m” (months by the calendar). Gives days, months: one of them is 0."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Read it, or refuse it with what to write."""
        number, is_months = str(value).removesuffix("m"), str(value).endswith("m")
        most = _MOST_MONTHS if is_months else _MOST_DAYS
        if not (number.isascii() and number.isdigit() and len(number) < 6 and 1 <= int(number) <= most):  # noqa: PLR2004
            self.fail(f"“{value}” is no age: write days, as 400, or months, as 13m.", param, ctx)
        return (0, int(number)) if is_months else (int(number), 0)


@click.group()
def clicks() -> None:
    """Clicks on sales links: forget."""


@clicks.command()
@click.option(
    "--older-than",
    "age",
    metavar="DAYS|MONTHSm",
    required=True,
    type=Age(),
    help="Forget those so many days old, as 400, or months, as 13m.",
)
@json_option
def forget(age: tuple[int, int], as_json: bool) -> ExitCode:
    """Forget old clicks of all workspaces. Their counts, and every click that an order names, stay.

    The audit of each workspace says until when, and how many.
    """
    operators_only()
    set_up_django()
    from offerwell.actions.forget_clicks import TooYoung, forget_clicks

    at = now()
    before = _day_of(age, at.date())
    try:
        forgotten = forget_clicks(before=before, by=acting_person(), at=at)
    except TooYoung as refused:
        raise Refused(str(refused), "Nothing was forgotten.") from refused
    if as_json:
        answer_json({"forgotten": forgotten})
    else:
        answer(f"{forgotten:,} clicks forgotten. Their counts stay.")
    return ExitCode.DONE


def _day_of(age: tuple[int, int], today: date) -> date:
    days, months = age
    return months_before(today, months) if months else today - timedelta(days=days)
