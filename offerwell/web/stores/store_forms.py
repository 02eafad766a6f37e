"""The forms of a store: connect one, and give one new credentials. Secrets are never shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms

from offerwell.models import StoreKind

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND_CARDS = (
    (StoreKind.SHOPIFY, "A shop on Shopify, opened by an app that you create there."),
    (StoreKind.SANDBOX, "A look-alike on this machine, for demos and rehearsals."),
)


ACCESS_CARDS = (
    ("grant", "Your own organisation’s app", "Its ID and secret open stores of the same organisation."),
    ("install", "Install by authorization", "For a store of another organisation: its staff agree at Shopify."),
)


class CredentialsForm(forms.Form):
    """A client id and its secret, or a static token. What is wrong with them is the action's to say."""

    client_id = forms.CharField(required=False, max_length=255)
    client_secret = forms.CharField(required=False, max_length=255)
    static_token = forms.CharField(required=False, max_length=255)

    def say(self, problems: Mapping[str, str]) -> None:
        """Put each sentence at its field; what is about all credentials goes to the top of them."""
        for field, sentence in problems.items():
            self.add_error(field if field in self.fields else None, sentence)


class WebhookSecretForm(forms.Form):
    """The secret of an app that the store is not connected by. What is wrong with it is the action's to say."""

    secret = forms.CharField(required=False, max_length=255)


class ConnectForm(CredentialsForm):
    """A store to connect."""

    way_in = forms.CharField(required=False)
    label = forms.CharField(required=False)
    kind = forms.CharField(required=False)
    address = forms.CharField(required=False)
