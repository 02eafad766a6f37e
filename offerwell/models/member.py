"""A creator in the brand's database, with social handles, tags and groups."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from offerwell.models.workspace import WorkspaceOwned


class Member(WorkspaceOwned):
    """A creator. `email_key` is the e-mail lower-cased; `search_text` what a search looks through.

    `name_key` is the lower-cased full name, by which lists are ordered.
    """

    first_name = models.CharField(max_length=300, blank=True)
    last_name = models.CharField(max_length=300, blank=True)
    email = models.CharField(max_length=320, blank=True)
    email_key = models.CharField(max_length=320, blank=True)
    country = models.CharField(max_length=2, blank=True)
    name_key = models.CharField(max_length=600, blank=True)
    search_text = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "email_key"], condition=~models.Q(email_key=""), name="member_email_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "name_key", "id"], name="member_by_name"),
            models.Index(fields=["workspace", "country", "name_key", "id"], name="member_by_country_name"),
            # For the portal, over all workspaces. Not partial: SQLite could not prove that it may use it.
            models.Index(fields=["email_key"], name="member_by_email"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What a person reads: the full name, else the e-mail."""
        return f"{self.first_name} {self.last_name}".strip() or self.email


class MemberTally(WorkspaceOwned):
    """How many members the workspace has, counted when members were added last: a page of a million never counts."""

    members = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace"], name="member_tally_once")]


class SocialHandle(WorkspaceOwned):
    """A member's name on a network. `handle_key` has no @ and is lower-cased."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="handles")
    network = models.CharField(max_length=20)
    handle = models.CharField(max_length=120)
    handle_key = models.CharField(max_length=120)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "network", "handle_key"], name="handle_once")
        ]
        indexes: ClassVar = [models.Index(fields=["workspace", "handle_key"], name="handle_by_key")]

    def __str__(self) -> str:
        return f"@{self.handle}"


class Tag(WorkspaceOwned):
    """A label on members."""

    name = models.CharField(max_length=80)
    key = models.CharField(max_length=80)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "key"], name="tag_once")]

    def __str__(self) -> str:
        return self.name


class MemberTag(WorkspaceOwned):
    """This member carries this tag."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="tag_links")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="member_links")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tag", "member"], name="member_tag_once")]


class Group(WorkspaceOwned):
    """A saved set of members."""

    name = models.CharField(max_length=80)
    key = models.CharField(max_length=80)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "key"], name="group_once")]

    def __str__(self) -> str:
        return self.name


class GroupMember(WorkspaceOwned):
    """This member is in this group."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="member_links")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="group_links")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["group", "member"], name="group_member_once")]
