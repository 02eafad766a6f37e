"""Shops with collections that tests change: what `open_store` gives instead of a connector."""

from __future__ import annotations

import pytest

from offerwell.integrations.store import FoundCollection, ReadCollection, StoreError

AWAY = "The store could not be reached: no connection. Offerwell tries again by itself."


class Shop:
    """One store's collections: ref → (title, handle, products). `trouble`: every question is refused so."""

    def __init__(self):
        self.collections, self.trouble, self.asked = {}, None, []

    def put(self, ref, title, *products, handle=""):
        """Products as titles; their ids are p-TITLE."""
        self.collections[ref] = (title, handle or title.lower(), [(f"p-{one}".lower(), one) for one in products])

    def collections_named(self, text):
        self._ask("named", text)
        return [
            FoundCollection(ref, title, handle)
            for ref, (title, handle, _products) in self.collections.items()
            if text.lower() in (ref, title.lower(), handle)
        ]

    def collection(self, ref, *, most):
        self._ask("read", ref)
        if ref not in self.collections:
            return None
        title, _handle, products = self.collections[ref]
        return ReadCollection(title, len(products), tuple(products) if len(products) <= most else ())

    def close(self):
        pass

    def _ask(self, *question):
        self.asked.append(question)
        if self.trouble:
            raise self.trouble


class Shops:
    """All stores; those that were not given are empty."""

    def __init__(self):
        self.by_store = {}

    def of(self, store):
        return self.by_store.setdefault(store.pk, Shop())

    def away(self, store):
        self.of(store).trouble = StoreError(AWAY)


@pytest.fixture
def shops(monkeypatch):
    made = Shops()
    monkeypatch.setattr("offerwell.actions.read_collections.open_store", made.of)
    return made
