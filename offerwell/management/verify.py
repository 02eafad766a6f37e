"""`offerwell verify`: are the records intact, and do the counts agree?"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from offerwell.management.answer import answer, answer_json, json_option, note
from offerwell.management.opened import operators_only, set_up_django
from offerwell.management.refusal import ExitCode

if TYPE_CHECKING:
    from offerwell.queries.verify_problem import Problem


@click.command()
@json_option
def verify(as_json: bool) -> ExitCode:
    """Check the chain of events, every count, cent and report, in all workspaces. Exits 1 when something is wrong."""
    operators_only()
    set_up_django()
    from django_scopes import scope

    from offerwell.models import Workspace
    from offerwell.queries.verify_clicks import click_problems
    from offerwell.queries.verify_counts import count_problems
    from offerwell.queries.verify_events import chain_problem, count_events
    from offerwell.queries.verify_orders import order_problems
    from offerwell.queries.verify_payouts import payout_problems
    from offerwell.queries.verify_reports import report_problems

    problems: list[Problem] = []
    events = 0
    workspaces = list(Workspace.objects.order_by("slug"))
    for workspace in workspaces:
        with scope(workspace=workspace):
            broken = chain_problem(workspace)
            problems += [broken] if broken else []
            problems += count_problems(workspace)
            problems += order_problems(workspace)
            problems += payout_problems(workspace)
            problems += report_problems(workspace)
            problems += click_problems(workspace)
            events += count_events(workspace)
    _tell(problems, len(workspaces), events, as_json=as_json)
    return ExitCode.REFUSED if problems else ExitCode.DONE


def _tell(problems: list[Problem], workspaces: int, events: int, *, as_json: bool) -> None:
    if as_json:
        facts = {
            "workspaces": workspaces,
            "events": events,
            "problems": [asdict(problem) for problem in problems],
        }
        answer_json({"state": "wrong" if problems else "ok", **facts})
        return
    for problem in problems:
        answer(f"{problem.workspace}: {problem.check}: {problem.where}: {problem.wrong}.")
    if problems:
        note("Next: restore a backup from before, or ask for help with this list. Nothing was changed.")
    else:
        answer(f"All agrees: {events:,} events in {workspaces} workspaces.")
