"""Keep an uploaded file while a person looks at its preview; map its columns; confirm or discard it."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, cast

from django.core.files.storage import default_storage
from django.db.models import Q

from offerwell.actions.read_import import Preview, preview
from offerwell.integrations.csv_file import csv_file
from offerwell.jobs import wake
from offerwell.models import ImportFile, ImportState
from offerwell.rules.import_columns import ColumnMapping, ImportPurpose, ImportRefused, chosen_columns

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.core.files.uploadedfile import UploadedFile

    from offerwell.models import Offer

# Files hold names and e-mail addresses: they stay no longer than they are of use.
UNCONFIRMED_FOR = timedelta(days=1)
REJECTED_FOR = timedelta(days=30)


def keep_import_file(
    *,
    workspace_id: int,
    purpose: ImportPurpose,
    offer: Offer | None,
    upload: UploadedFile[bytes],
    user_id: int,
    at: datetime,
) -> ImportFile:
    """Store an upload that is CSV. Raises ImportRefused; then nothing is kept."""
    preview(cast("BinaryIO", upload), purpose)
    _discard_old(at)
    upload.seek(0)
    path = default_storage.save(f"imports/{workspace_id}/{secrets.token_hex(16)}.csv", upload)
    return ImportFile.objects.create(
        workspace_id=workspace_id, purpose=purpose, offer=offer, user_id=user_id,
        name=PurePath(upload.name or "file.csv").name[:200], path=path, size=upload.size or 0, created_at=at,
    )  # fmt: skip


def open_kept(kept: ImportFile) -> BinaryIO:
    """The stored upload. Raises ImportRefused when it was discarded."""
    try:
        return default_storage.open(kept.path, "rb")  # type: ignore[return-value]
    except (OSError, ValueError) as error:
        raise ImportRefused("The uploaded file was discarded. Upload it again.") from error


def preview_of(kept: ImportFile) -> Preview:
    """Columns, mapping as guessed or chosen, and first rows of a kept file. Raises ImportRefused."""
    with open_kept(kept) as file:
        return preview(file, ImportPurpose(kept.purpose), mapping_of(kept))


def mapping_of(kept: ImportFile) -> ColumnMapping | None:
    """The mapping a person chose; None where the guess was left alone."""
    if not kept.choices:
        return None
    with open_kept(kept) as file, csv_file(file) as opened:
        columns = opened.columns
    return chosen_columns(columns, dict(enumerate(kept.choices)), ImportPurpose(kept.purpose))


def choose_columns(kept: ImportFile, choices: Mapping[int, str]) -> None:
    """Remember what each column holds. Raises ImportRefused; then the choice before stays."""
    with open_kept(kept) as file, csv_file(file) as opened:
        columns = opened.columns
    chosen_columns(columns, choices, ImportPurpose(kept.purpose))
    kept.choices = [choices.get(place, "") for place in range(len(columns))]
    kept.save(update_fields=["choices"])


def confirm_import(kept: ImportFile, *, at: datetime) -> None:
    """Let a worker import the file. A second press does nothing."""
    confirmed = ImportFile.objects.filter(pk=kept.pk, state=ImportState.UPLOADED).update(
        state=ImportState.WAITING, beat_at=at
    )
    if confirmed:
        wake("run_import", kept.pk)


def _discard_old(at: datetime) -> None:
    """Forget uploads nobody confirmed, and rejected rows nobody fetched."""
    stale = ImportFile.objects.filter(
        Q(state=ImportState.UPLOADED, created_at__lt=at - UNCONFIRMED_FOR)
        | Q(created_at__lt=at - REJECTED_FOR) & ~Q(rejected_path="")
    ).exclude(path="", rejected_path="")
    for kept in stale[:100]:
        for path in (kept.path, kept.rejected_path):
            if path:
                default_storage.delete(path)
        ImportFile.objects.filter(pk=kept.pk).update(path="", rejected_path="")
