"""A creator of two brands, one who must see nothing of it, and the portal as a browser sees it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.test import Client

from offerwell.actions.sign_in_creator import creator_of, start_session
from offerwell.portal import cookies
from tests import make
from tests.web import page_words

STELLA = "stella@example.com"


def now():
    return datetime.now(UTC)


def portal_of(email, **agent):
    """A browser in which `email` is signed in."""
    client = Client(**agent)
    creator = creator_of(email, at=now())
    client.cookies[cookies.SESSION] = start_session(creator=creator, user_agent="Chrome/1 Android", at=now())
    return client


@pytest.fixture
def stella(acme):
    """A member of Acme."""
    return make.member(acme, "Stella", "Adeyemi", STELLA)


@pytest.fixture
def portal(stella):
    """Her browser."""
    return portal_of(STELLA)


def words(response):
    """What a person reads; a full stop after a name stands at the name."""
    return re.sub(r" ([.,])(?= |$)", r"\1", page_words.words(response))
