"""The forms of a store: connect one, and give one new credentials. Secrets are never shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms

from offerwell.models import StoreKind

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND_CARDS = (
    (StoreKind.SHOPIFY, "A shop on Shopify, by an app of your own organisation."),
    (StoreKind.VENDURE, "A Vendure server, by an administrator’s login or an API key."),
    (StoreKind.SANDBOX, "A look-alike on this machine, for demos and rehearsals."),
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


class ConnectForm(CredentialsForm):
    """A store to connect."""

    label = forms.CharField(required=False)
    kind = forms.CharField(required=False)
    address = forms.CharField(required=False)
