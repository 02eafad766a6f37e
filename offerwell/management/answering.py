"""The options that commands share which list what was found, and answer it with a plan."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import click

from offerwell.management.answer import json_option
from offerwell.management.opened import workspace_option

if TYPE_CHECKING:
    from collections.abc import Callable

yes_option = click.option("--yes", is_flag=True, help="Apply the plan without asking.")
plan_option = click.option("--plan", "plan_only", is_flag=True, help="Only show what would happen.")
_offer_option = click.option("--offer", "offer_text", metavar="OFFER", help="Only this offer (its name or number).")


def listing_options(own: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Decorator: what is listed, by offer and by the command's `own` option."""
    return _with(json_option, workspace_option, own, _offer_option)


def answering_options(listing: Callable[[Any], Any], *own: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Decorator: whether to apply the plan, the command's `own` options, and those of its list."""
    return _with(yes_option, plan_option, *own, listing)


def _with(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda command: reduce(lambda made, option: option(made), options, command)
