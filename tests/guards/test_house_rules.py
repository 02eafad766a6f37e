"""Lessons as tests: each says what went wrong once, or would."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "offerwell"
# Webhooks prove themselves by their signature (tests/webhooks), an invitation by its token (tests/web/test_team.py), a
# way out by its signed address; the mailbox is there in a demo on this machine only (tests/messages).
OPEN_ADDRESSES = {
    "home", "healthz", "readyz", "webhooks", "webhooks_of_app", "join", "webhooks_of_mail", "unsubscribe", "mailbox",
    "mailbox_mail", "mailbox_html", "told_order", "browser_report", "snippet",
}  # fmt: skip
# Of these pages each says by itself what it refuses: tests/portal/test_sign_in.py, test_passkeys.py.
OPEN_PORTAL = {
    "portal_sign_in", "portal_sign_in_code", "portal_sign_in_link", "portal_sign_out", "portal_manifest",
    "portal_passkey_sign_in", "portal_passkey_sign_in_options",
}  # fmt: skip
# A creator is one person for several brands: what they see is bound to workspaces by `queries/creator_session.py`.
OF_CREATORS = {"Creator", "PortalSession", "SignInRequest", "Passkey", "PasskeyChallenge"}
# ClickMark: how far the installation's clicks are counted, one number.
WITHOUT_WORKSPACE = {"Workspace", "User", "TeamMember", "ClickMark"} | OF_CREATORS


def _views(resolver=None, prefix=""):
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from _views(entry, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern), entry


def test_every_address_of_the_web_door_says_what_it_needs():
    bare = [
        address for address, entry in _views()
        if not address.startswith(("account/", "portal/")) and entry.name not in OPEN_ADDRESSES
        and not hasattr(entry.callback, "needs")
    ]  # fmt: skip
    assert bare == []


def test_every_address_of_the_portal_asks_who_it_is():
    bare = [
        address for address, entry in _views()
        if address.startswith("portal/") and entry.name not in OPEN_PORTAL
        and not hasattr(entry.callback, "creators_only")
    ]  # fmt: skip
    assert bare == []


def test_every_table_belongs_to_a_workspace():
    models = {model.__name__: model for model in apps.get_app_config("offerwell").get_models()}
    bare = [
        name for name, model in models.items()
        if name not in WITHOUT_WORKSPACE and "workspace" not in {field.name for field in model._meta.fields}
    ]  # fmt: skip
    assert bare == []


@pytest.mark.django_db
def test_an_unscoped_query_raises_instead_of_leaking():
    from django_scopes.exceptions import ScopeError

    bare = []
    for model in apps.get_app_config("offerwell").get_models():
        if model.__name__ in WITHOUT_WORKSPACE:
            continue
        try:
            list(model.objects.all()[:1])
            bare.append(model.__name__)
        except ScopeError:
            pass
    assert bare == []


def test_every_job_that_is_woken_has_a_handler():
    from offerwell.worker import HANDLERS

    woken = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in {
                "wake", "send_now",
            } and node.args and isinstance(node.args[0], ast.Constant):  # fmt: skip
                woken.add(node.args[0].value)
    assert woken - set(HANDLERS) == set()
    assert set(HANDLERS) - woken == set()


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_templates_hold_no_inline_script_style_or_handler():
    """The Content-Security-Policy has no 'unsafe-inline': such markup would silently not work. Mails have no such policy."""
    bad = []
    for path in PACKAGE.rglob("*.html"):
        if path.is_relative_to(PACKAGE / "emails"):
            continue
        text = path.read_text()
        inline_script = re.search(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", text)
        if inline_script or re.search(r"<style\b|\sstyle=\"|\son[a-z]+=\"|hx-on", text):
            bad.append(str(path.relative_to(ROOT)))
    assert bad == []


def test_every_setting_is_in_the_docs():
    documented = (ROOT / "docs/operate/settings.md").read_text()
    used = set()
    for path in PACKAGE.rglob("*.py"):
        used |= set(re.findall(r"environ[^\n]{0,12}\"(OFFERWELL_[A-Z_]+)\"", path.read_text()))
    assert sorted(name for name in used if f"`{name}`" not in documented) == []


@pytest.mark.parametrize("folder", ["assets", "tests/vendure"])
def test_the_npm_lock_is_whole_and_names_no_host(folder):
    """A lock made where some platform's binaries were missing breaks `npm ci` on other machines."""
    lock = json.loads((ROOT / folder / "package-lock.json").read_text())
    entries = lock["packages"]
    missing = [
        name for entry in entries.values() for name in entry.get("optionalDependencies", {})
        if not any(path.endswith(f"node_modules/{name}") for path in entries)
    ]  # fmt: skip
    assert missing == []
    assert [path for path, entry in entries.items() if "resolved" in entry] == []


def test_what_is_shipped_has_no_part_of_vendure():
    """It is GPL-3.0-or-later: a program beside ours in tests and the demo, never inside the wheel."""
    shipped = [path for path in PACKAGE.rglob("*") if "node_modules" in path.parts or path.name == "server.js"]
    assert shipped == []
    packages = {
        json.loads((ROOT / folder / "package.json").read_text())["name"] for folder in ("assets", "tests/vendure")
    }
    assert packages == {"offerwell-assets", "offerwell-vendure"}
    assert "vendure" not in (ROOT / "assets/package-lock.json").read_text()


def test_locks_name_no_index():
    for name in ("base", "dev"):
        text = (ROOT / f"requirements/{name}.txt").read_text()
        assert re.findall(r"^--(?!hash).*$|https?://\S+", text, re.MULTILINE) == []
