"""Do the counts agree with the rows they count, and the codes with the history of changes? Set-based."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, F, OuterRef, Q

from offerwell.models import (
    BulkChange,
    BulkChangeItem,
    ChangeProgress,
    CodeHistory,
    Event,
    ItemOutcome,
    OfferPart,
    OutcomeResult,
    PromoCode,
    SalesLink,
)
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
    for check in (_recorded, _items, _progress, _last_change, _intent, _code_history, _open_history):
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
    change = BulkChange.objects.filter(pk=OuterRef("last_change_id"), part=part)
    return model.objects.filter(last_change_id__gt=0).filter(~Exists(items) | ~Exists(change))


def _intent(workspace: Workspace) -> Iterable[Problem]:
    """A code's intent must be what its last change asked for."""
    for model, name in ((PromoCode, "code"), (SalesLink, "link")):
        other = BulkChange.objects.filter(pk=OuterRef("last_change_id"), to_active=True)
        differs = Q(Exists(other), is_active=False) | Q(~Exists(other), is_active=True)
        for row in model.objects.filter(last_change_id__gt=0).filter(differs).order_by("pk")[:NAMED]:
            wrong = f"it is {'active' if row.is_active else 'deactivated'}; change {row.last_change_id} asked otherwise"
            yield Problem(workspace.slug, "intent", f"{name} {row}", wrong)


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
