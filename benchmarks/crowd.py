"""An offer with any number of members, each with a code that one store has: made by the database itself."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection
from django_scopes import scope

from offerwell.models import Offer, OfferStore, Store, Workspace

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
_FIRST = ("Nora", "Elena", "Zoe", "Lucia", "Hana", "Aisha", "Maya", "Imani", "Kofi", "Clara", "Mei", "Theo")
_LAST = ("Dubois", "Bennett", "Garcia", "Haddad", "Osei", "Chen", "Larsen", "Kaya", "Costa", "Mbeki", "Novak")


def make_crowd(size: int, *, name: str = "Crowd") -> Offer:
    """A workspace with one offer of `size` members; one in six codes is deactivated."""
    workspace = Workspace.objects.create(name=name, slug=name.lower().replace(" ", "-"), created_at=NOW)
    with scope(workspace=workspace):
        store = Store.objects.create(
            workspace=workspace,
            label="Bench",
            kind="sandbox",
            address=f"http://127.0.0.1:1/{name.lower()}",
            connected_at=NOW,
        )
        offer = Offer.objects.create(
            workspace=workspace, name="Founders Club", name_key="founders club", type="promo_code",
            discount_kind="percent", discount_value=20, created_at=NOW,
        )  # fmt: skip
        OfferStore.objects.create(workspace=workspace, offer=offer, store=store)
    _fill(workspace.pk, offer.pk, store.pk, size)
    return offer


def _fill(workspace: int, offer: int, store: int, size: int) -> None:
    now = NOW.strftime("%Y-%m-%d %H:%M:%S")
    false, true = ("false", "true") if connection.vendor == "postgresql" else ("0", "1")
    first, last = _pick(_FIRST, "n"), _pick(_LAST, "n / 12")
    with connection.cursor() as cursor:
        series = _series(size)
        cursor.execute(
            "INSERT INTO offerwell_member (workspace_id, first_name, last_name, email, email_key, country,"
            f" name_key, search_text, created_at) SELECT {workspace}, first, last, email, email, 'FR',"
            " lower(first || ' ' || last),"
            f" lower(first || ' ' || last) || ' ' || email, '{now}' FROM (SELECT n, {first} AS first, {last} AS last,"
            f" lower({first}) || '.' || n || '@example.com' AS email FROM {series}) AS people"
        )
        cursor.execute(
            "INSERT INTO offerwell_enrollment (workspace_id, offer_id, member_id, name_key, search_text, enrolled_at)"
            f" SELECT {workspace}, {offer}, id, name_key, search_text || ' c' || id, '{now}' FROM offerwell_member"
            f" WHERE workspace_id = {workspace} ORDER BY id"
        )
        cursor.execute(
            "INSERT INTO offerwell_promocode (workspace_id, offer_id, enrollment_id, is_active, last_change_id,"
            f" changed_at, created_at, text, text_key) SELECT {workspace}, {offer}, id,"
            f" CASE WHEN (id / 132) % 6 = 0 THEN {false} ELSE {true} END, 0, '{now}', '{now}', 'C' || id, 'C' || id"
            f" FROM offerwell_enrollment WHERE offer_id = {offer} ORDER BY id"
        )
        cursor.execute(
            "INSERT INTO offerwell_storecode (workspace_id, store_id, code_id, ref, generation, observed_generation,"
            " observed_status, lease_owner, attempts, last_error, problem, written_generation, written_how)"
            f" SELECT {workspace}, {store}, id, 'gid://shopify/DiscountCodeNode/' || id, 0, 0,"
            f" CASE WHEN is_active THEN 'active' ELSE 'expired' END, '', 0, '', '', -1, ''"
            f" FROM offerwell_promocode WHERE offer_id = {offer} ORDER BY id"
        )
        cursor.execute("ANALYZE")


def _series(size: int) -> str:
    if connection.vendor == "postgresql":
        return f"generate_series(1, {size}) AS series(n)"
    return f"(WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {size}) SELECT n FROM up)"


def _pick(words: tuple[str, ...], key: str) -> str:
    whens = " ".join(f"WHEN {i} THEN '{word}'" for i, word in enumerate(words))
    return f"CASE ({key}) % {len(words)} {whens} END"
