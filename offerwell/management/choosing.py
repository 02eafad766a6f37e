"""Which members of an offer a command means: --member, --members FILE, or --all with --where and --except."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from offerwell.management.member_lines import MemberLine, lines_of_file, member_ids
from offerwell.management.refusal import Refused

if TYPE_CHECKING:
    from offerwell.models import Offer
    from offerwell.rules.selection import MemberFilter, MemberSelection

Command = TypeVar("Command", bound=Callable[..., Any])
_FILE = click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True)
_COLUMNS = ("status", "country", "tag", "group", "search")
_STATUSES = ("active", "deactivated", "attention")


def choosing_options(command: Command) -> Command:
    """The options that choose members."""
    for option in (
        click.option(
            "--except", "except_file", type=_FILE, metavar="FILE", help="With --all: leave these members out."
        ),
        click.option("--where", "conditions", multiple=True, metavar="COLUMN=VALUE", help=_WHERE_HELP),
        click.option("--all", "everybody", is_flag=True, help="All members of the offer."),
        click.option("--members", "members_file", type=_FILE, metavar="FILE", help=_MEMBERS_HELP),
        click.option("--member", "named", multiple=True, metavar="E", help="A member's e-mail or handle; repeatable."),
    ):
        command = option(command)
    return command


_WHERE_HELP = "With --all: status=active|deactivated|attention, country=, tag=, group=, search=; repeatable."
_MEMBERS_HELP = "A file with one e-mail or handle a line; - reads standard input."


@dataclass(frozen=True, slots=True)
class Chosen:
    """The choosing options as typed."""

    named: tuple[str, ...]
    members_file: str | None
    everybody: bool
    conditions: tuple[str, ...]
    except_file: str | None

    def check(self) -> None:
        """Exactly one way to choose, or it is not clear who is meant."""
        ways = [bool(self.named or self.members_file), self.everybody]
        if sum(ways) != 1:
            raise click.UsageError("Choose members in one way: --member or --members FILE, or --all.")
        if not self.everybody and (self.conditions or self.except_file):
            raise click.UsageError("--where and --except go with --all.")

    def lines(self) -> list[MemberLine]:
        """The members named on the command line and in the file."""
        named = [MemberLine("--member", text.strip()) for text in self.named if text.strip()]
        return named + (lines_of_file(self.members_file) if self.members_file else [])


def selection_of(offer: Offer, chosen: Chosen) -> MemberSelection:
    """The selection in `offer`. Refuses when it names nobody or anyone unknown."""
    from offerwell.models import Enrollment
    from offerwell.rules.selection import MemberSelection

    if not chosen.everybody:
        return MemberSelection(ids=named_ids(chosen))
    newest = Enrollment.objects.filter(offer=offer).order_by("-pk").values_list("pk", flat=True).first()
    if newest is None:
        raise Refused(f"“{offer.name}” has no members.", f"Add some with `offerwell offers enroll {offer.pk}`.")
    left_out = member_ids(lines_of_file(chosen.except_file)) if chosen.except_file else ()
    return MemberSelection(filter=filter_of(chosen.conditions), exclude=left_out, up_to=newest)


def named_ids(chosen: Chosen) -> tuple[int, ...]:
    """The members named one by one. Refuses an empty list."""
    lines = chosen.lines()
    if not lines:
        raise Refused("No members are named.", "Write one e-mail or handle a line into the file, or use --member.")
    return member_ids(lines)


def filter_of(conditions: tuple[str, ...]) -> MemberFilter:
    """--where as a filter. Refuses unknown columns, tags and groups: a typo must not mean everybody."""
    from offerwell.rules.selection import MemberFilter

    wanted = MemberFilter()
    for condition in conditions:
        column, sign, value = (part.strip() for part in condition.partition("="))
        if not sign or column not in _COLUMNS:
            raise Refused(f"There is no column “{column}” to choose by.", f"Use one of: {', '.join(_COLUMNS)}.")
        if not value:
            raise Refused(f"--where {column}= has no value.", f"Write --where {column}=VALUE.")
        wanted = _narrowed(wanted, column, value)
    return wanted


def _narrowed(wanted: MemberFilter, column: str, value: str) -> MemberFilter:
    from offerwell.rules.selection import View

    if column == "status":
        if value not in _STATUSES:
            raise Refused(f"There is no status “{value}” to choose by.", f"Use one of: {', '.join(_STATUSES)}.")
        return replace(wanted, view=View(value))
    if column == "country":
        return replace(wanted, country=value.upper())
    if column == "search":
        return replace(wanted, text=value)
    _must_exist(column, value)
    return replace(wanted, tag=value) if column == "tag" else replace(wanted, group=value)


def _must_exist(column: str, value: str) -> None:
    from offerwell.models import Group, Tag

    model = Tag if column == "tag" else Group
    if not model.objects.filter(key=value.lower()).exists():
        names = list(model.objects.order_by("key").values_list("name", flat=True)[:20])
        known = f"Use one of: {', '.join(names)}." if names else f"This workspace has no {column}s."
        raise Refused(f"There is no {column} “{value}”.", known)
