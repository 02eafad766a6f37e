"""How many calls one sender may make in a minute; counted in the shared cache, so for all processes together."""

from __future__ import annotations

from django.core.cache import cache

MINUTE = 60


class TooManyCalls(Exception):
    """Nothing was done. In `MINUTE` seconds there is room again."""


def count_call(sender: str, *, most: int, now: float) -> None:
    """Count this one. Raises TooManyCalls where it is beyond `most` in this minute."""
    name = f"calls:{sender}:{int(now // MINUTE)}"
    cache.add(name, 0, 2 * MINUTE)
    try:
        count = cache.incr(name)
    except ValueError:
        return  # the minute ended in between
    if count > most:
        raise TooManyCalls
