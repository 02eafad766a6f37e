"""`offerwell stores`: the connected stores and how they are; check, pause, resume, and `doctor`."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from offerwell.management.answer import answer, answer_json, answer_table, json_option, note
from offerwell.management.opened import acting_person, find_store, now, opened_workspace, workspace_option
from offerwell.management.refusal import ExitCode, Refused
from offerwell.rules.permissions import Action

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from offerwell.actions.examine_store import Examination
    from offerwell.models import Store
    from offerwell.queries.stores import StoreSeen

_store = click.argument("store_text", metavar="STORE")


@click.group()
def stores() -> None:
    """Connected stores: list, show, check, audit, pause, resume, doctor."""


@stores.command("list")
@workspace_option
@json_option
def list_stores(workspace_slug: str | None, as_json: bool) -> None:
    """The connected stores and how they are."""
    with opened_workspace(workspace_slug, Action.VIEW):
        from offerwell.queries.stores import stores_seen

        seen = stores_seen()
        if as_json:
            answer_json([_to_json(one) for one in seen])
            return
        head = ("ID", "Store", "Kind", "Address", "Status", "Offers", "Waiting", "Attention")
        answer_table(head, map(_row, seen))
        for one in seen:
            if one.store.trouble:
                note(f"{one.store.label}: {one.store.trouble}")


@stores.command()
@_store
@workspace_option
@json_option
def show(store_text: str, workspace_slug: str | None, as_json: bool) -> None:
    """One store: access, scopes, rate limit, what waits."""
    with opened_workspace(workspace_slug, Action.VIEW):
        from offerwell.queries.stores import store_seen

        told = _to_json(store_seen(find_store(store_text)))
        if as_json:
            answer_json(told)
            return
        for name, value in told.items():
            answer(f"{name.replace('_', ' ').capitalize():<20}{_shown(value)}")


@stores.command()
@_store
@workspace_option
@json_option
def check(store_text: str, workspace_slug: str | None, as_json: bool) -> None:
    """Ask STORE who it is, now; a good answer ends its trouble. As “Test connection” in the pages."""
    with opened_workspace(workspace_slug, Action.EDIT_SETTINGS):
        from offerwell.actions.check_store_connection import check_store_connection
        from offerwell.actions.connect_store import StoreRefused, every_scope, scope_text

        found = find_store(store_text)
        try:
            identity = check_store_connection(store=found, at=now())
        except StoreRefused as refused:
            raise _no_answer(found, str(refused)) from refused
        scopes, words = scope_text(identity).split(), every_scope(found.kind)
        if as_json:
            answer_json({"store": found.label, "name": identity.name, "domain": identity.domain, "scopes": scopes})
        else:
            answer(f"{identity.name} ({identity.domain}) answered. {words}")


@stores.command()
@_store
@workspace_option
@json_option
def audit(store_text: str, workspace_slug: str | None, as_json: bool) -> None:
    """Have every code of STORE read now. Reads only; the worker does it."""
    with opened_workspace(workspace_slug, Action.CHANGE_OFFER_STATUS) as workspace:
        from offerwell.actions.audit_store import audit_store

        store = find_store(store_text)
        if not store.is_on:
            raise Refused(f"{store.label} is off.", "Switch it on under Settings › Stores first.")
        asked = audit_store(workspace_id=workspace.pk, store=store, by=acting_person(), at=now())
        if as_json:
            answer_json({"store": store.label, "codes": asked.codes})
        else:
            answer(f"{asked.codes:,} codes of {store.label} are read now. `offerwell drift list` shows what differs.")


@stores.command()
@_store
@workspace_option
@json_option
def pause(store_text: str, workspace_slug: str | None, as_json: bool) -> None:
    """Switch the sync of STORE off. Its codes wait; nothing is lost."""
    _switch(store_text, workspace_slug, on=False, as_json=as_json)


@stores.command()
@_store
@workspace_option
@json_option
def resume(store_text: str, workspace_slug: str | None, as_json: bool) -> None:
    """Switch the sync of STORE on. Waiting codes go there now."""
    _switch(store_text, workspace_slug, on=True, as_json=as_json)


def _switch(store_text: str, workspace_slug: str | None, *, on: bool, as_json: bool) -> None:
    with opened_workspace(workspace_slug, Action.EDIT_SETTINGS) as workspace:
        from offerwell.actions.switch_store import switch_store

        found = find_store(store_text)
        changed = switch_store(workspace_id=workspace.pk, store=found, on=on, by=acting_person(), at=now())
        if as_json:
            answer_json({"store": found.label, "is_on": on, "changed": changed})
        elif changed:
            answer(f"{found.label} is {'on. Waiting codes go there now' if on else 'off. Its codes wait'}.")
        else:
            answer(f"{found.label} was {'on' if on else 'off'} already.")


@stores.command()
@_store
@click.option("--write", is_flag=True, help="Also take one throw-away discount through the store; asks first.")
@click.option("--yes", is_flag=True, help="With --write: do not ask.")
@workspace_option
@json_option
def doctor(store_text: str, write: bool, yes: bool, workspace_slug: str | None, as_json: bool) -> ExitCode:
    """Examine STORE and print every difference from the sandbox store. Exits 3 when there is one."""
    if yes and not write:
        raise click.UsageError("--yes goes with --write.")
    with opened_workspace(workspace_slug, Action.EDIT_SETTINGS):
        found = find_store(store_text)
        if write:
            _ask_to_write(found, yes=yes)
        examination = _examined(found, write=write)
        _tell(found, examination, write=write, as_json=as_json)
        return ExitCode.FAILURES if examination.differences else ExitCode.DONE


def _ask_to_write(store: Store, *, yes: bool) -> None:
    """Consent, from a person or by --yes. Where nobody can answer, refuse."""
    from offerwell.actions.examine_store import throw_away_code

    if yes:
        return
    code = throw_away_code(store)
    if not sys.stdin.isatty():
        raise Refused(
            "Nothing was done: writing to a store needs a confirmation.",
            f"Run the command again with --yes. It makes, switches and deletes the discount {code}.",
        )
    note(f"The discount {code} (1 % above 1,000,000, one use) is created in {store.label}, switched and deleted.")
    click.confirm("Use a development store. Go on?", abort=True, err=True)


def _examined(store: Store, *, write: bool) -> Examination:
    from offerwell.actions.examine_store import CannotBeExamined, LeftOver, examine_store, look_at_store
    from offerwell.integrations.store import StoreError

    try:
        if not write:
            return look_at_store(store=store)
        with _stopped_like_ctrl_c():
            return examine_store(store=store, by=acting_person(), at=now())
    except StoreError as error:
        raise _no_answer(store, error.reason) from error
    except LeftOver as left:
        raise Refused(str(left), "Run the command again, which removes it, or delete it in the store.") from left
    except CannotBeExamined as refused:
        raise Refused(str(refused), "It examines Shopify and sandbox stores.") from refused


@contextmanager
def _stopped_like_ctrl_c() -> Iterator[None]:
    """SIGTERM ends the examination as Ctrl-C does, also in the background: the throw-away discount is removed first."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(store: Store, examination: Examination, *, write: bool, as_json: bool) -> None:
    if as_json:
        answer_json(
            {
                "store": store.label,
                "domain": examination.identity.domain,
                "wrote": write,
                "differences": len(examination.differences),
                "findings": [one.to_json() for one in examination.findings],
                "measured": examination.measured,
            }
        )
        return
    answer(f"{examination.identity.name} ({examination.identity.domain})")
    head = ("Fact", "Expected", "Seen", "Result", "Known from")
    rows = [
        (one.expectation.fact, one.expectation.expected, one.seen, one.verdict.value, one.expectation.source.value)
        for one in examination.findings
    ]
    answer_table(head, rows)
    for name, value in examination.measured.items():
        answer(f"{name.replace('_', ' ').capitalize()}: {_shown(value)}")
    count = len(examination.differences)
    answer(f"{count} differences from the sandbox store." if count else "No difference from the sandbox store.")
    if not write:
        note(f"Next: `offerwell stores doctor {store.pk} --write` also tries a throw-away discount.")


def _no_answer(store: Store, reason: str) -> Refused:
    next_step = f"Correct that, then run `offerwell stores check {store.pk}`."
    return Refused(f"{store.label}: {reason}", next_step, facts={"store": store.label})


def _row(seen: StoreSeen) -> list[object]:
    store = seen.store
    health = seen.health.value
    return [
        store.pk, store.label, store.get_kind_display(), store.address, health, seen.offers, f"{seen.waiting:,}",
        f"{seen.attention:,}",
    ]  # fmt: skip


def _to_json(seen: StoreSeen) -> dict[str, Any]:
    """A store without its secrets."""
    store = seen.store
    return {
        "id": store.pk, "label": store.label, "kind": store.kind, "address": store.address, "is_on": store.is_on,
        "health": seen.health.value, "trouble": store.trouble,
        "access": _access(store), "installed_until": store.refresh_expires_at and store.refresh_expires_at.isoformat(),
        "scopes": store.scopes.split(), "currency": store.currency, "timezone": store.timezone,
        "last_answer_at": store.last_answer_at and store.last_answer_at.isoformat(),
        "paused_until": store.paused_until and store.paused_until.isoformat(),
        "offers": seen.offers, "waiting": seen.waiting,
        "waiting_since": seen.waiting_since and seen.waiting_since.isoformat(), "attention": seen.attention,
    }  # fmt: skip


def _access(store: Store) -> str:
    from offerwell.models import StoreKind

    if store.kind == StoreKind.VENDURE:
        return "API key" if store.static_token else "login"
    if store.static_token:
        return "access token"
    return "installation" if store.is_installed else "client credentials"


def _shown(value: object) -> str:
    """A value for a person."""
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,g}"
    return "none" if value in {None, ""} else str(value)
