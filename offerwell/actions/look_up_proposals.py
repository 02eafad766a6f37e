"""Ask the offer's stores whether proposed texts exist there already, a few hundred in one request.

A store is asked before a person confirms, so that a taken text is seen on the screen and not in a report. What was
not asked, because there is too much of it or a store does not answer, comes out when the store is asked to rename:
as a conflict with its reason.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offerwell.actions.store_connection import open_store
from offerwell.integrations.store import StoreError
from offerwell.models import CodeProposal, Store, StoreCode
from offerwell.models.id_list import id_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offerwell.integrations.store import StoreCode as FoundCode
    from offerwell.models import ProposalBatch

# Two look-ups of a thousand points each fill a standard bucket; a page must not wait for the next one.
AT_MOST = 2_000
PATIENCE = 5.0


@dataclass(slots=True)
class Patience:
    """How long a person may be kept waiting for a store in all."""

    seconds: float = PATIENCE

    def __call__(self, seconds: float) -> None:
        """Sleep for the connector. Raises StoreError when that would take too long."""
        if seconds > self.seconds:
            raise StoreError("The store is busy.")
        self.seconds -= seconds
        time.sleep(seconds)


def look_up_proposals(
    *, batch: ProposalBatch, ids: Sequence[int] | None = None, at_most: int = AT_MOST
) -> tuple[str, ...]:
    """Look up those of the proposals (None: of the batch) that were not yet. Gives what stores could not be asked.

    Not inside a transaction: stores take their time.
    """
    waiting = CodeProposal.objects.filter(batch=batch, is_looked_up=False)
    if ids is not None:
        waiting = waiting.filter(pk__in=id_rows(ids))
    rows = list(waiting.order_by("code_id")[:at_most])
    if not rows:
        return ()
    troubles: list[str] = []
    taken: dict[int, str] = {}
    for store in Store.objects.filter(offer_links__offer=batch.offer_id).order_by("pk"):
        if not store.is_on:
            troubles.append(f"{store.label} is switched off, so it was not asked.")
            continue
        try:
            taken |= dict.fromkeys(_taken_in(store, rows), store.label)
        except StoreError as error:
            troubles.append(f"{store.label} could not be asked: {error.reason}")
    for pk, label in taken.items():
        CodeProposal.objects.filter(pk=pk).update(on_store=label[:120])
    if not troubles:
        CodeProposal.objects.filter(pk__in=id_rows(row.pk for row in rows)).update(is_looked_up=True)
    return tuple(troubles)


def _taken_in(store: Store, rows: Sequence[CodeProposal]) -> list[int]:
    """The proposals whose text is a discount there that is not the code's own."""
    with closing(open_store(store, sleep=Patience())) as connector:
        found = connector.find([row.text for row in rows])
    own = _own_refs(store, rows)
    return [row.pk for row in rows if _is_anothers(found.get(row.text), own.get(row.code_id, ""))]


def _own_refs(store: Store, rows: Sequence[CodeProposal]) -> Mapping[int, str]:
    kept = StoreCode.objects.filter(store=store, code_id__in=id_rows(row.code_id for row in rows))
    return dict(kept.values_list("code_id", "ref"))


def _is_anothers(found: FoundCode | None, own_ref: str) -> bool:
    return found is not None and found.ref != own_ref
