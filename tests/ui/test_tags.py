"""The tags every screen is made of: words, shapes, numbers, times, addresses, fields."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from offerwell.ui.status_look import look_of


def rendered(markup: str, **context: object) -> str:
    """The markup with our builtin tags."""
    return Template(markup).render(Context(context))


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("active", "Active"), ("deactivated", "Deactivated"), ("scheduled", "Scheduled"), ("expired", "Expired"),
        ("paused", "Paused"), ("updating", "Updating"), ("checking", "Checking"), ("failed", "Failed"),
        ("drifted", "Differs in store"),
    ],
)  # fmt: skip
def test_every_status_has_its_word(status: str, word: str) -> None:
    """Colour is never alone."""
    assert look_of(status).word == word


def test_deactivated_is_a_ring_and_a_word() -> None:
    """Without a part: the dot."""
    expected = '<span class="badge "><span class="dot"></span>Deactivated</span>'
    assert rendered('{% status_badge "deactivated" %}') == expected


def test_a_part_is_named_for_those_who_cannot_see_its_icon() -> None:
    """Two-part offers show two badges."""
    shown = rendered('{% status_badge "active" "links" %}')
    assert shown.endswith('#link"></use></svg><span class="sr-only">Link: </span>Active</span>')


def test_a_reason_cannot_leave_its_attribute() -> None:
    """Reasons come from stores."""
    shown = rendered('{% status_badge "failed" reason=reason %}', reason='"><script>')
    assert 'title="&quot;&gt;&lt;script&gt;"' in shown


def test_the_same_name_has_the_same_colour() -> None:
    """First and last name's letters; the name is escaped."""
    first = rendered("{% avatar name %}", name="Nora de Boer")
    assert first == rendered("{% avatar name %}", name="Nora de Boer")
    assert first.endswith('aria-hidden="true">NB</span>')
    assert rendered("{% avatar name %}", name="<b> <i>").endswith('aria-hidden="true">&lt;&lt;</span>')


def test_numbers() -> None:
    """Separators, real plurals, an en dash for nothing."""
    assert rendered("{{ n|grouped }} {{ nothing|grouped }}", n=1_000_000, nothing=None) == "1,000,000 –"
    assert rendered('{% count 1 "code" "codes" %}, {% count 1249 "code" "codes" %}') == "1 code, 1,249 codes"


@pytest.mark.parametrize(
    ("since", "told"),
    [
        (timedelta(seconds=20), "just now"), (timedelta(minutes=5), "5m ago"), (timedelta(hours=23), "23h ago"),
        (timedelta(days=4), "4d ago"), (timedelta(days=30), "30d ago"),
    ],
)  # fmt: skip
def test_ago(since: timedelta, told: str) -> None:
    """Up to 30 days as a distance."""
    assert rendered("{% ago moment %}", moment=timezone.now() - since).endswith(f">{told}</time>")


def test_older_than_30_days_is_a_day() -> None:
    """Then the date says more."""
    moment = timezone.now() - timedelta(days=31)
    assert "ago" not in rendered("{% ago moment %}", moment=moment)
    assert f'datetime="{moment.isoformat()}"' in rendered("{% ago moment %}", moment=moment)


def test_querystring_with_keeps_the_other_fields() -> None:
    """None takes a field out."""
    request = RequestFactory().get("/?q=nora&after=x")
    assert rendered("{% querystring_with after=None view='all' %}", request=request) == "?q=nora&amp;view=all"


def test_an_address_that_does_not_exist_is_not_shown() -> None:
    """No dead links in the sidebar."""
    assert rendered('{% nav_link "no_such_view" "Payouts" icon="store" %}') == ""


class _Form(forms.Form):
    name = forms.CharField(help_text="Members see it.")


def test_a_field_is_wired_to_its_hint_and_error() -> None:
    """Screen readers hear both."""
    form = _Form({"name": ""})
    assert not form.is_valid()
    shown = rendered("{% field form.name %}", form=form)
    assert 'aria-describedby="id_name-hint id_name-error"' in shown
    assert '<p class="hint" id="id_name-hint">Members see it.</p>' in shown
    assert 'aria-invalid="true"' in shown
    assert "<p>This field is required.</p>" in shown


def test_a_time_says_that_it_is_utc_until_the_script_has_put_in_the_readers_zone() -> None:
    """Without JavaScript it stays."""
    moment = datetime(2026, 11, 3, 23, 30, tzinfo=ZoneInfo("Europe/Paris"))
    head = '<time datetime="2026-11-03T23:30:00+01:00"'
    assert rendered("{% when moment %}", moment=moment) == f'{head} data-local="exact">3 Nov 2026, 22:30 UTC</time>'
    assert rendered('{% when moment "day" %}', moment=moment) == f'{head} data-local="day">3 Nov 2026</time>'
