"""Placeholders by an allow-list, filled once; markup that can only make harmless HTML."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offerwell.rules.merge_fields import FIELDS, Field, field_problem, fields_in, merged, merged_subject
from offerwell.rules.message_markup import as_html, as_text
from offerwell.rules.message_templates import STARTERS, starter_for

NORA = {"first_name": "Nora", "code": "NORA20", "codes": "NORA20, NORA30", "link": "https://x.example/l/a?b=1&c=2"}
_TAGS = re.compile(r"</?(?:p|br|ul|li|strong|em|code|bdi|a)(?: href=\"https?://[^\"<>\s]*\")?>")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Hi {first_name}", "Hi Nora"),
        ("Hi {last_name|there}, {first_name|there}", "Hi there, Nora"),
        ("Hi {last_name}!", "Hi !"),
        ("{ first_name }", "Nora"),
        ("{0.__class__} {} { {first_name} %s {1}", "{0.__class__} {} { Nora %s {1}"),
        ("{frist_name}", "{frist_name}"),
    ],
)
def test_fields_are_filled_and_all_else_stays_as_it_is(text, filled):
    assert merged(text, NORA) == filled


def test_what_a_value_holds_is_never_read_again():
    evil = {"first_name": "{code} {{code}} {% now %} **b** [x](https://evil.example)", "code": "SECRET"}
    assert merged("{first_name}", evil) == evil["first_name"]
    assert as_text("{first_name}", evil) == evil["first_name"]
    assert as_html("{first_name}", evil) == f"<p><bdi>{evil['first_name']}</bdi></p>"


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("Hi {frist_name}", "{frist_name} is no field. The fields are {first_name}, {last_name},"),
        ("{a} {b} {a}", "{a}, {b} are no fields."),
        ("{x.__class__}", "{x.__class__} is no field."),
        ("{self.request.user.password}", "{self.request.user.password} is no field."),
        ("{{ member.email }}", "Double braces"),
        ("{% for a in b %}", "Double braces"),
        ("{First_Name}", "{First_Name} is no field."),
    ],
)
def test_what_is_meant_as_a_field_and_is_none_is_told(text, begins):
    assert field_problem(text).startswith(begins)


@pytest.mark.parametrize("text", ["", "plain", "{0.__class__}", "{first_name|}", "100% {", "} {first_name|a b}"])
def test_what_is_no_problem(text):
    assert field_problem(text) == ""


def test_the_fields_of_a_text_once_with_their_fallbacks():
    assert fields_in("{code} {first_name|you} {code} {nope}") == (Field("code"), Field("first_name", "you"))


def test_a_subject_is_one_line_without_control_characters():
    values = {"first_name": "Nora\r\nBcc: all@example.com\x00\x85\u2028", "last_name": "x" * 400}
    assert merged_subject("Hi {first_name}\n", values) == "Hi Nora Bcc: all@example.com"
    assert len(merged_subject("{last_name}", values)) == 250


@pytest.mark.parametrize(
    ("body", "html", "text"),
    [
        ("a\nb\n\nc", "<p>a<br>b</p>\n<p>c</p>", "a\nb\n\nc"),
        ("Hi:\n- **one**\n- *two*", "<p>Hi:</p>\n<ul><li><strong>one</strong></li><li><em>two</em></li></ul>",
         "Hi:\n\n- one\n- two"),
        ("[Go]({link})", '<p><a href="https://x.example/l/a?b=1&amp;c=2">Go</a></p>',
         "Go: https://x.example/l/a?b=1&c=2"),
        ("See https://e.com/a?x=1&y=2.", '<p>See <a href="https://e.com/a?x=1&amp;y=2">https://e.com/a?x=1&amp;y=2</a>.</p>',
         "See https://e.com/a?x=1&y=2."),
        ("[x](javascript:alert)", "<p>[x](javascript:alert)</p>", "[x](javascript:alert)"),
        ("[x](//evil.example)", "<p>[x](//evil.example)</p>", "[x](//evil.example)"),
        ("[{link}](https://e.com)", '<p><a href="https://e.com">https://x.example/l/a?b=1&amp;c=2</a></p>',
         "https://x.example/l/a?b=1&c=2: https://e.com"),
        ("{codes}", "<p><code>NORA20</code>, <code>NORA30</code></p>", "NORA20, NORA30"),
        ("{links|no & link}", "<p>no &amp; link</p>", "no & link"),
        ("<script>alert('1')</script>", "<p>&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;</p>",
         "<script>alert('1')</script>"),
        ("[x](https://e.com/?m={first_name})", '<p><a href="https://e.com/?m=Nora">x</a></p>', "x: https://e.com/?m=Nora"),
    ],
)  # fmt: skip
def test_markup(body, html, text):
    assert (as_html(body, NORA), as_text(body, NORA)) == (html, text)


def test_a_link_that_is_no_web_address_is_no_link():
    assert as_html("[x]({link})", {"link": "javascript:alert(1)"}) == "<p>x</p>"
    assert as_html("{link}", {"link": 'https://e.com/"onclick=x'}) == "<p>e.com/&quot;onclick=x</p>"


_PIECES = [*"ab{}|[]()*-<>\"'&\n :/.", "{first_name}", "{link}", "https://", "javascript:"]
_TEXT = st.lists(st.sampled_from(_PIECES)).map("".join)


@settings(max_examples=300, deadline=None)
@given(_TEXT, _TEXT)
def test_nothing_but_known_tags_ever_comes_out(body, value):
    html = as_html(body, {"first_name": value, "link": value, "code": value})
    left = _TAGS.sub("", html)
    assert "<" not in left
    assert ">" not in left


@pytest.mark.parametrize("piece", ["[", "**", "*", "{first_name|", "https://", "[a](", "- ", "{{", "*a"])
def test_no_text_takes_long(piece):
    began = time.perf_counter()
    body = (piece * 20_000)[:20_000]
    field_problem(body)
    as_html(body, NORA)
    assert time.perf_counter() - began < 2


def test_the_starters_use_fields_that_there_are():
    problems = {one.key: field_problem(one.subject) + field_problem(one.body) for one in STARTERS}
    assert set(problems.values()) == {""}
    assert starter_for("status", "links", to_active=True).key == "link-activated"
    assert starter_for("refresh", "codes", to_active=False).key == "new-code"
    assert starter_for("payout", "members", to_active=False).key == "new-payout"
    assert len(FIELDS) == 11
