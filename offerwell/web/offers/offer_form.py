"""The form of an offer: fields as a person fills them, and the `OfferDraft` they make.

Wrong fields keep what was typed. Times are the workspace's own; the draft's are aware.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms

from offerwell.models import SPOKEN_KINDS, OfferStatus, OfferType, Store
from offerwell.rules.code_names import NamePattern, split_pattern
from offerwell.rules.discount_terms import DiscountKind, ItemKind, Purchase
from offerwell.rules.discount_words import shopper_sentence
from offerwell.rules.offer_draft import OfferDraft, problems_of, tidied
from offerwell.rules.redirect import DeadLink
from offerwell.rules.store_items import split_items

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offerwell.models import Offer, Workspace

OWN_PATTERN = "own"
PATTERN_LABELS = {
    NamePattern.FIRST_NAME_DISCOUNT: "First Name + discount",
    NamePattern.FIRST_INITIAL_LAST_NAME: "First Initial + Last Name",
    NamePattern.FIRST_NAME_LAST_INITIAL: "First Name + Last Initial",
    NamePattern.FULL_NAME: "Full Name",
    NamePattern.SOCIAL_HANDLE: "Social Handle",
}
PATTERN_CHOICES = [*((str(p), label) for p, label in PATTERN_LABELS.items()), (OWN_PATTERN, "Own pattern")]
TYPE_CARDS = (
    (OfferType.PROMO_CODE, "Each member gets a code that shoppers type at checkout."),
    (OfferType.SALES_LINK, "Each member gets a tracked link to your store."),
    (OfferType.BOTH, "Each member gets a code and a link."),
)
# Each kind as a card: value, id in the page, name, meaning.
KIND_CARDS = (
    (str(DiscountKind.PERCENT), "percent", "Percentage off", "20% off an order, or some products or collections."),
    (str(DiscountKind.AMOUNT), "amount", "Amount off", "A sum off, in the store’s currency."),
    (str(DiscountKind.BUY_X_GET_Y), "bxgy", "Buy X Get Y", "Who buys some items gets others free or for less."),
    (str(DiscountKind.FREE_SHIPPING), "shipping", "Free shipping", "Shipping costs nothing."),
)
ITEM_CHOICES = (
    (str(ItemKind.ALL), "Everything"),
    (str(ItemKind.PRODUCTS), "Some products"),
    (str(ItemKind.COLLECTIONS), "Some collections"),
)
PURCHASE_CHOICES = (
    (str(Purchase.ONE_TIME), "One-time purchases"),
    (str(Purchase.SUBSCRIPTION), "Subscriptions"),
    (str(Purchase.BOTH), "Both"),
)
DEAD_LINK_CHOICES = (
    (str(DeadLink.SHOP), "Goes on to the shop, not counted as a click"),
    (str(DeadLink.ADDRESS), "Goes to another page"),
    (str(DeadLink.PAGE), "Shows a page that it has ended"),
)
# Problems that are said at another field than the draft's own.
_SAID_AT = {"code_pattern": "pattern", "combines": "combines_product"}
# Without these a discount cannot be put into words.
_FIELDS_OF_TERMS = frozenset({
    "discount_kind", "discount_value", "minimum", "minimum_quantity", "usage_limit", "applies_to", "item_ids",
    "buys_from", "buys_ids",
    "buys_quantity", "gets_quantity", "uses_per_order", "purchase",
})  # fmt: skip
_WHOLE = {"invalid": "Enter a whole number above 0."}
_LOCAL_TIME = "%Y-%m-%dT%H:%M"
# Years that no zone or store pushes over the edge of what a time can hold.
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


class WorkspaceTime(forms.Field):
    """A date and time of the native input, in the workspace's zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__(required=False)
        self._zone = zone

    def to_python(self, value: Any) -> datetime | None:
        """The aware time. Raises ValidationError."""
        if not value:
            return None
        try:
            typed = datetime.fromisoformat(str(value))
        except ValueError as error:
            raise forms.ValidationError("Enter a date and a time, for example 2026-12-24 09:00.") from error
        if not _FIRST_YEAR <= typed.year <= _LAST_YEAR:
            raise forms.ValidationError(f"Choose a year from {_FIRST_YEAR} to {_LAST_YEAR}.")
        return typed.replace(tzinfo=self._zone)

    def prepare_value(self, value: Any) -> Any:
        """What the input shows."""
        return value.astimezone(self._zone).strftime(_LOCAL_TIME) if isinstance(value, datetime) else value


def composed_pattern(fields: Mapping[str, Any]) -> str:
    """Prefix, pattern and suffix of a form as one pattern."""
    chosen = fields.get("pattern") or NamePattern.FIRST_NAME_DISCOUNT
    middle = fields.get("own_pattern", "") if chosen == OWN_PATTERN else str(chosen)
    return f"{(fields.get('prefix') or '').strip()}{middle.strip()}{(fields.get('suffix') or '').strip()}"


def pattern_fields(stored: str) -> dict[str, str]:
    """The stored pattern as the form's fields."""
    prefix, middle, suffix = split_pattern(stored or str(NamePattern.FIRST_NAME_DISCOUNT))
    is_known = middle in set(NamePattern)
    return {
        "prefix": prefix,
        "pattern": middle if is_known else OWN_PATTERN,
        "own_pattern": "" if is_known else middle,
        "suffix": suffix,
    }


class OfferForm(forms.Form):
    """Create or edit an offer. Only types are checked here; the rules of an offer are the draft's."""

    name = forms.CharField(required=False)
    description = forms.CharField(required=False)
    type = forms.CharField(required=False)
    status = forms.CharField(required=False)
    discount_kind = forms.CharField(required=False)
    discount_value = forms.DecimalField(
        required=False, error_messages={"invalid": "Enter the discount as a number, for example 20."}
    )
    minimum = forms.DecimalField(
        required=False, error_messages={"invalid": "Enter the minimum purchase as a number, for example 50."}
    )
    usage_limit = forms.IntegerField(
        required=False, error_messages={"invalid": "Enter a whole number above 0, or leave it empty."}
    )
    minimum_quantity = forms.IntegerField(required=False, error_messages=_WHOLE)
    applies_to = forms.CharField(required=False)
    item_ids = forms.CharField(required=False)
    buys_from = forms.CharField(required=False)
    buys_ids = forms.CharField(required=False)
    buys_quantity = forms.IntegerField(required=False, error_messages=_WHOLE)
    gets_quantity = forms.IntegerField(required=False, error_messages=_WHOLE)
    uses_per_order = forms.IntegerField(required=False, error_messages=_WHOLE)
    combines_product = forms.BooleanField(required=False)
    combines_order = forms.BooleanField(required=False)
    combines_shipping = forms.BooleanField(required=False)
    purchase = forms.CharField(required=False)
    title = forms.CharField(required=False)
    tags = forms.CharField(required=False)
    discount_links = forms.BooleanField(required=False)
    redirect = forms.CharField(required=False)
    utm_source = forms.CharField(required=False)
    utm_medium = forms.CharField(required=False)
    utm_campaign = forms.CharField(required=False)
    once_per_customer = forms.BooleanField(required=False)
    pattern = forms.CharField(required=False)
    own_pattern = forms.CharField(required=False)
    prefix = forms.CharField(required=False)
    suffix = forms.CharField(required=False)
    destination = forms.CharField(required=False)
    extra_domains = forms.CharField(required=False)
    deep_links = forms.BooleanField(required=False)
    dead_link = forms.CharField(required=False)
    dead_link_to = forms.CharField(required=False)

    def __init__(self, *args: Any, workspace: Workspace, offer: Offer | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer = offer
        zone = ZoneInfo(workspace.timezone)
        self.fields["starts_at"] = WorkspaceTime(zone)
        self.fields["ends_at"] = WorkspaceTime(zone)
        self.connected_stores = list(Store.objects.filter(kind__in=SPOKEN_KINDS).order_by("label", "pk"))
        choices = [(str(store.pk), store.label) for store in self.connected_stores]
        self.fields["stores"] = forms.MultipleChoiceField(
            required=False,
            choices=choices,
            error_messages={"invalid_choice": "A chosen store is not connected any more. Choose the stores again."},
        )

    @property
    def chosen_stores(self) -> set[str]:
        """Ids of the ticked stores, as text."""
        return {str(pk) for pk in (self["stores"].value() or ())}

    def draft(self) -> OfferDraft:
        """What was filled in; fields that could not be read are empty."""
        given = self.cleaned_data
        return OfferDraft(
            name=given.get("name", ""), type=given.get("type", ""), description=given.get("description", ""),
            status=given.get("status") or OfferStatus.ACTIVE,
            discount_kind=given.get("discount_kind", ""), discount_value=given.get("discount_value"),
            minimum=given.get("minimum"), usage_limit=given.get("usage_limit"),
            once_per_customer=bool(given.get("once_per_customer")),
            starts_at=self._moment("starts_at"), ends_at=self._moment("ends_at"),
            destination=given.get("destination", ""), code_pattern=composed_pattern(given),
            store_ids=tuple(int(pk) for pk in given.get("stores", ())),
            applies_to=given.get("applies_to") or ItemKind.ALL, item_ids=split_items(given.get("item_ids", "")),
            buys_from=given.get("buys_from") or ItemKind.PRODUCTS, buys_ids=split_items(given.get("buys_ids", "")),
            purchase=given.get("purchase") or Purchase.ONE_TIME, tags=_lines(given.get("tags", "")),
            extra_domains=_lines(given.get("extra_domains", "")), dead_link=given.get("dead_link") or DeadLink.SHOP,
            **{name: given.get(name) for name in _NUMBERS}, **{name: bool(given.get(name)) for name in _TICKS},
            **{name: given.get(name) or "" for name in _TEXTS},
        )  # fmt: skip

    def _moment(self, name: str) -> datetime | None:
        """What was typed. The inputs show minutes: a kept time that was only shown is no new date."""
        typed: datetime | None = self.cleaned_data.get(name)
        kept: datetime | None = getattr(self._offer, name, None)
        return kept if typed and kept and typed == kept.replace(second=0, microsecond=0) else typed

    def summary(self) -> str:
        """The discount as a shopper would read it; empty while it cannot be told."""
        draft = tidied(self.draft())
        if not draft.has_codes or not _FIELDS_OF_TERMS.isdisjoint({*problems_of(draft), *self.errors}):
            return ""
        chosen = [store.currency for store in self.connected_stores if store.pk in draft.store_ids]
        return shopper_sentence(draft.terms, next((currency for currency in chosen if currency), ""))

    def clean(self) -> None:
        """Every problem at once: those of reading a field, and those of the draft in the others."""
        super().clean()
        self.say(problems_of(tidied(self.draft())))

    def say(self, problems: Mapping[str, str]) -> None:
        """Put each sentence at its field, where that has none yet."""
        for problem, sentence in problems.items():
            field = _SAID_AT.get(problem, problem)
            if field not in self.errors:
                self.add_error(field, sentence)


_NUMBERS = ("minimum_quantity", "buys_quantity", "gets_quantity", "uses_per_order")
_TICKS = ("combines_product", "combines_order", "combines_shipping", "discount_links", "deep_links")
_TEXTS = ("title", "redirect", "utm_source", "utm_medium", "utm_campaign", "dead_link_to")


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def initial_of(offer: Offer) -> dict[str, Any]:
    """The offer as the form shows it first."""
    stores = offer.store_links.values_list("store_id", flat=True)
    return {
        "name": offer.name, "description": offer.description, "type": offer.type, "status": offer.status,
        "discount_kind": offer.discount_kind or "percent", "discount_value": _plain(offer.discount_value),
        "minimum": _plain(offer.minimum_purchase), "usage_limit": offer.usage_limit,
        "once_per_customer": offer.once_per_customer, "starts_at": offer.starts_at, "ends_at": offer.ends_at,
        "destination": offer.destination, "stores": [str(pk) for pk in stores], **pattern_fields(offer.code_pattern),
        "applies_to": offer.applies_to, "item_ids": "\n".join(offer.item_ids), "purchase": offer.purchase,
        "buys_from": _bought_from(offer.buys_from), "buys_ids": "\n".join(offer.buys_ids),
        "tags": "\n".join(offer.tags), "extra_domains": "\n".join(offer.extra_domains), "dead_link": offer.dead_link,
        **{name: getattr(offer, name) for name in (*_NUMBERS, *_TICKS, *_TEXTS)},
    }  # fmt: skip


def first_values(stores: list[Store]) -> dict[str, Any]:
    """A new offer: one store needs no choice."""
    return {
        "type": OfferType.PROMO_CODE, "status": OfferStatus.ACTIVE, "discount_kind": "percent",
        "applies_to": ItemKind.ALL, "buys_from": ItemKind.PRODUCTS, "purchase": Purchase.ONE_TIME,
        "stores": [str(stores[0].pk)] if len(stores) == 1 else [], **pattern_fields(""),
        "dead_link": str(DeadLink.SHOP),
    }  # fmt: skip


def _bought_from(kind: str) -> str:
    return kind if kind != ItemKind.ALL else str(ItemKind.PRODUCTS)


def _plain(value: Any) -> str:
    return "" if value is None else f"{value:f}".removesuffix(".00")
