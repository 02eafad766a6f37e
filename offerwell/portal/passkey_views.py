"""Passkeys: the browser asks what to sign (JSON), and sends its answer with an ordinary form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.http import JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from offerwell.actions.add_passkey import Question, add_passkey, ask_for_passkey, remove_passkey
from offerwell.actions.passkey_challenge import PasskeyNotTaken
from offerwell.actions.sign_in_by_passkey import ask_passkey_to_sign, sign_in_by_passkey
from offerwell.portal import cookies
from offerwell.portal.gate import PortalRequest, creators_only, uncached
from offerwell.portal.settings_views import settings_page, to_settings
from offerwell.portal.sign_in_views import entered

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

_LONGEST_ANSWER = 20_000


@require_POST
def sign_in_options(request: HttpRequest) -> HttpResponse:
    """What the browser's passkey is to sign."""
    return _asked(ask_passkey_to_sign(site=_site(request), at=timezone.now()))


@require_POST
def sign_in_with_passkey(request: HttpRequest) -> HttpResponse:
    """Sign in with the browser's answer."""
    try:
        key = sign_in_by_passkey(
            site=_site(request), key=cookies.read(request, cookies.PASSKEY), answer=_answer(request),
            user_agent=request.headers.get("User-Agent", ""), at=timezone.now(),
        )  # fmt: skip
    except PasskeyNotTaken as refused:
        return uncached(render(request, "portal/sign_in.html", {"passkey_refusal": str(refused)}, status=422))
    return entered(key)


@require_POST
@creators_only
def passkey_options(request: PortalRequest) -> HttpResponse:
    """What the browser's new passkey is to be."""
    return _asked(ask_for_passkey(creator=request.person.creator, site=_site(request), at=request.at))


@require_POST
@creators_only
def passkey_add(request: PortalRequest) -> HttpResponse:
    """Keep the passkey the browser made."""
    try:
        add_passkey(
            creator=request.person.creator, site=_site(request), key=cookies.read(request, cookies.PASSKEY),
            answer=_answer(request), name=request.POST.get("name", "") or request.person.session.browser, at=request.at,
        )  # fmt: skip
    except PasskeyNotTaken as refused:
        return settings_page(request, passkey_refusal=str(refused), status=422)
    return to_settings("passkey-added")


@require_POST
@creators_only
def passkey_remove(request: PortalRequest, passkey_id: int) -> HttpResponse:
    """Remove one of the creator's own; one that is gone already is gone."""
    remove_passkey(creator=request.person.creator, passkey_id=passkey_id)
    return to_settings("passkey-removed")


def _asked(question: Question) -> HttpResponse:
    response = JsonResponse(question.options)
    cookies.put(response, cookies.PASSKEY, question.key)
    return uncached(response)


def _site(request: HttpRequest) -> str:
    """The host name without its port: what a passkey belongs to."""
    host = request.get_host()
    return host.rsplit(":", 1)[0] if not host.endswith("]") and ":" in host else host


def _answer(request: HttpRequest) -> dict[str, Any]:
    """The browser's answer; nothing where it is no JSON object."""
    try:
        found = json.loads(request.POST.get("answer", "")[:_LONGEST_ANSWER])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
