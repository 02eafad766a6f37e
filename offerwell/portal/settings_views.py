"""What a creator may set: the name, passkeys, where they are signed in; and everything we hold of them, as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from offerwell.actions.change_own_name import InvalidName, change_own_name
from offerwell.actions.choose_own_messages import choose_own_messages
from offerwell.actions.end_portal_sessions import end_other_portal_sessions, end_portal_session
from offerwell.portal.gate import PortalRequest, creators_only
from offerwell.portal.page import portal_page
from offerwell.queries.creator_export import everything_of
from offerwell.queries.creator_mail import brand_mails
from offerwell.queries.creator_statements import own_payout_address

if TYPE_CHECKING:
    from django.http import HttpResponse

_SAID = {
    "payout-saved": "Saved. Your next payments go there.",
    "name-saved": "Your name was saved.",
    "passkey-added": "Your passkey was added. Next time you can sign in with it.",
    "passkey-removed": "The passkey was removed.",
    "session-ended": "That browser was signed out.",
    "others-ended": "All other browsers were signed out.",
    "messages-on": "Messages come to you again.",
    "messages-off": "Messages were stopped. You can still read what came before in your inbox.",
}


@require_safe
@creators_only
def portal_settings(request: PortalRequest) -> HttpResponse:
    """The page."""
    return settings_page(request)


@require_POST
@creators_only
def portal_name(request: PortalRequest) -> HttpResponse:
    """Change the first and last name that brands know."""
    first, last = request.POST.get("first_name", ""), request.POST.get("last_name", "")
    try:
        change_own_name(members=request.person.members, first_name=first, last_name=last, at=request.at)
    except InvalidName as refused:
        return settings_page(request, name_refusal=str(refused), first_name=first, last_name=last, status=422)
    return to_settings("name-saved")


@require_POST
@creators_only
def portal_end_session(request: PortalRequest, session_id: int) -> HttpResponse:
    """Sign another browser out."""
    end_portal_session(creator=request.person.creator, session_id=session_id)
    return to_settings("session-ended")


@require_POST
@creators_only
def portal_end_others(request: PortalRequest) -> HttpResponse:
    """Sign all other browsers out."""
    end_other_portal_sessions(creator=request.person.creator, keep_id=request.person.session.pk)
    return to_settings("others-ended")


@require_POST
@creators_only
def portal_messages(request: PortalRequest, member_id: int) -> HttpResponse:
    """Stop one brand's messages, or let them come again."""
    member = next((one for one in request.person.members if one.pk == member_id), None)
    if member is None:
        raise Http404
    comes = choose_own_messages(member=member, wants=request.POST.get("wants") == "1", at=request.at)
    return to_settings("messages-on" if comes else "messages-off")


@require_safe
@creators_only
def portal_export(request: PortalRequest) -> HttpResponse:
    """Everything we hold of the person, as JSON."""
    response = JsonResponse(everything_of(request.person, at=request.at), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


def to_settings(said: str) -> HttpResponse:
    """Back to the page, with what was done."""
    return HttpResponseRedirect(f"{reverse('portal_settings')}?said={said}")


def settings_page(request: PortalRequest, *, status: int = 200, **shown: str) -> HttpResponse:
    """The page; `shown` are refusals, and what was typed."""
    person = request.person
    member = next(iter(person.members), None)
    base = {
        "said": _SAID.get(request.GET.get("said", ""), "") if status == 200 else "",  # noqa: PLR2004  OK
        "first_name": member.first_name if member else "",
        "last_name": member.last_name if member else "",
        "payout_email": own_payout_address(person.member_ids),
        "brand_mails": brand_mails(person),
        "passkeys": list(person.creator.passkeys.order_by("pk")),
        "sessions": list(person.creator.sessions.order_by("-seen_at", "-pk")),
    }
    return portal_page(request, "settings.html", base | shown, tab="settings", status=status)
