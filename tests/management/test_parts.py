"""What `sandbox` and `run` say before anything starts."""

from __future__ import annotations

import pytest

from offerwell.management import parts
from offerwell.management.run import Addresses
from tests.management.test_run import free_port


def refusal(folder):
    return {
        "error": "The sandbox store is not built: Shopify's schema is missing.",
        "next": f"Run `make setup` in Offerwell's folder; it writes {folder}.",
    }


@pytest.fixture
def served(monkeypatch):
    """What would have been served."""
    from offerwell import sandbox

    calls = []
    monkeypatch.setattr(sandbox, "serve", lambda **given: calls.append(given))
    return calls


def test_without_a_schema_nothing_starts(command, monkeypatch, tmp_path, served):
    monkeypatch.setattr(parts, "SCHEMA_FOLDER", tmp_path)
    data = tmp_path / "data"
    monkeypatch.setenv("OFFERWELL_DATA", str(data))
    expected = refusal(tmp_path)
    for arguments in (
        ["sandbox", "--port", free_port()],
        ["run", "--port", free_port(), "--sandbox-port", free_port(), "--links-port", free_port()],
    ):
        result = command(*arguments)
        assert (result.exit_code, result.stderr.splitlines()[-2:]) == (
            1, [expected["error"], f"Next: {expected['next']}"],
        )  # fmt: skip
    assert (served, data.exists()) == ([], False)


def test_a_schema_that_misses_the_newest_version_is_the_same_sentence(command, monkeypatch, tmp_path):
    from offerwell.sandbox import schema

    (tmp_path / "admin_2020-01.json.gz").touch()
    monkeypatch.setattr(parts, "SCHEMA_FOLDER", tmp_path)
    monkeypatch.setattr(schema, "BUILD_FOLDER", tmp_path)
    schema.load_schema.cache_clear()
    try:
        result = command("sandbox", "--port", free_port(), "--state", tmp_path / "s.sqlite3")
    finally:
        schema.load_schema.cache_clear()
    assert (result.exit_code, "Traceback" in result.output) == (1, False)
    assert refusal(tmp_path)["error"] in result.stderr


def test_the_folder_is_the_one_the_sandbox_reads():
    from offerwell.sandbox.build_schema import BUILD_FOLDER

    assert BUILD_FOLDER.resolve() == parts.SCHEMA_FOLDER


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "http://127.0.0.1:8000"), ("0.0.0.0", "http://127.0.0.1:8000"), ("::1", "http://[::1]:8000")],  # noqa: S104  compared
)
def test_where_the_web_is_reached_from_this_machine(host, address):
    assert Addresses(host, 8000, 8077, 8010).web == address
