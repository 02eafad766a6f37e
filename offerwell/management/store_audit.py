"""`offerwell stores audit`: have every code of a store read now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from offerwell.management.answer import answer, answer_json, json_option
from offerwell.management.opened import acting_person, now, opened_workspace, workspace_option
from offerwell.management.refusal import Refused

if TYPE_CHECKING:
    from offerwell.models import Store


@click.group()
def stores() -> None:
    """Connected stores: audit."""


@stores.command()
@click.argument("store_text", metavar="STORE")
@workspace_option
@json_option
def audit(store_text: str, workspace_slug: str | None, as_json: bool) -> None:
    """Have every code of STORE (its label or number) read. Reads only; the worker does it."""
    with opened_workspace(workspace_slug) as workspace:
        from offerwell.actions.audit_store import audit_store

        store = find_store(store_text)
        if not store.is_on:
            raise Refused(f"{store.label} is off.", "Switch it on under Settings › Stores first.")
        asked = audit_store(workspace_id=workspace.pk, store=store, by=acting_person(), at=now())
        if as_json:
            answer_json({"store": store.label, "codes": asked.codes})
        else:
            answer(f"{asked.codes:,} codes of {store.label} are read now. `offerwell drift list` shows what differs.")


def find_store(text: str) -> Store:
    """By label, whatever its case; else by id. A label that is a number wins over an id."""
    from offerwell.models import Store

    store = Store.objects.filter(label__iexact=text.strip()).first()
    if store is None and text.isascii() and text.isdigit() and len(text) < 19:  # noqa: PLR2004  a 64-bit id
        store = Store.objects.filter(pk=int(text)).first()
    if store is None:
        labels = list(Store.objects.order_by("label").values_list("label", flat=True)[:10])
        known = f"Use one of: {', '.join(labels)}." if labels else "Connect one under Settings › Stores."
        raise Refused(f"There is no store “{text}” in this workspace.", known)
    return store
