"""Sensitive acts ask again who it is: a session left open on a desk is not enough for them (trust T3)."""

from __future__ import annotations

import time
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from offerwell.web.needs import BrandRequest

P = ParamSpec("P")

# Seconds since the person signed in or proved again who they are. A form that was opened in time may take longer.
GOOD_FOR = 30 * 60
FORM_GOOD_FOR = 60 * 60
ASKED = "Nothing was changed yet: confirm that it is you, then do it again."


def confirmed(
    back: str = "",
) -> Callable[
    [Callable[Concatenate[BrandRequest, P], HttpResponse]], Callable[Concatenate[BrandRequest, P], HttpResponse]
]:
    """Let only people through who proved lately who they are; others prove it first and come back. Inside `needs`.

    `back` names the page to come back to after a POST that has no page of its own: one without arguments, or with
    the first of the view's. Nothing that was sent is kept meanwhile: it may be a secret.
    """

    def wrap(
        view: Callable[Concatenate[BrandRequest, P], HttpResponse],
    ) -> Callable[Concatenate[BrandRequest, P], HttpResponse]:
        @wraps(view)
        def guarded(request: BrandRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            ways = get_adapter().get_reauthentication_methods(request.user)
            is_form = request.method == "POST"
            # Somebody with neither password nor second factor signs in by codes only, and has nothing to repeat.
            if not ways or time.time() - _proved_at(request) < (FORM_GOOD_FOR if is_form else GOOD_FOR):
                return view(request, *args, **kwargs)
            if is_form:
                messages.warning(request, ASKED)
            came_from = _page(back, kwargs) if back and is_form else request.get_full_path()
            return HttpResponseRedirect(f"{ways[0]['url']}?{urlencode({'next': came_from})}")

        return guarded

    return wrap


def _page(name: str, of: Mapping[str, object]) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return reverse(name, args=[next(iter(of.values()))])


def _proved_at(request: BrandRequest) -> float:
    """When the person last signed in or proved who they are, in this session; 0 for never."""
    records = get_authentication_records(request, request.user)
    return max((float(record["at"]) for record in records), default=0.0)
