"""The book of discounts: every discount of the shop, found by number and by code, and the changes allowed to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from offerwell.sandbox import checks
from offerwell.sandbox.checks import UserError
from offerwell.sandbox.discounts import Discount, Kind, RedeemCode, share_terms

ID_STEP = 32_768  # real ids grow by this step
KEPT_DELETED = 1000  # only for stale reads
OUTSIDE_TERMS = frozenset({"title", "code", "startsAt", "endsAt", "tags"})


class Change(StrEnum):
    """What happened to a discount."""

    CREATED = "create"
    UPDATED = "update"
    DELETED = "delete"


Listener = Callable[[Change, Discount], None]


class DiscountBook:
    """All discounts of the shop; every change passes here and is told to the listeners."""

    def __init__(self, clock: Callable[[], float], first_number: int = 1_640_000_000_000) -> None:
        """Start empty; the clock answers seconds since 1970."""
        self.clock = clock
        self.next_number = first_number
        self.by_number: dict[int, Discount] = {}
        self.by_code: dict[str, Discount] = {}
        self.by_redeem_number: dict[int, Discount] = {}
        self.deleted_until: dict[int, tuple[float, Discount]] = {}
        self.listeners: list[Listener] = []

    def number(self) -> int:
        """Give out the next id number."""
        self.next_number += ID_STEP
        return self.next_number

    def find(self, gid: str, node_types: tuple[str, ...] = ("DiscountCodeNode",)) -> Discount | None:
        """Find a discount by its global id, if that id is of one of the types."""
        for node_type in node_types:
            number = gid.removeprefix(f"gid://shopify/{node_type}/")
            found = self.by_number.get(int(number)) if number.isdigit() else None
            if found is not None and found.kind.node_type in node_types:
                return found
        return None

    def find_code(self, code: str) -> Discount | None:
        """Find the discount that has this code; case does not matter [recorded]."""
        return self.by_code.get(code.lower())

    def __iter__(self) -> Iterator[Discount]:
        """Go through all discounts in the order of their ids."""
        return iter(self.by_number.values())

    # ---- create and update -------------------------------------------------

    def create(self, kind: Kind, root: str, given: Mapping[str, Any]) -> Discount | list[UserError]:
        """Create a discount, or answer why not (then nothing has changed)."""
        now = int(self.clock())
        starts_at = given.get("startsAt")
        starts_at = now if starts_at is None else starts_at
        errors = list(checks.check_title(root, given))
        if kind.has_codes:
            errors += self.check_new_code(root, given.get("code"))
        errors += checks.check_dates(root, starts_at, given.get("endsAt"))
        errors += checks.check_terms(root, given)
        errors += checks.check_kind(kind.value, root, given)
        if kind.value.endswith("Bxgy"):
            errors += checks.check_bxgy_is_whole(root, given)
        if errors:
            return errors
        return self.add(kind, given, starts_at, now)

    def add(self, kind: Kind, given: Mapping[str, Any], starts_at: int, now: int) -> Discount:
        """Enter a checked discount."""
        terms = {key: value for key, value in given.items() if key not in OUTSIDE_TERMS}
        discount = Discount(
            number=self.number(),
            kind=kind,
            title=given["title"],
            starts_at=starts_at,
            ends_at=given.get("endsAt"),
            created_at=now,
            updated_at=now,
            terms=share_terms(terms),
            tags=tuple(given.get("tags") or ()),
        )
        if kind.has_codes:
            discount.codes.append(RedeemCode(self.number(), given["code"]))
        self.enter(discount)
        self.tell(Change.CREATED, discount)
        return discount

    def enter(self, discount: Discount) -> None:
        """Put a discount into the indexes (also used when a saved state is read)."""
        self.by_number[discount.number] = discount
        for redeem_code in discount.codes:
            self.by_code[redeem_code.code.lower()] = discount
            self.by_redeem_number[redeem_code.number] = discount
        highest = max([discount.number, *(item.number for item in discount.codes)])
        self.next_number = max(self.next_number, highest)

    def check_new_code(self, root: str, code: str | None, owner: Discount | None = None) -> list[UserError]:
        """Refuse a malformed code or one that another discount has (shop-wide; case-insensitive is assumed)."""
        errors = list(checks.check_code(root, code))
        holder = self.by_code.get((code or "").lower())
        if not errors and holder is not None and holder is not owner:
            errors.append(UserError((root, "code"), "Code must be unique. Please try a different code.", "TAKEN"))
        return errors

    def update(self, gid: str, kind: Kind, root: str, given: Mapping[str, Any]) -> Discount | list[UserError]:
        """Change the given fields; a discount of another kind silently becomes this kind [recorded]."""
        discount = self.find(gid, (kind.node_type,))
        if discount is None:
            return [UserError(("id",), "Discount does not exist")]
        errors = self.check_update(discount, root, given) + list(checks.check_kind(kind.value, root, given))
        if errors:
            return errors
        now = self.clock()
        discount.remember(now)
        discount.kind = kind
        self.change_fields(discount, given)
        discount.updated_at = int(now)
        self.tell(Change.UPDATED, discount)
        return discount

    def check_update(self, discount: Discount, root: str, given: Mapping[str, Any]) -> list[UserError]:
        """Refuse what create refuses, and a new code on a discount that has several [recorded]."""
        if len(discount.codes) > 1 and "code" in given:
            return [UserError(("id",), "Cannot update the code of a bulk discount.")]
        errors = list(checks.check_title(root, given)) if "title" in given else []
        if "code" in given and discount.kind.has_codes:
            errors += self.check_new_code(root, given["code"], discount)
        starts_at, ends_at = planned_window(discount, given)
        if "startsAt" in given or "endsAt" in given:
            errors += checks.check_dates(root, starts_at, ends_at)
        return errors + list(checks.check_terms(root, given))

    def change_fields(self, discount: Discount, given: Mapping[str, Any]) -> None:
        """Write the given fields; the redeem code keeps its id when its text changes [recorded]."""
        discount.starts_at, discount.ends_at = planned_window(discount, given)
        discount.title = given.get("title", discount.title)
        if "tags" in given:
            discount.tags = tuple(given["tags"] or ())
        fresh = {key: value for key, value in given.items() if key not in OUTSIDE_TERMS}
        discount.terms = share_terms({**discount.terms, **fresh})
        if given.get("code") and discount.codes:
            self.rename_code(discount, discount.codes[0], given["code"])

    def rename_code(self, discount: Discount, redeem_code: RedeemCode, code: str) -> None:
        """Give a redeem code another text."""
        self.by_code.pop(redeem_code.code.lower(), None)
        redeem_code.code = code
        self.by_code[code.lower()] = discount

    # ---- switch and delete -------------------------------------------------

    def activate(self, discount: Discount) -> None:
        """Open the window, if it is not open."""
        if discount.activate(self.clock()):
            self.tell(Change.UPDATED, discount)

    def deactivate(self, discount: Discount) -> None:
        """Close the window, if it is not closed."""
        if discount.deactivate(self.clock()):
            self.tell(Change.UPDATED, discount)

    def delete(self, discount: Discount) -> None:
        """Take a discount and its codes out of the book."""
        del self.by_number[discount.number]
        for redeem_code in discount.codes:
            self.by_code.pop(redeem_code.code.lower(), None)
            self.by_redeem_number.pop(redeem_code.number, None)
        self.deleted_until[discount.number] = (self.clock(), discount)
        if len(self.deleted_until) > KEPT_DELETED:
            del self.deleted_until[next(iter(self.deleted_until))]
        self.tell(Change.DELETED, discount)

    def retag(self, discount: Discount, tags: Iterable[str], *, add: bool) -> None:
        """Add or remove tags; beyond five nothing is added (assumed: a job has nowhere to report it)."""
        wanted = [tag for tag in discount.tags if add or tag not in set(tags)]
        wanted += [tag for tag in dict.fromkeys(tags) if add and tag not in wanted]
        if tuple(wanted) == discount.tags or len(wanted) > checks.MAX_TAGS:
            return
        discount.tags = tuple(wanted)
        discount.updated_at = int(self.clock())
        self.tell(Change.UPDATED, discount)

    # ---- codes of a discount -----------------------------------------------

    def add_code(self, discount: Discount, code: str) -> RedeemCode | str:
        """Add a code, or answer the reason in the words of a bulk creation."""
        fault = checks.code_fault(code)
        if fault:
            return fault[0]
        if code.lower() in self.by_code:
            return "must be unique. Please try a different code."
        redeem_code = RedeemCode(self.number(), code)
        discount.codes.append(redeem_code)
        self.by_code[code.lower()] = discount
        self.by_redeem_number[redeem_code.number] = discount
        return redeem_code

    def remove_codes(self, discount: Discount, numbers: frozenset[int]) -> None:
        """Remove codes; a discount may be left without any (assumed)."""
        for redeem_code in [item for item in discount.codes if item.number in numbers]:
            discount.codes.remove(redeem_code)
            self.by_code.pop(redeem_code.code.lower(), None)
            self.by_redeem_number.pop(redeem_code.number, None)
        self.touch(discount)

    def touch(self, discount: Discount) -> None:
        """Note that the codes of a discount changed."""
        discount.updated_at = int(self.clock())
        self.tell(Change.UPDATED, discount)

    def tell(self, change: Change, discount: Discount) -> None:
        """Tell every listener of a change."""
        for listener in self.listeners:
            listener(change, discount)


def planned_window(discount: Discount, given: Mapping[str, Any]) -> tuple[int, int | None]:
    """Answer the window a discount has once the given fields are written."""
    starts_at = given.get("startsAt")
    ends_at = given.get("endsAt", discount.ends_at)
    return (discount.starts_at if starts_at is None else starts_at), ends_at
