"""Every valid draft is a valid input of Shopify's own schema, on both versions; and what a sandbox then shows of it."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from graphql import GraphQLSchema, build_client_schema, parse
from graphql.execution.values import get_variable_values
from hypothesis import given, settings
from hypothesis import strategies as st

from offerwell.integrations.shopify.discount_input import discount_input
from offerwell.integrations.shopify.documents import CREATE_FOR_KIND, text_of
from offerwell.integrations.store import CodeSpec
from offerwell.rules.discount_terms import DiscountKind, DiscountTerms, ItemKind, Purchase
from offerwell.rules.discount_words import shopper_sentence, terms_line
from offerwell.rules.offer_draft import OfferDraft, problems_of, tidied
from tests.shopify.test_documents import schema_file

STARTS = datetime(2026, 12, 1, tzinfo=UTC)


@cache
def schema_of(version: str) -> GraphQLSchema:
    introspection = json.loads(gzip.decompress(schema_file(version).read_bytes()))["data"]
    return build_client_schema(introspection, assume_valid=True)


counts = st.none() | st.integers(-1, 3) | st.just(2_147_483_647)
sums = st.none() | st.decimals(-1, 120, places=2) | st.sampled_from([Decimal("NaN"), Decimal("1E+2"), Decimal(1) / 3])
ids = st.lists(
    st.sampled_from(["1", "gid://shopify/Product/2", "gid://shopify/Collection/3", "12345678901234567890", "no", " 7 "]),
    max_size=3,
).map(tuple)  # fmt: skip
item_kinds = st.sampled_from([*map(str, ItemKind), "other"])
drafts = st.builds(
    OfferDraft, name=st.just("Summer"), type=st.just("promo_code"), store_ids=st.just((1,)),
    discount_kind=st.sampled_from([*map(str, DiscountKind), ""]), discount_value=sums, minimum=sums,
    usage_limit=counts, once_per_customer=st.booleans(), minimum_quantity=counts, applies_to=item_kinds, item_ids=ids,
    buys_from=item_kinds, buys_ids=ids, buys_quantity=counts, gets_quantity=counts, uses_per_order=counts,
    combines_product=st.booleans(), combines_order=st.booleans(), combines_shipping=st.booleans(),
    purchase=st.sampled_from([*map(str, Purchase), "never"]), tags=st.lists(st.text(max_size=5), max_size=6).map(tuple),
    title=st.text(max_size=20),
)  # fmt: skip


def faults_of(terms: DiscountTerms, version: str, tags: tuple[str, ...] = ()) -> list[str]:
    """What the schema has against the input made of these terms."""
    spec = CodeSpec("NORA20", "Summer", terms, STARTS, None, ("offerwell-offer-1", *tags))
    schema = schema_of(version)
    [operation] = parse(text_of(CREATE_FOR_KIND[terms.kind])).definitions
    given_ = json.loads(json.dumps({"input": discount_input(spec)}))
    found = get_variable_values(schema, operation.variable_definitions, given_)  # type: ignore[union-attr]
    return [str(fault) for fault in found] if isinstance(found, list) else []


def good_drafts(kind: DiscountKind) -> st.SearchStrategy[OfferDraft]:
    """Drafts of a kind with nothing wrong."""
    number = st.none() | st.integers(1, 2_147_483_646)
    shares = st.decimals("0.01", 100, places=2)
    named = st.lists(st.integers(1, 10**18).map(str), min_size=1, max_size=3).map(tuple)
    is_bxgy, some = kind is DiscountKind.BUY_X_GET_Y, st.sampled_from(["products", "collections"])
    by_sum = st.tuples(st.none() | st.decimals("0.01", "9999999999.99", places=2), st.none())
    return st.builds(
        lambda minimum, fields: OfferDraft(
            name="Summer", type="promo_code", store_ids=(1,), discount_kind=kind, minimum=minimum[0],
            minimum_quantity=minimum[1], **fields,
        ),
        by_sum | st.tuples(st.none(), number),
        st.fixed_dictionaries({
            "discount_value": shares if kind.is_share else st.decimals("0.01", "9999999999.99", places=2),
            "usage_limit": number, "once_per_customer": st.booleans(), "item_ids": named, "buys_ids": named,
            "applies_to": some if is_bxgy else st.sampled_from([*map(str, ItemKind)]), "buys_from": some,
            "buys_quantity": st.integers(1, 99), "gets_quantity": st.integers(1, 99), "uses_per_order": number,
            "combines_product": st.booleans(), "combines_order": st.booleans(), "combines_shipping": st.booleans(),
            "purchase": st.sampled_from([*map(str, Purchase)]), "title": st.text("Abc é", max_size=20),
            "tags": st.lists(st.text("abc", min_size=1, max_size=5), max_size=4).map(tuple),
        }),
    )  # fmt: skip


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
@pytest.mark.parametrize("kind", list(DiscountKind))
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_draft_without_problems_is_a_valid_input(version: str, kind: DiscountKind, data: st.DataObject) -> None:
    draft = tidied(data.draw(good_drafts(kind)))
    assert problems_of(draft) == {}
    assert faults_of(draft.terms, version, draft.tags) == []
    assert shopper_sentence(draft.terms, "EUR").endswith(".")
    assert terms_line(draft.terms, "EUR")
    assert tidied(draft) == draft


@given(draft=drafts)
@settings(max_examples=300, deadline=None)
def test_problems_are_sentences_at_fields_and_nothing_breaks(draft: OfferDraft) -> None:
    found = problems_of(tidied(draft))
    assert all(field.isidentifier() and sentence.endswith(".") for field, sentence in found.items())


def test_the_schema_check_can_fail() -> None:
    bad: Any = DiscountTerms(DiscountKind.PERCENT, Decimal(20), usage_limit="many")  # type: ignore[arg-type]
    assert faults_of(bad, "2026-10") != []
