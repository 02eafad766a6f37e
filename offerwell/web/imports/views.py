"""Import members, and the codes of an offer: upload, map the columns, confirm, watch, read the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from offerwell.actions.keep_import_file import choose_columns, confirm_import, keep_import_file, preview_of
from offerwell.models import ImportFile, ImportState, Offer
from offerwell.rules.import_columns import ImportPurpose, ImportRefused
from offerwell.rules.permissions import Action
from offerwell.web.imports.import_screen import checked, column_rows, field_choices, how_read
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from django.http import HttpResponse, HttpResponseBase, QueryDict

_NO_FILE = "No file was chosen. Choose a CSV file."


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_MEMBERS)
def members_import(request: BrandRequest) -> HttpResponse:
    """Choose a file of members."""
    return _upload(request, ImportPurpose.MEMBERS, None)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_OFFERS)
def codes_import(request: BrandRequest, offer_id: int) -> HttpResponse:
    """Choose a file of codes for an offer."""
    return _upload(request, ImportPurpose.CODES, get_object_or_404(Offer, pk=offer_id))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_MEMBERS)
def members_import_file(request: BrandRequest, import_id: int) -> HttpResponse:
    """One file of members: its preview, progress or report."""
    return _file(request, _kept(import_id, None))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_OFFERS)
def codes_import_file(request: BrandRequest, offer_id: int, import_id: int) -> HttpResponse:
    """One file of codes: its preview, progress or report."""
    return _file(request, _kept(import_id, offer_id))


@require_safe
@needs(Action.EDIT_MEMBERS)
def members_import_rejected(request: BrandRequest, import_id: int) -> HttpResponseBase:
    """The rows that were not imported, with their reasons."""
    return _rejected(request, _kept(import_id, None))


@require_safe
@needs(Action.EDIT_OFFERS)
def codes_import_rejected(request: BrandRequest, offer_id: int, import_id: int) -> HttpResponseBase:
    """The rows that were not imported, with their reasons."""
    return _rejected(request, _kept(import_id, offer_id))


def _kept(import_id: int, offer_id: int | None) -> ImportFile:
    """Only under its own address; another workspace's is not found."""
    purpose = ImportPurpose.MEMBERS if offer_id is None else ImportPurpose.CODES
    files = ImportFile.objects.select_related("offer", "user")
    return get_object_or_404(files, pk=import_id, purpose=purpose, offer_id=offer_id)


def _address(kept: ImportFile) -> str:
    if kept.offer_id is None:
        return reverse("members_import_file", args=[kept.pk])
    return reverse("codes_import_file", args=[kept.offer_id, kept.pk])


def _upload(request: BrandRequest, purpose: ImportPurpose, offer: Offer | None) -> HttpResponse:
    shown = {"step": "upload", "offer": offer, "refusal": ""}
    if request.method != "POST":
        return render(request, "web/imports/upload.html", shown)
    upload = request.FILES.get("file")
    if upload is None:
        return render(request, "web/imports/upload.html", shown | {"refusal": _NO_FILE}, status=422)
    try:
        kept = keep_import_file(
            workspace_id=request.place.workspace_id, purpose=purpose, offer=offer, upload=upload,
            user_id=request.place.user_id, at=timezone.now(),
        )  # fmt: skip
    except ImportRefused as refused:
        return render(request, "web/imports/upload.html", shown | {"refusal": str(refused)}, status=422)
    return HttpResponseRedirect(_address(kept))


def _file(request: BrandRequest, kept: ImportFile) -> HttpResponse:
    if kept.state != ImportState.UPLOADED:
        return _followed(request, kept)
    if request.method != "POST":
        return _preview(request, kept)
    try:
        choose_columns(kept, _choices(request.POST))
        if request.POST.get("step") == "import":
            missing = preview_of(kept).missing
            if missing:
                return _preview(request, kept, refusal=missing)
            confirm_import(kept, at=timezone.now())
    except ImportRefused as refused:
        return _preview(request, kept, refusal=str(refused))
    return HttpResponseRedirect(_address(kept))


def _choices(fields: QueryDict) -> dict[int, str]:
    named = {name.removeprefix("column-"): str(value) for name, value in fields.items() if name.startswith("column-")}
    return {int(place): value for place, value in named.items() if place.isascii() and place.isdigit()}


def _preview(request: BrandRequest, kept: ImportFile, *, refusal: str = "") -> HttpResponse:
    shown: dict[str, Any] = {"step": "map", "kept": kept, "offer": kept.offer, "refusal": refusal}
    try:
        preview = preview_of(kept)
    except ImportRefused as refused:
        return render(
            request, "web/imports/upload.html", shown | {"step": "upload", "refusal": str(refused)}, status=422
        )
    shown |= {
        "preview": preview,
        "columns": column_rows(preview),
        "choices": field_choices(ImportPurpose(kept.purpose)),
        "how_read": how_read(preview),
        "check": checked(kept, by=actor_of(request), at=timezone.now()),
        "missing": "" if refusal else preview.missing,
    }
    return render(request, "web/imports/preview.html", shown, status=422 if refusal else 200)


def _followed(request: BrandRequest, kept: ImportFile) -> HttpResponse:
    """Waiting, running, done or refused. A fragment while the page polls; then the page comes anew, whole."""
    is_running = kept.state in {ImportState.WAITING, ImportState.RUNNING}
    shown = {
        "step": "report",
        "kept": kept,
        "offer": kept.offer,
        "report": kept.report,
        "address": _address(kept),
        "is_running": is_running,
        "is_empty": bool(kept.report and not kept.report["rows"]),
    }
    if not request.htmx:  # type: ignore[attr-defined]  django-htmx
        return render(request, "web/imports/report.html", shown)
    response = render(request, "web/imports/progress.html", shown)
    if not is_running:
        response["HX-Refresh"] = "true"
    return response


def _rejected(request: BrandRequest, kept: ImportFile) -> HttpResponseBase:
    if not kept.rejected_path or kept.workspace_id != request.place.workspace_id:
        raise Http404
    try:
        stored = default_storage.open(kept.rejected_path, "rb")
    except OSError as error:
        raise Http404 from error
    name = f"{kept.name.rsplit('.', 1)[0]} rejected.csv"
    return FileResponse(stored, as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")
