"""What a person fills in of a member: names, e-mail, country and handles, checked before anything is stored."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from offerwell.rules.countries import country_code
from offerwell.rules.import_columns import NETWORKS
from offerwell.rules.imported_cells import OTHER_NETWORK, BadCell, Handle, email_in, handle_in, name_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MOST_HANDLES = 20
NETWORK_LABELS = {str(network): network.label for network in NETWORKS} | {OTHER_NETWORK: "Other"}


class MemberRefused(Exception):
    """The member was not changed. `problems` are sentences by field; `owners` the members who have what was typed."""

    def __init__(self, problems: Mapping[str, str], owners: Mapping[str, int] | None = None) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)
        self.owners = dict(owners or {})


@dataclass(frozen=True, slots=True)
class MemberDraft:
    """A member as filled in. `country` is a two-letter code or empty."""

    first_name: str
    last_name: str
    email: str
    country: str
    handles: tuple[Handle, ...]

    @property
    def fingerprint(self) -> str:
        """The same as long as nothing of it differs: tells a form that somebody else was faster."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


def member_draft(
    *, first_name: str, last_name: str, email: str, country: str, handles: Sequence[tuple[str, str]]
) -> MemberDraft:
    """The draft of what was typed; `handles` are (network, text), empty texts left out. Raises MemberRefused."""
    problems: dict[str, str] = {}

    def read(field: str, cell: Callable[[], str]) -> str:
        try:
            return cell()
        except BadCell as bad:
            problems[field] = str(bad)
            return ""

    draft = MemberDraft(
        first_name=read("first_name", lambda: name_in(first_name)),
        last_name=read("last_name", lambda: name_in(last_name)),
        email=read("email", lambda: email_in(email)),
        country=country_code(country) or "",
        handles=_handles(handles, problems),
    )
    if country.strip() and not draft.country:
        problems["country"] = (
            f"“{country.strip()[:60]}” is not a country. Write its name or its two letters, such as FR."
        )
    if not (draft.email or draft.handles or problems):
        problems["email"] = "Give an e-mail or a handle: a member is known by one of them."
    if problems:
        raise MemberRefused(problems)
    return draft


def _handles(typed: Sequence[tuple[str, str]], problems: dict[str, str]) -> tuple[Handle, ...]:
    """Each once, in order."""
    found: dict[tuple[str, str], Handle] = {}
    for network, text in typed:
        if network not in NETWORK_LABELS:
            problems["handles"] = "Choose the network of each handle from the list."
            continue
        try:
            handle = handle_in(text, network)
        except BadCell as bad:
            problems["handles"] = str(bad)
            continue
        if handle is not None:
            found.setdefault((handle.network, handle.key), handle)
    if len(found) > MOST_HANDLES:
        problems["handles"] = f"That is {len(found)} handles. {MOST_HANDLES} is the most."
    return tuple(found.values())
