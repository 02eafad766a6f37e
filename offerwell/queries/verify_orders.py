"""Is every cent explained? The ledger against what orders and clicks should have earned, from the stored rows.

Orders are read in batches by id, so memory does not grow with their number.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db.models import Count, F, Max, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from offerwell.models import Account, ClickDay, Conversion, ConversionStatus, LedgerEntry, Order, PayoutRules
from offerwell.models.id_list import id_rows
from offerwell.queries.click_targets import click_targets, posted_for_clicks
from offerwell.queries.commission_targets import commission_targets
from offerwell.queries.verify_problem import Problem
from offerwell.rules.commission import postings
from offerwell.rules.money import money_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from offerwell.models import Workspace

NAMED = 20
_AT_ONCE = 2_000


def order_problems(workspace: Workspace) -> list[Problem]:
    """Everything that does not agree in one workspace; at most NAMED of each kind."""
    found: list[Problem] = []
    for check in (_unbalanced, _unexplained, _unexplained_clicks, _rules, _sales, _credits, _lines):
        for problem in check(workspace):
            found.append(problem)
            if sum(1 for one in found if one.check == problem.check) >= NAMED:
                break
    return found


def _unbalanced(workspace: Workspace) -> Iterable[Problem]:
    """Each posting has two sides that sum to zero, of one member in one currency."""
    sides = LedgerEntry.objects.order_by().values("order_id", "click_day_id", "seq").annotate(
        total=Sum("amount"), n=Count("pk"), members=Count("member_id", distinct=True),
        currencies=Count("currency", distinct=True),
    )  # fmt: skip
    for row in sides.filter(~Q(total=0) | ~Q(n=2) | Q(members__gt=1) | Q(currencies__gt=1))[:NAMED]:
        wrong = f"posting {row['seq']} has {row['n']} sides that sum to {int(row['total'])}"
        where = f"order {row['order_id']}" if row["order_id"] else f"clicks {row['click_day_id']}"
        yield Problem(workspace.slug, "ledger_balance", where, wrong)


def _unexplained(workspace: Workspace) -> Iterable[Problem]:
    """What was posted for an order is what it should have earned: no cent more, none less."""
    for ids in _ids_of(Order):
        targets, posted = commission_targets(ids), _posted(ids)
        for order_id in ids:
            for posting in postings(targets.get(order_id, {}), posted.get(order_id, {})):
                what = money_text(posting.amount, posting.currency)
                wrong = f"the ledger differs from the order by {what} for member {posting.member_id}"
                yield Problem(workspace.slug, "ledger", f"order {order_id}", wrong)


def _unexplained_clicks(workspace: Workspace) -> Iterable[Problem]:
    """What was posted for a link's day is what its unique clicks should have earned, as many as were posted."""
    for ids in _ids_of(ClickDay):
        targets, posted = click_targets(ids), posted_for_clicks(ids)
        for day_id in ids:
            for posting in postings(targets.get(day_id, {}), posted.get(day_id, ({}, 0))[0]):
                what = money_text(posting.amount, posting.currency)
                wrong = f"the ledger differs from the clicks by {what} for member {posting.member_id}"
                yield Problem(workspace.slug, "ledger", f"clicks {day_id}", wrong)


def _rules(workspace: Workspace) -> Iterable[Problem]:
    """A conversion has the rules that its option had at its moment, and a tier exactly where they have tiers."""
    then = PayoutRules.objects.filter(option=OuterRef("payout_option"), from_at__lte=OuterRef("placed_at"))
    newest = Subquery(then.order_by("-from_at", "-pk").values("pk")[:1])
    right = Conversion.objects.annotate(right_id=Coalesce(newest, 0), its_id=Coalesce("rules_id", 0))
    same = Q(right_id=F("its_id"))
    has_tiers = Q(rules__isnull=False) & ~Q(rules__tiers={})
    wrong = ~same | (has_tiers & Q(tier=None)) | (~has_tiers & Q(tier__isnull=False))
    for row in right.exclude(status=ConversionStatus.WITHDRAWN).filter(wrong).order_by("pk")[:NAMED]:
        said = "its rules or its tier are not those of its option at its moment"
        yield Problem(workspace.slug, "payout_rules", f"order {row.order_id}", said)


def _ids_of(model: type[Order | ClickDay]) -> Iterator[list[int]]:
    last = 0
    top = model.objects.aggregate(top=Max("pk"))["top"] or 0
    while last < top:
        ids = list(model.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:_AT_ONCE])
        if not ids:
            return
        yield ids
        last = ids[-1]


def _posted(ids: list[int]) -> dict[int, dict[tuple[int, str], int]]:
    posted: dict[int, dict[tuple[int, str], int]] = defaultdict(dict)
    entries = LedgerEntry.objects.filter(order__in=id_rows(ids), account=Account.MEMBER).order_by()
    for order_id, member_id, currency, total in entries.values_list("order_id", "member_id", "currency").annotate(
        total=Sum("amount")
    ):
        posted[order_id][member_id, currency] = int(total)
    return posted


def _sales(workspace: Workspace) -> Iterable[Problem]:
    """A conversion's sales are what is left of its order while it is accepted, else nothing."""
    accepted = Q(status=ConversionStatus.ACCEPTED)
    left = F("order__net") - F("order__refunded")
    wrong = (accepted & ~Q(sales=left)) | (~accepted & ~Q(sales=0))
    wrong |= accepted & (Q(order__cancelled_at__isnull=False) | Q(order__is_test=True))
    for row in Conversion.objects.filter(wrong).order_by("pk")[:NAMED]:
        said = f"it is {row.status} with sales of {row.sales}, which its order does not say"
        yield Problem(workspace.slug, "conversion", f"order {row.order_id}", said)


def _credits(workspace: Workspace) -> Iterable[Problem]:
    """An order that names a reason has its conversion, and the other way round."""
    nobody = Q(decided_by="none")
    live = Q(conversion__isnull=False) & (~Q(conversion__status=ConversionStatus.WITHDRAWN))
    wrong = (nobody & live) | (~nobody & Q(conversion=None))
    for pk in Order.objects.filter(wrong).order_by("pk").values_list("pk", flat=True)[:NAMED]:
        yield Problem(workspace.slug, "credit", f"order {pk}", "its reason and its conversion do not agree")


def _lines(workspace: Workspace) -> Iterable[Problem]:
    """The lines of an order sum to its net."""
    sums = Order.objects.annotate(total=Sum("lines__net")).filter(total__isnull=False).exclude(total=F("net"))
    for pk, net, total in sums.order_by("pk").values_list("pk", "net", "total")[:NAMED]:
        yield Problem(workspace.slug, "order_lines", f"order {pk}", f"its net is {net}, its lines sum to {int(total)}")
