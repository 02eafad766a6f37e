"""Installation by agreement at the store: leave for its page, and come back with its answer.

Leaving is a link, not a redirect: our Content-Security-Policy lets no form lead to another site, and a redirect
after a form would be one. So the page before says where one goes, and which address the app must know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from offerwell.actions.connect_store import ASKED_SCOPES, StoreRefused
from offerwell.actions.install_store import InstallRefused, agree_at, finish_install, pending_install, start_install
from offerwell.models import Store
from offerwell.rules.permissions import Action
from offerwell.web.confirmed import confirmed
from offerwell.web.needs import BrandRequest, actor_of, needs

if TYPE_CHECKING:
    from django.http import HttpResponse

    from offerwell.web.stores.store_forms import ConnectForm


def started(request: BrandRequest, form: ConnectForm) -> HttpResponse:
    """Where a form of a new store leads that is to be installed. Raises StoreRefused."""
    given = {name: form.cleaned_data[name] for name in ("label", "kind", "address", "client_id", "client_secret")}
    pending = start_install(
        workspace_id=request.place.workspace_id, session_mark=session_mark(request), user_id=request.user.pk,
        at=timezone.now(), **given,
    )  # fmt: skip
    return HttpResponseRedirect(reverse("store_install", args=[pending.pk]))


@require_POST
@needs(Action.EDIT_SETTINGS)
@confirmed(back="store")
def store_install_again(request: BrandRequest, store_id: int) -> HttpResponse:
    """Install a connected store's app again, with the app it has."""
    found = get_object_or_404(Store, pk=store_id)
    try:
        pending = start_install(
            workspace_id=request.place.workspace_id, session_mark=session_mark(request), user_id=request.user.pk,
            store=found, at=timezone.now(),
        )  # fmt: skip
    except StoreRefused as refused:
        return _refused(request, str(refused), found.pk)
    return HttpResponseRedirect(reverse("store_install", args=[pending.pk]))


@require_safe
@never_cache
@needs(Action.EDIT_SETTINGS)
def store_install(request: BrandRequest, number: int) -> HttpResponse:
    """Where one goes next, and what the app must know for the way back."""
    pending = pending_install(number, session_mark=session_mark(request), at=timezone.now())
    if pending is None:
        raise Http404
    way_back = redirect_address(request)
    shown = {
        "pending": pending,
        "way_back": way_back,
        "agree_at": agree_at(pending, way_back),
        "asked_scopes": ASKED_SCOPES,
    }
    return render(request, "web/stores/store_install.html", shown)


@require_GET
@never_cache
@needs(Action.EDIT_SETTINGS)
def store_install_callback(request: BrandRequest) -> HttpResponse:
    """The way back from the store."""
    # A parameter that comes twice could be checked as one value and used as another.
    told = {name: values[0] for name, values in request.GET.lists() if len(values) == 1}
    try:
        store = finish_install(
            workspace_id=request.place.workspace_id, session_mark=session_mark(request), told=told,
            by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except InstallRefused as refused:
        return _refused(request, str(refused), refused.store_id)
    messages.success(request, f"{store.label} is installed. Its access renews itself from now on.")
    return HttpResponseRedirect(reverse("store", args=[store.pk]))


def redirect_address(request: BrandRequest) -> str:
    """The address the store sends people back to, as this request came in."""
    return request.build_absolute_uri(reverse("store_install_callback"))


def session_mark(request: BrandRequest) -> str:
    """Stands for this browser session; the session's key cannot be read from it."""
    if not request.session.session_key:
        request.session.create()
    return salted_hmac("store-install", request.session.session_key or "", algorithm="sha256").hexdigest()


def _refused(request: BrandRequest, sentence: str, store_id: int | None) -> HttpResponse:
    shown = {"sentence": sentence, "store": Store.objects.filter(pk=store_id).first() if store_id else None}
    return render(request, "web/stores/store_install_refused.html", shown, status=422)
