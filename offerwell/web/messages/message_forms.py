"""The small forms around messages."""

from __future__ import annotations

from django import forms

from offerwell.actions.keep_message_draft import LONGEST_BODY, LONGEST_SUBJECT


class TemplateForm(forms.Form):
    """A template. What is wrong with its fields is the action's to say."""

    name = forms.CharField(max_length=120)
    subject = forms.CharField(max_length=LONGEST_SUBJECT, required=False)
    body = forms.CharField(
        max_length=LONGEST_BODY, required=False, label="Message", widget=forms.Textarea(attrs={"rows": 12})
    )


class MailSettingsForm(forms.Form):
    """How messages are signed."""

    sender_name = forms.CharField(
        max_length=120, required=False, label="Sender name", help_text="Empty: the name of your workspace."
    )
    reply_to = forms.EmailField(
        max_length=320, required=False, label="Reply to", help_text="Where answers of members go."
    )
    postal_address = forms.CharField(
        max_length=300, required=False, label="Postal address", widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Stands below each message. Many countries require it of mail to many.",
    )  # fmt: skip


class SuppressionForm(forms.Form):
    """An address to add. Whether it is one is the action's to say."""

    address = forms.CharField(max_length=320, label="E-mail address")
    note = forms.CharField(max_length=300, required=False, label="Why")
