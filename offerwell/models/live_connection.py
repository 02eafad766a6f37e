"""For doors that do not ask at each request whether their connection still works: a failure tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db import InterfaceError, OperationalError, connection

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


def on_live_connection(work: Callable[[], Result]) -> Result:
    """What `work` gives; once more on a new connection where the old one turns out to be broken.

    So `work` must do no harm when it was done already. Raises what it raises on a connection that works.
    """
    try:
        return work()
    except (OperationalError, InterfaceError):
        if connection.connection is None or connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
        return work()
