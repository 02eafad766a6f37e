"""The recorded facts about windows: what activate and deactivate do to each status (design: shopify.md 1.2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.in_process import START, InProcess, sandbox

NOW, LATER, PAST, FUTURE, FAR = (
    "2026-09-21T14:13:20Z",
    "2026-09-21T15:13:20Z",
    "2026-01-01T00:00:00Z",
    "2030-01-01T00:00:00Z",
    "2031-01-01T00:00:00Z",
)
CREATE = (
    "mutation Create($input: DiscountCodeBasicInput!) { discountCodeBasicCreate(basicCodeDiscount: $input) "
    "{ codeDiscountNode { id } userErrors { field message code } } }"
)
WINDOW = "codeDiscount { ... on DiscountCodeBasic { status startsAt endsAt updatedAt } }"
SWITCH = (
    "mutation Switch($id: ID!) { discountCode%s(id: $id) { codeDiscountNode { id " + WINDOW + " } "
    "userErrors { field message code } } }"
)
READ = "query Read($id: ID!) { codeDiscountNode(id: $id) { " + WINDOW + " } }"


def terms(code: str, **more: Any) -> dict[str, Any]:
    """The smallest good input."""
    gets = {"value": {"percentage": 0.2}, "items": {"all": True}}
    return {"title": "Glow", "code": code, "startsAt": PAST, "context": {"all": "ALL"}, "customerGets": gets, **more}


def create(here: InProcess, code: str = "GLOW1", **more: Any) -> str:
    """Create a discount and answer its id."""
    payload = here.ask(CREATE, input=terms(code, **more))["data"]["discountCodeBasicCreate"]
    assert payload["userErrors"] == []
    return str(payload["codeDiscountNode"]["id"])


def window(here: InProcess, gid: str) -> dict[str, Any]:
    """Read the window of a discount."""
    found: dict[str, Any] = here.ask(READ, id=gid)["data"]["codeDiscountNode"]["codeDiscount"]
    return found


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "status"),
    [
        (PAST, None, "ACTIVE"),
        (PAST, FUTURE, "ACTIVE"),
        (PAST, "2026-02-01T00:00:00Z", "EXPIRED"),
        (FUTURE, None, "SCHEDULED"),
        (FUTURE, FAR, "SCHEDULED"),
        (NOW, NOW.replace("20Z", "21Z"), "ACTIVE"),
    ],
)
def test_status_follows_from_the_window(starts_at: str, ends_at: str | None, status: str) -> None:
    with sandbox() as here:
        found = window(here, create(here, startsAt=starts_at, endsAt=ends_at))
        assert found == {"status": status, "startsAt": starts_at, "endsAt": ends_at, "updatedAt": NOW}


@pytest.mark.parametrize(
    ("verb", "starts_at", "ends_at", "after"),
    [
        ("Deactivate", PAST, None, {"status": "EXPIRED", "startsAt": PAST, "endsAt": LATER, "updatedAt": LATER}),
        ("Deactivate", PAST, FUTURE, {"status": "EXPIRED", "startsAt": PAST, "endsAt": LATER, "updatedAt": LATER}),
        ("Deactivate", FUTURE, FAR, {"status": "EXPIRED", "startsAt": LATER, "endsAt": LATER, "updatedAt": LATER}),
        ("Deactivate", PAST, NOW, {"status": "EXPIRED", "startsAt": PAST, "endsAt": NOW, "updatedAt": NOW}),
        ("Activate", PAST, NOW, {"status": "ACTIVE", "startsAt": PAST, "endsAt": None, "updatedAt": LATER}),
        ("Activate", FUTURE, None, {"status": "ACTIVE", "startsAt": LATER, "endsAt": None, "updatedAt": LATER}),
        ("Activate", PAST, FUTURE, {"status": "ACTIVE", "startsAt": PAST, "endsAt": FUTURE, "updatedAt": NOW}),
        ("Activate", PAST, None, {"status": "ACTIVE", "startsAt": PAST, "endsAt": None, "updatedAt": NOW}),
    ],
)
def test_switching(verb: str, starts_at: str, ends_at: str | None, after: dict[str, Any]) -> None:
    with sandbox() as here:
        gid = create(here, startsAt=starts_at, endsAt=ends_at)
        here.clock.now = START + 3600
        payload = here.ask(SWITCH % verb, id=gid)["data"][f"discountCode{verb}"]
        assert payload == {"codeDiscountNode": {"id": gid, "codeDiscount": after}, "userErrors": []}
        assert window(here, gid) == after


@pytest.mark.parametrize("verb", ["Activate", "Deactivate", "Delete"])
def test_unknown_id_is_refused(verb: str) -> None:
    with sandbox() as here:
        gid = create(here)
        before = window(here, gid)
        document = SWITCH % verb
        if verb == "Delete":
            document = "mutation Delete($id: ID!) { discountCodeDelete(id: $id) { userErrors { field message code } } }"
        errors = here.ask(document, id="gid://shopify/DiscountCodeNode/0")["data"][f"discountCode{verb}"]["userErrors"]
        assert errors == [{"field": ["id"], "message": "Code discount does not exist.", "code": "INVALID"}]
        assert window(here, gid) == before


def test_window_that_ran_out_by_itself_shows_expired() -> None:
    with sandbox() as here:
        gid = create(here, endsAt=LATER)
        assert window(here, gid)["status"] == "ACTIVE"
        here.clock.now = START + 3600
        assert window(here, gid) == {"status": "EXPIRED", "startsAt": PAST, "endsAt": LATER, "updatedAt": NOW}
