"""Sign in by e-mail: ask, then type the code or press the link's button. The same answers whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from offerwell.actions.ask_for_sign_in import TooManyAsked, ask_for_sign_in
from offerwell.actions.end_portal_sessions import end_portal_session
from offerwell.actions.sign_in_creator import SignInRefused, asked_with_link, sign_in_by_code, sign_in_by_link
from offerwell.portal import cookies
from offerwell.portal.gate import uncached
from offerwell.queries.creator_session import signed_in
from offerwell.rules.sign_in import looks_like_email
from offerwell.ui.network import network_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

_LONGEST = 400


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for the mail (POST). Signed in already: home."""
    if request.method == "POST":
        return uncached(_asked(request))
    if signed_in(cookies.read(request, cookies.SESSION), at=timezone.now()):
        return uncached(HttpResponseRedirect(reverse("portal_home")))
    return _ask_page(request)


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Type the code. Without having asked in this browser there is nothing to type."""
    browser_key = cookies.read(request, cookies.ASKING)
    if not browser_key:
        return uncached(HttpResponseRedirect(reverse("portal_sign_in")))
    if request.method != "POST":
        return uncached(render(request, "portal/sign_in_code.html"))
    code = request.POST.get("code", "")[:_LONGEST]
    try:
        key = sign_in_by_code(
            browser_key=browser_key, code=code, user_agent=request.headers.get("User-Agent", ""), at=timezone.now()
        )
    except SignInRefused as refused:
        shown = {"refusal": str(refused), "is_over": refused.is_over, "typed": code}
        return uncached(render(request, "portal/sign_in_code.html", shown, status=422))
    return entered(key)


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_link(request: HttpRequest, link: str) -> HttpResponse:
    """The link of the mail shows a button (GET): mail scanners open links. Only pressing it uses the link up."""
    browser_key, at = cookies.read(request, cookies.ASKING), timezone.now()
    if request.method == "POST":
        try:
            key = sign_in_by_link(
                browser_key=browser_key, link=link, user_agent=request.headers.get("User-Agent", ""), at=at
            )
        except SignInRefused as refused:
            return uncached(render(request, "portal/sign_in_link.html", {"refusal": str(refused)}, status=422))
        return entered(key)
    asked = asked_with_link(browser_key=browser_key, link=link, at=at) if browser_key else None
    status = 200 if asked else 422
    return uncached(render(request, "portal/sign_in_link.html", {"is_ours": asked is not None}, status=status))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this browser's session."""
    person = signed_in(cookies.read(request, cookies.SESSION), at=timezone.now())
    if person is not None:
        end_portal_session(creator=person.creator, session_id=person.session.pk)
    response = HttpResponseRedirect(reverse("portal_sign_in"))
    cookies.drop(response, cookies.SESSION)
    return uncached(response)


def entered(key: str) -> HttpResponse:
    """Home, with the session's cookie; what the way in needed is gone."""
    response = HttpResponseRedirect(reverse("portal_home"))
    cookies.put(response, cookies.SESSION, key)
    cookies.drop(response, cookies.ASKING)
    return uncached(response)


def _ask_page(request: HttpRequest, refusal: str = "", typed: str = "", status: int = 200) -> HttpResponse:
    shown = {"refusal": refusal, "typed": typed}
    return uncached(render(request, "portal/sign_in.html", shown, status=status))


def _asked(request: HttpRequest) -> HttpResponse:
    typed = request.POST.get("email", "").strip()[:_LONGEST]
    if not looks_like_email(typed):
        return _ask_page(request, "Enter your e-mail address, for example name@example.com.", typed, 422)
    try:
        browser_key = ask_for_sign_in(
            email=typed, network=network_of(request), origin=_origin(request), at=timezone.now()
        )
    except TooManyAsked as refused:
        return _ask_page(request, str(refused), typed, 429)
    response = HttpResponseRedirect(reverse("portal_sign_in_code"))
    cookies.put(response, cookies.ASKING, browser_key)
    return response


def _origin(request: HttpRequest) -> str:
    """The site as this browser knows it, since only there its cookie is; where any host is answered, our own name."""
    if "*" in settings.ALLOWED_HOSTS and settings.OFFERWELL_PUBLIC_URL:
        return str(settings.OFFERWELL_PUBLIC_URL)
    return f"{request.scheme}://{request.get_host()}"
