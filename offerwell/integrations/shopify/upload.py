"""A file given to the store's storage, which a bulk operation then reads: one form, the file last.

Until an operation is run on it a file does nothing, so whatever goes wrong here, no code was touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx

from offerwell.integrations.shopify.addresses import upload_address
from offerwell.integrations.store import BatchRefused

if TYPE_CHECKING:
    from offerwell.integrations.graphql.answers import Json
    from offerwell.integrations.graphql.wire import Answer

FILE_NAME = "lines.jsonl"
FILE_TYPE = "text/jsonl"
# Shopify takes 100 MB; 20 MB are some 120,000 windows or 40,000 creations, and are held in memory here.
LARGEST_FILE_BYTES = 20 * 1024 * 1024

_TAKEN = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT})
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class UploadPlace:
    """Where the store wants the file, and the form fields that prove it may go there."""

    url: str
    fields: tuple[tuple[str, str], ...]

    @property
    def key(self) -> str:
        """The name by which the store finds the file again."""
        return dict(self.fields)["key"]


def place_in(target: Json, *, loopback: bool) -> UploadPlace:
    """A staged target as the store gave it; KeyError when it is not one."""
    fields = tuple((str(field["name"]), str(field["value"])) for field in target["parameters"])
    place = UploadPlace(upload_address(str(target["url"]), loopback=loopback), fields)
    if not place.key:
        raise ValueError("a place without a key")
    return place


def as_form(place: UploadPlace, content: bytes) -> tuple[bytes, str]:
    """The form's body and its content type. The store ignores every field after the file."""
    form = httpx.Request("POST", place.url, data=dict(place.fields), files={"file": (FILE_NAME, content, FILE_TYPE)})
    return form.read(), form.headers["Content-Type"]


def judge_upload(answer: Answer) -> None:
    """Raises BatchRefused unless the file was taken; permanent where asking again would not help."""
    is_page = answer.body.lstrip()[:9].lower().startswith((b"<!doctype", b"<html"))
    if answer.status in _TAKEN and not is_page:
        return
    what = "a web page" if is_page and answer.status in _TAKEN else f"HTTP {answer.status}"
    is_passing = is_page or answer.status in _PASSING or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    raise BatchRefused(
        f"The store's storage did not take the file of changes ({what}). Nothing was changed.",
        permanent=not is_passing,
        retry_after=answer.retry_after,
    )
