"""Import a confirmed file, in a worker: it may take a minute, and a page must not."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import Q
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from offerwell.actions.import_codes import import_codes
from offerwell.actions.import_members import import_members
from offerwell.actions.keep_import_file import mapping_of, open_kept
from offerwell.actions.store_connection import open_store
from offerwell.integrations.store import StoreError
from offerwell.models import ImportFile, ImportState, Store
from offerwell.rules.import_columns import ImportPurpose, ImportRefused
from offerwell.rules.permissions import Actor

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.actions.import_report import ImportReport
    from offerwell.integrations.store import StoreConnector

# A running import without a sign of life for so long lost its worker. Importing again is harmless.
LOST_AFTER = timedelta(minutes=15)


def imports_due(*, at: datetime) -> list[int]:
    """Files that wait for a worker, or whose worker died. For the sweep; looks into every workspace."""
    with scopes_disabled():
        return list(ImportFile.objects.filter(_due(at)).order_by("pk").values_list("pk", flat=True)[:100])


def run_import(*, import_id: int) -> None:
    """Import one file, once: a file that another worker took, or that is done, is left alone.

    The clock is read here: the job's door has only the id.
    """
    at = timezone.now()
    with scopes_disabled():
        taken = ImportFile.objects.filter(_due(at), pk=import_id).update(state=ImportState.RUNNING, beat_at=at)
        if not taken:
            return
        kept = ImportFile.objects.select_related("workspace", "offer", "user").get(pk=import_id)
    with scope(workspace=kept.workspace):
        try:
            _done(kept, _imported(kept, at))
        except ImportRefused as refused:
            _refused(kept, str(refused))
        except Exception:
            _refused(kept, "Offerwell failed while it read the file. Nothing was imported: upload the file again.")
            raise


def _due(at: datetime) -> Q:
    return Q(state=ImportState.WAITING) | Q(state=ImportState.RUNNING, beat_at__lt=at - LOST_AFTER)


def _imported(kept: ImportFile, at: datetime) -> ImportReport:
    by = Actor(name=str(kept.user), door="web", user_id=kept.user_id)
    with open_kept(kept) as file:
        if kept.purpose == ImportPurpose.MEMBERS or kept.offer is None:
            return import_members(workspace_id=kept.workspace_id, file=file, by=by, at=at, mapping=mapping_of(kept))
        return import_codes(
            workspace_id=kept.workspace_id, offer=kept.offer, file=file, connectors=_connectors(kept), by=by, at=at,
            mapping=mapping_of(kept), on_progress=_Beat(kept.pk),
        )  # fmt: skip


def _connectors(kept: ImportFile) -> dict[int, StoreConnector]:
    connectors = {}
    for store in Store.objects.filter(offer_links__offer=kept.offer):
        try:
            connectors[store.pk] = open_store(store)
        except StoreError as error:
            raise ImportRefused(f"{store.label}: {error.reason} Nothing was imported.") from error
    return connectors


class _Beat:
    """Progress for the page, and a sign of life."""

    def __init__(self, import_id: int) -> None:
        self._import_id = import_id

    def __call__(self, done: int, total: int) -> None:
        ImportFile.objects.filter(pk=self._import_id).update(done_rows=done, total_rows=total, beat_at=timezone.now())


def _done(kept: ImportFile, report: ImportReport) -> None:
    rejected = ""
    if report.rejected_count:
        with tempfile.TemporaryFile() as spool:
            spool.writelines(report.rejected_csv())
            spool.seek(0)
            rejected = default_storage.save(f"{kept.path}.rejected.csv", File(spool))
    default_storage.delete(kept.path)
    ImportFile.objects.filter(pk=kept.pk).update(
        state=ImportState.DONE, report=report.to_json(), rejected_path=rejected, path="", finished_at=timezone.now()
    )


def _refused(kept: ImportFile, refusal: str) -> None:
    default_storage.delete(kept.path)
    ImportFile.objects.filter(pk=kept.pk).update(
        state=ImportState.REFUSED, refusal=refusal, path="", finished_at=timezone.now()
    )
