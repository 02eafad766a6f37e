"""A member's profile: what happened, details, codes and links in every offer; editing; the data kept of one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_safe

from offerwell.actions.edit_member import MemberChanged, draft_of, edit_member
from offerwell.models import Member
from offerwell.queries.member_activity import member_activity
from offerwell.queries.member_export import everything_of
from offerwell.queries.member_profile import member_profile
from offerwell.queries.sales_report import NOTHING, Scope, by_offer, over_time
from offerwell.rules.member_draft import NETWORK_LABELS, MemberRefused
from offerwell.rules.permissions import Action, may
from offerwell.ui.date_range import date_range
from offerwell.ui.report_strip import money_texts, strip
from offerwell.web.members.activity_words import lines_of, moment_from, moment_text
from offerwell.web.members.edit_form import MemberForm, form_of, typed_form
from offerwell.web.members.member_screen import VERBS_SHOWN
from offerwell.web.needs import BrandRequest, actor_of, needs


@require_safe
@needs(Action.VIEW)
def member(request: BrandRequest, member_id: int) -> HttpResponse:
    """The profile, with a page of what happened."""
    found, at = get_object_or_404(Member, pk=member_id), timezone.now()
    before = moment_from(request.GET.get("before", ""))
    activity = member_activity(found, before=before)
    role = request.place.role
    profile, workspace = member_profile(found, at=at), request.place.workspace
    dates = date_range(request.GET, workspace, at=at)
    only = Scope(member_id=found.pk)
    sold = by_offer(workspace, dates.period, [one.offer.pk for one in profile.offers], only) if profile.offers else {}
    report = over_time(workspace, dates.period, only)
    shown = {
        "member": found,
        "profile": profile,
        "dates": dates,
        "kpis": [kpi for kpi in strip(report) if kpi.name != "Conversion"],
        "offers": [(one, money_texts(sold.get(one.offer.pk, NOTHING).sales)) for one in profile.offers],
        "networks": [(NETWORK_LABELS.get(one.network, one.network), one.handle) for one in profile.handles],
        "is_moving": any(part.is_moving for one in profile.offers for part in one.parts),
        "verbs": VERBS_SHOWN,
        "lines": lines_of(activity.entries),
        "older": moment_text(activity.next),
        "is_newest": before is None,
        "may_edit": may(role, Action.EDIT_MEMBERS),
        "may_change": may(role, Action.CHANGE_OFFER_STATUS),
        "may_message": may(role, Action.SEND_MESSAGES),
        "may_export": may(role, Action.EXPORT),
    }
    return render(request, "web/members/member.html", shown, status=dates.status)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.EDIT_MEMBERS)
def member_edit(request: BrandRequest, member_id: int) -> HttpResponse:
    """The member's fields (GET), or store them (POST). What cannot be stored says why at its field."""
    found = get_object_or_404(Member, pk=member_id)
    if request.method != "POST":
        return _form(request, found, form_of(draft_of(found)))
    form = typed_form(request.POST)
    try:
        edit_member(
            workspace_id=request.place.workspace_id, member=found, draft=form.draft(), seen=form.seen,
            by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except MemberRefused as refused:
        return _form(request, found, form, problems=refused.problems, owners=refused.owners, status=422)
    except MemberChanged as refused:
        changed = {"refusal": str(refused), "now": refused.now}
        return _form(request, found, form.seen_again(refused.now.fingerprint), status=409, **changed)
    messages.success(request, "Saved.")
    return HttpResponseRedirect(reverse("member", args=[found.pk]))


@require_safe
@needs(Action.EXPORT)
def member_json(_request: BrandRequest, member_id: int) -> HttpResponse:
    """Everything that is kept of the member, to download."""
    found = get_object_or_404(Member, pk=member_id)
    response = JsonResponse(
        everything_of(found, at=timezone.now()), json_dumps_params={"ensure_ascii": False, "indent": 2}
    )
    name = slugify(found.name)[:80] or f"member-{found.pk}"
    response["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return response


def _form(request: BrandRequest, found: Member, form: MemberForm, *, status: int = 200, **said: Any) -> HttpResponse:
    shown = {"member": found, "form": form, "networks": list(NETWORK_LABELS.items()), "problems": {}, **said}
    return render(request, "web/members/member_edit.html", shown, status=status)
