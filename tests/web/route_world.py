"""A workspace with one of everything that an address can name, for tests/web/test_routes.py.

A new route joins by itself. If its address names something new, add to ARGUMENTS how to make one, or to PLAIN if it is
no row of a workspace (the test says what is missing); if its query or form names something by id (`?sel=7`), add that
to FIELDS.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from functools import cached_property

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_scopes import scope

from offerwell.actions.approve_payout import approve_payout
from offerwell.actions.ask_for_replay import ask_for_replay
from offerwell.actions.change_offer_status import change_offer_status
from offerwell.actions.draft_payout import draft_payout
from offerwell.actions.invite_person import invite_person
from offerwell.actions.schedule_change import schedule_change
from offerwell.actions.store_selection import store_selection
from offerwell.models import (
    Group,
    ImportFile,
    MessageRecipient,
    MessageTemplate,
    OfferPart,
    PendingInstall,
    SavedView,
    Statement,
    Tag,
    TeamMember,
    Webhook,
)
from offerwell.queries.payout_digest import payout_digest
from offerwell.queries.planned_change import Wish, plan_change
from offerwell.rules.permissions import Action, Actor
from offerwell.rules.schedule import schedule_times
from offerwell.rules.selection import MemberFilter, MemberSelection
from tests import make


class World:
    """A workspace, and somebody of it signed in. What an address can name is there: `arguments`."""

    def __init__(self, workspace, role="owner"):
        self.workspace, self.at = workspace, timezone.now()
        self.user = make.user(workspace, role=role)
        self.by = Actor(name=str(self.user), door="web", user_id=self.user.pk)
        self.client = Client()
        make.sign_in(self.client, self.user)
        with scope(workspace=workspace):
            self.arguments = {name: build(self) for name, build in ARGUMENTS.items()}

    def browser(self):
        """A browser in the same session, as if nothing had been opened yet."""
        client = Client(raise_request_exception=False)
        client.cookies.update(self.client.cookies)
        return client

    @cached_property
    def store(self):
        return make.store(self.workspace, static_token="the-token")

    @cached_property
    def other_shop(self):
        return make.other_shop(self.workspace)

    @cached_property
    def offer(self):
        return make.offer(self.workspace, stores=[self.store])

    @cached_property
    def enrollment(self):
        place = make.enrollment(self.offer)
        make.code(place, stores=[self.store])
        make.link(place)
        return place

    @cached_property
    def chosen(self):
        return MemberSelection(ids=(self.enrollment.member_id,))

    @cached_property
    def project(self):
        made = make.project(self.workspace)
        make.connected(made, self.offer)
        return made

    @cached_property
    def stage(self):
        stage = self.project.stages.get(kind="promo_code")
        make.placement(stage, self.enrollment.member)
        return stage

    def wish(self, part):
        return Wish(self.offer, part, to_active=False, selection=self.chosen)

    def change(self):
        wish = self.wish(OfferPart.LINKS)
        return change_offer_status(
            workspace_id=self.workspace.pk, wish=wish, digest=plan_change(wish, at=self.at).digest, key="route-world",
            by=self.by, at=self.at,
        ).change  # fmt: skip

    def schedule(self):
        wish, day = self.wish(OfferPart.CODES), (self.at + timedelta(days=30)).date()
        return schedule_change(
            workspace_id=self.workspace.pk, wish=wish, times=schedule_times(f"{day} 09:00", "", "UTC", now=self.at),
            digest=plan_change(wish, at=self.at).digest, key="route-world", by=self.by, at=self.at,
        ).schedule  # fmt: skip

    def selection(self):
        return store_selection(
            workspace_id=self.workspace.pk, offer=self.offer, selection=self.chosen, by=self.by, at=self.at
        )

    def crowd(self):
        """A selection outside an offer."""
        return store_selection(
            workspace_id=self.workspace.pk, offer=None, selection=self.chosen, by=self.by, at=self.at,
            origin=f"/projects/{self.project.pk}/",
        )  # fmt: skip

    @cached_property
    def group(self):
        return Group.objects.create(workspace=self.workspace, name="VIP", key="vip")

    @cached_property
    def tag(self):
        return Tag.objects.create(workspace=self.workspace, name="Skin", key="skin")

    def saved_view(self):
        return SavedView.objects.create(
            workspace=self.workspace, name="French", key="french", body=asdict(MemberFilter(country="FR")),
            created_at=self.at, created_by="Ana",
        )  # fmt: skip

    @cached_property
    def message(self):
        return make.draft(self.workspace, self.chosen, actor_id=self.user.pk)

    def letter(self):
        return MessageRecipient.objects.create(
            workspace=self.workspace, message=self.message, member=self.enrollment.member, state="sent"
        )

    def template(self):
        return MessageTemplate.objects.create(
            workspace=self.workspace, name="News", name_key="news", changed_at=self.at, changed_by="Ana"
        )

    def replay(self):
        return ask_for_replay(
            workspace_id=self.workspace.pk, first="link", window_days=7, since=self.at - timedelta(days=30), by=self.by,
            at=self.at,
        )  # fmt: skip

    def order(self):
        """One that is credited to the member, by its code."""
        text = self.enrollment.promocodes.get().text
        make.history(self.enrollment.promocodes.get())
        return make.recorded(self.store, make.snapshot(codes=[text]))["1"]

    @cached_property
    def payout(self):
        """An approved one, with something to pay."""
        make.payout(self.offer, is_default=True)
        place = make.enrollment(self.offer, make.member(self.workspace, "Paid"))
        make.history(make.code(place, f"PAID{self.workspace.pk}"))
        make.recorded(self.store, make.snapshot("paid", codes=[f"PAID{self.workspace.pk}"]), at=self.at)
        said = {"workspace_id": self.workspace.pk, "by": self.by, "at": max(self.at, make.NOW + timedelta(days=2))}
        run = draft_payout(last_day=make.NOW.date(), **said)
        return approve_payout(run_id=run.pk, digest=payout_digest(run), **said)

    def import_file(self, offer=None):
        """One that was imported, with rows that were not."""
        kept = default_storage.save("imports/route-world.csv", ContentFile(b"email\nnora@example.com\n"))
        return ImportFile.objects.create(
            workspace=self.workspace, purpose="codes" if offer else "members", offer=offer, user=self.user,
            name="file.csv", path=kept, rejected_path=kept, size=20, created_at=self.at,
        )  # fmt: skip

    def install(self):
        mark = salted_hmac("store-install", self.client.session.session_key, algorithm="sha256").hexdigest()
        return PendingInstall.objects.create(
            workspace=self.workspace, nonce=f"nonce-{self.workspace.pk}", session_mark=mark, user_id=self.user.pk,
            label="Shop", kind="shopify", address="shop.myshopify.com", client_id="the-id",
            client_secret="the-secret", started_at=self.at,
        )  # fmt: skip

    def shopper_request(self):
        asked = {"orders_requested": [], "customer": {"id": 9}, "data_request": {"id": 1}}
        return Webhook.objects.create(
            workspace=self.workspace, store=self.store, event_key="route-world", topic="customers/data_request",
            body=json.dumps(asked).encode(), received_at=self.at, state="kept", resource="customer:9",
        )  # fmt: skip

    def invitation(self):
        return invite_person(
            workspace_id=self.workspace.pk, email=f"new-{self.workspace.pk}@example.com", role="analyst",
            join_address=lambda token: f"https://offerwell.example/join/{token}/", by=self.by, at=self.at,
        )  # fmt: skip

    @cached_property
    def colleague(self):
        make.user(self.workspace, role="owner")  # so that anybody may leave
        return TeamMember.objects.get(user=make.user(self.workspace, role="operator"))


# What each name in an address stands for. "route:name" where a route means another thing by the same name.
ARGUMENTS = {
    "store_id": lambda world: world.store.pk,
    "shop_id": lambda world: world.other_shop.store_id,
    "offer_id": lambda world: world.offer.pk,
    "enrollment_id": lambda world: world.enrollment.pk,
    "member_id": lambda world: world.enrollment.member_id,
    "option_id": lambda world: make.payout(world.offer, name="Second").pk,
    "selection_id": lambda world: world.selection().pk,
    "schedule_id": lambda world: world.schedule().pk,
    "change_id": lambda world: world.change().pk,
    "import_id": lambda world: world.import_file().pk,
    "codes_import_file:import_id": lambda world: world.import_file(world.offer).pk,
    "codes_import_rejected:import_id": lambda world: world.import_file(world.offer).pk,
    "mark_id": lambda world: world.group.pk,
    "tag:mark_id": lambda world: world.tag.pk,
    "tag_delete:mark_id": lambda world: world.tag.pk,
    "view_id": lambda world: world.saved_view().pk,
    "mark_step:selection_id": lambda world: world.crowd().pk,
    "selected_csv:selection_id": lambda world: world.crowd().pk,
    "add_to_project:selection_id": lambda world: world.crowd().pk,
    "move_to_stage:selection_id": lambda world: world.crowd().pk,
    "skip_stage:selection_id": lambda world: world.crowd().pk,
    "remove_from_project:selection_id": lambda world: world.crowd().pk,
    "manage_project_offers:selection_id": lambda world: world.crowd().pk,
    "message_id": lambda world: world.message.pk,
    "letter_id": lambda world: world.letter().pk,
    "template_id": lambda world: world.template().pk,
    "suppression_id": lambda world: make.suppression(world.workspace, "stop@example.com").pk,
    "replay_id": lambda world: world.replay().pk,
    "order_id": lambda world: world.order().pk,
    "run_id": lambda world: world.payout.pk,
    "statement_id": lambda world: Statement.objects.get(run=world.payout).pk,
    "number": lambda world: world.install().pk,
    "request_id": lambda world: world.shopper_request().pk,
    "project_id": lambda world: world.project.pk,
    "stage_id": lambda world: world.stage.pk,
    "place_id": lambda world: world.colleague.pk,
    "invitation_id": lambda world: world.invitation().pk,
    "session_id": lambda world: make.session(world.user).pk,
    "team_session_end:session_id": lambda world: make.session(world.colleague.user).pk,
    "workspace_id": lambda world: world.workspace.pk,
}
# Names that stand for no row of a workspace: {"verb": "add-tag"}.
PLAIN: dict[str, str] = {"verb": "add-to-group", "provider": "paypal", "currency": "USD", "part": "1"}
# Routes whose view asks more of whoever posts than of whoever looks: {"project_offers": Action.EDIT_PROJECTS}.
POSTS: dict[str, Action] = {}
# What a route's query or form may name beside its address: {"compose_message": {"sel": "selection_id"}}.
FIELDS: dict[str, dict[str, str]] = {
    "change_retry": {"store": "store_id"},
    "offer_member_retry": {"store": "store_id"},
    "compose_members": {"sel": "mark_step:selection_id"},
}
