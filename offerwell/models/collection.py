"""Collections of stores that payout rules are about, and the products in them as they were read."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.store import Store
from offerwell.models.workspace import WorkspaceOwned


class CollectionProducts(WorkspaceOwned):
    """What a collection held when it was read at `read_at`. Never changed: triggers refuse it, and rules name the row.

    `ref` is the store's id of the collection. `products`: id and title of each, sorted, as lines of orders name them.
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, db_index=False, related_name="+")
    ref = models.CharField(max_length=64)
    title = models.CharField(max_length=255)
    products = models.JSONField(default=list)
    count = models.PositiveIntegerField()
    read_at = models.DateTimeField()


class StoreCollection(WorkspaceOwned):
    """A collection that is followed: read last at `read_at` with `newest`, to be read again at `due_at`.

    `trouble` is the sentence of what kept it from being read since `trouble_since` (empty: nothing); rules keep the
    newest products meanwhile.
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, db_index=False, related_name="collections")
    ref = models.CharField(max_length=64)
    newest = models.ForeignKey(CollectionProducts, on_delete=models.PROTECT, db_index=False, related_name="+")
    read_at = models.DateTimeField()
    trouble = models.TextField(blank=True)
    trouble_since = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["store", "ref"], name="store_collection_once")]
