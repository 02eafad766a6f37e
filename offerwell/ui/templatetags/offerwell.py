"""Template tags of every screen: icons, status, people, numbers, times, addresses, form fields.

Markup to copy: assets/README.md. They are builtins of the template engine, so no screen needs a `load`.
"""

from __future__ import annotations

import zlib
from datetime import UTC
from typing import TYPE_CHECKING, Any

from django import template
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.forms import CheckboxInput, CheckboxSelectMultiple, FileInput, RadioSelect
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, ngettext, pgettext

from offerwell.rules.permissions import Action, may
from offerwell.rules.written_dates import day_text, time_text
from offerwell.ui.browser_words import browser_words
from offerwell.ui.status_look import look_of

if TYPE_CHECKING:
    from collections.abc import Container
    from datetime import datetime

    from django.forms import BaseForm, BoundField
    from django.http import HttpRequest
    from django.template.context import Context
    from django.utils.safestring import SafeString

register = template.Library()

_HUES = 8
_DAYS_TOLD_AS_AGO = 30


@register.simple_tag
def asset(name: str) -> str:
    """The address of a built file; unhashed when files were not collected yet (a source checkout)."""
    try:
        return staticfiles_storage.url(name)
    except ValueError:
        return f"{settings.STATIC_URL}{name}"


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """One icon of the sprite. Decoration unless it has a label."""
    classes = f"icon {css}".strip()
    source = f"{asset('icons.svg')}#{name}"
    if not label:
        return format_html('<svg class="{}" aria-hidden="true"><use href="{}"></use></svg>', classes, source)
    return format_html('<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>', classes, label, source)


_drawn = icon  # where an argument is called icon


@register.simple_tag
def status_badge(status: str, part: str = "", text: str = "", reason: str = "") -> SafeString:
    """A status as shape and word. `part` ("codes" or "links") adds its icon and a hidden prefix."""
    look = look_of(str(status))
    prefix = {"codes": gettext("Code"), "links": gettext("Link")}.get(str(part), "")
    marks = [icon({"codes": "tag", "links": "link"}[str(part)])] if prefix else []
    if look.icon and (not prefix or look.is_trouble):
        marks.append(icon(look.icon, css="spin" if look.is_moving else ""))
    if not marks:
        marks = [format_html('<span class="{}"></span>', "dot")]
    hidden = format_html('<span class="sr-only">{}: </span>', prefix) if prefix else ""
    title = format_html(' title="{}"', reason) if reason else ""
    shown = format_html_join("", "{}", ((mark,) for mark in marks))
    return format_html('<span class="badge {}"{}>{}{}{}</span>', look.tone, title, shown, hidden, text or look.word)


@register.simple_tag
def avatar(name: str, size: str = "") -> SafeString:
    """Initials on one of eight hues, the same for the same name. Decoration: the name stands beside it."""
    words = str(name).split()
    letters = "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"
    hue = zlib.crc32(str(name).encode()) % _HUES
    return format_html('<span class="avatar {} hue-{}" aria-hidden="true">{}</span>', size, hue, letters)


@register.filter
def grouped(number: float | str | None) -> str:
    """1,000,000. Nothing known is an en dash."""
    return "–" if number is None or isinstance(number, str) else f"{number:,}"


register.filter("browser", browser_words)
register.filter("day", day_text)


@register.simple_tag
def count(number: int, one: str, many: str) -> str:
    """A counted noun: 1 code, 1,249 codes."""
    return f"{number:,} {one if number == 1 else many}"


@register.simple_tag
def ago(moment: datetime | None) -> str:
    """How long ago, up to 30 days; then the day. The exact time is in the title, in the reader's zone."""
    if moment is None:
        return "–"
    exact = _utc_text(moment)
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, _ago(moment))


@register.simple_tag
def when(moment: datetime | None, precision: str = "exact") -> str:
    """The time itself, in the reader's zone: "exact", or only the "day"."""
    if moment is None:
        return "–"
    text = day_text(moment) if precision == "day" else _utc_text(moment)
    return format_html('<time datetime="{}" data-local="{}">{}</time>', moment.isoformat(), precision, text)


def _utc_text(moment: datetime) -> str:
    """What stands there until our script has put the reader's zone in."""
    return f"{time_text(moment.astimezone(UTC))} UTC"


def _ago(moment: datetime) -> str:
    seconds = int((timezone.now() - moment).total_seconds())
    if seconds < 0:
        return _utc_text(moment)
    if seconds < 60:  # noqa: PLR2004  a minute
        return gettext("just now")
    for size, text in ((86_400, gettext("%sd ago")), (3_600, gettext("%sh ago")), (60, gettext("%sm ago"))):
        if size <= seconds <= size * _DAYS_TOLD_AS_AGO * (1 if size == 86_400 else 24):  # noqa: PLR2004  a day
            return text % (seconds // size)
    return day_text(moment, has_year=moment.year != timezone.now().year)


@register.simple_tag(takes_context=True)
def querystring_with(context: Context, **changes: object) -> str:
    """This page's query with `changes`; None or an empty text takes a field out."""
    request: HttpRequest | None = context.get("request")
    fields = request.GET.copy() if request else None
    if fields is None:
        return "?"
    for name, value in changes.items():
        fields.pop(name, None)
        if value not in {None, ""}:
            fields[name] = str(value)
    return f"?{fields.urlencode()}"


@register.simple_tag(takes_context=True)
def theme(context: Context) -> SafeString | str:
    """`data-theme` for <html>, from the cookie the toggle sets. Nothing: as the system says."""
    request: HttpRequest | None = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request else ""
    return format_html(' data-theme="{}"', chosen) if chosen in {"light", "dark"} else ""


@register.simple_tag(takes_context=True)
def workspace_name(context: Context) -> str:
    """The workspace of this request; empty outside of one."""
    place = getattr(context.get("request"), "place", None)
    return str(place.workspace.name) if place else ""


@register.simple_tag(takes_context=True)
def may_do(context: Context, action: str) -> bool:
    """Whether the person of this request may do `action`, a word of `rules/permissions.py`."""
    place = getattr(context.get("request"), "place", None)
    return place is not None and may(place.role, Action(action))


@register.simple_tag(takes_context=True)
def nav_link(
    context: Context, name: str, label: str, *, icon: str, shortcut: str = "", also: str = ""
) -> SafeString | str:
    """A link of the sidebar, marked when the page lies under it. An address that does not exist yet shows nothing.

    `also` is another address prefix that belongs to it.
    """
    try:
        address = reverse(name)
    except NoReverseMatch:
        return ""
    path = getattr(context.get("request"), "path", "")
    is_here = path.startswith(address) or bool(also and path.startswith(also))
    keys = format_html(' data-shortcut="{}"', shortcut) if shortcut else ""
    here = format_html(' aria-current="{}"', "page") if is_here else ""
    drawn = _drawn(icon)
    return format_html('<a class="nav-link" href="{}"{}{}>{}<span>{}</span></a>', address, here, keys, drawn, label)


@register.simple_tag
def address_of(name: str, *args: object) -> str:
    """The address of a view, or nothing when it does not exist (an app that is switched off)."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


@register.simple_tag
def selection_box(pk: int, name: str, ticked: Container[str] = ()) -> SafeString:
    """The box that selects one row of a table with `<ow-selection>`: `pk` is the member's id, `ticked` holds such."""
    label = gettext("Select %s") % (name or gettext("member without a name"))
    box = '<input class="check" type="checkbox" name="ids" value="{}" autocomplete="off" aria-label="{}"{}>'
    return format_html(f"<label>{box}</label>", pk, label, " checked" if str(pk) in ticked else "")


@register.inclusion_tag("ui/components/field.html")
def field(bound: BoundField, label: str = "", hint: str = "") -> dict[str, Any]:
    """A form field with label, hint and errors, wired for screen readers."""
    widget = bound.field.widget
    kind = _kind(widget)
    described = [f"{bound.auto_id}-hint"] if (hint or bound.help_text) else []
    described += [f"{bound.auto_id}-error"] if bound.errors else []
    attrs: dict[str, Any] = {"class": {"tick": "check", "choices": "radio"}.get(kind, "input")}
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return {
        "bound": bound,
        "kind": kind,
        "label": label or bound.label,
        "hint": hint or bound.help_text,
        "control": bound.as_widget(attrs=attrs) if kind != "choices" else "",
        "choices": list(bound.subwidgets) if kind == "choices" else [],
        "check_class": "check" if isinstance(widget, CheckboxSelectMultiple) else "radio",
        "optional": not bound.field.required and kind not in {"tick", "hidden"},
        "words": {"optional": pgettext("form field", "optional")},
    }


def _kind(widget: object) -> str:
    if getattr(widget, "is_hidden", False):
        return "hidden"
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        return "choices"
    if isinstance(widget, CheckboxInput):
        return "tick"
    return "file" if isinstance(widget, FileInput) else "input"


@register.simple_tag
def errors_of(form: BaseForm) -> str:
    """How many fields of a submitted form need a look; empty without errors."""
    number = len(form.errors)
    if not number:
        return ""
    return ngettext("%(n)s field needs a look.", "%(n)s fields need a look.", number) % {"n": number}
