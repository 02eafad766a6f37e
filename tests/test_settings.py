"""Settings that only show themselves behind a TLS proxy."""

from __future__ import annotations

import pytest
from django.test import Client


@pytest.mark.django_db
def test_with_https_only_the_two_probes_answer_in_clear(settings):
    settings.SECURE_SSL_REDIRECT = True
    client = Client()
    assert client.get("/healthz").json() == {"state": "ok"}
    assert client.get("/readyz").status_code in {200, 503}
    for address in ("/", "/account/login/", "/healthz/", "/readyzz", "/x/healthz"):
        answer = client.get(address)
        assert (answer.status_code, answer["Location"]) == (301, f"https://testserver{address}")
    assert client.get("/account/login/", headers={"X-Forwarded-Proto": "https"}).status_code == 301  # not trusted here
