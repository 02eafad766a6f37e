"""What events are about, by name: offers, stores, projects and members as they are called now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offerwell.models import Member, Offer, Project, Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from offerwell.queries.audit_page import EventRow

_NAMED = {"offer": (Offer, "name"), "store": (Store, "label"), "project": (Project, "name"), "member": (Member, "name")}

_HIGHEST = 2**63 - 1  # an altered event may name anything


def subject_names(rows: Iterable[EventRow]) -> dict[str, str]:
    """The names of what events are about, by subject ("offer:7"). A statement for each kind of thing that has names."""
    ids: dict[str, set[int]] = {}
    for row in rows:
        for subject in subjects_of(row):
            kind, _, number = subject.partition(":")
            ids.setdefault(kind, set()).add(int(number))
    names: dict[str, str] = {}
    for kind, (model, attribute) in _NAMED.items():
        found = model.objects.in_bulk(ids[kind]) if kind in ids else {}
        names |= {f"{kind}:{pk}": getattr(one, attribute) for pk, one in found.items()}
    return names


def subjects_of(row: EventRow) -> Iterator[str]:
    """The event's own subject, and what its facts name by number."""
    kind, _, number = row.event.subject.partition(":")
    if number.isascii() and number.isdigit() and int(number) <= _HIGHEST:
        yield f"{kind}:{number}"
    for name in _NAMED:
        if type(about := row.facts.get(name)) is int and 0 < about <= _HIGHEST and kind != name:
            yield f"{name}:{about}"
