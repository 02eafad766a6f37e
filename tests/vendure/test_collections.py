"""Collections of a real Vendure: found by name, slug and id; a rule about one pays for its products, and follows it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.utils import timezone

from offerwell.actions.follow_collections import follow_collections
from offerwell.actions.set_payout_rules import set_payout_rules
from offerwell.actions.store_connection import open_store
from offerwell.integrations.store import CollectionStore, FoundCollection
from offerwell.integrations.vendure import collections as reading
from offerwell.models import CollectionProducts, PayoutRules
from offerwell.queries.payout_rules import rules_now
from offerwell.rules.pay_collections import RuleCollection
from offerwell.rules.pay_rules import PayRule, RulesRefused
from tests import make
from tests.vendure.real_vendure import until
from tests.vendure.test_orders import bought, earned, pull, selling

__all__ = ["selling"]

CREATE = "mutation ($g: CreateCollectionInput!) { createCollection(input: $g) { id } }"
UPDATE = "mutation ($g: UpdateCollectionInput!) { updateCollection(input: $g) { id } }"


def holding(*products):
    """The filter of a collection of these products' variants."""
    return [{"code": "product-id-filter", "arguments": [
        {"name": "productIds", "value": str(list(products)).replace("'", '"')},
        {"name": "combineWithAnd", "value": "true"},
    ]}]  # fmt: skip


def variants(server, ref):
    query = "query ($id: ID!) { collection(id: $id) { productVariants { totalItems } } }"
    return server.admin(query, id=ref)["collection"]["productVariants"]["totalItems"]


@pytest.fixture
def summer(vendure):
    """A collection of the shop's only product: its id and name."""
    name = f"Summer {uuid4().hex[:6]}"
    texts = [{"languageCode": "en", "name": name, "slug": name.lower().replace(" ", "-"), "description": ""}]
    ref = vendure.admin(CREATE, g={"filters": holding("1"), "translations": texts})["createCollection"]["id"]
    assert until(lambda: variants(vendure, ref) == 1)
    yield ref, name
    vendure.admin("mutation ($id: ID!) { deleteCollection(id: $id) { result } }", id=ref)


def ruled(brand, asked):
    option = brand.option
    return set_payout_rules(
        workspace_id=brand.acme.pk, option=option, rules=[PayRule(2000, collections=(RuleCollection(asked),))],
        tiers=None, seen=rules_now(option.pk).pk, by=make.ANA, at=timezone.now(),
    )  # fmt: skip


def test_it_is_found_by_name_slug_and_id_and_read(brand, summer):
    ref, name = summer
    connector = open_store(brand.store)
    assert isinstance(connector, CollectionStore)
    found = FoundCollection(ref, name, name.lower().replace(" ", "-"))
    for text in (name, name.upper(), f" {found.handle} ", ref):
        assert list(connector.collections_named(text)) == [found]
    assert list(connector.collections_named("Summer")) == []
    read = connector.collection(ref, most=10)
    assert (read.title, read.count, list(read.products)) == (name, 1, [("1", "")])
    assert (connector.collection("999", most=10), connector.collection(ref, most=0).products) == (None, ())


def test_it_is_read_page_after_page(brand, summer, monkeypatch):
    monkeypatch.setattr(reading, "PAGE", 1)
    connector = open_store(brand.store)
    assert connector.collection(summer[0], most=10).count == 1
    assert [one.ref for one in connector.collections_named(summer[1])] == [summer[0]]


def test_a_rule_pays_for_its_products_and_follows_it(selling, summer):
    ruled(selling, summer[1])
    bought(selling)
    pull(selling.store)
    assert earned() == 800
    selling.server.admin(UPDATE, g={"id": summer[0], "filters": holding("99")})
    assert until(lambda: variants(selling.server, summer[0]) == 0)
    done = follow_collections(workspace_id=selling.acme.pk, option_id=selling.option.pk, at=timezone.now())
    assert (done.changed, done.problems) == (1, ())
    bought(selling)
    pull(selling.store)
    assert earned() == 800 + 400


def test_without_the_permission_the_sentence_names_it(selling, summer):
    email = f"{uuid4().hex}@example.com"
    selling.server.administrator(email, "secret-1", ["ReadPromotion", "CreatePromotion", "UpdatePromotion"])
    selling.store.client_id, selling.store.client_secret, selling.store.access_token = email, "secret-1", ""
    selling.store.save()
    with pytest.raises(RulesRefused, match=r"lacks the permission ReadCatalog\. .* UpdatePromotion and ReadCatalog"):
        ruled(selling, summer[1])
    assert (PayoutRules.objects.count(), CollectionProducts.objects.count()) == (0, 0)
