"""A real SMTP server in this process: what it took, and how it answers."""

from __future__ import annotations

import email
from email import policy

import pytest
from aiosmtpd.controller import Controller

from tests.proof.ground import free_port


class PostOffice:
    """Keeps every letter it takes. `answer(address)` decides about a recipient; "" takes it."""

    def __init__(self):
        self.letters = []
        self.answer = lambda address: ""
        self.at_data = lambda: ""

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if refusal := self.answer(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        if refusal := self.at_data():
            return refusal
        self.letters.append((envelope.rcpt_tos[0], email.message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"

    @property
    def addresses(self):
        return [to for to, _letter in self.letters]


@pytest.fixture
def post_office(settings):
    """The settings point to it."""
    office = PostOffice()
    controller = Controller(office, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "offerwell.integrations.mail_smtp.SmtpBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.OFFERWELL_MAIL_PER_SECOND = 0
    office.port = controller.port
    office.stop = controller.stop
    yield office
    if controller.server is not None:
        controller.stop(no_assert=True)


@pytest.fixture(autouse=True)
def _public(settings):
    settings.OFFERWELL_PUBLIC_URL = "https://offers.example"
