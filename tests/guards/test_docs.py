"""The docs name only what exists: links, files, commands, tests. Words that rot are found here, not by a reader."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from offerwell.management.command_line import main
from offerwell.rules.permissions import POLICY
from offerwell.web.team.team_forms import ACTION_WORDS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "assets/README.md"])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
QUOTED = re.compile(r"`([^`\n]+)`")
# A path as our docs write one; "offerwell/" is left away in most places.
NAMED_FILE = re.compile(r"(?:[\w.-]+/)+[\w.-]+\.(?:py|html|js|css|graphql|md|json|toml|txt|yaml)")
TOP_FOLDERS = {
    "rules", "models", "queries", "integrations", "actions", "ui", "web", "worker", "management", "demo", "sandbox",
    "migrations", "static", "assets", "tests", "benchmarks", "docs", "offerwell", "requirements",
}  # fmt: skip
COMMAND = re.compile(r"(?<![\w/.-])(?:\.venv/bin/)?offerwell ((?:[a-z]+ ?){1,2}.*)")
ADR_WORDS = 400
LARGEST_PICTURE = 250 * 1024


def _id(path):
    return str(path.relative_to(ROOT))


def _anchors(text):
    heads = re.findall(r"^#+ (.+)$", CODE.sub(lambda found: found[0].strip("`"), text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_relative_link_leads_somewhere(page):
    broken = []
    for target in LINK.findall(CODE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / unquote(path)).resolve() if path else page
        if not found.exists() or (anchor and found.suffix == ".md" and anchor not in _anchors(found.read_text())):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_file_named_in_code_quotes_exists(page):
    missing = []
    for quoted in QUOTED.findall(page.read_text()):
        path, _, test = quoted.partition("::")
        if not NAMED_FILE.fullmatch(path) or path.split("/")[0] not in TOP_FOLDERS:
            continue
        found = [place / path for place in (ROOT, ROOT / "offerwell") if (place / path).exists()]
        if not found or (test and f"def {test}(" not in found[0].read_text()):
            missing.append(quoted)
    assert missing == []


def _commands(page):
    """Every `offerwell …` in code, as words."""
    for code in CODE.findall(page.read_text()):
        for line in code.strip("`").replace("\\\n", " ").splitlines():
            for found in COMMAND.finditer(line):
                yield _words(found[1])


def _words(text):
    try:
        return shlex.split(text.split("#")[0])
    except ValueError:
        return text.split()


def _wrong_command(words):
    """What does not exist of a command's words: a name or an option; empty when all does."""
    command = main
    for place, word in enumerate(words):
        if not isinstance(command, click.Group):
            known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
            options = [
                name.strip("[]()").partition("=")[0] for name in words[place:] if name.lstrip("[(").startswith("--")
            ]
            return next((name for name in options if name not in known | {"--help", "-h"}), "")
        if word.startswith("-") or not re.fullmatch(r"[a-z]+", word):
            return ""
        if word not in command.commands:
            return word
        command = command.commands[word]
    return ""


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_command_named_exists(page):
    wrong = [" ".join(words) for words in _commands(page) if _wrong_command(words)]
    assert wrong == []


def test_the_command_check_can_fail():
    assert _wrong_command(["offers", "explode"]) == "explode"
    assert _wrong_command(["offers", "activate", "1", "--everything"]) == "--everything"
    assert _wrong_command(["offers", "activate", "Summer Glow 20%", "--all", "--yes"]) == ""


def test_decisions_are_short_and_numbered_without_a_gap():
    decisions = sorted((ROOT / "docs/adr").glob("*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    assert {path.name: n for path in decisions if (n := len(path.read_text().split())) > ADR_WORDS} == {}


def test_pictures_are_small_and_each_is_shown():
    pictures = set((ROOT / "docs/pictures").glob("*.png"))
    shown = {(page.parent / target).resolve() for page in PAGES for target in LINK.findall(page.read_text())}
    assert sorted(_id(path) for path in pictures - shown) == []
    assert sorted(_id(path) for path in pictures if path.stat().st_size > LARGEST_PICTURE) == []


def test_the_guides_table_of_roles_is_the_policy():
    text = (ROOT / "docs/guide/brand.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.partition("### Roles")[2].partition("\n## ")[0].splitlines() if line.startswith("|")
    ]  # fmt: skip
    assert rows[0] == ["May", *(role.capitalize() for role in POLICY)]
    assert rows[2:] == [
        [words, *("yes" if action in allowed else "" for allowed in POLICY.values())]
        for action, words in ACTION_WORDS.items()
    ]
