"""`offerwell secrets`: encrypt what is stored with a new key."""

from __future__ import annotations

import click

from offerwell.management.answer import answer, answer_json, json_option, note, some_of
from offerwell.management.opened import operators_only, set_up_django
from offerwell.management.refusal import ExitCode


@click.group()
def secrets() -> None:
    """Stored secrets: rotate."""


@secrets.command()
@json_option
def rotate(as_json: bool) -> ExitCode:
    """Encrypt every secret, of all workspaces, with the first field key. Exits 3 when no key opens some."""
    operators_only()
    set_up_django()
    from offerwell.actions.rotate_secrets import rotate_secrets

    done = rotate_secrets()
    if as_json:
        answer_json(
            {"secrets": done.secrets, "encrypted_anew": done.encrypted_anew, "unreadable": list(done.unreadable)}
        )
    else:
        answer(f"{done.secrets:,} secrets; {done.encrypted_anew:,} encrypted with the first key now.")
    for place in some_of(done.unreadable):
        note(f"No key opens {place}.")
    if done.unreadable:
        note("Next: add the key they were made with to OFFERWELL_FIELD_KEYS, then run the command again.")
    elif not as_json:
        note("Next: remove the older keys from OFFERWELL_FIELD_KEYS and restart web and workers.")
    return ExitCode.FAILURES if done.unreadable else ExitCode.DONE
