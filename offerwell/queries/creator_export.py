"""Everything we hold of a person who uses the portal, for a file of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offerwell.models import CodeHistory, MessageRecipient, PayoutAddress, SocialHandle
from offerwell.queries.creator_offers import own_offers
from offerwell.queries.creator_statements import every_own_statement
from offerwell.rules.statements import plain_amount

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from offerwell.models import Member
    from offerwell.queries.creator_offers import OwnOffer, OwnPart
    from offerwell.queries.creator_session import SignedIn

Json = dict[str, Any]


def everything_of(person: SignedIn, *, at: datetime) -> Json:
    """As a JSON object, in a constant number of statements.

    What a brand writes about a member for itself is not the portal's to give.
    """
    return {
        "email": person.creator.email_key,
        "first_sign_in": _moment(person.creator.created_at),
        "sessions": [
            {"browser": one.browser, "started_at": _moment(one.started_at), "last_used_at": _moment(one.seen_at)}
            for one in person.creator.sessions.order_by("pk")
        ],
        "passkeys": [
            {"name": one.name, "added_at": _moment(one.created_at), "last_used_at": _moment(one.used_at)}
            for one in person.creator.passkeys.order_by("pk")
        ],
        "brands": _brands(person, at),
    }


def _brands(person: SignedIn, at: datetime) -> list[Json]:
    ids = person.member_ids
    offers = own_offers(person.members, at=at)
    handles = list(SocialHandle.objects.filter(member_id__in=ids).order_by("pk"))
    code_ids = [code.pk for own in offers for code in own.codes]
    history = list(CodeHistory.objects.filter(code_id__in=code_ids, member_id__in=ids).order_by("pk"))
    letters = list(MessageRecipient.objects.filter(member_id__in=ids, handed_over_at__isnull=False).order_by("pk"))
    addresses = dict(PayoutAddress.objects.filter(member_id__in=ids).values_list("member_id", "email"))
    statements = list(every_own_statement(ids))
    return [
        {
            **_member(member),
            "payout_email": addresses.get(member.pk, ""),
            "statements": [_statement(one) for one in statements if one.member_id == member.pk],
            "handles": [
                {"network": one.network, "handle": one.handle} for one in handles if one.member_id == member.pk
            ],
            "offers": [_offer(own, history) for own in offers if own.enrollment.member_id == member.pk],
            "messages": [
                {"at": _moment(one.handed_over_at), "to": one.to, "subject": one.subject, "text": one.text}
                for one in letters
                if one.member_id == member.pk
            ],
        }
        for member in person.members
    ]


def _member(member: Member) -> Json:
    return {
        "brand": member.workspace.name,
        "first_name": member.first_name,
        "last_name": member.last_name,
        "country": member.country,
        "member_since": _moment(member.created_at),
    }


def _statement(one: Any) -> Json:
    sums = {"opening": one.opening, "earned": one.earned, "pays": one.pays, "carried": one.carries, "paid": one.paid}
    return {
        "statement": one.pk,
        "up_to": one.run.last_day.isoformat(),
        "currency": one.currency,
        **{name: plain_amount(amount, one.currency) for name, amount in sums.items()},
        "fingerprint": one.hash,
    }


def _offer(own: OwnOffer, history: Iterable[CodeHistory]) -> Json:
    mine = {code.pk for code in own.codes}
    return {
        "offer": own.offer.name,
        "joined_at": _moment(own.enrollment.enrolled_at),
        "terms": own.terms,
        "commission": own.pays,
        "codes": [_part(code) for code in own.codes],
        "links": [_part(link) for link in own.links],
        "code_history": [
            {"code": row.text, "from": _moment(row.from_at), "until": _moment(row.until_at)}
            for row in history
            if row.code_id in mine
        ],
    }


def _part(part: OwnPart) -> Json:
    return {"text": part.text, "status": str(part.shown.status), "since": _moment(part.shown.at), "reason": part.reason}


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
