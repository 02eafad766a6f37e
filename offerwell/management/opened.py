"""The workspace, offer or change a command is about, from what a person typed."""

from __future__ import annotations

import getpass
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from offerwell.management.refusal import Refused
from offerwell.rules.permissions import Action, Actor, may

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from offerwell.models import BulkChange, Offer, Store, User, Workspace

workspace_option = click.option(
    "--workspace",
    "workspace_slug",
    metavar="SLUG",
    envvar="OFFERWELL_WORKSPACE",
    help="Which workspace, when there are several.",
)


def set_up_django() -> None:
    """Settings and tables. Late, so that `--help` answers at once."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "offerwell.settings")
    import django

    django.setup()


def now() -> datetime:
    """The moment this door passes on as `at=`."""
    from django.utils import timezone

    return timezone.now()


def acting_person() -> Actor:
    """The person OFFERWELL_AS names; else whoever is logged in on this machine: access to it is access to the data."""
    person = _named_person()
    if person is not None:
        return Actor(name=str(person), door="cli", user_id=person.pk)
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"user {os.getuid()}"
    return Actor(name=f"{name} (command line)", door="cli")


def _named_person() -> User | None:
    from offerwell.models import User

    email = os.environ.get("OFFERWELL_AS", "").strip().lower()
    if not email:
        return None
    person = User.objects.filter(email=email, is_active=True).first()
    if person is None:
        raise Refused(f"There is no login “{email}”.", "Correct OFFERWELL_AS, or unset it to act for this machine.")
    return person


def require(action: Action, workspace: Workspace) -> None:
    """Refuse what the role of the person OFFERWELL_AS names does not allow."""
    from offerwell.models import TeamMember

    person = _named_person()
    if person is None:
        return
    place = TeamMember.objects.get(workspace=workspace, user=person)
    if not may(place.role, action):
        sentence = f"Your role does not allow this: {person.email} is {place.role} of “{workspace.name}”."
        raise Refused(sentence, "Nothing was changed. Ask an owner to do it, or to change your role.")


def operators_only() -> None:
    """Refuse a command that is about no workspace, or about all, to a person OFFERWELL_AS names."""
    if os.environ.get("OFFERWELL_AS", "").strip():
        raise Refused("This is for whoever runs this machine, not for one person.", "Unset OFFERWELL_AS to do it.")


@contextmanager
def opened_workspace(slug: str | None, action: Action = Action.EDIT_TEAM) -> Iterator[Workspace]:
    """The workspace, with every query inside bound to it. Refuses a person whose role may not do `action`.

    Every command says its action (a guard test looks); one that forgot would be for owners.
    """
    set_up_django()
    from django_scopes import scope

    workspace = _workspace(slug)
    require(action, workspace)
    with scope(workspace=workspace):
        yield workspace


def _workspace(slug: str | None) -> Workspace:
    from offerwell.models import Workspace

    person = _named_person()
    known = Workspace.objects.filter(team__user=person) if person else Workspace.objects.all()
    listed = list((known.filter(slug=slug) if slug else known).order_by("slug")[:2])
    if len(listed) == 1:
        return listed[0]
    slugs = list(known.order_by("slug").values_list("slug", flat=True)[:20])
    if not slugs:
        raise _no_workspace(person)
    if slug:
        raise Refused(f"There is no workspace “{slug}”.", f"Use one of: {', '.join(slugs)}.")
    raise Refused("There are several workspaces.", f"Say which with --workspace: {', '.join(slugs)}.")


def _no_workspace(person: User | None) -> Refused:
    if person is not None:
        return Refused(f"{person.email} belongs to no workspace.", "Ask an owner to invite this person.")
    next_step = (
        "Create one with `offerwell workspaces create NAME --owner EMAIL`, or run `offerwell demo` for a sample."
    )
    return Refused("There is no workspace yet.", next_step)


def find_offer(text: str) -> Offer:
    """By name, whatever its case; else by id. A name that is a number wins over an id."""
    from offerwell.models import Offer

    named = Offer.objects.filter(name_key=text.strip().lower()).first()
    if named is None and text.isascii() and text.isdigit() and len(text) < 19:  # noqa: PLR2004  a 64-bit id
        named = Offer.objects.filter(pk=int(text)).first()
    if named is None:
        raise Refused(f"There is no offer “{text}” in this workspace.", _offers_to_choose_from())
    return named


def _offers_to_choose_from() -> str:
    from offerwell.models import Offer

    names = list(Offer.objects.order_by("name_key").values_list("name", flat=True)[:10])
    if not names:
        return "Create one with `offerwell offers create`."
    return f"Use one of: {', '.join(names)}. All are in `offerwell offers list`."


def find_store(text: str) -> Store:
    """By name, whatever its case; else by address or id."""
    from offerwell.models import Store

    text = text.strip()
    found: Store | None = Store.objects.filter(label__iexact=text).first() or Store.objects.filter(address=text).first()
    if found is None and text.isascii() and text.isdigit() and len(text) < 19:  # noqa: PLR2004  a 64-bit id
        found = Store.objects.filter(pk=int(text)).first()
    if found is not None:
        return found
    names = list(Store.objects.order_by("label").values_list("label", flat=True)[:10])
    next_step = f"Use one of: {', '.join(names)}." if names else "Connect one in Settings › Stores."
    raise Refused(f"There is no store “{text}” in this workspace.", next_step)


def find_change(number: int) -> BulkChange:
    """A bulk change of this workspace."""
    from offerwell.models import BulkChange

    change = BulkChange.objects.select_related("offer").filter(pk=number).first()
    if change is None:
        raise Refused(f"There is no change {number} in this workspace.", "See `offerwell changes list`.")
    return change
