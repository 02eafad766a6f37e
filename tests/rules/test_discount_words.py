"""A discount in words, and the links that apply it."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerwell.rules.discount_link import LinkOwner, LinkPlan, discount_link, redirect_problem, utm_problem
from offerwell.rules.discount_terms import Combines, DiscountKind, DiscountTerms, ItemKind, Items, Purchase
from offerwell.rules.discount_words import shopper_sentence, terms_line
from offerwell.rules.store_items import item_number, items_problem, normal_items, split_items

TWO = Items(ItemKind.PRODUCTS, ("1", "2"))
SHOES = Items(ItemKind.COLLECTIONS, ("9",))


@pytest.mark.parametrize(
    ("terms", "line", "sentence"),
    [
        (DiscountTerms(DiscountKind.PERCENT, Decimal("12.50")), "12.5% off",
         "12.5% off your order. Can't be combined with other discounts."),
        (DiscountTerms(DiscountKind.AMOUNT, Decimal("10.00"), minimum=Decimal(1250), once_per_customer=True, items=TWO),
         "10 EUR off 2 products · from 1,250 EUR · once per customer",
         "10 EUR off 2 products when you spend 1,250 EUR or more. Once per customer. Can't be combined with other discounts."),
        (DiscountTerms(DiscountKind.BUY_X_GET_Y, Decimal(100), buys=TWO, items=SHOES, buys_quantity=2, uses_per_order=1),
         "buy 2, get 1 free · 1 use per order",
         ("Buy 2 items of 2 products and get 1 item from 1 collection free. At most 1 time per order. "
         "Can't be combined with other discounts.")),
        (DiscountTerms(DiscountKind.BUY_X_GET_Y, Decimal(50), buys=SHOES, items=SHOES, gets_quantity=3),
         "buy 1, get 3 at 50% off",
         "Buy 1 item from 1 collection and get 3 items from 1 collection at 50% off. Can't be combined with other discounts."),
        (DiscountTerms(DiscountKind.FREE_SHIPPING, minimum_quantity=3, usage_limit=1000, purchase=Purchase.BOTH,
                       combines=Combines(products=True, orders=True)),
         "free shipping · from 3 items · also subscriptions · 1,000 uses per code · combines with product and order discounts",
         ("Free shipping when you buy 3 items or more. Also on subscriptions. Each code works 1,000 times. "
         "Works together with product and order discounts.")),
    ],
)  # fmt: skip
def test_a_discount_in_words(terms, line, sentence):
    assert (terms_line(terms, "EUR"), shopper_sentence(terms, "EUR")) == (line, sentence)


OWNER = LinkOwner("NORA20", 7, "Nora Dubois", "nora.d", "Summer & Glow")


@pytest.mark.parametrize(
    ("shop", "plan", "link"),
    [
        ("glow.myshopify.com", LinkPlan(), "https://glow.myshopify.com/discount/NORA20"),
        ("glow.myshopify.com", LinkPlan("/collections/new?sort=price&a=1", "{creator_handle}", "social", "{offer_name}"),
         ("https://glow.myshopify.com/discount/NORA20?redirect=/collections/new%3Fsort%3Dprice%26a%3D1"
         "&utm_source=nora.d&utm_medium=social&utm_campaign=Summer%20%26%20Glow")),
        ("http://127.0.0.1:8077/", LinkPlan("/été"), "http://127.0.0.1:8077/discount/NORA20?redirect=/%C3%A9t%C3%A9"),
    ],
)  # fmt: skip
def test_a_discount_link(shop, plan, link):
    assert discount_link(shop, plan, OWNER) == link


@given(st.text(min_size=1), st.text(), st.text())
def test_a_link_stays_on_the_shop_and_gives_back_what_went_in(code, path, source):
    link = discount_link("glow.myshopify.com", LinkPlan(path, source), LinkOwner(code, 1))
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc, parts.path.startswith("/discount/"), parts.fragment) == (
        "https", "glow.myshopify.com", True, "",
    )  # fmt: skip
    assert dict(parse_qsl(parts.query)).get("redirect", "") == path


@pytest.mark.parametrize("path", ["", "/", "/collections/new?x=1#top", "/été"])
def test_pages_of_the_shop(path):
    assert redirect_problem(path) == ""


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "https://evil.example",
        "collections",
        "/\\evil.example",
        "/a b",
        "/\n",
        "javascript:x",
        "/" * 501,
    ],
)
def test_a_page_elsewhere_is_refused(path):
    assert redirect_problem(path).endswith(".")


def test_utm_values():
    assert utm_problem("{creator_name}-{code}") == ""
    assert "{nobody} is not a variable" in utm_problem("{nobody}")
    assert "at most 100" in utm_problem("x" * 101)
    assert utm_problem("a\n").endswith("seen.")


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("123", "products", "123"), ("gid://shopify/Product/5", "products", "5"), ("gid://shopify/Product/5", "collections", None),
        ("https://admin.shopify.com/store/glow/collections/77?x=1", "collections", "77"),
        ("https://glow.myshopify.com/admin/products/8", "products", "8"),
        ("https://evil.example/admin/products/8", "products", None), ("0", "products", None), ("-1", "products", None),
        ("1" * 20, "products", None), ("", "products", None), ("gid://shopify/Product/5/../6", "products", None),
    ],
)  # fmt: skip
def test_products_and_collections_by_shape(text, kind, number):
    assert item_number(text, ItemKind(kind)) == number


def test_what_is_pasted_comes_apart_once_each():
    assert split_items("1, 2;3\n4 1") == ("1", "2", "3", "4", "1")
    assert normal_items(("1", "gid://shopify/Product/1", " 2 ", "x", ""), ItemKind.PRODUCTS) == ("1", "2", "x")
    assert "“x”" in items_problem(("1", "x"), ItemKind.PRODUCTS)
    assert "at most 250" in items_problem(tuple(map(str, range(1, 252))), ItemKind.PRODUCTS)
