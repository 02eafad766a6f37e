"""What a message may look like: paragraphs, lists, **bold**, *italic*, [links](https://…). Written as HTML or as text.

The markup is read in the text the author wrote; what fields bring in is escaped and never read as markup. The HTML
holds p, br, ul, li, strong, em, code, bdi and a with an http(s) address: nothing else can come out.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from offerwell.rules.merge_fields import merged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_INLINE = re.compile(
    r"\[(?P<label>[^\[\]\n]{1,200})\]\((?P<target>[^()\s]{1,2000})\)"
    r"|\*\*(?P<bold>[^*\n]{1,2000})\*\*"
    r"|\*(?P<italic>[^*\s][^*\n]{0,2000})\*"
    r"|(?P<address>https?://[^\s<>{}\"*\[\]()]{1,2000})"
)
_WEB = re.compile(r"https?://[^\s<>\"]+")
_ADDRESS_FIELDS = {"{link}": "link", "{portal_link}": "portal_link"}
_NAMES = frozenset({"first_name", "last_name", "full_name"})
_BULLET = re.compile(r"[-*•][ \t]+")


def as_html(body: str, values: Mapping[str, str]) -> str:
    """The body as an HTML fragment."""
    blocks = (_html_block(lines, values) for lines in _blocks(body))
    return "\n".join(blocks)


def as_text(body: str, values: Mapping[str, str]) -> str:
    """The body as plain text."""
    return "\n\n".join("\n".join(_text(line, values) for line in lines) for lines in _blocks(body))


def _blocks(body: str) -> list[list[str]]:
    """Runs of lines between empty ones; a list that follows a line directly is a block of its own."""
    blocks: list[list[str]] = []
    before = ""
    for line in body.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        kind = "" if not line.strip() else "item" if _BULLET.match(line) else "line"
        if kind and kind == before:
            blocks[-1].append(line.rstrip())
        elif kind:
            blocks.append([line.rstrip()])
        before = kind
    return blocks


def _html_block(lines: list[str], values: Mapping[str, str]) -> str:
    if _BULLET.match(lines[0]):
        items = "".join(f"<li>{_html(_BULLET.sub('', line, count=1), values)}</li>" for line in lines)
        return f"<ul>{items}</ul>"
    return f"<p>{'<br>'.join(_html(line, values) for line in lines)}</p>"


def _html(line: str, values: Mapping[str, str]) -> str:
    return _walked(line, lambda text: _filled_html(text, values), lambda match: _html_mark(match, values))


def _text(line: str, values: Mapping[str, str]) -> str:
    return _walked(line, lambda text: merged(text, values), lambda match: _text_mark(match, values))


def _walked(line: str, plain: Callable[[str], str], marked: Callable[[re.Match[str]], str]) -> str:
    """The line, its marks by `marked` and what stands between them by `plain`."""
    out, at = [], 0
    for match in _INLINE.finditer(line):
        out += [plain(line[at : match.start()]), marked(match)]
        at = match.end()
    return "".join([*out, plain(line[at:])])


def _filled_html(text: str, values: Mapping[str, str]) -> str:
    return merged(text, values, _html_value, escape)


def _html_value(name: str, value: str) -> str:
    if name in {"link", "links", "portal_link"}:
        return ", ".join(_anchor(one, escape(one.partition("://")[2] or one)) for one in value.split(", ") if one)
    if name in {"code", "codes"}:
        return ", ".join(f"<code>{escape(one)}</code>" for one in value.split(", ") if one)
    return f"<bdi>{escape(value)}</bdi>" if name in _NAMES else escape(value)


def _html_mark(match: re.Match[str], values: Mapping[str, str]) -> str:
    if match["bold"]:
        return f"<strong>{_html(match['bold'], values)}</strong>"
    if match["italic"]:
        return f"<em>{_html(match['italic'], values)}</em>"
    if match["address"]:
        address, rest = _without_full_stop(match["address"])
        return _anchor(address, escape(address)) + escape(rest)
    address = _target(match["target"], values)
    label = merged(match["label"], values, lambda _name, value: escape(value), escape)  # no link inside a link
    return _anchor(address, label) if address else f"[{label}]({_filled_html(match['target'], values)})"


def _text_mark(match: re.Match[str], values: Mapping[str, str]) -> str:
    if match["bold"] or match["italic"]:
        return _text(match["bold"] or match["italic"], values)
    if match["address"]:
        return match["address"]
    address, label = _target(match["target"], values), merged(match["label"], values)
    return f"{label}: {address}" if address else f"[{label}]({merged(match['target'], values)})"


def _target(target: str, values: Mapping[str, str]) -> str:
    """The address a link leads to; empty when it is none: only http(s), or a field that is an address."""
    if target in _ADDRESS_FIELDS:
        return values.get(_ADDRESS_FIELDS[target], "")
    if not _WEB.fullmatch(target):
        return ""
    return merged(target, values, lambda _name, value: quote(value, safe=""))


def _anchor(address: str, label: str) -> str:
    if not _WEB.fullmatch(address):
        return label
    return f'<a href="{escape(address, quote=True)}">{label}</a>'


def _without_full_stop(address: str) -> tuple[str, str]:
    """A sentence's last mark is not part of the address in it."""
    bare = address.rstrip(".,;:!?'")
    return bare, address[len(bare) :]
