"""Arrivals at sales links: each as it came, their counts per day, and the hosts that links are served on.

The redirect door writes `Click` and `ClickSalt` with its own SQL (`tracking/clicks.py`); a test holds the two together.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.member import Member
from offerwell.models.promo_code import SalesLink
from offerwell.models.workspace import Workspace, WorkspaceOwned


class Outcome(models.TextChoices):
    """What an arrival met: a working link (a *click*), or why the link was dead (*rescued*)."""

    CLICK = "click", "Click"
    DEACTIVATED = "deactivated", "Deactivated"
    PAUSED = "paused", "Paused"
    EXPIRED = "expired", "Expired"
    SCHEDULED = "scheduled", "Scheduled"


class Click(WorkspaceOwned):
    """One arrival, stored before it was answered.

    `key` went on to the shop in the address (`ow_click`), so that an order can name it. `visitor` is the browser's
    own id where the workspace uses a cookie, else `origin`: a hash of network address and browser under a key that
    is forgotten after the day. `day` is the workspace's. `bot` says why it is no person (empty: it may be one).

    No foreign keys but ids: links and offers are never deleted, and a check would lock their rows at each click.
    """

    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    link_id = models.BigIntegerField()
    offer_id = models.BigIntegerField()
    member_id = models.BigIntegerField()
    key = models.UUIDField(unique=True)
    at = models.DateTimeField()
    day = models.DateField()
    outcome = models.CharField(max_length=12, choices=Outcome)
    visitor = models.CharField(max_length=24)
    origin = models.CharField(max_length=24)
    bot = models.CharField(max_length=10, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["link_id", "day", "visitor"], name="click_by_visitor")]


class ClickDay(WorkspaceOwned):
    """Clicks of one link on one day of the workspace, added up by the worker (`actions/count_clicks.py`).

    `clicks` are arrivals at the working link that no bot made; `uniques` of them the first of their visitor that day;
    `repeats` those within seconds of the one before. `rescued` came while the link was dead. `posted_uniques` is how
    many of the uniques the ledger knows; while they differ the row is due (`actions/post_clicks.py`).
    """

    link = models.ForeignKey(SalesLink, on_delete=models.PROTECT, db_index=False, related_name="click_days")
    offer_id = models.BigIntegerField()
    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="+")
    day = models.DateField()
    clicks = models.PositiveBigIntegerField(default=0)
    uniques = models.PositiveBigIntegerField(default=0)
    repeats = models.PositiveBigIntegerField(default=0)
    bots = models.PositiveBigIntegerField(default=0)
    rescued = models.PositiveBigIntegerField(default=0)
    posted_uniques = models.PositiveBigIntegerField(default=0, db_default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["link", "day"], name="click_day_once")]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "day"], name="click_day_by_day"),
            # As of sales: they carry what is added up.
            models.Index(fields=["offer_id", "day", "member", "workspace", "clicks"], name="click_day_of_offer"),
            models.Index(
                fields=["member", "day", "offer_id", "workspace", "clicks", "uniques", "rescued", "bots"],
                name="click_day_of_member",
            ),
            models.Index(fields=["id"], condition=~models.Q(uniques=models.F("posted_uniques")), name="click_day_due"),
        ]


class ClickMark(models.Model):
    """How far clicks are added up: one row for all workspaces. Of days before `kept_from` some are forgotten."""

    counted_to = models.BigIntegerField(default=0)
    kept_from = models.DateField(null=True, blank=True)


class ClickSalt(WorkspaceOwned):
    """The key of one day's hashes. Deleted soon after the day: then nobody can tell whose they were."""

    day = models.DateField()
    salt = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "day"], name="click_salt_once")]


class LinkHost(WorkspaceOwned):
    """A host of the brand's own that serves its links. The first one is in the addresses that members get."""

    host = models.CharField(max_length=253, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.host
