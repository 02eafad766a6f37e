"""People who work for a brand: one login, and a role in each workspace they belong to."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from offerwell.models.workspace import Workspace


class UserManager(BaseUserManager["User"]):
    """Creates users by e-mail."""

    def create_user(self, email: str, password: str | None = None, *, name: str = "") -> User:
        """Store a new user; without a password only login codes and passkeys work."""
        user = self.model(email=self.normalize_email(email).lower(), name=name)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A login. What it may do is decided by its role in a workspace, never here."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email


class Role(models.TextChoices):
    """Roles of design: owner, manager, operator, analyst."""

    OWNER = "owner", "Owner"
    MANAGER = "manager", "Manager"
    OPERATOR = "operator", "Operator"
    ANALYST = "analyst", "Analyst"


class TeamMember(models.Model):
    """A user's place in a workspace. Not scoped: it is how a request finds its workspace."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="team")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="places")
    role = models.CharField(max_length=16, choices=Role)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "user"], name="team_member_once")]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"
