"""Settings › Messages: how they are signed, and the addresses that get none."""

from __future__ import annotations

from django.contrib import messages as notices
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from offerwell.actions.allow_address import allow_address
from offerwell.actions.import_suppressions import import_suppressions
from offerwell.actions.keep_mail_settings import keep_mail_settings
from offerwell.actions.suppress_address import NoAddress, suppress_address
from offerwell.actions.write_letter import sender_of, signature_of
from offerwell.models import MailSettings, Suppression, SuppressionReason
from offerwell.queries.messages import suppression_page
from offerwell.rules.import_columns import ImportRefused
from offerwell.rules.permissions import Action
from offerwell.ui.paging import number_from
from offerwell.web.messages.message_forms import MailSettingsForm, SuppressionForm
from offerwell.web.needs import BrandRequest, actor_of, needs

# Of rows without an address so many are named; the others are counted.
_ROWS_TOLD = 5


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_SETTINGS)
def mail_settings(request: BrandRequest) -> HttpResponse:
    """Sender's name, where answers go, postal address."""
    kept = MailSettings.objects.filter(workspace=request.place.workspace).first()
    begun = {name: getattr(kept, name) for name in ("sender_name", "reply_to", "postal_address")} if kept else {}
    form = MailSettingsForm(request.POST or None, initial=begun)
    if request.method == "POST" and form.is_valid():
        keep_mail_settings(
            workspace_id=request.place.workspace_id, by=actor_of(request), at=timezone.now(), **form.cleaned_data
        )
        notices.success(request, "Saved. Messages sent from now on are signed so.")
        return HttpResponseRedirect(reverse("mail_settings"))
    shown = {"form": form, "sender": sender_of(signature_of(request.place.workspace))}
    return render(request, "web/messages/settings.html", shown, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_SETTINGS)
def suppressions(request: BrandRequest) -> HttpResponse:
    """Addresses that get no messages; add one."""
    form = SuppressionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            is_new = suppress_address(
                workspace_id=request.place.workspace_id, reason=SuppressionReason.BY_HAND, by=actor_of(request),
                at=timezone.now(), **form.cleaned_data,
            )  # fmt: skip
        except NoAddress as odd:
            form.add_error("address", str(odd))
        else:
            address = form.cleaned_data["address"]
            notices.success(request, f"{address} {'gets no messages any more' if is_new else 'was on the list'}.")
            return HttpResponseRedirect(reverse("suppressions"))
    return _suppressions_page(request, form)


@require_POST
@needs(Action.EDIT_SETTINGS)
def suppressions_import(request: BrandRequest) -> HttpResponse:
    """Add the addresses of a CSV file."""
    upload = request.FILES.get("file")
    if upload is None:
        return _suppressions_page(request, SuppressionForm(), refusal="Choose a CSV file first.")
    try:
        report = import_suppressions(
            workspace_id=request.place.workspace_id, file=upload, note=f"Imported from {upload.name}",
            by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except ImportRefused as refused:
        return _suppressions_page(request, SuppressionForm(), refusal=f"{refused} No address was added.")
    notices.success(request, f"{report.added:,} added, {report.known:,} on the list already.")
    if report.rejected:
        first = "; ".join(f"line {line}: {reason}" for line, reason in report.rejected[:_ROWS_TOLD])
        rows = "row holds" if report.rejected_count == 1 else "rows hold"
        notices.warning(request, f"{report.rejected_count:,} {rows} no address: {first}")
    return HttpResponseRedirect(reverse("suppressions"))


def _suppressions_page(request: BrandRequest, form: SuppressionForm, *, refusal: str = "") -> HttpResponse:
    text = request.GET.get("q", "").replace("\0", "").strip()[:320]
    page = suppression_page(text, before=number_from(request.GET.get("before")))
    shown = {"form": form, "rows": page.rows, "next": page.next, "text": text, "is_first": "before" not in request.GET}
    shown["refusal"] = refusal
    return render(request, "web/messages/suppressions.html", shown, status=422 if form.errors or refusal else 200)


@require_POST
@needs(Action.EDIT_SETTINGS)
def suppression_remove(request: BrandRequest, suppression_id: int) -> HttpResponse:
    """The address gets messages again: somebody says why."""
    row = get_object_or_404(Suppression, pk=suppression_id)
    why = request.POST.get("why", "").replace("\0", "").strip()
    if not why:
        notices.error(request, f"Say why {row.address} may get messages again. Nothing was changed.")
        return HttpResponseRedirect(reverse("suppressions"))
    allow_address(
        workspace_id=request.place.workspace_id, suppression_id=row.pk, why=why, by=actor_of(request), at=timezone.now()
    )
    notices.success(request, f"{row.address} gets messages again.")
    return HttpResponseRedirect(reverse("suppressions"))
