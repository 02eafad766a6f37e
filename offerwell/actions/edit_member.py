"""Change what is known of a member: names, e-mail, country, handles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from offerwell.actions.record_event import record_event
from offerwell.actions.renew_member_copies import renew_member_copies
from offerwell.models import Member, SocialHandle, lock_workspace
from offerwell.rules.imported_cells import Handle
from offerwell.rules.member_draft import NETWORK_LABELS, MemberDraft, MemberRefused
from offerwell.rules.search_text import member_search_text, name_key

if TYPE_CHECKING:
    from datetime import datetime

    from offerwell.rules.permissions import Actor


class MemberChanged(Exception):
    """Somebody changed the member since the form was shown. Nothing was done; `now` is how the member is."""

    def __init__(self, now: MemberDraft) -> None:
        super().__init__("Somebody changed this member since you opened the form. Nothing was saved.")
        self.now = now


def draft_of(member: Member) -> MemberDraft:
    """The member as it would be filled in."""
    rows = SocialHandle.objects.filter(member=member).order_by("pk").values_list("network", "handle")
    handles = tuple(Handle(network, text) for network, text in rows)
    return MemberDraft(member.first_name, member.last_name, member.email, member.country, handles)


def edit_member(*, workspace_id: int, member: Member, draft: MemberDraft, seen: str, by: Actor, at: datetime) -> Member:
    """Store the draft. `seen` is the fingerprint of what the form showed.

    Raises MemberRefused when another member has the e-mail or a handle, MemberChanged; nothing changes then.
    The event names the fields that changed, not what was in them: it is kept for ever.
    """
    with transaction.atomic():
        lock_workspace(workspace_id)
        member = Member.objects.get(pk=member.pk)
        before = draft_of(member)
        if before.fingerprint != seen:
            raise MemberChanged(before)
        _refuse_what_others_have(member, draft)
        changed = _changed(before, draft)
        if changed:
            _store(member, before, draft)
            record_event(
                workspace_id=workspace_id, kind="member_edited", subject=f"member:{member.pk}",
                facts={"changed": changed}, by=by, at=at,
            )  # fmt: skip
    member.refresh_from_db()
    return member


def _changed(before: MemberDraft, draft: MemberDraft) -> list[str]:
    fields = ("first_name", "last_name", "email", "country", "handles")
    return [field for field in fields if getattr(before, field) != getattr(draft, field)]


def _refuse_what_others_have(member: Member, draft: MemberDraft) -> None:
    problems: dict[str, str] = {}
    owners: dict[str, int] = {}
    others = Member.objects.exclude(pk=member.pk)
    same = others.filter(email_key=draft.email.lower()).first() if draft.email else None
    if same is not None:
        problems["email"] = f"{same.name} has this e-mail already. Two members can’t share one."
        owners["email"] = same.pk
    for handle in draft.handles:
        taken = SocialHandle.objects.filter(network=handle.network, handle_key=handle.key).exclude(member=member)
        owner = taken.select_related("member").first()
        if owner is not None:
            where = NETWORK_LABELS[handle.network]
            problems["handles"] = f"{owner.member.name} has @{handle.text} ({where}) already. Correct one of the two."
            owners["handles"] = owner.member_id
    if problems:
        raise MemberRefused(problems, owners)


def _store(member: Member, before: MemberDraft, draft: MemberDraft) -> None:
    key = name_key(draft.first_name, draft.last_name)
    text = member_search_text(draft.first_name, draft.last_name, draft.email, (one.text for one in draft.handles))
    Member.objects.filter(pk=member.pk).update(
        first_name=draft.first_name, last_name=draft.last_name, email=draft.email, email_key=draft.email.lower(),
        country=draft.country, name_key=key, search_text=text,
    )  # fmt: skip
    if before.handles != draft.handles:
        SocialHandle.objects.filter(member=member).delete()
        SocialHandle.objects.bulk_create(
            SocialHandle(
                workspace_id=member.workspace_id, member=member, network=one.network, handle=one.text,
                handle_key=one.key,
            )
            for one in draft.handles
        )  # fmt: skip
    renew_member_copies({member.pk: (key, text)})
