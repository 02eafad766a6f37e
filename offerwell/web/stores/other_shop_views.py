"""Settings › Stores, shops of another kind: connect one, its secret (shown once), whose pages report, the snippet."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from offerwell.actions.connect_other_shop import connect_other_shop
from offerwell.actions.connect_store import StoreRefused
from offerwell.actions.renew_shop_secret import renew_shop_secret
from offerwell.actions.set_attribution_rules import attribution_rules
from offerwell.actions.set_shop_hosts import HostsRefused, set_shop_hosts
from offerwell.models import OtherShop, Store
from offerwell.rules.permissions import Action, may
from offerwell.ui.snippet import snippet_line
from offerwell.web.confirmed import confirmed
from offerwell.web.needs import BrandRequest, actor_of, needs


class OtherShopForm(forms.Form):
    """A shop to connect. What is wrong with it is the action's to say."""

    label = forms.CharField(required=False)
    address = forms.CharField(required=False)
    currency = forms.CharField(required=False)
    timezone = forms.CharField(required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_SETTINGS)
@confirmed()
def other_shop_connect(request: BrandRequest) -> HttpResponse:
    """The form; connected, its secret is shown."""
    if request.method != "POST":
        return _form(request, OtherShopForm(initial={"timezone": request.place.workspace.timezone}))
    form = OtherShopForm(request.POST)
    form.is_valid()
    try:
        shop = connect_other_shop(
            workspace_id=request.place.workspace_id, by=actor_of(request), at=timezone.now(), **form.cleaned_data
        )
    except StoreRefused as refused:
        for field, sentence in refused.problems.items():
            form.add_error(field, sentence)
        return _form(request, form, status=422)
    return _secret(request, shop)


@require_POST
@needs(Action.EDIT_SETTINGS)
@confirmed(back="store")
def other_shop_secret(request: BrandRequest, shop_id: int) -> HttpResponse:
    """A new secret; the old one verifies for a day more."""
    try:
        shop = renew_shop_secret(
            workspace_id=request.place.workspace_id, store_id=shop_id, by=actor_of(request), at=timezone.now()
        )
    except OtherShop.DoesNotExist:
        raise Http404 from None
    return _secret(request, shop)


@require_POST
@needs(Action.EDIT_SETTINGS)
def other_shop_hosts(request: BrandRequest, shop_id: int) -> HttpResponse:
    """Whose pages report orders, one domain a line."""
    shop = get_object_or_404(OtherShop.objects.select_related("store"), store_id=shop_id)
    wanted = [line.strip() for line in request.POST.get("hosts", "").splitlines() if line.strip()]
    try:
        set_shop_hosts(
            workspace_id=request.place.workspace_id, store_id=shop_id, hosts=wanted, by=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
    except HostsRefused as refused:
        said = {"hosts": request.POST.get("hosts", ""), "hosts_problem": str(refused)}
        return other_shop_page(request, shop.store, status=422, **said)
    messages.success(request, "Saved.")
    return HttpResponseRedirect(reverse("store", args=[shop_id]))


def other_shop_page(request: BrandRequest, store: Store, *, status: int = 200, **said: str) -> HttpResponse:
    """Such a store's own page."""
    shop = OtherShop.objects.get(store=store)
    base = _base(request)
    shown = {
        "store": store, "shop": shop, "may_edit": may(request.place.role, Action.EDIT_SETTINGS), "at": timezone.now(),
        "hosts": "\n".join(shop.hosts), "snippet": snippet_line(base, shop.key, attribution_rules().window_days),
        "endpoint": base + reverse("told_order", args=[shop.key]), **said,
    }  # fmt: skip
    return render(request, "web/stores/other_shop.html", shown, status=status)


def _base(request: BrandRequest) -> str:
    return settings.OFFERWELL_PUBLIC_URL.rstrip("/") or request.build_absolute_uri("/").rstrip("/")


def _secret(request: BrandRequest, shop: OtherShop) -> HttpResponse:
    """Shown now and never again."""
    shown: dict[str, Any] = {"store": shop.store, "shop": shop}
    answer = render(request, "web/stores/other_shop_secret.html", shown)
    answer["Cache-Control"] = "no-store"
    return answer


def _form(request: BrandRequest, form: OtherShopForm, *, status: int = 200) -> HttpResponse:
    shown = {"form": form, "zones": sorted(available_timezones())}
    return render(request, "web/stores/other_shop_connect.html", shown, status=status)
