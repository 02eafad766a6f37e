"""`offerwell offers`: list, show, create, enroll, generate; activate and deactivate are in offer_status.py."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from offerwell.management.answer import answer, answer_json, answer_table, json_option, some_of
from offerwell.management.choosing import Chosen, choosing_options, filter_of, named_ids
from offerwell.management.member_lines import lines_of_file, member_ids
from offerwell.management.offer_status import activate, deactivate
from offerwell.management.opened import acting_person, find_offer, find_store, now, opened_workspace, workspace_option
from offerwell.management.payouts import payout, refusal_of
from offerwell.management.refreshing import refresh
from offerwell.management.refusal import Refused
from offerwell.rules.permissions import Action

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from offerwell.models import Offer, Workspace
    from offerwell.rules.offer_draft import OfferDraft
    from offerwell.rules.selection import MemberSelection

_PROPOSALS_SHOWN = 50
_TYPES = ("promo_code", "sales_link", "both")
_DEAD_LINKS = ("shop", "address", "page")
_CLASSES = ("product", "order", "shipping")
_PURCHASES = ("one_time", "subscription", "both")
_PURCHASE_HELP = "Which purchases it applies to."
MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])


@click.group()
def offers() -> None:
    """Offers: list, show, create, enroll, generate, activate, deactivate, refresh, payout."""


offers.add_command(activate)
offers.add_command(deactivate)
offers.add_command(refresh)
offers.add_command(payout)


@offers.command("list")
@workspace_option
@json_option
def list_offers(workspace_slug: str | None, as_json: bool) -> None:
    """All offers of the workspace."""
    with opened_workspace(workspace_slug, Action.VIEW):
        from offerwell.models import Offer

        found = [_offer_json(offer) for offer in Offer.objects.order_by("name_key")]
    if as_json:
        answer_json(found)
        return
    head = ("ID", "Offer", "Type", "Status", "Members", "Codes active", "off", "Links active", "off")
    answer_table(head, [_row(offer) for offer in found])


def _row(offer: dict[str, Any]) -> list[object]:
    counts = [f"{offer[part][status]:,}" for part in ("codes", "links") for status in ("active", "deactivated")]
    return [offer["id"], offer["name"], offer["type"], offer["status"], f"{offer['members']:,}", *counts]


@offers.command()
@click.argument("offer_text", metavar="OFFER")
@workspace_option
@json_option
def show(offer_text: str, workspace_slug: str | None, as_json: bool) -> None:
    """One offer with its counts."""
    with opened_workspace(workspace_slug, Action.VIEW):
        _show(find_offer(offer_text), as_json=as_json)


def _show(offer: Offer, *, as_json: bool) -> None:
    body = _offer_json(offer)
    if as_json:
        answer_json(body)
        return
    answer(f"{body['name']} (number {body['id']}): {offer.get_type_display()}, {body['status']}")
    answer(f"  Discount  {body['terms'] or '–'}")
    answer(f"  Window    {body['starts_at'] or 'from the beginning'} – {body['ends_at'] or 'no end'}")
    answer(f"  Stores    {', '.join(body['stores']) or 'none'}")
    answer(f"  Links to  {body['destination'] or '–'}")
    answer(f"  Payout    {', '.join(option['name'] for option in body['payouts']) or 'none'}")
    answer(f"  Members   {body['members']:,}")
    for part in ("codes", "links"):
        answer(f"  {part.title():8}  {body[part]['active']:,} active, {body[part]['deactivated']:,} deactivated")


def _offer_json(offer: Offer) -> dict[str, Any]:
    from offerwell.management.payouts import option_json
    from offerwell.models import Enrollment, OfferStore, PromoCode, SalesLink
    from offerwell.queries.offer_list import offer_terms
    from offerwell.queries.payouts import counted_options

    stores = OfferStore.objects.filter(offer=offer).order_by("pk").values_list("store__label", "store__currency")
    currency = next((currency for _, currency in stores), "")
    return {
        "id": offer.pk, "name": offer.name, "type": offer.type, "status": offer.status,
        "discount_kind": offer.discount_kind,
        "discount_value": None if offer.discount_value is None else f"{offer.discount_value.normalize():f}",
        "terms": offer_terms(offer, currency), **_terms_json(offer),
        "starts_at": _moment(offer.starts_at), "ends_at": _moment(offer.ends_at), "destination": offer.destination,
        "stores": [label for label, _ in stores], "members": Enrollment.objects.filter(offer=offer).count(),
        "payouts": [option_json(row) for row in counted_options(offer)],
        "codes": _by_status(PromoCode, offer), "links": _by_status(SalesLink, offer),
    }  # fmt: skip


def _terms_json(offer: Offer) -> dict[str, Any]:
    """Every term, by the name of its option. Nothing for an offer without a discount."""
    if not offer.discount_kind:
        return {"discount": None, "discount_links": None}
    terms = offer.terms
    combines = (
        ("product", offer.combines_product),
        ("order", offer.combines_order),
        ("shipping", offer.combines_shipping),
    )
    bought = {"quantity": terms.buys_quantity, str(terms.buys.kind): list(terms.buys.ids)}
    links = {name: getattr(offer, name) for name in ("redirect", "utm_source", "utm_medium", "utm_campaign")}
    return {
        "discount": {
            "minimum": None if terms.minimum is None else f"{terms.minimum.normalize():f}",
            "minimum_quantity": terms.minimum_quantity, "usage_limit": terms.usage_limit,
            "once_per_customer": terms.once_per_customer, "applies_to": str(terms.items.kind),
            "items": list(terms.items.ids), "buy": bought if terms.kind == "bxgy" else None,
            "get": terms.gets_quantity if terms.kind == "bxgy" else None, "uses_per_order": terms.uses_per_order,
            "combines_with": [name for name, is_so in combines if is_so], "purchase": str(terms.purchase),
            "title": offer.title_in_store, "tags": list(offer.tags),
        },
        "discount_links": links if offer.discount_links else None,
    }  # fmt: skip


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _by_status(model: Any, offer: Offer) -> dict[str, int]:
    from django.db.models import Count

    counts = dict(model.objects.filter(offer=offer).order_by().values_list("is_active").annotate(n=Count("pk")))
    return {"active": counts.get(True, 0), "deactivated": counts.get(False, 0)}


_PAYOUT_HELP = "[NAME=]cps:10, cpa:5USD, cpa+cps:5USD+3 or cpc:0.20USD; repeatable, the first is the default."


_DISCOUNT_OPTIONS = (
    click.option("--type", "kind", type=click.Choice(_TYPES), help="The parts it has; else told by what is given."),
    click.option("--percent", metavar="N", help="Percent off."),
    click.option("--amount", metavar="SUM", help="Amount off, in the store's currency."),
    click.option("--free-shipping", is_flag=True, help="Free shipping."),
    click.option("--buy", "buys_quantity", type=click.IntRange(1), help="Buy X Get Y: how many must be bought."),
    click.option(
        "--get",
        "gets_quantity",
        type=click.IntRange(1),
        help="With --buy: how many are got (--percent off; free unless given).",
    ),
    click.option("--uses-per-order", type=click.IntRange(1), help="With --buy: how often in one order."),
    click.option("--minimum", metavar="SUM", help="Minimum purchase, in the store's currency."),
    click.option("--minimum-quantity", type=click.IntRange(1), help="Minimum number of items."),
    click.option("--usage-limit", type=click.IntRange(1), help="How often each code can be used."),
    click.option("--once-per-customer", is_flag=True, help="Each shopper uses a code once."),
    click.option("--starts", type=MOMENT, help="Start, UTC unless it says otherwise."),
    click.option("--ends", type=MOMENT, help="End, UTC unless it says otherwise."),
    click.option("--store", "stores", multiple=True, metavar="LABEL", help="Where the codes go; repeatable."),
    click.option("--product", "products", multiple=True, metavar="ID", help="What it applies to; repeatable."),
    click.option("--collection", "collections", multiple=True, metavar="ID", help="What it applies to; repeatable."),
    click.option("--buy-product", "buys_products", multiple=True, metavar="ID", help="With --buy: one of these."),
    click.option("--buy-collection", "buys_collections", multiple=True, metavar="ID", help="With --buy: from these."),
    click.option("--combines-with", multiple=True, type=click.Choice(_CLASSES), help="Other discounts; repeatable."),
    click.option(
        "--purchase", type=click.Choice(_PURCHASES), default="one_time", show_default=True, help=_PURCHASE_HELP
    ),
    click.option("--title", default="", help="Name of the discounts in the store; the offer's unless given."),
    click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag of the discounts in the store; up to 4."),
)
_OTHER_OPTIONS = (
    click.option("--discount-links", is_flag=True, help="Members get links that apply their code."),
    click.option("--redirect", default="", metavar="PATH", help="Page of the shop that discount links go on to."),
    click.option("--utm-source", default="", metavar="TEXT", help="utm_source; may hold {creator_handle}, {code}, …"),
    click.option("--utm-medium", default="", metavar="TEXT", help="utm_medium of sales and discount links."),
    click.option("--utm-campaign", default="", metavar="TEXT", help="utm_campaign of sales and discount links."),
    click.option("--pattern", default="", help="Names of codes, such as GLOW{first_name}{discount}."),
    click.option(
        "--allow-domain",
        "extra_domains",
        multiple=True,
        metavar="DOMAIN",
        help="Links may lead there too; repeatable.",
    ),
    click.option("--deep-links", is_flag=True, help="Members make links to single pages themselves."),
    click.option(
        "--dead-link",
        type=click.Choice(_DEAD_LINKS),
        default="shop",
        show_default=True,
        help="What links that are off do.",
    ),
    click.option("--dead-link-to", default="", metavar="URL", help="With --dead-link address: where they go."),
    click.option("--destination", default="", metavar="URL", help="Where the links lead."),
    click.option("--description", default="", help="For your team; members do not see it."),
    click.option("--payout", "payouts", multiple=True, metavar="OPTION", help=_PAYOUT_HELP),
)


def _create_options(command: Any) -> Any:
    for option in reversed((*_DISCOUNT_OPTIONS, *_OTHER_OPTIONS, workspace_option, json_option)):
        command = option(command)
    return command


@offers.command()
@click.argument("name")
@_create_options
def create(name: str, workspace_slug: str | None, as_json: bool, **typed: Any) -> None:
    """Create an offer. Members join it with `offers enroll`, and get codes and links with `offers generate`."""
    with opened_workspace(workspace_slug, Action.EDIT_OFFERS) as workspace:
        from offerwell.actions.create_offer import create_offer
        from offerwell.rules.offer_draft import OfferRefused
        from offerwell.rules.payouts import PayoutRefused, written_option

        draft = _draft(name, typed)
        try:
            payouts = [written_option(text) for text in typed["payouts"]]
            offer = create_offer(workspace_id=workspace.pk, draft=draft, by=acting_person(), at=now(), payouts=payouts)
        except PayoutRefused as refused:
            raise refusal_of(refused.problems) from refused
        except OfferRefused as refused:
            raise Refused(
                "The offer was not created.", "Correct these and run the command again.",
                lines=tuple(refused.problems.values()), facts={"problems": refused.problems},
            ) from refused  # fmt: skip
        _show(offer, as_json=as_json)


def _draft(name: str, typed: dict[str, Any]) -> OfferDraft:
    from offerwell.rules.offer_draft import OfferDraft

    discount = _discount(typed)
    defaults = {"code_pattern": typed["pattern"]} if typed["pattern"] else {}
    type_ = typed["kind"] or _type(has_discount=bool(discount), typed=typed)
    applies_to, item_ids = _items(typed, "products", "collections")
    buys_from, buys_ids = _items(typed, "buys_products", "buys_collections")
    combines = {f"combines_{name}": name in typed["combines_with"] for name in _CLASSES}
    same = (
        "usage_limit",
        "once_per_customer",
        "minimum_quantity",
        "buys_quantity",
        "uses_per_order",
        "purchase",
        "title",
        "tags",
        "discount_links",
        "redirect",
        "utm_source",
        "utm_medium",
        "utm_campaign",
        "destination",
        "extra_domains",
        "deep_links",
        "dead_link",
        "dead_link_to",
        "description",
    )
    return OfferDraft(
        name=name, type=type_, discount_kind=discount or "percent", discount_value=_value(discount, typed),
        minimum=_number(typed["minimum"]), starts_at=aware(typed["starts"]), ends_at=aware(typed["ends"]),
        store_ids=_store_ids(typed["stores"], type_), applies_to=applies_to, item_ids=item_ids, buys_from=buys_from,
        buys_ids=buys_ids, gets_quantity=typed["gets_quantity"] or (1 if discount == "bxgy" else None),
        **combines, **{name: typed[name] for name in same}, **defaults,
    )  # fmt: skip


def _discount(typed: dict[str, Any]) -> str:
    """What the discount gives, told by the options; empty without one."""
    if typed["percent"] and typed["amount"]:
        raise click.UsageError("Give --percent or --amount, not both.")
    if typed["free_shipping"] and (typed["percent"] or typed["amount"] or typed["buys_quantity"]):
        raise click.UsageError("--free-shipping is a discount of its own: leave the others out.")
    if typed["buys_quantity"] and typed["amount"]:
        raise click.UsageError("--buy takes --percent off what is got, or makes it free; not --amount.")
    if not typed["buys_quantity"] and (typed["gets_quantity"] or typed["uses_per_order"]):
        raise click.UsageError("--get and --uses-per-order go with --buy.")
    if typed["free_shipping"]:
        return "free_shipping"
    if typed["buys_quantity"]:
        return "bxgy"
    return "amount" if typed["amount"] else "percent" if typed["percent"] else ""


def _value(discount: str, typed: dict[str, Any]) -> Decimal | None:
    """The number that goes with it; what is got is free unless a percentage is given."""
    if discount == "bxgy" and not typed["percent"]:
        return Decimal(100)
    return _number(typed["amount"] or typed["percent"])


def _items(typed: dict[str, Any], products: str, collections: str) -> tuple[str, tuple[str, ...]]:
    if typed[products] and typed[collections]:
        raise click.UsageError("A discount is for products or for collections, not both.")
    kind = "products" if typed[products] else "collections" if typed[collections] else "all"
    return kind, typed[products] or typed[collections]


def _type(*, has_discount: bool, typed: dict[str, Any]) -> str:
    """A discount makes codes, a destination makes links."""
    if has_discount and typed["destination"]:
        return "both"
    if not has_discount and not typed["destination"]:
        raise click.UsageError(
            "Give --percent, --amount, --buy or --free-shipping for codes, a --destination for links, or both."
        )
    return "promo_code" if has_discount else "sales_link"


def _store_ids(labels: Sequence[str], kind: str) -> tuple[int, ...]:
    """The named stores; with none named, the only one there is."""
    from offerwell.models import SPOKEN_KINDS, Store

    if labels or kind == "sales_link":
        return tuple(find_store(label).pk for label in labels)
    only = list(Store.objects.filter(is_on=True, kind__in=SPOKEN_KINDS).values_list("pk", flat=True)[:2])
    return tuple(only) if len(only) == 1 else ()


def _number(text: str | None) -> Decimal | None:
    if not text:
        return None
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Refused(f"“{text}” is not a number.", "Write it with a point, such as 12.50.") from error


def aware(at: datetime | None) -> datetime | None:
    """The moment as typed; UTC unless it says otherwise."""
    from datetime import UTC

    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)


@offers.command()
@click.argument("offer_text", metavar="OFFER")
@choosing_options
@workspace_option
@json_option
def enroll(offer_text: str, workspace_slug: str | None, as_json: bool, **typed: Any) -> None:
    """Let members join OFFER. --all means all members of the workspace; --where narrows them."""
    chosen = Chosen(*(typed[name] for name in ("named", "members_file", "everybody", "conditions", "except_file")))
    chosen.check()
    with opened_workspace(workspace_slug, Action.EDIT_OFFERS) as workspace:
        _enroll(workspace, find_offer(offer_text), chosen, as_json=as_json)


def _enroll(workspace: Workspace, offer: Offer, chosen: Chosen, *, as_json: bool) -> None:
    from offerwell.actions.enroll_members import OfferArchived, enroll_members

    selection = _members_meant(chosen)
    try:
        done = enroll_members(workspace_id=workspace.pk, offer=offer, selection=selection, by=acting_person(), at=now())
    except OfferArchived as refused:
        raise Refused(str(refused), "Nothing was done.") from refused
    if as_json:
        answer_json({"offer": offer.name, "added": done.added, "already": done.already})
        return
    answer(f"{done.added:,} members joined “{offer.name}”; {done.already:,} belonged to it before.")


def _members_meant(chosen: Chosen) -> MemberSelection:
    from offerwell.queries.members import newest_member_id
    from offerwell.rules.selection import Crowd, MemberSelection, View, Within

    if not chosen.everybody:
        return MemberSelection(ids=named_ids(chosen))
    wanted = filter_of(chosen.conditions)
    if wanted.view != View.ALL:
        raise Refused("A status chooses members of an offer, not new ones.", "Use country, tag, group or search.")
    left_out = member_ids(lines_of_file(chosen.except_file)) if chosen.except_file else ()
    within = Within(Crowd.WORKSPACE, up_to=newest_member_id())
    return MemberSelection(filter=wanted, exclude=left_out, within=within)


@offers.command()
@click.argument("offer_text", metavar="OFFER")
@click.option("--pattern", default="", help="Names of codes; the offer's own unless given.")
@click.option("--starts", type=MOMENT, help="These codes' own start, UTC unless it says otherwise.")
@click.option("--ends", type=MOMENT, help="These codes' own end.")
@click.option("--plan", "plan_only", is_flag=True, help="Only show the codes that would be made.")
@workspace_option
@json_option
def generate(
    *, offer_text: str, pattern: str, plan_only: bool, workspace_slug: str | None, as_json: bool, **own: Any
) -> None:
    """Make the codes and links that members of OFFER lack."""
    with opened_workspace(workspace_slug, Action.EDIT_OFFERS) as workspace:
        from offerwell.actions.generate_codes import CannotGenerate, CodesRefused
        from offerwell.rules.code_names import InvalidPattern

        offer = find_offer(offer_text)
        try:
            if plan_only:
                _propose(offer, pattern, as_json=as_json)
            else:
                _generate(workspace, offer, pattern, own, as_json=as_json)
        except (CannotGenerate, CodesRefused, InvalidPattern) as refused:
            raise Refused(str(refused), "Nothing was made. Correct that and run the command again.") from refused


def _propose(offer: Offer, pattern: str, *, as_json: bool) -> None:
    from offerwell.queries.code_proposals import lacking, propose_codes

    counts = lacking(offer)
    proposals = propose_codes(offer, pattern=pattern, limit=_PROPOSALS_SHOWN)
    if as_json:
        listed = [{"member": p.place.name, "email": p.place.email, "code": p.text} for p in proposals]
        facts = {"members": counts.members, "codes": counts.codes, "links": counts.links}
        answer_json({"offer": offer.name, **facts, "proposals": listed})
        return
    answer(f"“{offer.name}”: {counts.codes:,} codes and {counts.links:,} links for {counts.members:,} members")
    for line in some_of([f"  {p.text:24} {p.place.name}" for p in proposals if p.text], _PROPOSALS_SHOWN):
        answer(line)


def _generate(workspace: Workspace, offer: Offer, pattern: str, own: dict[str, Any], *, as_json: bool) -> None:
    from offerwell.actions.generate_codes import generate_codes

    made = generate_codes(
        workspace_id=workspace.pk, offer=offer, texts=None, pattern=pattern, by=acting_person(), at=now(),
        starts_at=aware(own["starts"]), ends_at=aware(own["ends"]),
    )  # fmt: skip
    if as_json:
        answer_json({"offer": offer.name, "codes": made.codes, "links": made.links, "skipped": made.skipped})
        return
    answer(
        f"{made.codes:,} codes and {made.links:,} links made for “{offer.name}”; {made.skipped:,} members had theirs."
    )
