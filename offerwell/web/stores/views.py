"""Settings › Stores: the connected stores and how they are; connect, check, switch, new credentials."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offerwell.actions.audit_store import audit_store
from offerwell.actions.check_store_connection import check_store_connection
from offerwell.actions.connect_store import (
    ASKED_SCOPES,
    StoreRefused,
    connect_store,
    every_scope,
    lacks,
    missing_scopes,
)
from offerwell.actions.keep_webhook_secret import SecretRefused, keep_webhook_secret
from offerwell.actions.pull_orders import orders_scope
from offerwell.actions.replace_store_credentials import replace_store_credentials
from offerwell.actions.retry_in_store import retry_in_store
from offerwell.actions.switch_store import switch_store
from offerwell.integrations.vendure.documents import NEEDED_PERMISSIONS
from offerwell.models import APP_KINDS, SPOKEN_KINDS, Store, StoreAudit, StoreKind
from offerwell.queries.drift import count_drifts
from offerwell.queries.orders import pull_of
from offerwell.queries.store_webhooks import COUNTED, shopper_file, webhooks_seen
from offerwell.queries.stores import bucket_of, offers_of_store, store_seen, stores_seen
from offerwell.rules.drift import DriftFilter
from offerwell.rules.permissions import Action, may
from offerwell.rules.webhook_reception import Reception
from offerwell.web.confirmed import confirmed
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.stores.installs import redirect_address, started
from offerwell.web.stores.other_shop_views import other_shop_page
from offerwell.web.stores.store_forms import ACCESS_CARDS, KIND_CARDS, ConnectForm, CredentialsForm, WebhookSecretForm

HOOKS_BADGES = {
    Reception.ON: "hooks_on",
    Reception.PART: "hooks_part",
    Reception.WAITING: "pending",
    Reception.OFF: "hooks_off",
    Reception.PROBLEM: "trouble",
    Reception.NONE: "hooks_none",
}


@require_safe
@needs(Action.VIEW)
def stores(request: BrandRequest) -> HttpResponse:
    """The connected stores."""
    shown = {"rows": stores_seen(), "may_edit": may(request.place.role, Action.EDIT_SETTINGS)}
    return render(request, "web/stores/stores.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_SETTINGS)
@confirmed()
def store_connect(request: BrandRequest) -> HttpResponse:
    """The form of a new store; connected, it opens."""
    if request.method != "POST":
        return _connect_form(request, ConnectForm(initial={"kind": StoreKind.SHOPIFY, "way_in": "grant"}))
    form = ConnectForm(request.POST)
    if form.is_valid():
        way_in = form.cleaned_data.pop("way_in")
        try:
            # The cards of access stay checked, out of sight, where a kind is chosen that has none.
            if way_in == "install" and form.cleaned_data["kind"] in APP_KINDS:
                return started(request, form)
            made = connect_store(
                workspace_id=request.place.workspace_id, by=actor_of(request), at=timezone.now(), **form.cleaned_data
            )
        except StoreRefused as refused:
            form.say(refused.problems)
        else:
            messages.success(request, f"{made.label} connected. Choose it in the offers whose codes go there.")
            return HttpResponseRedirect(reverse("store", args=[made.pk]))
    return _connect_form(request, form, status=422)


@require_safe
@needs(Action.VIEW)
def store(request: BrandRequest, store_id: int) -> HttpResponse:
    """One store: how it is, and what waits for it."""
    found = get_object_or_404(Store, pk=store_id)
    return other_shop_page(request, found) if found.kind == StoreKind.OTHER else _store_page(request, found)


@require_POST
@needs(Action.EDIT_SETTINGS)
def store_check(request: BrandRequest, store_id: int) -> HttpResponse:
    """Ask the store who it is, now."""
    found = _spoken_to(store_id)
    try:
        identity = check_store_connection(store=found, at=timezone.now())
    except StoreRefused as refused:
        found.refresh_from_db()
        refusal = "" if found.trouble == str(refused) else str(refused)
        return _store_page(request, found, refusal=refusal, status=422)
    messages.success(request, f"{identity.name} answered. {every_scope(found.kind)}")
    return HttpResponseRedirect(reverse("store", args=[found.pk]))


@require_POST
@needs(Action.CHANGE_OFFER_STATUS)
def store_audit(request: BrandRequest, store_id: int) -> HttpResponse:
    """Have every code of the store read now. Reads only."""
    found = _spoken_to(store_id)
    asked = audit_store(workspace_id=request.place.workspace_id, store=found, by=actor_of(request), at=timezone.now())
    messages.success(
        request, f"{asked.codes:,} codes are read in {found.label} now. What differs is listed under Drift."
    )
    return HttpResponseRedirect(reverse("store", args=[found.pk]))


@require_POST
@needs(Action.EDIT_SETTINGS)
def store_switch(request: BrandRequest, store_id: int) -> HttpResponse:
    """Switch the store's sync on or off."""
    found, on = get_object_or_404(Store, pk=store_id), request.POST.get("on") == "1"
    changed = switch_store(
        workspace_id=request.place.workspace_id, store=found, on=on, by=actor_of(request), at=timezone.now()
    )
    if changed and found.kind == StoreKind.OTHER:
        told = "on. Orders that it tells are taken in" if on else "off. Orders that it tells are refused"
        messages.success(request, f"{found.label} is {told}.")
    elif changed and on:
        messages.success(request, f"{found.label} is on. Waiting codes go there now.")
    elif changed:
        messages.success(request, f"{found.label} is off. Codes wait until you switch it on.")
    return HttpResponseRedirect(reverse("store", args=[found.pk]))


@require_POST
@needs(Action.CHANGE_OFFER_STATUS)
def store_retry(request: BrandRequest, store_id: int) -> HttpResponse:
    """Ask the store again for every code it did not take."""
    found = _spoken_to(store_id)
    asked = retry_in_store(
        workspace_id=request.place.workspace_id, store=found, by=actor_of(request), at=timezone.now()
    )
    told = f"{asked:,} {'code is' if asked == 1 else 'codes are'} tried again." if asked else "Nothing to retry."
    messages.success(request, told)
    return HttpResponseRedirect(reverse("store", args=[found.pk]))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_SETTINGS)
@confirmed()
def store_credentials(request: BrandRequest, store_id: int) -> HttpResponse:
    """Give the store new credentials. The old ones are never shown, and stay until the new ones work."""
    found = _spoken_to(store_id)
    if request.method != "POST":
        return _credentials_form(request, found, CredentialsForm(initial={"client_id": found.client_id}))
    form = CredentialsForm(request.POST)
    if form.is_valid():
        try:
            replace_store_credentials(
                workspace_id=request.place.workspace_id, store=found, by=actor_of(request), at=timezone.now(),
                **form.cleaned_data,
            )  # fmt: skip
        except StoreRefused as refused:
            form.say(refused.problems)
        else:
            told = "; webhooks signed with the old secret are taken for one more day" if found.kind in APP_KINDS else ""
            messages.success(request, f"{found.label} has new credentials. The old ones are gone{told}.")
            return HttpResponseRedirect(reverse("store", args=[found.pk]))
    return _credentials_form(request, found, form, status=422)


@require_POST
@needs(Action.EDIT_SETTINGS)
@confirmed(back="store")
def store_webhook_secret(request: BrandRequest, store_id: int) -> HttpResponse:
    """Verify the store's webhooks with the app's secret."""
    found = _spoken_to(store_id)
    form = WebhookSecretForm(request.POST)
    if form.is_valid():
        try:
            keep_webhook_secret(
                workspace_id=request.place.workspace_id, store=found, secret=form.cleaned_data["secret"],
                by=actor_of(request), at=timezone.now(),
            )  # fmt: skip
        except SecretRefused as refused:
            form.add_error("secret", str(refused))
        else:
            messages.success(request, f"Webhooks of {found.label} are verified with this secret from now on.")
            return HttpResponseRedirect(reverse("store", args=[found.pk]))
    return _store_page(request, found, secret_form=form, status=422)


@require_safe
@needs(Action.EDIT_SETTINGS)
def store_shopper_file(request: BrandRequest, store_id: int, request_id: int) -> HttpResponse:  # noqa: ARG001  the gate uses it
    """What is held of a shopper who asked, as a file for the brand to answer with."""
    text = shopper_file(_spoken_to(store_id), request_id)
    if text is None:
        raise Http404
    answer = HttpResponse(text, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="shopper-request-{request_id}.json"'
    answer["Cache-Control"] = "no-store"
    return answer


def _spoken_to(store_id: int) -> Store:
    """A store that can be asked something."""
    return get_object_or_404(Store, pk=store_id, kind__in=SPOKEN_KINDS)


def _store_page(request: BrandRequest, found: Store, **said: Any) -> HttpResponse:
    hooks = webhooks_seen(found, at=timezone.now())
    shown = {
        "seen": store_seen(found),
        "hooks": hooks,
        "hooks_badge": HOOKS_BADGES[hooks.reception],
        "counted": COUNTED,
        "secret_form": said.get("secret_form") or WebhookSecretForm(),
        "store": found,
        "at": timezone.now(),
        "bucket": bucket_of(found, at=timezone.now()),
        "offers": offers_of_store(found),
        "scopes": found.scopes.split(),
        "missing": _missing_untold(found),
        "is_vendure": found.kind == StoreKind.VENDURE,
        "may_edit": may(request.place.role, Action.EDIT_SETTINGS),
        "may_change": may(request.place.role, Action.CHANGE_OFFER_STATUS),
        "audit": StoreAudit.objects.filter(store=found).first(),
        "pull": pull_of(found),
        "orders_scope": orders_scope(found),
        "drifted": count_drifts(DriftFilter(store=found.pk)),
        "refusal": said.get("refusal", ""),
    }
    return render(request, "web/stores/store.html", shown, status=said.get("status", 200))


def _missing_untold(found: Store) -> str:
    """What to do about scopes the store's credentials lack, unless its trouble says so already."""
    missing = missing_scopes(frozenset(found.scopes.split()), found.kind)
    said = lacks(missing, found.kind) if missing else ""
    return "" if said == found.trouble else said


def _connect_form(request: BrandRequest, form: ConnectForm, *, status: int = 200) -> HttpResponse:
    shown = {
        "form": form,
        "kind_cards": KIND_CARDS,
        "access_cards": ACCESS_CARDS,
        "way_in": form["way_in"].value() or "grant",
        "way_back": redirect_address(request),
        "asked_scopes": ASKED_SCOPES,
        "needed_permissions": NEEDED_PERMISSIONS,
    }
    return render(request, "web/stores/store_connect.html", shown, status=status)


def _credentials_form(request: BrandRequest, found: Store, form: CredentialsForm, *, status: int = 200) -> HttpResponse:
    shown = {"form": form, "store": found, "is_vendure": found.kind == StoreKind.VENDURE}
    return render(request, "web/stores/store_credentials.html", shown, status=status)
