"""The commands under `offerwell`, and how each ends: an exit code and plain sentences, never a traceback."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from offerwell import __version__
from offerwell.management.answer import answer_json, note, tell_refusal
from offerwell.management.changes import changes
from offerwell.management.clicks import clicks
from offerwell.management.demo import demo
from offerwell.management.drift import drift
from offerwell.management.failures import refusal_of
from offerwell.management.imports import codes, members
from offerwell.management.leaks import leaks
from offerwell.management.messages import messages
from offerwell.management.migrate import migrate
from offerwell.management.offers import offers
from offerwell.management.orders import orders
from offerwell.management.parts import links, sandbox, serve, worker
from offerwell.management.payout_runs import payouts
from offerwell.management.refusal import ExitCode, Refused
from offerwell.management.reports import rates, reports
from offerwell.management.run import run
from offerwell.management.secrets import secrets
from offerwell.management.stores import stores
from offerwell.management.team import team
from offerwell.management.verify import verify
from offerwell.management.workspaces import workspaces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class CommandLine(click.Group):
    """A group whose every end is one of `ExitCode`."""

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]
        """Run the command that `args` name and exit."""
        arguments = list(sys.argv[1:] if args is None else args)
        sys.exit(_ended(lambda: self._answered(arguments, prog_name, extra), as_json="--json" in arguments))

    def _answered(self, arguments: list[str], prog_name: str | None, extra: dict[str, Any]) -> int:
        extra["standalone_mode"] = False
        return int(super().main(arguments, prog_name or "offerwell", **extra) or ExitCode.DONE)


def _ended(command: Callable[[], int], *, as_json: bool) -> int:
    """The exit code, after whatever went wrong was told."""
    try:
        return command()
    except click.exceptions.NoArgsIsHelpError as wrong:
        note(wrong.format_message())
        return ExitCode.USAGE
    except click.UsageError as wrong:
        return _told_usage(wrong, as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        note("Stopped. What was confirmed before goes on; nothing else was done.")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:  # noqa: BLE001  the last place before a person
        refused = error if isinstance(error, Refused) else refusal_of(error)
        tell_refusal(refused, as_json=as_json)
        return refused.code
    return ExitCode.REFUSED


def _told_usage(wrong: click.UsageError, *, as_json: bool) -> int:
    wrong.show()
    if as_json:
        command = wrong.ctx.command_path if wrong.ctx else "offerwell"
        answer_json({"error": wrong.format_message(), "next": f"See `{command} --help`."})
    return ExitCode.USAGE


@click.group(cls=CommandLine, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="offerwell")
def main() -> None:
    """Creator sales tracking: activate and deactivate promo codes and sales links, previewed and reversible.

    Exit codes: 0 done, 1 refused (nothing was done), 2 wrong usage, 3 done with failures, 4 plan out of date,
    5 still waiting for a store, 6 something broke.
    """


for command in (
    run,
    serve,
    links,
    worker,
    sandbox,
    migrate,
    demo,
    verify,
    workspaces,
    team,
    members,
    codes,
    offers,
    orders,
    payouts,
    reports,
    rates,
    messages,
    stores,
    changes,
    drift,
    leaks,
    clicks,
    secrets,
):
    main.add_command(command)
