"""Settings › Stores: the connected stores and how they are; connect, check, switch, new credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offerwell.actions.check_store_connection import check_store_connection
from offerwell.actions.connect_store import (
    NEEDED_SCOPES,
    StoreRefused,
    connect_store,
    missing_scopes,
    missing_sentence,
)
from offerwell.actions.replace_store_credentials import replace_store_credentials
from offerwell.actions.switch_store import switch_store
from offerwell.integrations.vendure.documents import NEEDED_PERMISSIONS
from offerwell.models import Store, StoreKind
from offerwell.queries.stores import offers_of_store, store_seen, stores_seen
from offerwell.rules.permissions import Action, may
from offerwell.web.needs import BrandRequest, actor_of, needs
from offerwell.web.stores.store_forms import KIND_CARDS, ConnectForm, CredentialsForm

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_safe
@needs(Action.VIEW)
def stores(request: BrandRequest) -> HttpResponse:
    """The connected stores."""
    shown = {"rows": stores_seen(), "may_edit": may(request.place.role, Action.EDIT_SETTINGS)}
    return render(request, "web/stores/stores.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_SETTINGS)
def store_connect(request: BrandRequest) -> HttpResponse:
    """The form of a new store; connected, it opens."""
    if request.method != "POST":
        return _connect_form(request, ConnectForm(initial={"kind": StoreKind.SHOPIFY}))
    form = ConnectForm(request.POST)
    if form.is_valid():
        try:
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
    return _store_page(request, get_object_or_404(Store, pk=store_id))


@require_POST
@needs(Action.EDIT_SETTINGS)
def store_check(request: BrandRequest, store_id: int) -> HttpResponse:
    """Ask the store who it is, now."""
    found = get_object_or_404(Store, pk=store_id)
    try:
        identity = check_store_connection(store=found, at=timezone.now())
    except StoreRefused as refused:
        return _store_page(request, found, refusal=str(refused), status=422)
    messages.success(request, f"{identity.name} answered. The credentials work and carry every scope.")
    return HttpResponseRedirect(reverse("store", args=[found.pk]))


@require_POST
@needs(Action.EDIT_SETTINGS)
def store_switch(request: BrandRequest, store_id: int) -> HttpResponse:
    """Switch the store's sync on or off."""
    found, on = get_object_or_404(Store, pk=store_id), request.POST.get("on") == "1"
    changed = switch_store(
        workspace_id=request.place.workspace_id, store=found, on=on, by=actor_of(request), at=timezone.now()
    )
    if changed and on:
        messages.success(request, f"{found.label} is on. Waiting codes go there now.")
    elif changed:
        messages.success(request, f"{found.label} is off. Codes wait until you switch it on.")
    return HttpResponseRedirect(reverse("store", args=[found.pk]))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_SETTINGS)
def store_credentials(request: BrandRequest, store_id: int) -> HttpResponse:
    """Give the store new credentials. The old ones are never shown, and stay until the new ones work."""
    found = get_object_or_404(Store, pk=store_id)
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
            messages.success(request, f"{found.label} has new credentials. The old ones are gone.")
            return HttpResponseRedirect(reverse("store", args=[found.pk]))
    return _credentials_form(request, found, form, status=422)


def _store_page(request: BrandRequest, found: Store, **said: Any) -> HttpResponse:
    missing = missing_scopes(frozenset(found.scopes.split()), found.kind)
    shown = {
        "seen": store_seen(found),
        "store": found,
        "offers": offers_of_store(found),
        "scopes": found.scopes.split(),
        "missing": missing_sentence(missing, found.kind) if missing else "",
        "is_vendure": found.kind == StoreKind.VENDURE,
        "may_edit": may(request.place.role, Action.EDIT_SETTINGS),
        "refusal": said.get("refusal", ""),
    }
    return render(request, "web/stores/store.html", shown, status=said.get("status", 200))


def _connect_form(request: BrandRequest, form: ConnectForm, *, status: int = 200) -> HttpResponse:
    needed = {"needed_scopes": NEEDED_SCOPES, "needed_permissions": NEEDED_PERMISSIONS}
    shown = {"form": form, "kind_cards": KIND_CARDS, **needed}
    return render(request, "web/stores/store_connect.html", shown, status=status)


def _credentials_form(request: BrandRequest, found: Store, form: CredentialsForm, *, status: int = 200) -> HttpResponse:
    shown = {"form": form, "store": found, "is_vendure": found.kind == StoreKind.VENDURE}
    return render(request, "web/stores/store_credentials.html", shown, status=status)
