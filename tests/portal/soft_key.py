"""An authenticator in Python: makes passkeys and signs with them, as a phone would."""

from __future__ import annotations

import json
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

FLAGS = AuthenticatorData.FLAG


class SoftKey:
    """One passkey. `verifies` is whether it makes sure who holds it."""

    def __init__(self, site="testserver", origin="https://testserver"):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(32)
        self.site, self.origin, self.count, self.verifies = site, origin, 0, True

    def made(self, options):
        """The answer to `navigator.credentials.create`."""
        public = AttestedCredentialData.create(b"\0" * 16, self.id, ES256.from_cryptography_key(self.key.public_key()))
        told = AuthenticatorData.create(self._site_hash(), self._flags() | FLAGS.AT, self.count, public)
        response = {
            "clientDataJSON": self._client("webauthn.create", options["challenge"]),
            "attestationObject": websafe_encode(bytes(AttestationObject.create("none", told, {}))),
        }
        return json.dumps(self._answer(response))

    def signed(self, options):
        """The answer to `navigator.credentials.get`."""
        self.count += 1
        told = AuthenticatorData.create(self._site_hash(), self._flags(), self.count)
        client = self._client_bytes("webauthn.get", options["challenge"])
        signature = self.key.sign(bytes(told) + sha256(client), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": websafe_encode(client), "authenticatorData": websafe_encode(bytes(told)),
            "signature": websafe_encode(signature),
        }  # fmt: skip
        return json.dumps(self._answer(response))

    def _answer(self, response):
        return {"id": websafe_encode(self.id), "rawId": websafe_encode(self.id), "type": "public-key",
                "clientExtensionResults": {}, "response": response}  # fmt: skip

    def _site_hash(self):
        return sha256(self.site.encode())

    def _flags(self):
        return FLAGS.UP | (FLAGS.UV if self.verifies else FLAGS(0))

    def _client_bytes(self, kind, challenge):
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _client(self, kind, challenge):
        return websafe_encode(self._client_bytes(kind, challenge))
