"""Do the counts agree with the rows they count, and the codes with the history of changes? Set-based."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery

from offerwell.models import (
    BulkChange,
    BulkChangeItem,
    ChangeKind,
    ChangeProgress,
    CodeHistory,
    Enrollment,
    Event,
    ItemOutcome,
    Message,
    MessageRecipient,
    OfferPart,
    OutcomeResult,
    PromoCode,
    SalesLink,
)
from offerwell.queries.verify_moves import move_problems
from offerwell.queries.verify_problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from offerwell.models import Workspace

# Naming more rows of one kind helps nobody.
NAMED = 20


def count_problems(workspace: Workspace) -> list[Problem]:
    """Everything that does not agree in one workspace; at most NAMED of each kind."""
    found: list[Problem] = []
    checks = (
        _recorded, _items, _progress, _last_change, _intent, _code_history, _open_history, _refreshed, _last_text,
        _text_owners, _payouts, move_problems, _messages,
    )  # fmt: skip
    for check in checks:
        found += list(check(workspace))[:NAMED]
    return found


def _recorded(workspace: Workspace) -> Iterable[Problem]:
    """Each change has its event: the chain alone cannot tell that its newest events were cut off."""
    told = set(Event.objects.filter(subject__startswith="bulk_change:").values_list("subject", flat=True))
    for pk in BulkChange.objects.order_by("pk").values_list("pk", flat=True):
        if f"bulk_change:{pk}" not in told:
            yield Problem(workspace.slug, "event_chain", f"change {pk}", "its event is missing")


def _items(workspace: Workspace) -> Iterable[Problem]:
    counted = dict(BulkChangeItem.objects.order_by().values_list("change_id").annotate(n=Count("pk")))
    for pk, changed in BulkChange.objects.order_by("pk").values_list("pk", "changed"):
        if counted.get(pk, 0) != changed:
            wrong = f"it says {changed} items, {counted.get(pk, 0)} are there"
            yield Problem(workspace.slug, "change_items", f"change {pk}", wrong)
    known = set(BulkChange.objects.values_list("pk", flat=True))
    for pk in sorted(set(counted) - known):
        yield Problem(workspace.slug, "change_items", f"change {pk}", f"it has {counted[pk]} items but does not exist")


def _progress(workspace: Workspace) -> Iterable[Problem]:
    counted: Counter[tuple[int, int, str]] = Counter()
    rows = ItemOutcome.objects.order_by().values_list("change_id", "store_id", "result").annotate(n=Count("pk"))
    for change_id, store_id, result, n in rows:
        counted[change_id, store_id, result] = n
    for row in ChangeProgress.objects.select_related("store").order_by("change_id", "store_id"):
        wrong = _wrong_counts(row, counted)
        if wrong:
            yield Problem(workspace.slug, "change_progress", f"change {row.change_id}, store {row.store.label}", wrong)


def _messages(workspace: Workspace) -> Iterable[Problem]:
    """A message's counts are those of its letters, and one that is over has none left to send."""
    counted: Counter[tuple[int, str]] = Counter()
    for message_id, state, n in (
        MessageRecipient.objects.order_by().values_list("message_id", "state").annotate(n=Count("pk"))
    ):
        counted[message_id, state] = n
    names = ("skipped", "sent", "failed", "unknown", "bounced", "complained")
    for message in Message.objects.defer("body", "audience").order_by("pk"):
        told = {name: getattr(message, name) for name in names} | {"waiting": message.waiting}
        waiting = counted[message.pk, "waiting"] + counted[message.pk, "handed_over"]
        found = {name: counted[message.pk, name] for name in names} | {"waiting": waiting}
        wrong = [f"it says {told[name]} {name}, {found[name]} are there" for name in told if told[name] != found[name]]
        if wrong:
            yield Problem(workspace.slug, "message_letters", f"message {message.pk}", "; ".join(wrong))


def _wrong_counts(row: ChangeProgress, counted: Counter[tuple[int, int, str]]) -> str:
    told = {str(result): counted[row.change_id, row.store_id, str(result)] for result in OutcomeResult}
    differ = [f"{name} says {getattr(row, name)}, {n} are there" for name, n in told.items() if getattr(row, name) != n]
    if row.waiting < 0:
        differ.append(f"more outcomes than its {row.items} items")
    return "; ".join(differ)


def _last_change(workspace: Workspace) -> Iterable[Problem]:
    """The change that set a code's intent last must have an item for it."""
    for model, name, part in ((PromoCode, "code", OfferPart.CODES), (SalesLink, "link", OfferPart.LINKS)):
        for row in _without_item(model, part).order_by("pk")[:NAMED]:
            wrong = f"change {row.last_change_id} set it last, but has no item for it"
            yield Problem(workspace.slug, "last_change", f"{name} {row}", wrong)


def _without_item(model: Any, part: OfferPart) -> QuerySet[Any]:
    items = BulkChangeItem.objects.filter(change_id=OuterRef("last_change_id"), target_id=OuterRef("pk"))
    change = BulkChange.objects.filter(pk=OuterRef("last_change_id"), part=part, kind=ChangeKind.STATUS)
    return model.objects.filter(last_change_id__gt=0).filter(~Exists(items) | ~Exists(change))


def _intent(workspace: Workspace) -> Iterable[Problem]:
    """A code's intent must be what its last change asked for."""
    for model, name in ((PromoCode, "code"), (SalesLink, "link")):
        other = BulkChange.objects.filter(pk=OuterRef("last_change_id"), to_active=True)
        differs = Q(Exists(other), is_active=False) | Q(~Exists(other), is_active=True)
        for row in model.objects.filter(last_change_id__gt=0).filter(differs).order_by("pk")[:NAMED]:
            wrong = f"it is {'active' if row.is_active else 'deactivated'}; change {row.last_change_id} asked otherwise"
            yield Problem(workspace.slug, "intent", f"{name} {row}", wrong)


def _refreshed(workspace: Workspace) -> Iterable[Problem]:
    """Each refresh closed one text and opened another for each of its items."""
    closed = dict(_counted_by("closed_by"))
    opened = dict(_counted_by("opened_by"))
    refreshes = BulkChange.objects.filter(kind=ChangeKind.REFRESH).order_by("pk").values_list("pk", "changed")
    for pk, changed in refreshes:
        if (closed.get(pk, 0), opened.get(pk, 0)) != (changed, changed):
            texts = f"{closed.get(pk, 0)} old and {opened.get(pk, 0)} new texts"
            wrong = f"it renamed {changed} codes, the history has {texts}"
            yield Problem(workspace.slug, "change_texts", f"change {pk}", wrong)


def _counted_by(column: str) -> QuerySet[Any, Any]:
    entries = CodeHistory.objects.filter(**{f"{column}__isnull": False}).order_by()
    return entries.values_list(column).annotate(n=Count("pk"))


def _last_text(workspace: Workspace) -> Iterable[Problem]:
    """A code that was renamed has an item of that change, and the text its history says the change gave it."""
    items = BulkChangeItem.objects.filter(change_id=OuterRef("text_change_id"), target_id=OuterRef("pk"))
    given = CodeHistory.objects.filter(
        code=OuterRef("pk"), opened_by=OuterRef("text_change_id"), text=OuterRef("text"), until_at=None
    )
    renamed = PromoCode.objects.filter(text_change_id__isnull=False)
    for row in renamed.filter(~Exists(items) | ~Exists(given)).order_by("pk")[:NAMED]:
        wrong = f"change {row.text_change_id} renamed it last, but did not give it this text"
        yield Problem(workspace.slug, "code_text", f"code {row}", wrong)


def _text_owners(workspace: Workspace) -> Iterable[Problem]:
    """A text belongs to one member for ever: orders by it could not be told apart otherwise."""
    owners = CodeHistory.objects.order_by().values("text_key").annotate(n=Count("member_id", distinct=True))
    for row in owners.filter(n__gt=1).order_by("text_key")[:NAMED]:
        yield Problem(workspace.slug, "code_owner", f"code {row['text_key']}", f"{row['n']} members have or had it")


def _payouts(workspace: Workspace) -> Iterable[Problem]:
    """Each member of an offer has one of its options: the one that the change which chose it last asked for."""
    places = Enrollment.objects.select_related("offer")
    for place in places.filter(~Q(payout_option__offer=F("offer"))).order_by("pk")[:NAMED]:
        wrong = "its payout option is missing or belongs to another offer"
        yield Problem(workspace.slug, "payout", f"member {place.member_id} in {place.offer}", wrong)
    items = BulkChangeItem.objects.filter(change_id=OuterRef("payout_change_id"), target_id=OuterRef("pk"))
    asked = BulkChange.objects.filter(pk=OuterRef("payout_change_id"), kind=ChangeKind.PAYOUT)
    asked = asked.filter(Q(payout_option=OuterRef("payout_option")) | Q(undoes__isnull=False))
    chosen = places.filter(payout_change_id__isnull=False)
    for place in chosen.filter(~Exists(items) | ~Exists(asked)).order_by("pk")[:NAMED]:
        wrong = f"change {place.payout_change_id} chose its payout last, but did not ask for this one"
        yield Problem(workspace.slug, "payout", f"member {place.member_id} in {place.offer}", wrong)
    yield from _undone_payouts(workspace)


def _undone_payouts(workspace: Workspace) -> Iterable[Problem]:
    """What an undo gave back is what the undone change had taken."""
    undo = BulkChange.objects.filter(pk=OuterRef("payout_change_id"), undoes__isnull=False)
    before = BulkChangeItem.objects.filter(
        change_id=OuterRef("undone_id"), target_id=OuterRef("pk"), was_option_id=OuterRef("payout_option_id")
    )
    places = Enrollment.objects.filter(payout_change_id__isnull=False).select_related("offer")
    undone = places.annotate(undone_id=Subquery(undo.values("undoes_id")[:1])).filter(undone_id__isnull=False)
    for place in undone.filter(~Exists(before)).order_by("pk")[:NAMED]:
        wrong = f"change {place.payout_change_id} undid its payout, but gave another option back"
        yield Problem(workspace.slug, "payout", f"member {place.member_id} in {place.offer}", wrong)


def _code_history(workspace: Workspace) -> Iterable[Problem]:
    """Every code has an open entry: its text and its member now."""
    current = CodeHistory.objects.filter(
        code=OuterRef("pk"),
        until_at=None,
        text_key=OuterRef("text_key"),
        member_id=OuterRef("enrollment__member_id"),
    )
    for row in PromoCode.objects.filter(~Exists(current)).order_by("pk")[:NAMED]:
        yield Problem(
            workspace.slug,
            "code_history",
            f"code {row}",
            "its history has no open entry for its text and member",
        )


def _open_history(workspace: Workspace) -> Iterable[Problem]:
    several = (
        CodeHistory.objects.filter(until_at=None).order_by().values("code_id", "code__text").annotate(n=Count("pk"))
    )
    for row in several.filter(n__gt=1).order_by("code_id")[:NAMED]:
        wrong = f"its history has {row['n']} open entries; one at most can be true"
        yield Problem(workspace.slug, "code_history", f"code {row['code__text']}", wrong)
    for row in CodeHistory.objects.filter(until_at__lt=F("from_at")).order_by("pk")[:NAMED]:
        yield Problem(workspace.slug, "code_history", f"code {row.text}", "its history ends before it begins")
