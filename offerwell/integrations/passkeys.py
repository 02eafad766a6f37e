"""Passkeys, in the words of WebAuthn: what a browser is asked to make or to sign, and whether its answer is good.

The cryptography is the library fido2's. User verification is always required: a passkey replaces a code, so the device
must have made sure who holds it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_REQUIRED = UserVerificationRequirement.REQUIRED


class PasskeyRefused(Exception):
    """The browser's answer is not one to what it was asked, or not of this passkey. The text is for a log."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`options` go to the browser as JSON, `state` stays here until its answer comes."""

    options: dict[str, Any]
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What is kept of a passkey. `credential` is its id (base64)."""

    credential: str
    public: str
    sign_count: int


def ask_to_make(site: str, *, handle: str, email: str, have: Iterable[str]) -> Asked:
    """Ask for a new passkey on `site` (a host name); authenticators that hold one of `have` decline."""
    options, state = _server(site).register_begin(
        PublicKeyCredentialUserEntity(name=email, id=bytes.fromhex(handle), display_name=email),
        [_public(text) for text in have],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=_REQUIRED,
    )
    return Asked(dict(options.public_key), state)


def made(site: str, state: Mapping[str, Any], answer: Mapping[str, Any]) -> NewPasskey:
    """The passkey that the browser made. Raises PasskeyRefused."""
    try:
        told = _server(site).register_complete(state, answer)
    except (ValueError, TypeError, KeyError, AttributeError, LookupError) as error:
        raise PasskeyRefused(str(error)) from error
    public = told.credential_data
    if public is None:
        raise PasskeyRefused("The answer holds no passkey.")
    return NewPasskey(_text(public.credential_id), _text(bytes(public)), told.counter)


def ask_to_sign(site: str) -> Asked:
    """Ask for a signature of whichever passkey the person has for `site`."""
    options, state = _server(site).authenticate_begin(user_verification=_REQUIRED)
    return Asked(dict(options.public_key), state)


def credential_of(answer: Mapping[str, Any]) -> str:
    """Which passkey the answer says it is of. Raises PasskeyRefused."""
    return _text(_read(answer).raw_id)


def signed(site: str, state: Mapping[str, Any], answer: Mapping[str, Any], *, public: str, sign_count: int) -> int:
    """The authenticator's new count, when the answer is good. Raises PasskeyRefused.

    A count that does not rise, where there is one, means that two devices hold the key.
    """
    try:
        _server(site).authenticate_complete(state, [_public(public)], answer)
    except (ValueError, TypeError, KeyError, AttributeError, LookupError) as error:
        raise PasskeyRefused(str(error)) from error
    count = _read(answer).response.authenticator_data.counter
    if (count or sign_count) and count <= sign_count:
        raise PasskeyRefused("Its count did not rise.")
    return count


def _server(site: str) -> Fido2Server:
    return Fido2Server(PublicKeyCredentialRpEntity(name="Creator Portal", id=site))


def _read(answer: Mapping[str, Any]) -> AuthenticationResponse:
    try:
        return AuthenticationResponse.from_dict(answer)
    except (ValueError, TypeError, KeyError, AttributeError, LookupError) as error:
        raise PasskeyRefused(str(error)) from error


def _text(found: bytes) -> str:
    return base64.b64encode(found).decode()


def _public(text: str) -> AttestedCredentialData:
    try:
        return AttestedCredentialData(base64.b64decode(text))
    except binascii.Error as error:
        raise PasskeyRefused("The stored passkey could not be read.") from error
