"""Argon2id at 19 MiB, OWASP's second choice.

A quarter of Django's default memory, so that a burst of sign-ins cannot exhaust a small server (trust §9, V11).
"""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2id(Argon2PasswordHasher):
    """t=2, m=19 MiB, p=1."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
