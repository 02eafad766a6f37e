"""Without signing in: unsubscribe by one press, and the mailbox of a demo on this machine."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from offerwell.actions.unsubscribe import stop_of, unsubscribe
from offerwell.queries.demo_mailbox import is_open, mails, read_mail

# What a mail may do in a browser: show itself. Its own styles are inline, as mail programs want them.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox allow-popups allow-top-navigation-by-user-activation"
)


# Mail programs press the button themselves (RFC 8058): without cookies, so without our token.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, because mail scanners open every link; POST stops the messages."""
    if request.method == "POST":
        stopped = unsubscribe(token=token, at=timezone.now())
        return _shown(request, stopped)
    return _shown(request, stop_of(token))


def _shown(request: HttpRequest, stop: object) -> HttpResponse:
    if stop is None:
        return render(request, "web/messages/unsubscribe.html", {"stop": None}, status=404)
    return render(request, "web/messages/unsubscribe.html", {"stop": stop})


@never_cache
@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """The newest mails that became files; only in a demo that this machine alone reaches."""
    if not is_open():
        raise Http404
    return render(request, "web/messages/mailbox.html", {"mails": mails()})


@never_cache
@require_safe
def mailbox_mail(request: HttpRequest, name: str) -> HttpResponse:
    """One mail as text, with the way to its HTML."""
    mail = read_mail(name) if is_open() else None
    if mail is None:
        raise Http404
    return render(request, "web/messages/mailbox_mail.html", {"mail": mail})


@never_cache
@require_safe
def mailbox_html(_request: HttpRequest, name: str) -> HttpResponse:
    """The HTML of a mail as a page of its own that can neither run nor load anything."""
    mail = read_mail(name) if is_open() else None
    if mail is None or not mail.html:
        raise Http404
    response = HttpResponse(mail.html)
    response["Content-Security-Policy"] = _MAIL_POLICY
    return response
