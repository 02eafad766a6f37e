"""Providers by their API: what each answer means for the letter. Against a real HTTP server that answers as told."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from offerwell.integrations.mail import Letter, MailError, MailFateUnknown, hand_over
from tests.proof.ground import free_port

LETTER = Letter("nora@example.com", "Hi", "Text", "<p>Text</p>", headers={"List-Unsubscribe": "<https://o.example/u>"})


class Provider(HTTPServer):
    status, body, hangs_up = 200, {}, False


class _Api(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.got = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.hangs_up:
            return
        body = json.dumps(self.server.body).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


@pytest.fixture
def provider(settings):
    server = Provider(("127.0.0.1", 0), _Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "key", "POSTMARK_API_URL": f"http://127.0.0.1:{server.server_port}/",
    }  # fmt: skip
    yield server
    server.shutdown()
    server.server_close()


def taken():
    return {"ErrorCode": 0, "Message": "OK", "MessageID": "pm-7", "To": "nora@example.com", "SubmittedAt": "x"}


def test_a_letter_it_takes_has_its_own_id(provider):
    provider.body = taken()
    assert hand_over(LETTER) == "pm-7"
    assert provider.got["To"] == "nora@example.com"
    assert {"Name": "List-Unsubscribe", "Value": "<https://o.example/u>"} in provider.got["Headers"]


@pytest.mark.parametrize(
    ("status", "is_permanent", "stops_all"),
    [(401, False, True), (403, False, True), (429, False, True), (503, False, True), (413, True, False)],
)
def test_a_refusal_says_whether_it_is_about_the_letter(provider, status, is_permanent, stops_all):
    provider.status, provider.body = status, {"ErrorCode": 10, "Message": "no"}
    with pytest.raises(MailError) as refused:
        hand_over(LETTER)
    assert (refused.value.is_permanent, refused.value.stops_all) == (is_permanent, stops_all)


def test_an_error_of_the_provider_or_no_answer_leaves_the_fate_unknown(provider):
    provider.status = 500
    with pytest.raises(MailFateUnknown):
        hand_over(LETTER)
    provider.hangs_up = True
    with pytest.raises(MailFateUnknown):
        hand_over(LETTER)


def test_a_provider_that_cannot_be_reached_took_nothing(provider, settings):
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "key", "POSTMARK_API_URL": f"http://127.0.0.1:{free_port()}/"}
    with pytest.raises(MailError) as away:
        hand_over(LETTER)
    assert (away.value.is_permanent, away.value.stops_all) == (False, True)
