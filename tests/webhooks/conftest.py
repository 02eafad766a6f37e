"""Limits are counted outside the database: each test begins with none."""

from __future__ import annotations

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _no_calls_yet():
    cache.clear()
