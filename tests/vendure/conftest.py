"""One real Vendure for the session, its promotions deleted before each test."""

from __future__ import annotations

import pytest
from django.utils import timezone

from offerwell.actions.change_offer_status import change_offer_status
from offerwell.actions.connect_store import connect_store
from offerwell.actions.sync_store import sync_store
from offerwell.models import OfferPart, Store, StoreCode
from offerwell.queries.change_progress import progress_of
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.selection import MemberFilter, MemberSelection
from tests import make
from tests.vendure.real_vendure import IDENTIFIER, PASSWORD, RealVendure, needs_vendure


@pytest.fixture(scope="session")
def running_vendure():
    needs_vendure()
    server = RealVendure()
    yield server
    server.end()


@pytest.fixture
def vendure(running_vendure):
    running_vendure.empty()
    return running_vendure


class Brand:
    """Acme's Summer offer, whose codes go to the Vendure store."""

    def __init__(self, acme, server, label="Vendure shop"):
        self.acme, self.server = acme, server
        self.store = connect_store(
            workspace_id=acme.pk, label=label, kind="vendure", address=server.address, client_id=IDENTIFIER,
            client_secret=PASSWORD, by=make.ANA, at=timezone.now(),
        )  # fmt: skip
        self.summer = make.offer(acme, "Summer", stores=[self.store])

    def codes(self, *texts, **fields):
        """New codes, created in the store."""
        for text in texts:
            make.code(make.enrollment(self.summer), text, stores=[self.store], settled=False, **fields)
        self.look()
        assert StoreCode.objects.filter(code__text__in=texts, observed_generation=0).count() == len(texts)

    def look(self):
        """Every code is due for a look, and gets it."""
        StoreCode.objects.update(due_at=timezone.now(), next_attempt_at=None)
        return self.sync()

    def sync(self):
        Store.objects.update(paused_until=None)
        return sync_store(store_id=self.store.pk)

    def change(self, *, to_active, key):
        """A bulk change of all the offer's codes, confirmed by a person; not synced yet."""
        newest = self.summer.enrollments.order_by("-pk").values_list("pk", flat=True)[0]
        wish = Wish(self.summer, OfferPart.CODES, to_active, MemberSelection(filter=MemberFilter(), up_to=newest))
        now = timezone.now()
        plan = plan_change(wish, at=now)
        return change_offer_status(
            workspace_id=self.acme.pk, wish=wish, digest=plan.digest, key=key, by=make.ANA, at=now
        ).change


@pytest.fixture
def brand(acme, vendure, settings):
    settings.OFFERWELL_SYNC_REPLICA_LAG = 0.0
    return Brand(acme, vendure)


def counts(bulk_change):
    store = progress_of(bulk_change).to_json()["stores"][0]
    return {name: n for name, n in store.items() if n and name != "store"}
