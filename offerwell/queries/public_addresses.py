"""Addresses of ours that stand in mails: whole, with the public name of this installation."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse


def public_address(name: str, *args: object) -> str:
    """The address of a view as others reach it. Empty where no public name is set."""
    return f"{settings.OFFERWELL_PUBLIC_URL}{reverse(name, args=args)}" if settings.OFFERWELL_PUBLIC_URL else ""


def portal_address() -> str:
    """Where members see their own offers."""
    return public_address("portal_home")
